"""A designer's text and what can be read off it without running it.

Reading never evaluates anything and survives hostile text: length is bounded and
a text that is too deeply nested is an ordinary error. Identifiers are compared as
Python does, in Unicode normal form NFKC (``Ａ`` and ``A`` are one name).
"""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from engine.scripts import in_feel
from engine.scripts.names import BUILTINS, HOST, PRELUDE, Names

Mode = Literal["expression", "script"]

MAX_EXPRESSION = 20_000
MAX_SCRIPT = 100_000
MAX_DEPTH = 150
"""Nesting of the syntax tree. Below the sandbox's own limit (200) and Python's."""


@dataclass(frozen=True, slots=True)
class Code:
    """An expression or a script as it stands in a diagram or table.

    Attributes:
        text: Python, of the subset that the sandbox knows.
        mode: an ``expression`` has a value; a ``script`` assigns variables.
        line: the line of the file on which the text begins; None if unknown.
        feel: what is evaluated instead, where the designer wrote FEEL. ``text`` says the
            same in Python where Python can (``is_python``), for those who look at it,
            and otherwise is the FEEL.
    """

    text: str
    mode: Mode = "expression"
    line: int | None = None
    feel: str | None = None
    is_python: bool = True

    @property
    def names(self) -> frozenset[str]:
        """The data names it mentions, with the literals of ``value('x')``.

        A name that is only ever called is a function and not among them.
        """
        if self.feel is not None:
            return in_feel.names(self.feel)
        return facts(self.text, self.mode).names

    @property
    def writes(self) -> frozenset[str]:
        """The names that a script may assign or change at its top level."""
        return facts(self.text, self.mode).writes


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a text cannot be read; ``line`` counts from 1 within the text."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What reading found.

    Attributes:
        source: the text as it is given to the sandbox.
        skipped: lines that were cut off before ``source``.
        mistake: why it cannot be read; everything below is then empty.
        names: see ``Code.names``.
        reads: data names without the literals of ``value``.
        literals: names asked for by ``value('x')``.
        calls: names it calls.
        writes: see ``Code.writes``.
        made: names of functions, classes and modules that a script makes.
        conflicts: names of the language or of our functions that it reads as data.
        alone: an expression that may change what it shares with others.
    """

    source: str = ""
    skipped: int = 0
    mistake: Mistake | None = None
    names: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    literals: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    conflicts: frozenset[str] = frozenset()
    alone: bool = False


def source_of(text: str, mode: Mode) -> tuple[str, int]:
    """Return the text without the indentation of the XML, and the lines cut off."""
    if mode == "script":
        return textwrap.dedent(text).rstrip() + "\n", 0
    body = text.lstrip()
    return body.rstrip(), text[: len(text) - len(body)].count("\n")


def tree_of(text: str, mode: Mode) -> ast.AST | Mistake:
    """Return the syntax tree, or why there is none."""
    limit = MAX_EXPRESSION if mode == "expression" else MAX_SCRIPT
    if len(text) > limit:
        return Mistake(1, f"The {mode} is longer than {limit:,} characters.")
    source, skipped = source_of(text, mode)
    if not source.strip():
        return Mistake(1, f"The {mode} is empty.")
    try:
        tree = ast.parse(source, mode="eval" if mode == "expression" else "exec")
    except SyntaxError as error:
        return Mistake(skipped + (error.lineno or 1), f"It is no Python: {error.msg}.")
    except (RecursionError, MemoryError):
        return Mistake(1, f"The {mode} is too deeply nested.")
    except ValueError as error:
        # Null bytes and lone surrogates; neither has a line.
        return Mistake(1, f"It is no text that can be read: {error}.")
    # A level of nesting takes a character at least, and stands for two nodes at most.
    deep = 2 * len(source) > MAX_DEPTH and _too_deep(tree)
    return Mistake(1, f"The {mode} is too deeply nested.") if deep else tree


def _too_deep(tree: ast.AST) -> bool:
    # Level by level: a recursive walk would end earlier the deeper its caller stands.
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return True
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return False


@lru_cache(maxsize=4096)
def facts(text: str, mode: Mode) -> Facts:
    """Read a text once; later calls with the same text are free."""
    tree = tree_of(text, mode)
    if isinstance(tree, Mistake):
        return Facts(mistake=tree)
    found = Names()
    found.visit(tree)
    source, skipped = source_of(text, mode)
    known = PRELUDE | HOST | BUILTINS
    # A name both read and called is the function that we know, else a datum.
    reads = frozenset(found.reads) - found.made - (found.calls & known)
    if mode == "expression":
        found.writes.clear()
    return Facts(
        source=source,
        skipped=skipped,
        names=reads | found.literals,
        reads=reads,
        literals=frozenset(found.literals),
        calls=frozenset(found.calls),
        writes=frozenset(found.writes) - found.made,
        made=frozenset(found.made),
        conflicts=reads & known,
        alone=found.changes,
    )
