"""Every read and write of users and of the hashes of their tokens.

Functions take the open transaction, as those of ``store`` do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.database import Row, Transaction
from engine.organisation import Organisation
from engine.tables import tokens, users

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
    """

    name: str
    person_id: str | None
    grants: Grants
    password: str | None
    demo: bool
    disabled_at: datetime | None


_USERS = sa.select(
    users.c.name,
    users.c.person_id,
    users.c.grants,
    users.c.password,
    users.c.demo,
    users.c.disabled_at,
)
_ALL_USERS = _USERS.order_by(users.c.name)
_USER = _USERS.where(users.c.name == p("name"))
_USER_OF_TOKEN = _USERS.join_from(users, tokens, tokens.c.user_name == users.c.name).where(
    tokens.c.sha256 == p("sha256"),
    sa.or_(
        tokens.c.expires_at.is_(None),
        tokens.c.expires_at > p("now", type_=tokens.c.expires_at.type),
    ),
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
_DELETE_EXPIRED = sa.delete(tokens).where(
    tokens.c.expires_at <= p("now", type_=tokens.c.expires_at.type)
)


def _account(row: Row) -> Account:
    grants = [(role, unit) for role, unit in orjson.loads(row[2])]
    return Account(row[0], row[1], grants, row[3], bool(row[4]), row[5])


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


def read_user_of_token(tx: Transaction, sha256: str, now: datetime) -> Account | None:
    """Return whom a token that has not expired belongs to, or None."""
    row = tx.one(_USER_OF_TOKEN, {"sha256": sha256, "now": now})
    return None if row is None else _account(row)


def insert_user(tx: Transaction, account: Account) -> None:
    """Add a user."""
    values: dict[str, Any] = {
        "name": account.name,
        "person_id": account.person_id,
        "grants": orjson.dumps(account.grants).decode(),
        "password": account.password,
        "demo": int(account.demo),
        "disabled_at": account.disabled_at,
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
    }
    tx.run(_INSERT_TOKEN, values)


def delete_token(tx: Transaction, sha256: str) -> None:
    """Forget a token or session."""
    tx.run(_DELETE_TOKEN, {"sha256": sha256})


def delete_expired_tokens(tx: Transaction, now: datetime) -> int:
    """Forget the sessions that have ended; return how many there were."""
    return tx.run(_DELETE_EXPIRED, {"now": now})
