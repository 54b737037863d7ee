"""How a built-in function is described, chosen and called.

Each has one or more signatures; the first that the arguments fit is called with its
arguments converted as FEEL does: a single value for a list of it and the other way
round. An argument of another type gives null, and a note says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from engine.feel import types
from engine.feel.run import Run
from engine.feel.temporal import FeelDate, FeelDateTime
from engine.feel.values import Function, Range, kind

BAD: Any = object()
C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    Attributes:
        kind: ``number``, ``string``, ``boolean``, ``list``, ``context``, ``function``,
            ``range``, ``day`` (a date, also of a moment) or ``any``.
        optional: it may be left out, and may be null.
    """

    name: str
    kind: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function.

    Attributes:
        many: ``spread`` if several arguments stand for one list of them, ``each`` if
            the last parameter may come several times.
    """

    parameters: tuple[Parameter, ...]
    call: Callable[..., Any]
    many: str
    result: str


BUILTINS: dict[str, Function] = {}


class Builtin(Function):
    """A built-in function, with all its signatures."""

    __slots__ = ("signatures",)

    def __init__(self, name: str) -> None:
        super().__init__(None, self._call, name)
        self.signatures: list[Signature] = []

    def _by_order(self, named: Mapping[str, Any] | None) -> list[Signature]:
        """Return the signatures; first those whose order the names are given in."""
        if not named or len(self.signatures) < 2:
            return self.signatures
        given = list(named)
        return sorted(
            self.signatures, key=lambda one: [part.name for part in one.parameters] != given
        )

    def _call(self, *values: Any, **named: Any) -> Any:
        return self.invoke(list(values), named, Run())

    def invoke(
        self, values: list[Any], named: Mapping[str, Any] | None = None, run: Run | None = None
    ) -> Any:
        """Return what it gives for these values."""
        run = run or Run()
        why = "the number or names of the arguments"
        for one in self._by_order(named):
            bound = _bound(one, values, named)
            if bound is None:
                continue
            arguments, wrong = _converted(one, bound)
            if arguments is not None:
                return one.call(run, *arguments)
            why = wrong
        run.note(f"{self.name}() does not take {why}.")
        return None


def _bound(
    signature: Signature, values: list[Any], named: Mapping[str, Any] | None
) -> list[Any] | None:
    """Return the values in the order of the parameters; None if they do not fit."""
    parameters = signature.parameters
    least = sum(not one.optional for one in parameters)
    if named:
        names = [one.name for one in parameters]
        if values or not named.keys() <= set(names):
            return None
        if any(one.name not in named for one in parameters if not one.optional):
            return None
        found = [named.get(name) for name in names]
        return [*found[:-1], [found[-1]]] if signature.many == "each" else found
    if signature.many == "spread" and len(values) > 1:
        return [values]
    if signature.many == "each":
        if len(values) < least:
            return None
        fixed = len(parameters) - 1
        return [*values[:fixed], values[fixed:]]
    if not least <= len(values) <= len(parameters):
        return None
    return values + [None] * (len(parameters) - len(values))


def _converted(signature: Signature, bound: list[Any]) -> tuple[list[Any] | None, str]:
    found: list[Any] = []
    last = len(bound) - 1
    for index, (parameter, value) in enumerate(zip(signature.parameters, bound, strict=True)):
        if index == last and signature.many == "each":
            several = [convert(one, parameter.kind) for one in value]
            if any(one is BAD for one in several):
                return None, f"these values as {parameter.name}"
            found.append(several)
            continue
        if value is None and parameter.optional:
            found.append(None)
            continue
        converted = convert(value, parameter.kind)
        if converted is BAD:
            return None, f"{kind(value)} as {parameter.name}"
        found.append(converted)
    return found, ""


_CLASSES: dict[str, type | tuple[type, ...]] = {
    "number": Decimal,
    "string": str,
    "boolean": bool,
    "context": dict,
    "function": Function,
    "range": Range,
    "day": (FeelDate, FeelDateTime),
}


def convert(value: Any, wanted: str) -> Any:
    """Return a value as a parameter takes it, BAD if it does not."""
    if wanted == "any":
        return value
    if wanted == "list":
        return value if type(value) is list else BAD if value is None else [value]
    if isinstance(value, _CLASSES[wanted]):
        return value
    if type(value) is list and len(value) == 1 and type(value[0]) is not list:
        return convert(value[0], wanted)
    return BAD


_TYPES = {
    "any": types.ANY, "number": types.NUMBER, "string": types.STRING, "boolean": types.BOOLEAN,
    "list": types.list_of(types.ANY), "context": types.CONTEXT, "function": types.FUNCTION,
    "range": types.RANGE, "day": types.DATE,
}  # fmt: skip


def builtin(name: str, parameters: str, result: str = "Any", *, many: str = "") -> Callable[[C], C]:
    """Add a signature to a function.

    Args:
        name: of the function.
        parameters: as in ``"string: string, length: number?"``.
        result: the name of a type.
        many: see ``Signature``.
    """
    taken = tuple(_parameter(one) for one in parameters.split(",") if one)

    def add(call: C) -> C:
        found = BUILTINS.setdefault(name, Builtin(name))
        assert isinstance(found, Builtin)
        found.signatures.append(Signature(taken, call, many, result))
        if len(found.signatures) == 1:
            given = [_TYPES[one.kind] for one in taken]
            found.types = (*given, types.named(result))
        return call

    return add


def _parameter(text: str) -> Parameter:
    name, _, wanted = (part.strip() for part in text.partition(":"))
    return Parameter(name, wanted.removesuffix("?"), wanted.endswith("?"))
