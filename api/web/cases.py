"""One case: where it stands and what happened."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from api import uploads
from api.current import actor, application
from api.web import diagrams, fields, language, timeline, times
from engine import views
from engine.commands import JsonObject
from engine.definitions import Pinned
from engine.forms import Component

pages = Blueprint("case_pages", __name__)


@pages.get("/cases/<case_id>")
def show(case_id: str) -> str:
    """Show a case with its data, open steps and history."""
    app, who = application(), actor()
    case = views.case(app, who, case_id)
    pinned = diagrams.of_case(case_id)
    return render_template(
        "case.html",
        case=case,
        title=pinned.main.name or case["process"],
        lines=timeline.lines(views.history(app, who, case_id), pinned),
        shown=_labelled(case, pinned),
        others=_others(case, pinned),
    )


def _labelled(case: JsonObject, pinned: Pinned) -> list[tuple[str, str]]:
    """Return (label, value) of the data that a form asks for, in the order they were given."""
    parts, data = _parts(pinned), case["data"]
    return [
        (language.pick(part.label, part.label_en), fields.shown(part, value, data))
        for key, value in data.items()
        if (part := parts.get(key)) is not None and value not in (None, "", [])
    ]


def _others(case: JsonObject, pinned: Pinned) -> list[tuple[str, str]]:
    """Return (name, value) of the data that no form asks for."""
    parts = _parts(pinned)
    return [(key, times.plain(value)) for key, value in case["data"].items() if key not in parts]


def _parts(pinned: Pinned) -> dict[str, Component]:
    parts: dict[str, Component] = {}
    for form in pinned.forms.values():
        for part in form.fields():
            # Where it can be chosen its values have labels; where it is only shown they do not.
            if part.key not in parts or (part.choices and not parts[part.key].choices):
                parts[part.key] = part
    return parts


@pages.get("/cases/<case_id>/attachments/<attachment_id>")
def download(case_id: str, attachment_id: str) -> Response:
    """Give a file to be saved."""
    return uploads.download(*views.attachment(application(), actor(), case_id, attachment_id))
