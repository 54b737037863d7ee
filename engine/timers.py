"""Fire what is due.

The timers table, written in each case's own transaction, is the truth; this
module only looks into it. ``tick`` reads due rows without a lock and hands each
to ``cases.fire``, which locks the case and looks again, so a second scheduler
finds nothing left. Order: due moment, case, arming number.

After a stop everything missed is caught up in that order; a missed cycle fires
once and goes on from its next occurrence.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import bindparam as p

from engine import (
    cases,
    checkpoints,
    credentials,
    machinery,
    notices,
    outbox,
    recounting,
    schedules,
    store,
)
from engine.application import CLOCK_FACT
from engine.clock import ManualClock, SystemClock, text
from engine.database import Moment
from engine.errors import EngineError, InvalidRequest, NotFound
from engine.ports import Application
from engine.tables import cases as case_table
from engine.tables import starts, timers

BATCH = 500
ROUNDS = 20
"""How often one tick looks again; cases that never come to rest must not hold it."""

MOST_FIRINGS = 100_000

log = structlog.get_logger()

_RUNNING = (case_table.c.state == "open") | (case_table.c.state == "incident")
_DUE = (
    sa.select(timers.c.case_id, timers.c.number, timers.c.due_at)
    .select_from(timers.join(case_table, case_table.c.id == timers.c.case_id))
    .where(timers.c.due_at <= p("now", type_=Moment), _RUNNING)
    .order_by(timers.c.due_at, timers.c.case_id, timers.c.number)
    .limit(BATCH)
)
_NEXT = (
    sa.select(timers.c.due_at)
    .select_from(timers.join(case_table, case_table.c.id == timers.c.case_id))
    .where(timers.c.due_at > p("now", type_=Moment), _RUNNING)
    .order_by(timers.c.due_at)
    .limit(1)
)
_STARTS_DUE = (
    sa.select(starts.c.process, starts.c.element, starts.c.number, starts.c.due_at)
    .where(starts.c.due_at <= p("now", type_=Moment))
    .order_by(starts.c.due_at, starts.c.process, starts.c.element, starts.c.number)
    .limit(BATCH)
)
_NEXT_START = (
    sa.select(starts.c.due_at)
    .where(starts.c.due_at > p("now", type_=Moment))
    .order_by(starts.c.due_at)
    .limit(1)
)


def tick(app: Application) -> int:
    """Fire every timer that is due now and hand on every delivery; return how many fired.

    Where the calendar has changed, more of the open cases are counted again before.

    What is refused is logged and passed over until the next tick: no other case
    waits for it.
    """
    fired = 0
    # First: a limit that a new calendar moves must not be taken for overdue.
    recounting.go_on(app)
    checkpoints.daily(app)
    for condition in schedules.conditions(app):
        fired += _attempt(condition, schedules.look, app, condition)
    passed: set[tuple[object, ...]] = set()
    for _ in range(ROUNDS):
        now = app.clock.now()
        with app.database.reading() as tx:
            due = [row for row in tx.all(_DUE, {"now": now}) if row not in passed]
            begins = [row for row in tx.all(_STARTS_DUE, {"now": now}) if row not in passed]
        passed.update(due, begins)
        for row in begins:
            fired += _attempt(row, schedules.fire, app, *row)
        for row in due:
            fired += _attempt(row, cases.fire, app, *row)
        delivered = outbox.deliver_all(app)
        if not due and not begins and not delivered:
            break
    return fired


def _attempt(row: tuple[object, ...], fire: Callable[..., int], *args: object) -> int:
    timer = " ".join(str(one) for one in row)
    try:
        return int(fire(*args))
    except EngineError as reason:
        log.warning("timer-refused", timer=timer, reason=str(reason))
    except Exception as reason:  # noqa: BLE001 - the timers of other cases must go on
        _report(timer, reason)
    return 0


def _report(timer: str, reason: Exception) -> None:
    # The trace as text: some renderers print local variables, and those hold case data.
    trace = "".join(traceback.format_exception(reason))
    log.error("timer-broken", timer=timer, trace=trace)


def advance(
    app: Application, *, seconds: float | None = None, to: datetime | None = None
) -> dict[str, object]:
    """Move the manual clock, stepping from one due moment to the next.

    Each timer sees its own due moment as now, and timers armed on the way fire too.

    Returns:
        ``{now, fired}``.

    Raises:
        NotFound: the clock is not the manual one.
        InvalidRequest: the moment lies in the past, or more than 100,000 timers
            would fire.
    """
    clock = app.clock
    if not isinstance(clock, ManualClock):
        raise NotFound(
            "This server runs on the system clock.", hint="Start it with --clock manual."
        )
    with _turn(app):
        return _advance(app, clock, seconds=seconds, to=to)


def _turn(app: Application) -> AbstractContextManager[object]:
    # Two that move a manual clock at once would each find it beyond where they are; and
    # whoever moves it would go on to the next due moment while the scheduler's thread is
    # still half-way through what happens at this one.
    return app.requests.of(CLOCK_FACT) if isinstance(app.clock, ManualClock) else nullcontext()


def _advance(
    app: Application, clock: ManualClock, *, seconds: float | None, to: datetime | None
) -> dict[str, object]:
    target = to or clock.now() + timedelta(seconds=seconds or 0)
    if target < clock.now():
        raise InvalidRequest(
            f"{text(target)} lies before {text(clock.now())}.", hint="Time never goes back."
        )
    # Also where it does not move: the next who opens the database goes on from there.
    _move(app, clock, clock.now())
    idle = fired = 0
    while True:
        before = fired
        while now_fired := tick(app):
            fired += now_fired
            _demand_few(clock, fired)
        idle += fired == before
        _demand_few(clock, idle)
        # What is refused, or begins no case, stays behind; it is no reason to jump.
        at = _next_due(app, clock.now())
        if clock.now() >= target:
            return {"now": text(clock.now()), "fired": fired}
        _move(app, clock, target if at is None else min(at, target))


def _demand_few(clock: ManualClock, count: int) -> None:
    if count > MOST_FIRINGS:
        raise InvalidRequest(
            f"More than {MOST_FIRINGS} timers fired by {text(clock.now())}.",
            hint="Advance in smaller steps.",
        )


def _next_due(app: Application, after: datetime) -> datetime | None:
    with app.database.reading() as tx:
        rows = [tx.one(query, {"now": after}) for query in (_NEXT, _NEXT_START)]
    found = [row[0] for row in rows if row]
    return min(found, default=None)


def _move(app: Application, clock: ManualClock, at: datetime) -> None:
    clock.set(at)
    with app.database.writing() as tx:
        store.put_fact(tx, CLOCK_FACT, text(at))


class Scheduler:
    """Looks for due timers and deliveries every few seconds, in a thread of its own."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._beaten: datetime | None = None

    def start(self) -> None:
        """Start looking; the first look is now, so that a stop is caught up at once.

        What goes out has a thread of its own: a mail server that is slow must not hold
        the timers.
        """
        for look in (self._tick, self._tell):
            self._scheduler.add_job(
                look,
                "interval",
                seconds=self._app.settings.poll_seconds,
                next_run_time=SystemClock().now(),
                max_instances=1,
                coalesce=True,
            )
        self._scheduler.start()

    def looks(self) -> bool:
        """Say whether it is running."""
        return bool(self._scheduler.running)

    def stop(self) -> None:
        """Finish the present look and stop."""
        self._scheduler.shutdown(wait=True)
        with suppress(EngineError):
            machinery.rest(self._app)

    def _tick(self) -> None:
        try:
            with _turn(self._app):
                tick(self._app)
            self._beat()
        except EngineError as reason:
            log.warning("tick-refused", reason=str(reason))

    def _beat(self) -> None:
        now = SystemClock().now()
        if self._beaten is None or now - self._beaten >= machinery.BEAT:
            self._beaten = now
            machinery.beat(self._app)

    def _tell(self) -> None:
        try:
            notices.send_due(self._app)
            credentials.keep_uses(self._app)
        except EngineError as reason:
            log.warning("telling-refused", reason=str(reason))
