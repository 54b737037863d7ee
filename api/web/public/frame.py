"""What all pages for residents share: their frame, languages, large print, refusals."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from api.web import language

PRINT = "bihuan_print"
"""The cookie that remembers large print; it says nothing of who reads."""
SIZES = ("normal", "large")
A_YEAR = 365 * 86_400
MENU = (
    ("/public/report", "pub_report", "pub_report_note"),
    ("/public/follow", "pub_follow", "pub_follow_note"),
    ("/public/notices", "pub_notices", "pub_notices_note"),
    ("/public/topics", "pub_topics", "pub_topics_note"),
    ("/public/lists", "pub_lists", "pub_lists_note"),
    ("/public/grids", "pub_grids", "pub_grids_note"),
)

pages = Blueprint("public", __name__, url_prefix="/public")


@pages.app_context_processor
def context() -> dict[str, Any]:
    """Return what the frame shows; the page of a wrong address has it, too."""
    if not language.is_public():
        return {}
    return {
        "public_menu": MENU,
        "size": size(),
        "sizes": SIZES,
        "languages": language.PUBLIC,
        "tag": language.TAGS[language.chosen()],
        "tags": language.TAGS,
        "here": _here,
    }


def size() -> str:
    """Return ``normal`` or ``large``: what the address says, else what was chosen before."""
    asked = request.args.get("print") or request.cookies.get(PRINT)
    return asked if asked in SIZES else SIZES[0]


def _here(**changes: str) -> str:
    """Return the address of this page with other choices; what was posted is left behind."""
    kept = {} if request.method == "POST" else request.args.to_dict()
    return "?" + urlencode({**kept, **changes})


@pages.after_request
def keep_size(response: Response) -> Response:
    """Remember the size of print that the address asked for."""
    asked = request.args.get("print", "")
    if asked in SIZES:
        response.set_cookie(PRINT, asked, max_age=A_YEAR, samesite="Lax", httponly=True)
    return response


@pages.get("")
def home() -> str:
    """Show what there is for residents."""
    return render_template("public/home.html")
