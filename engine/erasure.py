"""Erase personal values for good, on a person's request or when their time is over.

The histories keep their commitments, so chains verify and cases replay as
before; what was entered is gone from the database. Each erasure is an act in
the stream ``@erasures`` that names the case and the ids, never the values.

Basis: 个人信息保护法 art. 47 (erasure when consent is withdrawn or the purpose is met).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from engine import access, store
from engine.access import Actor
from engine.errors import CaseNotFound
from engine.facts import field_classes
from engine.ports import Application
from engine.sealing import find_sealed

STREAM = "@erasures"


def erase(
    app: Application,
    actor: Actor,
    case_id: str,
    *,
    classes: Collection[str] = ("reporter",),
    reason: str,
) -> int:
    """Erase the personal values of a case; return how many there were.

    Every value that ever stood under a field of these classes goes, earlier
    ones too, with its salt.

    Args:
        classes: field classes of the forms; an empty collection means everything
            personal in the case, attachments and remarks among it.
        reason: a short code such as ``request`` or ``retention``; no free text.

    Raises:
        NotAllowed: the actor is no privacy officer.
        CaseNotFound: there is no such case.
    """
    access.require(actor, "erase")
    now = app.clock.now()
    with app.database.writing() as tx:
        row = store.read_case(tx, case_id)
        if row is None:
            raise CaseNotFound(case_id)
        pinned = app.library.pinned(tx, row.pins)
        names = {name for name, one in field_classes(pinned).items() if one in classes}
        found: set[str] = set()
        for entry in store.read_entries(tx, case_id):
            command = entry.document()["command"]
            found |= set(_ids(command, names if classes else None))
        erased = store.erase_sealed(tx, case_id, sorted(found), now)
        command = {"type": "erase", "case": case_id, "ids": sorted(found), "reason": reason}
        store.append_act(tx, STREAM, at=now, actor=actor.name, command=command, events=[])
    app.database.settle()
    return erased


def _ids(value: Any, names: set[str] | None) -> list[str]:
    """Return the sealed ids under any of ``names``, at any depth; None = under all."""
    if names is None:
        return [one for one, _ in find_sealed(value)]
    if isinstance(value, dict):
        inside = [one for name, part in value.items() if name in names for one in _ids(part, None)]
        rest = [
            one for name, part in value.items() if name not in names for one in _ids(part, names)
        ]
        return inside + rest
    if isinstance(value, list):
        return [one for part in value for one in _ids(part, names)]
    return []
