"""What the designer asks for before a deployment: a trial run, and past cases lived again."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from api import uploads
from api.current import actor, application
from api.web import judged, language, spoken, times
from api.web.designs import demand
from engine import backtest, trials
from engine.backtest import Plan
from engine.clock import parse
from engine.commands import JsonObject
from engine.errors import EngineError, InvalidRequest, NotDeployable

pages = Blueprint("trial_pages", __name__)
pages.before_request(demand)

MAX_CASES = 200
"""How many past cases are lived again while somebody waits."""


@pages.post("/designs/<key>/draft/trial")
def trial(key: str) -> Response:
    """Run the unsaved files from the start through the steps sent; keep nothing."""
    files = uploads.diagrams(None)
    steps, began = _json(uploads.field("steps") or "[]"), uploads.field("began_at")
    if not isinstance(steps, list) or not all(isinstance(one, dict) for one in steps):
        raise InvalidRequest("The steps of a trial are a list of objects.")
    try:
        began_at = parse(began) if began else None
        found = trials.run(application(), actor(), key, files, steps, began_at=began_at)
    except ValueError as reason:
        raise InvalidRequest("began_at is no moment.") from reason
    except NotDeployable as refusal:
        told = [judged.told(one) for one in refusal.findings or ()]
        return _answer({"findings": told, "says": language.text("trial_errors")}, 422)
    except EngineError as refusal:
        if refusal.status in (401, 403) or refusal.status >= 500:
            raise
        return _answer({"says": spoken.reason(refusal)}, 422)
    return _answer(_told(found))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as reason:
        raise InvalidRequest("The steps are no JSON.") from reason


def _told(found: JsonObject) -> JsonObject:
    """Return where the trial stands, moments and values as people read them."""
    for one in (*found["tasks"], *found["timers"]):
        one["due"] = times.moment(one.get("due_at"))
    log = [
        {
            "at": times.moment(one["at"]),
            "element": one["element"],
            "says": language.text(
                f"trial_{one['type']}", name=one["name"], outcome=one["outcome"] or ""
            ).strip(),
        }
        for one in found["log"]
    ]
    state = language.text(f"trial_state_{found['state']}")
    data = {name: times.plain(value) for name, value in found["data"].items()}
    return {**found, "now": times.moment(found["at"]), "says": state, "log": log, "data": data}


@pages.post("/designs/<key>/draft/backtest")
def past(key: str) -> Response:
    """Say what the unsaved files would have made of the latest cases."""
    files = uploads.diagrams(None)
    asked = uploads.field("cases")
    cases = min(int(asked), MAX_CASES) if asked.isdecimal() and len(asked) < 6 else 50
    try:
        report = backtest.run(application(), actor(), key, files, Plan(cases=max(1, cases)))
    except NotDeployable as refusal:
        told = [judged.told(one) for one in refusal.findings or ()]
        return _answer({"findings": told, "says": language.text("trial_errors")}, 422)
    lines = [
        {"says": language.text(f"past_{name}", n=one["count"]), "examples": one["examples"][:5]}
        for name, one in report["classes"].items()
    ]
    more = [
        language.text("past_overdue", then=report["overdue"]["then"], now=report["overdue"]["now"]),
        language.text(
            "past_escalations",
            then=report["escalations"]["then"],
            now=report["escalations"]["now"],
        ),
    ]
    says = language.text("past_cases", n=report["cases"])
    return _answer({"says": says, "classes": lines, "more": more})


def _answer(document: JsonObject, status: int = 200) -> Response:
    response = jsonify(document)
    response.status_code = status
    return response
