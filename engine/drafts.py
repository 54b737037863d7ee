"""Drafts: what designers are working on, kept on the server before it is deployed.

A process has one draft. Each saving says which revision it has seen, so that of two
who work on it neither overwrites the other: the second is refused and told who was
first. A draft holds the diagram with the forms and decisions it rests on; all of
them are deployed together, and the draft is gone then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from lxml import etree
from sqlalchemy import bindparam as p

from engine import access, definitions, deployments, store
from engine.access import Actor
from engine.bpmn.layout import lay_out
from engine.bpmn.pictures import picture
from engine.cases import Answer
from engine.clock import text
from engine.database import Transaction
from engine.definitions import Version
from engine.errors import DraftMoved, InvalidRequest, NotFound, OwnDraft, TooLarge
from engine.ports import Application
from engine.tables import drafts as table
from engine.tables import resources

MAX_FILES = 60
MAX_BYTES = 3_000_000
"""Of all files of a draft together."""

MAX_NOTE = 2_000

_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"

_ALL = sa.select(table).order_by(table.c.process)
_ONE = sa.select(table).where(table.c.process == p("process"))
_INSERT = sa.insert(table)
_DELETE = sa.delete(table).where(table.c.process == p("of_process"))
_KEYS = sa.select(resources.c.key).where(resources.c.kind == p("kind")).order_by(resources.c.key)
_RESOURCE = sa.select(resources.c.filename, resources.c.sha256).where(
    resources.c.kind == p("kind"), resources.c.key == p("key")
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being worked on for one process.

    Attributes:
        base: the deployed version it began with; None for a new process.
        revision: how often it was saved; 0 = not yet, it is what is deployed.
        authors: all who have saved it, in the order of their first time.
    """

    process: str
    name: str
    base: int | None
    revision: int
    files: Mapping[str, str]
    authors: tuple[str, ...] = ()
    saved_by: str | None = None
    saved_at: datetime | None = None
    created_at: datetime | None = None

    @property
    def diagram(self) -> str:
        """The name of the file that holds the diagram."""
        return next(one for one in self.files if one.lower().endswith((".bpmn", ".xml")))

    def to_json(self) -> dict[str, Any]:
        """Return the draft as programs read it; moments are RFC 3339."""
        moments = {"saved_at": self.saved_at, "created_at": self.created_at}
        return {**asdict(self), **{one: at and text(at) for one, at in moments.items()}}


def all_drafts(app: Application, actor: Actor) -> list[Draft]:
    """Return every draft, by process."""
    access.require(actor, "check")
    with app.database.reading() as tx:
        return [_draft(row) for row in tx.all(_ALL, {})]


def opened(app: Application, actor: Actor, process: str) -> Draft:
    """Return the draft of a process, or what is deployed as revision 0 of one.

    Raises:
        NotFound: there is neither a draft nor a deployed version.
    """
    access.require(actor, "check")
    with app.database.reading() as tx:
        row = tx.one(_ONE, {"process": process})
        return _draft(row) if row is not None else _deployed(tx, process, None)


def deployed(app: Application, actor: Actor, process: str, version: int) -> Draft:
    """Return a deployed version with its files, as a draft that nobody has saved.

    Raises:
        NotFound: there is no such version.
    """
    access.require(actor, "check")
    with app.database.reading() as tx:
        return _deployed(tx, process, version)


def keys_of(app: Application, kind: str) -> list[str]:
    """Return the keys under which a ``form`` or a ``decision`` is deployed, in order."""
    with app.database.reading() as tx:
        return [row[0] for row in tx.all(_KEYS, {"kind": kind})]


def deployed_file(app: Application, kind: str, key: str) -> dict[str, str]:
    """Return a ``form`` or a ``decision`` as it is deployed, with the examples beside it.

    Raises:
        NotFound: nothing of that kind is deployed under this key.
    """
    with app.database.reading() as tx:
        row = tx.one(_RESOURCE, {"kind": kind, "key": key})
        if row is None or kind not in {"form", "decision"}:
            raise NotFound(f"No {kind} {key!r} is deployed.", hint="Choose another one.")
        files = {row[0]: _shown(kind, store.get_blob(tx, row[1]))}
        return {**files, **_examples(tx, files)}


def save(
    app: Application,
    actor: Actor,
    process: str,
    files: Mapping[str, bytes],
    *,
    name: str,
    revision: int,
) -> Draft:
    """Keep the files as the next revision of a draft.

    Args:
        name: as people call the process now.
        revision: the one that the designer has seen; 0 for a draft not saved before.

    Raises:
        DraftMoved: somebody else has saved it meanwhile, or deployed or discarded it.
        InvalidRequest: there is no diagram among the files, or one is no text.
        TooLarge: there is more than a draft may hold.
    """
    access.require(actor, "check")
    texts = _texts(files)
    now = app.clock.now()
    with app.database.writing() as tx:
        row = tx.one(_ONE, {"process": process})
        before = None if row is None else _draft(row)
        _demand_seen(tx, process, before, revision)
        authors = before.authors if before else ()
        draft = Draft(
            process=process,
            name=name[:200] or process,
            base=before.base if before else _version_of(tx, process),
            revision=revision + 1,
            files=texts,
            authors=tuple(dict.fromkeys((*authors, actor.name))),
            saved_by=actor.name,
            saved_at=now,
            created_at=before.created_at if before else now,
        )
        _put(tx, draft)
    return draft


def discard(app: Application, actor: Actor, process: str, revision: int) -> None:
    """Throw a draft away; what is deployed stays as it is.

    Raises:
        DraftMoved: somebody else has saved it meanwhile.
    """
    access.require(actor, "check")
    with app.database.writing() as tx:
        row = tx.one(_ONE, {"process": process})
        _demand_seen(tx, process, None if row is None else _draft(row), revision)
        tx.run(_DELETE, {"of_process": process})


def deploy(
    app: Application, actor: Actor, process: str, *, revision: int, note: str, executor: str
) -> Answer:
    """Deploy a draft as it was saved; then it is gone.

    Raises:
        OwnDraft: four eyes are asked for, and the actor has worked on it.
        DraftMoved: somebody has saved it after ``revision``.
        NotDeployable: with the findings.
    """
    access.require(actor, "deploy")
    with app.database.reading() as tx:
        row = tx.one(_ONE, {"process": process})
        if row is None:
            raise NotFound(f"There is no draft of {process!r}.", hint="Save it first.")
        draft = _draft(row)
        _demand_seen(tx, process, draft, revision)
    if app.settings.four_eyes and actor.name in draft.authors:
        raise OwnDraft(
            f"{actor.name} has worked on this draft, and four eyes are asked for.",
            hint="Ask a deployer who has not worked on it.",
        )
    files = {name: content.encode() for name, content in draft.files.items()}
    answer = deployments.deploy(app, actor, files, executor=executor, note=note[:MAX_NOTE])
    with app.database.writing() as tx:
        row = tx.one(_ONE, {"process": process})
        # What somebody has saved in this moment is not deployed, so it stays a draft.
        if row is not None and _draft(row).revision == revision:
            tx.run(_DELETE, {"of_process": process})
    return answer


def _demand_seen(tx: Transaction, process: str, draft: Draft | None, revision: int) -> None:
    kept = draft.revision if draft else 0
    if kept == revision:
        return
    if draft is None:
        last = _history(tx, process)[-1:]
        who, at = (last[0]["by"], last[0]["at"]) if last else ("-", "-")
        raise DraftMoved(process, revision=0, saved_by=who, saved_at=at)
    assert draft.saved_by is not None
    assert draft.saved_at is not None
    raise DraftMoved(process, revision=kept, saved_by=draft.saved_by, saved_at=text(draft.saved_at))


def deployed_by(app: Application, process: str) -> list[dict[str, Any]]:
    """Return ``{version, by, at, note}`` of each deployment of a process, in order."""
    with app.database.reading() as tx:
        return _history(tx, process)


def _history(tx: Transaction, process: str) -> list[dict[str, Any]]:
    """Return who deployed which version of a process when, and with which note, in order."""
    return [
        {
            "version": event["version"],
            "by": document["actor"],
            "at": document["at"],
            "note": document["command"].get("note", ""),
        }
        for entry in store.read_entries(tx, definitions.STREAM)
        for document in [orjson.loads(entry.body)]
        for event in document["events"]
        if event["type"] == "version_deployed" and event["process"] == process
    ]


# -- what a draft begins with ------------------------------------------------------------


def _deployed(tx: Transaction, process: str, number: int | None) -> Draft:
    version = definitions.version(tx, process, number)
    files: dict[str, str] = {}
    for one in version.files:
        files[one["filename"]] = _shown(one["kind"], store.get_blob(tx, one["sha256"]))
    files.update(_examples(tx, files))
    return Draft(process, version.name, version.number, 0, files)


def _examples(tx: Transaction, files: Mapping[str, str]) -> dict[str, str]:
    """Return the examples that stand beside the tables among some files."""
    found: dict[str, str] = {}
    for name in [one for one in files if one.endswith(".dmn")]:
        row = tx.one(_RESOURCE, {"kind": "examples", "key": name})
        if row is not None:
            found[row[0]] = store.get_blob(tx, row[1]).decode("utf-8-sig")
    return found


def _shown(kind: str, content: bytes) -> str:
    """Return a file as the editors take it: a diagram without coordinates is laid out."""
    if kind == "bpmn":
        made = picture(content)
        if made is not None and made.is_laid_out:
            return _laid_out(content) or made.xml
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        return str(etree.tostring(etree.fromstring(content, parser), encoding="unicode"))


def _laid_out(content: bytes) -> str | None:
    """Return a diagram with shapes, all else as somebody wrote it; None where that cannot be."""
    try:
        return lay_out(content).decode("utf-8-sig")
    except ValueError:
        return None


def bare(content: bytes) -> bytes:
    """Return a diagram without its shapes, so that it is laid out anew; else as it was."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return content
    for drawn in root.findall(f"{_DI}BPMNDiagram"):
        root.remove(drawn)
    return bytes(etree.tostring(root))


def _version_of(tx: Transaction, process: str) -> int | None:
    try:
        found: Version = definitions.version(tx, process)
    except NotFound:
        return None
    return found.number


# -- rows --------------------------------------------------------------------------------


def _texts(files: Mapping[str, bytes]) -> dict[str, str]:
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_BYTES:
        raise TooLarge(f"A draft has at most {MAX_FILES} files of {MAX_BYTES} bytes together.")
    if sum(name.lower().endswith((".bpmn", ".xml")) for name in files) != 1:
        raise InvalidRequest("A draft has one diagram.", hint="Send one file named *.bpmn.")
    try:
        return {name: content.decode("utf-8-sig") for name, content in files.items()}
    except UnicodeDecodeError as reason:
        raise InvalidRequest("A file of a draft is not UTF-8.", hint="Save it so.") from reason


def _put(tx: Transaction, draft: Draft) -> None:
    tx.run(_DELETE, {"of_process": draft.process})
    values = {
        **asdict(draft),
        "files": orjson.dumps(draft.files).decode(),
        "authors": orjson.dumps(draft.authors).decode(),
    }
    tx.run(_INSERT, values)


def _draft(row: Any) -> Draft:
    process, name, base, revision, files, authors, saved_by, saved_at, created_at = row
    return Draft(
        process, name, base, revision, orjson.loads(files), tuple(orjson.loads(authors)),
        saved_by, saved_at, created_at,
    )  # fmt: skip
