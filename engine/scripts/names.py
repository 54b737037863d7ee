"""Which names a piece of Python reads, calls and changes.

Scopes of comprehensions, lambdas and functions are followed, so that their own
variables are not mistaken for case data. Where it cannot be told without running
the text, a name counts as read: too much data passed is harmless, too little not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

_BUILTINS = """
    ArithmeticError AssertionError AttributeError BaseException Exception IndexError KeyError
    LookupError NameError NotImplementedError OverflowError RecursionError RuntimeError
    StopIteration TypeError UnboundLocalError ValueError ZeroDivisionError
    abs all any bin bool bytes chr complex dict divmod enumerate eval exec filter float format
    frozenset getattr hasattr hash hex id int isinstance iter len list locals map max min next
    object oct ord pow print property range repr reversed round set setattr slice sorted str sum
    tuple type zip
"""
_PRELUDE = """
    working_days working_hours elapsed_hours minutes amount part longest shortest after before
    end_of_day now moment value Decimal date datetime timedelta feel feel_as feel_date
"""
_CHANGES = """
    append extend insert pop popitem remove clear update setdefault sort reverse add discard
    intersection_update difference_update symmetric_difference_update shuffle seed
"""

BUILTINS = frozenset(_BUILTINS.split())
"""What the sandbox's language offers, less what only touches files."""

PRELUDE = frozenset(_PRELUDE.split())
"""What we add to it, see ``prelude``."""

HOST = frozenset({"lookup", "rows", "unit", "unit_at", "department"})
"""Look-ups, answered outside the sandbox."""

RESERVED = frozenset(
    {
        "case",
        "outcome",
        "loopCounter",
        "nrOfInstances",
        "nrOfActiveInstances",
        "nrOfCompletedInstances",
    }
)
"""Names that the engine gives to every text; no script, form or data may set them."""

_CHANGING = frozenset(_CHANGES.split())
_UNBOUNDED = frozenset({"eval", "exec", "setattr", "print"})


class Names(ast.NodeVisitor):
    """Collects names while walking a tree."""

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.calls: set[str] = set()
        self.literals: set[str] = set()
        self.writes: set[str] = set()
        self.made: set[str] = set()
        self.changes = False
        self._inner: list[set[str]] = []

    def visit_Name(self, node: ast.Name) -> None:
        """Sort a name by what is done with it."""
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        else:
            self._write(node.id)

    def visit_Call(self, node: ast.Call) -> None:
        """A called name is a function; ``value('x')`` names a datum."""
        function = node.func
        if isinstance(function, ast.Name):
            if not self._is_inner(function.id):
                self.calls.add(function.id)
            self.changes = self.changes or function.id in _UNBOUNDED
            self._note_value(function.id, node.args)
        else:
            if isinstance(function, ast.Attribute) and function.attr in _CHANGING:
                self._change(function.value)
            self.visit(function)
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            self.visit(argument)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """``a.b = 1`` changes ``a``."""
        if not isinstance(node.ctx, ast.Load):
            self._change(node.value)
        self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """``a['b'] = 1`` changes ``a``."""
        if not isinstance(node.ctx, ast.Load):
            self._change(node.value)
        self.visit(node.value)
        self.visit(node.slice)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """``a += 1`` reads ``a`` before it writes it."""
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
        self.visit(node.target)
        self.visit(node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """``(a := 1)`` writes outside the comprehension it stands in."""
        self.changes = True
        self.visit(node.value)
        self.visit(node.target)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Parameters are its own; defaults are not."""
        self._function(node.args, [node.body], set())

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Its name is made; its variables are its own unless declared global."""
        self._make(node.name)
        for decorator in node.decorator_list:
            self.visit(decorator)
        outer = {
            name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names
        }
        if not self._inner:
            self.writes |= outer
        own = {
            part.id
            for part in ast.walk(node)
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)
        }
        self._function(node.args, node.body, own - outer)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """A class is made, as a function is."""
        self._make(node.name)
        self._inner.append(set())
        self.generic_visit(node)
        self._inner.pop()

    def visit_Import(self, node: ast.Import) -> None:
        """A module is made, not data."""
        for alias in node.names:
            self._make((alias.asname or alias.name).split(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """What comes from a module is made, not data."""
        for alias in node.names:
            self._make(alias.asname or alias.name)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        """Variables of a comprehension are its own."""
        self._comprehension(node.generators, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        """Variables of a comprehension are its own."""
        self._comprehension(node.generators, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        """Variables of a comprehension are its own."""
        self._comprehension(node.generators, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        """Variables of a comprehension are its own."""
        self._comprehension(node.generators, [node.key, node.value])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """The name of a caught error is gone after the handler."""
        if node.name and not self._inner:
            self.made.add(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """A pattern binds its name."""
        self._bind_pattern(node, node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        """A pattern binds its name."""
        self._bind_pattern(node, node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        """A pattern binds its name."""
        self._bind_pattern(node, node.rest)

    def _bind_pattern(self, node: ast.AST, name: str | None) -> None:
        if name:
            self._write(name)
        self.generic_visit(node)

    def _function(self, args: ast.arguments, body: Iterable[ast.AST], own: set[str]) -> None:
        for default in [*args.defaults, *args.kw_defaults]:
            if default is not None:
                self.visit(default)
        named = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        self._inner.append({one.arg for one in named if one is not None} | own)
        for part in body:
            self.visit(part)
        self._inner.pop()

    def _comprehension(self, loops: list[ast.comprehension], results: list[ast.expr]) -> None:
        self.visit(loops[0].iter)
        own = {
            part.id
            for loop in loops
            for part in ast.walk(loop.target)
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)
        }
        self._inner.append(own)
        for loop in loops:
            if loop is not loops[0]:
                self.visit(loop.iter)
            for test in loop.ifs:
                self.visit(test)
        for result in results:
            self.visit(result)
        self._inner.pop()

    def _note_value(self, function: str, args: list[ast.expr]) -> None:
        if function == "value" and args and isinstance(args[0], ast.Constant):
            name = args[0].value
            if isinstance(name, str):
                self.literals.add(name)

    def _is_inner(self, name: str) -> bool:
        return any(name in scope for scope in self._inner)

    def _read(self, name: str) -> None:
        if not self._is_inner(name):
            self.reads.add(name)

    def _write(self, name: str) -> None:
        if not self._is_inner(name):
            self.writes.add(name)

    def _make(self, name: str) -> None:
        if not self._inner:
            self.made.add(name)

    def _change(self, target: ast.expr) -> None:
        self.changes = True
        while isinstance(target, ast.Subscript | ast.Attribute):
            target = target.value
        if isinstance(target, ast.Name):
            self._write(target.id)
