"""The newest file of each form, decision, UI schema, import and table of examples.

Diagrams deployed without them take them from here. Whatever is put here stands in the act
that put it, so that nobody changes it unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import store
from engine.database import Transaction
from engine.definitions import STREAM
from engine.tables import resources
from engine.uploads import Upload

DEPLOYED = "file_deployed"
"""The event of an act that puts a file here: ``{kind, key, filename, sha256}``."""

_INSERT = sa.insert(resources)
_DELETE = sa.delete(resources).where(
    resources.c.kind == p("of_kind"), resources.c.key == p("of_key")
)

Key = tuple[str, str]
"""Kind and key of a file."""
File = tuple[str, str]
"""Its name and the SHA-256 of its bytes."""


def put(tx: Transaction, upload: Upload, files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Keep the files that are no diagrams; return an event for each that the acts do not name."""
    known = recorded(one.document() for one in store.read_entries(tx, STREAM))
    kinds = (
        ("form", upload.papers.forms),
        ("ui", upload.papers.uis),
        ("decision", upload.decisions),
        ("import", upload.imports),
        ("examples", upload.examples),
    )
    found = []
    for kind, named in kinds:
        for key, filename in named.items():
            sha256 = store.put_blob(tx, files[filename])
            tx.run(_DELETE, {"of_kind": kind, "of_key": key})
            values = {"kind": kind, "key": key, "filename": filename, "sha256": sha256}
            tx.run(_INSERT, values)
            if known.get((kind, key)) != (filename, sha256):
                found.append({"type": DEPLOYED, **values})
    return found


def recorded(acts: Iterable[Mapping[str, Any]]) -> dict[Key, File]:
    """Return what the acts of ``@deployments`` say is the newest file of each key.

    Args:
        acts: their entries, decoded, in their order.
    """
    return {
        (event["kind"], event["key"]): (event["filename"], event["sha256"])
        for act in acts
        for event in act["events"]
        if event["type"] == DEPLOYED
    }
