"""When a form field is hidden: form-js's ``conditional.hide``, as far as it compares.

Understood: ``=name = literal`` and the other five comparisons, joined by ``and``
or by ``or``; literals are texts, numbers, ``true``, ``false`` and ``null``.
Everything else is refused when the form is deployed, because a condition that
the server cannot judge would leave it open which fields may be empty. These are
comparisons of values, not code: nothing here can call, loop or reach anything.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 500

_TERM = re.compile(
    r'\s*([A-Za-z_]\w*)\s*(!=|<=|>=|=|<|>)\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null)\s*'
)
_JOINT = re.compile(r"(and|or)\b")
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """``name operator literal``."""

    name: str
    operator: str
    literal: Any

    def holds(self, names: Mapping[str, Any]) -> bool:
        """Say whether it is true; a name that is missing counts as null."""
        value = names.get(self.name)
        if self.operator in ("=", "!="):
            return _same(value, self.literal) == (self.operator == "=")
        if not _comparable(value, self.literal):
            return False
        return _ORDER[self.operator](value, self.literal)


@dataclass(frozen=True, slots=True)
class Condition:
    """Comparisons that must all hold (``every``), or one of them."""

    comparisons: tuple[Comparison, ...]
    every: bool

    def holds(self, names: Mapping[str, Any]) -> bool:
        """Say whether the condition is true for these values."""
        answers = [one.holds(names) for one in self.comparisons]
        return all(answers) if self.every else any(answers)


def parse(text: str) -> Condition:
    """Return the condition that ``text`` writes.

    Raises:
        ValueError: it is more than a chain of comparisons; the message says where.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"it is longer than {MAX_TEXT} characters")
    comparisons: list[Comparison] = []
    joints: set[str] = set()
    position = len(text) - len(text.removeprefix("="))
    while True:
        term = _TERM.match(text, position)
        if term is None:
            raise ValueError(f"no comparison can be read at {text[position : position + 30]!r}")
        comparisons.append(Comparison(term[1], term[2], json.loads(term[3])))
        position = term.end()
        if position == len(text):
            break
        joint = _JOINT.match(text, position)
        if joint is None:
            raise ValueError(f"'and' or 'or' is missing at {text[position : position + 30]!r}")
        joints.add(joint[1])
        position = joint.end()
    if len(joints) > 1:
        raise ValueError("it mixes 'and' with 'or'")
    return Condition(tuple(comparisons), every=joints != {"or"})


def _same(left: Any, right: Any) -> bool:
    # In Python True == 1; in a form they are not the same answer.
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _comparable(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    return numbers or (isinstance(left, str) and isinstance(right, str))
