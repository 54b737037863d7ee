"""Several that do the same at a step: who may come (加签) and go (减签), with their buttons."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from api.web import diagrams, language
from engine.commands import AddInstance, CancelInstance, JsonObject
from engine.definitions import Pinned
from engine.errors import InvalidData

ADDS, TAKES = "add_instance", "cancel_instance"
ACTS = frozenset({ADDS, TAKES})
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Addable:
    """A step that takes one more, as the page names it: (value, label) of each choice."""

    activity: str
    step: str
    choices: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Removable:
    """An instance that may be taken out, as the page names it."""

    activity: str
    instance: int
    step: str
    key: str


def offered(case: JsonObject, pinned: Pinned) -> list[Removable]:
    """Return the instances that the reader may take out of a case now."""
    nodes = {key: process.nodes for key, process in pinned.bundle.processes.items()}
    return [
        Removable(
            one["activity"],
            one["instance"],
            diagrams.title(nodes[one["process"]][one["element"]]),
            one["key"],
        )
        for one in case["instances"]
        if one["cancellable"]
    ]


def additions(case: JsonObject, pinned: Pinned) -> list[Addable]:
    """Return the steps to which the reader may add one more now."""
    return [
        Addable(
            one["activity"],
            diagrams.title(pinned.bundle.processes[one["process"]].nodes[one["element"]]),
            [
                (str(each["value"]), language.pick(each["label"], each["label_en"]))
                for each in one["choices"]
            ],
        )
        for one in case["additions"]
        if one["choices"]
    ]


def sent(name: str) -> AddInstance | CancelInstance:
    """Return the command that a button has sent.

    Raises:
        InvalidData: the reason, or who is to be added, is missing.
    """
    form = request.form
    reason, number = form.get("reason", "").strip()[:2_000], form.get("instance", "")
    key = form.get("key", "")[:_LONGEST]
    needed = {"added_one": key, "ask_reason": reason} if name == ADDS else {"ask_reason": reason}
    for asked, given in needed.items():
        if not given:
            raise InvalidData(language.text("act_needs", name=language.text(asked)))
    if name == ADDS:
        return AddInstance(form.get("activity", "")[:_LONGEST], None, key, reason)
    known = number.isascii() and number.isdigit() and len(number) < 10
    return CancelInstance(form.get("activity", "")[:_LONGEST], int(number) if known else -1, reason)
