"""What a request gets, and the keys under which it gets it once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from engine import store
from engine.access import Actor
from engine.commands import JsonObject
from engine.database import Transaction
from engine.errors import CaseNotFound, KeyReused

UNCOMPARED = ""
"""Kept instead of a body's hash where the body held a ballot."""


@dataclass(frozen=True, slots=True)
class Once:
    """The Idempotency-Key of a request: within one actor and route it counts once.

    Attributes:
        key: None = the request has none, and may be done twice.
        body: the request's bytes; the same key with others is refused.
        noted: writes down elsewhere that it is done, last in the transaction of the command.
    """

    route: str
    key: str | None
    body: bytes = b""
    noted: Callable[[Transaction], None] | None = None

    @property
    def sha256(self) -> str:
        """What is kept of the body."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets: an HTTP status, a JSON body, the new ETag."""

    status: int
    body: JsonObject
    etag: str | None = None
    case_id: str | None = None


def etag_of(position: int) -> str:
    """Return the ETag of a case or task last touched by the entry at ``position``."""
    return f'"{position}"'


def stored(tx: Transaction, actor: Actor, once: Once | None) -> Answer | None:
    """Return what the actor was answered under the same key before, or None.

    Raises:
        KeyReused: the key came with another body then.
    """
    if once is None or once.key is None:
        return None
    known = store.stored_answer(tx, actor.name, once.route, once.key)
    if known is None:
        return None
    sha256, status, answer = known
    if sha256 not in {UNCOMPARED, once.sha256}:
        raise KeyReused(
            f"The Idempotency-Key {once.key!r} was used with another body.",
            hint="Use a new key for a new request.",
        )
    body, etag, case_id = orjson.loads(answer)
    return Answer(status, body, etag, case_id)


def split_task(task_id: str) -> tuple[str, str]:
    """Return (case id, name of the task in the case) of a task id.

    Raises:
        CaseNotFound: the id is not of that form.
    """
    case_id, _, task = task_id.partition(".")
    if not task:
        raise CaseNotFound(task_id)
    return case_id, task
