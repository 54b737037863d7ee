"""Who asks, and the facts of a case and a task that access judges by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Protocol

from engine.access.rights import ANYBODY
from engine.organisation import Grant, Organisation

PUBLIC = "@public"
"""Under this name residents report without a login; it holds no role and no user has it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks.

    Attributes:
        name: user name, as it stands in histories; ``@…`` for the engine itself.
        person_id: the person in the organisation, None for local users.
        grants: all (role, unit) pairs of the day, with what follows from them.
        as_of: the local day they are of.
        home: the unit the person belongs to, for separation of units.
        stands_in: (role, unit, person) of what is held only in place of somebody (替岗).
    """

    name: str
    person_id: str | None = None
    grants: frozenset[Grant] = frozenset()
    as_of: date = date.min
    home: frozenset[str] = frozenset()
    stands_in: frozenset[tuple[str, str, str]] = frozenset()

    @classmethod
    def of(
        cls,
        name: str,
        organisation: Organisation,
        as_of: date,
        *,
        person_id: str | None = None,
        posts: Iterable[Grant] = (),
    ) -> Actor:
        """Return a user as of a day.

        Args:
            name: the user name.
            organisation: who is where.
            as_of: the local day.
            person_id: whose posts (and substitutions) the user has.
            posts: (role, unit) pairs given to the user locally.
        """
        grants = organisation.taken_over(organisation.reach(posts), as_of)
        home: frozenset[str] = frozenset()
        stands_in: frozenset[tuple[str, str, str]] = frozenset()
        if person_id is not None:
            own = grants | organisation.reach(organisation.posts(person_id, as_of))
            own = organisation.taken_over(own, as_of)
            grants |= organisation.grants(person_id, as_of)
            stands_in = frozenset(
                (*pair, person)
                for person, role, unit in organisation.substitutes_for(person_id, as_of)
                for pair in organisation.taken_over(organisation.reach([(role, unit)]), as_of) - own
            )
            person = organisation.person(person_id, as_of)
            home = frozenset(person["units"][:1]) if person else home
        return cls(name, person_id, grants, as_of, home, stands_in)

    def acting_for(self, pair: Grant | None) -> str | None:
        """Return the person in whose place the actor holds a role in a unit, or None."""
        if not self.stands_in or pair is None:
            return None
        return min(
            (person for *held, person in self.stands_in if tuple(held) == pair), default=None
        )

    @classmethod
    def system(cls, name: str) -> Actor:
        """Return the engine itself under a name beginning with ``@``; it may do everything."""
        if not name.startswith("@"):
            raise ValueError(f"The engine's own actors begin with @, not {name!r}.")
        return cls(name)

    @classmethod
    def public(cls) -> Actor:
        """Return whoever reports without a login: it may start what a diagram offers, no more."""
        return cls(PUBLIC)

    @property
    def is_system(self) -> bool:
        """Whether the engine itself acts (user names never begin with ``@``)."""
        return self.name.startswith("@") and self.name != PUBLIC

    @property
    def roles(self) -> frozenset[str]:
        """The roles held anywhere."""
        return _roles_of(self.grants)

    def units_of(self, roles: Collection[str]) -> list[str]:
        """Return the units in which one of some roles is held, in order."""
        return sorted({unit for role, unit in self.grants if role in roles or roles == ANYBODY})


@lru_cache(maxsize=1024)
def _roles_of(grants: frozenset[Grant]) -> frozenset[str]:
    # A set knows its own hash, and a command asks for the same actor's roles many times.
    return frozenset(role for role, _ in grants)


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What access needs to know of a case.

    Attributes:
        unit: the unit it belongs to.
        starter: user name of who started it.
        participants: user names of who has, had or completed a task of it.
        candidates: (role, unit) pairs its tasks are or were offered to.
        readers: user names of who was shown it (抄送); they act in nothing.
        start_fields: names of the data its starter gave.
        is_secret: seen by those alone whom it concerns, and by ``rights.SECRET_CASES``.
    """

    id: str
    unit: str | None = None
    starter: str | None = None
    participants: frozenset[str] = frozenset()
    candidates: frozenset[Grant] = frozenset()
    readers: frozenset[str] = frozenset()
    start_fields: frozenset[str] = frozenset()
    is_secret: bool = False


class Task(Protocol):
    """An open task, as far as access needs it (``execution.OpenTask`` is one)."""

    @property
    def assignee(self) -> str | None:
        """The user who has claimed it."""

    @property
    def candidates(self) -> Sequence[Mapping[str, Any]]:
        """``{role, unit}`` or ``{user}`` objects it is offered to."""


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A plain ``Task``."""

    assignee: str | None = None
    candidates: Sequence[Mapping[str, Any]] = ()
