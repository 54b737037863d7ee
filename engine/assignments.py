"""Whom a task is offered to, and when it is due: what the answers to its texts mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from engine.bpmn.model import Group
from engine.commands import JsonObject
from engine.execution import Answer, Site
from engine.questions import Asking, Moment, Stuck, moment, value_of
from engine.scripts import Code

_INTEGERS = 2**63

Answers = Mapping[Code, Answer]


class Case(Asking, Protocol):
    """A command at work on a case.

    Attributes:
        case: what a text reads as ``case``.
    """

    case: dict[str, Any]


def text_of(answers: Answers, code: Code | None, what: str) -> str | None:
    """Return the user or unit that an expression names; None without one.

    Raises:
        Stuck: it failed or names something else.
    """
    if code is None:
        return None
    value = value_of(answers[code], "assignment", code)
    if value is not None and not isinstance(value, str):
        message = f"This must name a {what}, not {str(value)[:80]!r}."
        raise Stuck("assignment-failed", message, expression=code.text)
    return value or None


def candidates_of(
    run: Case,
    users: Sequence[Code],
    groups: Sequence[Group],
    answers: Answers,
    site: Callable[[], Site],
) -> list[JsonObject]:
    """Return the users and the roles in units that a task is offered to.

    Args:
        site: of the question in which unit somebody holds a role.

    Raises:
        Stuck: an expression failed, or no group is left of those that there are.
    """
    found: list[JsonObject] = []
    for code in users:
        value = value_of(answers[code], "assignment", code)
        named = value if isinstance(value, list) else [value]
        found += [{"user": one} for one in named if isinstance(one, str)]
    for group in groups:
        if group.unit is not None:
            unit = text_of(answers, group.unit, "unit")
            if unit is None:
                # The diagram itself says that this group is not asked now.
                continue
        else:
            answer = run.world.find_unit(site(), group.role, run.case.get("unit"))
            unit = answer.value if answer.error is None else value_of(answer, "assignment")
        found.append({"role": group.role, "unit": unit})
    if groups and not found:
        message = "No group is left to offer the task to: each of them names no unit."
        raise Stuck("assignment-failed", message)
    return found


def limit_of(run: Asking, answers: Answers, code: Code | None) -> Moment | None:
    """Return the moment that a limit of a task names; None without one.

    Raises:
        Stuck: its expression failed or names no moment.
    """
    if code is None:
        return None
    return moment(answers[code], code, since=run.now, now=run.now, purpose="assignment")


def priority_of(answers: Answers, code: Code | None) -> int | None:
    """Return the priority of a task; None without one.

    Raises:
        Stuck: its expression failed or names no whole number.
    """
    if code is None:
        return None
    value = value_of(answers[code], "assignment", code)
    try:
        priority = int(value)
    except (TypeError, ValueError, OverflowError):
        priority = _INTEGERS
    if abs(priority) >= _INTEGERS:
        message = f"A priority must be a whole number below 2^63, not {str(value)[:80]!r}."
        raise Stuck("assignment-failed", message, expression=code.text)
    return priority
