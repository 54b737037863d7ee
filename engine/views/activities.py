"""What people may start in a case: the open ad-hoc sub-processes."""

from __future__ import annotations

from typing import Any

from engine import access, store
from engine.access import Actor
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import CaseNotFound, InvalidRequest, NothingWaits
from engine.execution import Offer, Snapshot
from engine.facts import case_facts
from engine.ports import Application
from engine.projection import CLOSED
from engine.store import CaseRow

Document = dict[str, Any]
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
