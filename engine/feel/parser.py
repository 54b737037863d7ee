"""Expressions and unary tests as trees: operators by what they bind.

Recursive descent over the text itself, since where a name ends depends on the names
that are known at that place. Every chain of equal operators is one node, so that long
sums are not deep.

Source: OMG, Decision Model and Notation 1.5, section 10.3.1 (grammar).
"""

from __future__ import annotations

import re
from decimal import Decimal

from engine.feel import syntax
from engine.feel.names import PART, Names
from engine.feel.numbers import CONTEXT
from engine.feel.operands import Operands
from engine.feel.syntax import Literal, Node
from engine.feel.types import Type

_OPERATOR = re.compile(
    rf"\*\*|<=|>=|!=|[-+*/<>=]|(?:and|or|between|in|instance(?=\s+of))(?![{PART}])"
)
_LEVELS = {
    "or": 1, "and": 2,
    "=": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "between": 3, "in": 3, "instance": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "**": 6,
}  # fmt: skip
_NOT = re.compile(r"\s*not\s*\(")


class Parser(Operands):
    """Reads one text."""

    def whole(self) -> Node:
        """Read the text as an expression."""
        found = self.expression()
        self._end()
        return found

    def tests(self) -> syntax.Tests:
        """Read the text as unary tests."""
        self.skip()
        if self.text[self.at :].strip() in ("", "-"):
            return syntax.Tests(())
        negated = _NOT.match(self.text, self.at)
        if negated is None:
            return syntax.Tests(self._tests_to_end())
        mark = (self.at, self.free.copy(), self.maybe.copy(), self.tested)
        self.at = negated.end()
        parts = self._list_of_tests()
        self.due(")")
        self.skip()
        if self.at == len(self.text):
            return syntax.Tests(parts, refused=True)
        # The function not() at the beginning of something longer.
        self.at, self.free, self.maybe, self.tested = mark
        return syntax.Tests(self._tests_to_end())

    def _tests_to_end(self) -> tuple[Node, ...]:
        found = self._list_of_tests()
        self._end()
        return found

    def _list_of_tests(self) -> tuple[Node, ...]:
        found = [self._test(1)]
        while self.takes(","):
            found.append(self._test(1))
        return tuple(found)

    def _end(self) -> None:
        self.skip()
        if self.at < len(self.text):
            raise self.error("An operator is missing, or this is too much")

    def _test(self, least: int) -> Node:
        sign = self.sign()
        if sign is not None:
            operand = self.binary(4)
            return self.made(syntax.Test(sign, operand), operand)
        return self.expression() if least == 1 else self.binary(least)

    # -- operators ----------------------------------------------------------------------

    def _operator(self) -> str:
        self.skip()
        found = _OPERATOR.match(self.text, self.at)
        return "" if found is None else found[0]

    def binary(self, least: int) -> Node:
        """Read operands and the operators between them that bind at least so much."""
        found = self._signed()
        while True:
            operator = self._operator()
            level = _LEVELS.get(operator, 0)
            if level < least or not level:
                return found
            if level < 3:
                found = self._logic(found, operator, level)
            elif level == 3:
                self.at += len(operator)
                found = self._related(found, operator)
            else:
                found = self._arithmetic(found, level)

    def _logic(self, first: Node, word: str, level: int) -> Node:
        parts = [first]
        while self._operator() == word:
            self.at += len(word)
            parts.append(self.binary(level + 1))
        return self.made(syntax.Logic(word, tuple(parts)), *parts)

    def _arithmetic(self, first: Node, level: int) -> Node:
        rest: list[tuple[str, Node]] = []
        while _LEVELS.get(operator := self._operator()) == level:
            self.at += len(operator)
            rest.append((operator, self.binary(level + 1)))
        operands = [one for _, one in rest]
        return self.made(syntax.Arithmetic(first, tuple(rest)), first, *operands)

    def _related(self, left: Node, operator: str) -> Node:
        if operator == "between":
            low = self.binary(4)
            self.due_word("and")
            high = self.binary(4)
            return self.made(syntax.Between(left, low, high), left, low, high)
        if operator == "in":
            tests = self._in()
            return self.made(syntax.In(left, tests), left, *tests)
        if operator == "instance":
            self.due_word("of")
            kind = self.type_or_name()
            if isinstance(kind, str):
                return syntax.Nothing(f"{kind!r} is no type that is known.")
            return self.made(syntax.InstanceOf(left, kind), left)
        right = self.binary(4)
        return self.made(syntax.Comparison(operator, left, right), left, right)

    def _in(self) -> tuple[Node, ...]:
        """Read the tests behind ``in``: several in parentheses, or one."""
        if self.sees("("):
            self.at += 1
            tests = self._list_of_tests()
            if len(tests) == 1 and self.takes(".."):
                return (self._range(tests[0], included=False),)
            self.due(")")
            return tests
        return (self._test(4),)

    def _signed(self) -> Node:
        negative = 0
        while self.takes("-"):
            negative += 1
        found = self.postfix()
        for _ in range(2 - negative % 2 if negative else 0):
            if isinstance(found, Literal) and isinstance(found.value, Decimal):
                found = Literal(CONTEXT.minus(found.value))
            else:
                found = self.made(syntax.Negation(found), found)
        return found


def parser(text: str, names: Names, types: dict[str, Type]) -> Parser:
    """Return what reads a text."""
    return Parser(text, names, types)
