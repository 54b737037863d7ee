"""Regular expressions of XPath, which FEEL uses, put into those of the ``regex`` package.

They differ: XPath has no look-around and no possessive quantifiers, knows classes of
name characters and subtraction of classes, and lets ``$`` stand for the very end alone.
What XPath does not know is refused. A search that takes too long is stopped by its
wall clock (``Limits.pattern_seconds``), since no way to bound it beforehand is known
for expressions with back-references.

Source: W3C, XQuery and XPath Functions and Operators 3.1, section 5.6.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import regex

from engine.feel import names
from engine.feel.errors import FeelLimit

MAX_LENGTH = 2_000
MAX_DEPTH = 30
MAX_SIZE = 5_000
MAX_SEARCHED = 100_000
_FLAGS = {"s": regex.DOTALL, "m": regex.MULTILINE, "i": regex.IGNORECASE}
_LETTERS = {"n": r"\n", "r": r"\r", "t": r"\t"}
_START = names.START + ":"
_PART = names.PART + r":.\-"
_SETS = {
    "s": (r"[\ \t\n\r]", r"[^\ \t\n\r]"),
    "d": (r"\p{Nd}", r"\P{Nd}"),
    "w": (r"[^\p{P}\p{Z}\p{C}]", r"[\p{P}\p{Z}\p{C}]"),
    "i": (f"[{_START}]", f"[^{_START}]"),
    "c": (f"[{_PART}]", f"[^{_PART}]"),
}
_PLAIN = frozenset(r"\|.-^?*+{}()[]$")
_SPECIAL = frozenset(r"\[]&|~-^#") | {" "}
_PROPERTY = regex.compile(r"\{(Is[A-Za-z0-9-]+|[A-Z][a-z]?)\}")
_COUNT = regex.compile(r"\{(\d{1,4})(,(\d{1,4})?)?\}")


class NoPattern(ValueError):
    """A text is no regular expression of XPath; the message says why."""


@lru_cache(maxsize=512)
def compiled(pattern: str, flags: str) -> Any:
    """Return a pattern ready to search with.

    Raises:
        NoPattern: it is none.
    """
    bits = regex.VERSION1
    for flag in flags:
        if flag not in "smix":
            raise NoPattern(f"{flag!r} is no flag: s, m, i and x are")
        bits |= _FLAGS.get(flag, 0)
    if len(pattern) > MAX_LENGTH:
        raise NoPattern(f"it is longer than {MAX_LENGTH:,} characters")
    text = _Translation(pattern, flags).whole()
    try:
        return regex.compile(text, bits)
    except (regex.error, RecursionError, OverflowError) as error:
        raise NoPattern(str(error)) from None


def limited(call: Any, text: str, *others: Any, seconds: float) -> Any:
    """Call a method of a pattern on a text, within a time limit.

    Raises:
        FeelLimit: it takes longer, or the text is too long for that.
    """
    if len(text) > MAX_SEARCHED:
        raise FeelLimit(f"Patterns are not looked for in more than {MAX_SEARCHED:,} characters.")
    try:
        return call(*others, text, timeout=seconds)
    except TimeoutError:
        raise FeelLimit("A regular expression takes too long on this text.") from None


class _Translation:
    """Puts one pattern into the words of ``regex``, or refuses it."""

    def __init__(self, text: str, flags: str) -> None:
        self.text, self.at = text, 0
        self.spaces, self.dotall = "x" in flags, "s" in flags
        self.multiline, self.caseless = "m" in flags, "i" in flags
        self.groups = 0
        self.size = 0
        self.closed: set[int] = set()

    def whole(self) -> str:
        found = self._branches(0)
        if self.at < len(self.text):
            raise NoPattern("a ) too many")
        return found

    def _next(self) -> str:
        self._skip()
        return self.text[self.at : self.at + 1]

    def _skip(self) -> None:
        while self.spaces and self.text[self.at : self.at + 1] in (" ", "\t", "\n", "\r"):
            self.at += 1

    def _branches(self, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise NoPattern("it is too deeply nested")
        parts: list[str] = []
        while (sign := self._next()) and sign != ")":
            if sign == "|":
                self.at += 1
                parts.append("|")
                continue
            parts.append(self._piece(depth))
        return "".join(parts)

    def _piece(self, depth: int) -> str:
        if self.text[self.at] in "^$":
            return self._anchor()
        before = self.size
        self.size += 1
        atom = self._atom(depth)
        sign = self._next()
        if sign and sign in "?*+":
            self.at += 1
            return atom + sign + self._lazy()
        if sign == "{":
            count = _COUNT.match(self.text, self.at)
            if count is None or (count[3] and int(count[1]) > int(count[3])):
                raise NoPattern("a { begins no count such as {1,3}")
            self.at = count.end()
            self._repeat(before, int(count[3] or count[1]))
            return f"{atom}{count[0]}{self._lazy()}"
        return atom

    def _repeat(self, before: int, times: int) -> None:
        """Count what a repetition unfolds to; the memory it takes grows with that."""
        self.size = before + (self.size - before) * max(times, 1)
        if self.size > MAX_SIZE:
            raise NoPattern("it repeats too much")

    def _lazy(self) -> str:
        if self._next() == "?":
            self.at += 1
            return "?"
        if self._next() and self._next() in "*+{":
            raise NoPattern("two counts in a row")
        return ""

    def _anchor(self) -> str:
        sign = self.text[self.at]
        self.at += 1
        if sign == "^":
            return "^"
        return r"(?=\n|\Z)" if self.multiline else r"\Z"

    def _atom(self, depth: int) -> str:
        sign = self.text[self.at]
        self.at += 1
        if sign == "(":
            return self._group(depth)
        if sign == "[":
            return self._class(depth)
        if sign == ".":
            return "." if self.dotall else r"[^\n\r]"
        if sign == "\\":
            return self._escape(inside=False)
        if sign in "?*+{}]":
            raise NoPattern(
                f"{sign!r} has nothing before it, or stands for itself only as \\{sign}"
            )
        return str(regex.escape(sign))

    def _group(self, depth: int) -> str:
        if self.text.startswith("?:", self.at):
            self.at += 2
            number, opening = 0, "(?:"
        elif self._next() == "?":
            raise NoPattern("XPath has no (?…) but (?:…)")
        else:
            self.groups += 1
            number, opening = self.groups, "("
        inner = self._branches(depth + 1)
        if self._next() != ")":
            raise NoPattern("a ( is not closed")
        self.at += 1
        self.closed.add(number)
        return f"{opening}{inner})"

    def _escape(self, *, inside: bool) -> str:
        if not inside:
            self._skip()
        sign = self.text[self.at : self.at + 1]
        self.at += 1
        if sign in _LETTERS:
            return _LETTERS[sign]
        if sign and sign in _PLAIN:
            return "\\" + sign
        if sign and sign.lower() in _SETS and sign.isascii():
            return _SETS[sign.lower()][sign.isupper()]
        if sign in ("p", "P"):
            named = self._property(sign)
            # Categories stay what they are, also where the case of letters does not count.
            return f"(?-i:{named})" if self.caseless and not inside else named
        if sign.isdigit() and sign.isascii() and sign != "0" and not inside:
            return self._back(sign)
        raise NoPattern(f"\\{sign} means nothing")

    def _property(self, sign: str) -> str:
        found = _PROPERTY.match(self.text, self.at)
        if found is None:
            raise NoPattern(f"\\{sign} names no category")
        self.at = found.end()
        name = found[1]
        return f"\\{sign}{{In{name[2:]}}}" if name.startswith("Is") else f"\\{sign}{{{name}}}"

    def _back(self, sign: str) -> str:
        number = int(sign)
        while self.text[self.at : self.at + 1].isdigit():
            longer = number * 10 + int(self.text[self.at])
            if longer > self.groups:
                break
            number = longer
            self.at += 1
        if number not in self.closed:
            raise NoPattern(f"there is no group {number} before")
        # A group that did not take part matches the empty text in XPath.
        return f"(?:(?({number})\\{number}|))"

    def _class(self, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise NoPattern("it is too deeply nested")
        negative = self.text[self.at : self.at + 1] == "^"
        self.at += negative
        parts: list[str] = []
        taken = ""
        while True:
            # Here white space stands for itself, whatever the flags say.
            sign = self.text[self.at : self.at + 1]
            if not sign:
                raise NoPattern("a [ is not closed")
            self.at += 1
            if sign == "]" and parts:
                break
            if sign == "-" and self.text.startswith("[", self.at):
                self.at += 1
                taken = self._class(depth + 1)
                if not self.text.startswith("]", self.at) or not parts:
                    raise NoPattern("a subtraction ends its class")
                self.at += 1
                break
            parts.append(self._member(sign))
        body = f"[{'^' if negative else ''}{''.join(parts)}]"
        if taken:
            return f"[{body}--{taken}]"
        named = [one for one in parts if one[:2] in (r"\p", r"\P")]
        return _caseless(parts, named, negative=negative) if self.caseless and named else body

    def _member(self, sign: str) -> str:
        low = self._single(sign)
        follows = self.text[self.at : self.at + 2]
        if follows[:1] != "-" or follows[1:] in ("[", "]", ""):
            return low
        self.at += 1
        sign = self.text[self.at : self.at + 1]
        self.at += 1
        high = self._single(sign)
        if any(one[:1] == "[" or one[:2] in (r"\p", r"\P") for one in (low, high)):
            raise NoPattern("a range of characters goes from one to another")
        return f"{low}-{high}"

    def _single(self, sign: str) -> str:
        if sign == "\\":
            return self._escape(inside=True)
        if sign in ("[", "]"):
            raise NoPattern(f"{sign!r} in a class is written \\{sign}")
        return "\\" + sign if sign in _SPECIAL else sign


def _caseless(parts: list[str], named: list[str], *, negative: bool) -> str:
    """Return a class some of whose members are categories, which have their own case."""
    others = [one for one in parts if one not in named]
    either = f"(?-i:[{''.join(named)}])" + (f"|[{''.join(others)}]" if others else "")
    return f"(?!{either})(?s:.)" if negative else f"(?:{either})"
