"""Expressions and unary tests, parsed once and evaluated often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.feel import exchange, names, numbers, syntax, testing
from engine.feel.builtins import BUILTINS
from engine.feel.compiler import compile_
from engine.feel.errors import FeelLimit
from engine.feel.frames import Frame
from engine.feel.names import Names
from engine.feel.parser import Parser, parser
from engine.feel.run import LIMITS, Limits, Run
from engine.feel.syntax import Literal
from engine.feel.types import Type
from engine.feel.values import NATIVE, SAFE, admit

_NOTHING: Mapping[str, Any] = {}
_NO_NAMES: frozenset[str] = frozenset()
_TOO_DEEP = "The evaluation is too deeply nested."
# The cells that most tables are made of need no parser.
_SIMPLE = re.compile(
    r'\s*(<=|>=|<|>|!=|=)?\s*(?:(-?\d{1,30}(?:\.\d{1,30})?)|"([^"\\]*)"|(true|false))\s*', re.ASCII
)


class Expression:
    """An expression.

    Attributes:
        text: as it was written.
        names: the names that it reads, those of inner variables and built-in functions
            left out.
        perhaps: names inside of filters: of data, or of entries of the items.
        tree: its parts, see ``syntax``.
    """

    __slots__ = ("_closure", "_depth", "_name", "names", "perhaps", "text", "tree")

    def __init__(self, text: str, read: Parser, known: frozenset[str]) -> None:
        self.text = text
        self.tree = read.whole()
        self.names = _free(read, known)
        self.perhaps = frozenset(read.maybe) - self.names
        self._closure = compile_(self.tree)
        self._depth = read.depth(self.tree)
        # Most input expressions only read a datum.
        self._name = self.tree.name if isinstance(self.tree, syntax.Name) else None

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(
        self,
        scope: Mapping[str, Any] = _NOTHING,
        *,
        limits: Limits = LIMITS,
        now: datetime | None = None,
        seed: str | int | None = None,
        notes: list[str] | None = None,
        run: Run | None = None,
    ) -> Any:
        """Return its value; null where it has none, and ``notes`` then say why.

        Args:
            scope: values by name; ints, floats and Python's dates are taken as well.
            limits: how much it may do.
            now: the moment of ``now()`` and ``today()``, aware.
            seed: of ``random number()``.
            notes: takes why something became null.
            run: instead of the four before it, where several evaluations share them.

        Raises:
            FeelLimit: it takes too many steps, or what it makes is too large.
        """
        if self._name is not None:
            value = scope.get(self._name)
            if (value is not None and type(value) in SAFE) or (
                type(value) is Decimal and value.is_finite()
            ):
                return value
        run = run or Run(limits, now, seed, notes)
        run.enter(self._depth)
        try:
            found = self._closure(Frame(scope, run))
            if type(found) not in NATIVE:
                exchange.check(found, run.limits.items * 2)
        except RecursionError:
            raise FeelLimit(_TOO_DEEP) from None
        finally:
            run.leave(self._depth)
        return found


class UnaryTests:
    """What a cell says of a value.

    Attributes:
        text: as it was written.
        names: the names that it reads besides the value.
        perhaps: names inside of filters, as those of an expression.
        constants: the values that pass, if that is all it says; else None.
        always: whether it is ``-``, which everything passes.
        tree: its parts, see ``syntax``.
    """

    __slots__ = (
        "_depth", "_fixed", "_holds", "always", "constants", "names", "perhaps", "text", "tree",
    )  # fmt: skip

    def __init__(
        self,
        text: str,
        tree: syntax.Tests,
        names: frozenset[str] = frozenset(),
        depth: int = 1,
        *,
        perhaps: frozenset[str] = frozenset(),
    ) -> None:
        self.text, self.tree, self.names, self.perhaps = text, tree, names, perhaps
        self._depth = depth
        self.always = not tree.parts
        self.constants = _constants(tree)
        holds = testing.any_of(tuple([testing.test(one, compile_) for one in tree.parts]))
        self._holds = testing.denied(holds) if tree.refused else holds
        # Literals need no frame and no budget.
        self._fixed = all(map(_is_fixed, tree.parts))

    def __repr__(self) -> str:
        return f"UnaryTests({self.text!r})"

    def test(
        self,
        value: Any,
        scope: Mapping[str, Any] = _NOTHING,
        *,
        limits: Limits = LIMITS,
        now: datetime | None = None,
        seed: str | int | None = None,
        notes: list[str] | None = None,
        run: Run | None = None,
    ) -> bool | None:
        """Return whether a value passes; None where that cannot be told.

        The arguments are those of ``Expression.evaluate``.

        Raises:
            FeelLimit: it takes too many steps.
        """
        if type(value) not in SAFE and not (type(value) is Decimal and value.is_finite()):
            value = admit(value)
        if self._fixed:
            return self._holds(value, _EMPTY)
        run = run or Run(limits, now, seed, notes)
        run.enter(self._depth)
        try:
            return self._holds(value, Frame(scope, run))
        except RecursionError:
            raise FeelLimit(_TOO_DEEP) from None
        finally:
            run.leave(self._depth)


_EMPTY = Frame(_NOTHING, Run())


def _free(read: Parser, known: frozenset[str]) -> frozenset[str]:
    certain = {one for one in read.free if one in known or one not in BUILTINS}
    return frozenset(certain | (read.maybe & known))


def _is_fixed(node: syntax.Node) -> bool:
    if type(node) is Literal:
        return True
    node = testing.turned(node)
    return type(node) is syntax.Test and type(node.operand) is Literal


def _constants(tree: syntax.Tests) -> frozenset[Any] | None:
    if tree.refused or not tree.parts:
        return None
    values = [
        one.value
        for one in tree.parts
        if isinstance(one, Literal) and type(one.value) in (str, Decimal, bool)
    ]
    return frozenset(values) if len(values) == len(tree.parts) else None


def parse(
    text: str,
    names: Iterable[str] = (),
    types: Mapping[str, Type] | None = None,
    *,
    fields: Iterable[str] = (),
) -> Expression:
    """Return an expression ready to be evaluated.

    Args:
        text: FEEL.
        names: those that are known where it stands, also of entries behind a dot; of
            several that fit the longest is meant.
        types: the types that ``instance of`` may name besides the built-in ones.

    Raises:
        FeelError: it is no FEEL.
    """
    known = frozenset(map(_normal, names))
    return Expression(text, _parser(text, known, types, fields), known)


def parse_unary(
    text: str,
    names: Iterable[str] = (),
    types: Mapping[str, Type] | None = None,
    *,
    fields: Iterable[str] = (),
) -> UnaryTests:
    """Return the tests of a cell; an empty one is ``-``.

    The arguments are those of ``parse``.

    Raises:
        FeelError: it is no list of unary tests.
    """
    simple = _simple(text)
    if simple is not None:
        return simple
    known = frozenset(map(_normal, names))
    read = _parser(text, known, types, fields)
    tree = read.tests()
    depth = max((read.depth(one) for one in tree.parts), default=1)
    names = _free(read, known)
    return UnaryTests(text, tree, names, depth, perhaps=frozenset(read.maybe) - names)


@lru_cache(maxsize=4096)
def _normal(name: str) -> str:
    return names.normal(name)


def _parser(
    text: str, known: frozenset[str], types: Mapping[str, Type] | None, fields: Iterable[str]
) -> Parser:
    inner = frozenset(map(_normal, fields))
    return parser(text, _index(known | inner), dict(types or {}))


@lru_cache(maxsize=256)
def _index(known: frozenset[str]) -> Names:
    return names.known(known.union(BUILTINS))


@lru_cache(maxsize=8192)
def _simple(text: str) -> UnaryTests | None:
    found = _SIMPLE.fullmatch(text)
    if found is None:
        return None
    value: Any
    if found[2] is not None:
        value = numbers.read(found[2])
    else:
        value = found[3] if found[3] is not None else found[4] == "true"
    return _of_literal(text, found[1], value)


def _of_literal(text: str, sign: str | None, value: Any) -> UnaryTests:
    """Return what ``UnaryTests`` makes of one literal, without asking what it is."""
    made = UnaryTests.__new__(UnaryTests)
    node: syntax.Node = Literal(value)
    if sign is not None:
        node = syntax.Test(sign, node)
    made.text, made.tree, made.names = text, syntax.Tests((node,)), _NO_NAMES
    made.perhaps = _NO_NAMES
    made._depth, made.always, made._fixed = 1, False, True  # noqa: SLF001
    made.constants = None if sign is not None else frozenset((value,))
    made._holds = testing.test(node, compile_)  # noqa: SLF001
    return made
