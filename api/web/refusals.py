"""A refusal as a page: what happened, in words, and where to go from here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api.web import language, spoken
from engine.errors import MustChangePassword

_CHINESE = re.compile("[\u4e00-\u9fff]")
"""What the engine itself says is English; what a page says is in the language of its reader."""
MOST_CARRIED = 1_000_000
"""Bytes of a form that the page for who is signed out holds."""
_MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})


def wants_page() -> bool:
    """Say whether the request is one of a page, not of a program or of a page's script."""
    if request.headers.get("Accept") == "application/json":
        return False
    return not request.path.startswith("/api/") and request.path not in _MACHINES


def page(problem: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """Return the page for a problem; who is not signed in is sent to do that."""
    status = int(problem["status"])
    if status == 401 and request.method == "GET":
        return redirect(sign_in_address(), code=303)
    if status == 401 and not language.is_public():
        return make_response(_signed_out(), status)
    if problem["code"] == MustChangePassword.code:
        return redirect("/password", code=303)
    key = f"problem_{status}" if language.known(f"problem_{status}") else "problem_400"
    template = "public/refusal.html" if language.is_public() else "refusal.html"
    minutes = -(-int(headers.get("Retry-After", "60")) // 60)
    # Of HTTP itself there is nothing to say that the title does not.
    detail = str(problem["detail"])
    says = "" if detail.startswith(f"{request.method} {request.path}:") else spoken.sentence(detail)
    foreign = language.chosen() != "en" and not _CHINESE.search(says)
    html = render_template(
        template,
        title=language.text(key),
        problem=problem,
        minutes=minutes,
        note=f"problem_{status}_note",
        says="" if foreign else says,
        advice="" if not says or foreign else spoken.hint(problem.get("hint")),
        foreign=detail if says and foreign else "",
        back_to=request.path if request.method == "POST" else "",
    )
    response = make_response(html, status)
    if "Retry-After" in headers:
        response.headers["Retry-After"] = headers["Retry-After"]
    return response


def _signed_out() -> str:
    """Return the page for a form that was sent after the session had ended.

    It holds what was typed: who signs in beside it sends that again. Files and passwords are
    not held.
    """
    fits = (request.content_length or 0) < MOST_CARRIED
    typed = list(request.form.items(multi=True)) if fits else []
    if any("password" in name for name, _ in typed):
        typed = []
    again = request.full_path.rstrip("?")
    has_files = fits and any(one.filename for one in request.files.values())
    return render_template("signed_out.html", typed=typed, again=again, has_files=has_files)


def sign_in_address() -> str:
    """Return the sign-in page that leads back to where the request wanted to go."""
    here = request.full_path.rstrip("?")
    return "/sign-in" if here == "/" else "/sign-in?next=" + quote(here, safe="")
