"""Item definitions: what values are, and what is made of one that is not.

A type is a FEEL type, or one of the file's own: a choice of values, an object with
components, a list. A value that does not fit is null, with the reason.

Source: OMG, Decision Model and Notation 1.5, sections 7.3.2 and 10.3.2.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine import feel
from engine.feel import types as feel_types

_PLAIN: dict[str, type] = {"string": str, "number": Decimal, "boolean": bool}
_KINDS = {
    str: "a string",
    bool: "a boolean",
    Decimal: "a number",
    list: "a list",
    dict: "a context",
}
MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Constraint:
    """Which values are allowed, as unary tests."""

    text: str
    tests: feel.UnaryTests

    def admits(self, value: Any) -> bool:
        """Whether a value passes."""
        return self.tests.test(value, {}) is True


@dataclass(frozen=True, slots=True)
class ItemType:
    """One type.

    Attributes:
        name: as the file has it.
        leaf: the FEEL type, where it is one.
        base: the name of another type of the file, where it is that with less values.
        components: of an object, each with its type.
        collection: a list of such values.
        allowed: what each value has to be.
        constraint: what the whole value has to be, of a list the list.
        plain: the Python class of a leaf that needs no more than that.
        gives: of a type of functions the name of the type of what they return.
    """

    name: str = "Any"
    leaf: feel_types.Type | None = None
    base: str | None = None
    components: tuple[tuple[str, ItemType], ...] | None = None
    collection: bool = False
    allowed: Constraint | None = None
    constraint: Constraint | None = None
    types: Types | None = field(default=None, repr=False, compare=False)
    plain: type | None = None
    gives: str | None = None

    @property
    def is_any(self) -> bool:
        """Whether every value fits."""
        return self == ANY

    def returned(self) -> ItemType:
        """Return the type of what functions of this type return; of another type, itself.

        A function is given either: files of DMN 1.1 say what it returns, later ones what it is.
        """
        found = self
        for _ in range(20):
            if found.base is None or found.types is None or found.collection:
                break
            found = found.types.named(found.base)
        if found.leaf != feel_types.FUNCTION or found.collection:
            return self
        return ANY if found.gives is None or found.types is None else found.types.named(found.gives)

    def kind(self) -> str:
        """Return the name of the FEEL type that its values have; "" for lists and objects."""
        found = self
        for _ in range(20):
            if found.collection:
                return ""
            if found.base is None or found.types is None:
                break
            found = found.types.named(found.base)
        return "" if found.leaf is None else found.leaf.name

    def fit(self, value: Any, depth: int = 0) -> tuple[Any, str | None]:
        """Return the value as this type has it, and why it does not fit, else None.

        A list of one becomes what is in it where no list is due, and the other way
        round; a date becomes a moment. Null fits everywhere.
        """
        if value is None or type(value) is self.plain:
            return value, None
        if depth > MAX_DEPTH:
            return None, "it is nested too deep"
        if self.collection:
            found, reason = self._items(value, depth)
        else:
            found, reason = self._one(value, depth)
        if reason is None and self.constraint is not None and not self.constraint.admits(found):
            return None, f"{shown(value)} is not allowed by {self.constraint.text[:80]}"
        return found, reason

    def _items(self, value: Any, depth: int) -> tuple[Any, str | None]:
        items: list[Any] = []
        for one in value if isinstance(value, list) else [value]:
            found, reason = (None, None) if one is None else self._one(one, depth)
            if reason is not None:
                return None, reason
            items.append(found)
        return items, None

    def _one(self, value: Any, depth: int) -> tuple[Any, str | None]:
        found, reason = self._based(value, depth)
        if reason is not None and isinstance(value, list) and len(value) == 1:
            found, reason = (None, None) if value[0] is None else self._based(value[0], depth)
        if reason is None and self.allowed is not None and not self.allowed.admits(found):
            return None, f"{shown(value)} is none of the allowed values {self.allowed.text[:80]}"
        return found, reason

    def _based(self, value: Any, depth: int) -> tuple[Any, str | None]:
        if self.base is not None and self.types is not None:
            return self.types.named(self.base).fit(value, depth + 1)
        if self.components is not None:
            return self._object(value, depth)
        if self.leaf is None:
            return value, None
        found, fits = feel_types.coerce(value, self.leaf)
        return (found, None) if fits else (None, f"{shown(value)} is not of the type {self.name}")

    def _object(self, value: Any, depth: int) -> tuple[Any, str | None]:
        if not isinstance(value, dict):
            return None, f"{shown(value)} is not of the type {self.name}"
        made = dict(value)
        for name, kind in self.components or ():
            if name not in made:
                return None, f"the entry {name!r} of {self.name} is missing"
            made[name], reason = kind.fit(made[name], depth + 1)
            if reason is not None:
                return None, f"{name}: {reason}"
        return made, None

    def read(self, value: Any, depth: int = 0) -> Any:
        """Return the FEEL value of plain JSON: texts become moments where that is the type.

        An object gets the components it does not have, as null. What does not look
        like its type stays as it is; ``fit`` judges it.
        """
        if self.plain is str and isinstance(value, str):
            return value
        if depth > MAX_DEPTH:
            return feel.from_json(value)
        if isinstance(value, list):
            return [self.read(one, depth + 1) for one in value]
        if self.base is not None and self.types is not None:
            return self.types.named(self.base).read(value, depth + 1)
        if self.components is not None and isinstance(value, dict):
            found = {name: feel.from_json(one) for name, one in value.items()}
            for name, kind in self.components:
                found[name] = kind.read(value.get(name), depth + 1)
            return found
        return feel.from_json(value, self.leaf)

    def feel_type(self, depth: int = 0) -> feel_types.Type:
        """Return what ``instance of`` asks for; what refers to itself ends as Any."""
        if depth > 6:
            found = feel_types.ANY
        elif self.base is not None and self.types is not None:
            found = self.types.named(self.base).feel_type(depth + 1)
        elif self.components is not None:
            members = {name: kind.feel_type(depth + 1) for name, kind in self.components}
            found = feel_types.context_of(members)
        else:
            found = self.leaf or feel_types.ANY
        return feel_types.list_of(found) if self.collection else found


ANY = ItemType()


@dataclass(slots=True)
class Types:
    """The types of a file and of those it imports, by name; filled once, when it is read."""

    known: dict[str, ItemType] = field(default_factory=dict)

    def named(self, name: str) -> ItemType:
        """Return the type of that name; ``ANY`` for one that there is not."""
        return self.known.get(name) or builtin(name) or ANY

    def feel_types(self) -> Mapping[str, feel_types.Type]:
        """Return all of them as FEEL's own types."""
        return {name: one.feel_type() for name, one in self.known.items()}

    def component_names(self) -> frozenset[str]:
        """Return what components of objects are called, for names that have spaces."""
        found: set[str] = set()
        waiting = list(self.known.values())
        while waiting:
            for name, kind in waiting.pop().components or ():
                found.add(name)
                waiting.append(kind)
        return frozenset(found)


_BUILT_IN: dict[str, ItemType] = {}


def builtin(name: str) -> ItemType | None:
    """Return FEEL's type of that name (with or without the prefix ``feel:``), or None."""
    if name not in _BUILT_IN:
        text = name.rpartition(":")[2] if name.startswith("feel:") else name
        leaf = feel_types.named(_CALLED.get(text, text))
        if leaf is None:
            return None
        if leaf == feel_types.ANY:
            return ANY
        if len(_BUILT_IN) > 200:
            return ItemType(text, leaf, plain=_PLAIN.get(text))
        _BUILT_IN[name] = ItemType(text, leaf, plain=_PLAIN.get(_CALLED.get(text, text)))
    return _BUILT_IN[name]


# What other tools write; numbers have one type in FEEL.
_CALLED = dict.fromkeys(("integer", "int", "long", "double", "float", "decimal"), "number")


def shown(value: Any) -> str:
    """Return a value as a sentence has it."""
    text = feel.to_json(value) if not isinstance(value, dict | list) else None
    if text is None:
        return _KINDS.get(type(value), "it")
    return repr(text)[:80] if isinstance(text, str) else str(text).lower()[:80]
