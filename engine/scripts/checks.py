"""What a designer should know about a text before it is deployed, without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from difflib import get_close_matches

from engine.scripts.code import Code, Facts, Mistake, facts, tree_of
from engine.scripts.names import BUILTINS, HOST, PRELUDE

_METHODS = """
    append capitalize casefold center clear copy count date days difference endswith extend find
    format fromisoformat get index insert intersection is_finite isalnum isalpha isascii isdecimal
    isdigit isdisjoint islower isnumeric isoformat isspace issubset issuperset isupper items join
    keys ljust lower lstrip now partition pop popitem quantize remove removeprefix removesuffix
    replace reverse rfind rindex rjust rpartition rsplit rstrip setdefault sort split splitlines
    startswith strftime strip strptime swapcase symmetric_difference time timestamp title today
    total_seconds union update upper values weekday isoweekday astimezone zfill add discard
    to_integral_value as_tuple adjusted is_nan is_zero is_signed normalize combine most_common
    elements year month day hour minute second microsecond tzinfo seconds microseconds real imag
    numerator denominator utc min max fromkeys encode bit_length is_integer difference_update
    intersection_update symmetric_difference_update isidentifier expandtabs toordinal ctime
    timetuple utcoffset sqrt copy_abs compare
"""
_MODULES = """
    base64 bisect collections copy csv dataclasses datetime decimal functools hashlib itertools
    json math random re time typing unicodedata
"""
METHODS = frozenset(_METHODS.split())
"""Attributes of texts, lists, dicts, sets, numbers, dates: what is no key of case data."""

MODULES = frozenset(_MODULES.split())
"""Modules of the sandbox that scripts may import: nothing that touches the machine."""

_FOREIGN = {"true": "True", "false": "False", "null": "None", "nil": "None", "undefined": "None"}
_KNOWN = BUILTINS | PRELUDE | HOST


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a text.

    Attributes:
        line: in the file where the code knows its line, else in the text.
        message: what is wrong.
        hint: what to write instead.
    """

    line: int | None
    message: str
    hint: str | None = None


def examine(code: Code) -> Problem | None:
    """Return the first thing that is wrong with a text, by reading it."""
    if code.feel is not None:
        # The reader of the diagram has parsed it, or would have refused it.
        return None
    found = facts(code.text, code.mode)
    if found.mistake is not None:
        return Problem(_line(code, found.mistake.line), found.mistake.message, _dialect(code.text))
    tree = tree_of(code.text, code.mode)
    assert not isinstance(tree, Mistake)
    modules = _imported(tree)
    for node in ast.walk(tree):
        problem = _of_node(node, code, found, modules)
        if problem is not None:
            line = getattr(node, "lineno", 1) + found.skipped
            return Problem(_line(code, line), *problem)
    return None


def _line(code: Code, line: int) -> int:
    return line if code.line is None else code.line + line - 1


def _dialect(text: str) -> str | None:
    body = text.strip()
    if body.startswith(("${", "#{")):
        return f"Write it without the braces: {body[2:].rstrip('}').strip()}"
    if body.startswith("="):
        return f"Write it without the leading equals sign: {body[1:].strip()}"
    if "&&" in body or "||" in body:
        return "Write `and` for `&&` and `or` for `||`."
    if "?" in body:
        return "Write `a if condition else b` for `condition ? a : b`."
    return None


def _imported(tree: ast.AST) -> frozenset[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return frozenset(names)


def _of_node(
    node: ast.AST, code: Code, found: Facts, modules: frozenset[str]
) -> tuple[str, str | None] | None:
    if isinstance(node, ast.Name):
        return _of_name(node)
    if isinstance(node, ast.Attribute):
        return _of_attribute(node, found, modules)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _of_call(node, node.func.id, code, found)
    if isinstance(node, ast.Import):
        return next((_of_module(a.name) for a in node.names if a.name not in MODULES), None)
    if isinstance(node, ast.ImportFrom) and node.module not in MODULES:
        return _of_module(node.module or ".")
    return None


def _of_name(node: ast.Name) -> tuple[str, str | None] | None:
    if node.id in _FOREIGN:
        return f"{node.id!r} is no word of Python.", f"Write {_FOREIGN[node.id]}."
    if node.id.startswith("__"):
        return f"{node.id!r} begins with two underscores.", "Choose another name."
    return None


def _of_attribute(
    node: ast.Attribute, found: Facts, modules: frozenset[str]
) -> tuple[str, str | None] | None:
    root: ast.expr = node
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Name) and (root.id in modules or root.id in found.made):
        return None
    if node.attr in METHODS:
        return None
    base = ast.unparse(node.value)[:60]
    return (
        f"{base} has no attribute {node.attr!r}: case data are read by key.",
        f"Write {base}['{node.attr}'], or {base}.get('{node.attr}') where it may be missing.",
    )


def _of_call(node: ast.Call, name: str, code: Code, found: Facts) -> tuple[str, str | None] | None:
    if name == "value":
        first = node.args[0] if node.args else None
        if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
            return "value() needs the name of the datum in quotes.", "Write value('amount', 0)."
    if name in _KNOWN or name in found.made or name in code.writes:
        return None
    if name not in found.calls or name in found.names:
        return None
    close = get_close_matches(name, sorted(_KNOWN), n=1)
    hint = f"Did you mean {close[0]}()?" if close else "See the list of functions on offer."
    return f"There is no function {name}().", hint


def _of_module(name: str) -> tuple[str, str | None]:
    return (
        f"The module {name!r} cannot be imported here.",
        "There are " + ", ".join(sorted(MODULES)) + ".",
    )
