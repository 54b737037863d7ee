"""Compensation and cancelled transactions (BPMN 2.0, 10.7 and 13.5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.bpmn.model import EventDefinition, Node, Trigger
from tests.oracle.books import Record, Scope, Sweep, Visit

if TYPE_CHECKING:
    from tests.oracle.machine import Oracle


class Undoing:
    """What is remembered when an activity completes, and how it is undone."""

    # -- remembering ---------------------------------------------------------------------------

    def remember(self: Oracle, visit: Visit) -> None:
        """Remember an activity that is left after its work; of a loop, its instances."""
        if visit.loop is not None:
            visit.scope.done += visit.done
        else:
            visit.scope.done += self.records(visit)

    def retain(self: Oracle, instance: Visit, whole: Visit) -> None:
        whole.done += self.records(instance)

    def records(self: Oracle, visit: Visit) -> list[Record]:
        own = {**visit.own, **(visit.inner.data if visit.inner is not None else {})}
        handler = self.handler(visit.scope, visit.node)
        if handler is not None:
            return [Record(visit.node, visit.nth, visit.instance, own, handler)]
        inner = visit.inner
        if inner is None or not (inner.done or self.undoing_start(inner) is not None):
            return []
        return [self.opened(inner, whole=True)]

    def opened(self: Oracle, scope: Scope, *, whole: bool) -> Record:
        """Return the record of a scope that is opened again to undo what was done in it."""
        visit = scope.owner
        assert visit is not None
        own = {**visit.own, **scope.data}
        record = Record(visit.node, visit.nth, visit.instance, own, None, scope.kind, scope.model)
        record.process, record.inner, record.whole = scope.process, [*scope.done], whole
        return record

    def handler(self: Oracle, scope: Scope, node: Node) -> Node | None:
        for one in node.boundary:
            event = scope.model.nodes[one]
            if event.handler is not None:
                return scope.model.nodes[event.handler]
        return None

    def undoing_start(self: Oracle, scope: Scope) -> Node | None:
        for id_ in scope.model.event_sub_processes:
            body = scope.model.nodes[id_].body
            for one in body.starts if body is not None else ():
                if any(d.trigger is Trigger.COMPENSATE for d in body.nodes[one].events):  # type: ignore[union-attr]
                    return body.nodes[one]  # type: ignore[union-attr]
        return None

    # -- throwing ------------------------------------------------------------------------------

    def throw_compensation(self: Oracle, visit: Visit, definition: EventDefinition) -> None:
        pending = self.within_reach(visit.scope, definition.name)
        if not pending:
            return
        if not definition.waits:
            self.following(Sweep("free", pending))
        elif visit.sweep is not None:
            visit.sweep.pending[:0] = pending
        else:
            visit.state, visit.sweep = "undoes", Sweep("waited", pending, visit)
            self.following(visit.sweep)

    def within_reach(
        self: Oracle, scope: Scope, activity: str | None
    ) -> list[tuple[Scope, Record]]:
        """Take what a throw reaches: its own scope and, in an event sub-process, the one around."""
        homes = [scope]
        while scope.kind in ("event", "undo"):
            assert scope.around is not None
            scope = scope.around
            homes.append(scope)
            around = scope.record or scope.owner
            if activity is not None and around is not None and around.node.id == activity:
                return [(scope, one) for one in self.taken_off(scope, None)]
        return [
            (one, record) for one in reversed(homes) for record in self.taken_off(one, activity)
        ]

    def taken_off(self: Oracle, scope: Scope, activity: str | None) -> list[Record]:
        taken = [one for one in scope.done if activity in (None, one.node.id)]
        scope.done = [one for one in scope.done if one not in taken]
        return taken

    # -- undoing --------------------------------------------------------------------------------

    def following(self: Oracle, sweep: Sweep) -> None:
        self.queue.append(("undo", sweep.pending[-1][0], sweep))

    def undo(self: Oracle, home: Scope, sweep: Sweep) -> None:
        """Begin to undo the last one that was completed."""
        _, record = sweep.pending.pop()
        self.trace.append(("undo", record.node.id, record.nth, record.instance))
        name = f"{home.process}.{record.node.id}.{record.nth}"
        name += "!" if record.instance is None else f".{record.instance}!"
        kind, content = ("undo", home.model) if record.handler else (record.kind, record.model)
        assert content is not None
        scope = Scope(kind, name, content, record.process or home.process, None, home)
        scope.record, scope.sweep, scope.data = record, sweep, dict(record.data)
        home.undoing.append(scope)
        if record.handler is not None:
            self.visit(scope, record.handler)
            return
        begins = self.undoing_start(scope) if record.whole else None
        if begins is not None:
            scope.done = record.inner
            self.take_event_sub_process(scope, begins, {})
        else:
            self.following(Sweep("inside", [(scope, one) for one in record.inner]))

    def undone(self: Oracle, scope: Scope) -> None:
        home, record, sweep = scope.around, scope.record, scope.sweep
        assert home is not None
        assert record is not None
        assert sweep is not None
        home.undoing.remove(scope)
        self.trace.append(("undone", record.node.id, record.nth, record.instance))
        if sweep.pending:
            self.following(sweep)
            self.settle(home)
        elif sweep.mode == "waited":
            assert sweep.visit is not None
            sweep.visit.sweep, sweep.visit.state = None, "moving"
            self.has_thrown(sweep.visit)
        elif sweep.mode == "cancel":
            assert sweep.visit is not None
            self.cancelled(sweep.visit)
        else:
            self.settle(home)

    def end_sweeps(self: Oracle, scope: Scope) -> None:
        """End what is being undone in a scope; what was not begun can be undone again."""
        ended = [one.sweep for one in sorted(scope.undoing, key=lambda one: one.name)]
        ended += [item[2] for item in self.queue if item[0] == "undo" and item[1] is scope]
        for sweep in dict.fromkeys(ended):
            assert sweep is not None
            pending, sweep.pending = sweep.pending, []
            if sweep.visit is not None:
                sweep.visit.sweep = None
            for home in dict.fromkeys(home for home, _ in pending):
                home.done[:0] = [record for at, record in pending if at is home]

    # -- transactions ---------------------------------------------------------------------------

    def cancel(self: Oracle, visit: Visit) -> None:
        """Cancel the transaction around an end event."""
        scope = visit.scope
        while scope.kind != "body" or scope.owner is None or not scope.owner.node.transaction:
            assert scope.around is not None
            scope = scope.around
        transaction = scope.owner.whole or scope.owner
        self.stop(visit)
        if transaction.loop is None:
            assert transaction.inner is not None
            home = transaction.inner
            found = self.cut_records(home)
            self.empty(home)
        else:
            found = self.whole_records(transaction)
            home = Scope("whole", transaction.name, scope.model, scope.process)
            home.around, home.owner = transaction.scope, transaction
            self.cut_instances(transaction)
            transaction.inner = home
        for wait in [*home.starts, *transaction.waits]:
            self.close(wait)
        home.starts, transaction.waits, home.done = [], [], []
        if not found:
            self.cancelled(transaction)
            return
        transaction.sweep = Sweep("cancel", [(home, one) for one in found], transaction)
        self.following(transaction.sweep)

    def whole_records(self: Oracle, whole: Visit) -> list[Record]:
        found = [*whole.done]
        for one in sorted(whole.instances, key=lambda one: one.instance or 0):
            found += self.inner_records(one)
        return found

    def inner_records(self: Oracle, visit: Visit) -> list[Record]:
        if visit.loop is not None:
            return self.whole_records(visit)
        if visit.inner is None:
            return []
        inner = self.cut_records(visit.inner)
        if not inner:
            return []
        record = self.opened(visit.inner, whole=False)
        record.inner = inner
        return [record]

    def cut_records(self: Oracle, scope: Scope) -> list[Record]:
        """Return what was completed in a scope that is cut off, however deep inside."""
        again = [one.record for one in sorted(scope.undoing, key=lambda one: one.name)]
        self.end_sweeps(scope)
        found = [*scope.done, *(one for one in again if one is not None)]
        for visit in sorted(scope.visits, key=lambda one: (one.node.id, one.nth)):
            found += self.inner_records(visit)
        return found

    def cancelled(self: Oracle, transaction: Visit) -> None:
        """Leave a cancelled transaction by its cancel event; without one its token ends."""
        scope = transaction.scope
        for id_ in transaction.node.boundary:
            event = scope.model.nodes[id_]
            if any(one.trigger is Trigger.CANCEL for one in event.events):
                self.take_boundary(transaction, event, {})
                return
        self.kill(transaction)
        self.settle(scope)
