"""The columns of a marking, and the words that stand in them.

A marking is JSON: tables of rows by name. Rows are lists, since a case carries
its marking through every command and long keys would be most of it. A row is
never changed in place; it is replaced.

    control = {semantics, case, next, visits, scopes, tokens, tasks, joins,
               merges, subs, watch, actors, incidents, held, beside, counted, undo}

* ``visits``: process -> element -> how often it was entered.
* ``scopes``, ``tokens``, ``tasks``: by name. The name of a visit is
  ``process.element.nth``, of an instance ``process.element.nth.instance``; the
  case's own scope is ``""``. A task's token and its row here have the same name.
* ``joins``, ``merges``: scope -> parallel (inclusive) join -> flow -> tokens held.
* ``subs``: by number: what an activity, a token or a scope waits for.
* ``watch``: ``m:message``, ``s:signal``, ``d:datum`` -> the numbers of the
  subscriptions and the names of the tasks that it concerns, oldest first.
* ``actors``: ``process.element`` -> [user, unit] of everybody who completed it.
* ``incidents``: by number. ``held``: names of scopes and tasks on hold.
* ``beside``: task -> who is asked about it, and who has urged it (``asked``).
* ``counted``: scope -> datum -> how its moment was counted (``counted``).
* ``undo``: what can be compensated, and what is being compensated (``keeping``).

Tables that are empty are left out.
"""

from __future__ import annotations

from typing import Any

Row = list[Any]

# -- scopes -------------------------------------------------------------------

KIND, PROCESS, ELEMENT, PARENT, COUNT, NTH, INSTANCE, SUBS, STARTS, LABEL, LOOP = range(11)
"""Columns of a scope.

``PROCESS`` is the process of its content, ``ELEMENT`` the element it is the body
of, ``COUNT`` what is still going on inside: queued and waiting tokens, tokens
held in joins, open inner scopes and incidents. 0 is the only sign of completion.
``SUBS`` are the boundary subscriptions of the activity, ``STARTS`` those of the
event sub-processes inside. ``LABEL`` is the instance key of a frame, or the path
segment of a body when that is not the element. ``LOOP`` is a ``Row`` of counters; of the
body of an ad-hoc sub-process: [the candidates for its activities].
"""

CASE = "case"  # the process itself
BODY = "body"  # the content of a sub-process
CALL = "call"  # the content of a called process; data of its own
EVENT = "event"  # the content of an event sub-process
FRAME = "frame"  # one instance of a loop, or one activity with input mappings
MULTI = "multi"  # a multi-instance or looped activity as a whole
UNDO = "undo"  # around what compensates one completed activity

# -- counters of a MULTI scope --------------------------------------------------

MODE, TOTAL, ACTIVE, DONE, NEXT = range(5)
"""``NEXT`` is the number of the next instance; ``MODE`` is a ``LoopKind``."""

# -- tokens -------------------------------------------------------------------

T_ELEMENT, T_SCOPE, T_NTH, T_INSTANCE, T_STATE, T_SUBS, T_OUTCOME = range(7)
"""Columns of a token that waits."""

MOVING = "moving"  # entered, and about to go on in the same command
JOB = "job"
FAILED_JOB = "failed"
WAITING = "waiting"  # for what it subscribed to
THROWING = "throwing"  # its message or signal is still to be thrown
COMPENSATING = "compensating"  # for the compensation that it has thrown
RESETTING = "reset"  # outcome of a complex gateway's token that comes from its reset
STOPPED = "stopped"  # done, but its way out is an incident

# -- tasks --------------------------------------------------------------------

(
    ASSIGNEE,
    UNIT,
    CANDIDATES,
    DUE,
    ORIGINAL_DUE,
    WARN,
    SINCE,
    REMAINING,
    EXTENDED,
    SHIFT,
) = range(10)
"""Columns of an open task.

``SINCE`` is the moment it was opened, ``REMAINING`` the working time left while
it is on hold, ``EXTENDED`` that a person set its due moment by hand.
"""

# -- subscriptions --------------------------------------------------------------

(
    U_TYPE,
    U_HOST,
    U_SCOPE,
    U_ELEMENT,
    U_INDEX,
    U_VALUE,
    U_SINCE,
    U_TEXT,
    U_LEFT,
    U_SHIFT,
    U_FIRED,
) = range(11)
"""Columns of a subscription; the last five are those of timers only.

``U_HOST`` is the activity, token or scope that waits, ``U_SCOPE`` the scope whose
data it sees, ``U_INDEX`` the number of the event definition of ``U_ELEMENT``.
``U_VALUE`` is a timer's due moment, the correlation keys of a message, or what a
condition last said. ``U_SINCE`` is the moment that a timer's expression counts
from, ``U_TEXT`` the cycle it follows,
``U_LEFT`` the working time left while it is on hold. ``U_SHIFT`` is, after a hold,
[what was left, since when it counts, the due moment before the hold].
A timer without a due moment is not armed; ``U_FIRED`` is the one it fired for last:
it is armed again when its text gives a later one, never twice for one moment.
"""

# -- incidents ----------------------------------------------------------------

I_SCOPE, I_HOST, I_PROCESS, I_ELEMENT, I_NTH, I_PATH, I_INSTANCE, I_STEP, I_ARGUMENTS = range(9)
"""Columns of an open incident: where it is, and the step to take again."""
