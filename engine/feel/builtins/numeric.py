"""Functions of numbers."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import Any

from engine.feel import numbers
from engine.feel.builtins.registry import builtin
from engine.feel.numbers import CONTEXT
from engine.feel.run import Run
from engine.feel.temporal import MonthsDuration, TimeDuration


def _rounding(name: str, rounding: str, *, scale_may_lack: bool = False) -> None:
    @builtin(name, f"n: number, scale: number{'?' if scale_may_lack else ''}", "number")
    def function(run: Run, value: Decimal, scale: Decimal | None) -> Decimal | None:
        digits = 0 if scale is None else numbers.cut(scale)
        found = numbers.rounded(value, digits, rounding)
        if found is None:
            run.note(f"{name}() cannot round to {digits} digits.")
        return found


_rounding("decimal", ROUND_HALF_EVEN)
_rounding("floor", ROUND_FLOOR, scale_may_lack=True)
_rounding("ceiling", ROUND_CEILING, scale_may_lack=True)
_rounding("round up", ROUND_UP)
_rounding("round down", ROUND_DOWN)
_rounding("round half up", ROUND_HALF_UP)
_rounding("round half down", ROUND_HALF_DOWN)


@builtin("abs", "n: number", "number")
def _abs(_run: Run, value: Decimal) -> Decimal:
    return value.copy_abs()


@builtin("abs", "n: any")
def _abs_duration(run: Run, value: Any) -> Any:
    if isinstance(value, MonthsDuration):
        return MonthsDuration(abs(value.months))
    if isinstance(value, TimeDuration):
        return TimeDuration(abs(value.nanos))
    run.note("abs() takes a number or a duration.")
    return None


@builtin("modulo", "dividend: number, divisor: number", "number")
def _modulo(run: Run, dividend: Decimal, divisor: Decimal) -> Decimal | None:
    found = numbers.modulo(dividend, divisor)
    if found is None:
        run.note("modulo() has no such result.")
    return found


@builtin("sqrt", "number: number", "number")
def _sqrt(run: Run, value: Decimal) -> Decimal | None:
    if value < 0:
        run.note("A negative number has no square root.")
        return None
    return CONTEXT.sqrt(value)


@builtin("log", "number: number", "number")
def _log(run: Run, value: Decimal) -> Decimal | None:
    if value <= 0:
        run.note("Only a positive number has a logarithm.")
        return None
    return CONTEXT.ln(value)


@builtin("exp", "number: number", "number")
def _exp(run: Run, value: Decimal) -> Decimal | None:
    found = numbers.finite(CONTEXT.exp(value))
    if found is None:
        run.note("exp() of this is too large.")
    return found


@builtin("odd", "number: number", "boolean")
def _odd(_run: Run, value: Decimal) -> bool | None:
    rest = numbers.modulo(value, Decimal(2))
    return None if rest is None else rest == 1


@builtin("even", "number: number", "boolean")
def _even(_run: Run, value: Decimal) -> bool | None:
    rest = numbers.modulo(value, Decimal(2))
    return None if rest is None else rest == 0


@builtin("random number", "", "number")
def _random(run: Run) -> Decimal | None:
    found = run.chance()
    if found is None:
        run.note("random number() needs a seed, so that the decision can be made again.")
    return found
