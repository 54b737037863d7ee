"""The definitions that cases are tried on, and what of them is as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import definitions, uploads
from engine.bpmn.model import Kind, Node, Process
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import NotDeployable
from engine.ports import Application
from engine.tables import resources
from engine.uploads import Upload

_RESOURCE = sa.select(resources.c.filename, resources.c.sha256).where(
    resources.c.kind == p("kind"), resources.c.key == p("key")
)

# What stands in a file for people, or says where in it something stands.
_SILENT = frozenset({"line", "documentation", "tests", "instructions", "outcomes_en", "body"})

Files = list[dict[str, str]]


class Changed:
    """The files of a back-test in place of those that cases ran on.

    Raises:
        NotDeployable: one of the files cannot be read.
    """

    def __init__(self, app: Application, files: Mapping[str, bytes]) -> None:
        self._app = app
        self.upload: Upload = uploads.read(files)
        wrong = [one for one in self.upload.findings if one.severity == "error"]
        if wrong:
            raise NotDeployable(
                "The files have errors.",
                hint="Mend what the findings name, then try again: `bihuan check` names them too.",
                findings=[one.to_json() for one in wrong],
            )
        self._named = {name: hashlib.sha256(one).hexdigest() for name, one in files.items()}
        self._contents = {self._named[name]: content for name, content in files.items()}
        self._made: dict[str, tuple[Pinned, Pinned, frozenset[tuple[str, str]]]] = {}

    def decisions(self) -> Files:
        """Return the decisions among the files."""
        found = self.upload.decisions.items()
        return [self._file("decision", key, name) for key, name in found]

    def of(self, tx: Transaction, digest: str) -> tuple[Pinned, Pinned, frozenset[tuple[str, str]]]:
        """Return what a case ran on, what it is tried on, and the elements that are the same."""
        made = self._made.get(digest)
        if made is None:
            old = self._app.library.pinned(tx, digest)
            versions = {**old.versions, "processes": self._processes(tx, old)}
            versions.pop("before", None)
            new = self._app.library.draft(tx, versions, self._contents)
            made = self._made[digest] = old, new, frozenset(_unchanged(old, new))
        return made

    def _processes(self, tx: Transaction, old: Pinned) -> dict[str, Any]:
        pinned = old.versions["processes"]
        found: dict[str, Any] = {}
        waiting = [old.bundle.main]
        while waiting:
            key = waiting.pop()
            if key in found:
                continue
            process = self.upload.processes.get(key)
            if process is not None:
                files = self._files(tx, process, pinned.get(key))
                found[key] = {"version": 0, "sha256": files[0]["sha256"], "files": files}
            else:
                pin = pinned.get(key) or definitions.version(tx, key).pin()
                found[key] = {**pin, "files": [self._newer(one) for one in pin["files"]]}
                process = self._deployed(tx, old, key)
            waiting.extend(process.calls)
        return found

    def _deployed(self, tx: Transaction, old: Pinned, key: str) -> Process:
        known = old.bundle.processes.get(key)
        return known or definitions.process_of(tx, definitions.version(tx, key))

    def _files(self, tx: Transaction, process: Process, pin: Any) -> Files:
        """Return the files of an uploaded process: its own, those of the case, those in force."""
        diagram = next(n for n, one in self.upload.diagrams.items() if process.key in one.processes)
        found = [self._file("bpmn", process.key, diagram)]
        before = {(one["kind"], one["key"]): one for one in (pin["files"] if pin else ())}
        uis = [one.form_ui for one in process.nodes.values() if one.form_ui]
        for kind, keys in (
            ("form", process.forms), ("ui", uis), ("decision", process.decisions),
        ):  # fmt: skip
            for key in sorted(set(keys)):
                known = before.get((kind, key)) or self._resource(tx, kind, key)
                if known is not None or key in self._uploaded(kind):
                    file = known or {"kind": kind, "key": key}
                    found.append(self._newer(file))
        return found + [self._newer(one) for one in before.values() if one["kind"] == "import"]

    def _resource(self, tx: Transaction, kind: str, key: str) -> dict[str, str] | None:
        row = tx.one(_RESOURCE, {"kind": kind, "key": key})
        if row is None:
            return None
        return {"kind": kind, "key": key, "filename": row[0], "sha256": row[1]}

    def _uploaded(self, kind: str) -> Mapping[str, str]:
        upload = self.upload
        known: dict[str, Mapping[str, str]] = {
            "form": upload.papers.forms, "ui": upload.papers.uis,
            "decision": upload.decisions, "import": upload.imports,
        }  # fmt: skip
        return known.get(kind, {})

    def _newer(self, file: dict[str, str]) -> dict[str, str]:
        """Return the uploaded file of that kind and key where there is one."""
        name = self._uploaded(file["kind"]).get(file["key"])
        return file if name is None else self._file(file["kind"], file["key"], name)

    def _file(self, kind: str, key: str, name: str) -> dict[str, str]:
        return {"kind": kind, "key": key, "filename": name, "sha256": self._named[name]}


# -- what is as it was --------------------------------------------------------------------


def _unchanged(old: Pinned, new: Pinned) -> Iterator[tuple[str, str]]:
    """Yield (process, element) of what would be asked the same, and do the same, in both."""
    for key, process in new.bundle.processes.items():
        before = old.bundle.processes.get(key)
        if before is None:
            continue
        same = set(_same(before, process, _decided(old, key), _decided(new, key)))
        yield from ((key, one) for one in same)


def _decided(pinned: Pinned, process: str) -> Mapping[str, str]:
    files: Files = pinned.versions["processes"][process]["files"]
    imports = "".join(one["sha256"] for one in files if one["kind"] == "import")
    return {one["key"]: one["sha256"] + imports for one in files if one["kind"] == "decision"}


def _same(
    old: Process, new: Process, decided: Mapping[str, str], decides: Mapping[str, str]
) -> Iterator[str]:
    before, after = _signs(old, decided), _signs(new, decides)
    for element, sign in after.items():
        if before.get(element) == sign:
            yield element


def _signs(process: Process, decided: Mapping[str, str]) -> dict[str, Any]:
    """Return for each element, and the process itself, what it does and what stands at it."""
    own = {key: _sign(node) for key, node in process.nodes.items()}
    flows = {key: one for scope in process.scopes.values() for key, one in scope.flows.items()}

    def around(node: Node) -> Any:
        leaving = tuple(_sign(flows[one]) for one in node.outgoing if one in flows)
        at_it = tuple(own[one] for one in node.boundary)
        beyond: tuple[Any, ...] = ()
        if node.kind is Kind.EVENT_BASED:
            targets = [flows[one].target for one in node.outgoing]
            beyond = tuple(own[one] for one in targets if one in own)
        inside = None if node.body is None else _scope_sign(node.body.id, process, own)
        table = None if node.decision is None else decided.get(node.decision.key)
        return own[node.id], leaving, at_it, beyond, inside, table

    found = {key: around(node) for key, node in process.nodes.items()}
    whole = (_sign(process.unit), _sign(dict(process.properties)), process.takes, process.gives)
    found[process.key] = (whole, _scope_sign(process.key, process, own))
    return found


def _scope_sign(key: str, process: Process, own: Mapping[str, Any]) -> Any:
    scope = process.scopes[key]
    starts = [
        own[one] for inner in scope.event_sub_processes for one in process.scopes[inner].starts
    ]
    data = {name: _sign(code) for name, code in scope.data.items()}
    return scope.starts, scope.implicit_starts, tuple(starts), tuple(sorted(data)), repr(data)


def _sign(value: Any) -> Any:
    """Return what a part of a model says, without lines of the file and words for people."""
    if is_dataclass(value) and not isinstance(value, type):
        found = (
            (one.name, _sign(getattr(value, one.name)))
            for one in fields(value)
            if one.name not in _SILENT
        )
        return type(value).__name__, *found
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return tuple((key, _sign(one)) for key, one in value.items())
    if isinstance(value, tuple | list):
        return tuple(_sign(one) for one in value)
    return value
