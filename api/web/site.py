"""The pages put together: their routes, and what every template may use."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask, g, request

from api.current import application
from api.web import (
    accesses,
    batches,
    cases,
    decisions,
    designs,
    diagrams,
    incidents,
    language,
    people,
    prints,
    registers,
    returns,
    search,
    signing,
    start,
    tasks,
    times,
)
from engine import access, contacts, notices, views
from engine.clock import ManualClock, text


def install(app: Flask) -> None:
    """Add the pages to ``app``."""
    app.jinja_env.globals.update(
        t=language.text, language=language.chosen, name_of=language.pick, is_known=language.known
    )
    app.jinja_env.filters.update(
        moment=times.moment,
        due=times.due,
        plain=times.plain,
        remaining=times.remaining,
        unit=diagrams.unit,
        person=diagrams.person,
        notice=lambda code: language.pick(*notices.text_of(application(), code)),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_frame)
    for module in (
        signing,
        tasks,
        returns,
        cases,
        accesses,
        batches,
        decisions,
        start,
        people,
        prints,
        registers,
        search,
        designs,
        incidents,
    ):
        app.register_blueprint(module.pages)


def _frame() -> dict[str, Any]:
    """Return what the frame of every page shows."""
    other = "en" if language.chosen() == "zh" else "zh"
    return {
        "signed_in_as": g.actor.name if "actor" in g else None,
        "may_design": "actor" in g and access.may(g.actor, "check"),
        "unread_notices": _unread(),
        "may_mend": "actor" in g and incidents.may_mend(),
        "other_language_query": urlencode({**request.args.to_dict(), "lang": other}),
        "training_clock": _training_clock(),
        "done_text": _done_text(),
    }


def _unread() -> int:
    if "actor" not in g:
        return 0
    app, who = application(), g.actor
    with app.database.reading() as tx:
        contact = contacts.read(tx, who.name)
    return views.unread(app, who, contact)


def _training_clock() -> str:
    clock = application().clock
    return times.moment(text(clock.now())) if isinstance(clock, ManualClock) else ""


def _done_text() -> str:
    """Return what has just been done, as the redirect after it says."""
    key = f"done_{request.args.get('done', '')}"
    name = request.args.get("name", "")[:200]
    return language.text(key, name=name) if language.known(key) else ""
