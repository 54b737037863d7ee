"""One case: where it stands and what happened."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from api import uploads
from api.current import actor, application
from api.web import language, timeline, times
from engine import forms, views
from engine.commands import JsonObject

pages = Blueprint("case_pages", __name__)


@pages.get("/cases/<case_id>")
def show(case_id: str) -> str:
    """Show a case with its data, open steps and history."""
    app, who = application(), actor()
    case = views.case(app, who, case_id)
    lines = timeline.lines(views.history(app, who, case_id))
    definition = views.version(app, case["process"], case["version"])
    title = f"{definition['name'] or case['process']}"
    return render_template("case.html", case=case, title=title, lines=lines, shown=_shown(case))


def _shown(case: JsonObject) -> list[tuple[str, str]]:
    """Return (label, value) of the case's data, by the labels of the forms that ask them."""
    labels = _labels(case)
    hidden = ("_outcome", "_by", "_at", "_unit")
    return [
        (labels.get(key, key), times.plain(value))
        for key, value in case["data"].items()
        if key in labels or not key.endswith(hidden)
    ]


def _labels(case: JsonObject) -> dict[str, str]:
    files = views.version(application(), case["process"], case["version"])["files"]
    labels: dict[str, str] = {}
    for one in files:
        if one["kind"] == "form":
            form = forms.load(views.form(application(), one["key"]))
            for part in form.fields():
                labels.setdefault(part.key, language.pick(part.label, part.label_en))
    return labels


@pages.get("/cases/<case_id>/attachments/<attachment_id>")
def download(case_id: str, attachment_id: str) -> Response:
    """Give a file to be saved."""
    return uploads.download(*views.attachment(application(), actor(), case_id, attachment_id))
