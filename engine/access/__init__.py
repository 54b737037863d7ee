"""Who may do what, and who sees what: the only place that decides it.

An actor is a user with the (role, unit) pairs of the day. A case is judged by a
few facts about it. ``rights`` is the table, as data; ``permission`` applies it,
``sight`` says which cases are seen, ``disclosure`` which fields of them,
``separation`` who may not do the next step.

* A unit above sees the cases below it, and acts in them only where its own role
  says so.
* A case that an actor may not see answers like one that is not there.
* Separation of duties compares persons and units, and binds ``admin`` too.

Pure: facts and the organisation come as arguments.
"""

from __future__ import annotations

from engine.access.actor import PUBLIC, Actor, CaseFacts, Task, TaskFacts
from engine.access.disclosure import (
    Reading,
    reading,
    reads_what_is_offered,
    reporter_reading,
    withhold,
)
from engine.access.permission import (
    TASK_ACTIONS,
    is_offered,
    may,
    may_of_unit,
    may_somewhere,
    require,
    require_reader,
    require_receiver,
    require_unit,
    task_actions,
)
from engine.access.rights import CHIEFS, RIGHTS, Right
from engine.access.separation import check_separation
from engine.access.sight import Scope, concerns, scope, sees

__all__ = [
    "CHIEFS",
    "PUBLIC",
    "RIGHTS",
    "TASK_ACTIONS",
    "Actor",
    "CaseFacts",
    "Reading",
    "Right",
    "Scope",
    "Task",
    "TaskFacts",
    "check_separation",
    "concerns",
    "is_offered",
    "may",
    "may_of_unit",
    "may_somewhere",
    "reading",
    "reads_what_is_offered",
    "reporter_reading",
    "require",
    "require_reader",
    "require_receiver",
    "require_unit",
    "scope",
    "sees",
    "task_actions",
    "withhold",
]
