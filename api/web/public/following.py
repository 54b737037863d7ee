"""Follow a report by its number and code, and answer what the offices ask about it."""

from __future__ import annotations

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from api import sessions
from api.current import application
from api.web import diagrams, fields, language
from api.web.fields import Sheet, Typed
from api.web.public.frame import pages
from engine import following, public
from engine.bpmn.model import OFFERED, Node
from engine.cases import Once
from engine.commands import JsonObject
from engine.errors import AlreadyClaimed, EngineError, InvalidData, NotFound
from engine.forms import Component
from engine.public import Question

MOST_WORDS = 1_000


@pages.get("/follow")
def ask() -> str:
    """Ask for number and code."""
    return render_template("public/follow.html", refusal=None, number="")


@pages.post("/follow")
def follow() -> Response:
    """Show how far the report has come, or take an answer first."""
    number, code = request.form.get("number", "").strip()[:200], request.form.get("code", "")[:100]
    try:
        found = following.follow(application(), number, code, address=sessions.address())
    except NotFound as refusal:
        page = render_template("public/follow.html", refusal=refusal, number=number)
        return make_response(page, 404)
    place = request.form.get("place", "")
    if not place:
        return make_response(_shown(found, number, code))
    return _answered(found, place)


def _answered(found: JsonObject, place: str) -> Response:
    app, case_id, typed = application(), found["case"], Typed(request.form)
    number, code = typed.get("number", ""), typed.get("code", "")
    try:
        _answer(case_id, place, typed)
    except InvalidData as refusal:
        page = _shown(found, number, code, typed=typed, refusal=refusal)
        return make_response(page, 422)
    except (NotFound, AlreadyClaimed) as refusal:
        return make_response(_shown(found, number, code, refusal=refusal), refusal.status)
    again = following.known(app, case_id)
    return make_response(_shown(again, number, code, done=True))


def _answer(case_id: str, place: str, typed: Typed) -> None:
    app = application()
    asked = next((one for one in _questions(case_id) if one.place == place), None)
    once = Once("public answer", None, b"")
    if asked is not None and asked.form is None:
        words = typed.get("words", "").strip()[:MOST_WORDS]
        if not words:
            text = language.text("pub_words_needed")
            raise InvalidData(text, findings=[{"code": "pub", "key": "words", "message": text}])
        public.ask_again(app, case_id, place, words, once=once)
    else:
        form = asked.form if asked is not None else None
        data = fields.collect(form, typed, Sheet({})) if form is not None else {}
        public.answer(app, case_id, place, data, once=once)


def _questions(case_id: str) -> list[Question]:
    found: list[Question] = public.progress(application(), case_id)["questions"]
    return found


def _shown(
    found: JsonObject,
    number: str,
    code: str,
    *,
    typed: Typed | None = None,
    refusal: EngineError | None = None,
    done: bool = False,
) -> str:
    told = public.progress(application(), found["case"])
    sheet = Sheet({}, typed, fields.faults_by_field(refusal.findings if refusal else None))
    asked = [(one, fields.draw(one.form, sheet) if one.form else None) for one in told["questions"]]
    return render_template(
        "public/case.html",
        found=found,
        name=_title(found["case"]),
        number=number,
        code=code,
        steps=told["steps"],
        replies=told["replies"],
        answer=_labelled(found["case"], found["answer"]),
        given=_labelled(found["case"], _given(found["case"], found["data"])),
        asked=asked,
        refusal=refusal,
        done=done,
        faults=sheet.faults,
    )


def _labelled(case_id: str, data: JsonObject) -> list[tuple[str, str]]:
    """Return (label, value) of data as the case's forms call them; of files only how many."""
    parts = diagrams.parts_of(diagrams.of_case(case_id))
    found = []
    for name, value in data.items():
        part = parts.get(name, Component("textfield", name, name))
        if value not in (None, "", [], False):
            label = language.pick(part.label, part.label_en)
            text = str(len(value)) if part.type == "filepicker" else fields.shown(part, value, data)
            found.append((label, text))
    return found


def _start(case_id: str) -> Node | None:
    """Return the start event that is offered to residents, of the diagram the case runs on."""
    root = diagrams.of_case(case_id).main.root
    offered = [root.nodes[one] for one in root.starts if OFFERED in root.nodes[one].properties]
    return offered[0] if offered else None


def _given(case_id: str, data: JsonObject) -> JsonObject:
    """Return what the reporter was asked, of what was given at the start."""
    start = _start(case_id)
    asked = None if start is None else start.properties[OFFERED].replace(";", " ").split()
    return {name: one for name, one in data.items() if asked is None or name in asked}


def _title(case_id: str) -> str:
    start, main = _start(case_id), diagrams.of_case(case_id).main
    if start is None or "public_name" not in start.properties:
        return diagrams.process_name(main)
    said = start.properties
    return language.pick(said["public_name"], said.get("public_name_en"))
