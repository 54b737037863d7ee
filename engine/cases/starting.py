"""Cases begin: their versions are pinned, their first command is applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import orjson

from engine import definitions, intake, store
from engine.access import Actor
from engine.cases.answers import Answer, Once, stored
from engine.cases.turns import UNIQUE, OutrunError, Request, Turn, apply, started
from engine.commands import JsonObject, StartCase
from engine.database import Transaction
from engine.definitions import Pinned, Version
from engine.errors import Busy
from engine.execution import empty
from engine.ports import Application
from engine.sealing import Sealer
from engine.store import CaseRow


def start(
    app: Application,
    actor: Actor,
    *,
    process: str,
    data: JsonObject,
    version: int | None = None,
    business_key: str | None = None,
    at_start: str | None = None,
    unit: str | None = None,
    links: list[JsonObject] | None = None,
    case_id: str | None = None,
    once: Once | None = None,
    unique: Once | None = None,
    trusted: bool = False,
    beside: JsonObject | None = None,
    starter: str | None = None,
    attachments: Sequence[JsonObject] = (),
) -> Answer:
    """Start a case; 201 with the case document.

    Args:
        data: the start form's values, personal ones in plain; they are sealed here.
        at_start: id of the start event; None = the only plain one.
        case_id: given where it derives from a delivery, so that twice is once.
        unique: what may start only one case, whoever sends it; never forgotten.
        beside: data that stand beside those of the start form; what is ``Personal`` in
            them is sealed here.
        starter: whose case it is, where that is not the actor.
        trusted: the data come from another case and need not fit the start form; what
            is ``Personal`` in them is sealed here.
        attachments: files that come with the form, as ``AddAttachment`` says of each, its
            task apart; the form's file fields name their ids. Name and bytes are sealed.

    Raises:
        NotFound: no such process or version.
        NotAllowed: the actor may not start it.
        InvalidData: the data do not fit the start form.
    """
    case_id = case_id or app.clock.new_id()
    now = app.clock.now()
    with app.database.reading() as tx:
        known = _started_before(tx, actor, once, unique)
        if known is not None:
            return known
        main, versions = definitions.pins_for(tx, process, version)
        app.references.refresh(tx)
        rows = app.references.offered(tx, {}, now)
    pinned = _pinned(app, versions)
    sealer = Sealer(app.clock.new_id, app.clock.secret)
    command = StartCase(
        process=process,
        data=data,
        start=at_start,
        business_key=business_key,
        unit=unit or intake.home_unit(app, actor),
        starter=starter or actor.name,
        links=links,
        attachments=[{**one, "name": sealer.value(one["name"])} for one in attachments] or None,
    )
    command = intake.prepare_start(actor, pinned, command, sealer, rows=rows, trusted=trusted)
    if beside:
        command = replace(command, data={**command.data, **sealer.marked(beside)})
    row = _row(case_id, command, main, pinned, now)
    request = Request(actor, command, once, unique=unique, answer=started)
    return _begin(app, Turn(row, empty(case_id), pinned, request, command, sealer, now))


def _row(case_id: str, command: StartCase, main: Version, pinned: Pinned, now: datetime) -> CaseRow:
    return CaseRow(
        id=case_id,
        process=command.process,
        version=main.number,
        pins=pinned.digest,
        executor=main.executor,
        business_key=command.business_key,
        unit=None,
        starter=command.starter,
        state="new",
        end_state=None,
        lists="{}",
        created_at=now,
        ended_at=None,
        at=now,
        position=0,
        head="",
    )


def _begin(app: Application, turn: Turn) -> Answer:
    request = turn.request
    try:
        done = apply(app, turn)
    except OutrunError:
        # The same request came twice at once, and the other was faster.
        with app.database.reading() as tx:
            known = _started_before(tx, request.actor, request.once, request.unique)
        if known is None:
            raise Busy("The case is being started.", hint="Try again in a moment.") from None
        return known
    assert done.answer is not None
    if done.sends:
        app.deliver(app, turn.row.id)
        return _settled(app, request, turn.row.id)
    return done.answer


def _started_before(
    tx: Transaction, actor: Actor, once: Once | None, unique: Once | None
) -> Answer | None:
    """Return what the same request was answered, or the one case that there may be."""
    known = stored(tx, actor, once)
    if known is not None:
        return known
    other = stored(tx, UNIQUE, unique)
    return None if other is None else replace(other, status=200)


def _settled(app: Application, request: Request, case_id: str) -> Answer:
    """Answer a start with what its first deliveries made of it, now and for the same key."""
    with app.database.writing() as tx:
        row = store.read_case(tx, case_id)
        assert row is not None, "it was started just now"
        answer = started(tx, row, row.snapshot(), request.command)
        kept = orjson.dumps([answer.body, answer.etag, answer.case_id])
        for name, once in ((request.actor.name, request.once), (UNIQUE.name, request.unique)):
            if once is not None and once.key is not None:
                store.replace_answer(tx, name, once.route, once.key, answer=kept)
    return answer


def _pinned(app: Application, versions: JsonObject) -> Pinned:
    digest = store.digest_of(versions)
    if not app.library.holds(digest):
        with app.database.writing() as tx:
            store.put_pins(tx, digest, versions)
    with app.database.reading() as tx:
        return app.library.pinned(tx, digest)
