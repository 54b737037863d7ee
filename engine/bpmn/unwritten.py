"""Data that are read where nothing can have written them: a slip of the pen, mostly.

A name that nobody writes makes an expression fail, and a case stand still. What can exist
is known only where everything that writes says what: a start by hand without a form, a task
without form and ``writes``, a message without a variable or a worker's whole answer may
bring anything, and then nothing is said of the process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches

from engine.bpmn.codes import codes_of, written
from engine.bpmn.document import Findings
from engine.bpmn.model import Kind, Node, Process, Scope, Trigger
from engine.bpmn.reach import leading_to
from engine.scripts import RESERVED, Code
from engine.scripts.code import facts

Fields = Callable[[Node], Collection[str] | None]
"""The names that the form of an element sends; None where the form is not known."""

_LEFT = ("by", "at", "unit", "claimed_at", "outcome")
_SILENT = frozenset({"notify", "register"})
"""Topics whose jobs answer nothing."""
_GIVES_ALL = frozenset({Trigger.MESSAGE, Trigger.SIGNAL})
_ANSWERED = frozenset({Kind.SERVICE, Kind.SEND})
_DONE_BY_PEOPLE = frozenset({Kind.USER, Kind.MANUAL})

_INSTEAD = "Read it by value('name') if it may be missing; it is None then."
_MOST = 500_000
"""So many elements are walked over to tell what comes before what in a process; a diagram of
500 never needs more. Of what is left nothing is said."""

_Writers = dict[str, set[str]]
"""Name -> the elements that write it; the process itself where it is there from the start."""


def check(process: Process, data: Data, findings: Findings) -> None:
    """Add a warning for every name that is read and never written, or only afterwards."""
    writers = data.writers(process)
    if writers is None:
        return
    order = _Order(process)
    told: set[tuple[str, str]] = set()
    for element, line, code in codes_of(process):
        for name in sorted(_reads(process, element, code)):
            if (element, name) in told:
                continue
            told.add((element, name))
            if name not in writers:
                close = get_close_matches(name, sorted(writers), n=1)
                findings.warning(
                    "never-written",
                    (element, line),
                    f"It reads {name!r}, and nothing writes it: no form, script or mapping.",
                    f"Did you mean {close[0]!r}?" if close else _INSTEAD,
                )
            elif all(order.is_after(element, one) for one in writers[name]):
                later = ", ".join(sorted(writers[name]))
                findings.warning(
                    "written-later",
                    (element, line),
                    f"It reads {name!r}, which is only written later: by {later}.",
                    _INSTEAD,
                )


def _reads(process: Process, element: str, code: Code) -> frozenset[str]:
    """Return the names without which an expression or script fails."""
    node = process.nodes.get(element)
    if code.feel is not None or (node and any(code is one.value for one in node.outputs)):
        # FEEL knows null; what is mapped out is read inside of what was done.
        return frozenset()
    found = facts(code.text, code.mode)
    own = found.writes if code.mode == "script" else frozenset()
    return found.reads - own - found.conflicts - RESERVED


# -- who writes what ----------------------------------------------------------------


class Data:
    """Who writes what in processes that may call each other.

    Args:
        known: every process that is deployed or comes along, by key.
        fields: see ``Fields``.
    """

    def __init__(self, known: Mapping[str, Process], fields: Fields) -> None:
        self._fields = fields
        self._known = known
        self._found: dict[str, _Writers | None] = {}
        self._calls: dict[str, list[Node]] = {}
        for process in known.values():
            for node in process.nodes.values():
                if node.called is not None:
                    self._calls.setdefault(node.called, []).append(node)

    def writers(self, process: Process) -> _Writers | None:
        """Return who writes what in a process; None where something may write anything."""
        if process.key not in self._found:
            # Until it is known: a process that calls itself may bring back anything.
            self._found[process.key] = None
            self._found[process.key] = self._of(process)
        return self._found[process.key]

    def _of(self, process: Process) -> _Writers | None:
        calls = self._calls.get(process.key, [])
        if process.takes or process.gives or process.is_task or process.root.implicit_starts:
            return None
        if any(one.all_in for one in calls):
            return None
        names = {name for scope in process.scopes.values() for name in scope.data}
        names.update(one.target for call in calls for one in call.inputs)
        found: _Writers = {name: {process.key} for name in names}
        for node in process.nodes.values():
            given = self._given(node)
            begins = node.id in process.root.starts
            if given is not None and begins and not node.events:
                given = _with(given, self._sent(node))
            if given is None:
                return None
            for name in given:
                found.setdefault(name, set()).add(process.key if begins else node.id)
        return found

    def _given(self, node: Node) -> set[str] | None:
        """Return the names that an element writes; None where it may write any."""
        found = set(written(node))
        if any(one.trigger in _GIVES_ALL and one.variable is None for one in node.events):
            # Who throws gives nothing to itself.
            return found if node.kind in (Kind.THROW, Kind.END) else None
        if node.kind in _DONE_BY_PEOPLE:
            found.update(f"{node.id}_{what}" for what in _LEFT)
            return _with(found, self._sent(node))
        if node.kind in _ANSWERED and node.topic not in _SILENT:
            return found if node.outputs or node.result or node.code else None
        if node.kind is Kind.RECEIVE and not node.events:
            return None
        if node.decision is not None and node.decision.spread:
            return None
        if node.called is not None and node.all_out:
            called = self._known.get(node.called)
            return _with(found, None if called is None else self.writers(called))
        return found

    def _sent(self, node: Node) -> Collection[str] | None:
        """Return what people send with an element."""
        if node.form is not None:
            return (node.variable,) if node.variable is not None else self._fields(node)
        return node.writes


def _with(found: set[str], more: Collection[str] | None) -> set[str] | None:
    return None if more is None else found | set(more)


# -- what comes before what ---------------------------------------------------------


class _Order:
    """Which elements can only be reached through another, and never lead back to it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._source = {
            key: flow.source
            for scope in process.scopes.values()
            for key, flow in scope.flows.items()
        }
        self._home = {node: scope for scope in process.scopes.values() for node in scope.nodes}
        self._without: dict[tuple[str, str], frozenset[str]] = {}
        self._after: dict[tuple[str, str], frozenset[str]] = {}
        self._ahead: dict[str, dict[str, list[str]]] = {}
        self._everything = frozenset(process.nodes)
        self._walked = 0

    def is_after(self, element: str, writer: str) -> bool:
        """Tell whether a writer comes only after an element, or the flow out of one."""
        first = self._source.get(element, element)
        if first not in self._home or writer not in self._home or first == writer:
            return False
        scope, here, there = self._together(first, writer)
        if here == there or scope.ad_hoc is not None:
            return False
        late = scope.nodes[there]
        if late.kind is Kind.EVENT_SUB_PROCESS or late.for_compensation:
            return False
        return there not in self._reached(scope, here) and not self._leads(scope, there, here)

    def _together(self, one: str, other: str) -> tuple[Scope, str, str]:
        """Return the innermost scope around both, and what of it each lies in or is."""
        mine = dict(self._around(one))
        for scope, node in self._around(other):
            if scope in mine:
                return self._process.scopes[scope], mine[scope], node
        raise AssertionError("the process lies around everything in it")

    def _around(self, node: str) -> Iterator[tuple[str, str]]:
        while node in self._home:
            scope = self._home[node]
            yield scope.id, node
            node = scope.id

    def _reached(self, scope: Scope, without: str) -> frozenset[str]:
        """Return what of a scope is reached although one element is taken out."""
        key = scope.id, without
        if key not in self._without:
            if self._walked > _MOST:
                return self._everything
            starts = {*scope.starts, *scope.implicit_starts, *scope.instantiating}
            self._without[key] = self._from(scope, starts - {without}, without)
        return self._without[key]

    def _leads(self, scope: Scope, start: str, end: str) -> bool:
        key = scope.id, start
        if key not in self._after:
            self._after[key] = self._from(scope, {start}, None)
        return end in self._after[key]

    def _from(self, scope: Scope, starts: Collection[str], without: str | None) -> frozenset[str]:
        ahead = self._ahead.get(scope.id)
        if ahead is None:
            ahead = self._ahead[scope.id] = {name: [] for name in scope.nodes}
            for node, before in leading_to(scope).items():
                for one in before:
                    ahead[one].append(node)
        seen, waiting = set(starts), list(starts)
        while waiting:
            for one in ahead[waiting.pop()]:
                if one not in seen and one != without:
                    seen.add(one)
                    waiting.append(one)
        self._walked += len(seen)
        return frozenset(seen)
