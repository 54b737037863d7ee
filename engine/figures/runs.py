"""The rows that facts are made of: what runs have left, and the rows of registers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.clock import parse
from engine.database import Transaction
from engine.projection import HOLDS
from engine.tables import cases, milestones, register_rows

_RUNS = (
    sa.select(
        milestones.c.case_id,
        milestones.c.scope,
        milestones.c.item,
        milestones.c.began_at,
        milestones.c.cut,
        milestones.c.body,
        cases.c.business_key,
        cases.c.unit,
        cases.c.state,
        cases.c.end_state,
        cases.c.created_at,
        cases.c.ended_at,
    )
    .select_from(milestones.join(cases, cases.c.id == milestones.c.case_id))
    .where(milestones.c.process == p("process"))
    .order_by(milestones.c.case_id, milestones.c.began_at, milestones.c.scope)
)
_ROWS = (
    sa.select(
        register_rows.c.case_id,
        register_rows.c.unit,
        register_rows.c.at,
        register_rows.c.body,
        cases.c.business_key,
    )
    .select_from(register_rows.join(cases, cases.c.id == register_rows.c.case_id))
    .where(register_rows.c.register == p("register"))
    .order_by(register_rows.c.at, register_rows.c.case_id, register_rows.c.job)
)

APART = {"voided": "voided", "merged": "merged", "withdrawn": "voided"}
"""How a case ended that no figure counts -> under which name it stands apart."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of a process has left, and the case it is of."""

    case: str
    scope: str
    item: str
    began_at: datetime
    is_cut: bool
    data: Mapping[str, Any]
    number: str | None
    unit: str | None
    state: str
    end_state: str | None
    created_at: datetime
    ended_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether its case goes on."""
        return self.ended_at is None

    def at(self, name: str) -> datetime | None:
        """Return a datum as a moment, or None."""
        return moment(self.data.get(name))

    def apart(self) -> frozenset[str]:
        """Return the mark under which it stands apart, or ``live``."""
        name = APART.get(self.end_state or "")
        return frozenset({name or "live"})

    def holds(self) -> list[tuple[datetime, datetime | None]]:
        """Return when its clock stood still."""
        return [
            (parse(first), None if last is None else parse(last))
            for first, last in self.data.get(HOLDS, [])
        ]


def moment(value: Any) -> datetime | None:
    """Return RFC 3339 text as a moment; None for what is none."""
    if not isinstance(value, str):
        return None
    try:
        return parse(value)
    except ValueError:
        return None


def of_process(tx: Transaction, process: str) -> list[Run]:
    """Return the runs of a process, case by case, in the order in which they began."""
    return [
        Run(
            row[0], row[1], row[2], row[3], bool(row[4]), orjson.loads(row[5]), row[6], row[7],
            row[8], row[9], row[10], row[11],
        )
        for row in tx.all(_RUNS, {"process": process})
    ]  # fmt: skip


def of_register(
    tx: Transaction, register: str
) -> Iterator[tuple[str, str, datetime, dict[str, Any], str | None]]:
    """Yield (case, unit, entered at, row, number) of a register."""
    for case, unit, at, body, number in tx.all(_ROWS, {"register": register}):
        yield case, unit, at, orjson.loads(body), number
