"""A reporter follows the own case without a login: by its number and a code.

The code is given by who took the report, once, and kept as a hash. It shows where
the case stands, what the reporter gave, and the public answer: nothing that
others have entered, and no name of who works on it.
"""

from __future__ import annotations

from typing import Any

import orjson
from argon2.exceptions import VerificationError

from engine import access, accesses, attempts, codes, identities, store
from engine.access import Actor
from engine.accesses import Look
from engine.clock import text
from engine.database import Transaction
from engine.errors import CaseNotFound, NotFound
from engine.facts import case_facts, field_classes, start_fields
from engine.ports import Application
from engine.store import CaseRow

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are taken for one another when read aloud or written by hand."""
LENGTH = 10
BY_CODE = "@code"
"""Under this name the access log has who followed a case by its code."""

Document = dict[str, Any]


def give_code(app: Application, actor: Actor, case_id: str) -> Document:
    """Give the case a new code; this is the only time it is to be seen.

    A code given before does not work any more.

    Raises:
        CaseNotFound: there is no such case, or not for this actor.
        NotAllowed: the actor neither started the case nor takes reports in its unit.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = store.read_case(tx, case_id)
        if row is None:
            raise CaseNotFound(case_id)
        organisation = app.references.organisation
        access.require(actor, "give_code", case_facts(tx, row), organisation=organisation)
    code = _new_code(app)
    hashed = identities.hashed(code)
    with app.database.writing() as tx:
        codes.give(tx, case_id, hashed, by=actor.name, at=app.clock.now())
    return {"case": case_id, "number": row.business_key or row.id, "code": _written(code)}


def may_give_code(app: Application, actor: Actor, case_id: str) -> bool:
    """Tell whether ``give_code`` would give one."""
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
        organisation = app.references.organisation
        return row is not None and access.may(
            actor, "give_code", case_facts(tx, row), organisation=organisation
        )


def follow(app: Application, number: str, code: str, *, address: str = "") -> Document:
    """Return what a reporter may know of the own case.

    Args:
        number: the case's number, or its id.
        code: as it was given; case, spaces and dashes do not matter.
        address: where the request comes from; failures are counted like sign-ins.

    Raises:
        TooManyAttempts: too many codes have failed for this number or address.
        NotFound: there is no case of this number with this code.
    """
    subjects = identities.count_attempt(app, f"case {number}", address)
    with app.database.reading() as tx:
        found = codes.numbered(tx, number)
    plain = "".join(one for one in code.upper() if one.isalnum())
    matching = [one for one, hashed in found if _fits(hashed, plain)]
    if not found:
        # A number that is not there takes as long as a wrong code.
        _fits(None, plain)
    if not matching:
        raise NotFound(
            "There is no case of this number with this code.",
            hint="Check both; who took the report can give you a new code.",
        )
    with app.database.writing() as tx:
        attempts.succeed(tx, cleared=subjects[:1], taken_back=subjects[1:])
    with app.database.reading() as tx:
        row = store.read_case(tx, matching[0])
        assert row is not None, "a code belongs to a case"
        return _shown(app, tx, row)


def known(app: Application, case_id: str) -> Document:
    """Return what ``follow`` has shown, once more; the code was looked at before."""
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
        if row is None:
            raise CaseNotFound(case_id)
        return _shown(app, tx, row)


def _shown(app: Application, tx: Transaction, row: CaseRow) -> Document:
    pinned = app.library.pinned(tx, row.pins)
    given, classes = start_fields(pinned), field_classes(pinned)
    reader = access.reporter_reading(given)
    values = store.get_sealed(tx, row.id)

    def reveal(one: str) -> Any:
        kept = values.get(one)
        return None if kept is None else orjson.loads(kept)

    data = row.snapshot().data.get("", {})
    seen: set[str] = set()
    shown = access.withhold(reader, data, classes, reveal=reveal, seen=seen.add)
    told = tuple(sorted(seen & given))
    accesses.note([Look(row.id, app.clock.now(), BY_CODE, "follow", told)])
    public = {name for name, one in classes.items() if one == "public"}
    return {
        "case": row.id,
        "number": row.business_key or row.id,
        "process": row.process,
        "name": pinned.main.name or row.process,
        "state": row.state,
        "end": row.end_state,
        "started_at": text(row.created_at),
        "ended_at": None if row.ended_at is None else text(row.ended_at),
        "data": {name: one for name, one in shown.items() if name in given and _is_plain(one)},
        "answer": {name: one for name, one in shown.items() if name in public and _is_plain(one)},
    }


def _is_plain(value: Any) -> bool:
    """What was erased or is nobody's business is left out, not shown as a commitment."""
    if isinstance(value, dict):
        return not {"$sealed", "$withheld"} & value.keys() and all(map(_is_plain, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return True


def _fits(hashed: str | None, code: str) -> bool:
    try:
        identities.check_hash(hashed, code)
    except VerificationError:
        return False
    return True


def _new_code(app: Application) -> str:
    number, letters = int.from_bytes(app.clock.secret(16), "big"), ""
    while len(letters) < LENGTH:
        number, index = divmod(number, len(LETTERS))
        letters += LETTERS[index]
    return letters


def _written(code: str) -> str:
    half = LENGTH // 2
    return f"{code[:half]}-{code[half:]}"
