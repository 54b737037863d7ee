"""What residents may report: the start events that diagrams offer them, and the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from engine import cases, definitions, following, forms, identities
from engine.access import Actor
from engine.bpmn.model import OFFERED, Node, Process
from engine.cases import Once
from engine.commands import JsonObject
from engine.database import Transaction
from engine.definitions import Version
from engine.errors import InvalidData, NotFound
from engine.forms import Component, Form
from engine.ports import Application
from engine.public import grids
from engine.tables import definitions as table

PLACE = "public_place"
"""Start event: which of the offered fields takes the code of the place."""
VALUES = "public_values"
"""Start event: ``channel=resident;result=not_solved``, what every such report says."""
ANONYMOUS = "anonymous"
"""The field that, ticked, keeps who reports out of the report."""

REPORTS = 2
"""How many times as many reports as sign-ins come from one address within a quarter of an hour."""
ALL_REPORTS = 100
"""The same for everybody together: what a flood of addresses can do."""

_LAST = 1_000

_PROCESSES = sa.select(table.c.process).distinct().order_by(table.c.process)


@dataclass(frozen=True, slots=True)
class Offer:
    """A start event that residents may use.

    Attributes:
        process: key of the process.
        element: id of the start event.
        name, name_en: what the report is called.
        about: one sentence on it, from the property ``public_about``; likewise ``about_en``.
        form: the fields that are asked, of the event's form.
        place: the one that takes the code of a unit, or None.
        values: what is added to what was filled in.
    """

    process: str
    element: str
    name: str
    name_en: str
    about: str
    about_en: str
    form: Form
    place: str | None
    values: Mapping[str, Any]


def offers(app: Application) -> list[Offer]:
    """Return what may be reported, in the order of the property ``public_order``, then by key."""
    with app.database.reading() as tx:
        app.references.refresh(tx)
        rows = app.references.offered(tx, {}, app.clock.now())
        found = [
            (node, one)
            for (key,) in tx.all(_PROCESSES, {})
            for node, one in _offered(tx, definitions.version(tx, key), rows)
        ]
    return [one for _, one in sorted(found, key=lambda pair: (_order(pair[0]), pair[1].process))]


def offer(app: Application, process: str) -> Offer:
    """Return what may be reported to a process.

    Raises:
        NotFound: there is no such process, or it is not offered to residents.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        rows = app.references.offered(tx, {}, app.clock.now())
        found = [one for _, one in _offered(tx, definitions.version(tx, process), rows)]
    if not found:
        raise NotFound("This cannot be reported here.", hint="See /public for what can.")
    return found[0]


def report(
    app: Application,
    offered: Offer,
    data: JsonObject,
    attachments: Sequence[JsonObject] = (),
    *,
    once: Once | None = None,
    address: str = "",
) -> JsonObject:
    """Start a case for a resident; return its ``number`` and the ``code`` to follow it by.

    Args:
        data: what was filled in. Who does not want to be named is not kept at all.
        attachments: files, as ``cases.start`` takes them.
        once: of the page, so that a second press of the button is no second report.
        address: where it comes from; empty = only everybody together is counted.

    Raises:
        TooManyAttempts: too many reports came from there, or from everywhere.
        InvalidData: the data do not fit the form.
    """
    most = app.settings.sign_in_limit
    limits = {"reports": most * ALL_REPORTS}
    if address:
        limits[f"reports {address}"] = most * REPORTS
    identities.count(app, limits)
    given = {name: value for name, value in data.items() if name in offered.form.editable}
    if given.get(ANONYMOUS):
        named = {one.key for one in offered.form.fields() if one.field_class == "reporter"}
        given = {name: value for name, value in given.items() if name not in named}
    _check_place(app, offered, given)
    started = cases.start(
        app,
        Actor.public(),
        process=offered.process,
        data={**given, **offered.values},
        at_start=offered.element,
        once=once,
        attachments=attachments,
    )
    assert started.case_id is not None, "a start answers with its case"
    given_code = following.give_code(app, Actor.public(), started.case_id)
    return {"number": given_code["number"], "code": given_code["code"]}


def _order(node: Node) -> int:
    said = node.properties
    given = said.get("public_order", "")
    return int(given) if given.isdecimal() else _LAST


def _check_place(app: Application, offered: Offer, given: Mapping[str, Any]) -> None:
    """Refuse a report from nowhere: the place says who gets it."""
    if offered.place is None:
        return
    code = given.get(offered.place)
    if not isinstance(code, str) or not grids.name_of(app, code):
        finding = {
            "code": "required",
            "key": offered.place,
            "message": "Choose the place from the list.",
        }
        raise InvalidData("The report names no place that there is.", findings=[finding])


def _offered(tx: Transaction, of: Version, rows: forms.Rows) -> Iterator[tuple[Node, Offer]]:
    if not of.executable:
        return
    process = definitions.process_of(tx, of)
    for key in process.root.starts:
        node = process.root.nodes[key]
        if OFFERED in node.properties and not node.events:
            form = definitions.start_form(tx, of)
            if form is not None:
                yield node, _offer(process, node, forms.filled(form, rows))


def _offer(process: Process, node: Node, form: Form) -> Offer:
    said = node.properties
    asked = node.properties["public"].replace(";", " ").split()
    return Offer(
        process=process.key,
        element=node.id,
        name=said.get("public_name") or process.name or process.key,
        name_en=said.get("public_name_en") or process.properties.get("name_en", ""),
        about=said.get("public_about", ""),
        about_en=said.get("public_about_en", ""),
        form=only(form, asked),
        place=said.get(PLACE),
        values=_values(said.get(VALUES, "")),
    )


def only(form: Form, names: Sequence[str]) -> Form:
    """Return a form with the fields of these names, in their order, and nothing around them."""
    by_key = {one.key: _bare(one, names) for one in form.fields() if not one.readonly}
    return Form(form.key, tuple(by_key[one] for one in names if one in by_key))


def _bare(one: Component, asked: Sequence[str]) -> Component:
    # A button that sends the form belongs to who works here; residents have one of their own.
    # What hides a field by something that is not asked is settled when the case starts.
    named = {part.name for part in one.hide.comparisons} if one.hide else set()
    return replace(one, submits=False, hide=one.hide if named <= {*asked} else None)


def _values(text: str) -> Mapping[str, Any]:
    pairs = [one.partition("=") for one in text.split(";") if one.strip()]
    return {name.strip(): value.strip() for name, _, value in pairs}
