"""The history of a case, moment by moment, for who has to believe it (重放), and as a file (案卷).

Every moment is drawn by the server: the script of the page only asks for the next one and
moves the tokens. Without it the same moments are links.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, abort, make_response, render_template, request
from werkzeug.wrappers import Response

from api.current import actor, application
from api.web import branches, diagrams, lit, timeline, values
from engine import access, views
from engine.commands import JsonObject
from engine.definitions import Pinned
from engine.errors import EngineError

pages = Blueprint("replay_pages", __name__)

_UNREADABLE = (EngineError, KeyError, ValueError, TypeError, AttributeError)
"""What comes of reading entries that somebody has changed past the engine."""


@pages.get("/cases/<case_id>/replay")
def show(case_id: str) -> Response | str:
    """Show one moment of a case: what happened, where the tokens stood, what the data were."""
    app, who = application(), actor()
    proof = views.chain(app, who, case_id)
    position = _position("position", 1, proof["entries"])
    if request.args.get("part"):
        # What the script of the page asks for: the same moment without the page around it.
        if (proof["broken"] or {}).get("position", position + 1) <= position:
            abort(409)
        return render_template("replay_moment.html", **_moment(case_id, position))
    return _page(case_id, position, proof)


@pages.post("/cases/<case_id>/replay")
def prove(case_id: str) -> Response:
    """Check the chain and apply the whole history again, and say what came of it."""
    proof = views.prove(application(), actor(), case_id)
    position = _position("position", 1, proof["entries"])
    return make_response(_page(case_id, position, proof))


def _page(case_id: str, position: int, proof: JsonObject) -> str:
    broken = proof["broken"] or {}
    first_bad = broken.get("position", proof["entries"] + 1) if broken else None
    is_sound = first_bad is None or position < first_bad
    return render_template(
        "replay.html",
        proof=proof,
        proved="different" in proof,
        may_prove=access.may(actor(), "audit"),
        has_viewer=lit.has_viewer(),
        **(_moment(case_id, position) if is_sound else _bare(case_id, position)),
    )


def _moment(case_id: str, position: int) -> JsonObject:
    """Return everything that is shown of a moment."""
    app, who = application(), actor()
    found = views.journey(app, who, case_id, after=position - 1, limit=1)
    state = views.state_at(app, who, case_id, position)
    entry = found["items"][0]
    pinned = diagrams.of_entry(entry)
    parts = diagrams.parts_of(pinned)
    (line,) = timeline.told([entry], pinned)
    return {
        "case": found["case"],
        "title": diagrams.process_name(pinned.main),
        "position": position,
        "last": found["last"],
        "entry": entry,
        "line": line,
        "refused": found["refused"],
        "versions": _versions(entry, pinned),
        "gateways": branches.passed(entry.get("gateways", []), pinned, parts),
        "changes": list(values.changes(entry.get("changes", []), parts)),
        "state": state,
        "data": values.listed(state["data"], parts),
        "tokens": _places(state["elements"], pinned),
        "drawn": _drawn(entry, state, pinned),
        "compared": _compared(case_id, state, pinned),
    }


def _bare(case_id: str, position: int) -> JsonObject:
    """Return what can be shown of an entry that is not to be trusted: itself, if it is readable."""
    app, who = application(), actor()
    found = views.journey(app, who, case_id, after=0, limit=0, told=())
    bare: JsonObject = {
        "case": found["case"],
        "title": found["case"]["process"],
        "position": position,
        "last": found["last"],
        "entry": None,
    }
    try:
        one = views.journey(app, who, case_id, after=position - 1, limit=1, told=())
        pinned = diagrams.of_case(case_id)
        bare["title"] = diagrams.process_name(pinned.main)
        (bare["line"],) = timeline.told(one["items"], pinned)
    except _UNREADABLE:
        bare["line"] = None
    return bare


def _position(name: str, default: int, last: int) -> int:
    """Return the position that the address names, kept within the history."""
    text = request.values.get(name, "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default
    return max(1, min(number, last))


def _versions(entry: JsonObject, pinned: Pinned) -> JsonObject:
    """Return what an entry rests on: ``{processes, lists, calendar, sandbox, executor}``."""
    named = entry["versions"]
    return {
        "processes": [
            (diagrams.process_name(process), pinned.versions["processes"][key]["version"])
            for key, process in pinned.bundle.processes.items()
        ],
        "definitions": named["definitions"],
        "lists": sorted(named.get("lists", {}).items()),
        "calendar": named.get("calendar", ""),
        "sandbox": named.get("sandbox", ""),
        "executor": named.get("executor", ""),
    }


def _places(elements: list[JsonObject], pinned: Pinned) -> list[JsonObject]:
    """Return where tokens stand, by the names of the elements."""
    nodes = timeline.nodes_of(pinned)
    found = []
    for one in elements:
        node = nodes.get((one["process"], one["element"]))
        process = pinned.bundle.processes.get(one["process"])
        found.append(
            {
                "title": one["element"] if node is None else diagrams.title(node),
                "process": one["process"] if process is None else diagrams.process_name(process),
                "path": timeline.path_of(one.get("path", []), nodes),
                "instance": one.get("instance"),
                "nth": one["nth"],
            }
        )
    return found


def _drawn(entry: JsonObject, state: JsonObject, pinned: Pinned) -> JsonObject:
    """Return what the script draws: the diagrams, the tokens in each and the flows just taken.

    The diagram where somebody, or something, acted comes first.
    """
    events = [one for one in entry["events"] if one.get("element")]
    keys = [_acted(entry), *(one["process"] for one in events)]
    keys += [one["process"] for one in state["elements"]]
    found = [one for one in dict.fromkeys(keys) if one in pinned.bundle.processes]
    return {
        "position": entry["position"],
        "diagrams": [_sheet(one, pinned) for one in found],
        "tokens": _tokens(state["elements"]),
        "flows": _by_process(events, "flow_taken", "flow"),
        "touched": _by_process(events, "element_entered", "element"),
    }


def _tokens(elements: list[JsonObject]) -> dict[str, dict[str, int]]:
    """Return how many tokens stand at each element of each process; instances count one by one."""
    places = [(one["process"], one["element"], "instance" in one) for one in elements]
    counts = Counter(places)
    found: dict[str, dict[str, int]] = {}
    for process, element, _ in places:
        # A visit with instances stands beside them and is none itself.
        held = counts[process, element, True] or counts[process, element, False]
        found.setdefault(process, {})[element] = held
    return found


def _sheet(key: str, pinned: Pinned) -> JsonObject:
    version = pinned.versions["processes"][key]["version"]
    name = diagrams.process_name(pinned.bundle.processes[key])
    return {"key": key, "name": name, "version": version}


def _acted(entry: JsonObject) -> str:
    """Return the process in which an entry acted."""
    task = str(entry["command"].get("task", ""))
    if task:
        return task.partition(".")[0]
    return next((str(one["process"]) for one in entry["events"] if one.get("element")), "")


def _by_process(events: list[JsonObject], kind: str, name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in events:
        if one["type"] == kind:
            found.setdefault(one["process"], []).append(one[name])
    return found


def _compared(case_id: str, state: JsonObject, pinned: Pinned) -> JsonObject | None:
    """Return what differs between this moment and the one that the address names beside it."""
    if not request.args.get("with"):
        return None
    app, who = application(), actor()
    last = views.journey(app, who, case_id, after=0, limit=0, told=())["last"]
    other = _position("with", state["position"], last)
    held = views.state_at(app, who, case_id, other)
    one, two = sorted((state, held), key=lambda found: int(found["position"]))
    found = views.difference(one, two)
    parts: Any = diagrams.parts_of(pinned)
    return {
        "other": other,
        "from": one["position"],
        "to": two["position"],
        "changes": list(values.changes(found["data"], parts)),
        "gone": _places(found["gone"], pinned),
        "come": _places(found["come"], pinned),
    }
