"""How a text becomes functions that read it: one ``Reader`` for each node of its syntax tree.

A ``Builder`` looks each node up in a table of constructs (``constructs``); a node that is
not there makes the whole text the interpreter's. A ``Frame`` is one text being read.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from engine.scripts.code import Facts
from engine.scripts.operations import Unread

Inputs = Mapping[str, Any]
Host = Callable[..., Any]
TURNS = 10_000
"""Nodes that the loops of one text may visit together."""


class Frame:
    """One text being read.

    Attributes:
        inputs: the data.
        own: the variables that a script has assigned.
        inner: the variables of the comprehensions that are running.
        now: what the clock shows.
        hosts: look-ups by name.
    """

    __slots__ = ("_left", "hosts", "inner", "inputs", "now", "own")

    def __init__(self, inputs: Inputs, now: datetime, hosts: Mapping[str, Host]) -> None:
        self.inputs, self.now, self.hosts = inputs, now, hosts
        self.own: dict[str, Any] = {}
        self.inner: dict[str, Any] = {}
        self._left = TURNS

    def pay(self, nodes: int) -> None:
        """Take so many nodes from what is left.

        Raises:
            Unread: nothing is left.
        """
        self._left -= nodes
        if self._left < 0:
            raise Unread

    def datum(self, name: str) -> Any:
        """Return a datum.

        Raises:
            Unread: there is none of this name.
        """
        try:
            return self.inputs[name]
        except KeyError:
            raise Unread from None


Reader = Callable[[Frame], Any]
Step = Callable[[Frame], None]


class Builder:
    """Builds the readers of one text.

    Attributes:
        data: the names that it reads or assigns as data.
        writes: those that it assigns.
        inner: the variables of the comprehensions around the node that is built.
    """

    def __init__(self, found: Facts, constructs: Mapping[type[ast.expr], Make]) -> None:
        self.data, self.writes = found.reads | found.writes, found.writes
        self.inner: tuple[str, ...] = ()
        self._constructs = constructs

    def build(self, node: ast.expr) -> Reader:
        """Return what reads a node.

        Raises:
            Unread: it is, or holds, a construct that is not in the table.
        """
        make = self._constructs.get(type(node))
        if make is None:
            raise Unread
        return make(self, node)

    def all(self, nodes: Sequence[ast.expr]) -> list[Reader]:
        """Return what reads each of several nodes."""
        return [self.build(one) for one in nodes]

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Forget at the end which inner variables were added."""
        outer = self.inner
        try:
            yield
        finally:
            self.inner = outer


Make = Callable[[Builder, Any], Reader]


def text_of(node: ast.expr | None) -> str:
    """Return the text that a node is."""
    if isinstance(node, ast.Constant) and type(node.value) is str:
        return node.value
    raise Unread
