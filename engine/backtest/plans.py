"""What a back-test is to try: a changed diagram, and what else is to be otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from engine.bpmn.document import BPMN, CAMUNDA, Findings, children, local, parse
from engine.clock import text as text_of
from engine.deadlines import UNITS
from engine.errors import InvalidRequest

CASES = 1_000
"""How many of the latest cases are taken when nobody says."""

_AMOUNT = re.compile(rf"(\d+(?:\.\d+)?)({'|'.join(UNITS)})")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_CALLS = {"WD": "working_days", "WH": "working_hours", "EH": "elapsed_hours", "MIN": "minutes"}
_TASKS = ("userTask", "manualTask")
_DUE = tuple(f"{{{uri}}}dueDate" for uri in CAMUNDA)
_TIMERS = (f"{{{BPMN}}}timeDuration", f"{{{BPMN}}}timeDate")
_CYCLE = f"{{{BPMN}}}timeCycle"
_REPEATS = re.compile(r"R\d*/\S+")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a back-test is done; everything in it can be sent to another process.

    Attributes:
        since, until: when the cases began; None = whenever.
        cases: at most so many, the latest.
        sets: limits that are to be others, as ``--set`` has them.
        calendar: a calendar as CSV, instead of those that the cases ran on.
        lists: list name -> its content as CSV, instead of the versions that the cases saw.
        mapping: process -> element of the cases -> element of the new diagram; ``""`` = none.
    """

    since: datetime | None = None
    until: datetime | None = None
    cases: int = CASES
    sets: tuple[str, ...] = ()
    calendar: bytes | None = None
    lists: Mapping[str, bytes] = field(default_factory=dict)
    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what a report tells of it: files only by their names."""
        return {
            "since": None if self.since is None else text_of(self.since),
            "until": None if self.until is None else text_of(self.until),
            "cases": self.cases,
            "sets": list(self.sets),
            "calendar": self.calendar is not None,
            "lists": sorted(self.lists),
            "mapping": {name: dict(table) for name, table in self.mapping.items()},
        }


@dataclass(frozen=True, slots=True)
class Setting:
    """One limit that is to be another: ``NAME.KEY[.FIELD]=VALUE``, or ``ELEMENT=VALUE``.

    Attributes:
        parts: what stands before the ``=``.
        amount: the number of a limit, with its unit; None where the value is none.
    """

    text: str
    parts: tuple[str, ...]
    value: str
    amount: tuple[float | int, str] | None

    @property
    def field(self) -> str:
        """The field of a row that it is about."""
        return self.parts[2] if len(self.parts) > 2 else "limit"

    def is_of(self, key: Iterable[object]) -> bool:
        """Tell whether it is about the row of a key; ``*`` is about every row."""
        return self.parts[1] == "*" or self.parts[1] in map(str, key)

    def fields(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a row, or of what a decision came to, that it changes.

        A limit that stands in two fields, ``NAME_value`` and ``NAME_unit``, is changed in both.

        Raises:
            InvalidRequest: a number is to become what is none.
        """
        pair = (f"{self.field}_value", f"{self.field}_unit")
        if self.amount is not None and set(pair) <= row.keys():
            return dict(zip(pair, self.amount, strict=True))
        if self.field not in row:
            return {}
        if self.amount is not None and isinstance(row[self.field], int | float):
            return {self.field: self.amount[0]}
        return {self.field: self._plain(row[self.field])}

    def _plain(self, like: Any) -> Any:
        if isinstance(like, bool):
            return self.value in ("true", "1", "yes")
        if isinstance(like, int | float):
            if _NUMBER.fullmatch(self.value) is None:
                raise InvalidRequest(
                    f"{self.text[:80]!r} sets a number to what is none.",
                    hint=f"Write a number: {'.'.join(self.parts)}=3.",
                )
            number = float(self.value)
            return int(number) if number.is_integer() else number
        return self.value


def setting(text: str) -> Setting:
    """Read one ``--set``.

    Raises:
        InvalidRequest: it is none.
    """
    name, equals, value = (one.strip() for one in text.partition("="))
    parts = tuple(name.split("."))
    if not equals or not value or not all(parts):
        raise InvalidRequest(
            f"{text[:80]!r} sets nothing.",
            hint="Write ELEMENT=3WD, or NAME.KEY=4WH for a row of a list or decision.",
        )
    found = _AMOUNT.fullmatch(value)
    if found is None:
        return Setting(text, parts, value, None)
    number = float(found[1])
    return Setting(text, parts, value, (int(number) if number.is_integer() else number, found[2]))


def mapping(process: str, given: Iterable[str]) -> dict[str, dict[str, str]]:
    """Read ``--map old=new`` and ``--map process.old=new``; nothing after the ``=`` leaves it out.

    Raises:
        InvalidRequest: one of them is none.
    """
    found: dict[str, dict[str, str]] = {}
    for text in given:
        old, equals, new = (one.strip() for one in text.partition("="))
        owner, _, element = old.rpartition(".")
        if not equals or not element:
            raise InvalidRequest(
                f"{text[:80]!r} maps nothing.",
                hint="Write old=new, process.old=new, or old= for an element that falls away.",
            )
        table = found.setdefault(owner or process, {})
        if table.get(element, new) != new:
            raise InvalidRequest(f"{old[:80]!r} is mapped twice.", hint="Keep one of them.")
        table[element] = new
    return found


# -- limits in the diagram --------------------------------------------------------------


def with_limits(
    files: Mapping[str, bytes], process: str, settings: Sequence[Setting]
) -> tuple[dict[str, bytes], list[Setting]]:
    """Return the files with the limits of elements set, and the settings about something else.

    ``ELEMENT`` is a user task, whose due moment it becomes, or an event with a timer;
    ``PROCESS.ELEMENT`` one of another process in the files. A cycle stays a cycle.

    Raises:
        InvalidRequest: a cycle is to become a limit, or a limit a cycle.
    """
    changed = dict(files)
    left = []
    for one in settings:
        owner, element = (process, one.parts[0]) if len(one.parts) == 1 else one.parts[:2]
        for name, content in changed.items():
            if name.endswith((".bpmn", ".xml")) and len(one.parts) < 3:
                edited = _edited(content, owner, element, one)
                if edited is not None:
                    changed[name] = edited
                    break
        else:
            left.append(one)
    return changed, left


def _expression(one: Setting) -> str:
    if one.amount is not None:
        return f"{_CALLS[one.amount[1]]}({one.amount[0]})"
    return one.value


def _demand_kind(one: Setting, *, is_cycle: bool) -> None:
    if is_cycle and not _REPEATS.fullmatch(one.value):
        raise InvalidRequest(
            f"{one.text[:80]!r} sets a timer that repeats.",
            hint="Write how often: ELEMENT=R/PT20M, or ELEMENT=R3/P1D for three times.",
        )
    if not is_cycle and _REPEATS.fullmatch(one.value):
        raise InvalidRequest(
            f"{one.text[:80]!r} makes a limit repeat.",
            hint="Write a limit: ELEMENT=3WD. What repeats is another diagram.",
        )


def _edited(content: bytes, process: str, element: str, one: Setting) -> bytes | None:
    """Return a diagram with another limit at an element; None if it is not there."""
    root = parse(content, Findings(""))
    if root is None:
        return None
    owners = [owner for owner in children(root, "process") if owner.get("id") == process]
    places = (inner for owner in owners for inner in owner.iter(f"{{{BPMN}}}*"))
    place = next((inner for inner in places if inner.get("id") == element), None)
    if place is None:
        return None
    timer = next(place.iter(*_TIMERS, _CYCLE), None)
    is_task = local(place) in _TASKS
    if is_task or timer is not None:
        _demand_kind(one, is_cycle=not is_task and timer is not None and timer.tag == _CYCLE)
    limit = _expression(one)
    if is_task:
        for name in _DUE:
            place.attrib.pop(name, None)
        place.set(_DUE[0], limit)
    elif timer is not None:
        timer.tag, timer.text = (_CYCLE if timer.tag == _CYCLE else _TIMERS[0]), limit
    else:
        return None
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def demand_known(left: Sequence[Setting], names: Iterable[str]) -> None:
    """Refuse settings about what is neither an element, a list nor a decision.

    Raises:
        InvalidRequest: there is one.
    """
    known = set(names)
    for one in left:
        if len(one.parts) < 2 or one.parts[0] not in known:
            raise InvalidRequest(
                f"{one.text[:80]!r} sets what is not there.",
                hint="Name a user task or timer of the diagram, or a row of a list or decision: "
                "NAME.KEY=4WH, NAME.KEY.FIELD=3.",
            )
