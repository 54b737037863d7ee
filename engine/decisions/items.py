"""Reads item definitions: the file's own types."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.bpmn.document import Element
from engine.decisions.document import child, children, name_of
from engine.decisions.reading import Reading, own_name, type_ref
from engine.decisions.types import ItemType, builtin
from engine.feel import types as feel_types

MAX_DEPTH = 50


def read_items(root: Element, reading: Reading) -> None:
    """Put the types of a file into ``reading.types``; they may name each other in any order."""
    found = [one for one in children(root, "itemDefinition") if name_of(one)]
    known = reading.types.known
    for element in found:
        # So that each is known by name to those that refer to it.
        known.setdefault(name_of(element), ItemType(name_of(element)))
    reading.enter("", ())
    for element in found:
        known[name_of(element)] = _item(element, reading, 0)
    for element in found:
        _refuse_circle(name_of(element), element, reading)
    reading.types_read()


def _item(element: Element, reading: Reading, depth: int) -> ItemType:
    name = name_of(element)
    collection = element.get("isCollection") in ("true", "1")
    components = list(children(element, "itemComponent"))
    made = ItemType(
        name,
        collection=collection,
        allowed=reading.constraint(child(element, "allowedValues"), f"type {name!r}"),
        constraint=reading.constraint(child(element, "typeConstraint"), f"type {name!r}"),
        types=reading.types,
    )
    if components and depth < MAX_DEPTH:
        fields = tuple((name_of(one), _item(one, reading, depth + 1)) for one in components)
        return _with(made, components=fields)
    function = child(element, "functionItem")
    if function is not None:
        gives = own_name((function.get("outputTypeRef") or "").strip())
        return _with(made, leaf=feel_types.FUNCTION, gives=gives or None)
    named = own_name(type_ref(element))
    if not named:
        return made
    for text in reading.spellings(named, element):
        if text in reading.types.known:
            return _with(made, base=text)
        leaf = builtin(text)
        if leaf is not None:
            is_bare = not (collection or made.allowed or made.constraint)
            return _with(made, leaf=leaf.leaf, plain=leaf.plain if is_bare else None)
    reading.type_named(named, element)
    return made


def _with(made: ItemType, **changes: Any) -> ItemType:
    return replace(made, **changes)


def _refuse_circle(name: str, element: Element, reading: Reading) -> None:
    """Take the base away from a type that is, in the end, just itself."""
    known, seen = reading.types.known, {name}
    base = known[name].base
    while base is not None and base in known:
        if base in seen:
            reading.error(
                "dmn-cycle", element,
                f"The type {name!r} is defined by itself.",
                "Let one of them be a type of FEEL, such as string or number.",
            )  # fmt: skip
            known[name] = ItemType(name)
            return
        seen.add(base)
        base = known[base].base
