"""What an executor asks of the world, and how it takes the answers.

Texts that are plain literals need no sandbox and are not asked. Several
expressions of one place go in one question: a question costs more than most
answers. An answer that is an error stops the step that asked. Nothing here knows
how an executor keeps a case.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, Protocol

from engine.bpmn.model import DataMapping, EventDefinition, Loop, LoopKind, TimerKind, Trigger
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


class Awaited(NamedTuple):
    """What an event is waited for with.

    Attributes:
        value: the moment of a timer, None while it has none; the keys of a message;
            whether a condition holds.
        cycle: the text of a timer's cycle, else None.
        provisional: the moment rests on a calendar year that is not official yet.
    """

    value: Any
    cycle: str | None = None
    provisional: bool = False


def awaited(
    run: Asking,
    definitions: Sequence[EventDefinition],
    at: Callable[[str], tuple[Site, Mapping[str, Any]]],
) -> list[Awaited | None]:
    """Evaluate all that events wait for, in one question.

    Args:
        at: purpose -> site of the question, and the names that it is answered from.

    Returns:
        One for each event; None for a timer that has no moment and never will.

    Raises:
        Stuck: one of them cannot be evaluated.
    """
    codes = [code for definition in definitions for code in codes_of(definition)]
    answers: Iterator[Answer] = iter(())
    if codes:
        timers = all(definition.trigger is Trigger.TIMER for definition in definitions)
        site, names = at("timer" if timers else "event")
        answers = iter(ask(run, site, codes, names))
    return [_awaited(run, one, list(islice(answers, len(codes_of(one))))) for one in definitions]


def _awaited(run: Asking, definition: EventDefinition, answers: list[Answer]) -> Awaited | None:
    if definition.trigger is Trigger.MESSAGE:
        keys = {
            one.key: value_of(answer, "correlation", one.value)
            for one, answer in zip(definition.correlation, answers, strict=True)
        }
        return Awaited(keys)
    if definition.trigger is Trigger.TIMER:
        due = due_of(run, definition, answers[0], since=run.now)
        if due is not None:
            return Awaited(due.due_at, due.cycle, due.provisional)
        # Not armed, but it may be: a later write of a name it mentions gives it a moment.
        return Awaited(None) if code_of(definition).names else None
    if definition.trigger is Trigger.CONDITIONAL:
        return Awaited(truth(answers[0], code_of(definition)))
    return Awaited(None)


# -- loops ---------------------------------------------------------------------------


def items_of(
    run: Asking, loop: Loop, site: Site, names: Mapping[str, Any], *, most: int
) -> list[Any]:
    """Return what a multi-instance activity has its instances of; none for a standard loop.

    Raises:
        Stuck: its text failed, gives no list or number, or more than ``most``.
    """
    if loop.kind is LoopKind.STANDARD:
        return []
    found: Any
    if loop.collection is not None:
        found = values(run, site, [loop.collection], names)[0]
        found = [found[key] for key in sorted(found)] if isinstance(found, dict) else found
        if not isinstance(found, list):
            raise _not(site.purpose, "a list", found, loop.collection.text)
    elif loop.cardinality is not None:
        number = values(run, site, [loop.cardinality], names)[0]
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise _not(site.purpose, "a whole number from 0", number, loop.cardinality.text)
        found = range(number)
    else:
        raise Stuck("collection-failed", "A multi-instance activity says of what.")
    if len(found) > most:
        raise Stuck("limit", f"{len(found):,} instances; at most {most:,} are allowed.")
    return list(found)


def _not(purpose: str, wanted: str, value: object, text: str) -> Stuck:
    message = f"This must be {wanted}, not {str(value)[:80]!r}."
    return Stuck(f"{purpose}-failed", message, expression=text)
