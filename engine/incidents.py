"""Incidents by what caused them, and what is done about them, for who runs the system.

The same text fails in many cases. What is shown is one cause: process, element, code and
expression, with the cases that stand still by it and the values that it saw there. What
is done is one answer for all of them or some: corrected data, a corrected version, or
just another try. Each case gets its own entries, with the rights of who acts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from engine import access, cases, replay, store, views
from engine.access import Actor
from engine.bpmn.codes import codes_of
from engine.clock import text
from engine.commands import RetryIncident
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import EngineError, NotFound
from engine.facts import case_facts
from engine.history import canonical
from engine.ports import Application
from engine.store import CASE_COLUMNS, CaseRow
from engine.tables import cases as case_table
from engine.tables import incidents

Document = dict[str, Any]

SCANNED = 5_000
"""So many open incidents are looked at, the newest first."""

SHOWN = 20
"""Of so many cases of a cause the values are told."""

_OPEN = (
    sa.select(*views.INCIDENT, *CASE_COLUMNS)
    .select_from(incidents.join(case_table, case_table.c.id == incidents.c.case_id))
    .order_by(incidents.c.at.desc(), incidents.c.case_id.desc(), incidents.c.number.desc())
    .limit(SCANNED)
)


class Cause(NamedTuple):
    """What made steps stand still."""

    process: str
    element: str
    code: str
    expression: str | None

    @property
    def id(self) -> str:
        """A short name of it, the same wherever the same fails."""
        return hashlib.sha256(canonical(list(self))).hexdigest()[:16]


class Open(NamedTuple):
    """One open incident and the case that it is in."""

    number: int
    message: str
    at: Any
    row: CaseRow


def causes(app: Application, actor: Actor) -> Document:
    """Return what made steps stand still in the cases the actor may see: ``{items, next}``.

    The most frequent first; each is
    ``{id, process, element, name, line, code, expression?, message, cases, first_at, last_at}``.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        found = _by_cause(app, tx, actor)
        items = [_brief(app, tx, cause, held) for cause, held in found.items()]
    items.sort(key=lambda one: (-one["cases"], one["process"], one["element"], one["id"]))
    return {"items": items, "next": None}


def cause(app: Application, actor: Actor, cause_id: str) -> Document:
    """Return one cause with its cases and the values that the expression saw in each.

    Returns:
        As ``causes`` says, with ``items``: ``{case, business_key, version, incident,
        message, at, saw, has}`` of each case, the newest first; ``saw`` are the values
        when it failed and ``has`` those of now, both of the first 20 cases only and as
        far as the actor reads them.

    Raises:
        NotFound: nothing stands still by it in a case that the actor may see.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        known, held = _held(app, tx, actor, cause_id)
        document = _brief(app, tx, known, held)
        document["items"] = [
            _case(app, tx, actor, known, one, told=number < SHOWN)
            for number, one in enumerate(held)
        ]
    return document


def of_case(app: Application, actor: Actor, case_id: str) -> list[Document]:
    """Return the open incidents of one case with what their expressions saw.

    Returns:
        Of each what the case itself says of it, and ``{cause, saw, has, may_retry}``:
        the id of its cause, the data that the expression mentions when it failed and now.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = views.visible(app, tx, actor, case_id)
        organisation = app.references.organisation
        may = access.may(actor, "retry", case_facts(tx, row), organisation=organisation)
        found = []
        for one in views.incidents_of(tx, case_id):
            known = Cause(one["process"], one["element"], one["code"], one.get("expression"))
            held = Open(one["id"], one["message"], one["at"], row)
            saw, has = _values(app, tx, actor, known, held)
            found.append({**one, "cause": known.id, "saw": saw, "has": has, "may_retry": may})
    return found


def _held(
    app: Application, tx: Transaction, actor: Actor, cause_id: str
) -> tuple[Cause, list[Open]]:
    for known, held in _by_cause(app, tx, actor).items():
        if known.id == cause_id:
            return known, held
    raise NotFound(
        f"Nothing stands still by {cause_id!r} that you may see.",
        hint="It may be mended by now: GET /api/v1/incidents/causes lists what is not.",
    )


def _by_cause(app: Application, tx: Transaction, actor: Actor) -> dict[Cause, list[Open]]:
    found: dict[Cause, list[Open]] = {}
    seen: dict[str, bool] = {}
    for record in tx.all(_OPEN, {}):
        row = CaseRow(*record[len(views.INCIDENT) :])
        if row.id not in seen:
            facts = case_facts(tx, row)
            seen[row.id] = access.sees(actor, facts, app.references.organisation)
        if seen[row.id]:
            _, number, process, element, _, code, message, expression, at = record[
                : len(views.INCIDENT)
            ]
            one = Open(number, message, at, row)
            found.setdefault(Cause(process, element, code, expression), []).append(one)
    return found


def _brief(app: Application, tx: Transaction, known: Cause, held: list[Open]) -> Document:
    process = app.library.pinned(tx, held[0].row.pins).bundle.processes.get(known.process)
    node = None if process is None else process.nodes.get(known.element)
    document: Document = {
        "id": known.id,
        "process": known.process,
        "element": known.element,
        "name": "" if node is None else node.name,
        "line": None if node is None else node.line,
        "code": known.code,
        "message": held[0].message,
        "cases": len({one.row.id for one in held}),
        "first_at": text(held[-1].at),
        "last_at": text(held[0].at),
    }
    if known.expression is not None:
        document["expression"] = known.expression
    return document


def _case(
    app: Application, tx: Transaction, actor: Actor, known: Cause, one: Open, *, told: bool
) -> Document:
    row = one.row
    pins: Any = app.library.pinned(tx, row.pins).versions["processes"]
    document: Document = {
        "case": row.id,
        "business_key": row.business_key,
        "version": pins[known.process]["version"] if known.process in pins else row.version,
        "incident": one.number,
        "message": one.message,
        "at": text(one.at),
    }
    if told:
        document["saw"], document["has"] = _values(app, tx, actor, known, one)
    return document


def _values(
    app: Application, tx: Transaction, actor: Actor, known: Cause, one: Open
) -> tuple[Document, Document]:
    """Return the data that the expression mentions: when it failed, and now."""
    row = store.read_case(tx, one.row.id)
    assert row is not None, "its row was read in the same transaction"
    pinned = app.library.pinned(tx, row.pins)
    names = names_of(pinned, known)
    executor = app.executors[row.executor]
    now = executor.seen(pinned.bundle, row.snapshot(), one.number)
    then: Mapping[str, Any] = {}
    found = replay.standing_at(app, tx, row.id, _raised_at(tx, row.id, one.number))
    if found is not None and found.pinned is not None:
        then = executor.seen(found.pinned.bundle, found.snapshot, one.number)

    def told(seen: Mapping[str, Any]) -> Document:
        values = {name: seen[name] for name in names if name in seen}
        return views.shown(app, tx, actor, row, values)

    return told(then), told(now)


def names_of(pinned: Pinned, known: Cause) -> list[str]:
    """Return the data that a failing expression mentions, in order."""
    process = pinned.bundle.processes.get(known.process)
    if process is None or known.expression is None:
        return []
    mine = [code for _, _, code in codes_of(process) if code.text == known.expression]
    return sorted(mine[0].names) if mine else []


def _raised_at(tx: Transaction, case_id: str, number: int) -> int:
    for entry in store.read_entries(tx, case_id):
        for event in entry.document()["events"]:
            if event["type"] == "incident_raised" and event["incident"] == number:
                return entry.position
    return 0


# -- what is done about them -------------------------------------------------------------


class Cure(NamedTuple):
    """What is done about a cause.

    Attributes:
        reason: for the histories of the cases.
        data: written where the step stands still, before it is tried again.
        version: of the process whose step it is; the cases are migrated to it before.
        mapping: old element id -> new one; see ``cases.normal_mapping``.
        chosen: only these cases; none: all of the cause.
    """

    reason: str
    data: Document | None = None
    version: int | None = None
    mapping: Document | None = None
    chosen: Collection[str] = ()


def retry(app: Application, actor: Actor, cause_id: str, cure: Cure) -> Document:
    """Try again what stands still by one cause, case by case.

    A case that cannot be migrated, or whose step the actor may not try again, stays as
    it is; the others go on.

    Returns:
        ``{cause, cases, resolved, items}``, of each case ``{case, incident, resolved,
        state, refused?}``; ``refused`` is the refusal as a problem document.

    Raises:
        NotFound: nothing stands still by it in a case that the actor may see.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        known, held = _held(app, tx, actor, cause_id)
    items = [
        _cured(app, actor, known, one, cure)
        for one in reversed(held)
        if not cure.chosen or one.row.id in cure.chosen
    ]
    done = sum(one["resolved"] for one in items)
    return {"cause": cause_id, "cases": len(items), "resolved": done, "items": items}


def _cured(app: Application, actor: Actor, known: Cause, one: Open, cure: Cure) -> Document:
    case_id = one.row.id
    before = _numbers(app, case_id)
    document: Document = {"case": case_id, "incident": one.number}
    try:
        if cure.version is not None:
            _migrate(app, actor, known, case_id, cure)
        command = RetryIncident(one.number, cure.data, cure.reason)
        answer = cases.handle(app, actor, case_id, command)
    except EngineError as refusal:
        told = {"state": _row(app, case_id).state, "refused": refusal.to_json()}
        return {**document, "resolved": False, **told}
    failed_again = _numbers(app, case_id) - before
    return {**document, "resolved": not failed_again, "state": answer.body["state"]}


def _migrate(app: Application, actor: Actor, known: Cause, case_id: str, cure: Cure) -> None:
    row = _row(app, case_id)
    with app.database.reading() as tx:
        pins: Any = app.library.pinned(tx, row.pins).versions["processes"]
    versions = {key: int(pin["version"]) for key, pin in pins.items()}
    assert cure.version is not None
    if versions.get(known.process) == cure.version:
        return
    mapping = cases.normal_mapping(known.process, cure.mapping)
    command = cases.migration_to(
        row.process, versions, known.process, cure.version, mapping=mapping, reason=cure.reason
    )
    cases.handle(app, actor, case_id, command)


def _row(app: Application, case_id: str) -> CaseRow:
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
    assert row is not None, "a case that has an incident is there"
    return row


def _numbers(app: Application, case_id: str) -> set[int]:
    with app.database.reading() as tx:
        return {one["id"] for one in views.incidents_of(tx, case_id)}
