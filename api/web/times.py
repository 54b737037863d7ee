"""Moments as people read them: local, short, and how much working time is left."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.current import application
from api.web import language
from engine.clock import parse

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
"""A moment as expressions write it, in data that no form asks for."""


def zone() -> ZoneInfo:
    """Return the zone that people here live in."""
    return ZoneInfo(application().settings.time_zone)


def local(moment: str) -> datetime:
    """Return a recorded moment in local time."""
    return parse(moment).astimezone(zone())


def moment(value: str | None) -> str:
    """Return a moment as ``2026-09-18 09:00``; empty for None."""
    return "" if not value else local(value).strftime("%Y-%m-%d %H:%M")


def due(value: str | None) -> str:
    """Return a due moment as ``09-18 09:00``, with the year if it is not this one."""
    if not value:
        return ""
    at = local(value)
    this_year = application().clock.now().astimezone(zone()).year
    return at.strftime("%m-%d %H:%M" if at.year == this_year else "%Y-%m-%d %H:%M")


def is_withheld(value: Any) -> bool:
    """Say whether a datum was withheld from the reader, or erased."""
    return isinstance(value, dict) and bool({"$sealed", "$withheld"} & value.keys())


def plain(value: Any) -> str:
    """Return any case datum as people read it."""
    if is_withheld(value):
        return language.text("withheld")
    if value is None or value in ("", [], {}):
        return language.text("empty")
    if isinstance(value, bool):
        return language.text("yes" if value else "no")
    if isinstance(value, list):
        return "、".join(plain(one) for one in value)
    if isinstance(value, dict):
        return "；".join(f"{key}：{plain(one)}" for key, one in value.items())
    return _written(str(value))


def _written(value: str) -> str:
    """Return a text; a moment that an expression wrote as people read one."""
    if _MOMENT.fullmatch(value):
        try:
            return moment(value)
        except (ValueError, OverflowError):
            return value
    return value


def remaining(task: dict[str, Any]) -> str:
    """Return how much time is left for a task, or how much it is late.

    Counted on the working calendar, because a Friday afternoon is not three days;
    limits that run day and night say so.
    """
    minutes = task.get("remaining")
    if minutes is None:
        return ""
    kind = "elapsed" if task.get("continuous") else "working"
    if minutes < 0 or task.get("colour") == "red":
        return _left(abs(minutes), "{unit}_late" if kind == "working" else "elapsed_{unit}_late")
    return _left(minutes, f"{kind}_{{unit}}_left")


def _left(minutes: float, key: str) -> str:
    unit = "minutes" if minutes < 60 else "hours"
    count = int(minutes) if unit == "minutes" else int(minutes // 60)
    return language.text(key.format(unit=unit), n=count)


def spent(minutes: float, *, working: bool) -> str:
    """Return a duration in words: working hours, or hours and days of the clock."""
    if minutes < 60:
        unit, count = "minutes", int(minutes)
    elif working or minutes < 48 * 60:
        unit, count = "hours", int(minutes // 60)
    else:
        unit, count = "days", int(minutes // 1440)
    return language.text(f"spent_working_{unit}" if working else f"spent_{unit}", n=count)
