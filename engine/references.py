"""The lists, the calendar and the organisation in force, kept in memory.

The truth is the stream ``@lists``; this is what it comes to. ``refresh`` asks
with one small read whether the stream has grown and reads anew only then, so a
list activated by another process counts from the next command on.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import lists, store
from engine.calendar import Calendar
from engine.clock import text
from engine.columns import Descriptor
from engine.database import Transaction
from engine.forms import Rows
from engine.lists import ListVersion, ReferenceData
from engine.organisation import Organisation
from engine.tables import blobs, cases, list_versions

STREAM = "@lists"
RECOUNT = "recount"
"""Name of the fact that says how far ``recounting`` has come; empty = done."""

_ACTIVE = sa.select(
    list_versions.c.name,
    list_versions.c.version,
    list_versions.c.descriptor,
    list_versions.c.content,
).order_by(list_versions.c.position)
_ONE = sa.select(list_versions.c.descriptor, list_versions.c.content).where(
    list_versions.c.name == p("name"), list_versions.c.version == p("version")
)
_FILES = sa.select(blobs.c.sha256, blobs.c.content).where(
    blobs.c.sha256.in_(sa.select(list_versions.c.descriptor))
    | blobs.c.sha256.in_(sa.select(list_versions.c.content))
)
_INSERT = sa.insert(list_versions)
_OPEN = sa.select(cases.c.id).where(cases.c.ended_at.is_(None)).limit(1)


class References:
    """What is in force now, and older versions that cases have pinned."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._position = -1
        self._active: dict[str, ListVersion] = {}
        self._known: dict[tuple[str, str], ListVersion] = {}
        self.calendar = Calendar.read(b"date,is_workday,kind,name_zh,name_en,source,status\n")
        self.organisation = Organisation({})

    def refresh(self, tx: Transaction) -> None:
        """Read what was activated since the last time; cheap when nothing was."""
        position, _ = store.stream_head(tx, STREAM)
        self.catch_up(tx, position)

    def catch_up(self, tx: Transaction, position: int) -> None:
        """Read what was activated up to ``position`` of the stream, if that is news."""
        if position == self._position:
            return
        with self._lock:
            active, files = _read(tx, self._known)
            self._active = active
            self.organisation = Organisation(active)
            if "calendar" in files:
                self.calendar = Calendar.read(files["calendar"], files.get("office_hours", b""))
            self._position = position

    @property
    def position(self) -> int:
        """How far the stream was read: as long as it is the same, so is all that is in force."""
        return self._position

    @property
    def active(self) -> Mapping[str, ListVersion]:
        """The list versions in force, by name."""
        return self._active

    def version(self, tx: Transaction, name: str, version: str) -> ListVersion:
        """Return a version of a list, in force or not.

        Raises:
            KeyError: it was never activated.
        """
        known = self._known.get((name, version))
        if known is None:
            row = tx.one(_ONE, {"name": name, "version": version})
            if row is None:
                raise KeyError((name, version))
            known = _list(tx, row[0], row[1], version)
            self._known[name, version] = known
        return known

    def load(self, tx: Transaction, pinned: Mapping[str, str]) -> None:
        """Bring list versions into memory that are no longer in force."""
        for name, version in pinned.items():
            self.version(tx, name, version)

    def offered(self, tx: Transaction, pinned: Mapping[str, str], at: datetime) -> Rows:
        """Return what gives forms the rows of lists on the local day of ``at``.

        They are those of the versions that the case has pinned, so that a form offers
        what its scripts look up. Units and departments are as they are today, as they
        are wherever a case asks for them.
        """
        kept = {
            name: version
            for name, version in pinned.items()
            if name not in self._active or self._active[name].descriptor.kind == "list"
        }
        self.load(tx, kept)
        return self.for_case(kept, at).in_force

    def for_case(self, pinned: Mapping[str, str], at: datetime) -> ReferenceData:
        """Return the reference data a case sees: its pinned versions, else those in force.

        Args:
            pinned: list name -> version, as the case's earlier entries used them.
            at: the command's moment; rows are looked up as of its local day.
        """
        versions: Mapping[str, ListVersion] = self._active
        if pinned:
            known = {name: self._known.get((name, one)) for name, one in pinned.items()}
            versions = {**versions, **{name: one for name, one in known.items() if one}}
        return ReferenceData(self.organisation, versions, as_of=self.calendar.local(at).date())


def _read(
    tx: Transaction, known: dict[tuple[str, str], ListVersion]
) -> tuple[dict[str, ListVersion], dict[str, bytes]]:
    active: dict[str, ListVersion] = {}
    files: dict[str, bytes] = {}
    # At first all at once: one by one they are two questions for each version of each list.
    stored = {} if known else {row[0]: bytes(row[1]) for row in tx.all(_FILES, {})}

    def read(sha256: str) -> bytes:
        return stored[sha256] if sha256 in stored else store.get_blob(tx, sha256)

    for name, version, descriptor, content in tx.all(_ACTIVE, {}):
        if (name, version) not in known:
            known[name, version] = _parsed(read(descriptor), read(content), version)
        active[name] = known[name, version]
        if active[name].descriptor.kind == "calendar":
            files[name] = read(content)
    return active, files


def _list(tx: Transaction, descriptor: str, content: str, version: str) -> ListVersion:
    return _parsed(store.get_blob(tx, descriptor), store.get_blob(tx, content), version)


# A process may open several databases that hold the same lists: copies, scratch databases.
@lru_cache(maxsize=256)
def _parsed(descriptor: bytes, content: bytes, version: str) -> ListVersion:
    return lists.read(Descriptor.read(descriptor), content, version=version)


def descriptors(tx: Transaction) -> dict[str, bytes]:
    """Return the descriptors of the lists in force, byte for byte, by name."""
    latest = {row[0]: row[2] for row in tx.all(_ACTIVE, {})}
    return {name: store.get_blob(tx, sha256) for name, sha256 in latest.items()}


def contents(tx: Transaction, kind: str) -> dict[str, bytes]:
    """Return the CSV files in force of one kind of list, by name."""
    latest = {row[0]: (row[2], row[3]) for row in tx.all(_ACTIVE, {})}
    return {
        name: store.get_blob(tx, content)
        for name, (descriptor, content) in latest.items()
        if Descriptor.read(store.get_blob(tx, descriptor)).kind == kind
    }


def activate(
    tx: Transaction,
    *,
    descriptor: bytes,
    content: bytes,
    actor: str,
    at: datetime,
    case: str | None = None,
) -> dict[str, Any]:
    """Put a version of a list in force; return ``{name, version, rows, changed}``.

    Cases that pinned an older version keep it. The same bytes again change nothing.
    ``case``, the case that decided it, stands in the record as its reason.

    Raises:
        InvalidList: with one finding per bad cell or row.
    """
    read = lists.read(Descriptor.read(descriptor), content)
    done: dict[str, Any] = {"name": read.name, "version": read.version, "rows": len(read.rows)}
    rows = tx.all(_ACTIVE, {})
    latest = {row[0]: row for row in rows}.get(read.name)
    files = (store.put_blob(tx, descriptor), store.put_blob(tx, content))
    if latest is not None and (latest[2], latest[3]) == files:
        return {**done, "changed": False}
    version = _free(read.version, {row[1] for row in rows if row[0] == read.name})
    command = {
        "type": "activate_list",
        "name": read.name,
        "version": version,
        "descriptor": files[0],
        "content": files[1],
        **({} if case is None else {"case": case}),
    }
    position = store.append_act(tx, STREAM, at=at, actor=actor, command=command, events=[])
    tx.run(
        _INSERT,
        {
            "name": read.name,
            "version": version,
            "descriptor": files[0],
            "content": files[1],
            "activated_at": at,
            "position": position,
        },
    )
    if read.descriptor.kind == "calendar" and tx.one(_OPEN, {}) is not None:
        store.put_fact(tx, RECOUNT, noted(text(at)))
    return {**done, "version": version, "changed": True}


def noted(at: str, *, after: str = "", again: bool = False) -> str:
    """Return the fact that open cases are to be counted again, beyond the case ``after``."""
    return orjson.dumps({"at": at, "after": after, "again": again}).decode()


def _free(version: str, taken: set[str]) -> str:
    """A version activated again after another one gets a name of its own."""
    number, name = 1, version
    while name in taken:
        number += 1
        name = f"{version}-{number}"
    return name


def document(version: ListVersion) -> dict[str, Any]:
    """Return what people see of a list version, its rows apart."""
    described = version.descriptor
    return {
        "name": version.name,
        "version": version.version,
        "sha256": version.sha256,
        "title_zh": described.title_zh,
        "title_en": described.title_en,
        "rows": len(version.rows),
    }
