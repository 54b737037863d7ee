"""Which cases an actor sees.

The starter, who takes or took part, whoever its tasks are or were offered to,
colleagues of a department that has a task, the case's own unit and the units
above it (by role), and the roles that see every case. ``sees`` judges one case,
``scope`` says the same to a database query; a test compares them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from engine.access.actor import Actor, CaseFacts
from engine.access.rights import (
    ANYBODY,
    DEPARTMENT_CASES,
    EVERY_CASE,
    SECRET_CASES,
    UNIT_CASES,
)
from engine.organisation import Grant, Organisation


def sees(
    actor: Actor, case: CaseFacts, organisation: Organisation, *, as_auditor: bool = True
) -> bool:
    """Return whether an actor may see that a case exists, and read it.

    Args:
        actor: who asks.
        case: the case.
        organisation: of the actor's day.
        as_auditor: False leaves out what is seen as auditor or reader of a copy alone.
    """
    if actor.is_system or actor.name == case.starter or actor.name in case.participants:
        return True
    if as_auditor and actor.name in case.readers:
        return True
    all_seeing = SECRET_CASES if case.is_secret else EVERY_CASE
    if not as_auditor:
        all_seeing = all_seeing - {"auditor"}
    if actor.roles & all_seeing or actor.grants & case.candidates:
        return True
    if case.is_secret:
        return False
    units = {unit for _, unit in case.candidates}
    if not units.isdisjoint(actor.units_of(DEPARTMENT_CASES)):
        return True
    return around(actor, UNIT_CASES, case.unit, organisation) is not None


def concerns(actor: Actor, to: str, unit: str | None, organisation: Organisation) -> bool:
    """Return whether a notice in a case concerns an actor.

    Args:
        actor: who asks.
        to: a unit (for its people), a role (for those around the case), or ``@name``.
        unit: the case's unit.
        organisation: of the actor's day.
    """
    if to == f"@{actor.name}" or any(one == to for _, one in actor.grants):
        return True
    held = [one for role, one in actor.grants if role == to]
    return unit is not None and any(organisation.within(unit, one, actor.as_of) for one in held)


def around(
    actor: Actor, roles: Collection[str], unit: str | None, organisation: Organisation
) -> Grant | None:
    """Return the pair by which an actor holds one of the roles at or above a unit."""
    if unit is None:
        return None
    held = _by_unit(actor.grants)
    return min(
        (
            (role, place)
            for place in organisation.around(unit, actor.as_of)
            for role in held.get(place, ())
            if roles == ANYBODY or role in roles
        ),
        default=None,
    )


@lru_cache(maxsize=256)
def _by_unit(grants: frozenset[Grant]) -> dict[str, list[str]]:
    """Which roles are held in each unit; an administrator holds thousands."""
    found: dict[str, list[str]] = {}
    for role, unit in grants:
        found.setdefault(unit, []).append(role)
    return found


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cases an actor sees, in a form that a database query can use.

    A case is seen if ``everything``, or its unit is in ``units``, or the starter or
    a participant is ``name``, or one of its candidates is in ``grants`` or has its
    unit in ``departments``.
    """

    name: str
    everything: bool
    units: frozenset[str]
    grants: frozenset[Grant]
    departments: frozenset[str]


def scope(actor: Actor, organisation: Organisation) -> Scope:
    """Return which cases an actor sees; agrees with ``sees`` case by case, but for secret ones."""
    units: set[str] = set()
    for unit in actor.units_of(UNIT_CASES):
        units |= organisation.below(unit, actor.as_of)
    return Scope(
        actor.name,
        actor.is_system or bool(actor.roles & EVERY_CASE),
        frozenset(units),
        actor.grants,
        frozenset(actor.units_of(DEPARTMENT_CASES)),
    )
