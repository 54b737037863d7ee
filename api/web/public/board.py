"""The notice board: what was published, what is being discussed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request

from api.current import application
from api.web import fields, language, times
from api.web.public.frame import pages
from engine import public
from engine.public import Search

MOST = 200


@pages.get("/notices")
def notices() -> str:
    """Show what is on the board, by words, place, month, category and kind."""
    asked = {
        name: request.args.get(name, "").strip()[:MOST]
        for name in ("words", "unit", "category", "month", "kind")
    }
    app = application()
    found = public.notices(app, Search(**asked), request.args.get("cursor") or None)
    kept = {name: one for name, one in asked.items() if one}
    return render_template(
        "public/notices.html",
        items=found["items"],
        following=found["next"] and urlencode({**kept, "cursor": found["next"]}),
        asked=asked,
        is_filtered=bool(kept),
        places=public.places(app),
        categories=public.categories(app),
    )


@pages.get("/notices/<name>")
def notice(name: str) -> str:
    """Show one notice, to be read and printed."""
    return render_template("public/notice.html", item=public.notice(application(), name))


@pages.get("/notices/<name>/photos/<int:number>")
def photograph(name: str, number: int) -> Response:
    """Give a photograph of a notice."""
    media_type, content = public.photograph(application(), name, number)
    response = Response(content, mimetype=media_type)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@pages.get("/topics")
def topics() -> str:
    """Show what is open for discussion, and what came of it before."""
    app = application()
    open_now = [{**one, "facts": list(map(_fact, one["facts"]))} for one in public.topics(app)]
    results = public.notices(app, Search(kind="consultation"))["items"]
    return render_template("public/topics.html", topics=open_now, results=results)


def _fact(fact: tuple[Any, str, Any]) -> tuple[str, str]:
    part, name, value = fact
    if part is None:
        return name, str(value)
    label = language.pick(part.label, part.label_en)
    text = fields.shown(part, value, {name: value})
    return label, text or times.plain(value)
