"""Recorded acts: which of them decide something, and how they are said on the new diagram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine import commands
from engine.backtest.books import Book, Mapped, Open, mapped, same_element
from engine.commands import Command

DECISIONS = frozenset({"complete_task", "give_signature"})
"""Acts on a task without which the record cannot be followed."""

ON_TASKS = DECISIONS | {
    "claim_task", "unclaim_task", "transfer_task", "suspend_task", "resume_task", "extend_task",
    "add_comment", "add_attachment", "add_signature", "remove_signature", "remind_task",
    "copy_task", "read_copy",
}  # fmt: skip
"""Acts on a task; those that decide nothing are left out where it is not there."""

WHOLE: Mapping[str, bool] = {
    "start_case": True, "cancel_case": True, "move_tokens": True, "start_activity": True,
    "complete_scope": True, "add_instance": True, "cancel_instance": True,
    "suspend_case": False, "resume_case": False, "link_case": False, "unlink_case": False,
    "hold_scope": False, "release_scope": False, "retry_incident": False,
    "recompute_deadlines": False,
}  # fmt: skip
"""Acts on the case, or a part of it: whether a refusal means that it cannot be followed."""


def translated(
    command: Command, mapping: Mapped, known: Mapping[str, Open], book: Book
) -> Command | None:
    """Return an act as the new diagram calls its elements; None if it is left out."""
    if isinstance(command, commands.MigrateCase | commands.RaiseIncident):
        return None
    changes: dict[str, Any] = {}
    if isinstance(command, commands.StartCase) and command.start is not None:
        changes["start"] = _element(mapping, command.process, command.start)
    elif isinstance(command, commands.MoveTokens):
        changes["target"] = _named(mapping, command.target)
        changes["source"] = _source(command.source, mapping, known, book)
    elif isinstance(command, commands.StartActivity | commands.CompleteScope):
        changes["scope"] = _named(mapping, command.scope)
    elif isinstance(command, commands.RecomputeDeadlines):
        changes["provisional"] = None
    elif isinstance(command, commands.RetryIncident):
        changes["incident"] = None
    elif isinstance(
        command,
        commands.AddInstance | commands.CancelInstance | commands.HoldScope | commands.ReleaseScope,
    ):
        changes["activity"] = _named(mapping, command.activity)
    return replace(command, **changes)


def _element(mapping: Mapped, process: str, element: str) -> str:
    found = mapped(mapping, (process, element))
    return element if found is None else found[1]


def _named(mapping: Mapped, name: str) -> str:
    """Return ``process.element.nth`` or ``process.element`` as the new diagram has it."""
    parts = name.split(".")
    if len(parts) < 2:
        names = {old: new for table in mapping.values() for old, new in table.items() if new}
        return names.get(name, name)
    parts[1] = _element(mapping, parts[0], parts[1])
    return ".".join(parts)


def _source(
    source: str | None, mapping: Mapped, known: Mapping[str, Open], book: Book
) -> str | None:
    if source is None:
        return None
    was = known.get(source)
    if was is None:
        return _named(mapping, source)
    found = same_element(book.tasks.values(), was, mapping)
    return source if found is None else found.name
