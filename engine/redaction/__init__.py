"""Proposing a publishable version of a Chinese working text.

The proposal goes to a person, who approves it: rules like these miss things
and sometimes take too much. Every change is a mark with offsets in code points
of the original; a mark never holds the words it replaces, so marks may be kept.

The rules run until they find nothing more. So a proposal is stable: proposing
on a proposal changes nothing, and no name that was given is left. A text that
does not settle (only a text made for that purpose) comes back empty.

Where it stops: names without cue word, title or list are not found; photographs
and files are not looked at; whether a text may be published at all is decided
elsewhere (the publication level).

Pure: standard library only. The time taken grows linearly with the text.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from engine.redaction import health, names, numbers, places, quotations
from engine.redaction.spans import Mark, Span, apply, compose, resolve
from engine.redaction.writing import fold

__all__ = ["Mark", "Redaction", "propose"]

ROUNDS = 8


class Redaction(NamedTuple):
    """A proposal.

    Attributes:
        text: the text with all replacements made.
        marks: in order, never overlapping; offsets in code points of the original.
            Replacing each marked stretch of the original gives ``text``.
    """

    text: str
    marks: tuple[Mark, ...]


def propose(text: str, *, level: str, known: Collection[str] = ()) -> Redaction:
    """Propose a publishable version of ``text``.

    Args:
        text: any text. Full-width digits, letters and separators count like plain ones.
        level: ``public`` (the base rules), ``summary`` (also no place below the
            community and no quoted speech) or ``none`` (empty text). Any other
            word counts as ``none``, so that a slip publishes nothing.
        known: names of people in the case, such as the reporter's. They are replaced
            wherever they stand, inside other words too. A single character and words
            like 匿名 are no names.

    Returns:
        The text and its marks. Kinds: ``name``, ``phone``, ``id``, ``plate``, ``bank``,
        ``email``, ``account``, ``door``, ``health``, ``coordinates``; in a summary also
        ``place`` and ``quotation``; ``whole`` when nothing of the text is left.
    """
    if level not in {"public", "summary"}:
        return _nothing(text)
    listed = names.known_names(known)
    current, done = text, list[Span]()
    for _ in range(ROUNDS):
        found = resolve(_find(fold(current), listed, summary=level == "summary"))
        changes = [one for one in found if current[one.start : one.end] != one.replacement]
        if not changes:
            return Redaction(current, tuple(one.mark() for one in done))
        done = compose(done, changes, current)
        current = apply(current, changes)
    return _nothing(text)


def _find(text: str, listed: names.Known, *, summary: bool) -> list[Span]:
    found = [
        *names.find(text, listed),
        *numbers.find(text),
        *health.find(text),
        *places.find_doors(text),
        *places.find_coordinates(text),
    ]
    if summary:
        found += [*places.find_places(text), *quotations.find(text)]
    return found


def _nothing(text: str) -> Redaction:
    whole = Span(0, len(text), "whole", "")
    return Redaction("", (whole.mark(),) if text else ())
