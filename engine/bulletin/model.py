"""What a bulletin is made of, whatever it is written as."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its head, and its rows of the same length."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered heading and what stands under it."""

    title: str
    parts: tuple[Paragraph | Table, ...]


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A bulletin in its order."""

    title: str
    lead: str
    sections: tuple[Section, ...]
