"""Traces as a table for spreadsheets: a row for each visit of an activity."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from engine.event_logs.traces import Step, Trace
from engine.spreadsheets import harmless

HEAD = (
    "case", "number", "case_process", "version", "unit", "state", "process", "element",
    "activity", "activity_en", "kind", "nth", "instance", "run", "scheduled_at", "started_at",
    "ended_at", "due_at", "late", "cancelled", "outcome", "resource", "group",
)  # fmt: skip


def write(file: TextIO, traces: Iterable[Trace]) -> int:
    """Write a log, a case at a time; return how many there were."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(HEAD)
    count = 0
    for trace in traces:
        count += 1
        writer.writerows([harmless(one) for one in _row(trace, step)] for step in trace.steps)
    return count


def _row(trace: Trace, step: Step) -> tuple[object, ...]:
    visit = step.visit
    return (
        trace.id, trace.number, trace.process, trace.version, trace.unit,
        trace.end or trace.state, visit.process, visit.element, step.activity, step.english,
        step.kind, visit.nth, visit.instance, visit.run, visit.entered_at, visit.claimed_at,
        visit.left_at, visit.due_at, _flag(step.late), _flag(visit.cancelled), visit.outcome,
        step.by, visit.unit,
    )  # fmt: skip


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(int(value))
