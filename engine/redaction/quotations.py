"""Quoted speech."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.redaction.spans import Span

REPLACEMENT = "（引语略）"

_OPENING, _CLOSING = "“「『", "”」』"
_CURLED = re.compile(f"[{_OPENING}{_CLOSING}]")
# A single one of these is an inch or an apostrophe.
_STRAIGHT = re.compile(r'"[^"\n]*"|‘[^‘’\n]*’')


def find(text: str) -> Iterator[Span]:
    """Find quotations in a folded text, the outermost where they are nested.

    A quotation that is not closed runs to the end; one that is not opened, from
    the beginning of its line.
    """
    for match in _STRAIGHT.finditer(text):
        yield Span(*match.span(), "quotation", REPLACEMENT)
    depth, start = 0, 0
    for match in _CURLED.finditer(text):
        if match[0] in _OPENING:
            start = start if depth else match.start()
            depth += 1
            continue
        if not depth:
            start = text.rfind("\n", start, match.start()) + 1 or start
        depth = max(depth - 1, 0)
        if not depth:
            yield Span(start, match.end(), "quotation", REPLACEMENT)
            start = match.end()
    if depth:
        yield Span(start, len(text), "quotation", REPLACEMENT)
