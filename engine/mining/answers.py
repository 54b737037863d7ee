"""What a process has been like in a period, of one unit, to who reads the unit's figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import definitions, figures
from engine.access import Actor
from engine.bpmn.kinds import Kind
from engine.bpmn.model import Node, Process
from engine.clock import parse, text
from engine.database import Moment, Transaction
from engine.deadlines import working_minutes
from engine.errors import NotFound
from engine.mining import keeping, waiting, ways
from engine.mining.visits import Visit
from engine.mining.waiting import Element
from engine.mining.ways import Run
from engine.ports import Application
from engine.tables import cases, tasks

Document = dict[str, Any]

MEASURES = ("visits", "waiting", "late")
"""What a heat map may show of its elements."""
MOST = 20
"""So many ways and deviations are told, the most frequent."""
EXAMPLES = 3
WORK = frozenset({Kind.TASK, Kind.USER, Kind.MANUAL, Kind.RECEIVE, Kind.CALL})
"""What a way is made of: what people and called processes do, not what is done at once."""
AROUND = frozenset({Kind.SUB_PROCESS, Kind.EVENT_SUB_PROCESS})
"""What is drawn around others: what waits within waits there, not in the frame."""

_COLUMNS = (
    cases.c.id, cases.c.head, cases.c.pins, cases.c.unit, cases.c.business_key,
    cases.c.created_at, cases.c.ended_at,
)  # fmt: skip
_BEGAN = (cases.c.created_at >= p("since", type_=Moment)) & (
    cases.c.created_at < p("until", type_=Moment)
)
_OWN = sa.select(*_COLUMNS).where(cases.c.process == p("process"), _BEGAN).order_by(cases.c.id)
_CALLED = (
    sa.select(*_COLUMNS)
    .where(
        _BEGAN,
        sa.exists().where(tasks.c.case_id == cases.c.id, tasks.c.process == p("process")),
    )
    .order_by(cases.c.id)
)


@dataclass(frozen=True, slots=True)
class Behind:
    """What cases are asked for: those of an element, a way or a deviation; else all.

    Attributes:
        measure: with an element: ``late`` for those that were late there alone.
        way: the code of a way.
        deviation: ``skipped``, ``repeated``, ``added`` or ``moved``, with its element.
    """

    element: str | None = None
    measure: str = "visits"
    way: str | None = None
    deviation: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A case that a process was gone through in."""

    id: str
    head: str
    pins: str
    unit: str | None
    number: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who reads, and in which look at the database."""

    app: Application
    tx: Transaction
    actor: Actor

    def sees(self, case_id: str) -> bool:
        return figures.may_see(self.app, self.tx, self.actor, case_id)


@dataclass(frozen=True, slots=True)
class _Mined:
    """Visits of a process by case, and what is needed to read them.

    Attributes:
        models: the process as it is, then as the cases have it, the newest first.
    """

    reader: _Reader
    models: tuple[Process, ...]
    version: int
    now: datetime
    found: dict[str, list[Visit]]
    cases: dict[str, Case]
    left: int
    runs: list[Run]
    minutes: waiting.Minutes

    @property
    def process(self) -> Process:
        return self.models[0]

    def node(self, element: str) -> Node | None:
        """Return an element as the newest version has it that has it."""
        return next((one.nodes[element] for one in self.models if element in one.nodes), None)


def mined(
    app: Application,
    actor: Actor,
    process: str,
    *,
    unit: str,
    since: date,
    until: date | None = None,
) -> Document:
    """Return how cases that began in a period went through a process.

    Args:
        process: of cases, or one that cases call.
        since, until: local days, the last left out; None is the day after today.

    Returns:
        ``elements`` with visits, waiting and working time in working minutes, and what was
        late; ``flows`` and how often they were taken; ``ways``, ``straight`` and
        ``deviations``. ``cases`` were read, ``left`` not yet: asking again reads on.

    Raises:
        NotFound: there is no such unit or process.
        NotAllowed: the actor reads no figures of this unit.
    """
    with app.database.reading() as tx:
        one = _read(_Reader(app, tx, actor), process, unit, (since, until))
        found = ways.by_way(one.runs)
        straight = ways.straight(found)
        return {
            "process": process,
            "name": one.process.name or process,
            "name_en": one.process.properties.get("name_en"),
            "version": one.version,
            "unit": unit,
            "at": text(one.now),
            "cases": len(one.found),
            "left": one.left,
            "runs": len(one.runs),
            "elements": _elements(one),
            "flows": dict(_flows(one)),
            "straight": list(straight),
            "ways": [_way(one, way, runs) for way, runs in list(found.items())[:MOST]],
            "number_of_ways": len(found),
            "deviations": _deviations(one, straight),
        }


def _read(reader: _Reader, process: str, unit: str, period: tuple[date, date | None]) -> _Mined:
    app, tx, actor = reader.app, reader.tx, reader.actor
    reading, window, _ = figures.entered(app, tx, actor, unit, period)
    version = definitions.version(tx, process)
    if not version.executable:
        raise NotFound(f"{process!r} is only a drawing.", hint="See GET /api/v1/definitions.")
    _, pins = definitions.pins_for(tx, process, version.number)
    model = app.library.draft(tx, pins).bundle.processes[process]
    values = {"process": process, "since": window.since, "until": window.until}
    rows = {one[0]: Case(*one) for query in (_OWN, _CALLED) for one in tx.all(query, values)}
    units = window.units or frozenset()
    mine = {one.id: one for one in rows.values() if one.unit in units}
    heads = [(one.id, one.head) for one in sorted(mine.values(), key=lambda one: one.id)]
    found, left = keeping.of_cases(tx, heads, process)
    calendar, now = app.references.calendar, reading.ground.now

    @lru_cache(maxsize=100_000)
    def minutes(start: datetime, end: datetime) -> float:
        return 0.0 if end <= start else working_minutes(start, end, calendar)

    models = (model, *_older(reader, process, [mine[one] for one in found]))
    one = _Mined(reader, models, version.number, now, found, mine, left, [], minutes)
    one.runs.extend(run for case_id, visits in found.items() for run in _runs(one, case_id, visits))
    return one


def _older(reader: _Reader, process: str, mine: Iterable[Case]) -> Iterator[Process]:
    """Yield the process as cases have it, that of the newest case first."""
    newest_first = sorted(mine, key=lambda one: one.id, reverse=True)
    for pins in dict.fromkeys(one.pins for one in newest_first):
        model = reader.app.library.pinned(reader.tx, pins).bundle.processes.get(process)
        if model is not None:
            yield model


def _is_work(one: _Mined, visit: Visit) -> bool:
    """Whether a visit is a step of a way; one of an element that is gone is, if it was a task."""
    node = one.node(visit.element)
    return visit.task is not None if node is None else node.kind in WORK


def _runs(one: _Mined, case_id: str, visits: Iterable[Visit]) -> list[Run]:
    of_run: dict[int, list[Visit]] = {}
    for visit in visits:
        of_run.setdefault(visit.run, []).append(visit)
    found = []
    for number, mine in of_run.items():
        ends = [visit.left_at for visit in mine]
        duration = None
        if None not in ends:
            last = max(parse(at) for at in ends if at is not None)
            duration = one.minutes(parse(mine[0].entered_at), last)
        way = ways.way_of(visit for visit in mine if _is_work(one, visit))
        moved = frozenset(visit.element for visit in mine if visit.moved)
        found.append(Run(case_id, number, way, duration, moved))
    return found


# -- elements ----------------------------------------------------------------------------


def _elements(one: _Mined) -> list[Document]:
    """Return each element that was visited, the longest waiting first, frames last."""
    found: dict[str, Element] = {}
    for case_id, visits in one.found.items():
        for visit in waiting.told(visits):
            element = found.setdefault(visit.element, Element())
            waiting.add(element, visit, case_id, one.now, one.minutes)
    documents = [
        {**_named(one.node(key), key), **element.document()} for key, element in found.items()
    ]
    return sorted(
        documents,
        key=lambda it: (it["kind"] in AROUND, -it["waiting_total"], -it["visits"], it["element"]),
    )


def _named(node: Node | None, key: str) -> Document:
    """Name an element; one that no version has any more is named by its id."""
    if node is None:
        return {"element": key, "name": key, "name_en": None, "kind": None}
    english = node.properties.get("name_en")
    return {"element": key, "name": node.name or key, "name_en": english, "kind": node.kind.value}


def _flows(one: _Mined) -> Counter[str]:
    return Counter(
        flow for visits in one.found.values() for visit in visits for flow in visit.flows
    )


# -- ways --------------------------------------------------------------------------------


def _way(one: _Mined, way: ways.Way, runs: list[Run]) -> Document:
    ended = [run.minutes for run in runs if run.minutes is not None]
    share = figures.share(len(runs), len(one.runs))
    return {
        "code": ways.code(way),
        "elements": list(way),
        "runs": len(runs),
        "open": len(runs) - len(ended),
        "share": share,
        "minutes_median": round(median(ended)) if ended else None,
        "examples": _examples(one, runs),
    }


def _deviations(one: _Mined, straight: ways.Way) -> list[Document]:
    behind: dict[tuple[str, str], list[Run]] = {}
    for run in one.runs:
        for deviation in ways.deviations(run, straight):
            behind.setdefault(deviation, []).append(run)
    ordered = sorted(behind.items(), key=lambda it: (-len(it[1]), it[0]))
    return [
        {
            "kind": kind,
            "element": element,
            "runs": len(runs),
            "examples": _examples(one, runs),
        }
        for (kind, element), runs in ordered[:MOST]
    ]


def _examples(one: _Mined, runs: Sequence[Run]) -> list[str]:
    """Return a few cases that the actor may see."""
    found: list[str] = []
    for run in runs[: EXAMPLES * 4]:
        if len(found) < EXAMPLES and run.case not in found:
            found += [run.case] if one.reader.sees(run.case) else []
    return found


# -- cases -------------------------------------------------------------------------------


def cases_of(
    app: Application,
    actor: Actor,
    process: str,
    behind: Behind,
    *,
    unit: str,
    since: date,
    until: date | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Document:
    """Return the cases behind an element, a way or a deviation: ``{items, next, n, hidden}``.

    Raises:
        NotFound, NotAllowed: as ``mined``.
        InvalidRequest: the cursor is none of ours.
    """
    start = figures.place_of(cursor)
    with app.database.reading() as tx:
        one = _read(_Reader(app, tx, actor), process, unit, (since, until))
        found = sorted(_behind(one, behind))
        page = found[start : start + limit]
        seen = [case for case in page if one.reader.sees(case)]
        items = [_item(one.cases[case]) for case in seen]
    following = str(start + limit) if len(found) > start + limit else None
    return {"items": items, "next": following, "n": len(found), "hidden": len(page) - len(items)}


def _behind(one: _Mined, behind: Behind) -> set[str]:
    if behind.way is not None:
        return {run.case for run in one.runs if ways.code(run.way) == behind.way}
    if behind.deviation is None:
        return _through(one, behind)
    straight = ways.straight(ways.by_way(one.runs))
    wanted = (behind.deviation, behind.element)
    return {run.case for run in one.runs if wanted in ways.deviations(run, straight)}


def _through(one: _Mined, behind: Behind) -> set[str]:
    return {
        case
        for case, visits in one.found.items()
        if any(
            behind.element in {None, visit.element}
            and (behind.measure != "late" or waiting.is_late(visit, one.now))
            for visit in waiting.told(visits)
        )
    }


def _item(case: Case) -> Document:
    return {
        "case": case.id,
        "business_key": case.number,
        "unit": case.unit,
        "created_at": text(case.created_at),
        "ended_at": None if case.ended_at is None else text(case.ended_at),
    }
