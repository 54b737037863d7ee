"""The text of an expression, read from left to right: white space, signs, words, literals."""

from __future__ import annotations

import re
from typing import TypeVar

from engine.feel import numbers
from engine.feel.errors import FeelError
from engine.feel.names import KEYWORDS, LABEL, PART, SPACE, WORD, Names, normal
from engine.feel.slips import meant
from engine.feel.syntax import Literal, Node
from engine.feel.types import Type

MAX_LENGTH = 100_000
MAX_NESTING = 64
MAX_ODD_NAMES = 200

_SKIPPED = re.compile(rf"(?:[{SPACE}]+|//[^\n\r]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(rf"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![{PART}])", re.ASCII)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(.))", re.DOTALL)
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_UNSTORED = re.compile("[\ud800-\udfff\x00]")
_ESCAPED = {
    "n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\", "b": "\b", "f": "\f",
}  # fmt: skip
_INSTANCE_OF = re.compile(rf"instance[{SPACE}]+of(?![{PART}])")
# Behind a dot these are one name, whatever stands around.
PROPERTIES = frozenset({"time offset", "start included", "end included"})

N = TypeVar("N", bound=Node)


class Scanner:
    """A text, how far it is read, and the names that are known here."""

    def __init__(self, text: str, names: Names, types: dict[str, Type]) -> None:
        if len(text) > MAX_LENGTH:
            raise FeelError(f"It is longer than {MAX_LENGTH:,} characters.", MAX_LENGTH)
        self.text, self.at = text, 0
        self.names, self.types = names, types
        self.fields: set[str] = set(PROPERTIES)
        self.nesting = 0
        self._depths: dict[int, int] = {}

    # -- trees --------------------------------------------------------------------------

    def made(self, node: N, *parts: Node) -> N:
        """Return a node whose parts are these, unless it is too deep."""
        depth = 1 + max((self._depths.get(id(one), 1) for one in parts), default=0)
        if depth > MAX_NESTING:
            raise self.error(f"It is nested more than {MAX_NESTING} levels deep")
        self._depths[id(node)] = depth
        return node

    def depth(self, node: Node) -> int:
        """Return how deep a node is nested."""
        return self._depths.get(id(node), 1)

    # -- characters ---------------------------------------------------------------------

    def error(self, what: str, at: int | None = None) -> FeelError:
        """Return the error that says what is wrong where."""
        at = self.at if at is None else at
        hint = meant(self.text, at)
        if at >= len(self.text):
            return FeelError(f"{what}, at the end of {self._shown(self.text)}.", at, hint)
        where = f"at {self._shown(self.text[at:])} (character {at + 1})"
        return FeelError(f"{what}, {where}.", at, hint)

    def _shown(self, text: str) -> str:
        return repr(text if len(text) <= 40 else text[:37] + "…")

    def skip(self) -> None:
        """Go on behind white space and comments."""
        found = _SKIPPED.match(self.text, self.at)
        if found is not None:
            self.at = found.end()

    def sees(self, sign: str) -> bool:
        """Whether a sign stands here."""
        self.skip()
        return self.text.startswith(sign, self.at)

    def takes(self, sign: str) -> bool:
        """Go on behind a sign if it stands here."""
        if not self.sees(sign):
            return False
        self.at += len(sign)
        return True

    def due(self, sign: str) -> None:
        """Go on behind a sign that must stand here."""
        if not self.takes(sign):
            raise self.error(f"{sign!r} is missing")

    def word(self) -> str:
        """Return the word that stands here, or an empty text; stay before it."""
        self.skip()
        found = WORD.match(self.text, self.at)
        return "" if found is None else found[0]

    def takes_word(self, word: str) -> bool:
        """Go on behind a keyword if it stands here."""
        if self.word() != word:
            return False
        self.at += len(word)
        return True

    def due_word(self, word: str) -> None:
        """Go on behind a keyword that must stand here."""
        if not self.takes_word(word):
            raise self.error(f"{word!r} is missing")

    def sees_instance_of(self) -> int:
        """Return the length of ``instance of`` if it stands here, else 0."""
        self.skip()
        found = _INSTANCE_OF.match(self.text, self.at)
        return 0 if found is None else len(found[0])

    # -- literals -----------------------------------------------------------------------

    def number(self) -> Literal | None:
        """Return the number that stands here."""
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            return None
        value = numbers.read(found[0])
        if value is None:
            raise self.error("A number is too large")
        self.at = found.end()
        return Literal(value)

    def string(self) -> str | None:
        """Return the string that stands here, without its quotes and escapes."""
        self.skip()
        if not self.text.startswith('"', self.at):
            return None
        found = _STRING.match(self.text, self.at)
        if found is None:
            raise self.error("A string does not end")
        self.at = found.end()
        return unescaped(found[1])

    def knows(self, *names: str) -> None:
        """Know some more names from here on."""
        self.names = self.names.plus(names)
        if self.names.inner > MAX_ODD_NAMES:
            raise self.error(f"It has more than {MAX_ODD_NAMES} names with spaces or signs")

    # -- names --------------------------------------------------------------------------

    def name(self) -> str | None:
        """Return the name that stands here; the longest known one, else all its words."""
        self.skip()
        known = self.names.longest(self.text, self.at)
        word = self.word()
        if known is not None and len(known) > len(word):
            self.at += len(known)
            return normal(known)
        if not word or word in KEYWORDS:
            return None
        return self._words(word)

    def field(self) -> str:
        """Return the name behind a dot."""
        self.skip()
        known = self.names.plus(self.fields).longest(self.text, self.at)
        word = self.word()
        if known is not None and len(known) > len(word):
            self.at += len(known)
            return normal(known)
        if not word:
            raise self.error("A name is due behind the dot")
        return self._words(word)

    def _words(self, word: str) -> str:
        """Read on: two names side by side mean nothing in FEEL but one with a space."""
        words = [word]
        self.at += len(word)
        while True:
            mark = self.at
            word = self.word()
            ends = self.at == mark or not word or word in KEYWORDS or "not" in (word, words[0])
            if ends or self.sees_instance_of():
                self.at = mark
                return " ".join(words)
            words.append(word)
            self.at += len(word)

    def label(self, ends: str) -> str | None:
        """Return the name or string before a sign of ``ends``; stay before that sign.

        None, and nothing is read, if there is none.
        """
        self.skip()
        mark = self.at
        found = LABEL.match(self.text, mark)
        label: str | None
        if found is not None:
            label = normal(found[0])
            self.at = found.end()
        else:
            label = self.string()
        self.skip()
        if label is None or self.at >= len(self.text) or self.text[self.at] not in ends:
            self.at = mark
            return None
        return label


def unescaped(text: str) -> str:
    """Return the text of a string literal; what is no escape stays as it is."""
    if "\\" not in text:
        return text
    joined = _PAIR.sub(_joined, _ESCAPE.sub(_character, text))
    # Half a pair, and the character that ends a text elsewhere, could not be stored.
    return _UNSTORED.sub("\ufffd", joined)


def _character(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code is None:
        return _ESCAPED.get(found[3], found[0])
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else found[0]


def _joined(found: re.Match[str]) -> str:
    high, low = (ord(one) for one in found[0])
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
