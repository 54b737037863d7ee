"""Lanes: where a step lies, and who does the tasks there.

A lane's people are those of its ``role`` property. In SpiffWorkflow's dialect its
name is a group of people, unless it means who started the process, or scripts
name its people in ``lane_owners``.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.bpmn import spiff
from engine.bpmn.document import BPMN, SPIFF, Element, body_of, children, local, namespace, text_of
from engine.bpmn.extensions import read_extensions
from engine.bpmn.reading import Reading
from engine.scripts import Code
from engine.scripts.code import MAX_SCRIPT

STARTER = Code("case['starter']", "expression")
_GROUP = "group:"


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a node lies.

    Attributes:
        names: outermost first.
        role: candidate groups as text, of the innermost lane that has some.
        users: expressions naming the people instead.
    """

    names: tuple[str, ...] = ()
    role: str | None = None
    users: tuple[Code, ...] = ()


@dataclass(slots=True)
class Lanes:
    """The lanes of a process: where each node lies, and the role of each lane."""

    places: dict[str, Lane] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)


def read_lanes(process: Element, reading: Reading) -> Lanes:
    """Return the lanes of a process."""
    found = Lanes()
    owners = lane_owners(process, reading) if reading.spiff else {}

    def walk(holder: Element, outer: Lane) -> None:
        for element in children(holder, "lane"):
            lane = _lane(element, outer, owners, reading)
            if lane.role and (lane.role != outer.role or not reading.spiff):
                own = _role_property(element, reading)
                if own or (reading.spiff and not owners.get(lane.names[-1])):
                    found.roles[lane.names[-1]] = lane.role
            for reference in children(element, "flowNodeRef"):
                node = reading.target(reference, "flowNodeRef", text_of(reference))
                if node is not None:
                    _put(found.places, node.get("id", ""), lane, reference, reading)
            for inner in children(element, "childLaneSet"):
                walk(inner, lane)

    # Outer ones come first, so that the lanes of a sub-process count inside of it.
    for lane_set in process.iter(f"{{{BPMN}}}laneSet"):
        walk(lane_set, _around(lane_set, found))
    return found


def _around(lane_set: Element, found: Lanes) -> Lane:
    """Return the lane in which the sub-process with a lane set of its own lies."""
    current = lane_set.getparent()
    while current is not None:
        lane = found.places.get(current.get("id", ""))
        if lane is not None:
            return lane
        current = current.getparent()
    return Lane()


def _role_property(element: Element, reading: Reading) -> str | None:
    return read_extensions(element, reading).properties.get("role")


def _lane(
    element: Element, outer: Lane, owners: dict[str, list[ast.expr]], reading: Reading
) -> Lane:
    name = (element.get("name") or element.get("id") or "").strip()
    names = (*outer.names, name)
    own = _role_property(element, reading)
    if own or not reading.spiff:
        return Lane(names, own or outer.role, () if own else outer.users)
    if spiff.is_initiator(name):
        return Lane(names, None, (STARTER,))
    if name in owners:
        return _owned(element, names, owners[name], reading)
    return Lane(names, spiff.role_of(name) or outer.role)


def _owned(
    element: Element, names: tuple[str, ...], values: list[ast.expr], reading: Reading
) -> Lane:
    """Return a lane whose people a script names: at once if it is one list, else as it runs."""
    name = names[-1]
    texts = {
        one.value
        for value in values
        for one in ast.walk(value)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }
    if len(values) == 1 and isinstance(values[0], ast.List):
        entries = [one.value for one in values[0].elts if isinstance(one, ast.Constant)]
        if len(entries) == len(values[0].elts) and all(isinstance(one, str) for one in entries):
            people = [str(one) for one in entries]
            groups = [spiff.role_of(one[len(_GROUP) :]) for one in people if _is_group(one)]
            users = [one for one in people if not _is_group(one)]
            return Lane(
                names,
                ",".join(groups) or None,
                tuple(Code(repr(one), "expression") for one in users),
            )
    if any(_is_group(one) for one in texts):
        reading.findings.error(
            "lane-owners",
            element,
            f"lane_owners names a group for {name!r}, and not as one list of texts.",
            "Write the list once, with its texts in quotes, or name the lane as the group.",
        )
    # Nobody at all would mean everybody.
    text = f"list(lane_owners[{name!r}]) or {{}}['lane_owners names nobody for {name}']"
    return Lane(names, None, (Code(text, "expression"),))


def _is_group(text: str) -> bool:
    return text.startswith(_GROUP)


def lane_owners(process: Element, reading: Reading) -> dict[str, list[ast.expr]]:
    """Return what the scripts of a process write into ``lane_owners``, by lane."""
    found: dict[str, list[ast.expr]] = {}
    for element, text in _scripts(process):
        try:
            tree = ast.parse(textwrap.dedent(text))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for key, value in _assigned(tree):
            if key is None:
                reading.findings.error(
                    "lane-owners",
                    element,
                    "It cannot be told for which lanes lane_owners names people.",
                    "Write lane_owners = {'LANE': […]} with the lanes' names in quotes.",
                )
            else:
                found.setdefault(key, []).append(value)
    return found


def _scripts(process: Element) -> Iterator[tuple[Element, str]]:
    for element in process.iter():
        is_script = local(element) == "script" and namespace(element) != SPIFF
        if is_script or local(element) in ("preScript", "postScript"):
            text = body_of(element)
            if "lane_owners" in text and len(text) <= MAX_SCRIPT:
                yield element, text


def _assigned(tree: ast.AST) -> Iterator[tuple[str | None, ast.expr]]:
    """Yield (lane, its people) for every assignment to ``lane_owners``; None = which is open."""
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            assert isinstance(node, ast.Assign)
            if _is_owners(target):
                yield from _entries(node.value)
            elif isinstance(target, ast.Subscript) and _is_owners(target.value):
                yield _text(target.slice), node.value


def _is_owners(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "lane_owners"


def _entries(value: ast.expr) -> Iterator[tuple[str | None, ast.expr]]:
    if not isinstance(value, ast.Dict):
        yield None, value
        return
    for key, one in zip(value.keys, value.values, strict=True):
        yield (None if key is None else _text(key)), one


def _text(node: ast.expr) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else None  # type: ignore[attr-defined]


def _put(places: dict[str, Lane], key: str, lane: Lane, at: Element, reading: Reading) -> None:
    """Keep the innermost lane of a node; two lanes side by side are doubtful."""
    before = places.get(key)
    if before is None or before.names == lane.names[: len(before.names)]:
        places[key] = lane
    elif lane.names != before.names[: len(lane.names)]:
        reading.findings.warning(
            "in-two-lanes",
            (key, at.sourceline),
            f"{key!r} lies in the lanes {before.names[-1]!r} and {lane.names[-1]!r}; "
            "the first one counts.",
            "Move it fully into one lane.",
        )
