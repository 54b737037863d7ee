"""What a person does with a case and others: merge, link, unlink, reopen; and the links shown."""

from __future__ import annotations

from api.current import actor, application
from api.web import acts, diagrams
from engine import cases, views
from engine.cases import Once
from engine.commands import JsonObject


def done(name: str, case_id: str, once: Once) -> str:
    """Do what a button asks; return the case to look at next.

    Raises:
        EngineError: what the engine refuses, or something that is asked for is missing.
    """
    app, who = application(), actor()
    asked = acts.asked_of(name)
    reason = asked.get("reason") or ""
    if name == "reopen":
        return cases.reopen(app, who, case_id, reason, once=once).case_id or case_id
    other = views.numbered(app, who, asked["other"] or "")
    if name == "merge":
        cases.merge(app, who, case_id, other, reason, once=once)
    else:
        change = cases.link if name == "link" else cases.unlink
        change(app, who, case_id, other, reason or None, once=once)
    return case_id


def linked(case_id: str) -> list[JsonObject]:
    """Return the cases linked with one as the page lists them."""
    app = application()
    found = views.linked(app, actor(), case_id)
    names = {one["id"]: diagrams.process_name(diagrams.of_case(one["id"]).main) for one in found}
    return [{**one, "title": names[one["id"]]} for one in found]
