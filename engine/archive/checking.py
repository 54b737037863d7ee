"""An archive checked and replayed with nothing but itself and a public key.

Every line is checked as it is read: what a case rests on by its hash and its proof, a
case by its chain, the proof of its head, and by applying its commands again. The
signature at the end then covers that nothing was left out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import sqlalchemy as sa

from engine import merkle, notary, replay, store
from engine.archive.writing import FORMAT, SIGNED, Line, end
from engine.checkpoints import log, stamps
from engine.columns import Descriptor
from engine.database import Transaction
from engine.definitions import Library
from engine.errors import EngineError, HistoryBroken, InvalidRequest
from engine.history import Entry, canonical, verify
from engine.kernel import Kernel
from engine.notary import Head, Note, Public
from engine.replay import Difference, first_difference
from engine.scratch import Scratch
from engine.sealing import commitment, find_sealed
from engine.spiff import Spiff
from engine.tables import pins
from engine.verification import stamped
from engine.verification.unreadable import readable

ARCHIVE = "archive"
LONGEST = 1 << 26
"""Bytes of a line; no archive has a longer one."""

_INSERT_PINS = sa.insert(pins)
_HINT = "Name a file that `bihuan export --format jsonl` wrote."


@dataclass(slots=True)
class Checked:
    """What the check of an archive came to.

    Attributes:
        cases: how many there are; ``entries`` in all of them.
        broken: what was found; the first says most.
        head: the checkpoint that vouches for it, or None where none can be read.
        personal: whether personal values are in it.
        named: the cases that something was found in.
        stamp: when the checkpoint existed by the word of an authority, or None.
    """

    cases: int = 0
    entries: int = 0
    broken: list[Difference] = field(default_factory=list)
    head: Head | None = None
    personal: bool = False
    named: set[str] = field(default_factory=set)
    stamp: stamped.Stamped | None = None

    @property
    def sound(self) -> int:
        """How many cases are sound; none where something is wrong with the archive itself."""
        beside = any(one.case not in self.named for one in self.broken)
        return 0 if beside else self.cases - len(self.named)


class _RefusedError(Exception):
    """What a line says is not so."""

    def __init__(self, name: str, what: str, reason: str, position: int | None = None) -> None:
        super().__init__(reason)
        self.name, self.what, self.position = name, what, position


def check(
    path: Path,
    keys: Sequence[Public],
    *,
    authorities: stamps.Certificates = (),
    step: Callable[[], None] = lambda: None,
) -> Checked:
    """Check an archive line by line; return what was found.

    Args:
        keys: who may have signed it, or vouched for who did.
        authorities: certificates that its time-stamp is believed by.
        step: called with each case.

    Raises:
        InvalidRequest: the file cannot be opened.
    """
    scratch = Scratch()
    try:
        with path.open("rb") as file, scratch.reading() as tx:
            return _Reader(tx, keys, step, authorities).all(file)
    except OSError as reason:
        raise InvalidRequest(f"{path} cannot be read: {reason.strerror}.", hint=_HINT) from reason
    finally:
        scratch.close()


@dataclass(slots=True)
class _Case:
    """The case whose lines are being read."""

    id: str
    leaf: log.Leaf
    entries: list[Entry] = field(default_factory=list)
    values: list[tuple[str, bytes, bytes]] = field(default_factory=list)


class _Reader:
    def __init__(
        self,
        tx: Transaction,
        keys: Sequence[Public],
        step: Callable[[], None],
        authorities: stamps.Certificates,
    ) -> None:
        self._tx, self._keys, self._step, self._authorities = tx, keys, step, authorities
        self._found = Checked()
        self._library = Library()
        self._executors = {one.name: one for one in (Kernel(), Spiff())}
        self._deployed: dict[tuple[str, int], tuple[str, list[Any]]] = {}
        self._lists: set[tuple[str, str]] = set()
        self._calendars: dict[str, list[bytes]] = {"calendar": [], "office_hours": [b""]}
        self._versions: set[str] = set()
        self._files: set[str] = set()
        self._pinned: set[str] = set()
        self._case: _Case | None = None
        self._digest = hashlib.sha256()
        self._manifest = b""
        self._trusted: list[Public] = []
        self._ended = False
        self._lines = 0
        self._reads: dict[str, Callable[[Line], None]] = {
            "manifest": self._read_manifest,
            "file": self._read_file,
            "definition": self._read_definition,
            "list": self._read_list,
            "pins": self._read_pins,
            "case": self._read_case,
            "entry": self._read_entry,
            "value": self._read_value,
            "end": self._read_end,
        }

    def all(self, file: BinaryIO) -> Checked:
        """Read to the end; stop at the first line that says what is not so."""
        try:
            for number, line in enumerate(iter(partial(file.readline, LONGEST), b""), 1):
                self._line(number, line)
            self._demand(self._ended, "it ends before its end: lines were cut off")
        except _RefusedError as refused:
            name = refused.name or ARCHIVE
            self._tell(Difference(name, refused.position, str(refused), refused.what))
        return self._found

    def _line(self, number: int, line: bytes) -> None:
        self._demand(not self._ended, f"line {number} follows its end")
        try:
            document = orjson.loads(line)
            kind = str(document["kind"])
            # So no reader takes it for something else: no key twice, no number too large.
            written = canonical(document) + b"\n" == line
        except (ValueError, TypeError, KeyError) as reason:
            raise _RefusedError("", ARCHIVE, f"line {number} cannot be read") from reason
        self._demand(written, f"line {number} is not written as archives are: it was changed")
        read = self._reads.get(kind)
        self._demand(read is not None, f"line {number} is of no known kind")
        assert read is not None
        self._demand((number == 1) == (kind == "manifest"), f"line {number} has no place there")
        if kind not in ("entry", "value"):
            self._finish()
        try:
            read(document)
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as reason:
            raise _RefusedError("", ARCHIVE, f"line {number}, a {kind}, cannot be read") from reason
        if kind == "manifest":
            self._manifest = line.removesuffix(b"\n")
        self._digest.update(line)
        self._lines += 1

    def _read_manifest(self, line: Line) -> None:
        self._demand(line["format"] == FORMAT, "it is no archive")
        note = Note.read(line["note"])
        head = note.head()
        self._trusted = notary.trusted(head.origin, self._keys, line["keys"])
        self._demand(
            note.signer(self._trusted) is not None, "none of the keys has signed its checkpoint"
        )
        self._found.head, self._found.personal = head, bool(line["personal"])
        if "stamp" in line:
            response = base64.b64decode(line["stamp"], validate=True)
            said = stamped.check(head.fact("number"), line["note"], response, self._authorities)
            if isinstance(said, Difference):
                self._tell(said)
            else:
                self._found.stamp = said

    def _read_file(self, line: Line) -> None:
        content = base64.b64decode(line["content"], validate=True)
        self._files.add(store.put_blob(self._tx, content))

    def _read_definition(self, line: Line) -> None:
        facts = line["facts"]
        process, version, _, sha256, _, files = facts
        name = f"{process} version {version}"
        self._prove(name, log.DEFINITION, log.definition(facts), line["leaf"])
        for one in files:
            if one["sha256"] not in self._files:
                reason = f"its file {one['filename']} is not the one it was deployed with"
                raise _RefusedError(name, log.DEFINITION, reason)
        self._deployed[process, version] = sha256, files

    def _read_list(self, line: Line) -> None:
        name, version, descriptor, content = line["facts"]
        called = f"{name} {version}"
        self._prove(called, log.LIST, log.list_version(*line["facts"]), line["leaf"])
        needed = {descriptor} if line["withheld"] else {descriptor, content}
        if not needed <= self._files:
            raise _RefusedError(called, log.LIST, "its file is not the one that was put in force")
        self._lists.add((name, version))
        if Descriptor.read(store.get_blob(self._tx, descriptor)).kind == "calendar":
            self._calendars.setdefault(name, []).append(store.get_blob(self._tx, content))
            self._versions = {
                hashlib.sha256(days + b"\0" + hours).hexdigest()[:16]
                for days in self._calendars["calendar"]
                for hours in self._calendars["office_hours"]
            }

    def _read_pins(self, line: Line) -> None:
        text = line["versions"].encode()
        name = hashlib.sha256(text).hexdigest()
        for process, pin in orjson.loads(text)["processes"].items():
            due = (pin["sha256"], pin["files"])
            if self._deployed.get((process, pin["version"])) != due:
                reason = f"{process} version {pin['version']} is not the one that was deployed"
                raise _RefusedError(name, "pins", reason)
        if name not in self._pinned:
            self._pinned.add(name)
            self._tx.run(_INSERT_PINS, {"digest": name, "versions": line["versions"]})

    def _read_case(self, line: Line) -> None:
        leaf = log.Leaf.read(line["leaf"]["body"])
        if (leaf.kind, leaf.name) != (log.CASE, line["id"]):
            raise _RefusedError(line["id"], log.CASE, "its leaf of the log is another's")
        self._prove(line["id"], log.CASE, leaf, line["leaf"])
        self._case = _Case(line["id"], leaf)

    def _read_entry(self, line: Line) -> None:
        case = self._case
        self._demand(case is not None, "an entry belongs to no case")
        assert case is not None
        case.entries.append(Entry(len(case.entries) + 1, line["body"].encode(), line["digest"]))

    def _read_value(self, line: Line) -> None:
        case = self._case
        self._demand(case is not None, "a value belongs to no case")
        assert case is not None
        case.values.append((line["id"], bytes.fromhex(line["salt"]), line["value"].encode()))

    def _read_end(self, line: Line) -> None:
        manifest = hashlib.sha256(self._manifest).hexdigest()
        self._demand(line["manifest"] == manifest, "line 1, its manifest, was changed")
        counts = (self._found.cases, self._lines)
        signed = (line["cases"], line["lines"])
        reason = "{} cases in {} lines were signed, and {} in {} are there"
        self._demand(counts == signed, reason.format(*signed, *counts))
        sha256 = self._digest.digest()
        self._demand(line["sha256"] == sha256.hex(), "a line was changed, or stands elsewhere")
        key, signature = notary.public_of(line["key"]), base64.b64decode(line["signature"])
        self._demand(key in self._trusted, "its end is signed by another key")
        self._demand(
            key.has_signed(SIGNED + sha256, signature), "the signature at its end is not over it"
        )
        # Nothing signs the last line itself, so all of it must follow from what was signed.
        written = end(counts, manifest, sha256, key, signature)
        self._demand(canonical(line) == canonical(written), "its last line was changed")
        self._ended = True

    def _prove(self, name: str, what: str, leaf: log.Leaf, proof: Line) -> None:
        """Refuse a thing whose leaf is not in the log that was signed."""
        head = self._found.head
        assert head is not None, "the manifest came first"
        body = proof["body"].encode()
        if log.Leaf.read(body) != leaf or leaf.body() != body:
            raise _RefusedError(name, what, "it is not the one in the log")
        path = [bytes.fromhex(one) for one in proof["proof"]]
        if not merkle.leads(merkle.leaf(body), proof["number"], head.size, path, head.root):
            raise _RefusedError(name, what, "its proof does not lead to the checkpoint")

    def _finish(self) -> None:
        """Check the case whose last line has come, and go on with the next all the same."""
        case, self._case = self._case, None
        if case is None:
            return
        self._found.cases += 1
        self._found.entries += len(case.entries)
        checks = _first(self._chain(case), self._values(case), self._replay(case))
        for one in readable(checks, case.id, "case"):
            self._found.named.add(case.id)
            self._tell(one)
        self._step()

    def _chain(self, case: _Case) -> Iterator[Difference]:
        try:
            count = verify(case.id, case.entries, head=case.leaf.digest)
        except (HistoryBroken, ValueError) as broken:
            position = getattr(broken, "position", None)
            reason = getattr(broken, "reason", "a digest cannot be read")
            yield Difference(case.id, position, reason)
            return
        if count != case.leaf.position:
            reason = f"{count} entries where {case.leaf.position} are due"
            yield Difference(case.id, count, reason)
            return
        for entry in case.entries:
            versions = entry.document()["versions"]
            missing = set(versions.get("lists", {}).items()) - self._lists
            if missing:
                name, version = min(missing)
                reason = f"the list {name} {version} that it used is missing"
                yield Difference(case.id, entry.position, reason, "list")
            elif len(self._calendars["calendar"]) and versions["calendar"] not in self._versions:
                reason = f"the calendar {versions['calendar']} that it used is missing"
                yield Difference(case.id, entry.position, reason, "calendar")

    def _values(self, case: _Case) -> Iterator[Difference]:
        if not case.values:
            return
        promised = {
            one: (entry.position, due)
            for entry in case.entries
            for one, due in find_sealed(entry.document()["command"])
        }
        for one, salt, value in case.values:
            position, due = promised.get(one, (None, ""))
            if commitment(salt, value) != due:
                reason = f"the sealed value {one} is not the one that was entered"
                yield Difference(case.id, position, reason, "sealed value")

    def _replay(self, case: _Case) -> Iterator[Difference]:
        position = 0
        pinned_of = partial(self._library.pinned, self._tx)
        try:
            for one in replay.applied(case.id, case.entries, pinned_of, self._executors):
                position = one.entry.position
                again = one.applied.events
                if canonical({**one.document, "events": again}) != one.entry.body:
                    reason = first_difference(one.entry.document()["events"], again)
                    yield Difference(case.id, position, reason)
                    return
        except (EngineError, HistoryBroken) as refusal:
            yield Difference(case.id, position + 1, f"refused: {refusal}")
        except KeyError as missing:
            reason = f"what it rests on is missing: {missing}"
            yield Difference(case.id, position + 1, reason, "definition")

    def _tell(self, one: Difference) -> None:
        self._found.broken.append(one)

    def _demand(self, is_so: bool, reason: str) -> None:
        if not is_so:
            raise _RefusedError("", ARCHIVE, reason)


def _first(*checks: Iterator[Difference]) -> Iterator[Difference]:
    """Yield the first finding of the first check that has one."""
    for found in checks:
        one = next(found, None)
        if one is not None:
            yield one
            return
