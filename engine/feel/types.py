"""Types of FEEL: what conforms to them, and what is converted on the way.

Source: OMG, Decision Model and Notation 1.5, sections 10.3.2.9 (conformance and
implicit conversions) and 10.3.2.3 (the semantic domains).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.feel.temporal import FeelDate, FeelDateTime, FeelTime
from engine.feel.values import Function, Range, kind


@dataclass(frozen=True, slots=True)
class Type:
    """A type.

    Attributes:
        name: of a simple type, or ``list``, ``context``, ``function``, ``range``.
        parts: the type of the items or ends; of a function its parameters and at the
            end its result; empty where anything will do.
        fields: of a context.
    """

    name: str
    parts: tuple[Type, ...] = ()
    fields: tuple[tuple[str, Type], ...] = ()

    def __str__(self) -> str:
        if self.fields:
            return "context<" + ", ".join(f"{key}: {one}" for key, one in self.fields) + ">"
        if self.name == "function" and self.parts:
            *parameters, result = map(str, self.parts)
            return f"function<{', '.join(parameters)}> -> {result}"
        return f"{self.name}<{self.parts[0]}>" if self.parts else self.name


ANY, NULL = Type("Any"), Type("Null")
NUMBER, STRING, BOOLEAN = Type("number"), Type("string"), Type("boolean")
DATE, TIME, MOMENT = Type("date"), Type("time"), Type("date and time")
MONTHS, SECONDS = Type("years and months duration"), Type("days and time duration")
LIST, CONTEXT, FUNCTION, RANGE = Type("list"), Type("context"), Type("function"), Type("range")

SIMPLE: dict[str, Type] = {
    one.name: one
    for one in (
        ANY, NULL, NUMBER, STRING, BOOLEAN, DATE, TIME, MOMENT, MONTHS, SECONDS,
        LIST, CONTEXT, FUNCTION, RANGE,
    )
}  # fmt: skip
# As typeRef of older files writes them.
SPELLINGS: dict[str, Type] = SIMPLE | {
    "any": ANY,
    "null": NULL,
    "dateTime": MOMENT,
    "yearMonthDuration": MONTHS,
    "dayTimeDuration": SECONDS,
}


def list_of(item: Type) -> Type:
    """Return the type of lists of such items."""
    return Type("list", (item,))


def range_of(end: Type) -> Type:
    """Return the type of ranges with such ends."""
    return Type("range", (end,))


def context_of(fields: Mapping[str, Type] | Iterable[tuple[str, Type]]) -> Type:
    """Return the type of contexts that have at least these entries."""
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    return Type("context", fields=tuple(pairs))


def function_of(parameters: Iterable[Type], result: Type) -> Type:
    """Return the type of functions that take such values and return such a one."""
    return Type("function", (*parameters, result))


_HEAD = re.compile(r"\s*([^<>,:()]+?)\s*(?=$|[<>,:()]|->)")


def named(text: str) -> Type | None:
    """Return the built-in type that a text names, such as ``list<number>``, else None."""
    simple = SPELLINGS.get(text.strip())
    if simple is not None or "<" not in text or len(text) > 2_000:
        return simple
    reader = TypeReader(text, 0, {})
    found = reader.read()
    return found if found is not None and not text[reader.at :].strip() else None


class TypeReader:
    """Reads a type out of a text, from a position on."""

    def __init__(self, text: str, at: int, known: Mapping[str, Type]) -> None:
        self.text, self.at, self.known = text, at, known
        self.depth = 0

    def read(self) -> Type | None:
        """Return the type that stands here and go on behind it; None if none does."""
        self.depth += 1
        if self.depth > 20:
            return None
        found = self._generic() or self._simple()
        self.depth -= 1
        return found

    def _simple(self) -> Type | None:
        # The longest known name; then whatever looks like one.
        rest = self.text[self.at :]
        start = len(rest) - len(rest.lstrip())
        for name in sorted({*self.known, *SPELLINGS}, key=len, reverse=True):
            pattern = r"\s+".join(map(re.escape, name.split())) + r"(?!\w)"
            found = re.compile(pattern).match(rest, start)
            if found:
                self.at += found.end()
                return self.known.get(name) or SPELLINGS[name]
        return None

    def _take(self, sign: str) -> bool:
        rest = self.text[self.at :]
        stripped = rest.lstrip()
        if not stripped.startswith(sign):
            return False
        self.at += len(rest) - len(stripped) + len(sign)
        return True

    def _generic(self) -> Type | None:
        mark = self.at
        found = re.compile(r"\s*(list|range|context|function)\s*<").match(self.text, mark)
        if found is None:
            return None
        self.at = found.end()
        word = found[1]
        read = self._fields if word == "context" else self._parts
        result = read(word)
        if result is None:
            self.at = mark
        return result

    def _parts(self, word: str) -> Type | None:
        parts: list[Type] = []
        while not self._take(">"):
            if parts and (word != "function" or not self._take(",")):
                return None
            part = self.read()
            if part is None:
                return None
            parts.append(part)
        if word == "function":
            result = self.read() if self._take("->") else ANY
            return None if result is None else function_of(parts, result)
        return Type(word, tuple(parts)) if len(parts) == 1 else None

    def _fields(self, word: str) -> Type | None:
        fields: list[tuple[str, Type]] = []
        while not self._take(">"):
            if fields and not self._take(","):
                return None
            name = re.compile(r"\s*([^<>,:]+?)\s*:").match(self.text, self.at)
            if name is None:
                return None
            self.at = name.end()
            part = self.read()
            if part is None:
                return None
            fields.append((" ".join(name[1].split()), part))
        return context_of(fields)


# -- conformance ------------------------------------------------------------------------


def conforms(value: Any, wanted: Type) -> bool:
    """Whether a value is of a type; null is of every type here (see ``instance``)."""
    if value is None or wanted is ANY or wanted.name == "Any":
        return True
    of = kind(value)
    if of != wanted.name:
        return False
    if wanted.fields:
        return all(key in value and conforms(value[key], one) for key, one in wanted.fields)
    if not wanted.parts:
        return True
    part = wanted.parts[0]
    if isinstance(value, list):
        return all(conforms(one, part) for one in value)
    if isinstance(value, Range):
        return conforms(value.start, part) and conforms(value.end, part)
    return not isinstance(value, Function) or _callable_as(value, wanted)


def _callable_as(function: Function, wanted: Type) -> bool:
    """Whether a function may stand where another type of function is wanted."""
    given = function.types
    if given is None:
        count = function.parameters
        return count is None or len(count) == len(wanted.parts) - 1
    if len(given) != len(wanted.parts):
        return False
    takes = zip(wanted.parts[:-1], given[:-1], strict=True)
    return all(fits(one, other) for one, other in takes) and fits(given[-1], wanted.parts[-1])


def fits(given: Type | None, wanted: Type | None) -> bool:
    """Whether each value of one type is of another; an unknown type fits."""
    if given is None or wanted is None or wanted.name == "Any" or given.name == "Null":
        return True
    if given.name == "Any":
        return False
    if given.name != wanted.name:
        return False
    if wanted.name == "function":
        return len(given.parts) == len(wanted.parts) and all(
            fits(other, one)
            for one, other in zip(given.parts[:-1], wanted.parts[:-1], strict=True)
        ) and fits(given.parts[-1], wanted.parts[-1])  # fmt: skip
    if wanted.fields:
        has = dict(given.fields)
        return all(key in has and fits(has[key], one) for key, one in wanted.fields)
    return not wanted.parts or (bool(given.parts) and fits(given.parts[0], wanted.parts[0]))


def instance(value: Any, wanted: Type) -> bool:
    """Return ``value instance of wanted``."""
    if value is None:
        return wanted.name == "Null"
    return conforms(value, wanted)


def coerce(value: Any, wanted: Type) -> tuple[Any, bool]:
    """Return a value as one of a type, and whether it is one; else (None, False).

    A list of one item stands for the item where no list is wanted, an item for a list
    of it where one is, and a date for its midnight in UTC.
    """
    if conforms(value, wanted):
        return value, True
    if isinstance(value, list) and wanted.name != "list" and len(value) == 1:
        return coerce(value[0], wanted)
    if wanted.name == "list":
        return _list(value, wanted)
    if isinstance(value, FeelDate) and wanted.name == "date and time":
        return FeelDateTime(value, FeelTime(0, 0, 0, 0, 0)), True
    if isinstance(value, dict) and wanted.fields and value.keys() >= dict(wanted.fields).keys():
        found = {key: coerce(value[key], one) for key, one in wanted.fields}
        if all(ok for _, ok in found.values()):
            return value | {key: one for key, (one, _) in found.items()}, True
    return None, False


def _list(value: Any, wanted: Type) -> tuple[Any, bool]:
    if not isinstance(value, list):
        found, ok = coerce(value, wanted.parts[0]) if wanted.parts else (value, True)
        return ([found], True) if ok else (None, False)
    pairs = [coerce(one, wanted.parts[0]) for one in value]
    return ([one for one, _ in pairs], True) if all(ok for _, ok in pairs) else (None, False)
