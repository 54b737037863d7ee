"""Data that hold a moment counted in working time, and how they were counted.

A script may write ``effective_due = after(dispatched_at, working_days(5))``; as a
datum that is plain text. An executor keeps beside it what it was counted from, so
that a new calendar can count it again::

    counted = {scope: {name: [tagged value, whether its calendar is provisional]}}

Written by anything else, a datum is what it is and is not counted again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from engine.scripts import Code
from engine.sheets import Sheets

Counted = dict[str, list[Any]]


class Books(Protocol):
    """Where a case stands, as far as its data go.

    Attributes:
        data: of the case, by scope.
        counted: how data were counted, see above.
    """

    data: Sheets
    counted: dict[str, Counted]

    def scopes_of(self, scope: str) -> Sequence[str]:
        """Return the scopes whose data are read from ``scope``, from the inside out."""


def linked(books: Books, scope: str, counted: Mapping[str, list[Any]], code: Code) -> Counted:
    """Return what a script counted, with what it counted from instead of that one's moment.

    To be asked before the script's data are written: an extension counts from the
    datum that it replaces.
    """
    known: dict[str, Any] = {}
    for around in books.scopes_of(scope):
        for name, (tagged, _) in books.counted.get(around, {}).items():
            if name in code.names:
                known.setdefault(books.data.get(around)[name], tagged)
    return {name: [_link(tagged, known), early] for name, (tagged, early) in counted.items()}


def keep(books: Books, scope: str, counted: Mapping[str, list[Any]]) -> None:
    """Keep how data were counted that were written from ``scope`` just now."""
    for name, how in counted.items():
        for home in books.scopes_of(scope):
            if name in books.data.get(home):
                books.counted[home] = {**books.counted.get(home, {}), name: how}
                break


def forget(books: Books, scope: str, names: list[str]) -> None:
    """Forget how data were counted that are written anew."""
    known = books.counted.get(scope)
    if known is not None and not known.keys().isdisjoint(names):
        left = {name: how for name, how in known.items() if name not in names}
        if left:
            books.counted[scope] = left
        else:
            del books.counted[scope]


def is_provisional(books: Books, scope: str, code: Code | None) -> bool:
    """Whether a limit reads a datum that rests on a year that is not official yet."""
    if code is None or not books.counted:
        return False
    return any(
        early and name in code.names
        for around in books.scopes_of(scope)
        for name, (_, early) in books.counted.get(around, {}).items()
    )


class Moved(NamedTuple):
    """A limit that goes on with what was left of it when its hold is over.

    Attributes:
        host: the task or timer's host; it writes the datum.
        scope: where the limit's text is read.
        code: the text, if there is one.
        due_at: the moment of the limit now, RFC 3339.
        shift: [what was left, the moment it counts from, the moment before the hold].
    """

    host: str
    scope: str
    code: Code | None
    due_at: str
    shift: list[Any]


def datum_of(code: Code | None) -> str | None:
    """Return the datum that a limit is taken from; None where its text is more than a name."""
    name = "" if code is None else code.text.strip()
    return name if name.isidentifier() else None


def by_datum(moved: Iterable[Moved]) -> dict[tuple[str, str], Moved]:
    """Return the first of the moved limits for each (scope, datum) that one is taken from.

    That datum is what people and scripts know of the limit: it must not stay at the
    moment before the hold.
    """
    found: dict[tuple[str, str], Moved] = {}
    for one in moved:
        name = datum_of(one.code)
        if name is not None:
            found.setdefault((one.scope, name), one)
    return found


def keep_moved(books: Books, scope: str, name: str, one: Moved) -> None:
    """Keep that a datum written just now counts what was left in working time."""
    left, since, _ = one.shift
    if left["unit"] == "WH":
        keep(books, scope, {name: [{"$after": [since, left]}, False]})


def _link(tagged: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(tagged, str):
        return known.get(tagged, tagged)
    tag, inner = next(iter(tagged.items()))
    if tag == "$moment":
        return known.get(inner, tagged)
    if tag == "$end_of_day":
        return {tag: _link(inner, known)}
    if tag in {"$after", "$before"}:
        return {tag: [_link(inner[0], known), inner[1]]}
    return tagged
