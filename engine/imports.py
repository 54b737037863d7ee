"""An office's own files become the lists in force: read, compare, then activate.

``prepare`` reads files and says what they would change and what is wrong with
them; it writes nothing. ``activate`` puts what was prepared in force, all of it in
one transaction, and refuses when the lists have changed in between.

A file is known by its name (``people.csv``), else by its header: the one list
whose columns it has, by name or title. What the columns mean is taken from a descriptor
that comes with the files, from the list in force, or from the lists delivered. A workbook
is its first sheet, or the one named after the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from engine import (
    access,
    lists,
    recounting,
    references,
    revisions,
    spreadsheets,
    store,
    unattended,
)
from engine.access import Actor
from engine.calendar import LOCAL, Calendar
from engine.columns import Descriptor
from engine.database import Transaction
from engine.errors import InvalidList, Stale
from engine.lists import ListVersion, office
from engine.organisation import Organisation
from engine.ports import Application
from engine.spreadsheets import Finding

KINDS: dict[str, frozenset[str]] = {
    "units": frozenset({"units", "departments"}),
    "people": frozenset({"people", "roles"}),
    "lists": frozenset({"list"}),
    "calendar": frozenset({"calendar"}),
}
"""What ``bihuan import`` calls a group of lists -> the kinds of their descriptors."""

DELIVERED = Path("processes/lists")
"""Where descriptors lie of lists that are not in force yet."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file that was read: what stands in it, its new version, the one in force."""

    file: str
    encoding: str
    described: bytes
    content: bytes
    given: ListVersion
    version: ListVersion
    active: ListVersion | None

    def to_json(self) -> Document:
        """Return what it changes, personal columns left out."""
        return {
            "file": self.file,
            "list": self.version.name,
            "title_zh": self.version.descriptor.title_zh,
            "encoding": self.encoding,
            "rows": len(self.version.rows),
            "version": self.version.version,
            "active": self.active.version if self.active else None,
            **revisions.difference(self.active, self.version),
        }


@dataclass(slots=True)
class Plan:
    """What files would change.

    Attributes:
        as_of: the day they say how things are from, or None: they are the whole lists.
        position: of the stream of lists, which must still be there when it is activated.
        findings: what is wrong (errors) or doubtful (warnings).
        tasks: open tasks that nobody would be left to do; see ``unattended``.
    """

    as_of: date | None
    position: int
    sheets: list[Sheet] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tasks: list[Document] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether it may be activated."""
        return not any(one["severity"] == "error" for one in self.findings)

    def to_json(self) -> Document:
        """Return what people and programs read."""
        return {
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "files": [sheet.to_json() for sheet in self.sheets],
            "findings": self.findings,
            "unattended": self.tasks,
        }


def delivered() -> list[bytes]:
    """Return the descriptors that come with Bihuan, as bytes of their files."""
    return [path.read_bytes() for path in sorted(DELIVERED.glob("*.json"))]


def prepare(
    app: Application,
    files: Mapping[str, bytes],
    *,
    as_of: date | None = None,
    kind: str | None = None,
    delivered: Iterable[bytes] = (),
) -> Plan:
    """Return what files would change, with everything that is wrong with them.

    Args:
        files: CSV files and workbooks by name; descriptors (``NAME.json``) may come with them.
        as_of: the day from which the files hold; what holds before is not touched.
            None: each file is its list as a whole, the past included.
        kind: a key of ``KINDS`` that all files must belong to; None = any.
        delivered: descriptors to know lists by that are not in force yet.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        position, _ = store.stream_head(tx, references.STREAM)
        given = [content for name, content in files.items() if name.endswith(".json")]
        active = references.descriptors(tx)
        plan = Plan(as_of, position)
        try:
            known = _Known([*given, *active.values(), *delivered], kind)
        except InvalidList as reason:
            plan.findings += _findings_of(reason, "")
            return plan
        for name, content in files.items():
            if not name.endswith(".json"):
                _read(app, plan, known, name, content)
        if plan.sheets:
            _check(app, tx, plan)
            plan.tasks = _left_alone(app, plan, unattended.reading(tx))
    return plan


def activate(
    app: Application,
    actor: Actor,
    plan: Plan,
    *,
    case: str | None = None,
    decided: bool = False,
) -> list[Document]:
    """Put the lists of a plan in force, all or none; return ``{name, version, rows, changed}``.

    Args:
        actor: in whose name; an owner of lists.
        plan: what ``prepare`` said.
        case: the case that decided it, for the record.
        decided: the lists themselves let the actor decide of these rows through a case
            (``list_changes.may_change``), though it is no owner of lists.

    Raises:
        NotAllowed: the actor is no owner of lists.
        InvalidList: the plan has errors.
        Stale: other lists have come into force since it was made.
    """
    if not decided:
        access.require(actor, "activate_list")
    if not plan.valid:
        errors = [one for one in plan.findings if one["severity"] == "error"]
        raise spreadsheets.refuse(str(errors[0]["file"]), errors)
    with app.database.writing() as tx:
        position, _ = store.lock_stream(tx, references.STREAM)
        if position != plan.position:
            raise Stale("The lists have changed since these files were compared with them.",
                        hint="Look at the difference again, then activate.")  # fmt: skip
        done = [
            references.activate(
                tx,
                descriptor=sheet.described,
                content=sheet.content,
                actor=actor.name,
                at=app.clock.now(),
                case=case,
            )
            for sheet in plan.sheets
        ]
    with app.database.reading() as tx:
        app.references.refresh(tx)
    return done


class _Known:
    """The descriptors that a file may be read by, in the order of preference."""

    def __init__(self, described: Iterable[bytes], kind: str | None) -> None:
        found = [(Descriptor.read(content), content) for content in described]
        kinds = KINDS[kind] if kind else frozenset().union(*KINDS.values())
        self.kind = kind
        self.all = [one for one in found if one[0].kind in kinds]

    def of(self, file: str, header: list[str]) -> tuple[Descriptor, bytes]:
        """Return the descriptor of a file.

        Raises:
            InvalidList: it is no list that is known, or may be several.
        """
        stem = file.rpartition(".")[0]
        named = [one for one in self.all if stem == one[0].name or file == one[0].file]
        for one in named:
            if set(one[0].named(header)) <= set(one[0].columns):
                return one
        if named:
            return named[0]
        fits = {one[0].name: one for one in reversed(self.all) if _fits(one[0], header)}
        if len(fits) == 1:
            return next(iter(fits.values()))
        names = sorted(fits) or sorted({one[0].name for one in self.all})
        message = "its columns fit several lists" if fits else "it is no list that is known"
        hint = f"Name the file after its list ({', '.join(names)}), or send its descriptor with it."
        raise spreadsheets.refuse(file, [spreadsheets.finding(file, 1, None, message, hint)])


def _fits(descriptor: Descriptor, header: list[str]) -> bool:
    header = descriptor.named(header)
    required = {name for name, column in descriptor.columns.items() if column.required}
    needed = required - {descriptor.first}
    return needed <= set(header) <= set(descriptor.columns)


def _read(app: Application, plan: Plan, known: _Known, file: str, content: bytes) -> None:
    try:
        encoding = office.encoding(content)
        if encoding == "XLSX":
            content = office.plain(file, content)
        header, _ = spreadsheets.read(file, content)
        descriptor, described = known.of(file, header)
        content = office.renamed(descriptor, file, content)
        # What is wrong is said of the office's own file, not of the list's usual one.
        own = replace(descriptor, file=file)
        version = given = lists.read(own, content, first=plan.as_of)
        active = app.references.active.get(descriptor.name)
        stored = content
        if plan.as_of is not None:
            stored = revisions.from_day(active, version, plan.as_of)
            version = lists.read(own, stored)
        if any(sheet.version.name == version.name for sheet in plan.sheets):
            hint = "Import one file per list."
            found = spreadsheets.finding(file, 1, None, f"a second file of {version.name}", hint)
            raise spreadsheets.refuse(file, [found])
    except InvalidList as reason:
        plan.findings += _findings_of(reason, file)
        return
    plan.sheets.append(Sheet(file, encoding, described, stored, given, version, active))


def _findings_of(reason: InvalidList, file: str) -> list[Finding]:
    plain = {"code": "bad-row", "severity": "error", "file": file, "line": None, "element": None,
             "message": reason.message, "hint": reason.hint or ""}  # fmt: skip
    return list(reason.findings or [plain])


def _check(app: Application, tx: Transaction, plan: Plan) -> None:
    """Add what is wrong or doubtful between lists."""
    old = dict(app.references.active)
    new = {**old, **{sheet.version.name: sheet.version for sheet in plan.sheets}}
    given = {sheet.version.name: sheet.given for sheet in plan.sheets}
    wrong = lists.check_references(given, among=new)
    plan.findings += [{**one, "severity": "error"} for one in wrong]
    others = {name: version for name, version in old.items() if name not in given}
    was = {_said(one) for one in lists.check_references(others, among=old)}
    found = lists.check_references(others, among=new)
    plan.findings += [one for one in found if _said(one) not in was]
    day = _day(app, plan)
    known = {_said(one) for one in Organisation(old).check(day)}
    if any(version.descriptor.kind == "people" for version in new.values()):
        plan.findings += [one for one in Organisation(new).check(day) if _said(one) not in known]
    if any(sheet.version.descriptor.kind == "calendar" for sheet in plan.sheets):
        plan.findings += _check_calendar(tx, plan)


def _said(finding: Finding) -> tuple[Any, ...]:
    return finding["file"], finding["element"], finding["message"].partition(": ")[2]


def limits_moved(app: Application, plan: Plan) -> int | None:
    """Return how many open tasks have limits that a plan's calendar may move.

    None: the plan is of no calendar.
    """
    if not any(sheet.version.descriptor.kind == "calendar" for sheet in plan.sheets):
        return None
    with app.database.reading() as tx:
        return recounting.affected(app, tx, _calendar(tx, plan))


def _check_calendar(tx: Transaction, plan: Plan) -> list[Finding]:
    try:
        calendar = _calendar(tx, plan)
    except InvalidList as reason:
        return _findings_of(reason, "calendar.csv")
    return [
        {
            "code": "provisional-year",
            "severity": "warning",
            "file": "calendar.csv",
            "line": None,
            "element": str(year.number),
            "message": f"The year {year.number} stays provisional.",
            "hint": "It is official once its 1 January is listed with the status 'official'.",
        }
        for year in calendar.years()
        if year.provisional
    ]


def _calendar(tx: Transaction, plan: Plan) -> Calendar:
    """Return the calendar as it would be with a plan.

    Raises:
        InvalidList: a row that cannot be used.
    """
    files = references.contents(tx, "calendar")
    files |= {
        sheet.version.name: sheet.content
        for sheet in plan.sheets
        if sheet.version.descriptor.kind == "calendar"
    }
    return Calendar.read(files.get("calendar", b"date,is_workday\n"),
                         files.get("office_hours", b""))  # fmt: skip


def _left_alone(app: Application, plan: Plan, work: unattended.Work) -> list[Document]:
    """Return the open tasks that these files would leave without anybody."""
    day = _day(app, plan)
    new = {**app.references.active, **{one.version.name: one.version for one in plan.sheets}}
    before = {one["id"] for one in unattended.left_alone(work, app.references.organisation, day)}
    after = unattended.left_alone(work, Organisation(new), day)
    return [one for one in after if one["id"] not in before]


def _day(app: Application, plan: Plan) -> date:
    return plan.as_of or app.clock.now().astimezone(LOCAL).date()
