"""Chains, copies and files checked; nothing is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import store
from engine.clock import parse
from engine.commands import AddAttachment
from engine.database import Transaction
from engine.definitions import STREAM
from engine.errors import CaseNotFound, HistoryBroken
from engine.history import Entry, verify
from engine.ports import Application
from engine.replay import standings
from engine.replay.differences import HEAD, Difference, batched
from engine.sealing import commitment, find_sealed
from engine.tables import blobs, cases, definitions, entries, list_versions, pins, streams

_STREAMS = sa.select(streams.c.id, streams.c.position, streams.c.head).order_by(streams.c.id)
_COPIES = (
    sa.select(
        entries.c.position, entries.c.body, entries.c.digest,
        # As the driver reads it: it is only compared with a text.
        sa.type_coerce(entries.c.at, sa.String), entries.c.actor, entries.c.type,
    )
    .where(entries.c.stream == p("stream"))
    .order_by(entries.c.position)
)  # fmt: skip
_ORPHANS = (
    sa.select(entries.c.stream)
    .where(
        entries.c.stream.not_in(sa.select(cases.c.id)),
        entries.c.stream.not_in(sa.select(streams.c.id)),
    )
    .distinct()
    .order_by(entries.c.stream)
)
_BLOBS = sa.select(blobs.c.sha256, blobs.c.content).order_by(blobs.c.sha256)
_DEFINITIONS = sa.select(
    definitions.c.process, definitions.c.version, definitions.c.sha256, definitions.c.files
).order_by(definitions.c.process, definitions.c.version)
_PINS = sa.select(pins.c.digest, pins.c.versions).order_by(pins.c.digest)
_LISTS = sa.select(
    list_versions.c.name, list_versions.c.version, list_versions.c.descriptor,
    list_versions.c.content,
)  # fmt: skip


_NO_ENTRY = (ValueError, KeyError, TypeError)
"""What bytes raise that were never an entry, or not all of it."""

_EVALUATIONS = b',"evaluations":'


class Copied(NamedTuple):
    """An entry, and the columns beside it."""

    position: int
    body: bytes
    digest: str
    at: datetime | str
    actor: str
    type: str

    @property
    def entry(self) -> Entry:
        """The entry alone."""
        return Entry(self.position, self.body, self.digest)


def verify_cases(app: Application, ids: Iterable[str]) -> Iterator[Difference | None]:
    """Yield for each case None when its chain and copies are sound, else what is broken."""
    for some in batched(ids):
        with app.database.reading() as tx:
            found = [verify_case(tx, one) for one in some]
        yield from found


def verify_case(tx: Transaction, case_id: str) -> Difference | None:
    """Return what is broken in one case's chain or copies, or None.

    Raises:
        CaseNotFound: there is no such case.
    """
    head = tx.one(HEAD, {"stream": case_id})
    if head is None:
        raise CaseNotFound(case_id)
    read = _read(tx, case_id)
    found = _check_stream(case_id, read, *head) or _check_sealed(tx, case_id, read)
    return found or standings.check(tx, case_id)


def verify_rest(app: Application) -> list[Difference]:
    """Return what is broken outside the cases: acts, files, histories without a case."""
    found: list[Difference] = []
    with app.database.reading() as tx:
        for name, position, head in tx.all(_STREAMS, {}):
            broken = _check_stream(name, _read(tx, name), position, head)
            if broken is not None:
                found.append(broken)
        for (orphan,) in tx.all(_ORPHANS, {}):
            found.append(Difference(orphan, None, "its history is here, the case is not", "case"))
        found += _check_files(tx)
    return found


def _read(tx: Transaction, stream: str) -> list[Copied]:
    """Return a history, each entry with what stands beside it."""
    return [Copied._make(row) for row in tx.all(_COPIES, {"stream": stream})]


def _check_stream(stream: str, found: list[Copied], position: int, head: str) -> Difference | None:
    try:
        checked = verify(stream, found, head=head)
    except HistoryBroken as broken:
        return Difference(stream, broken.position, broken.reason)
    if checked != position:
        return Difference(stream, checked, f"{checked} entries where {position} are due")
    if _read_as(found):
        return None
    wrong = next((one.position for one in found if not _says(one)), None)
    if wrong is None:
        return None
    return Difference(stream, wrong, "a column differs from its bytes", "column")


def _read_as(found: list[Copied]) -> bool:
    """Tell whether canonical bytes say what the columns do, without decoding them whole.

    False may be an entry that is only written in another way.
    """
    # What comes before the evaluations, of all entries as one text. Cut within a value, a head
    # would leave more braces open than are closed here: the whole would be no JSON.
    heads = [one.body[: one.body.find(_EVALUATIONS)] for one in found]
    try:
        said = orjson.loads(b"[" + b"},".join(heads) + b"}]") if heads else []
        moments = orjson.loads(_moments([one.at for one in found]))
        for document, moment, copied in zip(said, moments, found, strict=True):
            position, body, _, _, actor, kind = copied
            if (
                document["at"] != moment
                or document["actor"] != actor
                or document["command"]["type"] != kind
                # From the end, where it stands: through the whole takes six times as long.
                or body.rfind(_place(position)) < 0
            ):
                return False
    except _NO_ENTRY:
        return False
    return True


def _moments(read: list[datetime | str]) -> bytes:
    """Return moments, as a driver reads them, as entries write them: a JSON array."""
    # SQLite has texts with all their decimals.
    return orjson.dumps(read, option=orjson.OPT_UTC_Z).replace(b".000000Z", b"Z")


@lru_cache(1024)
def _place(position: int) -> bytes:
    return b',"position":%d,"versions":{' % position


def _says(copied: Copied) -> bool:
    try:
        document = copied.entry.document()
        at = copied.at if isinstance(copied.at, datetime) else parse(copied.at)
        said = (parse(document["at"]), document["actor"], document["command"]["type"])
        same = said == (at, copied.actor, copied.type)
        return same and bool(document["position"] == copied.position)
    except _NO_ENTRY:
        return False


def _check_sealed(tx: Transaction, case_id: str, found: list[Copied]) -> Difference | None:
    # A single byte is found much faster than a word.
    some = [one for one in found if b"$" in one.body]
    with_some = [one for one in some if b'"$sealed"' in one.body]
    values = store.sealed_with_salt(tx, case_id) if with_some else {}
    for entry in (one.entry for one in with_some):
        command = entry.asked()["command"]
        what = "attachment" if command["type"] == AddAttachment.type else "sealed value"
        for one, promised in find_sealed(command):
            kept = values.get(one)
            if kept is not None and commitment(*kept) != promised:
                reason = f"the {what} {one} is not the one that was entered"
                return Difference(case_id, entry.position, reason, what)
            if one not in values:
                reason = f"the {what} {one} is gone, and nobody erased it"
                return Difference(case_id, entry.position, reason, what)
    return None


def _check_files(tx: Transaction) -> Iterator[Difference]:
    stored = set()
    for sha256, content in tx.all(_BLOBS, {}):
        stored.add(sha256)
        if hashlib.sha256(bytes(content)).hexdigest() != sha256:
            yield Difference(sha256, None, "its bytes do not match its hash", "file")
    deployed = _deployed(tx)
    for process, number, sha256, files in tx.all(_DEFINITIONS, {}):
        name, named = f"{process} version {number}", orjson.loads(files)
        if deployed.get((process, number)) != (sha256, named):
            yield Difference(name, None, "it is not the one that was deployed", "definition")
        for one in named:
            if one["sha256"] not in stored:
                yield Difference(name, None, f"{one['filename']} is gone", "definition")
    for digest, versions in tx.all(_PINS, {}):
        if hashlib.sha256(versions.encode()).hexdigest() != digest:
            yield Difference(digest, None, "the versions do not match their digest", "pins")
    for name, version, descriptor, content in tx.all(_LISTS, {}):
        if not {descriptor, content} <= stored:
            yield Difference(f"{name} {version}", None, "its file is gone", "list")


def _deployed(tx: Transaction) -> dict[tuple[str, int], tuple[str, list[Any]]]:
    """Return the hash and the files of every version, as its deployment recorded them."""
    return {
        (event["process"], event["version"]): (event["sha256"], event["files"])
        for entry in store.read_entries(tx, STREAM)
        for event in entry.document()["events"]
        if event["type"] == "version_deployed"
    }
