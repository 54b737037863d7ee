"""What the engine offers in FEEL beside its own functions.

The same that scripts are offered: amounts of working time, look-ups in lists, a datum
that may be missing. Times are *tagged* contexts such as ``{"$amount": 3, "unit": "WD"}``;
what a working day is, ``deadlines`` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine import feel
from engine.feel.temporal import TimeDuration
from engine.scripts.outcome import Lookups

_UNITS = {"WD": 480, "WH": 60, "EH": 60, "MIN": 1}
_WORKING = ("WD", "WH")
_FIELDS = {"$amount", "unit"}
_MOMENT = feel.parse("date and time(text)", ("text",))
_ORDER = {name: feel.parse(f"{name}(one, other)", ("one", "other")) for name in ("before", "after")}

NAMES = frozenset(
    {
        "value", "working_days", "working_hours", "elapsed_hours", "minutes", "amount", "part",
        "longest", "shortest", "after", "before", "end_of_day", "moment", "lookup", "rows",
        "unit", "unit_at", "department",
    }
)  # fmt: skip


Tell = Callable[[str, str], None]
"""Takes the name of a function, and why it gives null."""


def offered(
    tell: Tell, run: feel.Run, data: Mapping[str, Any], lookups: Lookups, wanted: frozenset[str]
) -> dict[str, feel.Function]:
    """Return the functions of these names.

    Args:
        data: what ``value`` reads, in plain JSON.
        lookups: answers what lists and the organisation are asked.
    """
    if wanted.isdisjoint(NAMES):
        return {}
    found = _Functions(tell, run, data, lookups).offered()
    return {name: one for name, one in found.items() if name in wanted}


class _Misfit(ValueError):
    """An argument is not what is due."""


class _Functions:
    def __init__(
        self, tell: Tell, run: feel.Run, data: Mapping[str, Any], lookups: Lookups
    ) -> None:
        self.tell, self.run, self.data, self.lookups = tell, run, data, lookups

    def offered(self) -> dict[str, feel.Function]:
        """Return all of them, by name."""
        found = {
            "amount": self._function("amount", ("n", "unit"), _amount),
            "part": self._function("part", ("amount", "fraction"), _part),
            "longest": self._function("longest", ("a", "b"), _longest),
            "shortest": self._function("shortest", ("a", "b"), _shortest),
            "after": self._function("after", None, self._after),
            "before": self._function("before", None, self._before),
            "end_of_day": self._function("end_of_day", (), lambda: {"$end_of_day": None}),
            "moment": self._function("moment", ("text",), self._moment),
            "value": self._function("value", None, self._value),
        }
        for name, unit in (
            ("working_days", "WD"), ("working_hours", "WH"), ("elapsed_hours", "EH"),
            ("minutes", "MIN"),
        ):  # fmt: skip
            found[name] = self._function(name, ("n",), _of_unit(unit))
        for name in ("lookup", "rows", "unit", "unit_at", "department"):
            found[name] = self._function(name, None, self._looking(name))
        return found

    def _function(
        self, name: str, parameters: tuple[str, ...] | None, call: Callable[..., Any]
    ) -> feel.Function:
        def answer(*values: Any, **named: Any) -> Any:
            try:
                return call(*values, **named)
            except (ValueError, TypeError) as reason:
                said = str(reason) if isinstance(reason, ValueError) else "wrong arguments"
                self.tell(f"{name}()", said)
                return None

        return feel.Function(parameters, answer, name)

    def _value(self, name: str, default: Any = None) -> Any:
        return feel.from_json(self.data[name]) if name in self.data else default

    def _moment(self, text: Any) -> Any:
        if not isinstance(text, str):
            return text
        found = _MOMENT.evaluate({"text": text})
        local = _MOMENT.evaluate({"text": f"{text}+08:00"})
        # A moment without an offset is one here.
        found = local if local is not None else found
        if found is None:
            raise _Misfit(f"a moment such as 2026-09-18T09:00 is due here, not {_shown(text)}")
        return found

    def _after(self, *values: Any) -> Any:
        return self._moved("after", *values)

    def _before(self, *values: Any) -> Any:
        return self._moved("before", *values)

    def _moved(self, name: str, start: Any, length: Any) -> Any:
        """Return a moment that is counted; FEEL's own answer where no length is given."""
        if isinstance(length, TimeDuration):
            return {f"${name}": [start, {"$duration": Decimal(length.nanos) / 10**9}]}
        if isinstance(length, dict) and length.keys() == _FIELDS:
            return {f"${name}": [start, length]}
        return _ORDER[name].evaluate({"one": start, "other": length}, run=self.run)

    def _looking(self, name: str) -> Callable[..., Any]:
        def look(*values: Any, **named: Any) -> Any:
            given = [feel.to_json(one) for one in values]
            keys = {key: feel.to_json(one) for key, one in named.items()}
            if name in ("lookup", "rows"):
                if "list" in keys and not given:
                    given = [keys.pop("list")]
                if len(given) > 1 and isinstance(given[1], dict):
                    keys.update(given.pop())
            return feel.from_json(getattr(self.lookups, name)(*given, **keys))

        return look


def _of_unit(unit: str) -> Callable[[Any], Any]:
    return lambda n: _amount(n, unit)


def _number(value: Any) -> Decimal:
    if isinstance(value, str):
        value = feel.from_json(value, feel.types.named("number"))
    if not isinstance(value, Decimal):
        raise _Misfit(f"a number is due here, not {_shown(value)}")
    return value


def _amount(n: Any, unit: Any) -> dict[str, Any]:
    if unit not in _UNITS:
        raise _Misfit(f"the unit is WD, WH, EH or MIN, not {_shown(unit)}")
    return {"$amount": _number(n), "unit": unit}


def _minutes(amount: Any) -> Decimal:
    if not isinstance(amount, dict) or amount.keys() != _FIELDS:
        raise _Misfit(f"an amount of time such as working_days(3) is due, not {_shown(amount)}")
    found: Decimal = amount["$amount"] * _UNITS[amount["unit"]]
    return found


def _part(amount: Any, fraction: Any) -> dict[str, Any]:
    _minutes(amount)
    share = (amount["$amount"] * _number(fraction)).quantize(Decimal(10) ** -9)
    return {"$amount": share, "unit": amount["unit"]}


def _is_longer(a: Any, b: Any) -> bool:
    first, second = _minutes(a), _minutes(b)
    if (a["unit"] in _WORKING) != (b["unit"] in _WORKING):
        raise _Misfit(
            f"{a['unit']} and {b['unit']} run on different clocks: "
            "compare WD with WH, and EH with MIN"
        )
    return first > second


def _longest(a: Any, b: Any) -> Any:
    return b if _is_longer(b, a) else a


def _shortest(a: Any, b: Any) -> Any:
    return b if _is_longer(a, b) else a


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return feel.kind(value)
    text = feel.to_json(value)
    return repr(text)[:80] if isinstance(text, str) else str(text).lower()[:80]
