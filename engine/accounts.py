"""Every read and write of users and of the hashes of their tokens.

Functions take the open transaction, as those of ``store`` do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Row, Transaction
from engine.errors import InvalidUser
from engine.organisation import Organisation
from engine.tables import tokens, users

PASSWORD_LENGTH = 8
"""The shortest password that is taken, in characters."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

NOTED = timedelta(minutes=10)
"""How often it is written down that a token is in use."""
RESTING = timedelta(days=1)

Grants = list[tuple[str, str]]
"""(role, unit id) pairs."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user as stored.

    Attributes:
        person_id: the person in the people list whose roles the user has, or None.
        grants: roles given to the user directly, beside those of the person.
        password: argon2 hash; None = signs in by token alone.
        demo: of the demo city; refused beyond loopback.
        disabled_at: since when the user may do nothing, or None.
        reset_at: since when the password is a temporary one, good for choosing another alone.
    """

    name: str
    person_id: str | None
    grants: Grants
    password: str | None
    demo: bool
    disabled_at: datetime | None
    reset_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token or session as stored: its hash, and when it was made and used.

    Attributes:
        kind: ``token`` (for programs) or ``session`` (of the pages).
        last_used_at: to about ten minutes; None = never.
    """

    sha256: str
    kind: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class Uses:
    """When tokens were used last, kept in memory so that no request waits for the disk."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}
        self._kept: dict[str, datetime] = {}

    def note(self, sha256: str, at: datetime) -> None:
        """Note that a token is used now."""
        self._seen[sha256] = at

    def due(self) -> dict[str, datetime]:
        """Return what is to be written down: not what was, ten minutes ago or later."""
        known = self._kept
        return {
            sha256: at
            for sha256, at in list(self._seen.items())
            if sha256 not in known or at - known[sha256] >= NOTED
        }

    def keep(self, written: Mapping[str, datetime]) -> None:
        """Take over what was written down; what has rested for a day is forgotten."""
        self._kept.update(written)
        newest = max(written.values(), default=None)
        for sha256, at in list(self._seen.items()):
            if newest is not None and newest - at > RESTING:
                self._seen.pop(sha256, None)
                self._kept.pop(sha256, None)


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be added.

    Attributes:
        name: letters, digits and ``_.-``, at most 64; it stands in histories for ever.
        roles: (role, unit id) pairs given to the user directly.
        person_id: the person whose roles the user has as long as the list says so.
        password: at least 8 characters; None = the user signs in by token alone.
        demo: belongs to the demo city; refused beyond loopback.
    """

    name: str
    roles: Sequence[tuple[str, str]] = ()
    person_id: str | None = None
    password: str | None = None
    demo: bool = False

    def __post_init__(self) -> None:
        """Refuse a name or password that cannot be used.

        Raises:
            InvalidUser: it cannot.
        """
        if not _NAME.fullmatch(self.name):
            raise InvalidUser(
                f"{self.name!r} cannot be the name of a user.",
                hint="Use 1 to 64 letters, digits, '.', '_' or '-'.",
            )
        if self.password is not None and len(self.password) < PASSWORD_LENGTH:
            raise InvalidUser(f"A password needs at least {PASSWORD_LENGTH} characters.")


_USERS = sa.select(
    users.c.name,
    users.c.person_id,
    users.c.grants,
    users.c.password,
    users.c.demo,
    users.c.disabled_at,
    users.c.reset_at,
)
_ALL_USERS = _USERS.order_by(users.c.name)
_USER = _USERS.where(users.c.name == p("name"))
_USER_OF_TOKEN = (
    _USERS.add_columns(tokens.c.kind)
    .join_from(users, tokens, tokens.c.user_name == users.c.name)
    .where(
        tokens.c.sha256 == p("sha256"),
        sa.or_(
            tokens.c.expires_at.is_(None),
            tokens.c.expires_at > p("now", type_=tokens.c.expires_at.type),
        ),
    )
)
_INSERT_USER = sa.insert(users)
_DISABLE = (
    sa.update(users)
    .where(users.c.name == p("of_name"))
    .values(disabled_at=p("at", type_=users.c.disabled_at.type))
)
_INSERT_TOKEN = sa.insert(tokens)
_DELETE_TOKEN = sa.delete(tokens).where(tokens.c.sha256 == p("sha256"))
_DELETE_TOKENS_OF = sa.delete(tokens).where(tokens.c.user_name == p("name"))
_DELETE_SESSIONS_OF = sa.delete(tokens).where(
    tokens.c.user_name == p("name"), tokens.c.kind == "session", tokens.c.sha256 != p("but")
)
_TOKENS_OF = (
    sa.select(
        tokens.c.sha256,
        tokens.c.kind,
        tokens.c.created_at,
        tokens.c.expires_at,
        tokens.c.last_used_at,
    )
    .where(tokens.c.user_name == p("name"))
    .order_by(tokens.c.created_at.desc(), tokens.c.sha256)
)
_PASSWORD = (
    sa.update(users)
    .where(users.c.name == p("of_name"))
    .values(password=p("hashed"), reset_at=p("at", type_=users.c.reset_at.type))
)
_USED = (
    sa.update(tokens)
    .where(tokens.c.sha256 == p("of_sha256"))
    .values(last_used_at=p("at", type_=tokens.c.last_used_at.type))
)
_DELETE_EXPIRED = sa.delete(tokens).where(
    tokens.c.expires_at <= p("now", type_=tokens.c.expires_at.type)
)


def _account(row: Row) -> Account:
    grants = [(role, unit) for role, unit in orjson.loads(row[2])]
    return Account(row[0], row[1], grants, row[3], bool(row[4]), row[5], row[6])


def in_office(account: Account, organisation: Organisation, day: date) -> bool:
    """Return whether a user has anything to act by on a day.

    Somebody of the people list who has left, or has not yet come, has not; local
    users (programs, administrators) always have.
    """
    if account.person_id is None or account.grants:
        return True
    return bool(organisation.posts(account.person_id, day))


def read_users(tx: Transaction) -> list[Account]:
    """Return all users by name."""
    return [_account(row) for row in tx.all(_ALL_USERS, {})]


def read_user(tx: Transaction, name: str) -> Account | None:
    """Return the user of that name, or None."""
    row = tx.one(_USER, {"name": name})
    return None if row is None else _account(row)


def read_user_of_token(tx: Transaction, sha256: str, now: datetime) -> tuple[Account | None, str]:
    """Return whom a token that has not expired belongs to, or None, and its kind."""
    row = tx.one(_USER_OF_TOKEN, {"sha256": sha256, "now": now})
    return (None, "") if row is None else (_account(row), row[7])


def read_tokens(tx: Transaction, name: str) -> list[Token]:
    """Return the tokens and sessions of a user, the newest first."""
    return [Token(*row) for row in tx.all(_TOKENS_OF, {"name": name})]


def put_password(tx: Transaction, name: str, hashed: str, *, reset_at: datetime | None) -> None:
    """Give a user another password, a temporary one if it was reset."""
    tx.run(_PASSWORD, {"of_name": name, "hashed": hashed, "at": reset_at})


def put_uses(tx: Transaction, uses: Uses) -> None:
    """Write down when tokens were used last."""
    due = uses.due()
    for sha256, at in due.items():
        tx.run(_USED, {"of_sha256": sha256, "at": at})
    uses.keep(due)


def delete_sessions(tx: Transaction, name: str, *, but: str = "") -> int:
    """End the sessions of a user, but for the one of a hash; return how many there were."""
    return tx.run(_DELETE_SESSIONS_OF, {"name": name, "but": but})


def insert_user(tx: Transaction, account: Account) -> None:
    """Add a user."""
    values: dict[str, Any] = {
        "name": account.name,
        "person_id": account.person_id,
        "grants": orjson.dumps(account.grants).decode(),
        "password": account.password,
        "demo": int(account.demo),
        "disabled_at": account.disabled_at,
        "reset_at": account.reset_at,
    }
    tx.run(_INSERT_USER, values)


def disable_user(tx: Transaction, name: str, at: datetime) -> None:
    """Mark a user as disabled and forget all its tokens and sessions."""
    tx.run(_DISABLE, {"of_name": name, "at": at})
    tx.run(_DELETE_TOKENS_OF, {"name": name})


def insert_token(
    tx: Transaction,
    sha256: str,
    *,
    user_name: str,
    kind: str,
    at: datetime,
    expires_at: datetime | None,
) -> None:
    """Keep the hash of a token or session."""
    values = {
        "sha256": sha256,
        "user_name": user_name,
        "kind": kind,
        "created_at": at,
        "expires_at": expires_at,
        "last_used_at": None,
    }
    tx.run(_INSERT_TOKEN, values)


def delete_token(tx: Transaction, sha256: str) -> None:
    """Forget a token or session."""
    tx.run(_DELETE_TOKEN, {"sha256": sha256})


def delete_expired_tokens(tx: Transaction, now: datetime) -> int:
    """Forget the sessions that have ended; return how many there were."""
    return tx.run(_DELETE_EXPIRED, {"now": now})
