"""The people of the demo city who act in a simulation."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine import identities
from engine.access import Actor
from engine.calendar import LOCAL
from engine.organisation import Organisation
from engine.ports import Application


@dataclass(frozen=True, slots=True)
class Post:
    """Somebody in a role; ``name`` is the person's user name."""

    name: str
    role: str
    unit: str


@dataclass(frozen=True, slots=True)
class Day:
    """What is looked up once a day: who holds each role."""

    date: date
    organisation: Organisation
    posts: Mapping[str, Sequence[Post]]


class Crowd:
    """Who there is, who may do a task, and who watches.

    Args:
        app: the city is loaded; each person is a user named by the person's id.
        watcher: a user who sees every case.
    """

    def __init__(self, app: Application, watcher: str) -> None:
        self._app, self._watcher = app, watcher
        self._day: Day | None = None
        self._looking: Actor | None = None

    @property
    def organisation(self) -> Organisation:
        """The organisation as the lists in force say."""
        return self._app.references.organisation

    @property
    def today(self) -> date:
        """The local day."""
        return self._app.clock.now().astimezone(LOCAL).date()

    def actor(self, name: str) -> Actor:
        """Return a user with the roles of this moment."""
        return identities.actor(self._app, name)

    def watcher(self) -> Actor:
        """Return who looks on: sees every case, does nothing; with the roles of the first look."""
        if self._looking is None:
            self._looking = self.actor(self._watcher)
        return self._looking

    def stand_in(self) -> Actor:
        """Return who does what nobody else is there for, with the roles of this moment."""
        return self.actor(self._watcher)

    def _this_day(self) -> Day:
        """Return what is known of this day, as long as its lists are in force."""
        day, organisation, today = self._day, self.organisation, self.today
        if day is None or day.date != today or day.organisation is not organisation:
            day = self._day = Day(today, organisation, _posts(organisation, today))
        return day

    def someone(self, roles: Mapping[str, float], chance: random.Random) -> Post:
        """Draw a role by weight, then somebody who holds it."""
        role = chance.choices(list(roles), list(roles.values()))[0]
        day = self._this_day()
        if role not in day.posts:
            raise LookupError(f"Nobody is {role} in the demo city on {day.date}.")
        return chance.choice(day.posts[role])

    def hand(
        self, task: Mapping[str, Any], tried: Sequence[Actor], chance: random.Random
    ) -> Actor | None:
        """Draw somebody who may do a task and has not tried yet; None if there is nobody."""
        names = {one.name for one in tried}
        if task.get("assignee"):
            able = [task["assignee"]]
        else:
            organisation, today = self.organisation, self.today
            able = [one["user"] for one in task["candidates"] if "user" in one]
            for one in task["candidates"]:
                if "role" in one:
                    able += organisation.people_with(one["role"], one["unit"], today)
        # Whoever has left since cannot sign in any more; a head must hand the task on.
        in_office = [one for one in dict.fromkeys(able) if self.organisation.posts(one, self.today)]
        able = [one for one in in_office if one not in names]
        return self.actor(chance.choice(able)) if able else None


def _posts(organisation: Organisation, today: date) -> Mapping[str, Sequence[Post]]:
    """Return who holds each role, in the order of the people list."""
    posts: dict[str, list[Post]] = {}
    for person in organisation.people():
        for role, unit in organisation.posts(person, today):
            posts.setdefault(role, []).append(Post(person, role, unit))
    return posts
