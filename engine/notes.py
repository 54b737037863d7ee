"""What people and diagrams write beside the flow: remarks, files, rows of registers.

No token moves. Where it is written is the executor's; what the event says is here.
"""

from __future__ import annotations

from typing import Any

from engine.commands import AddAttachment, AddComment, JsonObject
from engine.questions import Stuck


def remark(command: AddComment, by: str) -> JsonObject:
    """Return what is told of a remark about a task."""
    return {"text": command.text, "by": by}


def file(command: AddAttachment, by: str) -> JsonObject:
    """Return what is told of a file that is added to a task."""
    return {
        "attachment": command.attachment,
        "name": command.name,
        "media_type": command.media_type,
        "size": command.size,
        "sha256": command.sha256,
        "by": by,
    }


def row(inputs: JsonObject, *, unit: str | None, author: str) -> JsonObject:
    """Return what is told of a row in one or more registers (台账).

    What they show is rebuilt from this event alone.

    Args:
        inputs: of the service task: ``register``, ``row``, perhaps ``unit`` and ``author``.
        unit: of the case, where the inputs name none.
        author: likewise, a user name.

    Raises:
        Stuck: no register is named, or the row is no object.
    """
    named, entered = inputs.get("register"), inputs.get("row")
    registers = [named] if isinstance(named, str) else named
    if not isinstance(registers, list) or not registers or not all(map(_is_name, registers)):
        raise Stuck("register-failed", "The input 'register' names no register, or not by a text.")
    if not isinstance(entered, dict):
        raise Stuck("register-failed", "The input 'row' is no object: write {'column': value, …}.")
    unit, author = inputs.get("unit") or unit, inputs.get("author") or author
    if not _is_name(unit or "-") or not _is_name(author):
        raise Stuck("register-failed", "The inputs 'unit' and 'author' are a code and a user name.")
    return {"registers": sorted(set(registers)), "row": entered, "unit": unit, "author": author}


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200
