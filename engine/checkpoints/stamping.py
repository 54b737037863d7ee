"""Checkpoints stamped by an authority, and the stamps kept: in the database and beside the files.

An authority may be away; then it is asked again, as a mail server is. What it never
stamps is covered by the stamp of the next checkpoint, which the log goes on to.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy import bindparam as p
from sqlalchemy.dialects.postgresql import insert as insert_once

from engine import post
from engine.checkpoints import papers
from engine.checkpoints import stamps as rules
from engine.database import Transaction
from engine.dispatches import Dispatch
from engine.errors import WrongState
from engine.ports import Application
from engine.settings import Settings
from engine.tables import stamps

STAMP = "stamp"
"""The channel of what is to be stamped."""

_INSERT = insert_once(stamps).on_conflict_do_nothing()
_ONE = sa.select(stamps.c.response).where(stamps.c.checkpoint == p("checkpoint"))
_NUMBERS = sa.select(stamps.c.checkpoint).order_by(stamps.c.checkpoint)

logger = structlog.get_logger()


def messages(
    settings: Settings, stream: str, number: int, note: str, at: datetime
) -> list[Dispatch]:
    """Return what asks for the stamp of a checkpoint; nothing where no authority is set."""
    if not settings.checkpoint_tsa:
        return []
    body = orjson.dumps({"type": "stamp", "number": number, "note": note}).decode()
    return [Dispatch(stream, number, 0, STAMP, "", body, written_at=at, next_at=at)]


def trusted(settings: Settings) -> rules.Certificates:
    """Return the certificates that the installation trusts; none where no authority is set.

    Raises:
        WrongState: they cannot be read.
    """
    if not settings.checkpoint_tsa:
        return []
    return rules.certificates(Path(settings.checkpoint_tsa.partition(" ")[2]))


def stamp(app: Application, one: Dispatch) -> None:
    """Have a checkpoint stamped, check the answer and keep it.

    Raises:
        NotSentError: there was no answer, or none that is a stamp of this checkpoint by
            somebody whom the installation trusts.
    """
    told = orjson.loads(one.body)
    query = rules.request(told["note"])
    try:
        known = trusted(app.settings)
        said = post.call_authority(app.settings.checkpoint_tsa.partition(" ")[0], query.as_bytes())
        made = rules.check(said, told["note"], known, nonce=query.nonce)
    except (WrongState, ValueError) as reason:
        raise post.NotSentError(str(reason)) from reason
    values = {"checkpoint": told["number"], "response": base64.b64encode(said).decode()}
    with app.database.writing() as tx:
        tx.run(_INSERT, values)
    logger.info("checkpoint-stamped", number=told["number"], at=made.at.isoformat(), by=made.by)
    write_beside(app)


def kept(tx: Transaction, number: int) -> bytes | None:
    """Return the response that stamps a checkpoint, DER, or None.

    Raises:
        ValueError: what is kept cannot be read.
    """
    row = tx.one(_ONE, {"checkpoint": number})
    return None if row is None else base64.b64decode(row[0], validate=True)


def numbers(tx: Transaction) -> list[int]:
    """Return which checkpoints are stamped."""
    return [int(number) for (number,) in tx.all(_NUMBERS, {})]


def write_beside(app: Application) -> None:
    """Write each stamp beside the checkpoint's file, in every folder where it is missing."""
    with app.database.reading() as tx:
        stamped = numbers(tx)
    for folder in papers.folders(app.settings) if stamped else ():
        try:
            for path, number in _missing(folder, stamped):
                with app.database.reading() as tx:
                    response = kept(tx, number)
                assert response is not None, "its number was just read"
                _write(path, response)
        except (OSError, ValueError) as reason:
            # It lies in the database, and the next one brings it along.
            logger.warning("stamp-not-written", folder=str(folder), reason=str(reason))


def _missing(folder: Path, stamped: Sequence[int]) -> Iterator[tuple[Path, int]]:
    there = {one.name for one in folder.iterdir()}
    for number in stamped:
        paper = papers.place(folder, number)
        beside = papers.stamp_of(paper)
        if paper.name in there and beside.name not in there:
            yield beside, number


def _write(path: Path, response: bytes) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(response)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
