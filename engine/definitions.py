"""Deployed versions, compiled: what a case runs on.

A case pins at its start, transitively, the versions of all processes it can
call. The pins have a digest; under it the compiled bundle is kept in memory,
since it never changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import decisions, instructions, papers, store
from engine.bpmn import reader
from engine.bpmn.linking import link
from engine.bpmn.model import NOTHING, Diagram, Drawing, Node, Process
from engine.database import Transaction
from engine.decisions import Decision, Service
from engine.errors import NotFound, NotStartable
from engine.execution import Bundle
from engine.forms import File, Form
from engine.tables import definitions

STREAM = "@deployments"
"""The history of who deployed what and when."""

NO_EXECUTOR = "none"
"""What runs the cases of a drawing: a version of it is shown, and never started.

The executor says so itself, so that there is no second column that could contradict it.
"""

KEPT = 128

Read = Callable[[str], bytes]
"""Returns the bytes of a file by their SHA-256."""

SUPERVISES = "supervises"
"""Property of a process that is a supervision: the datum that names the supervised case.

Called, such a process supervises the case that calls.
"""

_LATEST = sa.select(sa.func.max(definitions.c.version)).where(definitions.c.process == p("process"))
_LATEST_RUNNING = _LATEST.where(definitions.c.executor != NO_EXECUTOR)
_NUMBERS = (
    sa.select(definitions.c.version)
    .where(definitions.c.process == p("process"), definitions.c.executor != NO_EXECUTOR)
    .order_by(definitions.c.version.desc())
)
_CHOSEN = sa.select(definitions.c.version).where(
    definitions.c.process == p("process"), definitions.c.chosen == 1
)
_VERSION = sa.select(
    definitions.c.process,
    definitions.c.version,
    definitions.c.name,
    definitions.c.sha256,
    definitions.c.executor,
    definitions.c.files,
    definitions.c.at,
    definitions.c.chosen,
).where(definitions.c.process == p("process"), definitions.c.version == p("version"))


@dataclass(frozen=True, slots=True)
class Version:
    """One deployed version of a process and the files it rests on."""

    process: str
    number: int
    name: str
    sha256: str
    executor: str
    files: list[dict[str, str]]
    at: Any
    chosen: bool

    @property
    def executable(self) -> bool:
        """Whether cases can start on it; a drawing is only shown."""
        return self.executor != NO_EXECUTOR

    def pin(self) -> dict[str, Any]:
        """Return what a case records of this version."""
        return {"version": self.number, "sha256": self.sha256, "files": self.files}


@dataclass(frozen=True, slots=True)
class Pinned:
    """Everything a case runs on, compiled.

    Attributes:
        decisions, forms: by (process, key); a form that one element draws in its
            own way by (process, key@element).
        supervisions: (process, call activity) of each call of a process that
            ``supervises``; where the case's own process does, that process twice.
        free: (process, element) of each ad-hoc sub-process.
        former: the forms of versions that the case ran on before it was migrated.
    """

    digest: str
    versions: Mapping[str, Any]
    bundle: Bundle
    decisions: Mapping[tuple[str, str], Decision | Service]
    forms: Mapping[tuple[str, str], Form]
    supervisions: frozenset[tuple[str, str]] = frozenset()
    free: frozenset[tuple[str, str]] = frozenset()
    former: tuple[Form, ...] = ()

    @property
    def main(self) -> Process:
        """The case's own process."""
        return self.bundle.processes[self.bundle.main]

    def form_of(self, process: str, element: str) -> Form | None:
        """Return the form of an element, or None."""
        key = self.bundle.processes[process].nodes[element].form
        own = None if key is None else self.forms.get((process, f"{key}@{element}"))
        return own or (None if key is None else self.forms.get((process, key)))

    def schema_of(
        self, tx: Transaction, process: str, form: str, *, kind: str = "form"
    ) -> dict[str, Any] | None:
        """Return a form's schema, or its UI schema, as the case has pinned it, or None."""
        for file in self.versions["processes"][process]["files"]:
            if (file["kind"], file["key"]) == (kind, form):
                schema: dict[str, Any] = orjson.loads(store.get_blob(tx, file["sha256"]))
                return schema
        return None


class Library:
    """Compiled bundles by their digest; shared by all threads of a process."""

    def __init__(self) -> None:
        self._kept: dict[str, Pinned] = {}
        self._drafts: dict[str, Pinned] = {}
        self._lock = threading.Lock()

    def holds(self, digest: str) -> bool:
        """Tell whether a bundle is in memory, and so its pins in the database."""
        return digest in self._kept

    def pinned(self, tx: Transaction, digest: str) -> Pinned:
        """Return the compiled bundle of a case's pins.

        Raises:
            KeyError: a file is gone from the database; ``verify`` names it.
        """
        known = self._kept.get(digest)
        if known is None:
            known = _compile(tx, digest, store.get_pins(tx, digest), _stored(tx))
            with self._lock:
                if len(self._kept) >= KEPT:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[digest] = known
        return known

    def draft(
        self, tx: Transaction, versions: dict[str, Any], contents: Mapping[str, bytes] = NOTHING
    ) -> Pinned:
        """Return the compiled bundle of pins that no case need have.

        Args:
            contents: files that are not in the database, by their SHA-256.
        """
        digest = store.digest_of(versions)
        known = self._kept.get(digest) or self._drafts.get(digest)
        if known is None:
            stored = _stored(tx)
            known = _compile(
                tx, digest, versions, lambda one: contents[one] if one in contents else stored(one)
            )
            with self._lock:
                if len(self._drafts) >= KEPT:
                    self._drafts.pop(next(iter(self._drafts)))
                self._drafts[digest] = known
        return known


def version(tx: Transaction, process: str, number: int | None = None) -> Version:
    """Return a deployed version; without a number the one for new cases.

    Raises:
        NotFound: the process or that version of it was never deployed.
    """
    if number is None:
        number = _for_new_cases(tx, process)
    row = tx.one(_VERSION, {"process": process, "version": number})
    if row is None:
        raise NotFound(
            f"There is no version {number} of process {process!r}.",
            hint=f"See GET /api/v1/definitions/{process} for the versions there are.",
        )
    key, found, name, sha256, executor, files, at, chosen = row
    return Version(key, found, name, sha256, executor, orjson.loads(files), at, bool(chosen))


def numbers(tx: Transaction, process: str) -> list[int]:
    """Return the versions of a process that cases can run on, the latest first."""
    return [int(row[0]) for row in tx.all(_NUMBERS, {"process": process})]


def _for_new_cases(tx: Transaction, process: str) -> int:
    chosen = tx.one(_CHOSEN, {"process": process})
    if chosen is not None:
        return int(chosen[0])
    # A drawing never takes the place of what runs.
    for latest in (_LATEST_RUNNING, _LATEST):
        found = tx.one(latest, {"process": process})
        if found is not None and found[0] is not None:
            return int(found[0])
    raise NotFound(
        f"There is no process {process!r}.", hint="See GET /api/v1/definitions for all of them."
    )


def pins_for(
    tx: Transaction, process: str, number: int | None, named: Mapping[str, int] = NOTHING
) -> tuple[Version, dict[str, Any]]:
    """Return the version a new case starts on, and the pins of all it can call.

    Args:
        named: versions of what it calls that are to be other ones than new cases get.

    Raises:
        NotFound: there is no such version.
        NotStartable: the version, or one that it calls, is a drawing.
    """
    main = version(tx, process, number)
    processes: dict[str, Any] = {process: main.pin()}
    waiting = list(process_of(tx, main).calls)
    while waiting:
        key = waiting.pop()
        if key in processes:
            continue
        called = version(tx, key, named.get(key))
        processes[key] = called.pin()
        waiting.extend(process_of(tx, called).calls)
    return main, {"main": process, "executor": main.executor, "processes": processes}


def process_of(tx: Transaction, of: Version) -> Process:
    """Return the compiled process of a version.

    Raises:
        NotStartable: it is a drawing.
    """
    demand_executable(of)
    return _process(_stored(tx), of.process, of.files)


def demand_executable(of: Version) -> None:
    """Refuse to start cases on a drawing."""
    if not of.executable:
        raise NotStartable(
            f"Version {of.number} of {of.process!r} is a drawing: it is shown, and not started.",
            hint='Set isExecutable="true" in the diagram and deploy it, or start another process: '
            "GET /api/v1/definitions says which are executable.",
        )


def drawing_of(tx: Transaction, of: Version) -> Drawing:
    """Return what a version that is a drawing shows."""
    return _diagram(_stored(tx), of.files).drawings[of.process]


def _stored(tx: Transaction) -> Read:
    return partial(store.get_blob, tx)


def _process(read: Read, key: str, files: list[dict[str, str]]) -> Process:
    return _diagram(read, files).processes[key]


def _diagram(read: Read, files: list[dict[str, str]]) -> Diagram:
    diagram = next(one for one in files if one["kind"] == "bpmn")
    return reader.read_deployed(read(diagram["sha256"]))


def _compile(tx: Transaction, digest: str, versions: dict[str, Any], read: Read) -> Pinned:
    processes, tables = {}, {}
    known_forms: dict[tuple[str, str], Form] = {}
    for key, pin in versions["processes"].items():
        processes[key] = _process(read, key, pin["files"])
        tables.update({(key, one.key): one for one in _decisions(read, pin["files"])})
        known_forms |= _forms_of(read, processes[key], pin["files"])
    processes = link(processes)
    names = {
        key: frozenset().union(
            *(form.readable for (process, _), form in known_forms.items() if process == key),
            *(one.needs | one.names for (process, _), one in tables.items() if process == key),
            *(told(node) for node in processes[key].nodes.values()),
        )
        for key in processes
    }
    bundle = Bundle(versions["main"], processes, names)
    supervisions = _supervisions(versions["main"], processes)
    former = _former(tx, versions.get("before", ()))
    free = _free(processes)
    return Pinned(digest, versions, bundle, tables, known_forms, supervisions, free, former)


def _former(tx: Transaction, digests: Iterable[str]) -> tuple[Form, ...]:
    """Return the forms of the versions that pins replace."""
    found: dict[tuple[str, str], Form] = {}
    read = _stored(tx)
    for digest in digests:
        for key, pin in store.get_pins(tx, digest)["processes"].items():
            forms = _forms_of(read, _process(read, key, pin["files"]), pin["files"])
            found |= {(pin["sha256"], name): form for (_, name), form in forms.items()}
    return tuple(found.values())


def _decisions(read: Read, files: list[dict[str, str]]) -> list[Decision | Service]:
    """Return what a process's DMN files decide, with the files that these import."""
    kept = [one for one in files if one["kind"] in ("decision", "import")]
    # By digest: a file of one name may have been deployed in two versions.
    models, _ = decisions.read_files({one["sha256"]: read(one["sha256"]) for one in kept})
    found = {one.key: one for model in models.values() for one in model.askable()}
    for one in kept:
        own = models[one["sha256"]].askable() if one["sha256"] in models else []
        found.update({each.key: each for each in own if each.key == one["key"]})
    return list(found.values())


def _supervisions(main: str, processes: Mapping[str, Process]) -> frozenset[tuple[str, str]]:
    found = {key for key, one in processes.items() if SUPERVISES in one.properties}
    calls = {
        (key, node.id)
        for key, one in processes.items()
        for node in one.nodes.values()
        if node.called in found
    }
    return frozenset(calls | {(main, main)} if main in found else calls)


def _free(processes: Mapping[str, Process]) -> frozenset[tuple[str, str]]:
    """Return the (process, element) of the ad-hoc sub-processes."""
    return frozenset(
        (key, name)
        for key, one in processes.items()
        for name, scope in one.scopes.items()
        if scope.ad_hoc is not None
    )


def start_form(tx: Transaction, of: Version) -> Form | None:
    """Return the form of the plain start event of a version, or None."""
    root = process_of(tx, of).root
    plain = [root.nodes[one] for one in root.starts if not root.nodes[one].events]
    return papers.form_at(plain[0], _contents(_stored(tx), of.files)) if plain else None


def _contents(read: Read, files: list[dict[str, str]]) -> dict[tuple[str, str], File]:
    """Return the forms and UI schemas among the files of a version, by kind and key."""
    return {
        (one["kind"], one["key"]): File(one["filename"], read(one["sha256"]))
        for one in files
        if one["kind"] in ("form", "ui")
    }


def _forms_of(
    read: Read, process: Process, files: list[dict[str, str]]
) -> dict[tuple[str, str], Form]:
    """Return the forms of a process by key, and those drawn in an element's own way."""
    contents = _contents(read, files)
    found: dict[tuple[str, str], Form] = {}
    for node in process.nodes.values():
        form = papers.form_at(node, contents)
        if form is not None:
            is_own = node.form_ui is not None or node.variable is not None
            found[process.key, f"{node.form}@{node.id}" if is_own else f"{node.form}"] = form
    return found


def told(node: Node) -> frozenset[str]:
    """Return the data that the instructions of a task mention."""
    return instructions.read(node.instructions).names if node.instructions else frozenset()
