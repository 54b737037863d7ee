"""The designer: one draft with its diagram, forms and decisions, and what its page asks for."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api import uploads
from api.current import actor, application
from api.web import diagrams, judged, language, lit, times
from api.web.designs import demand
from engine import access, deployments, drafts, previews, views
from engine.bpmn.pictures import picture
from engine.commands import JsonObject
from engine.deployments import DEFAULT
from engine.drafts import Draft
from engine.errors import InvalidRequest, NotDeployable, NotFound

pages = Blueprint("designer_pages", __name__)
pages.before_request(demand)

_KEY = re.compile(r"[a-z][a-z0-9_]{1,60}")
_NEW = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="{key}_file"
    targetNamespace="http://bihuan.example/{key}">
  <process id="{key}" name="{name}" isExecutable="true">
    <startEvent id="start" name="{start}"/>
    <sequenceFlow id="to_first" sourceRef="start" targetRef="first"/>
    <userTask id="first" name="{first}"/>
    <sequenceFlow id="to_end" sourceRef="first" targetRef="end"/>
    <endEvent id="end" name="{end}"/>
  </process>
</definitions>
"""


@pages.get("/designs/new")
def ask_new() -> str:
    """Ask for the key and the name of a new process."""
    return render_template("design_new.html", given={}, refusal=None)


@pages.post("/designs/new")
def make_new() -> Response | tuple[str, int]:
    """Begin a draft of a new process with three elements."""
    key, name = request.form.get("key", "").strip(), request.form.get("name", "").strip()
    refusal = _unfit(key, name)
    if refusal:
        given = {"key": key, "name": name}
        return render_template("design_new.html", given=given, refusal=refusal), 422
    words = {one: language.text(f"design_new_{one}") for one in ("start", "first", "end")}
    made = picture(_NEW.format(key=key, name=_escaped(name), **words).encode())
    assert made is not None, "our own text can be read"
    files = {f"{key}.bpmn": made.xml.encode()}
    drafts.save(application(), actor(), key, files, name=name, revision=0)
    return redirect(url_for("designer_pages.edit", key=key), code=303)


def _unfit(key: str, name: str) -> str:
    if not _KEY.fullmatch(key):
        return language.text("design_new_key_wrong")
    if not name or len(name) > 200:
        return language.text("design_new_name_wrong")
    try:
        drafts.opened(application(), actor(), key)
    except NotFound:
        return ""
    return language.text("design_new_key_taken", taken=key)


def _escaped(name: str) -> str:
    return name.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


@pages.get("/designs/<key>/edit")
def edit(key: str) -> str:
    """Show the designer with the draft of a process, or with what is deployed."""
    draft = drafts.opened(application(), actor(), key)
    return render_template(
        "designer.html",
        draft=draft,
        given={
            **_shown(draft),
            **_offered(),
            "shared": _shared(draft.process),
            "texts": language.beginning("dz_"),
            "language": language.chosen(),
            "mayDeploy": access.may(actor(), "deploy"),
        },
        is_built=lit.has_viewer(),
    )


def _shown(draft: Draft) -> JsonObject:
    return {
        "process": draft.process,
        "name": draft.name,
        "base": draft.base,
        "revision": draft.revision,
        "files": dict(draft.files),
        "diagram": draft.diagram,
        "authors": list(draft.authors),
        "savedBy": diagrams.person(draft.saved_by),
        "savedAt": times.moment(draft.to_json()["saved_at"]),
    }


def _offered() -> JsonObject:
    """Return what the panel offers to choose from: what is in force and deployed today."""
    app = application()
    roles = app.references.active.get("roles")
    return {
        "roles": [
            {"code": row["code"], "name": language.pick(str(row["name_zh"]), str(row["name_en"]))}
            for row in (roles.rows if roles is not None else ())
        ],
        "processes": [
            {"key": one["key"], "name": language.pick(one["name"], one["name_en"])}
            for one in views.all_definitions(app)["items"]
            if one["executable"]
        ],
        "forms": drafts.keys_of(app, "form"),
        "decisions": drafts.keys_of(app, "decision"),
    }


def _shared(process: str) -> dict[str, list[str]]:
    """Return which other processes use a form or a table of the same file name."""
    used: dict[str, list[str]] = {}
    for one in views.all_definitions(application())["items"]:
        if one["key"] != process and one["executable"]:
            name = language.pick(one["name"], one["name_en"])
            for file in one["files"]:
                if file["kind"] != "bpmn":
                    used.setdefault(file["filename"], []).append(name)
    return used


# -- what the page asks for ----------------------------------------------------------------


@pages.get("/designs/<key>/draft")
def read(key: str) -> Response:
    """Return the draft as it is kept now; ``version`` asks for a deployed one instead."""
    version = request.args.get("version", "")
    if version.isdecimal() and len(version) < 10:
        return _json(_shown(drafts.deployed(application(), actor(), key, int(version))))
    return _json(_shown(drafts.opened(application(), actor(), key)))


@pages.post("/designs/<key>/draft")
def save(key: str) -> Response:
    """Keep the files as the next revision; 409 with who was first."""
    files = uploads.diagrams(None)
    name = uploads.field("title")
    draft = drafts.save(application(), actor(), key, files, name=name, revision=_revision())
    return _json(_shown(draft))


@pages.post("/designs/<key>/draft/discard")
def discard(key: str) -> Response:
    """Throw the draft away and go back to the list."""
    drafts.discard(application(), actor(), key, _revision())
    return redirect(url_for("design_pages.overview", done="discard_draft", name=key), code=303)


@pages.post("/designs/<key>/draft/deploy")
def deploy(key: str) -> Response:
    """Deploy the draft as it was saved; 422 with the findings that refuse it."""
    note = uploads.field("note").strip()
    try:
        answer = drafts.deploy(
            application(), actor(), key, revision=_revision(), note=note, executor=DEFAULT
        )
    except NotDeployable as refusal:
        found = [judged.told(one) for one in refusal.findings or ()]
        return _json({"findings": found}, 422)
    name = ", ".join(f"{one['key']} {one['version']}" for one in answer.body["definitions"])
    done = "deploy" if answer.status == 201 else "unchanged"
    return _json({"go": url_for("design_pages.overview", done=done, name=name[:200])})


@pages.post("/designs/<key>/draft/check")
def check(key: str) -> Response:
    """Say what is found in the files, in the language of the page; change nothing."""
    found = deployments.check(application(), uploads.diagrams(None))
    return _json({"process": key, "findings": [judged.told(one.to_json()) for one in found]})


@pages.get("/designs/<key>/draft/deployed")
def deployed(key: str) -> Response:
    """Return the file of a form or a decision that is deployed, to be edited in a draft."""
    kind, asked = request.args.get("kind", ""), request.args.get("key", "")
    return _json({"process": key, "files": drafts.deployed_file(application(), kind, asked)})


@pages.post("/designs/draft/laid-out")
def laid_out() -> Response:
    """Return a diagram with its shapes drawn anew."""
    [(_, content)] = uploads.diagrams(None).items()
    made = picture(drafts.bare(content))
    if made is None or not made.sheets:
        raise InvalidRequest("This diagram cannot be drawn.", hint="Mend its errors first.")
    return _json({"xml": made.xml})


@pages.get("/designs/draft/preview")
def preview() -> Response:
    """Check one expression as it is typed, and say when a limit would end that begins now."""
    text = request.args.get("text", "")[:2_000]
    found = previews.preview(application(), text, is_limit=request.args.get("kind") == "limit")
    if found.wrong is not None:
        told = judged.told(found.wrong.to_json())
        return _json({"wrong": " ".join(filter(None, (told["says"], told["todo"])))})
    if found.due_at is not None:
        key = "design_due_provisional" if found.provisional else "design_due"
        return _json({"says": language.text(key, at=times.moment(found.due_at))})
    if found.needs:
        return _json({"says": language.text("design_needs", names=", ".join(found.needs))})
    return _json({"says": ""})


def _revision() -> int:
    given = uploads.field("revision")
    if not given.isdecimal() or len(given) > 9:
        raise InvalidRequest("The revision is missing.", hint="Open the draft again.")
    return int(given)


def _json(document: Any, status: int = 200) -> Response:
    response = jsonify(document)
    response.status_code = status
    return response
