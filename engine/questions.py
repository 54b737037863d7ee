"""What an executor asks of the world, and how it takes the answers.

Texts that are plain literals need no sandbox and are not asked. Several
expressions of one place go in one question: a question costs more than most
answers. An answer that is an error stops the step that asked. Nothing here knows
how an executor keeps a case.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from engine.bpmn.model import DataMapping, EventDefinition, TimerKind, Trigger
from engine.commands import JsonObject
from engine.deadlines import local_text
from engine.errors import EngineError
from engine.execution import Answer, Site, World
from engine.periods import Timer, parse_moment, parse_timer
from engine.scripts import RESERVED, Code


class Asking(Protocol):
    """A command at work, as far as questions go.

    Attributes:
        world: who answers.
        now: the command's moment; never the clock.
    """

    world: World
    now: datetime


class Stuck(Exception):
    """A step cannot be taken; it becomes an incident and may be tried again.

    Attributes:
        code: what kind of step failed.
        expression: the designer's text, if one failed.
        thrown: codes under which an error boundary event may catch it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        expression: str | None = None,
        thrown: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.code, self.message = code, message
        self.expression, self.thrown = expression, thrown


class LimitReached(Exception):
    """A command does too much: everything it did is dropped, and it becomes an incident."""


@lru_cache(maxsize=8192)
def constant(text: str) -> Answer | None:
    """Return the answer of a text that is a plain literal; None if it must be evaluated."""
    if text[:1] not in "'\"-0123456789" and text not in ("True", "False", "None"):
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return Answer(value) if isinstance(value, str | bool | int | None) else None


def ask(run: Asking, site: Site, codes: Sequence[Code], names: Mapping[str, Any]) -> list[Answer]:
    """Return the answer to each expression, errors among them."""
    if len(codes) == 1 and constant(codes[0].text) is None:
        return list(run.world.evaluate(site, codes, names))
    answers = [constant(code.text) for code in codes]
    open_ = [index for index, answer in enumerate(answers) if answer is None]
    if open_:
        given = run.world.evaluate(site, [codes[index] for index in open_], names)
        for index, answer in zip(open_, given, strict=True):
            answers[index] = answer
    return [answer for answer in answers if answer is not None]


def value_of(answer: Answer, purpose: str, code: Code | None = None) -> Any:
    """Return the value of an answer.

    Raises:
        Stuck: the answer is an error; time and memory that ran out are ``limit``
            and can never be caught by an error event.
    """
    error = answer.error
    if error is None:
        return answer.value
    message = f"{error['type']}: {error['message']}"
    text = None if code is None else code.text
    if error["kind"] == "limit":
        raise Stuck("limit", message, expression=text)
    thrown = (error["type"], error["message"])
    raise Stuck(f"{purpose}-failed", message, expression=text, thrown=thrown)


def values(run: Asking, site: Site, codes: Sequence[Code], names: Mapping[str, Any]) -> list[Any]:
    """Return the value of each expression.

    Raises:
        Stuck: one of them failed.
    """
    answers = ask(run, site, codes, names)
    return [
        value_of(answer, site.purpose, code) for answer, code in zip(answers, codes, strict=True)
    ]


def truth(answer: Answer, code: Code, purpose: str = "condition") -> bool:
    """Return what a condition says.

    Raises:
        Stuck: it failed, or says something other than true or false.
    """
    value = value_of(answer, purpose, code)
    if value is True or value is False:
        return bool(value)
    raise Stuck(
        f"{purpose}-failed",
        f"A condition must say True or False, not {str(value)[:80]!r}.",
        expression=code.text,
    )


def mapped(
    run: Asking, site: Site, mappings: Sequence[DataMapping], names: Mapping[str, Any]
) -> JsonObject:
    """Return the data that mappings give.

    Raises:
        Stuck: one of them failed.
    """
    found = values(run, site, [one.value for one in mappings], names)
    return {one.target: value for one, value in zip(mappings, found, strict=True)}


def run_script(run: Asking, site: Site, code: Code, names: Mapping[str, Any]) -> Answer:
    """Return the variables that a script assigned, and how moments among them were counted.

    Raises:
        Stuck: it failed, or assigned what is read only.
    """
    answer = run.world.run(site, code, names)
    assigned: JsonObject = value_of(answer, site.purpose, code) or {}
    demand_writable(assigned)
    return Answer(assigned, counted=answer.counted)


def demand_writable(names: Iterable[str]) -> None:
    """Refuse that a script assigns what only the engine sets.

    Raises:
        Stuck: it does.
    """
    for name in names:
        if name in RESERVED:
            raise Stuck("script-failed", f"A script cannot assign {name!r}; the engine sets it.")


# -- moments -------------------------------------------------------------------------


class Moment(NamedTuple):
    """A moment that a limit names.

    Attributes:
        due_at: RFC 3339.
        cycle: the text of a cycle, else None.
        provisional: it rests on a calendar year that is not official yet.
    """

    due_at: str
    cycle: str | None = None
    provisional: bool = False


def moment(
    answer: Answer, code: Code, *, since: datetime, now: datetime, purpose: str
) -> Moment | None:
    """Return the moment that a timer or due date names, counted from ``since``.

    None when the answer is None, or a cycle has no firing left.

    Raises:
        Stuck: it failed or names no moment.
    """
    value = value_of(answer, purpose, code)
    if value is None:
        return None
    if not isinstance(value, str):
        message = f"A limit must be a duration or a moment, not {str(value)[:80]!r}."
        raise Stuck(f"{purpose}-failed", message, expression=code.text)
    try:
        timer = parsed(value)
        first = timer.armed(since).first(now) if timer.cycle else timer.first(since)
    except EngineError as refusal:
        raise Stuck(f"{purpose}-failed", refusal.message, expression=code.text) from None
    if first is None:
        return None
    return Moment(local_text(first), value if timer.cycle else None, answer.provisional)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Timer:
    """Return what a timer's text says; as ``parse_timer``, remembered."""
    return parse_timer(text)


# -- events that are waited for ------------------------------------------------------


def due_of(
    run: Asking, definition: EventDefinition, answer: Answer, *, since: datetime
) -> Moment | None:
    """Return the next firing of a timer whose text gave ``answer``; None if there is none.

    Raises:
        Stuck: it names no moment, or a repetition would fire at once for ever.
    """
    code = code_of(definition)
    due = moment(answer, code, since=since, now=run.now, purpose="timer")
    if due is None or due.cycle is not None or definition.timer is not TimerKind.CYCLE:
        return due
    if parse_moment(due.due_at) <= run.now:
        raise Stuck("timer-failed", "A repeating timer must lie ahead.", expression=code.text)
    return due


def code_of(definition: EventDefinition) -> Code:
    """Return a timer's or condition's text.

    Raises:
        Stuck: it has none.
    """
    if definition.value is None:
        raise Stuck("timer-failed", f"A {definition.trigger} event says nothing to wait for.")
    return definition.value


def codes_of(definition: EventDefinition) -> list[Code]:
    """Return what is evaluated before an event is waited for."""
    if definition.trigger is Trigger.MESSAGE:
        return [one.value for one in definition.correlation]
    return [] if definition.value is None else [definition.value]
