"""What can happen in a case, in the past tense, as plain JSON objects.

Every event of an element carries ``type, process, element, nth, path``:
``process`` is the key of the file's process, ``nth`` counts the visits of this
element of this process in the case from 1, and ``path`` lists the enclosing
scopes from the outside in, with instance keys (``["dept_call[D04]"]``).
``instance`` counts the instances of a multi-instance or loop from 0. Events of
the case as a whole name the process itself as their element, ``nth`` 1; a
``flow_taken`` names the element it leaves.

``FIELDS`` names what each type adds; a test compares every recorded history
with it. Optional fields end in ``?``.
"""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]

PLACE = ("process", "element", "nth", "path", "instance?")

FIELDS: dict[str, tuple[str, ...]] = {
    "case_started": (*PLACE, "business_key?", "unit?", "starter?", "links?"),
    "element_entered": PLACE,
    "element_left": (*PLACE, "cancelled?"),
    "flow_taken": (*PLACE, "flow"),
    "task_opened": (
        *PLACE,
        "task",
        "name",
        "candidates",
        "assignee?",
        "form?",
        "outcomes?",
        "priority?",
        "due_at?",
        "original_due_at?",
        "provisional?",
        "continuous?",
        "warn_at?",
        "follow_up_at?",
        "held?",
    ),
    "task_claimed": (*PLACE, "task", "assignee", "unit?"),
    "task_unclaimed": (*PLACE, "task"),
    "task_transferred": (*PLACE, "task", "assignee", "was?", "reason?", "unit?"),
    "task_completed": (*PLACE, "task", "outcome?", "by", "unit?"),
    "task_cancelled": (*PLACE, "task"),
    "task_held": (*PLACE, "task", "reason?", "review_at?"),
    "task_released": (*PLACE, "task", "due_at?", "provisional?"),
    "task_due_changed": (
        *PLACE,
        "task",
        "due_at?",
        "original_due_at?",
        "warn_at?",
        "provisional?",
        "reason?",
    ),
    "comment_added": (*PLACE, "task", "text", "by"),
    "attachment_added": (
        *PLACE,
        "task",
        "attachment",
        "name",
        "media_type",
        "size",
        "sha256",
        "by",
        "number?",
    ),
    "reminder_sent": (*PLACE, "task", "by", "count", "reason?"),
    "copy_sent": (*PLACE, "task", "by", "receivers", "reason?"),
    "copy_read": (*PLACE, "task", "by"),
    "signature_added": (*PLACE, "task", "of", "kind", "assignee", "by", "due_at?", "reason?"),
    "signature_opened": (*PLACE, "task", "of", "kind", "name", "assignee", "due_at?", "own_due?"),
    "signature_given": (*PLACE, "task", "of", "kind", "outcome", "by", "reason?"),
    "signature_removed": (*PLACE, "task", "of", "kind", "by?", "reason?"),
    "decision_taken": (*PLACE, "task", "by", "outcome?"),
    "decision_returned": (*PLACE, "task", "by"),
    "review_due": (*PLACE, "task", "by"),
    "data_written": (*PLACE, "scope", "names"),
    "timer_armed": (*PLACE, "timer", "due_at", "remaining?", "provisional?"),
    "timer_fired": (*PLACE, "timer", "due_at"),
    "timer_cancelled": (*PLACE, "timer"),
    "timer_held": (*PLACE, "timer", "remaining"),
    "message_awaited": (*PLACE, "subscription", "name", "correlation"),
    "message_received": (*PLACE, "subscription?", "name", "correlation", "open?"),
    "message_abandoned": (*PLACE, "subscription"),
    "message_sent": (*PLACE, "name", "correlation", "data", "received?"),
    "signal_awaited": (*PLACE, "subscription", "name"),
    "signal_received": (*PLACE, "subscription", "name", "open?"),
    "signal_abandoned": (*PLACE, "subscription"),
    "signal_sent": (*PLACE, "name", "data"),
    "error_thrown": (*PLACE, "code?", "message?"),
    "escalation_thrown": (*PLACE, "code?"),
    "compensation_thrown": (*PLACE, "activity?"),
    "compensation_started": (*PLACE, "handler?"),
    "compensation_completed": PLACE,
    "transaction_cancelled": PLACE,
    "job_opened": (*PLACE, "job", "topic", "data"),
    "job_completed": (*PLACE, "job"),
    "job_failed": (*PLACE, "job", "message", "code?"),
    "job_cancelled": (*PLACE, "job"),
    "row_registered": (*PLACE, "job", "registers", "row", "unit?", "author"),
    "incident_raised": (*PLACE, "incident", "code", "message", "expression?"),
    "incident_resolved": (*PLACE, "incident", "reason?"),
    "activities_offered": (*PLACE, "activities", "candidates"),
    "activity_started": (*PLACE, "activity", "by", "unit?"),
    "activities_closed": (*PLACE, "by?"),
    "instance_added": (*PLACE, "item", "reason?"),
    "instance_cancelled": (*PLACE, "reason?"),
    "tokens_moved": (*PLACE, "kind", "source?", "reason?"),
    "scope_held": (*PLACE, "reason?"),
    "scope_released": PLACE,
    "case_suspended": (*PLACE, "reason?", "review_at?"),
    "case_resumed": (*PLACE, "reason?"),
    "case_migrated": (*PLACE, "version", "reason?"),
    "element_migrated": (*PLACE, "was", "was_nth?"),
    "task_changed": (
        *PLACE,
        "task",
        "name",
        "candidates",
        "assignee?",
        "form?",
        "outcomes?",
        "priority?",
        "continuous?",
    ),
    "case_completed": (*PLACE, "end?"),
    "case_cancelled": (*PLACE, "end", "reason?", "into?"),
    "case_linked": (*PLACE, "case", "link", "reason?"),
    "case_unlinked": (*PLACE, "case", "reason?"),
}
