"""Somebody edits the database behind the engine's back: each kind is found, named and explained."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from engine import (
    archive,
    backups,
    cases,
    checkpoints,
    cli,
    deployments,
    erasure,
    identities,
    replay,
    retention,
    timers,
    verification,
)
from engine.application import Application, open_application
from engine.cases import Once
from engine.checkpoints import keys, log, papers
from engine.clock import ManualClock, parse
from engine.commands import (
    AddAttachment,
    AddComment,
    CancelCase,
    ClaimTask,
    CompleteTask,
    MigrateCase,
    MoveTokens,
)
from engine.history import canonical, digest, genesis
from engine.merkle import Edge, leaf
from engine.notary import Private
from engine.settings import Settings
from engine.store import pack
from engine.tables import (
    blobs,
    candidates,
    definitions,
    entries,
    leaves,
    links,
    list_versions,
    metadata,
    milestones,
    published,
    resources,
    sealed,
    streams,
    subtrees,
    tasks,
    tokens,
    users,
)
from engine.tables import cases as case_table
from engine.tables import (
    checkpoints as checkpoint_table,
)
from engine.tables import timers as timer_table
from engine.verification import present
from tests import rows
from tests.conftest import FIVE_STEPS, MONDAY, _count
from tests.test_public import publishing

ROOT = Path(__file__).parent.parent
SIGNED = MONDAY + timedelta(hours=1)
"""When the checkpoint was made."""
LATE, NOTED = "late", "noted"
"""A case with timers, and one with remarks and a file."""


@dataclass(frozen=True)
class Place:
    """An installation whose last checkpoint lies elsewhere too."""

    app: Application
    ids: dict[str, str]
    paper: Path

    def change(self, *clauses: Any) -> None:
        """Change something past the engine."""
        with self.app.database.engine.connect() as connection:
            for clause in clauses:
                connection.execute(clause)
            connection.commit()

    @contextmanager
    def changed(self, *clauses: Any) -> Iterator[None]:
        """Change something past the engine, until the end of the block."""
        touched = {one.table.name: one.table for one in clauses}
        with self.app.database.engine.connect() as connection:
            kept = {
                name: [dict(row._mapping) for row in connection.execute(sa.select(table))]
                for name, table in touched.items()
            }
        self.change(*clauses)
        try:
            yield
        finally:
            with self.app.database.engine.connect() as connection:
                for name, table in touched.items():
                    connection.execute(sa.delete(table))
                    if kept[name]:
                        connection.execute(sa.insert(table), kept[name])
                connection.commit()

    def of_case(self, name: str) -> list[Any]:
        """What is found in one case."""
        (found,) = verification.cases(self.app, [self.ids[name]])
        return found

    def ask(self, clause: Any) -> list[tuple[Any, ...]]:
        with self.app.database.engine.connect() as connection:
            return [tuple(one) for one in connection.execute(clause)]

    def history(self, stream: str) -> list[dict[str, Any]]:
        where = entries.c.stream == stream
        found = self.ask(sa.select(entries.c.body).where(where).order_by(entries.c.position))
        return [orjson.loads(bytes(one[0])) for one in found]

    def found(self, *read: papers.Paper) -> list[tuple[str, int | None, str]]:
        return [(one.case, one.position, one.what) for one in self.findings(*read)]

    def findings(self, *read: papers.Paper) -> list[Any]:
        ids = [one for (one,) in self.ask(sa.select(case_table.c.id).order_by(case_table.c.id))]
        broken = [one for each in verification.cases(self.app, ids) for one in each]
        return verification.merged(broken, verification.rest(self.app, papers=read))

    def elsewhere(self) -> papers.Paper:
        """The checkpoint's file, read with the public key alone."""
        return papers.read(self.paper, [keys.read_public(self.paper.parent / "key.pem.pub")])


def happen(app: Application) -> dict[str, str]:
    """Let a little happen, with everything that can be tampered with."""
    dispatcher = identities.actor(app, "street_dispatcher")
    accept = "five_steps.accept.1"

    def start() -> str:
        return str(cases.start(app, dispatcher, process="five_steps", data={}).case_id)

    late, noted, other = start(), start(), start()
    cases.handle(app, dispatcher, late, CompleteTask(accept, "accept"))
    cases.handle(app, dispatcher, late, CompleteTask("five_steps.assign.1", None, {"lead": "D04"}))
    app.clock.set(app.clock.now() + timedelta(hours=1))
    timers.tick(app)
    cases.handle(app, dispatcher, noted, ClaimTask(accept))
    cases.handle(app, dispatcher, noted, AddComment(accept, "remark"))
    file = {"name": "a.txt", "content": b"text".hex()}
    attach = AddAttachment(accept, app.clock.new_id(), file, "text/plain", 4, "0" * 64)
    cases.handle(app, dispatcher, noted, attach)
    identities.create_token(app, "admin", by="@operator")
    return {LATE: late, NOTED: noted, "other": other}


def prepare(url: str, folder: Path, sandbox: Any) -> dict[str, str]:
    settings = Settings(
        database_url=url, checkpoint_key=str(folder / "key.pem"), checkpoint_to=str(folder)
    )
    app = open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)
    ids = happen(app)
    checkpoints.renew_key(app)
    checkpoints.make(app)
    app.database.close()
    return ids


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory, city, sandbox) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("tampering")
    shutil.copy(city, folder / "city.db")
    return folder, prepare(f"sqlite:///{folder / 'city.db'}", folder, sandbox)


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory, server, postgres_city, sandbox) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("tampering")
    return folder, prepare(server.create("tampering", postgres_city), folder, sandbox)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request, tmp_path, sandbox) -> Iterator[Place]:
    """A copy of the installation, on SQLite and then on PostgreSQL."""
    folder, ids = request.getfixturevalue(f"on_{request.param}")
    with ExitStack() as house:
        if request.param == "sqlite":
            shutil.copy(folder / "city.db", tmp_path / "copy.db")
            url = f"sqlite:///{tmp_path / 'copy.db'}"
        else:
            lent = request.getfixturevalue("server").lent(f"tampered_{next(_count)}", "tampering")
            url = house.enter_context(lent)
        settings = Settings(database_url=url, checkpoint_key=str(folder / "key.pem"))
        app = open_application(settings, clock=ManualClock(SIGNED), sandbox=sandbox)
        house.callback(app.database.close)
        yield Place(app, ids, folder / "000001.checkpoint")


def at(stream: str, position: int) -> Any:
    return sa.and_(entries.c.stream == stream, entries.c.position == position)


def body_of(document: dict[str, Any], **changed: Any) -> bytes:
    return canonical({**document, **changed})


def chained(place: Place, stream: str, documents: list[dict[str, Any]], table: Any) -> None:
    """Write a whole history anew, with digests and head that fit."""
    previous = genesis(stream)
    clauses = [sa.delete(entries).where(entries.c.stream == stream)]
    for document in documents:
        body = canonical(document)
        previous = digest(previous, body)
        values = {"stream": stream, "position": document["position"], "actor": document["actor"],
                  "at": parse(document["at"]), "type": document["command"]["type"],
                  "body": body, "digest": previous}  # fmt: skip
        clauses.append(sa.insert(entries).values(values))
    where = table.c.id == stream
    head = sa.update(table).where(where).values(head=previous, position=len(documents))
    place.change(*clauses, head)


def test_what_nobody_touched_is_sound_and_stays_as_it_was(place):
    before = rows.everything(place.app)

    assert place.found(place.elsewhere()) == []

    report = verification.everything(place.app, with_present=True)
    assert (report.cases, report.sound, report.broken) == (3, 3, [])
    assert report.checkpoint.number == 1
    assert rows.everything(place.app) == before


def test_what_operations_leave_behind_is_sound_and_its_archive_too(place, tmp_path):
    app = place.app
    admin, clerk = (identities.actor(app, name) for name in ("admin", "street_dispatcher"))
    changed = FIVE_STEPS.read_bytes().replace(b'name="', b'name="N ', 1)
    deployments.deploy(app, identities.operator(), {FIVE_STEPS.name: changed})
    late, noted, other = (place.ids[name] for name in (LATE, NOTED, "other"))
    cases.handle(app, identities.operator(), late, MigrateCase(2, reason="why"))
    cases.handle(app, clerk, other, CompleteTask("five_steps.accept.1", "accept"))
    move = MoveTokens("accept", reason="why")
    cases.handle(app, admin, other, move)
    cases.link(app, admin, late, noted, "why", once=Once("link", None))
    erasure.erase(
        app, identities.actor(app, "privacy_officer"), noted, classes=(), reason="request"
    )
    cases.handle(app, admin, noted, CancelCase("voided", "by mistake"))
    with app.database.writing() as tx:
        retention.tidy(tx, app.clock.now() + timedelta(days=90))
    list(replay.rebuild(app, [late, noted, other]))
    archive.write(app, tmp_path / "all.jsonl", archive.Selection(personal=True))

    assert place.found(place.elsewhere()) == []
    checked = archive.check(tmp_path / "all.jsonl", [keys.own(app.settings).public])
    assert (checked.cases, checked.broken) == (3, [])
    if app.database.is_sqlite:
        copy = tmp_path / "backup.db"
        backups.backup(app.settings.database_url, copy)
        backups.restore(copy, f"sqlite:///{tmp_path / 'new.db'}")
        settings = replace(app.settings, database_url=f"sqlite:///{tmp_path / 'new.db'}")
        again = open_application(settings, clock=ManualClock(SIGNED), sandbox=app.sandbox)
        assert replace(place, app=again).found(place.elsewhere()) == []
        again.database.close()


def test_the_document_says_of_every_table_whether_it_is_covered():
    text = (ROOT / "docs" / "proof.md").read_text("utf-8").partition("### Table by table")[2]
    lines = [one.split("|")[1:4] for one in text.splitlines() if one.startswith("| `")]
    said = {name: what for names, _, what in lines for name in re.findall("`([a-z_]+)`", names)}
    again = {name for name, what in said.items() if "`verify`: the case is applied" in what}

    assert sorted(said) == sorted(metadata.tables)
    assert again == {"cases", *present.TABLES} - {"milestones"}


# -- histories ----------------------------------------------------------------------------

BYTES: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "payload": lambda one: body_of(one, command={**one["command"], "outcome": "refuse"}),
    "actor": lambda one: body_of(one, actor="somebody"),
    "time": lambda one: body_of(one, at="2026-09-13T01:00:00Z"),
    "position": lambda one: body_of(one, position=3),
    "events": lambda one: body_of(one, events=[]),
}


def test_a_changed_entry_is_found_at_its_position(place):
    late = place.ids[LATE]
    second = place.history(late)[1]
    found = {}

    for kind, change in BYTES.items():
        with place.changed(sa.update(entries).where(at(late, 2)).values(body=change(second))):
            found[kind] = [one.to_json() for one in place.of_case(LATE)]

    reason = "its digest does not match its content"
    due = {"case": late, "position": 2, "what": "entry", "reason": reason}
    assert found == {kind: [due] for kind in BYTES}
    assert place.of_case(LATE) == []


def test_a_changed_column_beside_an_entry_is_found(place):
    columns = {"at": MONDAY - timedelta(days=1), "actor": "somebody", "type": "claim_task"}
    found = {}

    for column, value in columns.items():
        clause = sa.update(entries).where(at(place.ids[LATE], 2)).values({column: value})
        with place.changed(clause):
            found[column] = [(one.position, one.what) for one in place.of_case(LATE)]

    assert found == {column: [(2, "column")] for column in columns}


def put_in(place: Place, late: str) -> list[Any]:
    moved = sa.update(entries).where(at(late, 3)).values(position=4)
    again = {**place.history(late)[1], "position": 3}
    row = {"stream": late, "position": 3, "at": MONDAY, "actor": "x", "type": "x",
           "body": canonical(again), "digest": "0" * 64}  # fmt: skip
    return [moved, sa.insert(entries).values(row)]


def swapped(_: Place, late: str) -> list[Any]:
    return [
        sa.update(entries).where(at(late, old)).values(position=new)
        for old, new in ((2, 1000), (3, 2), (1000, 3))
    ]


def of_another(place: Place, late: str) -> list[Any]:
    other = place.ids["other"]
    return [
        sa.delete(entries).where(entries.c.stream == late),
        sa.update(entries).where(entries.c.stream == other).values(stream=late),
    ]


MOVED: dict[str, tuple[Callable[[Place, str], list[Any]], int]] = {
    "taken out": (lambda _, late: [sa.delete(entries).where(at(late, 2))], 2),
    "put in": (put_in, 3),
    "swapped": (swapped, 2),
    "of another case": (of_another, 1),
    "cut off": (
        lambda _, late: [
            sa.delete(entries).where(entries.c.stream == late, entries.c.position > 1)
        ],
        2,
    ),
}


def test_entries_that_are_not_where_they_were_are_found(place):
    late = place.ids[LATE]
    found = {}

    for kind, (tamper, _) in MOVED.items():
        with place.changed(*tamper(place, late)):
            found[kind] = [(one.position, one.what) for one in place.of_case(LATE)]

    assert found == {kind: [(position, "entry")] for kind, (_, position) in MOVED.items()}


def test_a_history_cut_short_with_its_head_is_found_against_the_log(place):
    late = place.ids[LATE]
    history = place.history(late)

    chained(place, late, history[:-1], case_table)

    (finding,) = place.findings()
    assert finding.to_json() == {
        "case": late, "position": len(history), "what": "entry",
        "reason": f"its history ends at entry {len(history) - 1}; checkpoint 1 of "
        f"2026-09-14T02:00:00Z has it at entry {len(history)}",
    }  # fmt: skip


def test_a_history_written_anew_with_digests_that_fit_is_found_against_the_log(place):
    late = place.ids[LATE]
    history = place.history(late)
    history[1]["actor"] = "somebody"

    chained(place, late, history, case_table)

    (finding,) = place.findings()
    assert (finding.case, finding.position, finding.what) == (late, len(history), "entry")
    assert "was written anew: checkpoint 1" in finding.reason


def test_an_entry_that_says_a_moment_before_the_one_before_it_is_found(place):
    place.change(sa.delete(leaves), sa.delete(subtrees), sa.delete(checkpoint_table))
    late = place.ids[LATE]
    history = place.history(late)
    history[1]["at"] = "2026-09-14T00:59:59Z"

    chained(place, late, history, case_table)

    (finding,) = place.findings()
    assert finding.to_json() == {
        "case": late, "position": 2, "what": "entry",
        "reason": "it says 2026-09-14T00:59:59Z, which is before the entry before it",
    }  # fmt: skip


def test_two_histories_that_changed_places_are_found_against_the_log(place):
    late, noted = place.ids[LATE], place.ids[NOTED]
    one, other = place.history(late), place.history(noted)

    chained(place, late, other, case_table)
    chained(place, noted, one, case_table)

    found = [(one.case, one.what, "checkpoint 1 of" in one.reason) for one in place.findings()]
    assert found == [
        (late, "sealed value", False),
        (late, "entry", True),
        (noted, "entry", True),
    ]


def test_a_history_goes_on_after_a_checkpoint_and_stays_sound(place):
    actor = identities.actor(place.app, "street_dispatcher")
    cases.handle(place.app, actor, place.ids["other"], ClaimTask("five_steps.accept.1"))

    assert place.found(place.elsewhere()) == []


def dated(place: Place, case_id: str, moment: str) -> None:
    """Write a case anew, with digests that fit, as if it had all happened at a moment."""
    documents = [{**one, "at": moment} for one in place.history(case_id)]
    chained(place, case_id, documents, case_table)


def test_a_case_that_was_put_in_before_a_checkpoint_is_found(place):
    place.app.clock.set(SIGNED + timedelta(days=1))
    dispatcher = identities.actor(place.app, "street_dispatcher")
    started = cases.start(place.app, dispatcher, process="five_steps", data={}).case_id
    never = str(started)
    assert place.found(place.elsewhere()) == []

    dated(place, never, "2026-09-14T01:30:00Z")
    later = [one for one in place.findings() if one.what == "entry"]
    checkpoints.make(place.app)

    reason = (
        "it says 2026-09-14T01:30:00Z, and checkpoint 1 of 2026-09-14T02:00:00Z does not have "
        "it: it was put in later, or the clock was set back"
    )
    assert [one.to_json() for one in later] == [
        {"case": never, "position": 1, "what": "entry", "reason": reason}
    ]
    # A checkpoint that has it is later than that.
    assert reason in [one.reason for one in place.findings()]


def test_an_act_that_was_put_in_before_a_checkpoint_is_found(place):
    place.app.clock.set(SIGNED + timedelta(days=1))
    identities.add_user(place.app, "ghost", by="@operator")
    acts = place.history("@identities")

    acts[-1]["at"] = "2026-09-14T01:30:00Z"
    chained(place, "@identities", acts, streams)

    (finding,) = place.findings()
    assert (finding.case, finding.position) == ("@identities", len(acts))
    assert "does not have it: it was put in later" in finding.reason


def vanish(place: Place, case_id: str) -> None:
    place.change(
        *(
            sa.delete(table).where(table.c.case_id == case_id)
            for table in metadata.sorted_tables
            if "case_id" in table.c
        ),
        sa.delete(entries).where(entries.c.stream == case_id),
        sa.delete(case_table).where(case_table.c.id == case_id),
    )


def test_a_case_that_vanished_without_a_trace_is_found(place):
    vanish(place, place.ids["other"])

    (finding,) = place.findings()
    assert finding.to_json() == {
        "case": place.ids["other"], "what": "case",
        "reason": "it is gone; checkpoint 1 of 2026-09-14T02:00:00Z has it at entry 1",
    }  # fmt: skip


def test_acts_of_administrators_cut_short_are_found_against_the_log(place):
    chained(place, "@deployments", [], streams)

    assert place.found() == [
        ("five_steps version 1", None, "definition"), ("@deployments", 1, "entry"),
    ]  # fmt: skip


# -- what derives from them ---------------------------------------------------------------

OPEN = (tasks.c.state == "open") & (tasks.c.assignee.is_not(None))
PRESENT: dict[str, tuple[Callable[[Place], Any], str, str, str]] = {
    "state": (
        lambda of: sa.update(case_table)
        .where(case_table.c.id == of.ids[LATE])
        .values(state="completed"),
        LATE,
        "snapshot",
        "its state is 'completed', where its history comes to 'open'",
    ),
    "data": (
        lambda of: sa.update(case_table)
        .where(case_table.c.id == of.ids[LATE])
        .values(data=pack({"": {"lead": "D05"}})),
        LATE,
        "snapshot",
        "its data is another one",
    ),
    "where it stands": (
        lambda of: sa.update(case_table)
        .where(case_table.c.id == of.ids[LATE])
        .values(control=pack({})),
        LATE,
        "snapshot",
        "its control is another one",
    ),
    "starter": (
        lambda of: sa.update(case_table)
        .where(case_table.c.id == of.ids[LATE])
        .values(starter="somebody"),
        LATE,
        "snapshot",
        "its starter is 'somebody', where its history comes to 'street_dispatcher'",
    ),
    "version": (
        lambda of: sa.update(case_table).where(case_table.c.id == of.ids[LATE]).values(version=7),
        LATE,
        "snapshot",
        "its version is 7, where its history comes to 1",
    ),
    "assignee": (
        lambda _: sa.update(tasks).where(OPEN).values(assignee="somebody"),
        NOTED,
        "inbox row",
        "tasks five_steps.accept.1: assignee is 'somebody', where its history comes to 'street",
    ),
    "a task is gone": (
        lambda _: sa.delete(tasks).where(OPEN),
        NOTED,
        "inbox row",
        "tasks five_steps.accept.1 is gone, which its history comes to",
    ),
    "offered to another": (
        lambda of: sa.insert(candidates).values(
            case_id=of.ids[NOTED], task="five_steps.accept.1", role="admin", unit="",
            sort_at=MONDAY,
        ),
        NOTED,
        "inbox row",
        "candidates five_steps.accept.1/admin/ is there, which its history does not come to",
    ),
    "a timer is put off": (
        lambda of: sa.update(timer_table)
        .where(timer_table.c.case_id == of.ids[LATE])
        .values(due_at=MONDAY + timedelta(days=900)),
        LATE,
        "timer",
        "due_at is",
    ),
    "a timer is gone": (
        lambda of: sa.delete(timer_table).where(timer_table.c.case_id == of.ids[LATE]),
        LATE,
        "timer",
        "is gone, which its history comes to",
    ),
}  # fmt: skip


def test_a_changed_present_is_found_and_explained(place):
    found = {}

    for kind, (tamper, name, _, reason) in PRESENT.items():
        with place.changed(tamper(place)):
            found[kind] = [
                (name, one.position, one.what, reason if reason in one.reason else one.reason)
                for one in place.of_case(name)
            ]

    assert found == {
        kind: [(name, None, what, reason)] for kind, (_, name, what, reason) in PRESENT.items()
    }


# The title looks like JSON and is none.
POSTED = publishing("{'level': 'public', 'title': '[x', 'text': 'mended', 'unit': mode}")
GIVEN = b'{"id": "given", "type": "default", "components": []}'


def posted(place: Place) -> str:
    """Start a case that leaves something on the board and for the figures; return its id."""
    # The list of milestones names this process and its datum.
    files = {"posted.bpmn": POSTED.replace(b"posted", b"return_visit"), "given.json": GIVEN}
    deployments.deploy(place.app, identities.operator(), files)
    place.app.clock.set(MONDAY + timedelta(hours=2))
    data = {"mode": "telephone"}
    started = cases.start(place.app, identities.operator(), process="return_visit", data=data)
    return str(started.case_id)


def tampered(table: Any, column: str, value: Any, more: dict[str, Any]) -> dict[str, Any]:
    """Return the three ways to tamper with a table that has one row; ``more`` is another row."""
    return {
        f"{table.name} changed": sa.update(table).values({column: value}),
        f"{table.name} gone": sa.delete(table),
        f"{table.name} put in": sa.insert(table).values(more),
    }


def test_what_stands_on_the_board_for_the_figures_and_for_diagrams_is_compared(place):
    case_id = posted(place)
    assert place.found() == []
    (shown,) = place.ask(sa.select(published))
    row = {**dict(zip(published.c.keys(), shown, strict=True)), "place": "x"}
    run = {"case_id": case_id, "process": "x", "scope": "", "item": "", "place": "",
           "began_at": MONDAY, "cut": 0, "body": "{}"}  # fmt: skip
    file = {"kind": "form", "key": "x", "filename": "x.json", "sha256": "0" * 64}
    kinds = {
        **tampered(published, "text", "broken", row),
        **tampered(milestones, "body", '{"mode": "visit"}', run),
        **tampered(resources, "sha256", "0" * 64, file),
    }
    found = {}

    for kind, clause in kinds.items():
        with place.changed(clause):
            found[kind] = [(one.case, one.what, one.reason) for one in place.findings()]

    on_board, left = f"published {shown[1]}", "milestones return_visit/"
    comes, data = "where its history comes to", {"mode": "telephone"}
    there, gone = "is there, which its history does not come to", "is gone, which its history"
    due = {
        "published changed": (case_id, "publication", f"{on_board}: text is 'broken', {comes} 'mended'"),
        "published gone": (case_id, "publication", f"{on_board} {gone} comes to"),
        "published put in": (case_id, "publication", f"published x {there}"),
        "milestones changed": (case_id, "milestone",
                               f"{left}: body is {{'mode': 'visit'}}, {comes} {data}"),
        "milestones gone": (case_id, "milestone", f"{left} {gone} comes to"),
        "milestones put in": (case_id, "milestone", f"milestones x/ {there}"),
        "resources changed": ("form given", "resource", "it is not the one deployed last"),
        "resources gone": ("form given", "resource", "it is gone, and it was deployed"),
        "resources put in": ("form x", "resource", "nobody has deployed it"),
    }  # fmt: skip
    assert found == {kind: [one] for kind, one in due.items()}


def test_what_an_older_list_of_milestones_left_is_compared_as_far_as_both_name_it(place):
    posted(place)
    # As if the list in force had come after the case, with the datum ``mode`` new in it.
    late = sa.update(list_versions).where(the_list("milestones"))
    place.change(late.values(activated_at=MONDAY + timedelta(days=1)))

    place.change(sa.update(milestones).values(body='{"was": 1}'))
    assert [one[2] for one in place.found()] == ["list"]
    place.change(sa.update(milestones).values(body='{"mode": "visit", "was": 1}'))
    assert [one[2] for one in place.found()] == ["milestone", "list"]


def test_an_attachment_that_is_not_the_one_added_is_found(place):
    history = place.history(place.ids[NOTED])
    added = next(one for one in history if one["command"]["type"] == "add_attachment")
    where = sealed.c.id == added["command"]["name"]["$sealed"]
    kinds = {
        "changed": sa.update(sealed).where(where).values(value=b'"another"'),
        "emptied": sa.update(sealed).where(where).values(salt=None, value=None),
        "gone": sa.delete(sealed).where(where),
    }
    found = {}

    for kind, clause in kinds.items():
        with place.changed(clause):
            found[kind] = [(one.position, one.what) for one in place.of_case(NOTED)]

    assert found == {kind: [(added["position"], "attachment")] for kind in kinds}


def personal(place: Place) -> dict[str, Any]:
    """A remark's row among the personal values."""
    where = sealed.c.case_id == place.ids[NOTED]
    found = place.ask(sa.select(sealed).where(where).order_by(sealed.c.id).limit(1))
    return dict(zip(sealed.c.keys(), found[0], strict=True))


def test_a_personal_value_that_nobody_erased_or_entered_is_found(place):
    remark = personal(place)
    one, where = remark["id"], sealed.c.id == remark["id"]
    kinds = {
        "as if erased": sa.update(sealed).where(where).values(
            salt=None, value=None, erased_at=MONDAY
        ),
        "as a ballot": sa.update(sealed).where(where).values(ballot=1),
        "as a draft": sa.update(sealed).where(where).values(ballot=2),
        "put in": sa.insert(sealed).values({**remark, "id": "x"}),
        "in no case": sa.insert(sealed).values({**remark, "case_id": "x"}),
    }  # fmt: skip
    found = {}

    for kind, clause in kinds.items():
        with place.changed(clause):
            found[kind] = [(one.case, one.what, one.reason) for one in place.findings()]

    noted, value = place.ids[NOTED], "sealed value"
    assert found == {
        "as if erased": [(noted, value, f"the sealed value {one} is gone, and nobody erased it")],
        "as a ballot": [(noted, value, f"the sealed value {one} is kept as a ballot, which it is not")],
        "as a draft": [(noted, value, f"the sealed value {one} is kept as a draft")],
        "put in": [(noted, value, "the sealed value x is here, and nobody entered it")],
        "in no case": [("x", value, "a row of sealed is here, the case is not")],
    }  # fmt: skip


def test_a_personal_value_that_was_erased_and_is_here_again_is_found(place):
    officer, noted = identities.actor(place.app, "privacy_officer"), place.ids[NOTED]
    remark = personal(place)
    where = sealed.c.id == remark["id"]
    erasure.erase(place.app, officer, noted, classes=(), reason="request")
    assert place.found() == []
    kinds = {
        "is here again": {name: remark[name] for name in ("salt", "value", "erased_at")},
        "something of it is here": {"salt": remark["salt"]},
        "at another moment": {"erased_at": MONDAY},
    }
    found = {}

    for kind, values in kinds.items():
        with place.changed(sa.update(sealed).where(where).values(values)):
            found[kind] = [(one.case, kind in one.reason) for one in place.findings()]

    assert found == {kind: [(noted, True)] for kind in kinds}


def test_rows_of_no_case_are_found(place):
    (row,) = place.ask(sa.select(tasks).where(OPEN))
    values = dict(zip(tasks.c.keys(), row, strict=True))
    link = {"case_id": place.ids[LATE], "other_id": "x", "kind": "related", "written_by": "nobody"}

    with place.changed(sa.insert(tasks).values({**values, "case_id": "nobody"})):
        assert [one.to_json() for one in place.findings()] == [
            {"case": "nobody", "what": "inbox row",
             "reason": "a row of tasks is here, the case is not"},
        ]  # fmt: skip
    with place.changed(sa.insert(links).values(link)):
        assert place.found() == [("nobody", None, "link")]


def test_a_link_of_another_case_under_this_one_s_name_is_found(place):
    app, (late, noted, other) = place.app, (place.ids[name] for name in (LATE, NOTED, "other"))
    admin = identities.actor(app, "admin")
    cases.link(app, admin, late, noted, "why", once=Once("link", None))
    row = place.ask(sa.select(links).where(links.c.written_by == late))[0]
    values = dict(zip(links.c.keys(), row, strict=True))

    place.change(sa.insert(links).values({**values, "case_id": other}))

    assert place.found() == [(late, None, "link")]


# -- definitions, lists, users ---------------------------------------------------------------


def the_list(name: str) -> Any:
    return list_versions.c.name == name


def another_content(place: Place) -> str:
    other = list_versions.c.name.not_in(["services", "calendar", "roles"])
    clause = sa.select(list_versions.c.content).where(other).order_by(list_versions.c.name)
    return str(place.ask(clause.limit(1))[0][0])


def a_version(place: Place, name: str) -> str:
    return str(place.ask(sa.select(list_versions.c.version).where(the_list(name)))[0][0])


def five_steps(place: Place) -> str:
    found = place.ask(sa.select(definitions.c.files))
    return str(json.loads(found[0][0])[0]["sha256"])


REST: dict[str, tuple[Callable[[Place], Any], Callable[[Place], list[tuple[str, None, str]]]]] = {
    "definition": (
        lambda _: sa.update(definitions).values(sha256="0" * 64),
        lambda _: [("five_steps version 1", None, "definition")],
    ),
    "executor of a definition": (
        lambda _: sa.update(definitions).values(executor="spiff"),
        lambda _: [("five_steps version 1", None, "definition")],
    ),
    "definition is gone": (
        lambda _: sa.delete(definitions),
        lambda _: [("five_steps version 1", None, "definition")],
    ),
    "file of a definition": (
        lambda of: sa.update(blobs)
        .where(blobs.c.sha256 == five_steps(of))
        .values(content=b"<x/>"),
        lambda of: [(five_steps(of), None, "file")],
    ),
    "version for new cases": (
        lambda _: sa.update(definitions).values(chosen=1),
        lambda _: [("five_steps", None, "definition")],
    ),
    "list": (
        lambda of: sa.update(list_versions)
        .where(the_list("services"))
        .values(content=another_content(of)),
        lambda of: [(f"services {a_version(of, 'services')}", None, "list")],
    ),
    "calendar": (
        lambda of: sa.update(list_versions)
        .where(the_list("calendar"))
        .values(content=another_content(of)),
        lambda of: [(f"calendar {a_version(of, 'calendar')}", None, "calendar")],
    ),
    "role": (
        lambda of: sa.update(list_versions)
        .where(the_list("roles"))
        .values(content=another_content(of)),
        lambda of: [(f"roles {a_version(of, 'roles')}", None, "role")],
    ),
    "moment of a version": (
        lambda _: sa.update(definitions).values(at=MONDAY - timedelta(days=1)),
        lambda _: [("five_steps version 1", None, "definition")],
    ),
    "moment of a list": (
        lambda _: sa.update(list_versions)
        .where(the_list("services"))
        .values(activated_at=MONDAY - timedelta(days=1)),
        lambda of: [(f"services {a_version(of, 'services')}", None, "list")],
    ),
    "list put in force by nobody": (
        lambda _: sa.insert(list_versions).values(
            name="services", version="x", descriptor="0", content="0", activated_at=MONDAY,
            position=999,
        ),
        lambda _: [("services x", None, "list")],
    ),
    "role of a user": (
        lambda _: sa.update(users)
        .where(users.c.name == "resident")
        .values(grants='[["district_leader","990101"]]'),
        lambda _: [("resident", None, "user")],
    ),
    "user added by nobody": (
        lambda _: sa.insert(users).values(name="ghost", grants="[]", demo=0),
        lambda _: [("ghost", None, "user")],
    ),
    "user is gone": (
        lambda _: sa.delete(users).where(users.c.name == "resident"),
        lambda _: [("resident", None, "user")],
    ),
    "a password that stays a temporary one": (
        lambda _: sa.update(users).where(users.c.name == "resident").values(reset_at=MONDAY),
        lambda _: [("resident", None, "user")],
    ),
    "token that never was a session": (
        lambda _: sa.update(tokens).values(kind="session"),
        lambda of: [(str(of.ask(sa.select(tokens.c.sha256))[0][0]), None, "token")],
    ),
    "token made by nobody": (
        lambda _: sa.insert(tokens).values(
            sha256="f" * 64, user_name="admin", kind="token", created_at=MONDAY
        ),
        lambda _: [("f" * 64, None, "token")],
    ),
}  # fmt: skip


def test_what_is_no_history_is_compared_with_the_acts_that_made_it(place):
    due = {kind: expected(place) for kind, (_, expected) in REST.items()}
    found = {}

    for kind, (tamper, _) in REST.items():
        with place.changed(tamper(place)):
            rest = verification.rest(place.app)
            found[kind] = [(one.case, one.position, one.what) for one in rest]

    assert found == due


def test_a_list_that_is_gone_is_named(place):
    name = f"services {a_version(place, 'services')}"

    place.change(sa.delete(list_versions).where(the_list("services")))

    (finding,) = verification.rest(place.app)
    assert (finding.case, finding.what) == (name, "list")
    assert "of @lists has put it in force" in finding.reason


# -- the log itself ------------------------------------------------------------------------

LOG: dict[str, tuple[Any, set[str]]] = {
    "a leaf was changed": (
        sa.update(leaves).where(leaves.c.number == 3).values(body='{"kind":"x"}'),
        {"leaf 3", "checkpoint 1"},
    ),
    "a column of a leaf was changed": (
        sa.update(leaves).where(leaves.c.number == 3).values(position=1000),
        {"leaf 3"},
    ),
    "a leaf is gone": (
        sa.delete(leaves).where(leaves.c.number == 3),
        {"leaf 4", "checkpoint 1", "level 0 of the log of heads"},
    ),
    "a hash was changed": (
        (
            sa.update(subtrees)
            .where(subtrees.c.level == 0, subtrees.c.number == 5)
            .values(hash="00" * 32)
        ),
        {"leaf 5", "subtree 1/2"},
    ),
    "a hash above the leaves was changed": (
        (
            sa.update(subtrees)
            .where(subtrees.c.level == 3, subtrees.c.number == 1)
            .values(hash="00" * 32)
        ),
        {"subtree 3/1", "subtree 4/0"},
    ),
    "a hash above the leaves is gone": (
        sa.delete(subtrees).where(subtrees.c.level == 3, subtrees.c.number == 1),
        {"level 3 of the log of heads"},
    ),
    "the moment of a checkpoint was changed": (
        sa.update(checkpoint_table).values(at=MONDAY),
        {"checkpoint 1"},
    ),
    "the root was changed": (
        sa.update(checkpoint_table).values(root="00" * 32),
        {"checkpoint 1"},
    ),
    "the signature was changed": (
        sa.update(checkpoint_table).values(note="a\n1\nAAAA\n\n— a AAAA\n"),
        {"checkpoint 1"},
    ),
}


def test_a_log_that_was_changed_is_found(place):
    found = {}

    for kind, (clause, _) in LOG.items():
        with place.changed(clause):
            found[kind] = {one.case for one in verification.rest(place.app)}

    assert found == {kind: due for kind, (_, due) in LOG.items()}


def test_a_checkpoint_that_was_kept_elsewhere_and_is_gone_here_is_found(place, tmp_path):
    made = checkpoints.make(place.app)
    with place.app.database.reading() as tx:
        papers.write(tx, tmp_path / "2.checkpoint", made.note, place.elsewhere().head.size)
    paper = papers.read(tmp_path / "2.checkpoint", [keys.own(place.app.settings).public])
    place.change(sa.delete(checkpoint_table).where(checkpoint_table.c.number == 2))

    assert place.found() == []
    assert [one.to_json() for one in place.findings(paper)] == [
        {"case": "checkpoint 2", "what": "checkpoint",
         "reason": "it is gone; 2.checkpoint, which was kept elsewhere, has it"},
    ]  # fmt: skip


def test_a_second_truth_under_the_number_of_a_checkpoint_is_found(place, tmp_path):
    place.app.clock.set(SIGNED + timedelta(days=1))
    made = checkpoints.make(place.app)
    with place.app.database.reading() as tx:
        papers.write(tx, tmp_path / "2.checkpoint", made.note, place.elsewhere().head.size)
    paper = papers.read(tmp_path / "2.checkpoint", [keys.own(place.app.settings).public])
    place.change(sa.delete(checkpoint_table).where(checkpoint_table.c.number == 2))
    place.app.clock.set(SIGNED + timedelta(days=2))
    checkpoints.make(place.app)

    assert [one.to_json() for one in place.findings(paper)] == [
        {"case": "checkpoint 2", "what": "checkpoint",
         "reason": "it says something else than 2.checkpoint, which was kept elsewhere"},
    ]  # fmt: skip


def test_all_checkpoints_but_the_first_being_gone_is_found(place):
    checkpoints.make(place.app)
    checkpoints.make(place.app)

    place.change(sa.delete(checkpoint_table).where(checkpoint_table.c.number == 2))

    assert place.found() == [("checkpoint 2", None, "checkpoint")]


def forge(place: Place, case_id: str) -> None:
    """Make a case vanish with everything that the database knows of it, and a log that fits."""
    vanish(place, case_id)
    kept = [
        body
        for (body,) in place.ask(sa.select(leaves.c.body).order_by(leaves.c.number))
        if case_id not in body
    ]
    clauses = [sa.delete(leaves), sa.delete(subtrees), sa.delete(checkpoint_table)]
    edge = Edge()
    for number, body in enumerate(kept):
        one = log.Leaf.read(body)
        values = {"number": number, "kind": one.kind, "name": one.name, "digest": one.digest,
                  "position": one.position, "body": body}  # fmt: skip
        clauses.append(sa.insert(leaves).values(values))
        clauses += [
            sa.insert(subtrees).values(level=level, number=index, hash=hashed.hex())
            for level, index, hashed in edge.add(leaf(body.encode()))
        ]
    place.change(*clauses)


def test_whoever_rewrites_the_whole_database_is_found_by_a_checkpoint_kept_elsewhere(place):
    paper, other = place.elsewhere(), place.ids["other"]

    forge(place, other)

    assert place.found() == []
    (vanished, covers, signed) = place.findings(paper)
    assert (vanished.case, vanished.what) == (other, "case")
    assert vanished.reason == ("it is gone; checkpoint 1 of 2026-09-14T02:00:00Z has it at entry 1")
    assert (covers.case, covers.what) == ("checkpoint 1 in 000001.checkpoint", "log")
    assert (
        covers.reason
        == f"it covers {paper.head.size} leaves, and the log has {paper.head.size - 1}"
    )
    assert (signed.case, signed.what) == ("checkpoint 1", "checkpoint")
    assert signed.reason == "it is gone; 000001.checkpoint, which was kept elsewhere, has it"


# -- what cannot be read ---------------------------------------------------------------------

ENDLESS = sa.literal_column("'infinity'")
"""A moment that PostgreSQL keeps and Python does not know; in SQLite no moment at all."""
ACTS = entries.c.stream == "@deployments"
BROKEN: dict[str, tuple[Callable[[Place], Any], Callable[[Place], set[tuple[str, str]]]]] = {
    "where a case stands": (
        lambda of: (
            sa.update(case_table).where(case_table.c.id == of.ids[LATE]).values(control=b"\xff")
        ),
        lambda of: {(of.ids[LATE], "snapshot")},
    ),
    "its data": (
        lambda of: (
            sa.update(case_table)
            .where(case_table.c.id == of.ids[LATE])
            .values(data=b"\x28\xb5\x2f\xfd\x00")
        ),
        lambda of: {(of.ids[LATE], "snapshot")},
    ),
    "the moment it began": (
        lambda of: (
            sa.update(case_table).where(case_table.c.id == of.ids[LATE]).values(created_at=ENDLESS)
        ),
        lambda of: {(of.ids[LATE], "case")},
    ),
    "a due moment": (
        lambda _: sa.update(tasks).where(OPEN).values(opened_at=ENDLESS),
        lambda of: {(of.ids[NOTED], "inbox row")},
    ),
    "the moment of an entry": (
        lambda of: sa.update(entries).where(at(of.ids[LATE], 2)).values(at=ENDLESS),
        # SQLite reads any text, and it is compared with the entry as one.
        lambda of: {(of.ids[LATE], "column" if of.app.database.is_sqlite else "case")},
    ),
    "a salt": (
        lambda of: sa.update(sealed).where(sealed.c.id == personal(of)["id"]).values(salt=None),
        lambda of: {(of.ids[NOTED], "case")},
    ),
    "an act": (
        lambda _: sa.update(entries).where(ACTS).values(body=b"{"),
        lambda _: {("administration", "stream"), ("@deployments", "stream")},
    ),
    "the files of a version": (
        lambda _: sa.update(definitions).values(files="["),
        lambda _: {("administration", "stream"), ("the log of heads", "log")},
    ),
    "the roles of a user": (
        lambda _: sa.update(users).where(users.c.name == "resident").values(grants="x"),
        lambda _: {("@identities", "stream")},
    ),
    "the root of a checkpoint": (
        lambda _: sa.update(checkpoint_table).values(root="x"),
        lambda _: {("checkpoint 1", "checkpoint")},
    ),
    "the moment of a checkpoint": (
        lambda _: sa.update(checkpoint_table).values(at=ENDLESS),
        lambda _: {("checkpoint 1", "checkpoint")},
    ),
    "the number of a checkpoint": (
        lambda _: sa.update(checkpoint_table).values(number=2**62),
        lambda _: {("checkpoint 1", "checkpoint"), (f"checkpoint {2**62}", "checkpoint")},
    ),
}


def test_a_value_that_cannot_be_read_is_a_finding_and_stops_nothing(place):
    due = {kind: expected(place) for kind, (_, expected) in BROKEN.items()}
    found = {}

    for kind, (tamper, _) in BROKEN.items():
        with place.changed(tamper(place)):
            found[kind] = {(one.case, one.what) for one in place.findings()}

    assert found == due


# -- one case, and the command --------------------------------------------------------------


def test_one_case_is_proven_as_far_as_a_checkpoint_covers_it(place):
    late = place.ids[LATE]
    before = verification.prove(place.app, late)
    actor = identities.actor(place.app, "street_dispatcher")
    cases.handle(place.app, actor, place.ids["other"], ClaimTask("five_steps.accept.1"))
    after = verification.prove(place.app, place.ids["other"])

    assert (before.broken, before.covered, before.checkpoint.number) == ([], before.entries, 1)
    assert (after.broken, after.entries, after.covered) == ([], 2, 1)


def test_the_command_names_what_it_finds_in_the_shape_of_the_contract(
    place, monkeypatch, capsys, tmp_path
):
    url = place.app.settings.database_url
    key = place.paper.parent / "key.pem.pub"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.delenv("CHECKPOINT_KEY", raising=False)

    def bihuan(*words: str) -> tuple[int, dict[str, Any]]:
        status = cli.run(["verify", *words, "--json"])
        return status, json.loads(capsys.readouterr().out)

    held = ("--checkpoint", str(place.paper), "--key", str(key))
    assert bihuan("--all", *held) == (0, {"cases": 3, "sound": 3, "broken": []})
    place.change(sa.delete(timer_table))
    assert bihuan("--all", "--chains", *held)[0] == 0
    status, told = bihuan("--all")
    assert (status, told["sound"], [one["what"] for one in told["broken"]]) == (1, 2, ["timer"])
    forge(place, place.ids["other"])
    status, told = bihuan("--chains", *held)
    assert (status, told["cases"], told["sound"]) == (1, 2, 2)
    assert [one["what"] for one in told["broken"]] == ["case", "log", "checkpoint"]
    assert cli.run(["verify", "--all", "--checkpoint", str(place.paper)]) == 2
    assert cli.run(["verify", "x", *held]) == 2


def test_a_countersignature_is_enough_for_whoever_put_it_there(place, tmp_path):
    auditor = Private(b"a" * 32)
    shutil.copy(place.paper, tmp_path / "1.checkpoint")
    checkpoints.countersign(tmp_path / "1.checkpoint", auditor)
    paper = papers.read(tmp_path / "1.checkpoint", [auditor.public])

    assert verification.rest(place.app, papers=[paper], trusted=[auditor.public]) == []
    actor = identities.actor(place.app, "street_dispatcher")
    cases.handle(place.app, actor, place.ids["other"], ClaimTask("five_steps.accept.1"))
    checkpoints.make(place.app)
    (later,) = verification.rest(place.app, papers=[paper], trusted=[auditor.public])
    assert (later.case, later.reason) == ("checkpoint 2", "none of the keys has signed it")


def test_keys_that_came_before_are_known_by_those_that_came_after(place):
    settings = replace(place.app.settings, checkpoint_key=str(place.paper.parent / "none"))
    ours = keys.own(place.app.settings).public

    assert verification.rest(replace(place.app, settings=settings), trusted=[ours]) == []
