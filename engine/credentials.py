"""What users get in by, as administrators give and take it, and as users change it themselves.

Every change is an act in the stream ``@identities``; no password and no token stands in it.
A reset password is a temporary one: its session may choose another and nothing else.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from argon2.exceptions import VerificationError

from engine import accounts, attempts, identities, store
from engine.accounts import PASSWORD_LENGTH, Account, NewUser, Token
from engine.database import Transaction
from engine.errors import InvalidUser, NotAllowed, NotSignedIn, UserExists
from engine.identities import STREAM
from engine.organisation import Grant
from engine.ports import Application
from engine.tables import users as user_table

_ANYBODY = sa.select(user_table.c.name).limit(1)

Document = dict[str, Any]


def about(app: Application, name: str) -> tuple[Account, list[Token]]:
    """Return a user with its tokens and sessions, the newest first.

    Raises:
        NotFound: there is no such user.
    """
    keep_uses(app)
    with app.database.reading() as tx:
        return identities.known_user(tx, name), accounts.read_tokens(tx, name)


def acts(app: Application, name: str) -> list[Document]:
    """Return what was done to a user, the newest first: ``{at, by, type, digest}``."""
    with app.database.reading() as tx:
        entries = list(store.read_entries(tx, STREAM))
    found = ((entry, entry.document()) for entry in reversed(entries))
    return [
        {"at": document["at"], "by": document["actor"], "type": document["command"]["type"],
         "digest": entry.digest}
        for entry, document in found
        if document["command"].get("name") == name
    ]  # fmt: skip


def reset_password(app: Application, name: str, *, by: str) -> str:
    """Give a user a temporary password and end its sessions; the only time it is to be seen.

    Raises:
        NotFound: there is no such user.
        NotAllowed: the user is disabled.
    """
    temporary = base64.b32encode(app.clock.secret(10)).decode().lower()
    hashed = identities.hashed(temporary)
    with app.database.writing() as tx:
        _enabled(tx, name)
        accounts.put_password(tx, name, hashed, reset_at=app.clock.now())
        accounts.delete_sessions(tx, name)
        command = {"type": "reset_password", "name": name}
        identities.record(app, tx, command, "password_reset", by)
    return temporary


def change_password(app: Application, token: str, old: str, new: str, *, address: str = "") -> None:
    """Give the user of a session another password; its other sessions end.

    Raises:
        InvalidUser: the new one is too short, or the old one.
        NotSignedIn: the old one is wrong, or the session has ended.
        TooManyAttempts: too many wrong ones have been tried.
    """
    account = identities.account_of_token(app, token, changing=True)
    subjects = identities.count_attempt(app, f"user {account.name}", address)
    try:
        identities.check_hash(account.password, old)
    except VerificationError:
        raise NotSignedIn("The password is wrong.", hint="Check it and try again.") from None
    if len(new) < PASSWORD_LENGTH or new == old:
        raise InvalidUser(f"Choose another password of at least {PASSWORD_LENGTH} characters.")
    hashed = identities.hashed(new)
    with app.database.writing() as tx:
        attempts.succeed(tx, cleared=subjects[:1], taken_back=subjects[1:])
        accounts.put_password(tx, account.name, hashed, reset_at=None)
        accounts.delete_sessions(tx, account.name, but=identities.digest_of(token))
        command = {"type": "change_password", "name": account.name}
        identities.record(app, tx, command, "password_changed", account.name)


def end_sessions(app: Application, name: str, *, by: str) -> int:
    """End all sessions of a user; return how many there were.

    Raises:
        NotFound: there is no such user.
    """
    with app.database.writing() as tx:
        identities.known_user(tx, name)
        ended = accounts.delete_sessions(tx, name)
        if ended:
            command = {"type": "end_sessions", "name": name, "count": ended}
            identities.record(app, tx, command, "sessions_ended", by)
    return ended


def revoke_token(app: Application, name: str, sha256: str, *, by: str) -> bool:
    """Take a token from a user, named by its hash; False where it was taken already.

    Raises:
        NotFound: there is no such user.
    """
    with app.database.writing() as tx:
        identities.known_user(tx, name)
        if not any(one.sha256 == sha256 for one in accounts.read_tokens(tx, name)):
            return False
        accounts.delete_token(tx, sha256)
        command = {"type": "revoke_token", "name": name, "token_sha256": sha256}
        identities.record(app, tx, command, "token_revoked", by)
    return True


def keep_uses(app: Application) -> None:
    """Write down when tokens were used last."""
    if app.uses.due():
        with app.database.writing() as tx:
            accounts.put_uses(tx, app.uses)


# -- the first administrator -------------------------------------------------------------


def is_empty(app: Application) -> bool:
    """Whether nobody can sign in yet, because there are no users at all."""
    with app.database.reading() as tx:
        return tx.one(_ANYBODY, {}) is None


def setup_secret(app: Application) -> str:
    """Return what the address of the set-up page holds, made anew; empty where there are users."""
    if not is_empty(app):
        return ""
    return base64.urlsafe_b64encode(app.clock.secret(24)).decode()


def add_first(app: Application, name: str, password: str) -> None:
    """Add the first administrator of an installation.

    Raises:
        InvalidUser: the name or the password cannot be used.
        UserExists: there is a user already, whatever the name.
    """
    roles: Sequence[Grant] = [("admin", "")]
    user = NewUser(name, roles, password=password)
    hashed = identities.hashed(password)
    with app.database.writing() as tx:
        if tx.one(_ANYBODY, {}) is not None:
            raise UserExists("There are users already.", hint="Sign in, or ask an administrator.")
        identities.insert(app, tx, user, hashed, by="@setup")


def _enabled(tx: Transaction, name: str) -> Account:
    account = identities.known_user(tx, name)
    if account.disabled_at is not None:
        raise NotAllowed(f"User {name!r} is disabled.")
    return account
