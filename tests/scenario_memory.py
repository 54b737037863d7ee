"""The stage in memory: kernel, sandbox, lists and calendar without a database.

It asks the same questions in the same order as the application does (rights,
separation of duties, form, sealing, executor) and answers the application's
topics by small stand-ins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from engine import access, forms, intake, messages, projection, topics
from engine.access import Actor, CaseFacts
from engine.cases import endings
from engine.clock import ManualClock, parse, text
from engine.commands import (
    CancelCase,
    Command,
    CompleteJob,
    CompleteTask,
    CorrelateMessage,
    FailJob,
    FireTimer,
    StartCase,
)
from engine.definitions import Pinned
from engine.errors import EngineError, WrongState
from engine.execution import Snapshot, empty
from engine.kernel import Kernel
from engine.lists import ListVersion
from engine.scripts import Sandbox
from engine.sealing import Sealer, find_sealed, unseal
from engine.worlds import LiveWorld
from tests import scenario_figures, scenario_list_changes, scenario_menus
from tests.scenario_city import City, Definitions, definitions
from tests.scenario_stages import Entry, order

ENDED = frozenset({"completed", "cancelled"})


@dataclass(slots=True)
class Memo:
    """A case in memory."""

    pinned: Pinned
    snapshot: Snapshot
    unit: str | None = None
    starter: str | None = None
    business_key: str | None = None
    start: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    entries: list[Entry] = field(default_factory=list)
    timers: dict[int, datetime] = field(default_factory=dict)
    awaited: dict[Any, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)
    offered: set[tuple[str, str]] = field(default_factory=set)
    lists: dict[str, ListVersion] = field(default_factory=dict)
    """As the case first used them."""


class MemoryStage:
    """Kernel, sandbox, lists and calendar without a database."""

    def __init__(self, city: City, sandbox: Sandbox, at: datetime) -> None:
        self.city, self.sandbox = city, sandbox
        self.clock = ManualClock(at)
        self.kernel = Kernel()
        self.definitions: Definitions = definitions()
        self.memos: dict[str, Memo] = {}
        self.sealed: dict[str, bytes] = {}
        self.ballots: dict[str, tuple[bytes, bytes]] = {}
        self.counters: dict[str, int] = {}
        self.outbox: deque[Callable[[], None]] = deque()
        self.delivering = False
        self._known: list[str] = []

    # -- reading --------------------------------------------------------------------

    def now(self) -> datetime:
        return self.clock.now()

    def actor(self, person: str) -> Actor:
        return self.city.actor(person, self.now())

    def holders(self, role: str, unit: str) -> list[str]:
        return self.city.holders(role, unit, self.now())

    def cases(self) -> list[str]:
        new = [one for one in self.memos if one not in self._known]
        self._known += sorted(
            new, key=lambda one: (self.memos[one].created_at, order(self.memos[one].start))
        )
        return list(self._known)

    def entries(self, case: str) -> list[Entry]:
        return self.memos[case].entries

    def state(self, case: str) -> tuple[str, dict[str, Any]]:
        snapshot = self.memos[case].snapshot
        return snapshot.state, snapshot.data.get("", {})

    # -- acting ---------------------------------------------------------------------

    def start(
        self,
        actor: Actor,
        process: str,
        data: dict[str, Any],
        *,
        event: str | None = None,
        business_key: str | None = None,
        links: list[dict[str, Any]] | None = None,
    ) -> str:
        pinned = self.definitions.pinned(process)
        sealer = Sealer(self.clock.new_id, self.clock.secret)
        unit = None
        if not actor.is_system:
            person = self.city.organisation.person(actor.person_id or "", actor.as_of)
            unit = person["units"][0] if person else None
        command = StartCase(
            process=process,
            data=data,
            start=event,
            business_key=business_key,
            unit=unit,
            starter=actor.name,
            links=links,
        )
        command = replace(command, data=self._start_data(actor, pinned, command, sealer))
        self._keep(sealer)
        case = self.clock.new_id()
        self.memos[case] = Memo(pinned, empty(case), starter=actor.name, created_at=self.now())
        self.memos[case].start = command.data
        try:
            self._apply(case, command, actor.name)
        except Exception:
            del self.memos[case]
            raise
        self._deliver()
        return case

    def send(self, actor: Actor, case: str, command: Command) -> None:
        self._fire_first(case)
        self._apply(case, self._prepare(actor, case, command), actor.name)
        self._deliver()

    def message(self, actor: Actor, name: str, keys: dict[str, Any], data: dict[str, Any]) -> None:
        for case, memo in self.memos.items():
            for wanted_name, wanted in memo.awaited.values():
                if wanted_name == name and wanted.items() <= keys.items():
                    self.send(actor, case, CorrelateMessage(name=name, correlation=keys, data=data))
                    return
        for process in self.definitions.processes.values():
            for one in process.root.starts:
                node = process.root.nodes[one]
                if any(each.trigger == "message" and each.name == name for each in node.events):
                    values = [str(value) for _, value in sorted(keys.items()) if value is not None]
                    key = "/".join(values) or None
                    if key and any(memo.business_key == key for memo in self.memos.values()):
                        return
                    self.start(actor, process.key, data, event=one, business_key=key)
                    return

    def broadcast(self, actor: Actor, name: str, data: dict[str, Any]) -> None:
        """A signal begins what it begins; no diagram waits for one inside a case."""
        for process in self.definitions.processes.values():
            for one in process.root.starts:
                events = process.root.nodes[one].events
                if any(each.trigger == "signal" and each.name == name for each in events):
                    self.start(actor, process.key, data, event=one)

    def advance(self, to: datetime) -> None:
        while True:
            due = self._due()
            if due is None or due[0] > to:
                break
            self.clock.set(max(due[0], self.now()))
            self._fire(*due)
        self.clock.set(to)

    def stop_until(self, to: datetime) -> None:
        self.clock.set(to)
        while (due := self._due()) is not None and due[0] <= to:
            self._fire(*due)

    def deploy(self, changed: dict[str, bytes]) -> None:
        self.definitions = self.definitions.with_files(changed)

    def import_rows(self, actor: Actor, name: str, rows: list[dict[str, Any]]) -> None:
        access.require(actor, "activate_list")
        self.city = self.city.with_rows(name, rows, self.now())

    def figure(self, *_asked: Any) -> None:
        """Nobody counts here: figures are made of what the database has kept."""

    def board(self, _language: str) -> None:
        """Nor is there a notice board."""

    def _due(self) -> tuple[datetime, str, int] | None:
        return min(
            (
                (due_at, case, number)
                for case, memo in self.memos.items()
                if memo.snapshot.state not in {*ENDED, "suspended"}
                for number, due_at in memo.timers.items()
            ),
            default=None,
        )

    def _fire_first(self, case: str) -> None:
        """A case's own timers that are due come before any command to it."""
        memo = self.memos[case]
        while memo.snapshot.state not in {*ENDED, "suspended"}:
            due = min(((at, number) for number, at in memo.timers.items()), default=None)
            if due is None or due[0] > self.now():
                return
            self._fire(due[0], case, due[1])

    def _fire(self, due_at: datetime, case: str, number: int) -> None:
        self._apply(case, FireTimer(timer=number, due_at=text(due_at)), "@scheduler")
        self._deliver()

    # -- what a request must pass ---------------------------------------------------

    def _start_data(
        self, actor: Actor, pinned: Pinned, command: StartCase, sealer: Sealer
    ) -> dict[str, Any]:
        root = pinned.main.root
        starts = [root.nodes[one] for one in root.starts]
        node = next(
            one for one in starts if one.id == command.start or not (command.start or one.events)
        )
        access.require(actor, "start", start_roles=pinned.main.starter_roles)
        form = pinned.form_of(pinned.bundle.main, node.id)
        if form is None:
            return forms.validate_free(command.data, writes=node.writes)
        offered = forms.filled(form, self.city.reference(self.now()).in_force)
        data = forms.validate(offered, command.data)
        return sealer.fields(data, form.personal, form.ballots)

    def _prepare(self, actor: Actor, case: str, command: Command) -> Command:
        memo, sealer = self.memos[case], Sealer(self.clock.new_id, self.clock.secret)
        name = getattr(command, "task", None)
        if name is None and not actor.is_system:
            ends = isinstance(command, CancelCase)
            action = intake.ENDS[command.end] if ends else intake.ACTIONS[command.type]
            access.require(
                actor, action, self._facts(case), None, organisation=self.city.organisation
            )
        if name is None and memo.snapshot.state in ENDED:
            raise WrongState(f"Case {case!r} has ended.")
        if name is not None:
            command = self._prepare_task(actor, case, command, sealer)
        if getattr(command, "reason", None) is not None:
            command = replace(command, reason=sealer.value(command.reason))
        self._keep(sealer)
        return command

    def _prepare_task(self, actor: Actor, case: str, command: Any, sealer: Sealer) -> Command:
        memo = self.memos[case]
        task = self.kernel.task(memo.pinned.bundle, memo.snapshot, command.task)
        action = intake.ACTIONS[command.type]
        facts, organisation = self._facts(case), self.city.organisation
        pair = access.require(actor, action, facts, task, organisation=organisation)
        unit = pair[1] if pair else None
        if command.type in ("claim_task", "complete_task"):
            access.check_separation(actor, task.not_same_as, task.not_same_unit_as, unit=unit)
        if hasattr(command, "unit"):
            command = replace(command, unit=unit)
        if isinstance(command, CompleteTask):
            return self._judge(memo, task, command, sealer)
        return command

    def _judge(self, memo: Memo, task: Any, command: CompleteTask, sealer: Sealer) -> CompleteTask:
        node = memo.pinned.bundle.processes[task.process].nodes[task.element]
        form = memo.pinned.form_of(task.process, task.element)
        if form is None:
            return replace(command, data=forms.validate_free(command.data, writes=node.writes))
        known = {name: task.names[name] for name in form.readable if name in task.names}
        if command.outcome is not None:
            known["outcome"] = command.outcome
        offered = forms.filled(form, self.city.reference(self.now()).in_force)
        data = forms.validate(offered, command.data, known=known)
        data = sealer.fields(data, form.personal, form.ballots)
        return replace(command, data=data)

    def _facts(self, case: str) -> CaseFacts:
        memo = self.memos[case]
        return CaseFacts(
            id=case,
            unit=memo.unit,
            starter=memo.starter,
            participants=frozenset(memo.users),
            candidates=frozenset(memo.offered),
            is_secret=self._is_secret(memo),
        )

    def _is_secret(self, memo: Memo) -> bool:
        process = memo.pinned.bundle.processes[memo.pinned.bundle.main]
        name = process.properties.get("secret")
        return bool(name and memo.snapshot.data.get("", {}).get(name))

    def _keep(self, sealer: Sealer) -> None:
        for one, salt, value in sealer.kept:
            if one in sealer.ballots:
                self.ballots[one] = (salt, value)
            else:
                self.sealed[one] = value

    # -- one entry ------------------------------------------------------------------

    def _apply(self, case: str, command: Command, actor: str) -> None:
        memo, now = self.memos[case], self.now()
        reference = self.city.reference(now, memo.lists)
        world = LiveWorld(
            case=case,
            now=now,
            sandbox=self.sandbox,
            calendar=self.city.calendar,
            reference=reference,
            decisions=memo.pinned.decisions,
        )
        applied = self.kernel.apply(
            memo.pinned.bundle, memo.snapshot, command, now=now, actor=actor, world=world
        )
        memo.lists = {**{one: self.city.lists[one] for one in reference.used}, **memo.lists}
        # What is kept is JSON: a server that stops here has lost nothing.
        kept = orjson.loads(orjson.dumps([applied.snapshot.control, applied.snapshot.data]))
        memo.snapshot = Snapshot(case, applied.snapshot.state, kept[0], kept[1])
        memo.entries.append(Entry(case, now, actor, command.to_json(), applied.events))
        told = endings.told(memo.pinned.main, memo.snapshot, command)
        for event in [*applied.events, *told]:
            self._notice(case, memo, event)
        memo.unit = projection.unit_found(world.tape, memo.pinned.bundle.main) or memo.unit

    def _notice(self, case: str, memo: Memo, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind == "case_started":
            memo.unit, memo.business_key = event.get("unit"), event.get("business_key")
        elif kind == "timer_armed":
            memo.timers[event["timer"]] = parse(event["due_at"])
        elif kind in {"timer_fired", "timer_cancelled", "timer_held"}:
            memo.timers.pop(event["timer"], None)
        elif kind == "message_awaited":
            memo.awaited[event["subscription"]] = (event["name"], event["correlation"])
        elif kind in {"message_received", "message_abandoned"} and not event.get("open"):
            memo.awaited.pop(event.get("subscription"), None)
        elif kind == "task_opened":
            memo.offered |= {
                (one["role"], one.get("unit") or "") for one in event["candidates"] if "role" in one
            }
            memo.users |= {one["user"] for one in event["candidates"] if "user" in one}
        elif kind in {"task_claimed", "task_transferred"}:
            memo.users.add(event["assignee"])
        elif kind == "job_opened":
            self.outbox.append(lambda: self._job(case, event))
        elif kind == "message_sent" and not event.get("received"):
            sender = messages.sender(case)
            self.outbox.append(
                lambda: self.message(sender, event["name"], event["correlation"], event["data"])
            )
        elif kind == "signal_sent":
            self.outbox.append(
                lambda: self.broadcast(messages.sender(case), event["name"], event["data"])
            )

    def _deliver(self) -> None:
        if self.delivering:
            return
        self.delivering = True
        try:
            while self.outbox:
                self.outbox.popleft()()
        finally:
            self.delivering = False

    # -- stand-ins for the application's topics -------------------------------------

    def _job(self, case: str, event: dict[str, Any]) -> None:
        memo, data = self.memos[case], event["data"]
        self._fire_first(case)
        if memo.snapshot.state in ENDED:
            return
        done: Command
        try:
            answer = getattr(self, "_" + event["topic"].replace("-", "_"))(case, data)
            done = CompleteJob(job=event["job"], data=answer)
        except EngineError as reason:
            done = FailJob(job=event["job"], message=str(reason), error_code=reason.code)
        self._apply(case, done, "@outbox")

    def _check_list_change(self, _case: str, data: dict[str, Any]) -> dict[str, Any]:
        return scenario_list_changes.check(self, unseal(data, self.sealed))

    def _activate_list_change(self, _case: str, data: dict[str, Any]) -> dict[str, Any]:
        return scenario_list_changes.activate(self, unseal(data, self.sealed))

    def _find_unattended(self, _case: str, data: dict[str, Any]) -> dict[str, Any]:
        return scenario_list_changes.find_unattended(self, data)

    def _notify(self, _case: str, _data: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _next_number(self, _case: str, data: dict[str, Any]) -> dict[str, Any]:
        name = str(data.get("counter"))
        self.counters[name] = self.counters.get(name, 0) + 1
        year = self.city.day(self.now()).year
        return {"number": f"{name}-{year}-{self.counters[name]:06d}"}

    def _case_file_digest(self, case: str, _data: dict[str, Any]) -> dict[str, Any]:
        return {"digest": f"{len(self.memos[case].entries):064d}"}

    def _tally(self, _case: str, data: dict[str, Any]) -> dict[str, Any]:
        return topics.count_ballots(data, self.ballots)

    def _erase_sealed(self, _case: str, data: dict[str, Any]) -> dict[str, Any]:
        found = {one for one, _ in find_sealed(data["values"])}
        self.ballots = {one: kept for one, kept in self.ballots.items() if one not in found}
        return {"erased": len(found)}

    def _find_cases(self, case: str, data: dict[str, Any]) -> dict[str, Any]:
        found = []
        for other, memo in reversed(self.memos.items()):
            own = memo.snapshot.data.get("", {})
            if other == case or data["value"] is None or own.get(data["key"]) != data["value"]:
                continue
            ended_at = memo.entries[-1].at if memo.snapshot.state in ENDED else None
            if ended_at is None or ended_at >= self.now() - timedelta(days=float(data["days"])):
                ended = None if ended_at is None else text(ended_at)
                started = text(memo.created_at or self.now())
                number = scenario_menus.number(memo)
                found.append({"case": other, "number": number, "started_at": started})
                found[-1] |= {"ended_at": ended, "shown": own.get(data["show"])}
        return {
            "open": [one for one in found if one["ended_at"] is None],
            "ended": [one for one in found if one["ended_at"] is not None],
        }

    def _collect_figures(self, _case: str, data: dict[str, Any]) -> dict[str, Any]:
        return scenario_figures.collect(self, list(self.city.lists["score_rules"].rows), data)

    def _open_cases(self, case: str, data: dict[str, Any]) -> dict[str, Any]:
        return scenario_menus.open_cases(self, case, data)

    def _find_duplicates(self, case: str, data: dict[str, Any]) -> dict[str, Any]:
        here = self._place(self.memos[case].start)
        found = []
        for other, memo in reversed(self.memos.items()):
            if other == case or memo.snapshot.state in ENDED:
                continue
            there = self._place(memo.start)
            same = memo.snapshot.data.get("", {}).get("item_code") == data.get("item_code")
            if same and here and there and topics.metres(here, there) <= 50:
                found.append(other)
        return {"duplicate_of": found[-1] if found else None, "candidates": found}

    def _place(self, data: Mapping[str, Any]) -> tuple[float, float] | None:
        plain = unseal({"lat": data.get("lat"), "lon": data.get("lon")}, self.sealed)
        return None if plain["lat"] is None else (float(plain["lat"]), float(plain["lon"]))

    def _redact(self, _case: str, data: dict[str, Any]) -> dict[str, Any]:
        return {"text": data.get("text"), "marks": []}

    def _start_case(self, case: str, data: dict[str, Any]) -> dict[str, Any]:
        process, given = data["process"], data["data"]
        links = [{"type": "follow-up", "case": case}]
        new = self.clock.new_id()
        memo = Memo(self.definitions.pinned(process), empty(new), starter=f"@case/{case}")
        memo.start, memo.created_at = given, self.now()
        self.memos[new] = memo
        command = StartCase(process=process, data=given, starter=memo.starter, links=links)
        self._apply(new, command, f"@case/{case}")
        return {"case": new, "started": new}
