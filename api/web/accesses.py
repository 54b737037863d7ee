"""The access log of a case on a page: who was shown which personal values."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from api.current import actor, application
from api.web import diagrams, language
from engine import views
from engine.commands import JsonObject

pages = Blueprint("access_pages", __name__)


@pages.get("/cases/<case_id>/accesses")
def show(case_id: str) -> str:
    """Show who was shown what of a case, the latest first."""
    app, who = application(), actor()
    found = views.looks(app, who, case_id, cursor=request.args.get("cursor") or None)
    parts = diagrams.parts_of(diagrams.of_case(case_id))
    labels = {name: language.pick(one.label, one.label_en) for name, one in parts.items()}
    rows = [
        {**one, "place": _place(one), "what": [labels.get(name, name) for name in one["what"]]}
        for one in found["items"]
    ]
    return render_template("accesses.html", case_id=case_id, rows=rows, following=found["next"])


def _place(one: JsonObject) -> str:
    """Return where something was read: a word, and which register or file."""
    word, _, rest = one["place"].partition(" ")
    key = f"access_place_{word}"
    return f"{language.text(key) if language.known(key) else word} {rest}".strip()
