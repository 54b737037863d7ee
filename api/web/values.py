"""Case data as people read them: by the labels of their forms; what is withheld with its proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from api.web import diagrams, fields, language, times, titles
from engine.forms import Component

Document = dict[str, Any]
Parts = Mapping[str, Component]

LONG = 160
"""A value of more characters is folded on a page."""

MOST_CHOICES = 10
"""So many of the choices that a script has offered are shown."""
_CHOICE = {"value", "label"}


class Shown(NamedTuple):
    """One value.

    Attributes:
        name: of the datum, as diagrams call it.
        proof: the commitment of what is withheld or erased; empty where there is none.
        is_long: too long to stand open among others.
    """

    name: str
    label: str
    text: str
    proof: str = ""
    is_long: bool = False


class Change(NamedTuple):
    """One value before and after; None where it was not there."""

    name: str
    label: str
    before: Shown | None
    after: Shown | None


def label_of(name: str, parts: Parts) -> str:
    """Return what a form calls a datum, else the list of names; its own name where none does."""
    part = parts.get(name)
    found = "" if part is None else language.pick(part.label, part.label_en)
    return found or titles.title(name, parts)


def shown(name: str, value: Any, parts: Parts, data: Mapping[str, Any]) -> Shown:
    """Return a datum as people read it.

    Args:
        parts: the fields of the case's forms by key.
        data: the data beside it, for choices that depend on them.
    """
    label = label_of(name, parts)
    if isinstance(value, dict) and "$sealed" in value:
        return Shown(name, label, language.text("withheld"), str(value.get("commitment", "")))
    part = parts.get(name)
    text = _plain(name, value, parts) if part is None else fields.shown(part, value, data)
    return Shown(name, label, text or language.text("empty"), "", len(text) > LONG)


def _plain(name: str, value: Any, parts: Parts) -> str:
    """Return what no form describes: its parts by their names, units and outcomes by theirs."""
    if times.is_withheld(value) or value in (None, "", [], {}):
        return times.plain(value)
    if isinstance(value, list):
        if all(isinstance(one, dict) and one.keys() == _CHOICE for one in value):
            return _choices(value)
        return "、".join(_plain(name, one, parts) for one in value)
    if isinstance(value, dict):
        return "；".join(f"{label_of(key, parts)}：{_plain(key, one, parts)}"
                         for key, one in value.items())  # fmt: skip
    return times.plain(value) if not isinstance(value, str) else _named(name, value, parts)


def _choices(found: list[Document]) -> str:
    """Return what could be chosen: the first few, and how many there are."""
    first = "、".join(str(one["label"]) for one in found[:MOST_CHOICES])
    more = len(found) - MOST_CHOICES
    return first if more <= 0 else language.text("data_more", first=first, n=len(found))


def _named(name: str, value: str, parts: Parts) -> str:
    node, left = titles.step(name, parts) or (None, "")
    if node is not None and left == "outcome" and value in node.outcomes:
        return language.pick(node.outcomes[value], node.outcomes_en.get(value))
    called = diagrams.person(value) if left == "by" else diagrams.unit(value)
    return f"{called} ({value})" if called not in {"", value} else times.plain(value)


def listed(data: Mapping[str, Any], parts: Parts) -> list[Shown]:
    """Return data in their order; what is empty is left out."""
    return [
        shown(name, value, parts, data)
        for name, value in data.items()
        if value not in (None, "", [], {})
    ]


def changes(found: Iterable[Document], parts: Parts) -> Iterator[Change]:
    """Yield changes as the engine's views give them."""
    for one in found:
        name = one["name"]
        sides = {
            side: shown(name, one[side], parts, {name: one[side]})
            for side in ("before", "after")
            if side in one
        }
        yield Change(name, label_of(name, parts), sides.get("before"), sides.get("after"))
