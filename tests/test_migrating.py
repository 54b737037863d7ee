"""Running cases go on with other versions, or are refused with a reason."""

from __future__ import annotations

import pytest

from engine import cases, deployments, identities, replay, timers, views
from engine.commands import CompleteTask, CorrelateMessage, MigrateCase
from engine.errors import MigrationRefused
from engine.periods import parse_moment
from tests.moved_versions import ILLEGAL, LEGAL, Row


class Moved:
    """A case on an application, begun in the old version of a row."""

    def __init__(self, app, row: Row) -> None:
        self.app, self.by = app, identities.operator()
        deployments.deploy(app, self.by, row.files(new=False))
        self.case = cases.start(app, self.by, process="p", data=row.data).case_id
        for one in row.does:
            self.do(one)
        added = deployments.deploy(app, self.by, row.files(new=True)).body["definitions"]
        version = next(one["version"] for one in added if one["key"] == "p")
        mapping = {"p": row.mapping} if row.mapping else None
        self.command = MigrateCase(version, mapping=mapping, reason="why")

    def do(self, what: str) -> None:
        element, _, outcome = what.partition("=")
        case = views.case(self.app, self.by, self.case)
        if element == "fire":
            due_at = min(one["due_at"] for one in case["timers"])
            self.app.clock.set(max(self.app.clock.now(), parse_moment(due_at)))
            timers.tick(self.app)
        elif element in ("go", "news"):
            cases.handle(self.app, self.by, self.case, CorrelateMessage(element))
        else:
            task = next(one["id"] for one in case["tasks"] if one["element"] == element)
            command = CompleteTask(cases.split_task(task)[1], outcome or None)
            cases.handle(self.app, self.by, self.case, command)

    def migrate(self):
        return cases.handle(self.app, self.by, self.case, self.command).body

    def preview(self):
        return cases.preview_migration(self.app, self.by, self.case, self.command)

    def document(self):
        return views.case(self.app, self.by, self.case)

    def sound(self) -> bool:
        """Whether the history verifies, replays and rebuilds to the very same case."""
        before = self.document(), self.snapshot()
        found = [*replay.verify_cases(self.app, [self.case]), *replay.replay(self.app, [self.case])]
        list(replay.rebuild(self.app, [self.case]))
        return found == [None, None] and (self.document(), self.snapshot()) == before

    def snapshot(self):
        with self.app.database.reading() as tx:
            return views.cases.store.read_case(tx, self.case).snapshot()


def told(items):
    return tuple((one["what"], one["element"]) for one in items)


def went_on(app, row: Row):
    """Move a case and complete it; return what is to be compared."""
    moved = Moved(app, row)
    shown = moved.preview()
    answer = moved.migrate()
    as_shown = {name: answer[name] for name in shown} == shown
    version, is_sound = moved.document()["version"], moved.sound()
    for one in row.then:
        moved.do(one)
    return {
        "cancels": told(shown["cancels"]),
        "opens": told(shown["opens"]),
        "as shown": as_shown,
        "on the version": version == moved.command.version,
        "sound": (is_sound, moved.sound()),
        "state": moved.document()["state"],
    }


def stayed(app, row: Row):
    """Try to move a case; return why it stays, and whether nothing has changed."""
    moved = Moved(app, row)
    before = moved.document()
    shown = moved.preview()
    with pytest.raises(MigrationRefused) as refusal:
        moved.migrate()
    same = refusal.value.findings == shown["refused"] and moved.document() == before
    return tuple(one["message"] for one in shown["refused"]), same


def test_cases_go_on_with_the_new_version(any_app):
    assert {name: went_on(any_app, row) for name, row in LEGAL.items()} == {
        name: {
            "cancels": row.cancels,
            "opens": row.opens,
            "as shown": True,
            "on the version": True,
            "sound": (True, True),
            "state": "completed",
        }
        for name, row in LEGAL.items()
    }


def test_cases_that_have_no_place_in_the_new_version_stay(any_app):
    assert {name: stayed(any_app, row) for name, row in ILLEGAL.items()} == {
        name: (row.refused, True) for name, row in ILLEGAL.items()
    }
