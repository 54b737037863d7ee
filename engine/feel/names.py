"""Names: letters of any script, with spaces and the signs . / - ' + * between them.

A name with a space or sign is only told from several names, or from arithmetic, by
knowing it: the longest known name wins. White space inside is one space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby

START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
PART = START + "0-9\u00b7\u0300-\u036f\u203f-\u2040"
SPACE = "\\s\u0085\u00a0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
WORD = re.compile(f"[{START}][{PART}]*")
# What stands before the colon of an entry, parameter or named argument.
LABEL = re.compile(f"[{START}?][{PART}?{SPACE}./'+*-]*")

KEYWORDS = frozenset(
    {
        "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or",
        "between", "function", "external", "true", "false", "null",
    }
)  # fmt: skip
ALWAYS_CALLED = frozenset({"date and time", "years and months duration"})


def normal(name: str) -> str:
    """Return a name with single spaces."""
    return " ".join(name.split())


class Names:
    """The names known at one place that are not one word, looked for in a text."""

    __slots__ = ("_outer", "_pattern", "inner", "known")
    known: frozenset[str]

    def __init__(self, known: frozenset[str], outer: Names | None = None) -> None:
        self._pattern = _pattern(known)
        self._outer = outer
        self.inner: int = 0 if outer is None else outer.inner + len(known)
        self.known = known if outer is None else known | outer.known

    def plus(self, names: Iterable[str]) -> Names:
        """Return these and more."""
        more = frozenset(one for one in names if not WORD.fullmatch(one)) - self.known
        return Names(more, self) if more else self

    def longest(self, text: str, at: int) -> str | None:
        """Return the text of the longest known name at a place, None if there is none."""
        best: str | None = None
        here: Names | None = self
        while here is not None:
            found = here._pattern.match(text, at) if here._pattern is not None else None  # noqa: SLF001
            if found is not None and (best is None or len(found[0]) > len(best)):
                best = found[0]
            here = here._outer  # noqa: SLF001
        return best


@lru_cache(maxsize=256)
def known(names: frozenset[str]) -> Names:
    """Return the index of some names."""
    return Names(frozenset(one for one in names if not WORD.fullmatch(one)))


@lru_cache(maxsize=512)
def _pattern(odd: frozenset[str]) -> re.Pattern[str] | None:
    if not odd:
        return None
    longest_first = sorted(odd, key=lambda name: (-len(name), name))
    # What may follow is said once for names that stand together: it takes long to compile.
    alike = groupby(longest_first, _ahead)
    return re.compile("|".join(f"(?:{'|'.join(map(_one, some))}){ahead}" for ahead, some in alike))


def _one(name: str) -> str:
    return f"[{SPACE}]+".join(map(re.escape, name.split()))


def _ahead(name: str) -> str:
    if name in ALWAYS_CALLED:
        return r"(?=\s*\()"
    return f"(?![{PART}])" if name and WORD.match(name[-1]) else ""
