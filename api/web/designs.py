"""For those who draw: check files and see what was found on the drawing; what is deployed."""

from __future__ import annotations

import base64

from flask import Blueprint, current_app, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from api import uploads
from api.current import actor, application
from api.web import judged, language, lit
from engine import access, deployments, drafts, views
from engine.bpmn.findings import Finding
from engine.commands import JsonObject
from engine.deployments import DEFAULT
from engine.errors import NotDeployable

pages = Blueprint("design_pages", __name__)

MAX_CARRIED = 3_500_000
"""Bytes of files that a page carries to its button; as text they are a third more."""

_EXECUTORS = ("kernel", "spiff")
_KEPT = "bihuan-judged"


@pages.before_request
def demand() -> None:
    """Ask first whether the reader may design at all: what was sent is judged after that."""
    access.require(actor(), "check")


@pages.get("/designs")
def overview() -> str:
    """List what is deployed, with what a check says of it today."""
    items = views.all_definitions(application())["items"]
    kept = {one.process: one.to_json() for one in drafts.all_drafts(application(), actor())}
    deployed = {one["key"] for one in items}
    return render_template(
        "design_list.html",
        definitions=items,
        counts=_counts(items),
        drafts=kept,
        beginnings=[one for key, one in kept.items() if key not in deployed],
    )


@pages.get("/designs/check")
def ask() -> str:
    """Ask for files."""
    return _page({}, DEFAULT, [])


@pages.post("/designs/check")
def check() -> Response:
    """Check the files, and show what was found on their drawings."""
    files, chosen = uploads.checked(), _executor()
    if not files:
        return make_response(_page({}, chosen, [], "design_nothing"), 422)
    found = deployments.check(application(), files, executor=chosen)
    return make_response(_page(files, chosen, found))


@pages.post("/designs/deploy")
def deploy() -> Response:
    """Deploy the files that the page has checked; on a refusal show why."""
    access.require(actor(), "deploy")
    files, chosen = uploads.carried(), _executor()
    try:
        answer = deployments.deploy(application(), actor(), files, executor=chosen)
    except NotDeployable:
        found = deployments.check(application(), files, executor=chosen)
        return make_response(_page(files, chosen, found), 422)
    name = ", ".join(f"{one['key']} {one['version']}" for one in answer.body["definitions"])
    done = "deploy" if answer.status == 201 else "unchanged"
    address = url_for("design_pages.overview", done=done, name=name[:200])
    return redirect(address, code=303)


@pages.get("/designs/<key>/versions/<version>")
def show(key: str, version: str) -> str:
    """Show one deployed version, with what a check says of it today."""
    app = application()
    number = int(version) if version.isdecimal() and len(version) < 10 else 0
    document = views.version(app, key, number)
    found = _judge(document)
    files = judged.judge(_files(document), found)
    return render_template(
        "design.html",
        definition=document,
        versions=views.definition(app, key)["versions"],
        files=files,
        sheets=judged.sheets(files),
        count=judged.count(found),
        has_viewer=lit.has_viewer(),
        deployments={one["version"]: one for one in drafts.deployed_by(app, key)},
    )


def _page(
    files: dict[str, bytes], executor: str, found: list[Finding], refusal: str | None = None
) -> str:
    shown = judged.judge(files, found)
    count = judged.count(found)
    may_deploy = access.may(actor(), "deploy")
    fits = sum(map(len, files.values())) <= MAX_CARRIED
    carried = [(name, base64.b64encode(content).decode()) for name, content in files.items()]
    return render_template(
        "design_check.html",
        files=shown,
        sheets=judged.sheets(shown),
        count=count,
        executor=executor,
        executors=_EXECUTORS,
        may_deploy=may_deploy,
        fits=fits,
        carried=carried if may_deploy and fits and not count["error"] else [],
        refusal=refusal and language.text(refusal),
        has_viewer=lit.has_viewer(),
    )


def _executor() -> str:
    chosen = uploads.field("executor")
    return chosen if chosen in _EXECUTORS else DEFAULT


# -- what is deployed ------------------------------------------------------------------


def _files(document: JsonObject) -> dict[str, bytes]:
    return views.files(application(), document["files"])


def _judge(document: JsonObject) -> list[Finding]:
    executor = document["executor"] or DEFAULT
    return deployments.check(application(), _files(document), executor=executor)


def _counts(items: list[JsonObject]) -> dict[str, dict[str, int]]:
    """Return how much is found in each definition; counted again when anything was deployed."""
    lists = application().references.active
    state = (
        tuple((one["key"], one["version"], one["sha256"]) for one in items),
        tuple((name, lists[name].version) for name in sorted(lists)),
    )
    kept: tuple[object, dict[str, dict[str, int]]] = current_app.extensions.get(_KEPT, (None, {}))
    if kept[0] == state:
        return kept[1]
    counts = {one["key"]: judged.count(_judge(one)) for one in items}
    current_app.extensions[_KEPT] = (state, counts)
    return counts
