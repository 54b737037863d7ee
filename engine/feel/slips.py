"""What somebody meant who wrote FEEL as another language is written."""

from __future__ import annotations

import re

WIDE = 'Signs of full width are letters of names: write ( ) , : = < > + - and " of half width.'
_WIDE = re.compile("[（），：；＝＜＞＋－＊／“”‘’×÷【】｛｝]")
# What stands where the text ends to be FEEL, with the character before it.
_SLIPS = (
    (re.compile(r"=="), "Write = where two values are compared."),
    (re.compile(r"<>"), "Write != where two values differ."),
    (re.compile(r".?&&?", re.DOTALL), "Write and between conditions."),
    (re.compile(r".?\|\|?", re.DOTALL), "Write or between conditions."),
    (re.compile(r".?!(?!=)", re.DOTALL), "Write not(…) for the opposite."),
    (re.compile(r".?%", re.DOTALL), "Write modulo(a, b) for the rest of a division."),
    (re.compile(r".?'", re.DOTALL), "Write texts between double quotes."),
    (re.compile(r".?[$#]\{", re.DOTALL), "Write the bare name: ${…} is of another language."),
    (re.compile(r".?;", re.DOTALL), "Write a comma between values."),
    (re.compile(r"\W?not\b", re.DOTALL), "Write not(…) for the opposite."),
)
_NOT = re.compile(r"\bnot\s*$")


def meant(text: str, at: int) -> str | None:
    """Return what to write instead, where a text ends to be FEEL; None if nobody knows."""
    start = max(at - 1, 0)
    for pattern, hint in _SLIPS:
        if pattern.match(text, start if at else 0) or pattern.match(text, at):
            return hint
    if _NOT.search(text, max(at - 20, 0), at):
        return "Write not(…) for the opposite."
    return WIDE if _WIDE.search(text) else None
