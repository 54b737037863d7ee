"""Files that come to be checked or deployed together, read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine import decisions, papers
from engine.bpmn import reader
from engine.bpmn.document import shown_name
from engine.bpmn.findings import Finding
from engine.bpmn.findings import named as with_names
from engine.bpmn.model import Diagram, Drawing, Process
from engine.decisions import EXAMPLES
from engine.execution import Executor
from engine.forms import File
from engine.forms.findings import labels
from engine.papers import Papers

KINDS = (".bpmn", ".dmn", ".json", EXAMPLES)
"""How the names of files end that may be deployed."""
CALLED = " -> "
"""Between the name of a file and the key of a process that it calls."""


def inside(folder: Path) -> list[Path]:
    """Return the files in a folder that may be deployed, without ``lists`` and ``demo``."""
    found = sorted(one for one in folder.rglob("*") if one.name.endswith(KINDS))
    apart = {"lists", "demo"}
    return [one for one in found if not apart.intersection(one.relative_to(folder).parts[:-1])]


@dataclass(slots=True)
class Upload:
    """Files that belong together.

    Attributes:
        diagrams: file name -> what was read of it. decisions: key -> file name.
        imports: namespace -> file name, of the DMN files that others here import.
        papers: its forms and UI schemas.
        examples: file of decisions -> file of the examples that its tables are tried with.
    """

    diagrams: dict[str, Diagram] = field(default_factory=dict)
    decisions: dict[str, str] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    papers: Papers = field(default_factory=Papers)
    examples: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def processes(self) -> dict[str, Process]:
        """Every process of the diagrams, by key."""
        return {key: one for d in self.diagrams.values() for key, one in d.processes.items()}

    @property
    def drawings(self) -> dict[str, Drawing]:
        """What files of which nothing runs show, by key."""
        shown = [one for one in self.diagrams.values() if one.is_drawing]
        return {key: drawing for one in shown for key, drawing in one.drawings.items()}


def read(files: Mapping[str, bytes]) -> Upload:
    """Return what is in the files; what cannot be read is among the findings."""
    upload = Upload()
    found = _decisions(upload, files)
    # The diagrams first: they say what a JSON file is.
    for name in sorted(files, key=lambda one: (_kind(one) == "json", one)):
        content, kind = files[name], _kind(name)
        if kind in {"bpmn", "xml"}:
            diagram, found[name] = reader.read_cached(content, name)
            if diagram is not None:
                upload.diagrams[name] = diagram
        elif kind == "json":
            found[name] = papers.read_json(upload.papers, upload.processes, File(name, content))
        elif name not in found:
            found[name] = [_unknown(name)]
    upload.findings = [one for name in sorted(found) for one in found[name]]
    return upload


def _decisions(upload: Upload, files: Mapping[str, bytes]) -> dict[str, list[Finding]]:
    """Read the decisions, check their tables and try their examples; return the findings."""
    contents = {name: files[name] for name in sorted(files) if _kind(name) == "dmn"}
    models, found = decisions.read_files(contents)
    for name, model in models.items():
        upload.decisions.update({one.key: name for one in model.askable()})
        upload.imports.update(
            {space: one.file for space in model.imported for one in models.values()
             if one.namespace == space}
        )  # fmt: skip
        found[name] += decisions.check(model)
    for name in sorted(one for one in files if one.endswith(decisions.EXAMPLES)):
        table = name.removesuffix(decisions.EXAMPLES) + ".dmn"
        upload.examples[table] = name
        found[name] = decisions.check_examples(files[name], models.get(table), name)
    return found


def named(
    upload: Upload,
    findings: Iterable[Finding],
    others: Mapping[str, Process],
    files: Mapping[str, bytes],
) -> list[Finding]:
    """Return the findings with the names of the elements that they are about.

    Args:
        others: every process that may be called, by key.
        files: the upload itself; the labels of a form are in its file.
    """
    names: dict[str, Mapping[str, str]] = {}
    found: list[Finding] = []
    for one in findings:
        if one.file not in names:
            names[one.file] = _names(upload, one.file, others, files)
        found += with_names([one], names[one.file])
    return found


def _names(
    upload: Upload, file: str, others: Mapping[str, Process], files: Mapping[str, bytes]
) -> Mapping[str, str]:
    called = others.get(file.rpartition(CALLED)[2]) if CALLED in file else None
    processes = [called] if called is not None else []
    if file in upload.diagrams:
        processes += upload.diagrams[file].processes.values()
    names = {key: name for one in processes for key, name in _names_in(one)}
    return names or (labels(files[file]) if file in files and _kind(file) == "json" else {})


def _names_in(process: Process) -> Iterator[tuple[str, str]]:
    called = [(one.id, one.name) for one in process.nodes.values()]
    for scope in process.scopes.values():
        called += [(one.id, one.name or "") for one in scope.flows.values()]
    if process.name != process.key:
        called.append((process.key, process.name))
    for key, name in called:
        if shown_name(name):
            yield key, shown_name(name)


def _kind(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _unknown(name: str) -> Finding:
    return Finding(
        code="unknown-file",
        severity="error",
        file=name,
        element=None,
        line=None,
        message=f"{name!r} is no BPMN, DMN or form.",
        hint="Name diagrams *.bpmn, decisions *.dmn and forms *.json.",
    )


def not_run(
    executor: Executor, diagram: Diagram, others: Mapping[str, Process], filename: str
) -> list[Finding]:
    """Return what the executor would not run, in the diagram and in all that it calls.

    A case runs on one executor, whatever its called processes were deployed for.

    Args:
        others: every process that may be called, by key.
    """
    findings: list[Finding] = []
    seen, waiting = set(diagram.processes), list(diagram.processes.values())
    while waiting:
        process = waiting.pop(0)
        own = process.key in diagram.processes
        file = filename if own else f"{filename}{CALLED}{process.key}"
        findings += executor.refusals(process, file)
        for key in process.calls:
            if key in others and key not in seen:
                seen.add(key)
                waiting.append(others[key])
    return findings
