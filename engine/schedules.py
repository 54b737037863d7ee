"""Start events that belong to no case: what a message, a signal or a date begins.

They are armed when a version is deployed. One with a date or cycle starts a case
when it is due, or one in each of the units that its property ``units`` names:
which these are is asked at that moment, so a community that was founded since
has its case too. One with a condition, which has lists and the clock to look at,
is asked whenever the scheduler looks, and starts a case when it has become true.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import cases, definitions
from engine.bpmn.model import EventDefinition, Node, Process, Trigger
from engine.cases import Once
from engine.clock import text
from engine.database import Transaction
from engine.errors import NotDeployable
from engine.execution import Site
from engine.periods import Timer, parse_timer
from engine.ports import Application
from engine.scripts import Code
from engine.tables import starts
from engine.worlds import LiveWorld

_INSERT = sa.insert(starts)
_DELETE = sa.delete(starts).where(starts.c.process == p("of_process"))
_ONE = sa.select(starts.c.version, starts.c.due_at, starts.c.cycle).where(
    starts.c.process == p("process"),
    starts.c.element == p("element"),
    starts.c.number == p("number"),
)
_REARM = (
    sa.update(starts)
    .where(
        starts.c.process == p("of_process"),
        starts.c.element == p("of_element"),
        starts.c.number == p("of_number"),
        starts.c.due_at == p("of_due_at", type_=starts.c.due_at.type),
    )
    .values(due_at=p("due_at"), cycle=p("cycle"))
)


_HELD = sa.select(starts.c.element, starts.c.number, starts.c.cycle).where(
    starts.c.process == p("process"), starts.c.kind == Trigger.CONDITIONAL
)
_CONDITIONS = (
    sa.select(starts.c.process, starts.c.element, starts.c.number, starts.c.version, starts.c.cycle)
    .where(starts.c.kind == Trigger.CONDITIONAL)
    .order_by(starts.c.process, starts.c.element, starts.c.number)
)
_SAY = (
    sa.update(starts)
    .where(
        starts.c.process == p("of_process"),
        starts.c.element == p("of_element"),
        starts.c.number == p("of_number"),
        starts.c.cycle == p("of_cycle"),
    )
    .values(cycle=p("cycle"))
)
_NEVER_HELD = '{"held":false,"times":0}'
"""What a condition has said last, and how often it has become true."""
_TOGETHER = '{"together":true}'
"""Stands at what begins a case only with the other definitions of its event."""


def arm(app: Application, tx: Transaction, process: Process, version: int, now: datetime) -> None:
    """Arm the start events of a new version instead of those of the last.

    Raises:
        NotDeployable: a date, a cycle or the units cannot be computed.
    """
    # A condition that goes on to hold must not begin a case with each new version.
    known = {(one[0], one[1]): one[2] for one in tx.all(_HELD, {"process": process.key})}
    tx.run(_DELETE, {"of_process": process.key})
    for element in process.root.beginnings:
        node = process.root.nodes[element]
        for number, event in enumerate(node.events):
            row: dict[str, Any] = {
                "process": process.key, "element": element, "number": number, "kind": event.trigger,
                "name": event.name, "due_at": None, "version": version, "cycle": None,
            }  # fmt: skip
            if event.trigger is Trigger.TIMER:
                _units(app, process, node, now)
                timer = _timer(app, process, node, event, now)
                if timer is None:
                    continue
                row["due_at"], row["cycle"] = timer.first(now), _text(timer)
            elif event.trigger is Trigger.CONDITIONAL:
                _holds(app, process, node, event, now)
                row["cycle"] = known.get((element, number), _NEVER_HELD)
            elif node.parallel_multiple and len(node.events) > 1:
                row["cycle"] = _TOGETHER
            tx.run(_INSERT, row)


def fire(app: Application, process: str, element: str, number: int, due_at: datetime) -> int:
    """Start what a timer start event begins that is due; 0 when somebody else did.

    ``number`` says which of its event definitions it is.
    The ids of the cases derive from the start event, its due moment and their units,
    so a second scheduler starts the same cases and finds them there.

    Returns:
        How many cases it began.
    """
    with app.database.reading() as tx:
        row = tx.one(_ONE, {"process": process, "element": element, "number": number})
        if row is None or row[1] != due_at:
            return 0
        version = definitions.version(tx, process, row[0])
        app.references.refresh(tx)
        drawn = definitions.process_of(tx, version)
    units = _units(app, drawn, drawn.root.nodes[element], app.clock.now())
    which = f"#{number}" if number else ""
    for one in units:
        once = Once("@start", f"{process}/{element}{which}/{one}/{text(due_at)}")
        cases.start(
            app, cases.SCHEDULER, process=process, version=row[0], at_start=element,
            data={}, unit=one or None, once=once,
        )  # fmt: skip
    # Only now: a stop in between starts the same cases again, which changes nothing.
    timer = Timer.from_json(orjson.loads(row[2]))
    with app.database.writing() as tx:
        tx.run(
            _REARM,
            {
                "of_process": process,
                "of_element": element,
                "of_number": number,
                "of_due_at": due_at,
                "due_at": timer.following(max(app.clock.now(), due_at)),
                "cycle": row[2],
            },
        )
    return len(units)


class Condition(NamedTuple):
    """A condition that begins cases; ``was`` is what it said last."""

    process: str
    element: str
    number: int
    version: int
    was: str


def conditions(app: Application) -> list[Condition]:
    """Return the conditions that begin cases."""
    with app.database.reading() as tx:
        return [Condition(*row) for row in tx.all(_CONDITIONS, {})]


def look(app: Application, condition: Condition) -> int:
    """Ask a condition; where it has become true, start what it begins.

    It is asked again and again, and begins a case only after it was false in between. The
    ids of the cases derive from how often it has become true, as those of ``fire`` do from
    the moment.

    Returns:
        How many cases it began.
    """
    process, element, number, version, was = condition
    now = app.clock.now()
    with app.database.reading() as tx:
        app.references.refresh(tx)
        drawn = definitions.process_of(tx, definitions.version(tx, process, version))
    node, state = drawn.root.nodes[element], orjson.loads(was)
    holds = _holds(app, drawn, node, node.events[number], now)
    if holds == state["held"]:
        return 0
    units = _units(app, drawn, node, now) if holds else []
    times = state["times"] + 1
    for one in units:
        once = Once("@start", f"{process}/{element}#{number}/{one}/{times}")
        cases.start(
            app, cases.SCHEDULER, process=process, version=version, at_start=element,
            data={}, unit=one or None, once=once,
        )  # fmt: skip
    said = {"held": holds, "times": times if holds else state["times"]}
    with app.database.writing() as tx:
        tx.run(
            _SAY,
            {
                "of_process": process,
                "of_element": element,
                "of_number": number,
                "of_cycle": was,
                "cycle": orjson.dumps(said).decode(),
            },
        )
    return len(units)


def _holds(
    app: Application, process: Process, node: Node, event: EventDefinition, now: datetime
) -> bool:
    assert event.value is not None, "the reader gives every condition an expression"
    value = _ask(app, process, node, event.value, now)
    if not isinstance(value, bool):
        raise NotDeployable(
            f"The condition of {node.id!r} is neither true nor false: {value!r:.200}",
            hint="Compare something, for example len(rows('org_units', level='grid')) > 10.",
            element=node.id,
        )
    return value


def _timer(
    app: Application, process: Process, node: Node, event: EventDefinition, now: datetime
) -> Timer | None:
    code = event.value
    assert code is not None, "the reader gives every timer an expression"
    value = _ask(app, process, node, code, now)
    return None if value is None else parse_timer(str(value)).armed(now)


def _units(app: Application, process: Process, node: Node, now: datetime) -> list[str]:
    """Return the units of which each has a case of its own; one without a unit if none is named."""
    if node.units is None:
        return [""]
    value = _ask(app, process, node, node.units, now)
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise NotDeployable(
            f"The units of {node.id!r} are no list of codes: {value!r:.200}",
            hint="Write for example [u['id'] for u in rows('org_units', level='community')].",
            element=node.id,
        )
    return list(dict.fromkeys(value))


def _ask(app: Application, process: Process, node: Node, code: Code, now: datetime) -> Any:
    world = LiveWorld(
        case=f"@start/{process.key}",
        now=now,
        sandbox=app.sandbox,
        calendar=app.references.calendar,
        reference=app.references.for_case({}, now),
        decisions={},
    )
    answer = world.evaluate(Site(process.key, node.id, 1, "timer"), [code], {})[0]
    if answer.error is not None:
        raise NotDeployable(
            f"The start event {node.id!r} cannot be computed: {answer.error['message']}",
            element=node.id,
        )
    return answer.value


def _text(timer: Timer) -> str:
    return orjson.dumps(timer.to_json()).decode()
