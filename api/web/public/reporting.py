"""Report a problem: what there is to report, its form, and the code that one gets."""

from __future__ import annotations

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from api import sessions, uploads
from api.body import MAX_FILE, MAX_UPLOAD
from api.current import application
from api.web import fields, language
from api.web.fields import Field, Sheet, Typed
from api.web.public.frame import pages
from engine import public
from engine.cases import Once
from engine.commands import JsonObject
from engine.errors import EngineError, InvalidData
from engine.public import Offer

MOST_PHOTOS = 3
TRAP = "website"
"""A field that no person sees: what fills it in is a program that fills in everything."""


@pages.get("/report")
def choose() -> str:
    """Show what may be reported."""
    return render_template("public/offers.html", offers=public.offers(application()))


@pages.get("/report/<process>")
def form(process: str) -> str:
    """Show the form of one kind of report."""
    offered = public.offer(application(), process)
    given = {} if offered.place is None else {offered.place: request.args.get("location", "")}
    return _page(offered, Sheet({name: one for name, one in given.items() if one}), None)


@pages.post("/report/<process>")
def report(process: str) -> Response:
    """Take a report and show its number and code; on a refusal show what was typed."""
    request.max_content_length = MOST_PHOTOS * MAX_FILE + MAX_UPLOAD - MAX_FILE
    offered = public.offer(application(), process)
    typed = Typed(request.form)
    if typed.get(TRAP):
        # A program is shown a page like everybody, and nothing is kept.
        return make_response(render_template("public/thanks.html", receipt=None))
    try:
        receipt = _sent(offered, typed)
    except EngineError as refusal:
        if refusal.status not in (400, 409, 413, 422):
            raise
        sheet = Sheet({}, typed, fields.faults_by_field(refusal.findings))
        return make_response(_page(offered, sheet, refusal), refusal.status)
    return make_response(render_template("public/thanks.html", receipt=receipt), 201)


def _sent(offered: Offer, typed: Typed) -> JsonObject:
    chosen = typed.copy()
    attachments = _photos(offered, chosen)
    once = request.form.get("once", "")
    return public.report(
        application(),
        offered,
        fields.collect(offered.form, chosen, Sheet({})),
        attachments,
        once=Once("public report", once if once.isalnum() else None, request.get_data()),
        address=sessions.address(),
    )


def _photos(offered: Offer, typed: Typed) -> list[JsonObject]:
    """Return the photographs that were chosen, cleaned; their ids stand in for them in ``typed``.

    Raises:
        InvalidData: there are more than ``MOST_PHOTOS``.
        InvalidRequest, TooLarge: one of them is no picture, or too large.
    """
    found: list[JsonObject] = []
    for one in offered.form.fields():
        if one.type != "filepicker":
            continue
        typed.setlist(one.key, [])
        for number, photo in enumerate(uploads.photographs(one.key), 1):
            if number > MOST_PHOTOS:
                text = language.text("pub_most_photos", n=MOST_PHOTOS)
                raise InvalidData(
                    text, findings=[{"code": "pub_photos", "key": one.key, "message": text}]
                )
            found.append(photo.at_start(application().clock.new_id()))
            typed.add(one.key, found[-1]["attachment"])
    return found


def _page(offered: Offer, sheet: Sheet, refusal: EngineError | None) -> str:
    drawn = fields.draw(offered.form, sheet)
    place = next((one for one in drawn if one.name == offered.place), None)
    return render_template(
        "public/report.html",
        offer=offered,
        drawn=[one for one in drawn if one.part.type != "number" or one.name not in ("lat", "lon")],
        position=[one for one in drawn if one.name in ("lat", "lon")],
        place=place,
        exact=_exact(place),
        places=public.places(application()),
        refusal=refusal,
        most_photos=MOST_PHOTOS,
        trap=TRAP,
        once=application().clock.new_id(),
    )


def _exact(place: Field | None) -> tuple[str, str] | None:
    """Return (code, name) of a place that is more exact than those that are picked, if given."""
    if place is None or not place.value:
        return None
    picked = {code for _, group in public.places(application()) for code, _ in group}
    name = public.name_of(application(), place.value)
    return None if place.value in picked or not name else (place.value, name)
