"""Files by their hash, the pins of cases, single values of an installation."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine.database import Transaction
from engine.history import canonical
from engine.tables import (
    blobs,
    facts,
    pins,
)

_BLOB = sa.select(blobs.c.content).where(blobs.c.sha256 == p("sha256"))
_INSERT_BLOB = insert_once(blobs).on_conflict_do_nothing()
_PINS = sa.select(pins.c.versions).where(pins.c.digest == p("digest"))
_INSERT_PINS = insert_once(pins).on_conflict_do_nothing()
_FACT = sa.select(facts.c.value).where(facts.c.name == p("name"))
_LOCK_FACT = _FACT.with_for_update()
_INSERT_FACT = insert_once(facts).on_conflict_do_nothing()
_UPDATE_FACT = sa.update(facts).where(facts.c.name == p("of_name")).values(value=p("value"))


def put_blob(tx: Transaction, content: bytes) -> str:
    """Store a file once; return its SHA-256 in hex."""
    sha256 = hashlib.sha256(content).hexdigest()
    if tx.one(_BLOB, {"sha256": sha256}) is None:
        tx.run(_INSERT_BLOB, {"sha256": sha256, "content": content})
    return sha256


def get_blob(tx: Transaction, sha256: str) -> bytes:
    """Return the file of that SHA-256.

    Raises:
        KeyError: there is none.
    """
    row = tx.one(_BLOB, {"sha256": sha256})
    if row is None:
        raise KeyError(sha256)
    return bytes(row[0])


def digest_of(versions: dict[str, Any]) -> str:
    """Return the digest that stands for the versions a case runs on."""
    return hashlib.sha256(canonical(versions)).hexdigest()


def put_pins(tx: Transaction, digest: str, versions: dict[str, Any]) -> None:
    """Store which versions a case runs on, once per digest."""
    if tx.one(_PINS, {"digest": digest}) is None:
        tx.run(_INSERT_PINS, {"digest": digest, "versions": canonical(versions).decode()})


def get_pins(tx: Transaction, digest: str) -> dict[str, Any]:
    """Return the versions that a digest stands for.

    Raises:
        KeyError: there are none.
    """
    row = tx.one(_PINS, {"digest": digest})
    if row is None:
        raise KeyError(digest)
    versions: dict[str, Any] = orjson.loads(row[0])
    return versions


def get_fact(tx: Transaction, name: str) -> str | None:
    """Return a single value of this installation, or None."""
    row = tx.one(_FACT, {"name": name})
    return None if row is None else str(row[0])


def count_up(tx: Transaction, name: str) -> int:
    """Return the next number of a series; the first is 1. Others wait for the transaction."""
    tx.run(_INSERT_FACT, {"name": name, "value": "0"})
    row = tx.one(_LOCK_FACT, {"name": name})
    assert row is not None, "it was made just now if it was not there"
    count = int(row[0]) + 1
    tx.run(_UPDATE_FACT, {"of_name": name, "value": str(count)})
    return count


def put_fact(tx: Transaction, name: str, value: str) -> None:
    """Store a single value of this installation."""
    if tx.run(_UPDATE_FACT, {"of_name": name, "value": value}) == 0:
        tx.run(_INSERT_FACT, {"name": name, "value": value})
