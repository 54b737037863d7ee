"""What people may start in a case: the open ad-hoc sub-processes."""

from __future__ import annotations

from typing import Any

from engine import access, cursors, inbox, store
from engine.access import Actor
from engine.clock import text
from engine.cursors import Place
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import CaseNotFound, InvalidRequest, NothingWaits
from engine.execution import Offer, Snapshot
from engine.facts import case_facts
from engine.ports import Application
from engine.projection import CLOSED
from engine.store import CaseRow

Document = dict[str, Any]
VIEW = "activities"
_PAGE = 100
_SCANNED = 1_000
_STILL = CLOSED | {"suspended"}


def activities_of(
    app: Application,
    tx: Transaction,
    actor: Actor,
    row: CaseRow,
    pinned: Pinned,
    *,
    snapshot: Snapshot,
) -> list[Document]:
    """Return the open ad-hoc sub-processes of a case, and what the actor may do with each."""
    offers = _offers(app, row, pinned, snapshot)
    if not offers:
        return []
    facts, organisation = case_facts(tx, row), app.references.organisation
    return [
        _document(
            one,
            pinned,
            may=row.state not in _STILL
            and access.may(actor, "start_activity", facts, one, organisation=organisation),
        )
        for one in offers
    ]


def page(
    app: Application, tx: Transaction, actor: Actor, *, limit: int, cursor: str | None
) -> tuple[list[Document], str | None]:
    """Return the ad-hoc sub-processes in which the actor can start or end something now.

    The latest first, each with its case, and the cursor of the next page. Where nothing
    can be done for the moment (on hold, one at a time) it is passed over.

    Raises:
        InvalidRequest: the cursor is none of ours.
    """
    found: list[Document] = []
    scanned = 0
    while scanned < _SCANNED:
        rows = inbox.offers(tx, actor.name, actor.grants, limit=_PAGE, cursor=cursor)
        for row in rows:
            cursor, scanned = cursors.write(Place(*row[:3])), scanned + 1
            item = _item(app, tx, actor, row[1], row[2])
            if item is not None:
                found.append({**item, "opened_at": text(row[0])})
            if len(found) == limit:
                return found, cursor
        if len(rows) < _PAGE:
            return found, None
    return found, cursor


def _item(
    app: Application, tx: Transaction, actor: Actor, case_id: str, place: str
) -> Document | None:
    row = store.read_case(tx, case_id)
    if row is None or row.state in _STILL:
        return None
    pinned = app.library.pinned(tx, row.pins)
    offer = next((one for one in _offers(app, row, pinned) if _place(one) == place), None)
    facts, organisation = case_facts(tx, row), app.references.organisation
    if offer is None or not access.may(
        actor, "start_activity", facts, offer, organisation=organisation
    ):
        return None
    document = _document(offer, pinned, may=True)
    if not (document["startable"] or document["completable"]):
        return None
    return {
        **document,
        "id": f"{row.id}/{place}",
        "case": row.id,
        "process": row.process,
        "called": offer.process,
        "business_key": row.business_key,
        "unit": row.unit,
        "case_state": row.state,
    }


def _place(offer: Offer) -> str:
    """Return how the projection names it."""
    visit = f"{offer.process}.{offer.element}.{offer.nth}"
    return visit if offer.instance is None else f"{visit}.{offer.instance}"


def is_offered(app: Application, tx: Transaction, actor: Actor, row: CaseRow) -> bool:
    """Whether an ad-hoc sub-process of a case is offered to the actor by role or name."""
    found = _offers(app, row, app.library.pinned(tx, row.pins))
    return any(one.candidates and access.is_offered(actor, one) for one in found)


def scope_of(app: Application, actor: Actor, case_id: str, activity: str | None = None) -> str:
    """Return the one open ad-hoc sub-process of a case in which that can be started now.

    Args:
        activity: None: the one that is open.

    Raises:
        CaseNotFound: no such case, or it is offered to others.
        NothingWaits: there is none.
        InvalidRequest: there are several.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = store.read_case(tx, case_id)
        if row is None:
            raise CaseNotFound(case_id)
        pinned = app.library.pinned(tx, row.pins)
        offers = _offers(app, row, pinned)
        facts, organisation = case_facts(tx, row), app.references.organisation
        if not access.sees(actor, facts, organisation) and not any(
            access.is_offered(actor, one) for one in offers if one.candidates
        ):
            raise CaseNotFound(case_id)
    fitting = [one.scope for one in offers if activity in (None, *_inside(one, pinned))]
    if not fitting:
        what = (
            "No ad-hoc sub-process is open."
            if activity is None
            else (f"No ad-hoc sub-process with the activity {activity!r} is open.")
        )
        raise NothingWaits(what, hint="GET /cases/{id} lists under activities what may be started.")
    if len(fitting) > 1:
        raise InvalidRequest(
            "Several ad-hoc sub-processes are open.", hint=f"Give scope: {', '.join(fitting)}."
        )
    return fitting[0]


def _inside(offer: Offer, pinned: Pinned) -> tuple[str, ...]:
    rules = pinned.bundle.processes[offer.process].scopes[offer.element].ad_hoc
    return () if rules is None else rules.startable


def _offers(
    app: Application, row: CaseRow, pinned: Pinned, snapshot: Snapshot | None = None
) -> list[Offer]:
    if row.state in CLOSED:
        return []
    executor = app.executors[row.executor]
    return [*executor.offers(pinned.bundle, snapshot or row.snapshot())]


def _document(offer: Offer, pinned: Pinned, *, may: bool) -> Document:
    process = pinned.bundle.processes[offer.process]
    document: Document = {
        "scope": offer.scope,
        "process": offer.process,
        "element": offer.element,
        "nth": offer.nth,
        "name": process.nodes[offer.element].name,
        "candidates": offer.candidates,
        "ordering": "Sequential" if offer.sequential else "Parallel",
        "startable": [
            {"activity": one, "name": process.nodes[one].name, "name_en": _english(process, one)}
            for one in (offer.activities if may else ())
        ],
        "completable": may and offer.ends_by_hand,
    }
    if offer.instance is not None:
        document["instance"] = offer.instance
    return document


def _english(process: Any, element: str) -> str | None:
    found: str | None = process.nodes[element].properties.get("name_en")
    return found
