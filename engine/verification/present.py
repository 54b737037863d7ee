"""What derives from a history, compared with what its entries come to.

The history is applied again and projected into a scratch database, by the code that
``rebuild`` uses; every row of the case must stand there as it stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import projection, replay, store
from engine.clock import parse
from engine.database import Transaction
from engine.errors import EngineError, HistoryBroken
from engine.history import canonical
from engine.ports import Application
from engine.replay import Difference, Step, first_difference
from engine.scratch import Scratch
from engine.store import CaseRow
from engine.tables import cases, list_versions, metadata
from engine.verification import personal
from engine.verification.unreadable import readable

TABLES = {
    "tasks": "inbox row",
    "candidates": "inbox row",
    "timers": "timer",
    "subscriptions": "subscription",
    "jobs": "job",
    "incidents": "incident",
    "notes": "note",
    "keys": "key",
    "links": "link",
    "notices": "notice",
    "offers": "offer of ad-hoc work",
    "published": "publication",
    "register_rows": "register row",
    "supervised": "supervision",
    "milestones": "milestone",
}
"""What of a case is compared row by row, and what a row is called."""

_OWNER = {"links": "written_by"}
_OF_CASES = {**TABLES, "standings": "standing", "sealed": "sealed value"}
"""What has no place where there is no case, and what a row is called."""
_INSERT_CASE = sa.insert(cases)
_NAMED_SINCE = sa.select(sa.func.max(list_versions.c.position)).where(
    list_versions.c.name == projection.MILESTONES, list_versions.c.activated_at > p("since")
)
_MILESTONES = "milestones"
Row = tuple[Any, ...]
Rows = dict[Row, dict[str, Any]]


def check(app: Application, tx: Transaction, scratch: Scratch, case_id: str) -> list[Difference]:
    """Return where a case's present is not what its history says, a finding per table.

    The chain of the history is sound.
    """
    row = store.read_case(tx, case_id)
    assert row is not None, "its history was checked"
    with scratch.reading() as target:
        return list(readable(_compared(app, tx, target, row), case_id, "case"))


def _compared(
    app: Application, tx: Transaction, target: Transaction, row: CaseRow
) -> Iterator[Difference]:
    case_id, entered = row.id, personal.Entered()
    before: Step | None = None

    def step(one: Step) -> None:
        nonlocal before
        _compare(one, before)
        entered.take(one)
        before = one

    target.run(_INSERT_CASE, row._asdict())
    try:
        replay.refill(app, tx, target, case_id, step)
    except HistoryBroken as broken:
        yield Difference(case_id, broken.position, broken.reason)
        return
    except EngineError as refusal:
        yield Difference(case_id, None, f"it cannot be applied again: {refusal}", "replay")
        return
    except KeyError as missing:
        yield Difference(case_id, None, f"a definition is missing: {missing}", "definition")
        return
    again = store.read_case(target, case_id)
    assert again is not None, "it was put there"
    yield from readable(_snapshot(tx, row, again), case_id, "snapshot")
    yield from _rows(tx, target, row)
    yield from readable(personal.check(tx, case_id, entered), case_id, personal.WHAT)


def strays(tx: Transaction) -> Iterator[Difference]:
    """Yield the rows that belong to no case there is, one for each table and case."""
    for name, called in _OF_CASES.items():
        yield from readable(_strays(tx, name), f"a row of {name}", called)


def _strays(tx: Transaction, name: str) -> Iterator[Difference]:
    for (case_id,) in tx.all(_astray(name), {}):
        reason = f"a row of {name} is here, the case is not"
        yield Difference(case_id, None, reason, _OF_CASES[name])


def _compare(step: Step, before: Step | None) -> None:
    """Refuse an entry that comes before the one before it, or does not follow from its command."""
    if before is not None and parse(step.document["at"]) < parse(before.document["at"]):
        reason = f"it says {step.document['at']}, which is before the entry before it"
        raise HistoryBroken("", position=step.entry.position, reason=reason)
    again = step.applied.events
    if canonical({**step.document, "events": again}) != step.entry.body:
        position = step.entry.position
        reason = first_difference(step.entry.document()["events"], again)
        raise HistoryBroken("", position=position, reason=reason)


def _snapshot(tx: Transaction, row: CaseRow, again: CaseRow) -> Iterator[Difference]:
    first = next(iter(store.read_entries(tx, row.id))).document()
    pins = store.get_pins(tx, first["versions"]["definitions"])
    runs_on = store.get_pins(tx, again.pins)["processes"]
    due = {
        **again._asdict(),
        "process": pins["main"],
        "version": runs_on[pins["main"]]["version"],
        "executor": pins["executor"],
        "created_at": parse(first["at"]),
        "starter": first["command"].get("starter") or first["actor"],
    }
    for name, value in row._asdict().items():
        is_now, was = _value(name, value), _value(name, due[name])
        if is_now != was:
            said = "another one" if name in ("control", "data") else f"{is_now!r}"
            reason = f"its {name} is {said}, where its history comes to "
            reason += "something else" if name in ("control", "data") else f"{was!r}"
            yield Difference(row.id, None, reason, "snapshot")


def _rows(tx: Transaction, target: Transaction, row: CaseRow) -> Iterator[Difference]:
    case_id = row.id
    for name, called in TABLES.items():
        yield from readable(_table(tx, target, row, name), case_id, called)


def _table(tx: Transaction, target: Transaction, row: CaseRow, name: str) -> Iterator[Difference]:
    """Yield the first row of a table that is not what the case comes to."""
    here, due = (_read(one, name, row.id) for one in (tx, target))
    if name == _MILESTONES:
        _only_both(tx, row, here, due)
    for key in sorted(here.keys() | due.keys(), key=str):
        reason = _differs(name, key, here.get(key), due.get(key))
        if reason is not None:
            yield Difference(row.id, None, reason, TABLES[name])
            return


def _only_both(tx: Transaction, row: CaseRow, here: Rows, due: Rows) -> None:
    """Leave of milestones what both have, if the list that names them changed since the case began.

    What was written under an older version of the list has other names.
    """
    found = tx.one(_NAMED_SINCE, {"since": row.created_at})
    if found is None or found[0] is None:
        return
    for one, other in ((here, due), (due, here)):
        for key in one.keys() - other.keys():
            del one[key]
    for key, values in here.items():
        both = values["body"].keys() & due[key]["body"].keys()
        for row_of in (values, due[key]):
            row_of["body"] = {name: row_of["body"][name] for name in both}


def _differs(
    name: str, key: Row, here: dict[str, Any] | None, due: dict[str, Any] | None
) -> str | None:
    place = f"{name} {'/'.join(map(str, key))}"
    if here is None:
        return f"{place} is gone, which its history comes to"
    if due is None:
        return f"{place} is there, which its history does not come to"
    for column, value in here.items():
        if value != due[column]:
            return f"{place}: {column} is {value!r}, where its history comes to {due[column]!r}"
    return None


def _read(tx: Transaction, name: str, case_id: str) -> Rows:
    """Return a table's rows of a case by their key."""
    table = metadata.tables[name]
    owner = _OWNER.get(name, "case_id")
    keys = [one.name for one in table.primary_key.columns if one.name != owner]
    found = {}
    for row in tx.all(_of_case(name), {"case_id": case_id}):
        values = dict(zip(table.c.keys(), row, strict=True))
        found[tuple(values[one] for one in keys)] = {
            column: _value(column, value) for column, value in values.items()
        }
    return found


@cache
def _of_case(name: str) -> sa.Select[Any]:
    table = metadata.tables[name]
    return sa.select(*table.c).where(
        table.c[_OWNER.get(name, "case_id")] == sa.bindparam("case_id")
    )


@cache
def _astray(name: str) -> sa.Select[Any]:
    owner = metadata.tables[name].c[_OWNER.get(name, "case_id")]
    known = sa.exists().where(cases.c.id == owner)
    return sa.select(owner).where(~known).distinct().order_by(owner)


def _value(name: str, value: Any) -> Any:
    """Return a value by what it says: JSON may keep its keys in any order."""
    if name == "control":
        return store.unpack(value)
    if name == "data" and not isinstance(value, str):
        return store.unfold(value).all()
    if isinstance(value, str) and value.startswith(("{", "[")):
        # A text that people wrote may begin so too.
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(value)
    return value
