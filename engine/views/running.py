"""Which open cases run on a version of a process, as their own or called."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.ports import Application
from engine.tables import cases, pins

_PINS = sa.select(pins.c.digest, pins.c.versions).order_by(pins.c.digest)
_CASES = (
    sa.select(cases.c.id, cases.c.process, cases.c.version, cases.c.business_key)
    .where(cases.c.pins == p("digest"), cases.c.ended_at.is_(None))
    .order_by(cases.c.id)
)


def running_on(app: Application, process: str, number: int) -> list[dict[str, Any]]:
    """Return the open cases that run on a version of a process, oldest first.

    Returns:
        ``{case, business_key, process, version, processes}`` of each; ``processes`` are
        the versions of all that it can call.
    """
    found = []
    with app.database.reading() as tx:
        for digest, text in tx.all(_PINS, {}):
            pinned = orjson.loads(text)["processes"]
            if process not in pinned or pinned[process]["version"] != number:
                continue
            versions = {key: pin["version"] for key, pin in pinned.items()}
            for case, main, version, key in tx.all(_CASES, {"digest": digest}):
                found.append(
                    {
                        "case": case,
                        "business_key": key,
                        "process": main,
                        "version": version,
                        "processes": versions,
                    }
                )
    return sorted(found, key=lambda one: str(one["case"]))
