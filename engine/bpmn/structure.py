"""Rules about how nodes stand to each other: what must hold, and what is doubtful."""

from __future__ import annotations

from collections.abc import Mapping

from engine.bpmn.document import Element, Findings
from engine.bpmn.model import ACTIVITIES, Kind, Node, Process, Scope, Trigger
from engine.bpmn.reading import Reading


def starts_by_itself(node: Node) -> bool:
    """Whether a node without incoming flow starts when there is no start event."""
    if node.incoming or node.kind in (Kind.START, Kind.BOUNDARY, Kind.EVENT_SUB_PROCESS):
        return False
    return not (node.kind is Kind.CATCH and _links(node))


def _links(node: Node) -> list[str]:
    return [one.name or "" for one in node.events if one.trigger is Trigger.LINK]


def demand_scopes(
    scopes: Mapping[str, Scope], elements: Mapping[str, Element], reading: Reading
) -> None:
    """Add an error for everything that no executor could run."""


def advise(process: Process, findings: Findings) -> None:
    """Add what a designer should know of a process that can run."""
