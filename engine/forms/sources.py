"""Choices that a field takes from reference lists (``valuesList``), not from its form.

    {"type": "select", "key": "unit", "valuesList": {
        "list": "departments", "value": "code", "label": "name_zh", "label_en": "name_en",
        "where": {"class": "unit", "kind": ["bureau", "vertical"]}}}

One such object or several, whose rows follow each other. ``where`` compares columns
with constants: with one, or with any of several; null is an empty cell. The rows come
from outside: which version of a list and which day count is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.bpmn.findings import Finding
from engine.forms.model import CHOOSING, Choice, Component, Form, Source

MAX_SOURCES = 5
MAX_TOLD = 2_000
"""So many choices are told to a program that reads a form; more may be sent."""

Rows = Callable[[str], Iterable[Mapping[str, Any]]]
"""From the name of a list to its rows in force; none where there is no such list."""

_MEMBERS = {"list", "value", "label", "label_en", "where"}
_SHAPE = 'Write {"list": "departments", "value": "code", "label": "name_zh"}.'


@dataclass(frozen=True, slots=True)
class Known:
    """What the check of a form needs of a list: its columns, and which are personal."""

    columns: frozenset[str]
    personal: frozenset[str]


def parse(given: Any) -> tuple[Source, ...]:
    """Return the sources that ``valuesList`` writes.

    Raises:
        ValueError: it is not of that shape; the message says what is wrong.
    """
    items = given if isinstance(given, list) else [given]
    if not 0 < len(items) <= MAX_SOURCES:
        raise ValueError(f"it names {len(items)} lists, not 1 to {MAX_SOURCES}")
    return tuple(map(_source, items))


def _source(item: Any) -> Source:
    if not isinstance(item, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - a bad form, not a bug
    unknown = sorted(set(item) - _MEMBERS)
    if unknown:
        raise ValueError(f"it has no member {', '.join(unknown)}")
    names = {name: item.get(name) for name in ("list", "value", "label", "label_en")}
    names["label_en"] = names["label_en"] or names["label"]
    bad = [name for name, text in names.items() if not isinstance(text, str) or not text]
    if bad:
        raise ValueError(f"{bad[0]} is missing or no text")
    where = item.get("where", {})
    if not isinstance(where, dict):
        raise ValueError("where is no object")  # noqa: TRY004 - a bad form, not a bug
    tests = tuple((str(column), _wanted(wanted)) for column, wanted in where.items())
    return Source(**{name: str(text) for name, text in names.items()}, where=tests)


def _wanted(value: Any) -> tuple[Any, ...]:
    values = tuple(value) if isinstance(value, list) else (value,)
    if not values or any(isinstance(one, dict | list) for one in values):
        raise ValueError("where compares with constants, or lists of them")
    return values


def error_text(problem: ValueError) -> tuple[str, str]:
    """Return (message, hint) of the finding about a ``valuesList`` that cannot be read."""
    return f"valuesList cannot be read: {problem}.", _SHAPE


def has_sources(form: Form) -> bool:
    """Whether a field of the form takes its choices from a list."""
    return any(_sourced(form.components))


def _sourced(parts: tuple[Component, ...]) -> Iterator[Component]:
    for one in parts:
        if one.sources:
            yield one
        yield from _sourced(one.parts)


def filled(form: Form, rows: Rows) -> Form:
    """Return the form with the choices that the lists offer now."""
    if not has_sources(form):
        return form
    return Form(form.key, _filled(form.components, rows))


def _filled(parts: tuple[Component, ...], rows: Rows) -> tuple[Component, ...]:
    found = []
    for one in parts:
        if one.sources:
            found.append(replace(one, choices=offered(one.sources, rows)))
        elif one.parts:
            found.append(replace(one, parts=_filled(one.parts, rows)))
        else:
            found.append(one)
    return tuple(found)


def offered(sources: tuple[Source, ...], rows: Rows) -> tuple[Choice, ...]:
    """Return what the sources offer, in the order of the lists; each value once."""
    found: dict[Any, Choice] = {}
    for source in sources:
        for row in rows(source.list):
            value = row.get(source.value)
            if isinstance(value, str | int | float) and _matches(source, row):
                label = str(row.get(source.label) or value)
                english = str(row.get(source.label_en) or label)
                found.setdefault(value, Choice(value, label, english))
    return tuple(found.values())


def _matches(source: Source, row: Mapping[str, Any]) -> bool:
    return all(_fits(row.get(column), wanted) for column, wanted in source.where)


def _fits(value: Any, wanted: tuple[Any, ...]) -> bool:
    if isinstance(value, list):
        return any(one in wanted for one in value) or (not value and None in wanted)
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in wanted)


def fill_schema(schema: dict[str, Any], rows: Rows) -> dict[str, Any]:
    """Return a form-js schema with ``values`` where a list gives them, 2,000 at most.

    Where there are more, ``valuesTotal`` says how many.
    """
    components = schema.get("components")
    if not isinstance(components, list):
        return schema
    return {**schema, "components": [_fill_component(one, rows) for one in components]}


def _fill_component(item: Any, rows: Rows) -> Any:
    if not isinstance(item, dict):
        return item
    if "valuesList" not in item or item.get("type") not in CHOOSING:
        return fill_schema(item, rows)
    choices = offered(parse(item["valuesList"]), rows)
    values = [
        {"value": one.value, "label": one.label, "label_en": one.label_en}
        for one in choices[:MAX_TOLD]
    ]
    more = {"valuesTotal": len(choices)} if len(choices) > MAX_TOLD else {}
    return {**item, "values": values, **more}


def check(form: Form, filename: str, lists: Mapping[str, Known]) -> list[Finding]:
    """Return what is wrong with the lists and columns that a form names.

    Args:
        lists: those that are active.
    """
    return [
        Finding("form-list", "error", filename, one.key, None, message, hint)
        for one in _sourced(form.components)
        for source in one.sources
        for message, hint in _faults(source, lists)
    ]


def _faults(source: Source, lists: Mapping[str, Known]) -> Iterator[tuple[str, str]]:
    known = lists.get(source.list)
    if known is None:
        hint = f"Use one of: {', '.join(sorted(lists))}; or import it first."
        yield f"There is no list {source.list!r}.", hint
        return
    where = [column for column, _ in source.where]
    for column in dict.fromkeys((source.value, source.label, source.label_en, *where)):
        if column not in known.columns:
            hint = f"Use one of: {', '.join(sorted(known.columns - known.personal))}."
            yield f"The list {source.list!r} has no column {column!r}.", hint
        elif column in known.personal:
            message = f"The column {column!r} of the list {source.list!r} is personal."
            yield message, "Offer a column that everybody may read."
