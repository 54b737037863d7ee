"""A form as the server knows it: components in order and what each accepts.

Everything is frozen; ``reader`` makes it from a form-js schema, ``validation``
judges data by it and the pages draw it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.forms.conditions import Condition
from engine.forms.patterns import Pattern

STATIC = frozenset({"text", "separator", "spacer", "button", "group"})
"""Component types that are shown but carry no value."""

FIELDS = frozenset(
    {
        "textfield",
        "textarea",
        "number",
        "checkbox",
        "select",
        "radio",
        "checklist",
        "taglist",
        "datetime",
        "filepicker",
        "dynamiclist",
    }
)
"""Component types that carry a value."""

NESTED = frozenset({"object", "lines"})
"""What only JSON-schema forms have: an object of fields, and a list of texts line by line."""

CHOOSING = frozenset({"select", "radio", "checklist", "taglist"})
FREE_TEXT = frozenset({"textfield", "textarea", "filepicker"})
"""Types that count as personal unless they say ``"personal": false``."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that may be chosen, with its labels."""

    value: Any
    label: str
    label_en: str


@dataclass(frozen=True, slots=True)
class Source:
    """A reference list whose rows are a field's choices.

    Attributes:
        list: its name.
        value, label, label_en: columns of the value and of what people read.
        where: columns and the constants of which a row must have one there.
    """

    list: str
    value: str
    label: str
    label_en: str
    where: tuple[tuple[str, tuple[Any, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """One field, or one piece of the form that is only shown.

    Attributes:
        type: form-js's component type.
        key: name of the datum; empty for what is only shown.
        label, label_en: what people read; ``label_en`` falls back to ``label``.
        description: help under the field; for ``text`` its content.
        readonly: shown, but refused when sent.
        personal: its value is sealed before it is recorded.
        field_class: ``reporter`` (identity), ``working``, ``public`` or ``ballot``.
        choices: declared values; empty when ``choices_from`` is set. Those of
            ``sources`` once ``sources.filled`` has looked them up.
        choices_from: name of the datum that holds the values.
        sources: the reference lists that hold the values.
        minimum, maximum: bounds of a number, both allowed.
        above, below: bounds of a number, neither allowed.
        step: what a number must be a multiple of.
        decimal_digits: digits a number may have after the point; None = any.
        as_text: the number is kept as text (form-js ``serializeToString``).
        min_length, max_length: characters of a text.
        min_items, max_items: entries of a list; None = no bound but the engine's own.
        subtype: ``date``, ``time`` or ``datetime``.
        zoned: a moment must name its offset.
        multiple: a file picker takes more than one file.
        submits: each choice is a button that sends the form (``radio`` in a start form).
        default: the value a fresh form shows.
        fills: the default is the answer where none is sent, as in JSON-schema forms.
        hide: hidden, and not accepted, while this holds.
        placeholder: an example shown in the empty field.
        parts: the components inside a group or an object, or of each row of a dynamic list.
    """

    type: str
    key: str = ""
    label: str = ""
    label_en: str = ""
    description: str = ""
    required: bool = False
    readonly: bool = False
    personal: bool = False
    field_class: str = "working"
    choices: tuple[Choice, ...] = ()
    choices_from: str | None = None
    sources: tuple[Source, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    step: float | None = None
    decimal_digits: int | None = None
    as_text: bool = False
    min_length: int = 0
    max_length: int = 1_000
    min_items: int | None = None
    max_items: int | None = None
    pattern: Pattern | None = None
    subtype: str = "date"
    zoned: bool = True
    multiple: bool = False
    submits: bool = False
    default: Any = None
    fills: bool = False
    hide: Condition | None = None
    placeholder: str = ""
    parts: tuple[Component, ...] = ()


@dataclass(frozen=True)
class Form:
    """A form: its key and its components in the order they are shown."""

    key: str
    components: tuple[Component, ...]

    def fields(self) -> Iterator[Component]:
        """Yield the components that carry a value, those inside groups too."""
        yield from fields_of(self.components)

    @cached_property
    def editable(self) -> frozenset[str]:
        """Keys that may be sent."""
        return frozenset(one.key for one in self.fields() if not one.readonly)

    @cached_property
    def readable(self) -> frozenset[str]:
        """Every key that the form shows, and those its choices come from."""
        sources = {one.choices_from for one in self.fields() if one.choices_from}
        return frozenset(one.key for one in self.fields()) | sources

    @cached_property
    def personal(self) -> frozenset[str]:
        """Keys whose values are sealed before they are recorded."""
        return frozenset(one.key for one in self.fields() if one.personal)

    @cached_property
    def ballots(self) -> frozenset[str]:
        """Keys whose values nobody reads; only a tally counts them."""
        return frozenset(one.key for one in self.fields() if one.field_class == "ballot")

    @cached_property
    def field_classes(self) -> Mapping[str, str]:
        """Key to field class; fields inside of objects by their own names."""
        return dict(_classes(self.components))


def _classes(components: tuple[Component, ...]) -> Iterator[tuple[str, str]]:
    for one in fields_of(components):
        yield one.key, one.field_class
        if one.type == "object":
            yield from _classes(one.parts)


def fields_of(components: tuple[Component, ...]) -> Iterator[Component]:
    """Yield the components that carry a value, those inside groups too."""
    for one in components:
        if one.type == "group":
            yield from fields_of(one.parts)
        elif one.type in FIELDS or one.type in NESTED:
            yield one
