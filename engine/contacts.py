"""Where users want to be told of work, and when they last looked at their notices.

An address is personal: it stands here alone, in no history and no log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Transaction
from engine.errors import InvalidData
from engine.tables import contacts

KINDS = ("task-opened", "task-assigned", "notice")
"""What people are told of: a task they may sign for, one that is theirs, what a diagram tells."""
CHANNELS = ("in-app", "mail", "robot")
"""The bell of the pages, an e-mail, the group robots. Tasks stand in the inbox in any case."""
USUAL = ("in-app", "mail")

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}")

_READ = sa.select(*contacts.c).where(contacts.c.user_name == p("name"))
_ALL = sa.select(*contacts.c).order_by(contacts.c.user_name)
_REACHABLE = (
    sa.select(*contacts.c)
    .where(contacts.c.email.is_not(None), contacts.c.by_mail == 1)
    .order_by(contacts.c.user_name)
)
_INSERT = insert_once(contacts).on_conflict_do_nothing()
_UPDATE = (
    sa.update(contacts)
    .where(contacts.c.user_name == p("of_name"))
    .values(email=p("email"), by_mail=p("by_mail"), seen_at=p("seen_at"), wishes=p("wishes"))
)
_DELETE = sa.delete(contacts).where(contacts.c.user_name == p("of_name"))


@dataclass(frozen=True, slots=True)
class Contact:
    """How to tell a user.

    Attributes:
        email: None where there is none.
        by_mail: whether e-mails are wanted.
        seen_at: notices up to then were looked at; None = none yet.
        wishes: JSON, kind of news -> channels; None = the usual ones.
    """

    user_name: str
    email: str | None = None
    by_mail: bool = True
    seen_at: datetime | None = None
    wishes: str | None = None

    @property
    def chosen(self) -> dict[str, list[str]]:
        """For each kind of news the channels that it goes to."""
        wished = {} if self.wishes is None else orjson.loads(self.wishes)
        return {kind: list(wished.get(kind, USUAL)) for kind in KINDS}

    def wants(self, kind: str, channel: str) -> bool:
        """Tell whether a kind of news is wanted by a channel; e-mails need an address."""
        if channel == "mail" and (self.email is None or not self.by_mail):
            return False
        return channel in self.chosen.get(kind, USUAL)


def read(tx: Transaction, name: str) -> Contact:
    """Return how to tell a user; an empty contact where nothing was entered."""
    row = tx.one(_READ, {"name": name})
    return Contact(name) if row is None else Contact(row[0], row[1], bool(row[2]), row[3], row[4])


def reachable(tx: Transaction) -> dict[str, str]:
    """Return the addresses of all who want e-mails, by user name."""
    return {row[0]: row[1] for row in tx.all(_REACHABLE, {})}


def put(tx: Transaction, name: str, *, email: str | None, by_mail: bool) -> Contact:
    """Keep a user's address and whether e-mails are wanted.

    Raises:
        InvalidData: it is no e-mail address.
    """
    if email is not None and (not _ADDRESS.fullmatch(email) or ".." in email):
        raise InvalidData(
            "This is no e-mail address.",
            hint="Write for example li.ming@example.org, in plain letters; or leave it out.",
        )
    contact = replace(read(tx, name), email=email, by_mail=by_mail)
    _keep(tx, contact)
    return contact


def everybody(tx: Transaction) -> dict[str, Contact]:
    """Return how to tell all who have ever said something about it, by user name."""
    rows = tx.all(_ALL, {})
    return {row[0]: Contact(row[0], row[1], bool(row[2]), row[3], row[4]) for row in rows}


def choose(tx: Transaction, name: str, wished: Mapping[str, Sequence[str]]) -> Contact:
    """Keep which news go to a user where; a kind that is left out stays as it was.

    Raises:
        InvalidData: there is no such kind or channel.
    """
    for kind, channels in wished.items():
        wrong = sorted({kind} - {*KINDS} | {*channels} - {*CHANNELS})
        if wrong:
            raise InvalidData(
                f"There are no news or channels {wrong[0]!r}.",
                hint=f"News: {', '.join(KINDS)}; channels: {', '.join(CHANNELS)}.",
            )
    before = read(tx, name)
    chosen = before.chosen | {kind: [*dict.fromkeys(one)] for kind, one in wished.items()}
    contact = replace(before, wishes=orjson.dumps(chosen).decode())
    _keep(tx, contact)
    return contact


def mark_seen(tx: Transaction, name: str, at: datetime) -> None:
    """Say that a user has looked at the notices up to a moment."""
    contact = read(tx, name)
    if contact.seen_at is None or contact.seen_at < at:
        _keep(tx, replace(contact, seen_at=at))


def forget(tx: Transaction, name: str) -> None:
    """Remove a user's address."""
    tx.run(_DELETE, {"of_name": name})


def _keep(tx: Transaction, one: Contact) -> None:
    values = {"email": one.email, "by_mail": int(one.by_mail), "seen_at": one.seen_at}
    values["wishes"] = one.wishes
    tx.run(_INSERT, {"user_name": one.user_name, **values})
    tx.run(_UPDATE, {"of_name": one.user_name, **values})
