"""The log of heads: what stood where, in leaves that are added and never changed.

A leaf names a history with its position and the digest there, or something that is
no history and never changes: a deployed version, a version of a list, a new key. So
whatever vanished, was cut short or written anew after a checkpoint contradicts a leaf
that the checkpoint covers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import merkle, store
from engine.database import Transaction
from engine.errors import WrongState
from engine.history import canonical
from engine.ports import Application
from engine.tables import cases, definitions, leaves, list_versions, streams, subtrees

CHUNK = 500
"""Leaves that are read or added at a time."""
CASE, STREAM, DEFINITION, LIST, KEY = "case", "stream", "definition", "list", "key"

_TURN = "log:turn"
"""Fact whose row is locked by who adds to the log."""

_SIZE = sa.select(sa.func.count()).select_from(leaves)
_SUBTREE = sa.select(subtrees.c.hash).where(
    subtrees.c.level == p("level"), subtrees.c.number == p("number")
)
_INSERT_LEAF = sa.insert(leaves)
_INSERT_SUBTREE = sa.insert(subtrees)
_LEAVES = (
    sa.select(leaves.c.number, leaves.c.body)
    .where(leaves.c.number >= p("first"), leaves.c.number < p("end"))
    .order_by(leaves.c.number)
)
_OF_NAME = (
    sa.select(leaves.c.number, leaves.c.body)
    .where(leaves.c.kind == p("kind"), leaves.c.name == p("name"), leaves.c.number < p("end"))
    .order_by(leaves.c.number)
)
_OF_KIND = (
    sa.select(leaves.c.number, leaves.c.body)
    .where(leaves.c.kind == p("kind"), leaves.c.number < p("end"))
    .order_by(leaves.c.name, leaves.c.number)
)


def _unlogged(table: sa.Table, kind: str) -> sa.Select[Any]:
    known = sa.exists().where(
        leaves.c.kind == kind,
        leaves.c.name == table.c.id,
        leaves.c.position == table.c.position,
        leaves.c.digest == table.c.head,
    )
    rows = sa.select(table.c.id, table.c.position, table.c.head)
    return rows.where(table.c.id > p("after"), ~known).order_by(table.c.id).limit(CHUNK)


_UNLOGGED = {CASE: _unlogged(cases, CASE), STREAM: _unlogged(streams, STREAM)}
_DEFINITIONS = sa.select(
    definitions.c.process, definitions.c.version, definitions.c.name, definitions.c.sha256,
    definitions.c.executor, definitions.c.files,
).order_by(definitions.c.process, definitions.c.version)  # fmt: skip
_LISTS = sa.select(
    list_versions.c.name, list_versions.c.version, list_versions.c.descriptor,
    list_versions.c.content,
).order_by(list_versions.c.position)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Leaf:
    """What stood where.

    Attributes:
        kind: ``case``, ``stream``, ``definition``, ``list`` or ``key``.
        name: the case, the stream, ``PROCESS VERSION``, ``LIST VERSION``, a public key.
        position: of a history, else None.
        digest: of the entry there; of what the definition or list consists of.
        more: of a key, who vouches for it.
    """

    kind: str
    name: str
    position: int | None
    digest: str
    more: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, body: str | bytes) -> Leaf:
        """Return the leaf of these bytes.

        Raises:
            ValueError: it is none.
        """
        found = orjson.loads(body)
        try:
            kind, name, digest = (str(found.pop(one)) for one in ("kind", "name", "digest"))
            position = found.pop("position", None)
            return cls(kind, name, position, digest, tuple(sorted(found.items())))
        except (AttributeError, KeyError, TypeError) as reason:
            raise ValueError("it is no leaf") from reason

    def body(self) -> bytes:
        """Return the bytes that are hashed."""
        found = {"kind": self.kind, "name": self.name, "digest": self.digest, **dict(self.more)}
        return canonical(found if self.position is None else {**found, "position": self.position})

    @property
    def stream(self) -> bool:
        """Whether it speaks of a history."""
        return self.kind in (CASE, STREAM)


def size_of(tx: Transaction) -> int:
    """Return how many leaves the log has."""
    row = tx.one(_SIZE, {})
    return 0 if row is None else int(row[0])


def node_of(tx: Transaction) -> merkle.Node:
    """Return what gives the hashes of the log's complete subtrees.

    Raises:
        WrongState: when it is asked for one that is gone.
    """

    def node(level: int, number: int) -> bytes:
        row = tx.one(_SUBTREE, {"level": level, "number": number})
        if row is None:
            raise WrongState(
                f"The log of heads has lost the hash of subtree {level}/{number}.",
                hint="`bihuan verify --all` says what else is not as it was.",
            )
        return bytes.fromhex(row[0])

    return node


def take_turn(tx: Transaction) -> None:
    """Let only this transaction add to the log until it ends."""
    store.count_up(tx, _TURN)


def add(tx: Transaction, new: Iterable[Leaf]) -> None:
    """Add leaves to the log; ``take_turn`` came before."""
    size = size_of(tx)
    edge = merkle.edge(size, node_of(tx))
    rows: list[dict[str, Any]] = []
    grown: list[dict[str, Any]] = []
    for one in new:
        body = one.body()
        rows.append(
            {
                "number": edge.size,
                "kind": one.kind,
                "name": one.name,
                "position": one.position,
                "digest": one.digest,
                "body": body.decode(),
            }
        )
        grown += [
            {"level": level, "number": number, "hash": hashed.hex()}
            for level, number, hashed in edge.add(merkle.leaf(body))
        ]
    tx.run_many(_INSERT_LEAF, rows)
    tx.run_many(_INSERT_SUBTREE, grown)


def grow(app: Application) -> int:
    """Add a leaf for whatever has changed since the last time; return how many.

    A transaction for each few hundred, so that commands come between them.
    """
    added = 0
    for kind in (STREAM, CASE):
        after: str | None = ""
        while after is not None:
            with app.database.writing() as tx:
                take_turn(tx)
                rows = tx.all(_UNLOGGED[kind], {"after": after})
                add(tx, [Leaf(kind, *row) for row in rows])
            added += len(rows)
            after = rows[-1][0] if len(rows) == CHUNK else None
    with app.database.writing() as tx:
        take_turn(tx)
        new = [one for one in things(tx) if one not in set(of_things(tx))]
        add(tx, new)
    return added + len(new)


def things(tx: Transaction) -> list[Leaf]:
    """Return the leaves of all deployed versions and versions of lists, as they are now."""
    deployed = [definition([*row[:-1], orjson.loads(row[-1])]) for row in tx.all(_DEFINITIONS, {})]
    return [*deployed, *(list_version(*row) for row in tx.all(_LISTS, {}))]


def of_things(tx: Transaction, end: int | None = None) -> list[Leaf]:
    """Return the logged leaves of definitions and lists among the first ``end``."""
    last = size_of(tx) if end is None else end
    return [leaf for kind in (DEFINITION, LIST) for _, leaf in of_kind(tx, kind, last)]


def definition(facts: Sequence[Any]) -> Leaf:
    """Return the leaf of a deployed version: process, number, name, hash, executor, files."""
    return Leaf(DEFINITION, f"{facts[0]} {facts[1]}", None, _digest(facts))


def list_version(name: str, version: str, descriptor: str, content: str) -> Leaf:
    """Return the leaf of a version of a list; descriptor and content by their SHA-256."""
    return Leaf(LIST, f"{name} {version}", None, _digest([name, version, descriptor, content]))


def _digest(facts: Sequence[Any]) -> str:
    return hashlib.sha256(canonical(facts)).hexdigest()


def of_kind(tx: Transaction, kind: str, end: int) -> list[tuple[int, Leaf]]:
    """Return the leaves of a kind among the first ``end``, with their numbers, by name."""
    rows = tx.all(_OF_KIND, {"kind": kind, "end": end})
    return [(number, Leaf.read(body)) for number, body in rows]


def of_name(tx: Transaction, kind: str, name: str, end: int) -> list[tuple[int, Leaf]]:
    """Return the leaves of one history or thing among the first ``end``, the oldest first."""
    rows = tx.all(_OF_NAME, {"kind": kind, "name": name, "end": end})
    return [(number, Leaf.read(body)) for number, body in rows]


def bodies(tx: Transaction, first: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the leaves from ``first`` up to ``end`` as they are hashed, a few at a time."""
    while first < end:
        rows = tx.all(_LEAVES, {"first": first, "end": min(first + CHUNK, end)})
        for number, body in rows:
            yield number, body.encode()
        first += CHUNK
