"""One of several that do the same at a step: who may be taken out (减签), with its button."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from api.web import diagrams, language
from engine.commands import CancelInstance, JsonObject
from engine.definitions import Pinned
from engine.errors import InvalidData

ACT = "cancel_instance"
_LONGEST = 500


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


def sent() -> CancelInstance:
    """Return the command that a button has sent.

    Raises:
        InvalidData: the reason is missing.
    """
    form = request.form
    reason, number = form.get("reason", "").strip()[:2_000], form.get("instance", "")
    if not reason:
        asked = language.text("ask_reason")
        raise InvalidData(language.text("act_needs", name=asked))
    known = number.isascii() and number.isdigit() and len(number) < 10
    return CancelInstance(form.get("activity", "")[:_LONGEST], int(number) if known else -1, reason)
