"""What was typed at a task and not sent: kept by the page's script as one types, or by a button."""

from __future__ import annotations

from flask import Blueprint, make_response, request
from werkzeug.wrappers import Response

from api.current import actor, application
from api.web.fields import Typed
from engine import cases, views
from engine.unsent import Draft

pages = Blueprint("unsent_pages", __name__)

BESIDE = frozenset({"act", "once", "enter", "more", "outcome", "draft", "signature"})
"""What a form sends beside what somebody has typed."""
MOST = 2_000


@pages.post("/tasks/<task_id>/draft")
def keep_typed(task_id: str) -> Response:
    """Keep what the script of the page sends; nothing of it is an entry of the history."""
    keep(task_id)
    return make_response("", 204)


def keep(task_id: str) -> None:
    """Keep what the form of a task holds, files apart.

    Raises:
        EngineError: there is no such task for this person, or it has ended.
    """
    pairs = [
        (name, text)
        for name, text in request.form.items(multi=True)
        if name not in BESIDE and not name.startswith("phrase.")
    ]
    said = pairs[:MOST] if any(text.strip() for _, text in pairs) else []
    views.keep_draft(application(), actor(), *cases.split_task(task_id), said)


def drop(task_id: str) -> None:
    """Forget it: it was sent, or is not wanted any more."""
    views.drop_draft(application(), actor(), *cases.split_task(task_id))


def kept(task_id: str) -> tuple[Draft, Typed] | None:
    """Return what was typed before, as a form holds it."""
    found = views.draft(application(), actor(), *cases.split_task(task_id))
    return None if found is None else (found, Typed(found.pairs))
