"""Events become the rows people and the scheduler look at.

Inbox, timers, subscriptions, jobs, incidents and notes are copies: ``rebuild``
empties a case's rows and projects its history again, so nothing here may look
at anything but the events.
"""

from __future__ import annotations

from engine.projection.milestones import HOLDS, keep, kept
from engine.projection.milestones import LIST as MILESTONES
from engine.projection.place import CLOSED, END_OF_TIME, Entered
from engine.projection.rows import after, empty, forget_index, index, project, send, unit_found

__all__ = [
    "CLOSED",
    "END_OF_TIME",
    "HOLDS",
    "MILESTONES",
    "Entered",
    "after",
    "empty",
    "forget_index",
    "index",
    "keep",
    "kept",
    "project",
    "send",
    "unit_found",
]
