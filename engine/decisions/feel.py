"""S-FEEL, the language of decision cells, translated to Python for the sandbox.

Read once when the table is read; nothing is evaluated here. Understood are numbers,
texts, true, false, null, ``date("…")``, ``date and time("…")``, ``@"…"``, names and
paths, arithmetic, comparisons, ``and``, ``or``, ``not(…)``, ``if … then … else``,
lists, a few functions and those that the sandbox offers. Cells may also hold ``-``,
comparisons without a left side, ranges such as ``[1..10)`` and comma lists; and of
Python, for tables of SpiffWorkflow, ``True``, ``False``, ``None``, ``==``, ``in [a, b]``.

Source: OMG, Decision Model and Notation 1.5, sections 9 (S-FEEL) and 10.3.1.
"""

from __future__ import annotations

import json
import keyword
import math
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple

from engine.scripts.names import HOST, PRELUDE

MAX_LENGTH = 4_000
MAX_DEPTH = 30

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+(?:\.(?!\.)\d+)?|\.(?!\.)\d+)(?:[eE][+-]?\d+)?)
    | (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<name>date\ and\ time(?=\s*\()|[^\W\d]\w*)
    | (?P<sign>\.\.|\*\*|<=|>=|!=|==|[-+*/=<>()\[\],.:@])
    )""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"true": "True", "false": "False", "null": "None"}
# The same in the tables of SpiffWorkflow, whose cells are Python.
_WORDS |= {word: word for word in _WORDS.values()}
_RESERVED = {"and", "or", "if", "then", "else", "in", "between"}
_COMPARISONS = ("=", "!=", "<=", ">=", "<", ">")
_OPENING, _CLOSING = {"[": ">=", "(": ">", "]": ">"}, {"]": "<=", ")": "<", "[": "<"}
_BUILT_IN = {
    "count": "len",
    "sum": "sum",
    "min": "min",
    "max": "max",
    "abs": "abs",
    "string": "str",
}


class Unreadable(ValueError):
    """A text is no S-FEEL that is understood; the message says why."""


class _Token(NamedTuple):
    kind: str
    text: str


def expression(text: str) -> str:
    """Return an expression as Python.

    Raises:
        Unreadable: it is not understood.
    """
    parser = _Parser(text)
    result = parser.expression()
    parser.end()
    return result


def tests(text: str, subject: str) -> str | None:
    """Return the tests of an input cell on ``subject`` (Python) as Python.

    Returns:
        None for ``-`` or an empty cell, which every value passes.

    Raises:
        Unreadable: it is not understood.
    """
    if text.strip() in ("", "-"):
        return None
    parser = _Parser(text)
    result = parser.tests(subject)
    parser.end()
    return result


def compared(left: str, sign: str, right: str) -> str:
    """Return a comparison as Python; unequal kinds are judged in the sandbox."""
    if sign == "!=":
        return f"not feel({left}, '=', {right})"
    return f"feel({left}, {sign!r}, {right})"


class _Parser:
    """Recursive descent; every method returns Python in which precedence is explicit."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise Unreadable(f"it is longer than {MAX_LENGTH:,} characters")
        self.tokens = list(_tokens(text))
        self.at, self.depth = 0, 0

    # -- cells ----------------------------------------------------------------

    def tests(self, subject: str) -> str:
        if self.peek() == "in" or (self.peek(), self.peek(1)) == ("not", "in"):
            return self._among(subject)
        if self.peek() == "not" and self.peek(1) == "(":
            mark = self.at
            self.take("not")
            self.take("(")
            inner = self._list(subject)
            self.take(")")
            if self.peek() == "":
                return f"not ({inner})"
            self.at = mark
        return self._list(subject)

    def _among(self, subject: str) -> str:
        """Read ``in [a, b]`` and ``not in [a, b]``, as SpiffWorkflow has them."""
        is_not = self.peek() == "not"
        if is_not:
            self.take("not")
        self.take("in")
        self.take("[")
        inner = self._list(subject)
        self.take("]")
        return f"not ({inner})" if is_not else inner

    def _list(self, subject: str) -> str:
        found = [self._test(subject)]
        while self.peek() == ",":
            self.take(",")
            found.append(self._test(subject))
        return " or ".join(found)

    def _test(self, subject: str) -> str:
        sign = self.peek()
        if sign in _COMPARISONS or sign == "==":
            self.take(sign)
            return compared(subject, "=" if sign == "==" else sign, self._sum())
        return self._range(subject) or compared(subject, "=", self.expression())

    def _range(self, subject: str) -> str | None:
        opening = self.peek()
        if opening not in _OPENING:
            return None
        mark, depth = self.at, self.depth
        self.take(opening)
        try:
            low = self._sum()
        except Unreadable:
            low, self.depth = "", depth
        if not low or self.peek() != "..":
            self.at = mark
            return None
        self.take("..")
        high, closing = self._sum(), self.peek()
        if closing not in _CLOSING:
            raise Unreadable(f"a range ends with ], ) or [, not {closing or 'the cell'!r}")
        self.take(closing)
        return (
            f"({compared(subject, _OPENING[opening], low)}"
            f" and {compared(subject, _CLOSING[closing], high)})"
        )

    # -- expressions ----------------------------------------------------------

    def expression(self) -> str:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("it is too deeply nested")
        result = self._conditional() if self.peek() == "if" else self._any()
        self.depth -= 1
        return result

    def _conditional(self) -> str:
        self.take("if")
        condition = self.expression()
        self.take("then")
        first = self.expression()
        self.take("else")
        return f"({first} if {condition} else {self.expression()})"

    def _any(self) -> str:
        return self._joined(self._all, "or")

    def _all(self) -> str:
        return self._joined(self._comparison, "and")

    def _joined(self, part: Callable[[], str], word: str) -> str:
        found = [part()]
        while self.peek() == word:
            self.take(word)
            found.append(part())
        return found[0] if len(found) == 1 else "(" + f" {word} ".join(found) + ")"

    def _comparison(self) -> str:
        left = self._sum()
        sign = self.peek()
        if sign not in _COMPARISONS and sign != "==":
            return left
        self.take(sign)
        return f"({compared(left, '=' if sign == '==' else sign, self._sum())})"

    def _sum(self) -> str:
        return self._chain(self._product, ("+", "-"))

    def _product(self) -> str:
        return self._chain(self._power, ("*", "/"))

    def _chain(self, part: Callable[[], str], signs: tuple[str, ...]) -> str:
        result, chained = part(), False
        while self.peek() in signs:
            sign = self.take(self.peek())
            result, chained = f"{result} {sign} {part()}", True
        return f"({result})" if chained else result

    def _power(self) -> str:
        base = self._signed()
        if self.peek() != "**":
            return base
        self.take("**")
        return f"({base} ** {self._signed()})"

    def _signed(self) -> str:
        if self.peek() != "-":
            return self._path()
        self.take("-")
        if self.peek() == "-":
            raise Unreadable("two minus signs in a row")
        return f"(-{self._path()})"

    def _path(self) -> str:
        result = self._atom()
        while self.peek() == ".":
            self.take(".")
            result = f"{result}[{self._name()!r}]"
        return result

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            raise Unreadable(f"a name is due after the dot, not {text or 'the end'!r}")
        return text

    def _atom(self) -> str:
        kind, text = self._next()
        if kind == "number":
            return _number(text)
        if kind == "text":
            return repr(_text(text))
        if kind == "name":
            return self._named(text)
        if text == "@":
            return self._at_literal()
        if text == "(":
            inner = self.expression()
            self.take(")")
            return f"({inner})"
        if text == "[":
            return "[" + ", ".join(self._arguments("]")) + "]"
        if text == "?":
            raise Unreadable("'?' is not understood; compare the input directly")
        raise Unreadable(f"a value is due where {text or 'the end'!r} stands")

    def _named(self, name: str) -> str:
        if self.peek() == "(":
            return self._call(name)
        if name in _WORDS:
            return _WORDS[name]
        if name in _RESERVED:
            raise Unreadable(f"{name!r} cannot stand here")
        if keyword.iskeyword(name):
            raise Unreadable(f'{name!r} is a word of the language; write value("{name}")')
        if not name.isidentifier():
            raise Unreadable(f"{name!r} is no name")
        return name

    def _at_literal(self) -> str:
        kind, text = self._next()
        if kind != "text":
            raise Unreadable('@ is followed by a date in quotes, such as @"2026-10-08"')
        return _date(_text(text), moment="T" in text)

    def _call(self, name: str) -> str:
        self.take("(")
        mark = self.at
        if name in ("date", "date and time") and self._next().kind == "text":
            literal = _text(self.tokens[mark].text)
            if self.peek() == ")":
                self.take(")")
                return _date(literal, moment=name != "date")
        self.at = mark
        given = self._arguments(")")
        joined = ", ".join(given)
        if name == "not":
            return f"(not {joined})"
        if name == "contains" and len(given) == 2:
            return f"({given[1]} in {given[0]})"
        if name == "number":
            return f"feel_as({joined}, 'number', 'number()')"
        python = {"date": "feel_date", "date and time": "moment"}.get(name) or _BUILT_IN.get(name)
        if python is None and name not in PRELUDE | HOST:
            raise Unreadable(f"there is no function {name}()")
        return f"{python or name}({joined})"

    def _arguments(self, closing: str) -> list[str]:
        found: list[str] = []
        while self.peek() != closing:
            if found:
                self.take(",")
            named = ""
            if self.peek(1) == ":" and self.tokens[self.at].kind == "name":
                named = f"{self._next().text}="
                self.take(":")
            found.append(named + self.expression())
        self.take(closing)
        return found

    # -- tokens ---------------------------------------------------------------

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        if place >= len(self.tokens) or self.tokens[place].kind == "text":
            # A text in quotes is never a sign or a word.
            return "" if place >= len(self.tokens) else '"'
        return self.tokens[place].text

    def take(self, wanted: str) -> str:
        found = self.peek()
        if found != wanted:
            raise Unreadable(f"{wanted!r} is due where {found or 'the end'!r} stands")
        self.at += 1
        return found

    def _next(self) -> _Token:
        if self.at >= len(self.tokens):
            raise Unreadable("it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise Unreadable(f"{self.tokens[self.at].text!r} is too much")


def _tokens(text: str) -> list[_Token]:
    found, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unreadable(f"{text[at : at + 10].strip()!r} is not understood")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match.group(kind)))
        at = match.end()
    return found


def _number(text: str) -> str:
    if len(text) > 40:
        raise Unreadable("a number has more than 40 characters")
    number = float(text)
    if not math.isfinite(number):
        raise Unreadable(f"{text} is too large")
    return str(int(text)) if text.isdigit() else repr(number)


def _text(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        raise Unreadable(f"the text {token[:20]} has an unknown escape") from None


def _date(text: str, *, moment: bool) -> str:
    try:
        if moment:
            datetime.fromisoformat(text)
        else:
            date.fromisoformat(text)
    except ValueError:
        example = "2026-10-08T09:00:00" if moment else "2026-10-08"
        raise Unreadable(f"{text!r} is no date; write it like {example}") from None
    return f"moment({text!r})" if moment else f"feel_date({text!r})"
