"""What this executor asks of the world, and how it takes the answers.

Every text of a designer goes to the sandbox through ``World``; SpiffWorkflow's
own script engine is never reached. Plain literals are not asked.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from engine.bpmn.model import DataMapping
from engine.commands import JsonObject
from engine.deadlines import local_text
from engine.errors import EngineError
from engine.execution import Answer, Site
from engine.periods import Timer, parse_timer
from engine.scripts import Code
from engine.spiff.data import demand_writable
from engine.spiff.run import Run, StuckError


@lru_cache(maxsize=4096)
def literal(text: str) -> Answer | None:
    """Return the answer of a text that is a plain literal; None if it must be asked."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    plain = value is None or type(value) in (str, bool, int)
    return Answer(value) if plain and text == text.strip() else None


def ask(run: Run, site: Site, codes: Sequence[Code], names: Mapping[str, Any]) -> list[Answer]:
    """Return the answer to each expression, errors among them."""
    known = [literal(code.text) for code in codes]
    wanted = [code for code, answer in zip(codes, known, strict=True) if answer is None]
    given = iter(run.world.evaluate(site, wanted, names) if wanted else ())
    return [next(given) if answer is None else answer for answer in known]


def value_of(answer: Answer, purpose: str, code: Code | None = None) -> Any:
    """Return the value of an answer.

    Raises:
        StuckError: it is an error; what ran out of time or memory is ``limit``.
    """
    error = answer.error
    if error is None:
        return answer.value
    message = f"{error['type']}: {error['message']}"
    text = None if code is None else code.text
    if error["kind"] == "limit":
        raise StuckError("limit", message, expression=text)
    thrown = (error["type"], error["message"])
    raise StuckError(f"{purpose}-failed", message, expression=text, thrown=thrown)


def values(run: Run, site: Site, codes: Sequence[Code], names: Mapping[str, Any]) -> list[Any]:
    """Return the value of each expression.

    Raises:
        StuckError: one of them failed.
    """
    answers = ask(run, site, codes, names)
    return [value_of(one, site.purpose, code) for one, code in zip(answers, codes, strict=True)]


def truth(answer: Answer, code: Code) -> bool:
    """Return what a condition says.

    Raises:
        StuckError: it failed, or says something other than true or false.
    """
    value = value_of(answer, "condition", code)
    if isinstance(value, bool):
        return value
    message = f"A condition must say True or False, not {str(value)[:80]!r}."
    raise StuckError("condition-failed", message, expression=code.text)


def mapped(
    run: Run, site: Site, mappings: Sequence[DataMapping], names: Mapping[str, Any]
) -> JsonObject:
    """Return the data that mappings give.

    Raises:
        StuckError: one of them failed.
    """
    found = values(run, site, [one.value for one in mappings], names)
    return {one.target: value for one, value in zip(mappings, found, strict=True)}


def run_script(run: Run, site: Site, code: Code, names: Mapping[str, Any]) -> Answer:
    """Return the variables that a script assigned, and how moments among them were counted.

    Raises:
        StuckError: it failed, or assigned what is read only.
    """
    answer = run.world.run(site, code, names)
    assigned: JsonObject = value_of(answer, site.purpose, code) or {}
    demand_writable(assigned)
    return Answer(assigned, counted=answer.counted)


class Moment(NamedTuple):
    """A moment that a limit names; ``cycle`` is the text of a cycle, else None."""

    due_at: str
    cycle: str | None = None
    provisional: bool = False


def moment(
    answer: Answer, code: Code, *, since: datetime, now: datetime, purpose: str
) -> Moment | None:
    """Return the moment that a timer or due date names, counted from ``since``.

    None when the answer is None, or a cycle has no firing left. Never the clock:
    what a timer counts from is the moment of a command.

    Raises:
        StuckError: it failed or names no moment.
    """
    value = value_of(answer, purpose, code)
    if value is None:
        return None
    if not isinstance(value, str):
        message = f"A limit must be a duration or a moment, not {str(value)[:80]!r}."
        raise StuckError(f"{purpose}-failed", message, expression=code.text)
    try:
        timer = parsed(value)
        first = timer.armed(since).first(now) if timer.cycle else timer.first(since)
    except EngineError as refusal:
        raise StuckError(f"{purpose}-failed", refusal.message, expression=code.text) from None
    if first is None:
        return None
    return Moment(local_text(first), value if timer.cycle else None, answer.provisional)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Timer:
    """Return what a timer's text says, remembered."""
    return parse_timer(text)
