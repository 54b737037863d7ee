"""What the frame of every page shows: where one may go, who one is, what was just done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import current_app, g, request

from api.current import application
from api.web import language, times
from engine import access, contacts, notices, views
from engine.access import Actor
from engine.clock import ManualClock, text


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the menu.

    Attributes:
        address: where it leads; it shows only where there is such a page.
        words: the key of its words.
        right: the action whose roles see it; None = everybody.
        within: how the addresses begin at which it is marked as current.
    """

    address: str
    words: str
    right: str | None = None
    within: tuple[str, ...] = ()

    def is_current(self, path: str) -> bool:
        """Say whether a page of this entry is shown."""
        return path == self.address or path.startswith((f"{self.address}/", *self.within))


MENU = (
    Place("/tasks", "nav_tasks", within=("/batch",)),
    Place("/start", "start"),
    Place("/search", "nav_cases", within=("/cases/",)),
    Place("/board", "nav_board", "figures"),
    Place("/registers", "registers"),
    Place("/designs", "nav_designs", "check"),
    Place("/incidents", "incidents", "retry"),
    Place("/admin", "nav_admin", "see_administration"),
)


def context() -> dict[str, Any]:
    """Return what the frame of every page shows."""
    other = "en" if language.chosen() == "zh" else "zh"
    return {
        "signed_in_as": g.actor.name if "actor" in g else None,
        "menu": _menu(g.actor) if "actor" in g else [],
        "unread_notices": _unread(),
        "other_language_query": urlencode({**request.args.to_dict(), "lang": other}),
        "training_clock": _training_clock(),
        "done_text": _done_text(),
    }


def _menu(who: Actor) -> list[tuple[str, str, bool]]:
    """Return (address, words, is current) of the pages that a person finds work on."""
    there = {rule.rule.rstrip("/") for rule in current_app.url_map.iter_rules()}
    return [
        (one.address, language.text(one.words), one.is_current(request.path))
        for one in MENU
        if one.address in there and _may_open(who, one.right)
    ]


def _may_open(who: Actor, right: str | None) -> bool:
    return right is None or (right in access.RIGHTS and access.may_somewhere(who, right))


def notice(code: str) -> str:
    """Return the words of a notice."""
    return language.pick(*notices.text_of(application(), code))


def _unread() -> int:
    if "actor" not in g:
        return 0
    app, who = application(), g.actor
    with app.database.reading() as tx:
        contact = contacts.read(tx, who.name)
    return views.unread(app, who, contact)


def _training_clock() -> str:
    clock = application().clock
    return times.moment(text(clock.now())) if isinstance(clock, ManualClock) else ""


def _done_text() -> str:
    """Return what has just been done, as the redirect after it says."""
    key = f"done_{request.args.get('done', '')}"
    name = request.args.get("name", "")[:200]
    return language.text(key, name=name) if language.known(key) else ""
