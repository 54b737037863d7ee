"""What conditions say by their form: which ways out exclude each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from engine.bpmn.model import Flow, Node

SUBSETS_UP_TO = 6
"""Above this many conditional ways, one, two or all of them are tried."""

_AT_LEAST = re.compile(r"activationCount\s*(>=|>|==)\s*(\d{1,4})")
_CALL_BY_NAME = re.compile(r"value\((['\"])(\w+)\1(?:, *None)?\)")


def least(node: Node) -> int:
    """Return how many tokens a complex gateway needs, as far as its condition says so plainly."""
    text = "" if node.activation is None else node.activation.text
    found = _AT_LEAST.fullmatch(text.strip())
    return 1 if found is None else int(found[2]) + (found[1] == ">")


def chosen(node: Node, flows: list[Flow], bits: Mapping[str, int]) -> list[int]:
    """Return the ways out where conditions are asked one by one."""
    conditional = [flow for flow in flows if flow.condition is not None]
    always = sum(
        bits[flow.id] for flow in flows if flow.condition is None and flow.id != node.default
    )
    asked = [bits[flow.id] for flow in conditional if flow.id != node.default]
    if _exclude_each_other(conditional):
        ways = list(asked)
    elif len(asked) <= SUBSETS_UP_TO:
        ways = [one for one in _subsets(asked) if one]
    else:
        ways = [sum(some) for count in (1, 2) for some in combinations(asked, count)]
        ways.append(sum(asked))
    otherwise = bits.get(node.default or "", 0)
    ways = [way | always for way in ways]
    if otherwise or always:
        ways.append(otherwise | always)
    return list(dict.fromkeys(ways))


def _exclude_each_other(flows: list[Flow]) -> bool:
    """Whether the conditions compare one datum with different constants each."""
    compared = [_comparison(flow.condition.text) for flow in flows if flow.condition is not None]
    names = {one[0] for one in compared if one is not None}
    constants = [one[1] for one in compared if one is not None]
    whole = len(constants) == len(flows)
    return whole and len(names) == 1 and len(set(constants)) == len(constants)


def _comparison(text: str) -> tuple[str, str] | None:
    """Return (datum, constant) of a condition ``datum == constant``."""
    try:
        tree = ast.parse(_CALL_BY_NAME.sub(r"\2", text.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1:
        return None
    left, right = tree.left, tree.comparators[0]
    if not isinstance(tree.ops[0], ast.Eq) or not isinstance(right, ast.Constant):
        return None
    return (left.id, repr(right.value)) if isinstance(left, ast.Name) else None


def _subsets(bits: list[int]) -> Iterator[int]:
    for count in range(len(bits) + 1):
        for some in combinations(bits, count):
            yield sum(some)
