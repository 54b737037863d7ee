"""One way of writing for everything that is only written differently.

The folded text has one character for each character of the original, so the
offsets hold in both.
"""

from __future__ import annotations

import unicodedata

_DOTS = "•・‧∙●"


def fold(text: str) -> str:
    """Return ``text`` in lower case with plain digits, letters, dashes, dots and spaces."""
    return text.translate({ord(character): _plain(character) for character in set(text)})


def _plain(character: str) -> str:
    if character.isascii():
        return character.lower()
    # A number that is a letter of its own (①, ﹙) has a plain form of one character too.
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) != 1:
        return character
    digit = unicodedata.decimal(plain, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(plain)
    if category == "Pd" or plain == "−":
        return "-"
    if plain in _DOTS:
        return "·"
    # Zero-width characters only serve to hide a number from rules like these.
    if category in {"Zs", "Cf"}:
        return " "
    lower = plain.lower()
    return lower if len(lower) == 1 else plain
