"""What runs of processes leave for the figures: values of the data that a list names.

A *run* is a case, or one call of a process in it: a department's share of a whistle,
one visit, one score. Whenever a step writes data that the list ``milestones`` names
for its process, the run's row takes the values over. They come from the data as they
are after the entry, or, where the run ended with it, from what its script was
recorded to have written; so ``rebuild`` finds the same, also for cases that ran
before the list was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.clock import text
from engine.database import Transaction
from engine.events import Event
from engine.execution import Applied
from engine.lists import ListVersion
from engine.projection.place import Entered, matching
from engine.sealing import is_sealed
from engine.tables import milestones as table

LIST = "milestones"
"""The list that names, for each process, the data that the figures need."""
HOLDS = "@holds"
"""What no datum is called: when the clock of a run stood still (缓办)."""

Kept = Mapping[str, frozenset[str]]
Run = tuple[str, str]
"""Process and scope."""

_BODY = sa.select(table.c.body).where(*matching(table, "case_id", "process", "scope"))
_INSERT = sa.insert(table)
_ROW = sa.update(table).where(*matching(table, "case_id", "process", "scope"))
_UPDATE = _ROW.values(body=p("body"))
_CUT = _ROW.values(cut=1)
_RUNS = (
    sa.select(table.c.process, table.c.scope, table.c.place, table.c.body)
    .where(table.c.case_id == p("of_case_id"))
    .order_by(table.c.began_at, table.c.scope)
)

_known: dict[str, Kept] = {}
"""What the versions of the list name, by their hash."""


def kept(version: ListVersion | None) -> Kept:
    """Return the data that the list names, by process; empty without a list."""
    if version is None:
        return {}
    found = _known.get(version.sha256)
    if found is None:
        found = {row["process"]: frozenset(row["names"]) for row in version.rows}
        _known[version.sha256] = found
    return found


def keep(
    tx: Transaction,
    entered: Entered,
    applied: Applied,
    document: Mapping[str, Any],
    names: Kept,
) -> None:
    """Write what an entry leaves for the figures.

    Args:
        document: the entry, at least its ``command`` and ``evaluations``.
        names: what ``kept`` returns.
    """
    if not names:
        return
    written: dict[Run, Event] = {}
    values: dict[Run, dict[str, Any]] = {}
    for event in applied.events:
        if event["type"] != "data_written" or event["process"] not in names:
            continue
        wanted = names[event["process"]].intersection(event["names"])
        if wanted:
            run = event["process"], event["scope"]
            written.setdefault(run, event)
            values.setdefault(run, {}).update(_values(event, wanted, applied, document))
    for run, event in written.items():
        _write(tx, entered, run, event, values[run])
    _mark(tx, entered, applied.events, names)


def _values(
    event: Event,
    wanted: Iterable[str],
    applied: Applied,
    document: Mapping[str, Any],
) -> Iterator[tuple[str, Any]]:
    left = applied.snapshot.data.get(event["scope"])
    data = _recorded(event, document) if left is None else left
    for name in sorted(wanted):
        if name in data:
            value = data[name]
            # A reference to a place is kept, whatever people wrote is not.
            yield name, {"$sealed": value["$sealed"]} if is_sealed(value) else _plain(value)


def _recorded(event: Event, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a step wrote into a run that is over: a script, or who completed a task."""
    process, element, nth = event["process"], event["element"], event["nth"]
    site = [process, element, nth, "script"]
    if "instance" in event:
        site.append(event["instance"])
    for one in document["evaluations"]:
        if one["site"] == site:
            value = one["answers"][0].get("value")
            return value if isinstance(value, dict) else {}
    command = document["command"]
    task = str(command.get("task") or "")
    if f"{task}.".startswith(f"{process}.{element}.{nth}."):
        return {**(command.get("data") or {}), f"{element}_outcome": command.get("outcome")}
    return {}


def _plain(value: Any) -> Any:
    if is_sealed(value):
        return None
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def _write(
    tx: Transaction, entered: Entered, run: Run, event: Event, values: Mapping[str, Any]
) -> None:
    process, scope = run
    key = {"of_case_id": entered.case_id, "of_process": process, "of_scope": scope}
    row = tx.one(_BODY, key)
    if row is not None:
        was = orjson.loads(row[0])
        body = {**was, **values}
        if body != was:
            tx.run(_UPDATE, {**key, "body": orjson.dumps(body).decode()})
        return
    around = _around(event["path"], scope)
    tx.run(
        _INSERT,
        {
            "case_id": entered.case_id,
            "process": process,
            "scope": scope,
            "item": around[-1].partition("[")[2].removesuffix("]") if around else "",
            "place": "/".join(around),
            "began_at": entered.at,
            "cut": 0,
            "body": orjson.dumps(values).decode(),
        },
    )


def _around(path: list[str], scope: str) -> list[str]:
    """Return the scopes around a run: of a step's path, up to the call that it began with."""
    if not scope:
        return []
    called = scope.rstrip("/").rpartition("/")[2].split(".")
    name = called[1] if len(called) > 1 else ""
    for at in range(len(path), 0, -1):
        if path[at - 1].partition("[")[0] == name:
            return path[:at]
    return path


def _mark(tx: Transaction, entered: Entered, events: list[Event], names: Kept) -> None:
    """Note whose clock stands still (缓办), and which runs others have ended."""
    marks = [one for one in events if _marks(one, names)]
    if not marks:
        return
    rows = tx.all(_RUNS, {"of_case_id": entered.case_id})
    for event in marks:
        if event["type"] in _HOLDS:
            place = "/".join(event["path"])
            found = [row for row in rows if row[0] == event["process"] and row[2] == place][-1:]
        else:
            ended = f"{_visit(event)}/"
            found = [row for row in rows if f"/{ended}" in f"/{row[1]}"]
        for process, scope, _, body in found:
            key = {"of_case_id": entered.case_id, "of_process": process, "of_scope": scope}
            if event["type"] in _HOLDS:
                held = _held(orjson.loads(body), event, text(entered.at))
                tx.run(_UPDATE, {**key, "body": orjson.dumps(held).decode()})
            else:
                tx.run(_CUT, key)


def _held(body: dict[str, Any], event: Event, at: str) -> dict[str, Any]:
    """Return what a run has left, with when its clock stood still: [[from, to or None]]."""
    holds = [list(one) for one in body.get(HOLDS, [])]
    if event["type"] == "scope_held":
        holds.append([at, None])
    elif holds:
        holds[-1][1] = at
    return {**body, HOLDS: holds}


_HOLDS = frozenset({"scope_held", "scope_released"})


def _marks(event: Event, names: Kept) -> bool:
    kind = event["type"]
    if kind in _HOLDS:
        return event["process"] in names
    return kind == "instance_cancelled" or (kind == "element_left" and bool(event.get("cancelled")))


def _visit(event: Event) -> str:
    visit = f"{event['process']}.{event['element']}.{event['nth']}"
    return f"{visit}.{event['instance']}" if "instance" in event else visit
