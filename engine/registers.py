"""Registers (台账) as people read them: who may, which columns, page by page.

What a register is called, which columns it shows and who reads it are the lists
``registers`` and ``register_columns``; its rows come from the topic ``register``
and are rebuilt with their case. A row holds personal values by reference only:
they are opened here, for those who may read the register, until they are erased.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import accesses, cursors, store
from engine.access import Actor
from engine.accesses import Look
from engine.clock import parse, text
from engine.cursors import Place
from engine.database import Moment, Transaction
from engine.errors import NotAllowed, NotFound
from engine.facts import field_classes, reading
from engine.ports import Application
from engine.sealing import find_sealed, unseal
from engine.store import CaseRow
from engine.tables import cases as case_table
from engine.tables import register_rows as table

Document = dict[str, Any]

REGISTERS, COLUMNS = "registers", "register_columns"
"""The lists that define the registers."""

_EARLIEST = parse("0001-01-02T00:00:00Z")
_LATEST = parse("9999-12-31T00:00:00Z")
_ALL = (
    sa.select(
        table.c.at,
        table.c.case_id,
        table.c.job,
        table.c.unit,
        table.c.author,
        table.c.body,
        case_table.c.business_key,
    )
    .select_from(table.join(case_table, case_table.c.id == table.c.case_id))
    .where(
        table.c.register == p("register"),
        table.c.at >= p("since", type_=Moment),
        sa.tuple_(table.c.at, table.c.case_id, table.c.job)
        < sa.tuple_(p("after_at", type_=Moment), p("after_case"), p("after_job")),
    )
    .order_by(table.c.at.desc(), table.c.case_id.desc(), table.c.job.desc())
    .limit(p("most"))
)
_OF_UNIT = _ALL.where(table.c.unit == p("unit"))
_OF_AUTHOR = _ALL.where(table.c.author == p("author"))


@dataclass(frozen=True, slots=True)
class Register:
    """A register as the lists of a day define it."""

    name: str
    title_zh: str
    title_en: str
    readers: frozenset[str]
    readers_everywhere: frozenset[str]
    own: bool
    columns: tuple[Document, ...]

    def document(self) -> Document:
        """Return it as it is answered, its rows apart."""
        return {
            "register": self.name,
            "title_zh": self.title_zh,
            "title_en": self.title_en,
            "columns": list(self.columns),
        }


@dataclass(frozen=True, slots=True)
class _Reach:
    """Whose rows an actor reads: everybody's, those of some units, one's own."""

    everywhere: bool
    units: frozenset[str]
    author: str | None

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.units) or self.author is not None


def all_registers(app: Application, actor: Actor) -> Document:
    """Return the registers that an actor may open: ``{items, next}``."""
    with app.database.reading() as tx:
        app.references.refresh(tx)
    found = [one for one in _defined(app) if _reach(app, actor, one)]
    return {"items": [one.document() for one in found], "next": None}


def page(
    app: Application,
    actor: Actor,
    name: str,
    *,
    unit: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Document:
    """Return the rows of a register that an actor may read, newest first.

    Args:
        unit: only rows of this unit and the units below it.
        since, until: when the row was entered, ``until`` left out.

    Raises:
        NotFound: there is no such register.
        NotAllowed: the actor reads none of its rows.
        InvalidRequest: the cursor is none of ours.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        register = _named(app, name)
        reach = _reach(app, actor, register)
        if not reach:
            raise _refusal(actor, register)
        values: Document = {
            "register": name,
            "since": since or _EARLIEST,
            "most": limit + 1,
            **_after(cursor, until),
        }
        rows = _rows(tx, reach, _below(app, unit), values)
        items = [_item(app, tx, actor, register, row) for row in rows[:limit]]
    following = cursors.write(Place(*rows[limit - 1][:3])) if len(rows) > limit else None
    return {**register.document(), "items": items, "next": following}


# -- definitions -----------------------------------------------------------------------


def _defined(app: Application) -> list[Register]:
    """Return the registers in force today, in the order of the list."""
    today = _today(app)
    found = app.references.active
    if REGISTERS not in found or COLUMNS not in found:
        return []
    columns: dict[str, list[Document]] = {}
    for row in found[COLUMNS].in_force(today):
        columns.setdefault(row["register"], []).append(row)
    return [
        Register(
            row["register"],
            row["title_zh"],
            row["title_en"],
            frozenset(row["readers"]),
            frozenset(row["readers_everywhere"]),
            bool(row["own"]),
            tuple(_column(one) for one in _in_order(columns.get(row["register"], []))),
        )
        for row in found[REGISTERS].in_force(today)
    ]


def _in_order(rows: Iterable[Document]) -> list[Document]:
    return sorted(rows, key=lambda row: (row["position"], row["column"]))


def _column(row: Mapping[str, Any]) -> Document:
    column = {name: row[name] for name in ("column", "title_zh", "title_en", "type")}
    labels = [one.partition("=") for one in row["labels"]]
    if labels:
        column["labels"] = [
            {"value": value, "label": both.partition("/")[0], "label_en": both.partition("/")[2]}
            for value, _, both in labels
        ]
    return column


def _named(app: Application, name: str) -> Register:
    for one in _defined(app):
        if one.name == name:
            return one
    raise NotFound(f"There is no register {name!r}.", hint="See GET /api/v1/registers.")


def _today(app: Application) -> date:
    return app.references.calendar.local(app.clock.now()).date()


# -- who reads what --------------------------------------------------------------------


def _reach(app: Application, actor: Actor, register: Register) -> _Reach:
    everywhere = actor.is_system or bool(actor.roles & (register.readers_everywhere | {"admin"}))
    units: set[str] = set()
    if not everywhere:
        for unit in actor.units_of(register.readers):
            units |= app.references.organisation.below(unit, actor.as_of)
    own = actor.name if register.own and actor.grants else None
    return _Reach(everywhere, frozenset(units), own)


def _below(app: Application, unit: str | None) -> frozenset[str] | None:
    if unit is None:
        return None
    return app.references.organisation.below(unit, _today(app)) | {unit}


def _refusal(actor: Actor, register: Register) -> NotAllowed:
    roles = sorted(register.readers | register.readers_everywhere)
    return NotAllowed(
        f"{actor.name!r} may not read the register {register.name!r}.",
        hint=f"This needs {' or '.join(roles)}.",
    )


# -- rows ------------------------------------------------------------------------------


def _rows(
    tx: Transaction, reach: _Reach, wanted: frozenset[str] | None, values: Document
) -> list[Any]:
    """Return one row more than the page holds, newest first.

    One small read by index for each unit: a reader has some hundred at most.
    """
    if reach.everywhere and wanted is None:
        return tx.all(_ALL, values)
    units = reach.units if wanted is None else wanted if reach.everywhere else reach.units & wanted
    found = [tx.all(_OF_UNIT, {**values, "unit": one}) for one in sorted(units)]
    if reach.author is not None:
        own = tx.all(_OF_AUTHOR, {**values, "author": reach.author})
        found.append([row for row in own if wanted is None or row[3] in wanted])
    kept: dict[tuple[str, str], Any] = {}
    for row in heapq.merge(*found, key=lambda row: row[:3], reverse=True):
        kept.setdefault((row[1], row[2]), row)
        if len(kept) >= values["most"]:
            break
    return list(kept.values())


def _item(
    app: Application, tx: Transaction, actor: Actor, register: Register, row: Any
) -> Document:
    at, case_id, _, unit, author, body, number = row
    names = [one["column"] for one in register.columns]
    stored = orjson.loads(body)
    values = {name: stored.get(name) for name in names}
    if find_sealed(values):
        sealed, values = values, _opened(app, tx, actor, case_id, values)
        told = tuple(
            name for name in names if find_sealed(sealed[name]) != find_sealed(values[name])
        )
        place = f"register {register.name}"
        accesses.note([Look(case_id, app.clock.now(), actor.name, place, told)])
    return {
        "at": text(at),
        "unit": unit or None,
        "author": author,
        "case": case_id,
        "business_key": number,
        "values": values,
    }


def _opened(
    app: Application, tx: Transaction, actor: Actor, case_id: str, values: Document
) -> Document:
    """Open the personal values, but for who reported: that the case alone says."""
    case = store.read_case(tx, case_id)
    assert case is not None, "its rows are joined with it"
    wanted = {one for one, _ in find_sealed(values)} - _identity(app, tx, actor, case)
    found = store.get_sealed_values(tx, case_id, sorted(wanted))
    opened: Document = unseal(values, found)
    return opened


def _identity(app: Application, tx: Transaction, actor: Actor, case: CaseRow) -> set[str]:
    """Return the sealed values that say who reported and that the actor may not read."""
    pinned = app.library.pinned(tx, case.pins)
    names = {name for name, one in field_classes(pinned).items() if one == "reporter"}
    found = set(_ids(case.snapshot().data, names))
    if not found:
        return found
    reader = reading(tx, actor, case, app.references.organisation)
    return set() if reader.reporter else found


def _ids(value: Any, names: set[str]) -> list[str]:
    """Return the sealed ids under any of ``names``, at any depth."""
    if isinstance(value, Mapping):
        inside = [one for name in names & value.keys() for one, _ in find_sealed(value[name])]
        return inside + [one for part in value.values() for one in _ids(part, names)]
    if isinstance(value, list):
        return [one for part in value for one in _ids(part, names)]
    return []


# -- pages -----------------------------------------------------------------------------


def _after(cursor: str | None, until: datetime | None) -> Document:
    place = Place(until or _LATEST, "", "") if cursor is None else cursors.read(cursor)
    return {"after_at": place.at, "after_case": place.case, "after_job": place.name}
