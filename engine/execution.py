"""The seam between the application and what runs a diagram.

An executor is a pure function from (definitions, snapshot, command, moment) to
(snapshot, events). What it may ask of the world (designers' expressions,
decisions, who holds a role) goes through ``World``: live it is answered by the
sandbox, the lists and the organisation, and every answer is recorded with the
entry; in replay the record itself answers. Nothing else reaches an executor,
so the same entry gives the same events for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from engine.bpmn.findings import Finding
from engine.bpmn.model import Process
from engine.commands import Command, JsonObject
from engine.events import Event
from engine.scripts import Code
from engine.sheets import Sheets

# Site, Answer, Applied and OpenTask are made in every command and nobody changes
# one, but they are not frozen: that would make each four times as dear to make.


@dataclass(slots=True)
class Site:
    """Where in a case something is asked.

    Attributes:
        purpose: what for: ``condition``, ``script``, ``timer``, ``assignment``, ``mapping``, …
        since: the moment that ``now()`` and bare amounts count from, when it is
            not the command's: a limit that is evaluated again still counts from
            the moment it was set. RFC 3339.
    """

    process: str
    element: str
    nth: int
    purpose: str
    instance: int | None = None
    since: str | None = None


@dataclass(slots=True)
class Answer:
    """What the world said.

    Attributes:
        value: plain JSON; working-time values are resolved to RFC 3339 text.
        error: None, or {kind, type, message, line?}; kind is ``error`` or ``limit``.
        provisional: the value rests on a calendar year that is not yet official.
        counted: of a script's variables, those that hold a moment counted in working
            time: name -> [tagged value, provisional]; None if there is none.
    """

    value: Any = None
    error: JsonObject | None = None
    provisional: bool = False
    counted: dict[str, list[Any]] | None = None


class World(Protocol):
    """Everything outside the definitions that an executor may ask."""

    def evaluate(
        self, site: Site, codes: Sequence[Code], names: Mapping[str, Any]
    ) -> Sequence[Answer]:
        """Return one answer per expression, in order; each fails on its own.

        ``names`` is read only for the names that the codes mention.
        """

    def run(self, site: Site, code: Code, names: Mapping[str, Any]) -> Answer:
        """Run a script; the value is the object of the variables it assigned."""

    def decide(
        self, site: Site, decision: str, shape: str | None, names: Mapping[str, Any]
    ) -> Answer:
        """Evaluate a decision; the value is ``{result, matched}``, the result in that shape."""

    def find_unit(self, site: Site, role: str, unit: str | None) -> Answer:
        """Return the nearest ancestor-or-self of ``unit`` where somebody holds ``role``.

        The value is None when there is none.
        """

    def remaining(self, site: Site, due_at: str, unit: str) -> Answer:
        """Return how much time is left until ``due_at``: an amount object.

        ``unit`` is WH for working time, MIN for the continuous clock. It is what was left
        at ``site.since``; without that, what is left now.
        """

    def resume(self, site: Site, remaining: Any) -> Answer:
        """Return the RFC 3339 moment that lies ``remaining`` (see above) after ``site.since``.

        Without ``since`` it counts from now.
        """


@dataclass(frozen=True, slots=True)
class Bundle:
    """The definitions that a case has pinned.

    Attributes:
        main: key of the case's own process.
        processes: it and every process it can call, by key.
        read: process key -> names that its forms and decisions read; None where
            nobody looked, and then any name may be read.
        onto: the definitions that ``MigrateCase`` leads to; None for all other commands.
    """

    main: str
    processes: Mapping[str, Process]
    read: Mapping[str, frozenset[str]] | None = None
    onto: Bundle | None = None


class Snapshot:
    """Where a case stands; everything in it is JSON.

    Attributes:
        case: the case's id.
        state: open, suspended, incident, completed or cancelled.
        control: the executor's own marking; only the executor reads it.
        sheets: the data of each scope that has some of its own, by the executor's
            scope id, perhaps still folded. The scope ``""`` is the case's own.
    """

    __slots__ = ("case", "control", "sheets", "state")

    def __init__(
        self, case: str, state: str, control: JsonObject, data: dict[str, JsonObject] | Sheets
    ) -> None:
        self.case, self.state, self.control = case, state, control
        self.sheets = data if isinstance(data, Sheets) else Sheets(data)

    @property
    def data(self) -> dict[str, JsonObject]:
        """The data by scope, to be read only."""
        return self.sheets.all()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and self._parts() == other._parts()

    __hash__ = None  # type: ignore[assignment]  # as of every object that is compared by content

    def __repr__(self) -> str:
        return "Snapshot({!r}, {!r}, {!r}, {!r})".format(*self._parts())

    def _parts(self) -> tuple[str, str, JsonObject, dict[str, JsonObject]]:
        return self.case, self.state, self.control, self.data


@dataclass(slots=True)
class Applied:
    """What a command did."""

    snapshot: Snapshot
    events: list[Event]


@dataclass(slots=True)
class OpenTask:
    """A task that waits, as the application needs to know it before a command.

    Attributes:
        separation: [(element, last user, last unit)] of the elements its diagram
            demands another person for, and the same for units.
        names: the data visible at the task, innermost scope first.
    """

    task: str
    process: str
    element: str
    nth: int
    instance: int | None
    assignee: str | None
    candidates: list[JsonObject]
    held: bool
    names: Mapping[str, Any]
    not_same_as: list[JsonObject]
    not_same_unit_as: list[JsonObject]


@dataclass(slots=True)
class Offer:
    """An open ad-hoc sub-process: what people may start in it now.

    Attributes:
        scope: its name in the case, for ``StartActivity``.
        candidates: whom it is offered to, as of a task; none = whoever may see the case.
        activities: ids of what may be started now.
        sequential: one at a time.
        ends_by_hand: somebody has to say that all is done.
    """

    scope: str
    process: str
    element: str
    nth: int
    instance: int | None
    candidates: list[JsonObject]
    activities: tuple[str, ...]
    sequential: bool
    ends_by_hand: bool

    @property
    def assignee(self) -> None:
        """Nobody: it stays open to all of them."""


@dataclass(slots=True)
class Instance:
    """An open instance of a running multi-instance activity.

    Attributes:
        activity: the name of the whole in the case, for ``CancelInstance``.
        process: of the activity; ``element`` and ``nth`` say which visit of it.
        key: how the instance is named in paths.
        item: what it is about: its item of the collection, None where there is none.
        held: it, or something around it, is on hold.
        total: how many instances the activity has; cancelled ones no longer count.
        done: how many of them are completed.
        choices: the datum with what people may add beside it; None = nobody adds any.
    """

    activity: str
    process: str
    element: str
    nth: int
    instance: int
    key: str
    item: Any
    held: bool
    total: int
    done: int
    choices: Any = None


class Executor(Protocol):
    """What runs a diagram."""

    name: str
    semantics: int

    def apply(
        self,
        bundle: Bundle,
        snapshot: Snapshot,
        command: Command,
        *,
        now: datetime,
        actor: str,
        world: World,
    ) -> Applied:
        """Apply one command; ``snapshot`` is left as it was.

        Raises:
            EngineError: the command is refused; nothing happened.
        """

    def task(self, bundle: Bundle, snapshot: Snapshot, task: str) -> OpenTask:
        """Return the open task of that case-relative name.

        Raises:
            TaskNotOpen: it is completed, cancelled or was never opened.
        """

    def offers(self, bundle: Bundle, snapshot: Snapshot) -> Sequence[Offer]:
        """Return the open ad-hoc sub-processes of a case."""

    def instances(self, bundle: Bundle, snapshot: Snapshot) -> Sequence[Instance]:
        """Return the open instances of the multi-instance activities of a case."""

    def seen(self, bundle: Bundle, snapshot: Snapshot, incident: int) -> Mapping[str, Any]:
        """Return the data that are readable where a step stands still; none if it does not."""

    def place_of(self, snapshot: Snapshot, name: str) -> tuple[str, str] | None:
        """Return process and element of what is open under a case-relative name, or None."""

    def refusals(self, process: Process, filename: str) -> Sequence[Finding]:
        """Return an error for each element that this executor would not run rightly."""


def empty(case: str) -> Snapshot:
    """Return the snapshot of a case before its first command."""
    return Snapshot(case=case, state="new", control={}, data={})
