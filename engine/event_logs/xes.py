"""Traces as XES, the eXtensible Event Stream of IEEE 1849-2016.

Each visit of an activity has an event as it is scheduled, one as it is started (signed
for), and one as it ends: ``complete``, or, where it was cut off, ``ate_abort`` if it had been
started and ``withdraw`` if not. The standard extensions concept, time, lifecycle and org tell
what they can; the rest is of our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from engine.event_logs.traces import Step, Trace
from engine.mining.visits import Visit

Attribute = tuple[str, str, str]
"""The XES element (string, date, int, float, boolean, id), the key and the value."""

_STANDARD = "http://www.xes-standard.org"
_EXTENSIONS = (
    ("Concept", "concept", f"{_STANDARD}/concept.xesext"),
    ("Time", "time", f"{_STANDARD}/time.xesext"),
    ("Lifecycle", "lifecycle", f"{_STANDARD}/lifecycle.xesext"),
    ("Organizational", "org", f"{_STANDARD}/org.xesext"),
    ("Bihuan", "bihuan", "urn:bihuan:xesext:1"),
)
_GLOBALS = """\
  <global scope="trace">
    <string key="concept:name" value=""/>
    <string key="bihuan:process" value=""/>
  </global>
  <global scope="event">
    <string key="concept:name" value=""/>
    <string key="concept:instance" value=""/>
    <string key="lifecycle:transition" value="complete"/>
    <date key="time:timestamp" value="1970-01-01T00:00:00Z"/>
    <string key="bihuan:element" value=""/>
  </global>
  <classifier name="Activity" keys="concept:name"/>
  <classifier name="Element" keys="bihuan:element"/>
  <classifier name="Element_and_transition" keys="bihuan:element lifecycle:transition"/>
  <string key="concept:name" value="Bihuan"/>
  <string key="lifecycle:model" value="standard"/>
"""

_SPECIAL = re.compile('[&<>"\t\n\r]|[^\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')
"""What cannot stand as it is: it has a meaning, or is no Char of XML 1.0."""
_WRITTEN = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;",
    "\r": "&#13;",
}  # fmt: skip
_UNNAMEABLE = re.compile(
    "[^-.0-9A-Z_a-z\u00b7\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u1fff\u200c\u200d\u203f\u2040"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff]"
)
"""What is no NameChar of XML 1.0, and the colon: the key of an attribute is a Name."""


def write(file: TextIO, traces: Iterable[Trace]) -> int:
    """Write a log, a trace at a time; return how many there were."""
    file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    file.write(f'<log xes.version="1849.2016" xes.features="" xmlns="{_STANDARD}/">\n')
    for name, prefix, uri in _EXTENSIONS:
        file.write(f'  <extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n')
    file.write(_GLOBALS)
    count = 0
    for trace in traces:
        count += 1
        file.write("  <trace>\n")
        file.writelines(_line(one, 4) for one in _of_trace(trace))
        for event in _events(trace):
            file.write("    <event>\n")
            file.writelines(_line(one, 6) for one in event)
            file.write("    </event>\n")
        file.write("  </trace>\n")
    file.write("</log>\n")
    return count


def _line(attribute: Attribute, indent: int) -> str:
    kind, key, value = attribute
    return f'{" " * indent}<{kind} key="{key}" value="{_legal(value)}"/>\n'


def _legal(value: str) -> str:
    """Return a text as it stands in an attribute; what no XML may hold is replaced."""
    return _SPECIAL.sub(lambda one: _WRITTEN.get(one[0], "\ufffd"), value)


def _of_trace(trace: Trace) -> Iterator[Attribute]:
    yield "string", "concept:name", trace.id
    yield "string", "bihuan:process", trace.process
    yield "int", "bihuan:version", str(trace.version)
    yield "string", "bihuan:state", trace.end or trace.state
    yield "date", "bihuan:created_at", trace.created_at
    if trace.ended_at is not None:
        yield "date", "bihuan:ended_at", trace.ended_at
    for name, value in (("number", trace.number), ("unit", trace.unit)):
        if value is not None:
            yield "string", f"bihuan:{name}", value
    yield from _data(trace)


def _data(trace: Trace) -> Iterator[Attribute]:
    """Yield what figures are counted by. No two attributes of a trace may have the same key."""
    taken: set[str] = set()
    for name, datum in trace.data.items():
        key = _UNNAMEABLE.sub("_", name)
        while key in taken:
            key += "_"
        taken.add(key)
        yield typed(datum), f"bihuan:data:{key}", told(datum)


def typed(value: str | float | bool) -> str:
    """Return the XES element of a plain value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int"
    return "float" if isinstance(value, float) else "string"


def told(value: str | float | bool) -> str:
    """Return a plain value as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _events(trace: Trace) -> Iterator[list[Attribute]]:
    """Yield the events of a trace in the order in which they happened."""
    found = [
        (place, rank, at, transition, step)
        for step in trace.steps
        for rank, (place, at, transition) in enumerate(_transitions(step))
    ]
    found.sort(key=lambda one: one[:2])
    for _, _, at, transition, step in found:
        yield [*_of_event(step, transition), ("date", "time:timestamp", at)]


def _transitions(step: Step) -> Iterator[tuple[int, str, str]]:
    """Yield (which event of the history, when, what) of a visit."""
    visit = step.visit
    yield visit.began, visit.entered_at, "schedule"
    if visit.task is None:
        yield visit.began, visit.entered_at, "start"
    elif visit.signed is not None and visit.claimed_at is not None:
        yield visit.signed, visit.claimed_at, "start"
    if visit.ended is not None and visit.left_at is not None:
        yield visit.ended, visit.left_at, _end(visit)


def _end(visit: Visit) -> str:
    """Return the transition by which a visit ended."""
    if not visit.cancelled:
        return "complete"
    waited = visit.task is not None and visit.claimed_at is None
    return "withdraw" if waited else "ate_abort"


def _of_event(step: Step, transition: str) -> Iterator[Attribute]:
    visit = step.visit
    yield "string", "concept:name", step.activity
    yield "string", "concept:instance", step.id
    yield "string", "lifecycle:transition", transition
    yield "string", "bihuan:element", step.element
    yield "string", "bihuan:kind", step.kind
    if transition != "schedule" and step.by is not None:
        yield "string", "org:resource", step.by
        if visit.unit is not None:
            yield "string", "org:group", visit.unit
    if visit.due_at is not None:
        yield "date", "bihuan:due_at", visit.due_at
    if transition == "complete":
        if visit.outcome is not None:
            yield "string", "bihuan:outcome", visit.outcome
        if step.late is not None:
            yield "boolean", "bihuan:late", told(step.late)
