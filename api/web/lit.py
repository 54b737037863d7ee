"""A case's diagrams with what has happened in them: which elements are lit, and how."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from flask import current_app

from api.current import application
from api.routes.tasks import BACK
from api.web import diagrams, language, times
from engine import deadlines, definitions, store
from engine.clock import parse, text
from engine.commands import JsonObject
from engine.definitions import Pinned

VIEWER = "built/case.js"


def has_viewer() -> bool:
    """Tell whether the scripts of the pages were built (``make run`` does)."""
    return (Path(current_app.static_folder or "") / VIEWER).exists()


NOTED = 5
"""Of so many visits it is said who completed them, the last ones."""


@dataclass(slots=True)
class _Element:
    """What has happened to one element.

    Attributes:
        inside: how often it is entered now.
        visits: how often it was entered.
        minutes: how long its visits took that are over; of a task with a limit in working
            time those of working time, else those of the clock.
        longest: the longest of them.
        since: by visit when it was entered, as long as it is not left.
    """

    inside: int = 0
    visits: int = 0
    minutes: float = 0
    longest: float = 0
    is_working: bool = False
    since: dict[tuple[int, int | None], str] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)
    notes: deque[str] = field(default_factory=lambda: deque(maxlen=NOTED))


Elements = dict[tuple[str, str], _Element]


def diagrams_of(
    case: JsonObject, entries: Iterable[JsonObject], pinned: Pinned
) -> list[JsonObject]:
    """Return the diagrams that the case has been in, its own first.

    Each has ``key``, ``name``, ``xml``, ``marks`` (element -> classes out of ``done``,
    ``current``, ``late``, ``returned``, ``undone``), ``notes`` (element -> lines: who,
    when, how) and ``visits`` (element -> how often and how long, in words).
    """
    elements = _elements(entries, now=text(application().clock.now()))
    keys = list(dict.fromkeys([case["process"], *(key for key, _ in elements)]))
    found = [_diagram(key, elements, pinned) for key in keys if key in pinned.bundle.processes]
    # One that was written as text and never laid out has no picture.
    return [one for one in found if "BPMNShape" in one["xml"]]


def _diagram(key: str, elements: Elements, pinned: Pinned) -> JsonObject:
    mine = {one: found for (process, one), found in elements.items() if process == key}
    for found in mine.values():
        if found.inside > 0:
            found.marks.add("current")
    return {
        "key": key,
        "name": diagrams.process_name(pinned.bundle.processes[key]),
        "xml": xml_of(key, pinned),
        "marks": {one: sorted(found.marks) for one, found in mine.items() if found.marks},
        "notes": {one: [*found.notes] for one, found in mine.items() if found.notes},
        "visits": {one: _badge(found) for one, found in mine.items() if _is_shown(found)},
    }


def visits(entries: Iterable[JsonObject], pinned: Pinned) -> list[JsonObject]:
    """Return how often each step was entered and how long it took, in the order of coming.

    Returns:
        ``{process, title, visits, open, spent, longest, is_late}`` of each element where
        something takes time; durations in words.
    """
    found = []
    for (key, element), one in _elements(entries, now=text(application().clock.now())).items():
        process = pinned.bundle.processes.get(key)
        node = None if process is None else process.nodes.get(element)
        if process is None or node is None or not _is_shown(one):
            continue
        found.append(
            {
                "process": diagrams.process_name(process),
                "title": diagrams.title(node),
                "visits": one.visits,
                "open": one.inside,
                "spent": times.spent(one.minutes, working=one.is_working),
                "longest": times.spent(one.longest, working=one.is_working),
                "is_late": "late" in one.marks,
            }
        )
    return found


def _is_shown(one: _Element) -> bool:
    """Whether it is worth telling how long an element took: tasks, and what made people wait."""
    return one.visits > 0 and (one.is_working or one.visits > 1 or one.minutes >= 1)


def _badge(one: _Element) -> str:
    often = f"×{one.visits} " if one.visits > 1 else ""
    return often + (times.spent(one.minutes, working=one.is_working) if one.minutes else "")


def xml_of(key: str, pinned: Pinned) -> str:
    """Return a diagram as the case has pinned it."""
    with application().database.reading() as tx:
        number = int(pinned.versions["processes"][key]["version"])
        version = definitions.version(tx, key, number)
        return store.get_blob(tx, version.files[0]["sha256"]).decode()


def _elements(entries: Iterable[JsonObject], *, now: str) -> Elements:
    found: Elements = {}
    dues: dict[str, tuple[tuple[str, str], str]] = {}
    for entry in entries:
        for event in entry["events"]:
            if not event.get("element"):
                continue
            place = (event["process"], event["element"])
            one = found.setdefault(place, _Element())
            if event["type"] == "element_migrated":
                # The visit goes on there; what happened before stays told where it happened.
                found.setdefault((event["process"], event["was"]), _Element()).inside -= 1
            _mark(one, event, entry)
            _follow_due(found, dues, place, event, at=entry["at"])
    for place, due in dues.values():
        _breach(found[place], due, now)
    return found


def _mark(one: _Element, event: JsonObject, entry: JsonObject) -> None:
    kind = event["type"]
    _count(one, event, entry["at"])
    if kind in ("element_entered", "element_migrated"):
        one.inside += 1
    elif kind == "element_left":
        one.inside -= 1
        one.marks.add("returned" if event.get("cancelled") else "done")
    elif kind == "compensation_completed":
        one.marks.add("undone")
    elif kind == "task_completed":
        outcome = event.get("outcome")
        if outcome and BACK & set(str(outcome).split("_")):
            one.marks.add("returned")
        at = times.moment(entry["at"])
        name = diagrams.person(event.get("by")) or language.text("by_system")
        one.notes.append(f"{at} {name}" + (f" · {outcome}" if outcome else ""))


def _count(one: _Element, event: JsonObject, at: str) -> None:
    """Count a visit, and when it is over the time that it took."""
    kind, visit = event["type"], (event["nth"], event.get("instance"))
    if kind == "element_entered":
        # A visit and its instances pass the same time: the visit alone counts.
        one.visits += visit[1] is None
        one.since[visit] = at
    elif kind == "task_opened":
        one.is_working = one.is_working or not event.get("continuous")
    elif kind == "element_left" and visit in one.since:
        since = one.since.pop(visit)
        if visit[1] is None and since != at:
            took = _minutes(since, at, working=one.is_working)
            one.minutes += took
            one.longest = max(one.longest, took)


def _minutes(since: str, until: str, *, working: bool) -> float:
    start, end = parse(since), parse(until)
    if working:
        return deadlines.working_minutes(start, end, application().references.calendar)
    return (end - start).total_seconds() / 60


def _follow_due(
    found: Elements,
    dues: dict[str, tuple[tuple[str, str], str]],
    place: tuple[str, str],
    event: JsonObject,
    *,
    at: str,
) -> None:
    """Keep the due moment of each open task; say so when it is done after it."""
    task, kind = event.get("task"), event["type"]
    if task is None:
        return
    if event.get("due_at") and kind in {"task_opened", "task_due_changed", "task_released"}:
        dues[task] = (place, event["due_at"])
    elif kind in {"task_completed", "task_cancelled"} and task in dues:
        _, due = dues.pop(task)
        _breach(found[place], due, at)


def _breach(one: _Element, due: str, at: str) -> None:
    if parse(due) < parse(at):
        one.marks.add("late")
