"""An archive written: what is in it was signed by the newest checkpoint."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import checkpoints, merkle, notices, store
from engine.checkpoints import Checkpoint, keys, log, stamping
from engine.clock import text
from engine.columns import Descriptor
from engine.database import Moment, Transaction
from engine.errors import WrongState
from engine.history import canonical
from engine.notary import Public
from engine.ports import Application
from engine.tables import cases, definitions, list_versions, sealed

FORMAT = "bihuan archive 1"
SIGNED = b"bihuan archive 1\n"
"""What is signed at the end begins with it; the SHA-256 of the lines follows."""

_CHUNK = 200
_NODES = 4096
"""Hashes of subtrees that are kept for the next proofs."""

_IDS = sa.select(cases.c.id).where(cases.c.id > p("after")).order_by(cases.c.id).limit(_CHUNK)
_OF_PROCESS = _IDS.where(cases.c.process == p("process"))
_SINCE = cases.c.created_at >= p("since", type_=Moment)
_DEFINITION = sa.select(
    definitions.c.process, definitions.c.version, definitions.c.name, definitions.c.sha256,
    definitions.c.executor, definitions.c.files,
).where(definitions.c.process == p("process"), definitions.c.version == p("version"))  # fmt: skip
_LISTS = sa.select(
    list_versions.c.name, list_versions.c.version, list_versions.c.descriptor,
    list_versions.c.content,
).order_by(list_versions.c.position)  # fmt: skip
# Ballots are opened for nobody.
_VALUES = (
    sa.select(sealed.c.id, sealed.c.salt, sealed.c.value)
    .where(sealed.c.case_id == p("case_id"), sealed.c.ballot == 0, sealed.c.value.is_not(None))
    .order_by(sealed.c.id)
)
_QUERIES: dict[tuple[bool, bool], sa.Select[Any]] = {
    (False, False): _IDS,
    (True, False): _OF_PROCESS,
    (False, True): _IDS.where(_SINCE),
    (True, True): _OF_PROCESS.where(_SINCE),
}

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cases are exported.

    Attributes:
        process: the key of their own process; None = any.
        since: the moment they began at or after; None = any.
        personal: True = with the personal values, except ballots.
    """

    process: str | None = None
    since: datetime | None = None
    personal: bool = False


def write(
    app: Application,
    path: Path,
    selection: Selection,
    *,
    step: Callable[[], None] = lambda: None,
) -> int:
    """Write an archive; return how many cases are in it.

    A checkpoint is made for it, so that all of it is covered; of each case the
    archive has what that checkpoint covers. It is stamped too where an authority is set
    and answers. The file appears when it is whole.

    Args:
        step: called with each case.

    Raises:
        WrongState: there is no key to sign with, or something of what is exported is gone
            or cannot be read; ``verify`` names it.
    """
    made = checkpoints.make(app)
    notices.stamp_due(app)
    part = path.with_name(path.name + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file, app.database.reading() as tx:
            writer = _Writer(app, tx, file, made)
            count = writer.all(selection, text(app.clock.now()), step)
            file.flush()
            os.fsync(file.fileno())
    except (ValueError, TypeError, LookupError, AttributeError) as reason:
        part.unlink(missing_ok=True)
        raise WrongState(
            f"Something of what is exported is gone or cannot be read: {reason}.",
            hint="Somebody changed it past the engine: `bihuan verify --all` says what.",
        ) from reason
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.replace(path)
    return count


def end(
    counts: tuple[int, int], manifest: str, sha256: bytes, key: Public, signature: bytes
) -> Line:
    """Return the last line of an archive.

    Args:
        counts: how many cases are in it, and how many lines come before.
        manifest: the SHA-256 of the first, in hex.
        sha256: of all lines before, which ``signature`` is over.
    """
    return {
        "kind": "end",
        "cases": counts[0],
        "lines": counts[1],
        "manifest": manifest,
        "sha256": sha256.hex(),
        "key": key.text,
        "signature": base64.b64encode(signature).decode(),
    }


@dataclass(slots=True)
class _Writer:
    """Writes what a case rests on before the case, each thing once."""

    app: Application
    tx: Transaction
    file: BinaryIO
    made: Checkpoint
    done: set[tuple[str, str]] = field(default_factory=set)
    lists: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    node: merkle.Node = field(init=False)
    digest: Any = field(default_factory=hashlib.sha256)
    lines: int = 0

    def __post_init__(self) -> None:
        self.node = lru_cache(_NODES)(log.node_of(self.tx))
        self.lists = {(name, version): rest for name, version, *rest in self._versions()}

    def _versions(self) -> list[Any]:
        return self.tx.all(_LISTS, {})

    def all(self, selection: Selection, at: str, step: Callable[[], None]) -> int:
        first = self.put(
            {
                "kind": "manifest",
                "format": FORMAT,
                "made_at": at,
                "process": selection.process,
                "since": None if selection.since is None else text(selection.since),
                "personal": selection.personal,
                "note": self.made.note,
                "keys": checkpoints.successions(self.tx, self.made.size),
                **self._stamp(),
            }
        )
        manifest = hashlib.sha256(first).hexdigest()
        for name, version in self.lists:
            if self._descriptor(name, version).kind == "calendar":
                self._list(name, version)
        count = 0
        for case_id in self._ids(selection):
            count += self._case(case_id, personal=selection.personal)
            step()
        key = keys.own(self.app.settings)
        sha256 = self.digest.digest()
        signature = key.sign(SIGNED + sha256)
        self.put(end((count, self.lines), manifest, sha256, key.public, signature))
        return count

    def _stamp(self) -> Line:
        response = stamping.kept(self.tx, self.made.number)
        return {} if response is None else {"stamp": base64.b64encode(response).decode()}

    def put(self, line: Line) -> bytes:
        """Write a line; return its bytes without the end of line."""
        body = canonical(line)
        self.file.write(body + b"\n")
        self.digest.update(body + b"\n")
        self.lines += 1
        return body

    def _ids(self, selection: Selection) -> Iterator[str]:
        query = _QUERIES[selection.process is not None, selection.since is not None]
        values = {"process": selection.process, "since": selection.since}
        wanted = {name: value for name, value in values.items() if value is not None}
        after = ""
        while rows := self.tx.all(query, {**wanted, "after": after}):
            for (case_id,) in rows:
                yield case_id
            after = rows[-1][0]

    def _case(self, case_id: str, *, personal: bool) -> bool:
        leaves = log.of_name(self.tx, log.CASE, case_id, self.made.size)
        if not leaves:
            # It began after the checkpoint.
            return False
        number, leaf = leaves[-1]
        entries = store.read_part(self.tx, case_id, after=0, last=leaf.position or 0)
        for entry in entries:
            versions = entry.document()["versions"]
            self._pins(versions["definitions"])
            for name, version in versions.get("lists", {}).items():
                self._list(name, version)
        self.put({"kind": "case", "id": case_id, "leaf": self._proof(number, leaf)})
        for entry in entries:
            self.put({"kind": "entry", "body": entry.body.decode(), "digest": entry.digest})
        if personal:
            for one, salt, value in self.tx.all(_VALUES, {"case_id": case_id}):
                kept = {"id": one, "salt": bytes(salt).hex(), "value": bytes(value).decode()}
                self.put({"kind": "value", **kept})
        return True

    def _pins(self, digest: str) -> None:
        if not self._is_new("pins", digest):
            return
        versions = store.get_pins(self.tx, digest)
        for process, pin in versions["processes"].items():
            self._definition(process, pin["version"])
        for before in versions.get("before", ()):
            self._pins(before)
        self.put({"kind": "pins", "versions": canonical(versions).decode()})

    def _definition(self, process: str, version: int) -> None:
        if not self._is_new(log.DEFINITION, f"{process} {version}"):
            return
        row = self.tx.one(_DEFINITION, {"process": process, "version": version})
        if row is None:
            raise KeyError(f"{process} version {version}")
        facts = [*row[:-1], orjson.loads(row[-1])]
        for one in facts[-1]:
            self._file(one["sha256"])
        self._proven(log.definition(facts), {"facts": facts})

    def _list(self, name: str, version: str) -> None:
        if not self._is_new(log.LIST, f"{name} {version}"):
            return
        descriptor, content = self.lists[name, version]
        # Personal values leave the house with the sealed ones or not at all.
        described = self._descriptor(name, version)
        withheld = any(one.personal for one in described.columns.values())
        self._file(descriptor)
        if not withheld:
            self._file(content)
        facts = [name, version, descriptor, content]
        self._proven(log.list_version(*facts), {"facts": facts, "withheld": withheld})

    def _descriptor(self, name: str, version: str) -> Descriptor:
        return Descriptor.read(store.get_blob(self.tx, self.lists[name, version][0]))

    def _file(self, sha256: str) -> None:
        if self._is_new("file", sha256):
            content = base64.b64encode(store.get_blob(self.tx, sha256)).decode()
            self.put({"kind": "file", "content": content})

    def _proven(self, leaf: log.Leaf, more: Line) -> None:
        leaves = log.of_name(self.tx, leaf.kind, leaf.name, self.made.size)
        if not leaves:
            raise KeyError(leaf.name)
        number, logged = leaves[-1]
        self.put({"kind": leaf.kind, **more, "leaf": self._proof(number, logged)})

    def _proof(self, number: int, leaf: log.Leaf) -> Line:
        proof = merkle.inclusion(number, self.made.size, self.node)
        return {
            "number": number,
            "body": leaf.body().decode(),
            "proof": [one.hex() for one in proof],
        }

    def _is_new(self, kind: str, name: str) -> bool:
        if (kind, name) in self.done:
            return False
        self.done.add((kind, name))
        return True
