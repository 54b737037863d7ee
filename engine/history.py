"""The hash chain over a history.

A history is the list of entries of one *stream*: a case, or an administrative
stream such as ``@deployments``. Each entry's digest covers the digest before it
and the entry's bytes as they were stored, so one read finds an entry that was
changed, removed or moved. The first digest covers the stream's name, so a whole
history cannot be passed off as another case's. Cutting entries off the end
leaves a sound chain; that shows only against the *head*, the last digest, which
is kept elsewhere too. Someone who can rewrite both is not stopped by this
module: export the heads.

Pure: neither reads the clock nor touches the database (``store`` does).

Method: linked digests after Haber & Stornetta, "How to Time-Stamp a Digital
Document", J. Cryptology 3 (1991), with SHA-256 (FIPS 180-4) over canonical JSON
(sorted keys, UTF-8, no white space).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from engine.errors import HistoryBroken

_EVENTS = b',"events":['


# Nobody changes one, but it is not frozen: that would make it three times as dear to make.
@dataclass(slots=True)
class Entry:
    """One stored entry: its place, its bytes as written, and its digest."""

    position: int
    body: bytes
    digest: str

    def document(self) -> dict[str, Any]:
        """Return the entry's content: position, at, actor, command and so on."""
        document: dict[str, Any] = orjson.loads(self.body)
        return document

    def asked(self) -> dict[str, Any]:
        """Return the entry's content but for its events: what applying it again needs.

        Events are most of an entry, and decoding them is most of reading one.
        """
        body = self.body
        begin = body.find(_EVENTS)
        # From the end, where it stands: looking through the whole takes six times as long.
        end = body.rfind(b',"position":%d,"versions":{' % self.position, begin)
        try:
            # Cut anywhere but around the events, what is left has too many braces on one side.
            document: dict[str, Any] = orjson.loads(body[:begin] + body[end:])
        except ValueError:
            document = self.document()
            del document["events"]
        return document


def canonical(value: Any) -> bytes:
    """Return the one JSON text of ``value``: sorted keys, UTF-8, no white space.

    Raises:
        TypeError: the value holds something that is not JSON, a datetime for example.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)


def genesis(stream: str) -> str:
    """Return the digest before the first entry of ``stream``."""
    return hashlib.sha256(b"bihuan history 1\0" + stream.encode()).hexdigest()


def digest(previous: str, body: bytes) -> str:
    """Return the digest of an entry's bytes that follow the digest ``previous``, in hex."""
    hashed = hashlib.sha256(bytes.fromhex(previous))
    hashed.update(body)
    return hashed.hexdigest()


def seal(stream: str, previous: str | None, document: dict[str, Any]) -> Entry:
    """Return ``document`` as the entry that follows ``previous`` (None: the first)."""
    body = canonical(document)
    return Entry(document["position"], body, digest(previous or genesis(stream), body))


class Chained(Protocol):
    """What has an entry's place, bytes and digest, whatever else it has."""

    @property
    def position(self) -> int:
        """Which entry of its stream it is, counted from 1."""

    @property
    def body(self) -> bytes:
        """Its bytes as written."""

    @property
    def digest(self) -> str:
        """The digest that it came with, in hex."""


def verify(stream: str, entries: Iterable[Chained], *, head: str) -> int:
    """Check the chain from its first entry to its last.

    Args:
        stream: the case id or the name of the administrative stream.
        entries: the whole history, in the order of ``position``. Read once,
            so a database cursor will do; memory use does not grow with length.
        head: the digest the last entry must have; ``genesis(stream)`` if none is due.

    Returns:
        The number of entries checked; 0 for an empty history.

    Raises:
        HistoryBroken: at the first entry that does not follow from the one
            before it. The entries before that one are sound.
    """
    sha256 = hashlib.sha256
    previous, expected = bytes.fromhex(genesis(stream)), 1
    for entry in entries:
        if entry.position != expected:
            reason = f"position {entry.position} stands where {expected} was due"
            raise HistoryBroken(stream, position=expected, reason=reason)
        # In two steps: put together first, the bytes would be copied.
        hashed = sha256(previous)
        hashed.update(entry.body)
        previous = hashed.digest()
        if previous.hex() != entry.digest:
            reason = "its digest does not match its content"
            raise HistoryBroken(stream, position=expected, reason=reason)
        expected += 1
    if previous.hex() != head:
        raise HistoryBroken(stream, position=expected, reason="the end is missing")
    return expected - 1
