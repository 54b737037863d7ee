"""What all pages of the administration share: their menu, days, and what may be opened."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request

from api.current import actor, application
from engine import access, columns
from engine.calendar import LOCAL
from engine.errors import NotFound
from engine.lists import ListVersion

pages = Blueprint("admin_pages", __name__)

SEE = "see_administration"

SECTIONS = (
    ("", SEE),
    ("people", SEE),
    ("units", SEE),
    ("roles", SEE),
    ("lists", SEE),
    ("rosters", SEE),
    ("calendar", SEE),
    ("import", "activate_list"),
    ("users", "manage_users"),
    ("state", "operate"),
    ("audit", "audit"),
)
"""(path below ``/admin``, the right that it needs), in the order of the menu."""


def may_open() -> bool:
    """Whether the signed-in person may open any page of the administration."""
    return any(access.may(actor(), right) for _, right in SECTIONS)


def menu() -> list[dict[str, Any]]:
    """Return the pages that the signed-in person may open."""
    here = request.path.removeprefix("/admin").strip("/").partition("/")[0]
    return [
        {"path": f"/admin/{path}".rstrip("/"), "name": path or "home", "current": path == here}
        for path, right in SECTIONS
        if access.may(actor(), right)
    ]


def require(right: str) -> None:
    """Let the signed-in person pass who has a right.

    Raises:
        NotAllowed: the person has not.
    """
    access.require(actor(), right)


def may_change() -> bool:
    """Whether the signed-in person may put lists in force."""
    return access.may(actor(), "activate_list")


def today() -> date:
    """Return the local day of the application's clock."""
    return application().clock.now().astimezone(LOCAL).date()


def of_kinds(*kinds: str) -> list[ListVersion]:
    """Return the lists in force of these kinds."""
    found = application().references.active.values()
    return [one for kind in kinds for one in found if one.descriptor.kind == kind]


def of_kind(kind: str) -> ListVersion:
    """Return the list in force of a kind.

    Raises:
        NotFound: there is none yet.
    """
    for one in of_kinds(kind):
        return one
    raise NotFound(f"There is no list of the kind {kind!r} yet.", hint="Import one.")


def day_of(text: str | None) -> date | None:
    """Return the day that a field holds, or None for none or nonsense."""
    try:
        return columns.day(text) if text else None
    except ValueError:
        return None


def number_of(text: str | None) -> int:
    """Return the number of rows to pass over that an address names; 0 for nonsense."""
    return int(text) if text and text.isdecimal() and len(text) < 9 else 0


def words() -> str:
    """Return what is searched for."""
    return request.args.get("q", "").strip()[:200]


def pager(count: int, at: int, size: int) -> dict[str, Any]:
    """Return the addresses of the pages before and after, and what is shown of how many."""
    asked = {name: value for name, value in request.args.items() if name not in {"at", "done"}}

    def link(other: int) -> str:
        return "?" + urlencode({**asked, "at": other})

    return {
        "first": min(at + 1, count),
        "last": min(at + size, count),
        "count": count,
        "before": link(max(at - size, 0)) if at else None,
        "after": link(at + size) if at + size < count else None,
    }
