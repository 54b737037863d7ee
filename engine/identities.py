"""Users, their passwords, tokens and sessions: who is it that asks?

A user is bound to a person in the people list and has that person's roles, or
is local and has the roles given to it, or both. Every change is an act in the
stream ``@identities``; passwords and tokens never stand in it. Signing in and
out changes nobody's rights and is not an act.

Passwords are kept as argon2id hashes, tokens as SHA-256: 256 random bits need
no slow hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from engine import accounts, attempts, contacts, store
from engine.access import Actor
from engine.accounts import Account, NewUser
from engine.calendar import LOCAL
from engine.clock import SteppingClock, SystemClock
from engine.database import Transaction
from engine.errors import (
    MustChangePassword,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooManyAttempts,
    UserExists,
)
from engine.organisation import Grant, Organisation
from engine.ports import Application

STREAM = "@identities"
OPERATOR = "@operator"
"""The name under which histories record what was done on the command line."""

SESSION_HOURS = 12
PER_ADDRESS = 5
"""How many times as many attempts an address has as a user: people share one."""

# argon2id with 19 MiB and two rounds (OWASP's password storage cheat sheet): about 20 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = _HASHER.hash("nobody has this password")
_HOW_TO_SIGN_IN = "Sign in at POST /api/v1/login, or send a token of `bihuan token create`."


def add_user(
    app: Application,
    name: str,
    *,
    roles: Sequence[tuple[str, str]] = (),
    person_id: str | None = None,
    password: str | None = None,
    demo: bool = False,
    by: str,
) -> None:
    """Add one user; see ``NewUser`` and ``add_users``."""
    add_users(app, [NewUser(name, roles, person_id, password, demo)], by=by)


def add_users(app: Application, new: Sequence[NewUser], *, by: str) -> None:
    """Add users, all or none of them.

    Args:
        app: the application.
        new: whom.
        by: who adds them.

    Raises:
        UserExists: a name is taken, perhaps by a disabled user.
    """
    # Hashing is slow on purpose: before the transaction, and once per password.
    hashes = {one: _HASHER.hash(one) for one in {user.password for user in new} if one}
    with app.database.writing() as tx:
        for user in new:
            if accounts.read_user(tx, user.name) is not None:
                raise UserExists(
                    f"There is a user {user.name!r} already.", hint="Choose another name."
                )
            hashed = None if user.password is None else hashes[user.password]
            insert(app, tx, user, hashed, by=by)


def insert(
    app: Application, tx: Transaction, user: NewUser, hashed: str | None, *, by: str
) -> None:
    """Add a user whose name is free, with the hash of the password."""
    roles = list(user.roles)
    accounts.insert_user(tx, Account(user.name, user.person_id, roles, hashed, user.demo, None))
    command = {
        "type": "add_user",
        "name": user.name,
        "person_id": user.person_id,
        "grants": [list(one) for one in user.roles],
        "demo": user.demo,
    }
    record(app, tx, command, "user_added", by)


def disable_user(app: Application, name: str, *, by: str) -> None:
    """Take everything from a user: sessions, tokens and roles, as of now.

    The name stays taken, because histories speak of it.

    Raises:
        NotFound: there is no such user.
    """
    with app.database.writing() as tx:
        account = known_user(tx, name)
        if account.disabled_at is not None:
            return
        accounts.disable_user(tx, name, app.clock.now())
        contacts.forget(tx, name)
        record(app, tx, {"type": "disable_user", "name": name}, "user_disabled", by)


def users(app: Application) -> list[Account]:
    """Return all users by name."""
    with app.database.reading() as tx:
        return accounts.read_users(tx)


def create_token(app: Application, name: str, *, by: str) -> str:
    """Make a token for programs; the only time it is to be seen. It does not expire.

    Raises:
        NotFound: there is no such user.
        NotAllowed: the user is disabled.
    """
    token = _new_token(app)
    sha256 = digest_of(token)
    with app.database.writing() as tx:
        if known_user(tx, name).disabled_at is not None:
            raise NotAllowed(f"User {name!r} is disabled, so it gets no token.")
        accounts.insert_token(
            tx, sha256, user_name=name, kind="token", at=app.clock.now(), expires_at=None
        )
        command = {"type": "create_token", "name": name, "token_sha256": sha256}
        record(app, tx, command, "token_created", by)
    return token


def login(app: Application, name: str, password: str, *, address: str = "") -> str:
    """Return the token of a new session, good for 12 hours.

    Args:
        address: where the request comes from; empty = only the user is counted.

    Raises:
        TooManyAttempts: too many have failed for this name or from this address; the
            password was not looked at, so the right one is refused too.
        NotSignedIn: no such user, a wrong password, or a user that may not sign in, such
            as somebody who has left office.
    """
    subjects = count_attempt(app, f"user {name}", address)
    with app.database.reading() as tx:
        account = accounts.read_user(tx, name)
    try:
        check_hash(account.password if account else None, password)
    except VerificationError:
        account = None
    if account is None or account.password is None or account.disabled_at is not None:
        raise NotSignedIn("User name or password is wrong.", hint="Check both and try again.")
    _refuse_demo(app, account)
    token, now = _new_token(app), app.clock.now()
    with app.database.reading() as tx:
        app.references.refresh(tx)
    _refuse_absent(app, account, now)
    with app.database.writing() as tx:
        attempts.succeed(tx, cleared=subjects[:1], taken_back=subjects[1:])
        accounts.put_uses(tx, app.uses)
        accounts.delete_expired_tokens(tx, now)
        accounts.insert_token(
            tx,
            digest_of(token),
            user_name=name,
            kind="session",
            at=now,
            expires_at=now + timedelta(hours=SESSION_HOURS),
        )
    return token


def hashed(secret: str) -> str:
    """Return what is kept of a password or a code (argon2id)."""
    return _HASHER.hash(secret)


def check_hash(kept: str | None, secret: str) -> None:
    """Let a password or code pass that was kept as this hash.

    Where none was kept it takes as long, so that names cannot be tried out.

    Raises:
        VerificationError: it is another one, or none was kept.
    """
    _HASHER.verify(kept or _NOBODY, secret)
    if kept is None:
        raise VerificationError


def count_attempt(app: Application, subject: str, address: str) -> list[str]:
    """Count an attempt to get in; return whom it was counted for, for ``attempts.succeed``.

    Args:
        subject: what is being guessed at: a user's password, a case's code.

    Raises:
        TooManyAttempts: the limit is used up.
    """
    limits = {subject: app.settings.sign_in_limit}
    if address:
        limits[f"address {address}"] = app.settings.sign_in_limit * PER_ADDRESS
    count(app, limits)
    return list(limits)


def count(app: Application, limits: Mapping[str, int]) -> None:
    """Count one attempt of each subject: name -> how many it has in a quarter of an hour.

    Raises:
        TooManyAttempts: one of them has used up its limit.
    """
    # A served manual clock may stand still for days, and nobody should be shut out as long.
    clock = SystemClock() if isinstance(app.clock, SteppingClock) else app.clock
    with app.database.writing() as tx:
        wait = attempts.count(tx, limits, clock.now())
    if wait:
        raise TooManyAttempts(retry_seconds=wait)


def logout(app: Application, token: str) -> None:
    """End the session; a token that is not known is none any more."""
    with app.database.writing() as tx:
        accounts.delete_token(tx, digest_of(token))


def actor_of_token(app: Application, token: str) -> Actor:
    """Return whom a token or session speaks for, with the roles of this moment.

    Raises:
        NotSignedIn: the token is unknown or expired, or its user is disabled.
    """
    account, now = account_of_token(app, token), app.clock.now()
    _refuse_absent(app, account, now)
    return _actor(app, account, now)


def account_of_token(app: Application, token: str, *, changing: bool = False) -> Account:
    """Return the user whom a token or session belongs to, and note that it was used.

    Args:
        changing: a temporary password is no obstacle: it is just being changed.

    Raises:
        MustChangePassword: it is the session of a user with a temporary password.
        NotSignedIn: the token is unknown or expired, or its user is disabled.
    """
    sha256, now = digest_of(token), app.clock.now()
    with app.database.glancing() as tx:
        account, kind = accounts.read_user_of_token(tx, sha256, now)
        app.references.refresh(tx)
    if account is None or account.disabled_at is not None:
        raise NotSignedIn("The token is unknown or has ended.", hint=_HOW_TO_SIGN_IN)
    _refuse_demo(app, account)
    if account.reset_at is not None and kind == "session" and not changing:
        raise MustChangePassword(hint="Choose your own password on the page /password.")
    app.uses.note(sha256, now)
    return account


def actor(app: Application, name: str) -> Actor:
    """Return the user of that name with the roles of this moment.

    Raises:
        NotFound: there is no such user.
        NotSignedIn: the user is disabled, or the person has left office.
    """
    with app.database.reading() as tx:
        account = known_user(tx, name)
        app.references.refresh(tx)
    if account.disabled_at is not None:
        raise NotSignedIn(f"User {name!r} is disabled.")
    now = app.clock.now()
    _refuse_absent(app, account, now)
    return _actor(app, account, now)


def actors(app: Application, tx: Transaction, names: Iterable[str]) -> list[Actor]:
    """Return those users of these names who are not disabled, with the roles of this moment.

    The references are up to date with the transaction.
    """
    now = app.clock.now()
    found = [accounts.read_user(tx, name) for name in names]
    day, organisation = now.astimezone(LOCAL).date(), app.references.organisation
    return [
        _actor(app, one, now)
        for one in found
        if one and one.disabled_at is None and accounts.in_office(one, organisation, day)
    ]


def operator() -> Actor:
    """Return who acts at the machine's own command line; it may do everything."""
    return Actor.system(OPERATOR)


def _actor(app: Application, account: Account, now: datetime) -> Actor:
    # The people list is asked for each day: who has left has nothing left, as of now.
    day = now.astimezone(LOCAL).date()
    posts = tuple(account.grants)
    return _as_of(app.references.organisation, account.name, day, account.person_id, posts)


@lru_cache(maxsize=256)
def _as_of(
    organisation: Organisation,
    name: str,
    day: date,
    person_id: str | None,
    posts: tuple[Grant, ...],
) -> Actor:
    """Return a user as of a day; a list that comes into force is another organisation."""
    return Actor.of(name, organisation, day, person_id=person_id, posts=posts)


def known_user(tx: Transaction, name: str) -> Account:
    """Return the user of that name, disabled or not.

    Raises:
        NotFound: there is none.
    """
    account = accounts.read_user(tx, name)
    if account is None:
        raise NotFound(f"There is no user {name!r}.", hint="See `bihuan user list`.")
    return account


def _refuse_absent(app: Application, account: Account, now: datetime) -> None:
    """Let nobody in who has left office, or has not come yet, from that day's midnight on."""
    day = now.astimezone(LOCAL).date()
    if not accounts.in_office(account, app.references.organisation, day):
        raise NotSignedIn(
            f"User {account.name!r} holds no post on {day}.",
            hint="The list of people says who is in office; its owner can correct it.",
        )


def _refuse_demo(app: Application, account: Account) -> None:
    if account.demo and not app.settings.demo_logins:
        raise NotSignedIn(
            "Users of the demo city may not sign in here.",
            hint="The server listens beyond this machine: add users with `bihuan user add`.",
        )


def record(app: Application, tx: Transaction, command: dict[str, Any], event: str, by: str) -> None:
    """Add an act to the history of users."""
    facts = {name: value for name, value in command.items() if name != "type"}
    store.append_act(
        tx,
        STREAM,
        at=app.clock.now(),
        actor=by,
        command=command,
        events=[{"type": event, **facts}],
    )


def _new_token(app: Application) -> str:
    return "bihuan_" + base64.urlsafe_b64encode(app.clock.secret(32)).rstrip(b"=").decode()


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
