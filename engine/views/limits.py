"""How much time is left."""

from __future__ import annotations

from engine import deadlines
from engine.clock import parse
from engine.ports import Application


def remaining(app: Application, due_at: str | None, *, continuous: bool) -> float | None:
    """Return the minutes until ``due_at``, negative after it.

    Args:
        continuous: the limit runs day and night; else minutes of working time count.
    """
    if due_at is None:
        return None
    due, now, calendar = parse(due_at), app.clock.now(), app.references.calendar
    if continuous:
        return (due - now).total_seconds() / 60
    if due < now:
        return -deadlines.working_minutes(due, now, calendar)
    return deadlines.remaining(now, due, calendar)
