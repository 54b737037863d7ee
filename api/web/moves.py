"""Moving what goes on in a case to another step (跳转), after reading what that would do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api.current import actor, application
from api.web import diagrams, language
from engine import access, cases, store, views
from engine.access import CaseFacts
from engine.bpmn.model import Kind
from engine.cases import Once
from engine.commands import JsonObject, MoveTokens
from engine.definitions import Pinned
from engine.errors import CaseNotFound, EngineError, InvalidData
from engine.facts import case_facts

pages = Blueprint("moves", __name__)

_LONGEST = 500


class Visit(NamedTuple):
    """Something that goes on."""

    process: str
    element: str
    nth: int
    instance: int | None

    @property
    def name(self) -> str:
        """As a move names it."""
        more = "" if self.instance is None else f".{self.instance}"
        return f"{self.process}.{self.element}#{self.nth}{more}"

    @property
    def task(self) -> str:
        """Its task's name, if it has one."""
        more = "" if self.instance is None else f".{self.instance}"
        return f"{self.process}.{self.element}.{self.nth}{more}"


def is_offered(case: JsonObject) -> bool:
    """Whether the reader may move what goes on in a case."""
    if case["state"] != "open":
        return False
    organisation = application().references.organisation
    return access.may(actor(), "move", _facts(case["id"]), organisation=organisation)


@pages.get("/cases/<case_id>/move")
def show(case_id: str) -> str:
    """Show what can be moved and where to; once both are chosen, what that would do."""
    return _page(case_id, request.args, None)


@pages.post("/cases/<case_id>/move")
def move(case_id: str) -> Response:
    """Move it; on a refusal show the same page with the reason."""
    source, target = _asked(request.form)
    reason = request.form.get("reason", "").strip()[:10_000]
    key = request.form.get("once", "")
    once = Once(f"page {request.path}", key if key.isalnum() else None, request.get_data())
    _case(case_id)
    try:
        if not target or not reason:
            missing = "move_where" if not target else "ask_reason"
            raise InvalidData(language.text("act_needs", name=language.text(missing)))
        command = MoveTokens(target, source or None, "move", reason)
        cases.handle(application(), actor(), case_id, command, once=once)
    except EngineError as refusal:
        if refusal.status not in (400, 409, 412, 422):
            raise
        return make_response(_page(case_id, request.form, refusal), refusal.status)
    query = urlencode({"done": "move", "name": diagrams.named(diagrams.of_case(case_id), target)})
    return redirect(f"/cases/{case_id}?{query}", code=303)


def _page(case_id: str, given: Mapping[str, str], refusal: EngineError | None) -> str:
    case, (source, target) = _case(case_id), _asked(given)
    pinned = diagrams.of_case(case_id)
    going_on = [*_open(case_id)]
    found = _tried(case_id, source, target)
    return render_template(
        "move.html",
        case=case,
        title=diagrams.process_name(pinned.main),
        sources=[(one.name, _shown(one, case, pinned)) for one in going_on],
        targets=_targets(case, going_on, pinned),
        source=source,
        target=target,
        target_name=diagrams.named(pinned, target),
        refused=refusal.to_json() if refusal else found.get("refused"),
        told=[(one, _names(found[one], pinned)) for one in _TOLD if _is_possible(found)],
        reason=given.get("reason", ""),
        once=application().clock.new_id(),
    )


_TOLD = ("cancels", "opens")


def _case(case_id: str) -> JsonObject:
    """Return a case in which the reader may move what goes on.

    Raises:
        CaseNotFound, NotAllowed: there is none for the reader, or no right to do so.
    """
    app, who = application(), actor()
    case = views.case(app, who, case_id)
    access.require(who, "move", _facts(case_id), organisation=app.references.organisation)
    return case


def _facts(case_id: str) -> CaseFacts:
    with application().database.reading() as tx:
        row = store.read_case(tx, case_id)
        if row is None:
            raise CaseNotFound(case_id)
        return case_facts(tx, row)


def _asked(given: Mapping[str, str]) -> tuple[str, str]:
    return given.get("from", "")[:_LONGEST], given.get("to", "")[:_LONGEST]


def _is_possible(found: JsonObject) -> bool:
    return bool(found) and "refused" not in found


def _tried(case_id: str, source: str, target: str) -> JsonObject:
    """Return what a move would do, or why it cannot be made; empty: nothing is chosen yet."""
    if not target:
        return {}
    command = MoveTokens(target, source or None, "move")
    try:
        return cases.preview_move(application(), actor(), case_id, command)
    except EngineError as refusal:
        if refusal.status not in (400, 409):
            raise
        return {"refused": refusal.to_json()}


def _open(case_id: str) -> Iterator[Visit]:
    """Yield what goes on, in the order of its beginning."""
    found: dict[Visit, None] = {}
    for entry in views.events_of(application(), actor(), case_id):
        for event in entry["events"]:
            kind = event["type"]
            if kind not in ("element_entered", "element_left", "element_migrated"):
                continue
            visit = Visit(event["process"], event["element"], event["nth"], event.get("instance"))
            if kind == "element_left":
                found.pop(visit, None)
                continue
            if kind == "element_migrated":
                was_nth = event.get("was_nth", visit.nth)
                found.pop(visit._replace(element=event["was"], nth=was_nth), None)
            found[visit] = None
    yield from found


def _shown(visit: Visit, case: JsonObject, pinned: Pinned) -> str:
    """Return what a visit is called: its step, which of several, and who has it."""
    holders = {one["id"].partition(".")[2]: one["assignee"] for one in case["tasks"]}
    return _called(visit, holders.get(visit.task), pinned)


def _called(visit: Visit, holder: str | None, pinned: Pinned) -> str:
    name = diagrams.named(pinned, f"{visit.process}.{visit.element}")
    if visit.instance is not None:
        name += f" {visit.instance + 1}"
    return f"{name} · {diagrams.person(holder)}" if holder else name


def _targets(
    case: JsonObject, going_on: Iterable[Visit], pinned: Pinned
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (process, [(place, name)]) of the steps of what the case is in, its own first."""
    found = []
    for key in dict.fromkeys([case["process"], *(one.process for one in going_on)]):
        process = pinned.bundle.processes[key]
        steps = [
            (f"{key}.{node.id}", f"{node.id} {diagrams.title(node)}" if node.name else node.id)
            for node in process.nodes.values()
            # It waits at the edge of an activity, and no token comes to it.
            if node.kind is not Kind.BOUNDARY
        ]
        found.append((diagrams.process_name(process), steps))
    return found


def _names(items: Iterable[JsonObject], pinned: Pinned) -> list[str]:
    """Return what is cancelled or opened, with who has it; instances for their whole."""
    found = {
        Visit(one["process"], one["element"], one["nth"], one.get("instance")): one.get("assignee")
        for one in items
    }
    wholes = {one._replace(instance=None) for one in found if one.instance is not None}
    return [_called(one, holder, pinned) for one, holder in found.items() if one not in wholes]
