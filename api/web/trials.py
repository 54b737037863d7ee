"""What the designer asks for before a deployment: a trial run, and past cases lived again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from flask import Blueprint, jsonify, stream_with_context
from werkzeug.wrappers import Response

from api import trying, uploads
from api.current import actor, application
from api.web import judged, language, spoken, times
from api.web.designs import demand
from engine import backtest, trials
from engine.backtest import Backtest, Job, Plan
from engine.clock import parse
from engine.commands import JsonObject
from engine.errors import EngineError, InvalidRequest, NotDeployable

pages = Blueprint("trial_pages", __name__)
pages.before_request(demand)


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
    """Tell line by line how far a back-test of the unsaved files is, and last what came of it."""
    files = uploads.diagrams(None)
    asked = uploads.field("cases")
    cases = int(asked) if asked.isdecimal() and len(asked) < 6 else backtest.CASES
    plan = Plan(cases=min(max(1, cases), backtest.CASES))
    over = trying.begun()
    try:
        test = Backtest(application(), Job(key, files, plan))
    except NotDeployable as refusal:
        over()
        told = [judged.told(one) for one in refusal.findings or ()]
        return _answer({"findings": told, "says": language.text("trial_errors")}, 422)
    except BaseException:
        over()
        raise
    response = Response(stream_with_context(_lines(test, over)), mimetype="application/x-ndjson")
    # Also where nobody listens any more, before the first line was asked for.
    response.call_on_close(over)
    return response


EVERY = 5
"""After how many cases the page is told how far it is."""


def _lines(test: Backtest, over: Callable[[], None]) -> Iterator[str]:
    try:
        for one in _lived(test):
            yield json.dumps(one) + "\n"
    finally:
        over()


def _lived(test: Backtest) -> Iterator[JsonObject]:
    plan, report = test.job.plan, test.report()
    ids = backtest.case_ids(test.app, test.job.process, plan)
    there = sum(1 for _ in islice(ids, plan.cases))
    try:
        ids = backtest.case_ids(test.app, test.job.process, plan)
        for one in backtest.first(test.results(ids), plan.cases):
            report.add(one)
            if report.cases % EVERY == 0:
                yield {"done": report.cases, "of": there}
    except EngineError as refusal:
        yield {"refused": spoken.reason(refusal)}
        return
    yield _past(test, report.to_json())


def _past(test: Backtest, report: JsonObject) -> JsonObject:
    """Return what the page shows of a report, and the report as a file."""
    classes = [
        {
            "says": language.text(f"past_{name}", n=one["count"]),
            "count": one["count"],
            "examples": [] if name == "identical" else list(map(_example, one["examples"])),
        }
        for name, one in report["classes"].items()
    ]
    more = [
        language.text(f"past_{name}", then=report[name]["then"], now=report[name]["now"])
        for name in ("overdue", "escalations")
    ]
    if report["never"]:
        names = [one["name"] or one["element"] for one in report["never"]]
        more.append(language.text("past_never", names=language.text("past_and").join(names)))
    chosen = language.chosen()
    file = backtest.page(report, *test.pictures, chosen, test.app.settings.public_url)
    says = language.text("past_cases", n=report["cases"])
    return {"says": says, "classes": classes, "more": more, "file": file}


def _example(one: JsonObject) -> JsonObject:
    reason: str = one["reason"] if language.chosen() == "en" else one["reason_zh"]
    if one["quoted"]:
        reason = reason.replace(one["quoted"], spoken.sentence(one["quoted"]))
    first = one["first"] and (one["first"]["name"] or one["first"]["element"])
    at = f"?position={one['position']}" if one["position"] else ""
    return {
        "name": one["business_key"] or one["case"],
        "href": f"/cases/{one['case']}/replay{at}",
        "reason": reason or (language.text("past_first", name=first) if first else ""),
    }


def _answer(document: JsonObject, status: int = 200) -> Response:
    response = jsonify(document)
    response.status_code = status
    return response
