"""Why the decisions of a case came out as they did, as the reader may see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import access, explanations
from engine.access import Actor
from engine.decisions import sentences
from engine.definitions import Pinned
from engine.facts import field_classes
from engine.ports import Application
from engine.views.cases import looked, reading, visible

Document = dict[str, Any]


def decisions(app: Application, actor: Actor, case_id: str) -> list[Document]:
    """Return the decisions that a case has asked, in their order, each with why.

    Returns:
        ``{position, at, process, element, nth, title, title_en, decision, name, data,
        result, matched, inputs, outputs, rules, requires, notes, agrees, why, why_en}``
        of each, as ``explanations.explained`` and ``decisions.explain`` have it; ``why``
        are sentences. Where the actor may not read a datum that it was decided by, there
        are only the first of these, up to ``data``, and ``withheld`` is true.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    seen: set[str] = set()
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = visible(app, tx, actor, case_id)
        pinned = app.library.pinned(tx, row.pins)
        reader = reading(app, tx, actor, row)
        classes = field_classes(pinned)
        found = []
        for one in explanations.explained(app, tx, case_id):
            data = access.withhold(reader, one["data"], classes, seen=seen.add)
            found.append({**_place(one, pinned), "data": data, **_why(one, data)})
    looked(app, actor, case_id, "decisions", seen)
    return found


_PLACE = ("position", "at", "process", "element", "nth", "decision", "name")


def _place(one: Mapping[str, Any], pinned: Pinned) -> Document:
    process = pinned.bundle.processes.get(one["process"])
    node = None if process is None else process.nodes.get(one["element"])
    title = one["element"] if node is None else node.name or node.id
    title_en = None if node is None else node.properties.get("name_en")
    return {**{name: one[name] for name in _PLACE}, "title": title, "title_en": title_en or title}


def _why(one: Mapping[str, Any], data: Mapping[str, Any]) -> Document:
    # What was decided by data that somebody may not read would tell them.
    if data != one["data"]:
        return {"withheld": True}
    told = {name: value for name, value in one.items() if name not in (*_PLACE, "data")}
    return {**told, "why": sentences(one, "zh"), "why_en": sentences(one, "en")}
