"""The world that scenarios play in: demo lists, calendar, people, and every diagram.

Read once per run from ``processes/`` and ``tests/processes/``; nothing here is
ever changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from engine import decisions, forms, lists, revisions
from engine.access import Actor
from engine.bpmn import reader
from engine.bpmn.model import Process
from engine.calendar import Calendar
from engine.columns import Descriptor
from engine.decisions import Decision
from engine.definitions import Pinned
from engine.execution import Bundle
from engine.forms import Form
from engine.lists import ReferenceData
from engine.organisation import Organisation

ROOT = Path(__file__).parent.parent
FOLDERS = ("processes", "processes/forms", "processes/decisions", "tests/processes")
SUFFIXES = (".bpmn", ".dmn", ".json")


@dataclass(frozen=True, slots=True)
class City:
    """Units, people, lists and office hours."""

    lists: dict[str, lists.ListVersion]
    organisation: Organisation
    calendar: Calendar

    def day(self, at: datetime) -> date:
        """The local day of a moment."""
        return self.calendar.local(at).date()

    def reference(
        self, at: datetime, pinned: Mapping[str, lists.ListVersion] | None = None
    ) -> ReferenceData:
        """What expressions may look up at a moment, in a case that has used some lists."""
        return ReferenceData(
            self.organisation, {**self.lists, **(pinned or {})}, as_of=self.day(at)
        )

    def with_rows(self, name: str, rows: Sequence[dict[str, Any]], at: datetime) -> City:
        """The city after some rows of a list have changed."""
        old, day = self.lists[name], self.day(at)
        new = lists.read(old.descriptor, revisions.with_rows(old, rows, [], day), first=day)
        content = revisions.from_day(old, new, day)
        found = {**self.lists, name: lists.read(old.descriptor, content)}
        return City(found, Organisation(found), self.calendar)

    def actor(self, person: str, at: datetime) -> Actor:
        """A person with the roles of that day."""
        return Actor.of(person, self.organisation, self.day(at), person_id=person)

    def holders(self, role: str, unit: str, at: datetime) -> list[str]:
        """Who holds a role in a unit, by person id."""
        return self.organisation.people_with(role, unit, self.day(at))


@cache
def city() -> City:
    """The demo city."""
    folder = ROOT / "processes" / "lists"
    found = {}
    for path in sorted(folder.glob("*.json")):
        version = lists.read(
            Descriptor.read(path.read_bytes()), path.with_suffix(".csv").read_bytes()
        )
        found[version.name] = version
    hours = (folder / "office_hours.csv").read_bytes()
    calendar = Calendar.read((folder / "calendar.csv").read_bytes(), hours)
    return City(found, Organisation(found), calendar)


@cache
def files() -> dict[str, bytes]:
    """Every diagram, form and decision, by file name."""
    found = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*")):
            if path.suffix in SUFFIXES:
                found[path.name] = path.read_bytes()
    return found


@cache
def files_of(key: str) -> dict[str, bytes]:
    """The diagram of a process and of all that it calls, with every form and decision."""
    found = {name: one for name, one in files().items() if not name.endswith(".bpmn")}
    waiting = [f"{key}.bpmn"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = files()[name]
            called = re.findall(rb'calledElement="(\w+)"', found[name])
            waiting += [f"{one.decode()}.bpmn" for one in called]
    return found


@dataclass(frozen=True, slots=True)
class Definitions:
    """Deployed diagrams, forms and decisions by key, as one moment has them."""

    processes: dict[str, Process]
    forms: dict[str, Form]
    decisions: dict[str, Decision]

    def pinned(self, main: str) -> Pinned:
        """What a case of ``main`` that starts now runs on."""
        bundle = Bundle(main, self.processes)
        keys = list(self.processes)
        tables = {(key, name): one for key in keys for name, one in self.decisions.items()}
        papers = {(key, name): one for key in keys for name, one in self.forms.items()}
        return Pinned("", {}, bundle, tables, papers)

    def with_files(self, changed: dict[str, bytes]) -> Definitions:
        """The same with other versions of some files."""
        other = read(changed)
        return Definitions(
            {**self.processes, **other.processes},
            {**self.forms, **other.forms},
            {**self.decisions, **other.decisions},
        )


def read(contents: dict[str, bytes]) -> Definitions:
    """Read files; what is wrong with one is told whole."""
    processes, papers, tables = {}, {}, {}
    for name, content in contents.items():
        if name.endswith(".bpmn"):
            diagram, findings = reader.read_cached(content, name)
            assert diagram is not None, "\n".join(str(one.to_json()) for one in findings)
            processes.update(diagram.processes)
        elif name.endswith(".dmn"):
            found, findings = decisions.read(content, filename=name)
            tables.update({one.key: one for one in found})
        else:
            form, findings = forms.read(content, filename=name)
            assert form is not None, "\n".join(str(one.to_json()) for one in findings)
            papers[form.key] = form
    return Definitions(processes, papers, tables)


@cache
def definitions() -> Definitions:
    """What ``files`` define."""
    return read(files())
