"""Why a case is where it is, in words: the gateways it passed, which way each took and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from api.web import diagrams, language, timeline, values
from api.web.values import Shown
from engine.bpmn.model import Node
from engine.definitions import Pinned
from engine.forms import Component

Document = dict[str, Any]


class Way(NamedTuple):
    """One way out of a gateway.

    Attributes:
        label: what the diagram writes at it, or where it leads to.
        verdict: what its condition came to, in words; empty where nothing was asked.
        read: the data that its condition read.
    """

    label: str
    to: str
    is_taken: bool
    is_default: bool
    expression: str
    verdict: str
    read: list[Shown]


class Passed(NamedTuple):
    """A gateway that was passed: the ways taken first."""

    title: str
    process: str
    element: str
    nth: int
    path: str
    ways: list[Way]


def passed(
    gateways: Iterable[Document], pinned: Pinned, parts: Mapping[str, Component]
) -> list[Passed]:
    """Return gateways as ``views.journey`` gives them, for people."""
    every = timeline.nodes_of(pinned)
    return [_passed(one, pinned, parts, every) for one in gateways]


def _passed(
    one: Document, pinned: Pinned, parts: Mapping[str, Component], every: timeline.Names
) -> Passed:
    process = pinned.bundle.processes.get(one["process"])
    nodes: Mapping[str, Node] = {} if process is None else process.nodes
    ways = [_way(way, nodes, parts) for way in one["ways"]]
    return Passed(
        title=_title(one["element"], nodes),
        process=one["process"],
        element=one["element"],
        nth=one["nth"],
        path=timeline.path_of(one["path"], every),
        ways=sorted(ways, key=lambda way: not way.is_taken),
    )


def _way(way: Document, nodes: Mapping[str, Node], parts: Mapping[str, Component]) -> Way:
    to = _title(way["target"], nodes)
    read = way.get("values", {})
    return Way(
        label=way["name"] or to,
        to=to,
        is_taken=way["taken"],
        is_default=way["default"],
        expression=way.get("expression", ""),
        verdict=_verdict(way),
        read=[values.shown(name, value, parts, read) for name, value in read.items()],
    )


def _verdict(way: Document) -> str:
    if "error" in way:
        return language.text("way_failed")
    if "value" not in way:
        return ""
    return language.text("way_holds" if way["value"] is True else "way_holds_not")


def _title(element: str, nodes: Mapping[str, Node]) -> str:
    node = nodes.get(element)
    return element if node is None else diagrams.title(node)
