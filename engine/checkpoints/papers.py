"""Checkpoints as files, to be kept where nobody reaches them who reaches the database.

A file is lines of JSON: the signed note with what is needed to check it, then each leaf
that the log has gained since the checkpoint before, as it is hashed. So one file proves
its own leaves, and all files together the whole log.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import orjson

from engine import merkle, notary
from engine.checkpoints import log
from engine.database import Transaction
from engine.errors import InvalidRequest
from engine.history import canonical
from engine.notary import Head, Note, Private, Public
from engine.settings import Settings

FORMAT = "bihuan checkpoint 1"
_HINT = (
    "Name a file that `bihuan checkpoint` wrote, and the public key that the installation had "
    "then or before: a key vouches for those after it, not for those before."
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A checkpoint's file that has been checked.

    Attributes:
        first: the number of its first leaf in the log.
        by: the key that signed it, one of those that were trusted.
    """

    path: Path
    note: Note
    head: Head
    first: int
    by: Public

    @property
    def witnessed(self) -> bool:
        """Whether it is trusted for a countersignature, and not for that of the installation."""
        witness = self.by.id_as(notary.WITNESS)
        return any(signed[:4] == witness for _, signed in self.note.signatures)

    def leaves(self) -> Iterator[tuple[int, log.Leaf]]:
        """Yield the leaves in the file with their numbers."""
        with self.path.open("rb") as file:
            file.readline()
            for number, line in enumerate(file, self.first):
                yield number, log.Leaf.read(line)


def folders(settings: Settings) -> list[Path]:
    """Return the folders that checkpoints are written to."""
    return [Path(one) for one in settings.checkpoint_to.split() if not urlsplit(one).scheme]


def place(folder: Path, number: int) -> Path:
    """Return where a checkpoint lies in a folder."""
    return folder / f"{number:06}.checkpoint"


def stamp_of(path: Path) -> Path:
    """Return where the time-stamp of a checkpoint's file lies: beside it."""
    return path.with_suffix(".tsr")


def successions(tx: Transaction, size: int) -> list[dict[str, str]]:
    """Return who vouched for which key, in the first ``size`` leaves."""
    found = sorted(log.of_kind(tx, log.KEY, size))
    return [{"key": leaf.name, **dict(leaf.more)} for _, leaf in found]


def write(tx: Transaction, path: Path, note: str, first: int) -> None:
    """Write a checkpoint with its leaves from ``first`` on; the file appears when it is whole."""
    head = Note.read(note).head()
    edge = merkle.edge(first, log.node_of(tx))
    document = {
        "format": FORMAT,
        "note": note,
        "first": first,
        "edge": [one.hex() for one in edge.hashes],
        "keys": successions(tx, head.size),
    }
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(canonical(document) + b"\n")
        for _, body in log.bodies(tx, first, head.size):
            file.write(body + b"\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read(path: Path, keys: Sequence[Public]) -> Paper:
    """Return the checkpoint in a file that one of ``keys`` has signed.

    Raises:
        InvalidRequest: it is no checkpoint, or not signed, or its leaves are not those
            that were signed.
    """
    try:
        with path.open("rb") as file:
            return _checked(path, file, keys)
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise InvalidRequest(f"{path} proves nothing: {reason}.", hint=_HINT) from reason


def _checked(path: Path, file: BinaryIO, keys: Sequence[Public]) -> Paper:
    document = _document(file)
    note = Note.read(document["note"])
    head = note.head()
    by = note.signer(notary.trusted(head.origin, keys, document["keys"]))
    if by is None:
        raise ValueError("none of the keys has signed it")
    edge = merkle.Edge(document["first"], [bytes.fromhex(one) for one in document["edge"]])
    for line in file:
        edge.add(merkle.leaf(line.removesuffix(b"\n")))
    if (edge.size, edge.root()) != (head.size, head.root):
        raise ValueError("its leaves are not those that were signed")
    return Paper(path, note, head, document["first"], by)


def _document(file: BinaryIO) -> dict[str, Any]:
    found = orjson.loads(file.readline())
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError("it is no checkpoint")
    return found


def countersign(path: Path, key: Private) -> Note:
    """Add a signature to the checkpoint in a file; return its note.

    Raises:
        InvalidRequest: it is no checkpoint, or its leaves are not those it names.
    """
    try:
        with path.open("rb") as file:
            document = _document(file)
            note = Note.read(document["note"])
            edge = merkle.Edge(document["first"], [bytes.fromhex(one) for one in document["edge"]])
            rest = file.read()
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise InvalidRequest(f"{path} is no checkpoint: {reason}.", hint=_HINT) from reason
    for line in rest.splitlines():
        edge.add(merkle.leaf(line))
    head = note.head()
    if (edge.size, edge.root()) != (head.size, head.root):
        raise InvalidRequest(f"{path} has other leaves than it names.", hint=_HINT)
    signed = note.signed(key, notary.WITNESS)
    part = path.with_name(path.name + ".part")
    part.write_bytes(canonical({**document, "note": signed.write()}) + b"\n" + rest)
    part.replace(path)
    return signed
