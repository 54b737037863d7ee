"""What stands still, by cause, and what is done about it: for who runs the system."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from api.current import actor, application, reply
from api.web import diagrams, language, lit, times
from engine import access, definitions, incidents
from engine.definitions import Pinned
from engine.errors import InvalidData
from engine.incidents import Cure

pages = Blueprint("incident_pages", __name__)

Document = dict[str, Any]


@pages.get("/incidents")
def show() -> str:
    """Show what makes steps stand still, the most frequent first."""
    found = incidents.causes(application(), actor())["items"]
    return render_template("incidents.html", causes=found)


@pages.get("/incidents/<key>")
def one(key: str) -> str:
    """Show a cause: its expression, where it stands, the values it saw, the cases."""
    return _page(key)


@pages.post("/incidents/<key>")
def act(key: str) -> Response | str:
    """Try again in the cases that were chosen, with corrected data or a corrected version."""
    cause = incidents.cause(application(), actor(), key)
    try:
        cure = _cure(cause)
    except InvalidData as refusal:
        return _page(key, said=refusal.message)
    done = incidents.retry(application(), actor(), key, cure)
    if done["resolved"] == done["cases"]:
        return redirect(f"/incidents?done=retried&name={done['cases']}", code=303)
    return _page(key, outcome=done)


@pages.get("/incidents/<key>/diagrams")
def diagram(key: str) -> Response:
    """Give the diagram of a cause with the element that stands still, for the viewer."""
    cause = incidents.cause(application(), actor(), key)
    pinned = diagrams.of_case(cause["items"][0]["case"])
    found = {
        "key": cause["process"],
        "name": diagrams.process_name(pinned.bundle.processes[cause["process"]]),
        "xml": lit.xml_of(cause["process"], pinned),
        "marks": {cause["element"]: ["current", "late"]},
        "notes": {cause["element"]: [cause["message"]]},
    }
    return reply({"items": [found] if "BPMNShape" in found["xml"] else []})


def _page(key: str, said: str = "", outcome: Document | None = None) -> str:
    cause = incidents.cause(application(), actor(), key)
    pinned = diagrams.of_case(cause["items"][0]["case"])
    return render_template(
        "incident.html",
        cause=cause,
        title=_title(cause, pinned),
        names=sorted({name for one in cause["items"] for name in _seen(one)}),
        plain=times.plain,
        versions=_versions(cause["process"]),
        said=said,
        outcome=outcome,
        has_viewer=lit.has_viewer(),
        may_mend=access.may_somewhere(actor(), "retry"),
    )


def _seen(one: Document) -> list[str]:
    return [*one.get("saw", ()), *one.get("has", ())]


def _title(cause: Document, pinned: Pinned) -> str:
    process = pinned.bundle.processes.get(cause["process"])
    node = None if process is None else process.nodes.get(cause["element"])
    return cause["element"] if node is None else diagrams.title(node)


def _versions(process: str) -> list[int]:
    """Return the versions of a process, the latest first."""
    with application().database.reading() as tx:
        return definitions.numbers(tx, process)


def _cure(cause: Document) -> Cure:
    """Return what the form says.

    Raises:
        InvalidData: the reason is missing, or no case is chosen.
    """
    form = request.form
    reason = form.get("reason", "").strip()[:10_000]
    if not reason:
        said = language.text("act_needs", name=language.text("ask_reason"))
        raise InvalidData(said)
    known = {one["case"] for one in cause["items"]}
    chosen = [one for one in form.getlist("case") if one in known]
    if not chosen:
        raise InvalidData(language.text("incident_choose"))
    prefix = "data:"
    data = {
        name.removeprefix(prefix): _value(text)
        for name, text in form.items()
        if name.startswith(prefix) and text.strip()
    }
    offered = {str(one): one for one in _versions(cause["process"])}
    return Cure(reason, data or None, offered.get(form.get("version", "")), chosen=chosen)


def _value(text: str) -> Any:
    """Return a value as JSON has it; what is no JSON is a text."""
    try:
        return orjson.loads(text)
    except ValueError:
        return text.strip()
