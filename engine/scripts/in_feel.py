"""Expressions of diagrams that are written in FEEL: evaluated in process, within a budget.

Beneath the data lie the same functions that Python is offered. A number that comes out
is the float next to it, since that is what data hold; a date or duration is its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine import feel
from engine.feel import syntax
from engine.feel.testing import nodes, reasons
from engine.scripts.feel_functions import NAMES, offered
from engine.scripts.outcome import Failure, Lookups, Outcome
from engine.scripts.values import LOCAL, Unfit, Walk

LIMITS = feel.Limits(steps=200_000, pattern_seconds=0.25)
_MAX_LENGTH = 20_000


@lru_cache(maxsize=4096)
def read(text: str) -> feel.Expression:
    """Return an expression ready to be evaluated.

    Raises:
        FeelError: it is none.
    """
    if len(text) > _MAX_LENGTH:
        raise feel.FeelError(f"It is longer than {_MAX_LENGTH:,} characters.", _MAX_LENGTH)
    found = feel.parse(text)
    for reason in reasons(found.tree):
        raise feel.FeelError(reason, 0)
    return found


@lru_cache(maxsize=4096)
def names(text: str) -> frozenset[str]:
    """Return the data that an expression may read, with the literals of ``value("x")``."""
    found = read(text)
    asked = {
        one.arguments[0].value
        for one in nodes(found.tree)
        if isinstance(one, syntax.Call)
        and one.function == syntax.Name("value")
        and one.arguments
        and isinstance(one.arguments[0], syntax.Literal)
        and isinstance(one.arguments[0].value, str)
    }
    return (found.names | found.perhaps | asked) - (NAMES & _called(text))


def unknown(text: str) -> frozenset[str]:
    """Return the functions that are called and that nobody offers."""
    made: set[str] = set()
    for one in nodes(read(text).tree):
        if isinstance(one, syntax.ContextOf):
            made |= {name for name, _ in one.entries}
        elif isinstance(one, syntax.FunctionOf):
            made |= {name for name, _ in one.parameters}
        elif isinstance(one, syntax.For | syntax.Quantified):
            made |= {name for name, _ in one.iterators}
    return _called(text) - made - NAMES - feel.BUILTINS.keys()


@lru_cache(maxsize=4096)
def _called(text: str) -> frozenset[str]:
    return frozenset(
        one.function.name
        for one in nodes(read(text).tree)
        if isinstance(one, syntax.Call) and isinstance(one.function, syntax.Name)
    )


def evaluate(
    text: str, inputs: Mapping[str, Any], now: datetime, seed: str, lookups: Lookups
) -> Outcome:
    """Return what an expression comes to; the arguments are those of the sandbox."""
    run = feel.Run(LIMITS, now.astimezone(LOCAL), seed)
    given = {name: inputs[name] for name in names(text) if name in inputs}
    functions = offered(
        lambda name, why: run.note(f"{name}: {why}"),
        run,
        given,
        lookups,
        _called(text) - given.keys(),
    )
    try:
        value = read(text).evaluate({**functions, **given}, run=run)
        return Outcome(Walk().plain(feel.to_json(value, exact=False)))
    except feel.FeelLimit as reason:
        return Outcome(error=Failure("limit", "FeelLimit", str(reason)))
    except Unfit as reason:
        message = f"The value cannot be kept: {reason}."
        return Outcome(error=Failure("error", "ValueError", message))
