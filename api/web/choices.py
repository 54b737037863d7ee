"""Choices as a page offers them: boxes to tick, options to open, or suggestions while typing.

A list (``valuesList``) may be long, and how long is the office's business. What is too
long to scroll is typed, with the browser's own suggestions (``datalist``): that works
without a script, on phones too, and the text is read back here.
"""

from __future__ import annotations

from collections.abc import Iterable

from api.web import language
from engine.forms import Choice, Component

MOST_BOXES = 30
"""More choices of a list than these are no row of boxes to tick."""
MOST_OPTIONS = 200
"""More choices of a list than these are searched by typing, not by scrolling."""
MOST_SUGGESTED = 1_000
"""So many choices a page suggests while somebody types; the others may be typed, too."""
BLANKS = 3

_SINGLE = ("select", "radio")


def drawn(part: Component, count: int) -> str:
    """Return how a field with so many choices is drawn: ``boxes``, ``options`` or ``typed``."""
    is_one = part.type in _SINGLE
    if part.sources and count > (MOST_OPTIONS if is_one else MOST_BOXES):
        return "typed"
    is_many = bool(part.sources) and count > MOST_BOXES
    return "options" if part.type == "select" or (part.type == "radio" and is_many) else "boxes"


def entry(choice: Choice) -> str:
    """Return a choice as it stands in a field in which it is typed: 综合执法队（S01-001）."""
    return f"{language.pick(choice.label, choice.label_en)}（{choice.value}）"


def entries(part: Component, choices: Iterable[Choice], values: list[str]) -> list[str]:
    """Return what stands in the inputs of a typed field; blank ones let more be added."""
    known = {str(choice.value): entry(choice) for choice in choices}
    texts = [known.get(text, text) for text in values if text]
    return texts[:1] or [""] if part.type in _SINGLE else [*texts, *[""] * BLANKS]


def meant(part: Component, choices: Iterable[Choice], text: str) -> Choice | None:
    """Return the choice that a text means: by its value or, of a list, as suggested or named.

    A name that several have does not say which of them is meant.
    """
    choices, sought = list(choices), text.strip()
    exact = next((one for one in choices if str(one.value) == text), None)
    if exact is not None or not part.sources:
        return exact
    found = [one for one in choices if sought in (entry(one), str(one.value))]
    found = found or [one for one in choices if sought in (one.label, one.label_en)]
    return found[0] if len(found) == 1 else None
