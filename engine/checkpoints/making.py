"""A checkpoint: the log of heads as it is now, signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy import bindparam as p

from engine import dispatches, merkle, notary
from engine.calendar import LOCAL
from engine.checkpoints import keys, log, papers, stamping
from engine.checkpoints.sending import messages
from engine.clock import text
from engine.database import Transaction
from engine.errors import WrongState
from engine.notary import Head, Note, Private, Public
from engine.ports import Application
from engine.tables import checkpoints

_COLUMNS = (
    checkpoints.c.number, checkpoints.c.at, checkpoints.c.size, checkpoints.c.root,
    checkpoints.c.note,
)  # fmt: skip
_LAST = sa.select(*_COLUMNS).order_by(checkpoints.c.number.desc()).limit(1)
_ONE = sa.select(*_COLUMNS).where(checkpoints.c.number == p("number"))
_ALL = sa.select(*_COLUMNS).order_by(checkpoints.c.number)
_COVERING = (
    sa.select(*_COLUMNS)
    .where(checkpoints.c.size > p("leaf"))
    .order_by(checkpoints.c.number)
    .limit(1)
)
_INSERT = sa.insert(checkpoints)

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed head of the log.

    Attributes:
        number: from 1.
        size: how many leaves of the log it covers.
        root: the hash over them, in hex.
        note: the text that is signed, with its signatures.
    """

    number: int
    at: datetime
    size: int
    root: str
    note: str


def last(tx: Transaction) -> Checkpoint | None:
    """Return the newest checkpoint, or None."""
    row = tx.one(_LAST, {})
    return None if row is None else Checkpoint(*row)


def numbered(tx: Transaction, number: int) -> Checkpoint | None:
    """Return a checkpoint by its number, or None."""
    row = tx.one(_ONE, {"number": number})
    return None if row is None else Checkpoint(*row)


def everyone(tx: Transaction) -> list[Checkpoint]:
    """Return all checkpoints, the oldest first."""
    return [Checkpoint(*row) for row in tx.all(_ALL, {})]


def covering(tx: Transaction, leaf: int) -> Checkpoint | None:
    """Return the first checkpoint that covers a leaf, or None."""
    row = tx.one(_COVERING, {"leaf": leaf})
    return None if row is None else Checkpoint(*row)


def make(app: Application) -> Checkpoint:
    """Log what has changed, sign it, write it to the folders and queue it for sending.

    Raises:
        WrongState: there is no key, or the log no longer leads to the last checkpoint.
    """
    key, now = keys.own(app.settings), app.clock.now()
    log.grow(app)
    made = _sign(app, [key], now)
    assert made is not None, "nothing stood against it"
    return made


def daily(app: Application) -> Checkpoint | None:
    """Make today's checkpoint if there is a key and none of today yet; refusals are logged."""
    if not keys.is_there(app.settings):
        return None
    with app.database.reading() as tx:
        before = last(tx)
    now = app.clock.now()
    if _is_of_today(before, now):
        return None
    try:
        key = keys.own(app.settings)
        log.grow(app)
        return _sign(app, [key], now, unless_made=True)
    except WrongState as reason:
        logger.warning("checkpoint-refused", reason=str(reason))
        return None


def _is_of_today(before: Checkpoint | None, now: datetime) -> bool:
    if before is None:
        return False
    return before.at.astimezone(LOCAL).date() >= now.astimezone(LOCAL).date()


def renew_key(app: Application) -> tuple[Public, Checkpoint | None]:
    """Make the first key, or one that the present key vouches for.

    At the turn both sign a checkpoint; the old key then lies beside the new one.

    Returns:
        The public key, and the checkpoint of the turn where there was a key before.

    Raises:
        WrongState: no setting says where the key lies, or the present one is unreadable.
    """
    path = keys.path_of(app.settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    old = keys.read(path) if path.is_file() else None
    new = keys.coming(path, app.clock.secret(32))
    made = None
    if old is not None:
        now = app.clock.now()
        log.grow(app)
        with app.database.writing() as tx:
            log.take_turn(tx)
            _vouch(tx, old, new.public)
        made = _sign(app, [old, new], now)
    keys.settle(path, new)
    return new.public, made


def _vouch(tx: Transaction, old: Private, new: Public) -> None:
    known = {leaf.name for _, leaf in log.of_kind(tx, log.KEY, log.size_of(tx))}
    if new.text in known:
        return
    said = notary.succeed(origin_of(tx, old.public), old, new)
    more = (("by", said["by"]), ("signature", said["signature"]))
    log.add(tx, [log.Leaf(log.KEY, said["key"], None, new.name, more)])


def origin_of(tx: Transaction, key: Public) -> str:
    """Return what the log is called: after the first key that signed it."""
    before = last(tx)
    return f"bihuan/{key.name}" if before is None else Note.read(before.note).head().origin


def _sign(
    app: Application, by: list[Private], now: datetime, *, unless_made: bool = False
) -> Checkpoint | None:
    """Sign the log as it is; ``now`` came before it grew, so all that is older is in it."""
    with app.database.writing() as tx:
        log.take_turn(tx)
        before, size, node = last(tx), log.size_of(tx), log.node_of(tx)
        if unless_made and _is_of_today(before, now):
            return None
        if before is not None:
            _demand(before, size, node)
        number = 1 if before is None else before.number + 1
        root = merkle.root(size, node)
        facts = (("number", str(number)), ("at", text(now)))
        head = Head(origin_of(tx, by[0].public), size, root, facts)
        note = Note(head.text(), ())
        for key in by:
            note = note.signed(key, head.origin)
        made = Checkpoint(number, now, size, root.hex(), note.write())
        tx.run(
            _INSERT,
            {"number": number, "at": now, "size": size, "root": made.root, "note": made.note},
        )
        dispatches.put(tx, messages(app.settings, number, made.note, now))
    _write(app, made)
    return made


def _demand(before: Checkpoint, size: int, node: merkle.Node) -> None:
    """Refuse to sign over a log that does not go on from the last checkpoint."""
    if size < before.size or merkle.root(before.size, node).hex() != before.root:
        raise WrongState(
            f"The log of heads no longer leads to checkpoint {before.number}.",
            hint="Somebody has changed it: `bihuan verify --all` says where.",
        )


def _write(app: Application, made: Checkpoint) -> None:
    """Write the checkpoint into each folder, with those before it that are missing there."""
    for folder in papers.folders(app.settings):
        number: int = made.number
        try:
            folder.mkdir(parents=True, exist_ok=True)
            while number and not papers.place(folder, number).exists():
                with app.database.reading() as tx:
                    found = numbered(tx, number)
                    before = numbered(tx, number - 1)
                    if found is None:
                        break
                    first = 0 if before is None else before.size
                    papers.write(tx, papers.place(folder, number), found.note, first)
                number -= 1
        except OSError as reason:
            # It lies in the database, and the next one brings it along.
            logger.warning("checkpoint-not-written", folder=str(folder), reason=str(reason))
    stamping.write_beside(app)
