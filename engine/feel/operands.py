"""What stands between operators: literals, names, paths, calls, lists, contexts, loops."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from engine.feel import literals, syntax
from engine.feel.names import Names
from engine.feel.scanning import MAX_NESTING, Scanner
from engine.feel.syntax import Literal, Node
from engine.feel.types import Type, TypeReader
from engine.feel.values import Range, key

# A bracket that ends a range, as in [1..5[, and does not begin a filter.
_ENDS_RANGE = re.compile(
    r"\[\s*(?:$|[])},=!<>]|\.(?!\d)|(?:and|or|then|else|return|satisfies|in)\b)"
)
MAX_ITERATORS = 16
_SIGNS = ("<=", ">=", "!=", "<", ">", "=")
_NAMED = {"true": True, "false": False, "null": None}


class Operands(Scanner):
    """Reads operands; the operators between them are read by ``parser``."""

    def __init__(self, text: str, names: Names, types: dict[str, Type]) -> None:
        super().__init__(text, names, types)
        self.inner: list[str] = []
        self.free: set[str] = set()
        self.maybe: set[str] = set()
        self.filters = 0
        self.tested = False
        self._range_end = False

    def expression(self) -> Node:
        """Read an expression."""
        if self.nesting >= MAX_NESTING:
            raise self.error(f"It is nested more than {MAX_NESTING} levels deep")
        self.nesting += 1
        range_end, self._range_end = self._range_end, False
        found = self.binary(1)
        self._range_end = range_end
        self.nesting -= 1
        return found

    def binary(self, least: int) -> Node:
        """Read operands and the operators between them that bind at least so much."""
        raise NotImplementedError

    def sign(self) -> str | None:
        """Go on behind a sign of comparison and return it."""
        self.skip()
        for sign in _SIGNS:
            if self.text.startswith(sign, self.at):
                self.at += len(sign)
                return sign
        return None

    @contextmanager
    def also(self, *names: str) -> Iterator[None]:
        """Know some more names for a while; they hide those outside."""
        before, count = self.names, len(self.inner)
        self.knows(*names)
        self.inner += names
        yield
        self.names = before
        del self.inner[count:]

    # -- chains -------------------------------------------------------------------------

    def postfix(self) -> Node:
        """Read an operand with its paths, filters and calls."""
        found = self._operand()
        while True:
            self.skip()
            sign = self.text[self.at : self.at + 1]
            if sign == "." and not self.text.startswith("..", self.at):
                self.at += 1
                found = self.made(syntax.Path(found, self.field()), found)
            elif sign == "[" and not self._ends_range():
                found = self._filter(found)
            elif sign == "(" and not isinstance(found, Literal):
                found = self._call(found)
            else:
                return found

    def _ends_range(self) -> bool:
        return self._range_end and _ENDS_RANGE.match(self.text, self.at) is not None

    def _filter(self, operand: Node) -> Node:
        self.at += 1
        self.filters += 1
        before = self.names
        # Entries of the items are names here; which there are is only seen in the data.
        self.knows(*self.fields)
        self.inner.append("item")
        condition = self.expression()
        self.inner.pop()
        self.names = before
        self.filters -= 1
        self.due("]")
        return self.made(syntax.Filter(operand, condition), operand, condition)

    def _call(self, function: Node) -> Node:
        self.due("(")
        arguments: list[Node] = []
        names: list[str] = []
        while not self.takes(")"):
            if arguments:
                self.due(",")
            label = self.label(":")
            if label is not None:
                self.due(":")
                names.append(label)
            arguments.append(self.expression())
        if names and (len(names) != len(arguments) or len(set(names)) != len(names)):
            raise self.error("Arguments are all named, each once, or none is")
        call = syntax.Call(function, tuple(arguments), tuple(names) if names else None)
        return self.made(call, function, *arguments)

    # -- operands -----------------------------------------------------------------------

    def _operand(self) -> Node:
        self.skip()
        sign = self.text[self.at : self.at + 1]
        if sign == '"':
            return Literal(self.string())
        if sign.isdigit() or sign == ".":
            number = self.number()
            if number is not None:
                return number
        reads = {
            "(": self._parenthesis, "[": self._bracket, "]": self._bracket,
            "{": self._context, "@": self._at_literal,
        }.get(sign)  # fmt: skip
        if reads is not None:
            self.at += 1
            return reads()
        if sign == "?" and self.names.longest(self.text, self.at) is None:
            self.at += 1
            self.tested = True
            return syntax.Name("?")
        return self._named()

    def _named(self) -> Node:
        name = self.name()
        if name is not None:
            if name not in self.inner:
                (self.maybe if self.filters else self.free).add(name)
            return syntax.Name(name)
        word = self.word()
        if word in _NAMED:
            self.at += len(word)
            return Literal(_NAMED[word])
        reads = {
            "if": self._if, "for": self._for, "some": self._quantified,
            "every": self._quantified, "function": self._function,
        }.get(word)  # fmt: skip
        if reads is None:
            raise self.error("A value is due")
        self.at += len(word)
        return reads(word)

    def _at_literal(self) -> Node:
        text = self.string()
        if text is None:
            raise self.error("A text is due behind the @")
        return Literal(literals.temporal(text))

    def _parenthesis(self) -> Node:
        sign = self.sign()
        if sign is not None:
            end = self.binary(4)
            self.due(")")
            return self._half_open(sign, end)
        first = self.expression()
        if self.takes(".."):
            return self._range(first, included=False)
        self.due(")")
        return first

    def _half_open(self, sign: str, end: Node) -> Node:
        if sign == "!=":
            raise self.error("There is no range of all that is different")
        above, below = sign in (">", ">=", "="), sign in ("<", "<=", "=")
        return self.range_of(
            end if above else None, end if below else None, sign in (">=", "="), sign in ("<=", "=")
        )

    def _bracket(self) -> Node:
        opened = self.text[self.at - 1] == "]"
        items: list[Node] = []
        while opened or not self.takes("]"):
            if items:
                self.due(",")
            items.append(self.expression())
            if len(items) == 1 and (opened or self.sees("..")):
                self.due("..")
                return self._range(items[0], included=not opened)
        return self.made(syntax.ListOf(tuple(items)), *items)

    def _range(self, start: Node, *, included: bool) -> Node:
        before, self._range_end = self._range_end, True
        end = self.binary(4)
        self._range_end = before
        self.skip()
        closing = self.text[self.at : self.at + 1]
        if not closing or closing not in "])[":
            raise self.error("A range ends with ], ) or [")
        self.at += 1
        return self.range_of(start, end, included, closing == "]")

    def range_of(self, start: Node | None, end: Node | None, first: bool, last: bool) -> Node:
        """Return a range as a value where its ends are, else as what makes one."""
        ends = [one for one in (start, end) if one is not None]
        if _in_order(ends):
            low, high = (one.value if isinstance(one, Literal) else None for one in (start, end))
            return Literal(Range(low, high, first, last))
        return self.made(syntax.RangeOf(start, end, first, last), *ends)

    def _context(self) -> Node:
        entries: dict[str, Node] = {}
        twin = ""
        before, count = self.names, len(self.inner)
        while not self.takes("}"):
            if entries:
                self.due(",")
            key = self.label(":")
            if key is None:
                raise self.error("An entry with its value is due")
            twin = twin or (key if key in entries else "")
            self.due(":")
            entries[key] = self.expression()
            self.fields.add(key)
            self.knows(key)
            self.inner.append(key)
        self.names = before
        del self.inner[count:]
        if twin:
            return syntax.Nothing(f"There are two entries {twin!r}.")
        return self.made(syntax.ContextOf(tuple(entries.items())), *entries.values())

    # -- words --------------------------------------------------------------------------

    def _if(self, _word: str) -> Node:
        condition = self.expression()
        self.due_word("then")
        first = self.expression()
        self.due_word("else")
        second = self.expression()
        return self.made(syntax.If(condition, first, second), condition, first, second)

    def _for(self, _word: str) -> Node:
        before, count = self.names, len(self.inner)
        iterators = self._iterators()
        self.due_word("return")
        with self.also("partial"):
            body = self.expression()
        self.names = before
        del self.inner[count:]
        domains = [one for _, one in iterators]
        return self.made(syntax.For(tuple(iterators), body), body, *domains)

    def _quantified(self, word: str) -> Node:
        before, count = self.names, len(self.inner)
        iterators = self._iterators()
        self.due_word("satisfies")
        condition = self.expression()
        self.names = before
        del self.inner[count:]
        domains = [one for _, one in iterators]
        node = syntax.Quantified(word, tuple(iterators), condition)
        return self.made(node, condition, *domains)

    def _iterators(self) -> list[tuple[str, Node]]:
        found: list[tuple[str, Node]] = []
        while not found or self.takes(","):
            name = self.name()
            if name is None:
                raise self.error("The name of a variable is due")
            self.due_word("in")
            domain = self.expression()
            if self.takes(".."):
                high = self.expression()
                domain = self.made(syntax.Span(domain, high), domain, high)
            if len(found) == MAX_ITERATORS:
                raise self.error(f"There are more than {MAX_ITERATORS} iterators in one")
            found.append((name, domain))
            self.knows(name)
            self.inner.append(name)
        return found

    def _function(self, _word: str) -> Node:
        self.due("(")
        parameters: list[tuple[str, Type | None]] = []
        while not self.takes(")"):
            if parameters:
                self.due(",")
            name = self.label(":,)")
            if name is None:
                raise self.error("The name of a parameter is due")
            parameters.append((name, self.type() if self.takes(":") else None))
        if self.takes_word("external"):
            self.due("{")
            self._context()
            body: Node = syntax.Nothing("External functions are never run.")
            return syntax.FunctionOf(tuple(parameters), body, 1)
        with self.also(*(name for name, _ in parameters)):
            body = self.expression()
        node = syntax.FunctionOf(tuple(parameters), body, self.depth(body))
        return self.made(node, body)

    def type_or_name(self) -> Type | str:
        """Read a type, or the name of one that there is not."""
        self.skip()
        reader = TypeReader(self.text, self.at, self.types)
        found = reader.read()
        name = _TYPE_NAME.match(self.text, self.at)
        if found is None and name is not None and name[0] not in _HEADS:
            self.at = name.end()
            return name[0]
        return self.type()

    def type(self) -> Type:
        """Read a type."""
        self.skip()
        reader = TypeReader(self.text, self.at, self.types)
        found = reader.read()
        if found is None:
            raise self.error("This is no type that is known")
        self.at = reader.at
        return found


_HEADS = ("list", "context", "function", "range")
_TYPE_NAME = re.compile(r"[^\W\d][\w.]*")


def _in_order(ends: list[Node]) -> bool:
    """Whether the ends of a range are literals of one type that has an order."""
    values = [one.value for one in ends if isinstance(one, Literal)]
    ordered = all(key(one) is not None for one in values)
    return ordered and len(values) == len(ends) and len({type(one) for one in values}) == 1
