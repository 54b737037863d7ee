"""What a case's page says of it beside its history: its clocks, its people, its data by class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from api.current import actor, application
from api.web import diagrams, language, timeline, times, values
from api.web.timeline import Names
from api.web.values import Shown
from engine import facts, incidents, views
from engine.definitions import Pinned

Document = dict[str, Any]

CLASSES = ("reporter", "working", "public", "ballot")


class Group(NamedTuple):
    """The data of one class of fields, those that a form asks for first."""

    name: str
    asked: list[Shown]
    others: list[Shown]


def open_tasks(case: Document, pinned: Pinned) -> list[Document]:
    """Return the open tasks of a case with the names of their steps."""
    nodes = timeline.nodes_of(pinned)
    # Its id says in which process it stands: case.process.element.nth…
    return [
        {**one, "title": title_of({**one, "process": one["id"].split(".")[1]}, nodes)}
        for one in case["tasks"]
    ]


def clocks(case_id: str, pinned: Pinned) -> list[Document]:
    """Return the clocks of a case with the names of their steps and of who has them."""
    nodes = timeline.nodes_of(pinned)
    return [_clock(one, nodes) for one in views.clocks(application(), actor(), case_id)]


def _clock(one: Document, nodes: Names) -> Document:
    units = {held.get("unit") for held in one["candidates"]} - {None, ""}
    return {
        **one,
        "title": title_of(one, nodes),
        "units": "、".join(sorted(diagrams.unit(unit) or str(unit) for unit in units)),
        "holder": diagrams.person(one["assignee"]) or _offered(one["candidates"]),
        "lateness": late(one),
    }


def title_of(one: Mapping[str, Any], nodes: Names) -> str:
    """Return what an element is called, its recorded name where the diagram has it no more."""
    node = nodes.get((one["process"], one["element"]))
    return str(one.get("name") or one["element"]) if node is None else diagrams.title(node)


def _offered(candidates: list[Document]) -> str:
    """Return whom a task is offered to, in words."""
    return "、".join(diagrams.person(one.get("role") or one.get("user")) for one in candidates)


def late(one: Mapping[str, Any]) -> str:
    """Return by how much an ended task was late; empty if it was not."""
    if not one.get("late"):
        return ""
    kind = {"continuous": one["continuous"], "colour": "red", "remaining": -one["late"]}
    return times.remaining(kind)


def people(case_id: str, pinned: Pinned) -> list[Document]:
    """Return who has completed which steps of a case, the last one first."""
    nodes = timeline.nodes_of(pinned)
    return [
        {
            **one,
            "name": diagrams.person(one["user"]),
            "titles": [title_of(step, nodes) for step in one["steps"]],
        }
        for one in views.doers(application(), actor(), case_id)
    ]


def data(case: Document, pinned: Pinned) -> list[Group]:
    """Return the data of a case by the class of its fields, as far as there are any."""
    classes, parts = facts.field_classes(pinned), diagrams.parts_of(pinned)
    found = {name: Group(name, [], []) for name in CLASSES}
    for one in values.listed(case["data"], parts):
        group = found[classes.get(one.name, "working")]
        (group.asked if one.name in parts else group.others).append(one)
    return [one for one in found.values() if one.asked or one.others]


def stuck(case: Document, pinned: Pinned) -> list[Document]:
    """Return the open incidents of a case: the failing expression and the values it saw."""
    if not case["incidents"]:
        return []
    nodes, parts = timeline.nodes_of(pinned), diagrams.parts_of(pinned)
    return [
        {
            **one,
            "title": title_of(one, nodes),
            "values": [
                (values.shown(name, value, parts, one["saw"]), _now(name, one, parts))
                for name, value in one["saw"].items()
            ],
        }
        for one in incidents.of_case(application(), actor(), case["id"])
    ]


def _now(name: str, one: Document, parts: values.Parts) -> Shown | None:
    """Return what stands there now, where it is not what the expression saw."""
    if name not in one["has"] or one["has"][name] == one["saw"][name]:
        return None
    return values.shown(name, one["has"][name], parts, one["has"])


def waiting(case: Document, pinned: Pinned) -> list[Document]:
    """Return the timers that run: what fires when, the next ones."""
    nodes = timeline.nodes_of(pinned)
    return [{**one, "title": title_of(one, nodes)} for one in case["timers"][:20]]


def class_name(name: str) -> str:
    """Return what a class of fields is called."""
    return language.text(f"class_{name}")
