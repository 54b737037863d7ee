"""Who is responsible here: the grid of an address and its worker, as the board in it says.

A grid worker's name and number are public because they stand on the board of the grid
(I25, list ``grid_boards``); the list of people is never read for it. A grid without a row
shows the office alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.calendar import LOCAL
from engine.organisation import Organisation
from engine.ports import Application

BOARDS = "grid_boards"
LEVELS = ("grid2", "grid1", "building", "door", "community", "enclave", "compound")
"""Where an address may lie; more exact ones are found through what stands in their names."""

PICKED = ("street", "community")
"""The places that are picked from a list when nothing more exact is known."""

MOST = 20
_SHOWN = ("worker_zh", "work_no", "duties", "phone", "board_place")


@dataclass(frozen=True, slots=True)
class Ground:
    """A place and who is responsible there.

    Attributes:
        unit: its code, to report from there.
        name: of the place.
        grid, community, street: names of what it lies in; empty where there is none.
        board: what the board of its grid says: ``worker_zh``, ``work_no``, ``duties``,
            ``phone``, ``board_place``; empty where there is no board.
    """

    unit: str
    name: str
    grid: str
    community: str
    street: str
    board: dict[str, str]


def places(app: Application) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what may be picked as a place: (street, [(code, name) of it and its communities])."""
    organisation, today = _today(app)
    units = sorted(organisation.all_units(today), key=lambda one: str(one["id"]))
    streets = [one for one in units if one["level"] == PICKED[0]]
    communities = [one for one in units if one["level"] == PICKED[1]]
    return [
        (
            street["name_zh"],
            [(street["id"], street["name_zh"])]
            + [
                (one["id"], one["name_zh"])
                for one in communities
                if one["parent_id"] == street["id"]
            ],
        )
        for street in streets
    ]


def name_of(app: Application, unit: str) -> str:
    """Return the name of a place; empty where there is none of this code."""
    organisation, today = _today(app)
    row = organisation.unit(unit, today)
    return str(row["name_zh"]) if row is not None and row["unit_kind"] == "org" else ""


def find_grids(app: Application, words: str) -> list[Ground]:
    """Return the places in whose names, with those around them, all the words stand.

    Of a place and what lies in it only the place is returned; twenty at most.
    """
    organisation, today = _today(app)
    wanted = words.lower().split()
    if not wanted:
        return []
    found: list[Ground] = []
    taken: set[str] = set()
    for unit in sorted(organisation.all_units(today), key=_order):
        if unit["level"] not in LEVELS:
            continue
        around = organisation.ancestors(unit["id"], today)
        if taken.intersection(around):
            continue
        names = " ".join(organisation.name(one, today) for one in around).lower()
        if all(one in names for one in wanted):
            taken.add(unit["id"])
            found.append(_ground(app, organisation, unit, today))
            if len(found) == MOST:
                break
    return found


def grounds(app: Application, community: str) -> list[Ground]:
    """Return the grids of a community with who is responsible in each."""
    organisation, today = _today(app)
    below = organisation.below(community, today)
    units = [one for one in organisation.all_units(today) if one["id"] in below]
    grids = sorted((one for one in units if one["level"] == "grid2"), key=lambda one: one["id"])
    return [_ground(app, organisation, one, today) for one in grids[:200]]


def _order(unit: dict[str, Any]) -> tuple[int, str]:
    wide = ("enclave", "community", "compound", "grid1", "grid2", "building", "door")
    level = str(unit["level"])
    return (wide.index(level) if level in wide else len(wide), str(unit["id"]))


def _today(app: Application) -> tuple[Organisation, date]:
    with app.database.reading() as tx:
        app.references.refresh(tx)
    return app.references.organisation, app.clock.now().astimezone(LOCAL).date()


def _ground(
    app: Application, organisation: Organisation, unit: dict[str, Any], today: date
) -> Ground:
    at = {row["level"]: row for row in _chain(organisation, unit["id"], today)}
    grid = at.get("grid2") or at.get("grid1")
    names = [str(one["name_zh"]) if one else "" for one in (grid, at.get("community"))]
    street = at.get("street")
    return Ground(
        unit=str(unit["id"]),
        name=str(unit["name_zh"]),
        grid=names[0],
        community=names[1],
        street=str(street["name_zh"]) if street else "",
        board=_board(app, str(grid["id"]), today) if grid else {},
    )


def _chain(organisation: Organisation, unit: str, today: date) -> Iterator[dict[str, Any]]:
    for one in organisation.ancestors(unit, today):
        row = organisation.unit(one, today)
        if row is not None:
            yield row


def _board(app: Application, grid: str, today: date) -> dict[str, str]:
    boards = app.references.active.get(BOARDS)
    row = None if boards is None else boards.at((grid,), today)
    return {} if row is None else {name: str(row[name]) for name in _SHOWN if row.get(name)}
