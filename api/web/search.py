"""Find cases: by number or words, place and telephone number."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from api.current import actor, application
from api.web import diagrams
from engine import views
from engine.commands import JsonObject
from engine.errors import EngineError

pages = Blueprint("search_pages", __name__)


@pages.get("/search")
def find() -> str:
    """Show the form, and what it finds."""
    app, who = application(), actor()
    asked = {name: request.args.get(name, "").strip() for name in ("words", "place", "phone")}
    wanted = views.Wanted(*(asked[name] or None for name in ("words", "place", "phone")))
    found: JsonObject = {"items": [], "next": None}
    refusal = None
    if any(asked.values()):
        try:
            found = views.search(app, who, wanted, limit=30, cursor=request.args.get("cursor"))
        except EngineError as reason:
            refusal = reason
    for one in found["items"]:
        one["title"] = diagrams.process_name(diagrams.of_case(one["id"]).main)
    following = found["next"] and urlencode({**asked, "cursor": found["next"]})
    return render_template(
        "search.html",
        asked=asked,
        is_asked=any(asked.values()),
        items=found["items"],
        following=following,
        refusal=refusal,
        by_phone=bool(app.settings.search_key),
    )
