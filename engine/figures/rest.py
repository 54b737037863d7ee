"""Facts that are no cases of the loops: rows of registers, posts, units, fields of forms."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import sqlalchemy as sa

from engine import definitions
from engine.figures import runs
from engine.figures.facts import EVERYWHERE, Fact
from engine.figures.ground import Ground
from engine.tables import definitions as versions

_PROCESSES = sa.select(versions.c.process).distinct().order_by(versions.c.process)

LONGEST = 40
"""A longer text in a register is no word that anybody would count by."""
PARTY_POST, COMMITTEE_POST = "community_secretary", "community_director"
"""两委: the community's Party committee and its residents' committee."""


def register_rows(ground: Ground, register: str) -> list[Fact]:
    """Return a fact for each row of a register.

    A true column is a mark by its name; a text is one as ``column_value``; a number can
    be added up. The row's moment is ``entered_at``; columns that hold moments are
    moments by their name.
    """
    found = []
    for case, unit, at, row, number in runs.of_register(ground.tx, register):
        marks, moments, numbers = {"live", "row"}, {"entered_at": at}, {"rows": Decimal(1)}
        for name, value in row.items():
            when = runs.moment(value)
            if when is not None:
                moments[name] = when
            elif isinstance(value, bool):
                marks |= {name} if value else {f"not_{name}"}
            elif isinstance(value, int | float):
                numbers[name] = Decimal(str(value))
            elif isinstance(value, str) and len(value) <= LONGEST:
                marks.add(f"{name}_{value}")
        found.append(
            Fact(case, number, unit or None, frozenset(), frozenset(marks), moments, numbers)
        )
    return found


def posts(ground: Ground) -> list[Fact]:
    """Return a fact for each person who holds a post in one of a community's two bodies (两委)."""
    found = []
    for person in ground.organisation.people():
        held: dict[str, set[str]] = {}
        for role, unit in ground.organisation.posts(person, ground.today):
            if role in {PARTY_POST, COMMITTEE_POST}:
                held.setdefault(unit, set()).add(role)
        for unit, roles in sorted(held.items()):
            marks = {"live", "member"} | ({"both"} if len(roles) > 1 else set())
            found.append(Fact("", None, unit, marks=frozenset(marks)))
    return found


def fields(ground: Ground) -> list[Fact]:
    """Return a fact for each field of the forms in use: whether one process asks it twice.

    A form that shows what is known does not ask; a process asks twice where two of its
    forms let people write the same field. What a process calls is counted there.
    """
    found = []
    for (process,) in ground.tx.all(_PROCESSES, {}):
        if not definitions.version(ground.tx, process).executable:
            continue
        _, pins = definitions.pins_for(ground.tx, process, None)
        pinned = ground.app.library.draft(ground.tx, pins)
        forms = {
            key.partition("@")[0]: form
            for (owner, key), form in pinned.forms.items()
            if owner == process
        }
        asked = Counter(name for form in forms.values() for name in form.editable)
        for name, times in sorted(asked.items()):
            marks = {"live", "asked"} | ({"asked_twice"} if times > 1 else set())
            found.append(Fact("", f"{process}.{name}", EVERYWHERE, marks=frozenset(marks)))
    return found


def number_of_units(ground: Ground, unit: str, level: str) -> int:
    """Return how many units of a level lie in a unit."""
    below = ground.organisation.below(unit, ground.today)
    rows = [ground.organisation.unit(one, ground.today) for one in below]
    return sum(1 for row in rows if row is not None and row["level"] == level)
