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
            assert timers.tick(self.app) == 1
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


@pytest.mark.parametrize("name", LEGAL)
def test_a_case_goes_on_with_the_new_version(any_app, name):
    row = LEGAL[name]
    moved = Moved(any_app, row)
    shown = moved.preview()

    answer = moved.migrate()

    assert {name: answer[name] for name in shown} == shown
    assert (told(shown["cancels"]), told(shown["opens"])) == (row.cancels, row.opens)
    assert moved.document()["version"] == moved.command.version
    assert moved.sound()
    for one in row.then:
        moved.do(one)
    assert moved.document()["state"] == "completed"
    assert moved.sound()


@pytest.mark.parametrize("name", ILLEGAL)
def test_a_case_that_has_no_place_in_the_new_version_stays(any_app, name):
    row = ILLEGAL[name]
    moved = Moved(any_app, row)
    before = moved.document()

    shown = moved.preview()
    with pytest.raises(MigrationRefused) as refusal:
        moved.migrate()

    assert tuple(one["message"] for one in shown["refused"]) == row.refused
    assert refusal.value.findings == shown["refused"]
    assert moved.document() == before
