"""What may be started in a case: its open ad-hoc sub-processes with their buttons."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from api.web import diagrams
from engine.commands import Command, CompleteScope, JsonObject, StartActivity
from engine.definitions import Pinned

ACTS = frozenset({"start_activity", "complete_scope"})
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Offer:
    """An open ad-hoc sub-process as the page shows it.

    Attributes:
        startable: (id, name) of what may be started now.
        one_at_a_time: the others wait for the one that runs.
    """

    scope: str
    title: str
    startable: list[tuple[str, str]]
    completable: bool
    one_at_a_time: bool


def offered(case: JsonObject, pinned: Pinned) -> list[Offer]:
    """Return the ad-hoc sub-processes in which the reader may do something now."""
    return [
        offer(one, pinned) for one in case["activities"] if one["startable"] or one["completable"]
    ]


def offer(one: JsonObject, pinned: Pinned) -> Offer:
    """Return an ad-hoc sub-process as the pages show it."""
    process = one["called"] if "called" in one else one["process"]
    nodes = pinned.bundle.processes[process].nodes
    title = diagrams.title(nodes[one["element"]])
    if "instance" in one:
        title = f"{title} {one['instance'] + 1}"
    return Offer(
        scope=one["scope"],
        title=title,
        startable=[
            (each["activity"], diagrams.title(nodes[each["activity"]])) for each in one["startable"]
        ],
        completable=one["completable"],
        one_at_a_time=one["ordering"] == "Sequential",
    )


def sent(name: str) -> Command:
    """Return the command that a button has sent."""
    scope = request.form.get("scope", "")[:_LONGEST]
    if name == "complete_scope":
        return CompleteScope(scope)
    return StartActivity(scope, request.form.get("activity", "")[:_LONGEST])
