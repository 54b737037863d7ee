"""Deploy: check, number the version, store the bytes.

A version's hash covers its diagram and every form and decision it names; the
same files again change nothing. ``processes/`` is never read at run time: what
was deployed lies in the database, and the stream ``@deployments`` says who
deployed what and when.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import (
    access,
    decisions,
    definitions,
    papers,
    resources,
    schedules,
    store,
    unit_tests,
    uploads,
)
from engine.access import Actor
from engine.bpmn import checks, soundness
from engine.bpmn.findings import Finding
from engine.bpmn.model import Drawing, Process
from engine.cases import Answer
from engine.database import Transaction
from engine.definitions import NO_EXECUTOR, STREAM, Pinned
from engine.errors import InvalidRequest, NotDeployable, NotFound
from engine.forms import File
from engine.history import canonical
from engine.ports import Application
from engine.tables import definitions as table
from engine.tables import resources as resource_table
from engine.uploads import Upload

DEFAULT = "kernel"
"""The executor of who names none."""

_HIGHEST = sa.select(sa.func.max(table.c.version)).where(table.c.process == p("process"))
_LATEST = (
    sa.select(table.c.sha256)
    .where(table.c.process == p("process"))
    .order_by(table.c.version.desc())
    .limit(1)
)
_LATEST_RUNNING = _LATEST.where(table.c.executor != NO_EXECUTOR)
_LATEST_DRAWING = _LATEST.where(table.c.executor == NO_EXECUTOR)
_KEYS = sa.select(table.c.process).distinct().order_by(table.c.process)
_RUNNING = _KEYS.where(table.c.executor != NO_EXECUTOR)
_RESOURCE = sa.select(resource_table.c.filename, resource_table.c.sha256).where(
    resource_table.c.kind == p("kind"), resource_table.c.key == p("key")
)
_INSERT = sa.insert(table)
_CHOOSE = (
    sa.update(table)
    .where(table.c.process == p("of_process"))
    .values(chosen=sa.case((table.c.version == p("of_version"), 1), else_=0))
)


def check(
    app: Application, files: Mapping[str, bytes], *, executor: str = DEFAULT
) -> list[Finding]:
    """Return what a designer should know of these files before deploying; change nothing.

    Findings stand in the order of the files, then of their lines; after them what
    the executor would not run.

    Raises:
        InvalidRequest: there is no such executor.
    """
    _demand_executor(app, executor)
    with app.database.reading() as tx:
        app.references.refresh(tx)
        return _check(app, tx, uploads.read(files), files, executor)


def _demand_executor(app: Application, executor: str) -> None:
    if executor not in app.executors:
        raise InvalidRequest(
            f"There is no executor {executor!r}.", hint=f"Name one of: {', '.join(app.executors)}."
        )


def deploy(
    app: Application,
    actor: Actor,
    files: Mapping[str, bytes],
    *,
    executor: str = DEFAULT,
    note: str = "",
) -> Answer:
    """Add a version of every process that changed; 201, or 200 when none did.

    Args:
        note: what was changed and why, kept with the deployment in its history.
        files: file name -> bytes; BPMN (``.bpmn``), DMN (``.dmn``) and forms (``.json``).
        executor: what runs the cases of these versions.

    Raises:
        NotAllowed: the actor is no deployer.
        InvalidRequest: there is no such executor, or nothing among the files.
        NotDeployable: with the findings, when one of them is an error.
    """
    access.require(actor, "deploy")
    _demand_executor(app, executor)
    now = app.clock.now()
    with app.database.reading() as tx:
        app.references.refresh(tx)
        upload = uploads.read(files)
        findings = _check(app, tx, upload, files, executor)
    _demand_sound(findings)
    if not upload.diagrams and not upload.papers.forms and not upload.decisions:
        raise InvalidRequest("There is no BPMN, DMN or form among the files.")
    deployment = _Deployment(app.clock.new_id(), executor, now, files)
    with app.database.writing() as tx:
        # Before looking at what is deployed: versions are numbered one after the other.
        store.lock_stream(tx, STREAM)
        kept = resources.put(tx, upload, files)
        added = _add_all(app, tx, upload, deployment)
        if added or kept:
            command = {"type": "deploy", "deployment": deployment.id}
            store.append_act(
                tx,
                STREAM,
                at=now,
                actor=actor.name,
                command={**command, "note": note} if note else command,
                events=[*kept, *({"type": "version_deployed", **one} for one in added)],
            )
        body = {
            "deployment": deployment.id if added else None,
            "definitions": [
                _present(tx, key) for key in dict.fromkeys((*upload.processes, *upload.drawings))
            ],
            "findings": [one.to_json() for one in findings],
        }
    return Answer(201 if added else 200, body)


class _Undone(Exception):
    """Takes back a transaction that was made to look at."""


def compiled(app: Application, files: Mapping[str, bytes], process: str) -> Pinned:
    """Return what cases of a process would run on with these files; keep nothing.

    Raises:
        NotDeployable, NotFound: they have errors, or define no such process.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        upload = uploads.read(files)
        _demand_sound(_check(app, tx, upload, files, DEFAULT))
    if process not in upload.processes:
        raise NotFound(f"No file defines the process {process!r}.")
    deployment = _Deployment("@trial", DEFAULT, app.clock.now(), files)
    found = []
    with suppress(_Undone), app.database.writing() as tx:
        resources.put(tx, upload, files)
        _add_all(app, tx, upload, deployment)
        _, pins = definitions.pins_for(tx, process, definitions.numbers(tx, process)[0])
        found.append(app.library.draft(tx, pins))
        raise _Undone
    return found[0]


def _demand_sound(findings: Sequence[Finding]) -> None:
    if any(one.severity == "error" for one in findings):
        raise NotDeployable(
            "Nothing was deployed: the files have errors.",
            hint="Mend what the findings name and deploy again.",
            findings=[one.to_json() for one in findings],
        )


def choose(app: Application, actor: Actor, process: str, number: int) -> Answer:
    """Pin a version for new cases (``POST …/versions/{n}/default``).

    Raises:
        NotAllowed: the actor is no deployer.
        NotFound: there is no such version.
        NotStartable: it is a drawing.
    """
    access.require(actor, "deploy")
    now = app.clock.now()
    with app.database.writing() as tx:
        definitions.demand_executable(definitions.version(tx, process, number))
        tx.run(_CHOOSE, {"of_process": process, "of_version": number})
        command = {"type": "choose_version", "process": process, "version": number}
        store.append_act(tx, STREAM, at=now, actor=actor.name, command=command, events=[])
        return Answer(200, _present(tx, process))


# -- checking an upload ----------------------------------------------------------------


def _check(
    app: Application,
    tx: Transaction,
    upload: Upload,
    files: Mapping[str, bytes],
    executor: str,
) -> list[Finding]:
    findings = list(upload.findings)
    others = {key: _deployed(tx, key) for (key,) in tx.all(_RUNNING, {})}
    others.update(upload.processes)
    drawings = {*upload.drawings, *(key for (key,) in tx.all(_KEYS, {}))} - set(others)
    roles = set(app.references.organisation.roles()) or None
    known_forms = {*upload.papers.forms, *_resource_keys(tx, "form")}
    known_decisions = {*upload.decisions, *_resource_keys(tx, "decision")}
    drawn = _papers(tx, upload, files)
    for name, diagram in upload.diagrams.items():
        findings += checks.check(
            diagram,
            others,
            filename=name,
            roles=roles,
            forms=known_forms,
            decisions=known_decisions,
            drawings=drawings,
            sandbox_check=app.sandbox.check,
            fields=partial(papers.sent, drawn),
        )
        findings += soundness.check(diagram, others, filename=name)
        findings += papers.check(diagram, name, drawn)
        findings += uploads.not_run(app.executors[executor], diagram, others, name)
    for name in upload.papers.forms.values():
        findings += papers.check_lists(File(name, files[name]), app.references.active)
    findings += unit_tests.check(app, upload.diagrams)
    return uploads.named(upload, dict.fromkeys(findings), others, files)


_RESOURCES = sa.select(
    resource_table.c.kind, resource_table.c.key, resource_table.c.filename, resource_table.c.sha256
).order_by(resource_table.c.kind, resource_table.c.key)


def _papers(
    tx: Transaction, upload: Upload, files: Mapping[str, bytes]
) -> dict[tuple[str, str], File]:
    """Return the forms and UI schemas that diagrams may name: deployed ones, then these."""
    known = {
        (kind, key): File(filename, store.get_blob(tx, sha256))
        for kind, key, filename, sha256 in tx.all(_RESOURCES, {})
        if kind in ("form", "ui")
    }
    for kind, named in (("form", upload.papers.forms), ("ui", upload.papers.uis)):
        known.update({(kind, key): File(name, files[name]) for key, name in named.items()})
    return known


_RESOURCE_KEYS = sa.select(resource_table.c.key).where(resource_table.c.kind == p("kind"))


def _resource_keys(tx: Transaction, kind: str) -> list[str]:
    return [row[0] for row in tx.all(_RESOURCE_KEYS, {"kind": kind})]


def _deployed(tx: Transaction, key: str) -> Process:
    return definitions.process_of(tx, definitions.version(tx, key))


# -- storing --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Deployment:
    id: str
    executor: str
    at: datetime
    files: Mapping[str, bytes]


def _add_all(
    app: Application, tx: Transaction, upload: Upload, deployment: _Deployment
) -> list[dict[str, Any]]:
    """Add what is new: versions of processes, and of drawings where a file has nothing else."""
    added = []
    for name, diagram in upload.diagrams.items():
        added += [_add(app, tx, one, name, deployment) for one in diagram.processes.values()]
        if diagram.is_drawing:
            added += [_add_drawing(tx, one, name, deployment) for one in diagram.drawings.values()]
    return [one for one in added if one is not None]


def _add(
    app: Application, tx: Transaction, process: Process, filename: str, deployment: _Deployment
) -> dict[str, Any] | None:
    files = [_bpmn(tx, process.key, filename, deployment)]
    uis = tuple(one.form_ui for one in process.nodes.values() if one.form_ui)
    kinds = (("form", process.forms), ("ui", uis), ("decision", process.decisions))
    for kind, names in kinds:
        for key in sorted(set(names)):
            row = tx.one(_RESOURCE, {"kind": kind, "key": key})
            if row is not None:
                files.append({"kind": kind, "key": key, "filename": row[0], "sha256": row[1]})
    files += _imported(tx, files)
    added = _number(tx, process, deployment.executor, files, deployment)
    if added is not None:
        schedules.arm(app, tx, process, added["version"], deployment.at)
    return added


def _add_drawing(
    tx: Transaction, drawing: Drawing, filename: str, deployment: _Deployment
) -> dict[str, Any] | None:
    files = [_bpmn(tx, drawing.key, filename, deployment)]
    return _number(tx, drawing, NO_EXECUTOR, files, deployment)


def _bpmn(tx: Transaction, key: str, filename: str, deployment: _Deployment) -> dict[str, str]:
    sha256 = store.put_blob(tx, deployment.files[filename])
    return {"kind": "bpmn", "key": key, "filename": filename, "sha256": sha256}


def _number(
    tx: Transaction,
    one: Process | Drawing,
    executor: str,
    files: list[dict[str, str]],
    deployment: _Deployment,
) -> dict[str, Any] | None:
    """Number a version of these files; None if the latest one of its kind is the same."""
    covered = [(file["kind"], file["key"], file["sha256"]) for file in files]
    sha256 = hashlib.sha256(canonical([executor, covered])).hexdigest()
    latest = _LATEST_DRAWING if executor == NO_EXECUTOR else _LATEST_RUNNING
    before = tx.one(latest, {"process": one.key})
    if before is not None and before[0] == sha256:
        return None
    highest = tx.one(_HIGHEST, {"process": one.key})
    number = 1 + (highest[0] or 0 if highest else 0)
    tx.run(
        _INSERT,
        {
            "process": one.key,
            "version": number,
            "name": one.name or one.key,
            "sha256": sha256,
            "executor": executor,
            "deployment": deployment.id,
            "files": canonical(files).decode(),
            "at": deployment.at,
            "chosen": 0,
        },
    )
    return {
        "process": one.key,
        "version": number,
        "sha256": sha256,
        "executor": executor,
        "files": files,
    }


def _imported(tx: Transaction, files: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the DMN files that those of a process import, and these in turn."""
    found: dict[str, dict[str, str]] = {}
    waiting = [one["sha256"] for one in files if one["kind"] == "decision"]
    while waiting:
        for space in decisions.imported(store.get_blob(tx, waiting.pop())):
            row = tx.one(_RESOURCE, {"kind": "import", "key": space})
            if row is not None and space not in found:
                found[space] = {
                    "kind": "import", "key": space, "filename": row[0], "sha256": row[1],
                }  # fmt: skip
                waiting.append(row[1])
    return [found[space] for space in sorted(found)]


def _present(tx: Transaction, key: str) -> dict[str, Any]:
    one = definitions.version(tx, key)
    return {"key": key, "version": one.number, "sha256": one.sha256, "name": one.name,
            "executable": one.executable}  # fmt: skip
