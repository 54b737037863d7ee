"""Stretches of a text that are to be replaced: settling overlaps, applying, composing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypedDict


class Mark(TypedDict):
    """One change, as it is kept; offsets in code points of the original."""

    start: int
    end: int
    kind: str
    replacement: str


class Span(NamedTuple):
    """One change, as the rules find it; never empty."""

    start: int
    end: int
    kind: str
    replacement: str

    def mark(self) -> Mark:
        """Return the form in which it is kept."""
        return Mark(start=self.start, end=self.end, kind=self.kind, replacement=self.replacement)


def resolve(spans: Iterable[Span]) -> list[Span]:
    """Return ``spans`` in order and without overlaps.

    Overlapping ones become one that covers both, so nothing that a rule found
    is left over; kind and replacement are the longer one's, at a tie the first one's.
    """
    result: list[Span] = []
    for span in sorted(spans):
        if not result or span.start >= result[-1].end:
            result.append(span)
            continue
        last = result[-1]
        longer = span if span.end - span.start > last.end - last.start else last
        result[-1] = longer._replace(start=last.start, end=max(last.end, span.end))
    return result


def apply(text: str, spans: Sequence[Span]) -> str:
    """Return ``text`` with ``spans``, in order and without overlaps, replaced."""
    pieces, at = [], 0
    for span in spans:
        pieces += [text[at : span.start], span.replacement]
        at = span.end
    return "".join([*pieces, text[at:]])


def compose(first: Sequence[Span], second: Sequence[Span], between: str) -> list[Span]:
    """Return the spans that do at once what ``first`` and then ``second`` do.

    Args:
        first: offsets in the original.
        second: offsets in ``between``.
        between: the text after ``first``.
    """
    if not first:
        return list(second)
    clusters: list[_Cluster] = []
    for start, end, early, late in _side_by_side(first, second):
        if not clusters or start >= clusters[-1].end:
            clusters.append(_Cluster(start, end))
        cluster = clusters[-1]
        cluster.end = max(cluster.end, end)
        if early is not None:
            cluster.kind = cluster.kind or early.kind
            cluster.grown += len(early.replacement) - (early.end - early.start)
        if late is not None:
            cluster.kind = late.kind
            cluster.late.append(late)
    result, shift = [], 0
    for cluster in clusters:
        start = cluster.start - shift
        shift += cluster.grown
        result.append(Span(start, cluster.end - shift, cluster.kind, cluster.replacement(between)))
    return result


class _Cluster:
    """Changes of both rounds that touch the same stretch of the text in between."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.kind = ""
        self.grown = 0
        self.late: list[Span] = []

    def replacement(self, between: str) -> str:
        moved = [
            one._replace(start=one.start - self.start, end=one.end - self.start)
            for one in self.late
        ]
        return apply(between[self.start : self.end], moved)


def _side_by_side(
    first: Sequence[Span], second: Sequence[Span]
) -> list[tuple[int, int, Span | None, Span | None]]:
    """Return both rounds by their offsets in the text in between, in order."""
    rows: list[tuple[int, int, Span | None, Span | None]] = []
    shift = 0
    for span in first:
        start = span.start + shift
        rows.append((start, start + len(span.replacement), span, None))
        shift += len(span.replacement) - (span.end - span.start)
    rows += [(span.start, span.end, None, span) for span in second]
    return sorted(rows, key=lambda row: row[:2])
