"""The topic ``register``: a row in a register (台账), entered at once."""

from __future__ import annotations

from typing import Any

from engine.commands import JsonObject
from engine.questions import Stuck
from engine.spiff.machine import Token
from engine.spiff.run import Run


def register(run: Run, token: Token, inputs: JsonObject) -> None:
    """Enter one row in one or more registers; what they show is rebuilt from this event.

    Raises:
        Stuck: no register is named, or the row is no object.
    """
    named, row = inputs.get("register"), inputs.get("row")
    registers = [named] if isinstance(named, str) else named
    if not isinstance(registers, list) or not registers or not all(map(_is_name, registers)):
        message = "The input 'register' names no register, or not by a text."
        raise Stuck("register-failed", message)
    if not isinstance(row, dict):
        message = "The input 'row' is no object: write {'column': value, …}."
        raise Stuck("register-failed", message)
    unit, author = inputs.get("unit") or run.case["unit"], inputs.get("author") or run.actor
    if not _is_name(unit or "-") or not _is_name(author):
        message = "The inputs 'unit' and 'author' are a code and a user name."
        raise Stuck("register-failed", message)
    run.tell(
        token,
        "row_registered",
        job=token.name,
        registers=sorted(set(registers)),
        row=row,
        unit=unit,
        author=author,
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200
