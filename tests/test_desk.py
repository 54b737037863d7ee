"""What one has typed and not sent, and the views that one has saved: one's own, and gone in time."""

from datetime import timedelta

import orjson
import pytest
import sqlalchemy as sa
from alembic import command

from engine import cases, erasure, identities, retention, saved_views, store, views
from engine import unsent as drafts
from engine.commands import CompleteTask
from engine.database import Database
from engine.errors import CaseNotFound, InvalidData, NotFound, TaskNotOpen
from engine.migrations import configuration, upgrade
from engine.sealing import commitment
from engine.tables import sealed, unsent
from engine.unsent import MOST_BYTES, UNSENT
from tests.conftest import MONDAY

TASK = "five_steps.accept.1"
TYPED = [("title", "灯坏了"), ("kind", "road"), ("kind", "light")]


@pytest.fixture
def case(any_app):
    actor = identities.actor(any_app, "grid_worker")
    return cases.start(any_app, actor, process="five_steps", data={}).case_id


@pytest.fixture
def person(any_app):
    return lambda name: identities.actor(any_app, name)


def rows(app, table):
    with app.database.reading() as tx:
        names = table.columns.keys()
        return [dict(zip(names, one, strict=True)) for one in tx.all(sa.select(table), {})]


def end(app, who, case):
    cases.handle(app, who, case, CompleteTask(TASK, "refuse"))


def typed(app, who, case, task=TASK):
    found = views.draft(app, who, case, task)
    return found and found.pairs


def test_a_draft_is_kept_for_its_writer_alone(any_app, case, person):
    writer, other = person("street_dispatcher"), person("admin")
    views.keep_draft(any_app, writer, case, TASK, TYPED[:1])
    views.keep_draft(any_app, writer, case, TASK, TYPED)

    assert typed(any_app, writer, case) == TYPED
    # One value is kept, marked as nobody's to open; in the table of drafts stands no word of it.
    assert [
        (one["ballot"], "灯坏了".encode() in one["value"]) for one in rows(any_app, sealed)
    ] == [(UNSENT, True)]
    assert "灯坏了" not in rows(any_app, unsent)[0]["body"]
    with any_app.database.reading() as tx:
        assert (store.get_sealed(tx, case), store.get_ballots(tx, case)) == ({}, {})
    assert views.draft(any_app, writer, case, TASK).at == any_app.clock.now()
    assert typed(any_app, other, case) is None

    views.drop_draft(any_app, other, case, TASK)
    assert typed(any_app, writer, case) == TYPED
    views.keep_draft(any_app, writer, case, TASK, [])
    assert typed(any_app, writer, case) is None
    assert rows(any_app, sealed) == []


def test_a_draft_needs_an_open_task_of_a_case_that_one_sees(any_app, case, person):
    writer, stranger = person("street_dispatcher"), person("dept_handler")

    with pytest.raises(CaseNotFound):
        views.keep_draft(any_app, stranger, case, TASK, TYPED)
    with pytest.raises(CaseNotFound):
        views.draft(any_app, stranger, case, TASK)
    with pytest.raises(NotFound):
        views.keep_draft(any_app, writer, case, "five_steps.accept.9", TYPED)
    with pytest.raises(InvalidData):
        views.keep_draft(any_app, writer, case, TASK, [("title", "长" * MOST_BYTES)])
    end(any_app, writer, case)
    with pytest.raises(TaskNotOpen):
        views.keep_draft(any_app, writer, case, TASK, TYPED)


def test_drafts_go_with_their_task_their_time_and_what_is_erased(any_app, case, person):
    writer = person("street_dispatcher")

    def tidied(days):
        with any_app.database.writing() as tx:
            return retention.tidy(tx, any_app.clock.now() + timedelta(days=days))["unsent"]

    views.keep_draft(any_app, writer, case, TASK, TYPED)
    assert [tidied(29), tidied(31)] == [0, 1]

    views.keep_draft(any_app, writer, case, TASK, TYPED)
    erasure.erase(any_app, person("privacy_officer"), case, reason="request")
    assert typed(any_app, writer, case) is None

    views.keep_draft(any_app, writer, case, TASK, TYPED)
    end(any_app, writer, case)
    assert [tidied(0), tidied(0)] == [1, 0]
    assert rows(any_app, sealed) == []


def test_a_draft_of_before_is_sealed_by_the_migration(tmp_path):
    url = f"sqlite:///{tmp_path / 'old.db'}"
    command.upgrade(configuration(url), "0009")
    database = Database(url)
    with database.writing() as tx:
        tx.run(sa.insert(unsent), {"user_name": "a", "case_id": "c1", "task": "p.t.1",
                                   "body": '[["title","灯坏了"]]', "at": MONDAY})  # fmt: skip
    database.close()
    upgrade(url)
    database = Database(url)
    with database.reading() as tx:
        body = tx.one(sa.select(unsent.c.body), {})[0]
        found = drafts.read(tx, drafts.Desk("a", "c1", "p.t.1"))
        salt, value = tx.one(sa.select(sealed.c.salt, sealed.c.value), {})
    database.close()
    assert found == drafts.Draft([("title", "灯坏了")], MONDAY)
    assert orjson.loads(body)["commitment"] == commitment(salt, value)


def test_saved_views_are_ones_own_and_not_too_many(any_app):
    wish = {"view": "pool", "overdue": "1"}
    with any_app.database.writing() as tx:
        saved_views.put(tx, "a", "急件", {"view": "mine"})
        saved_views.put(tx, "a", "乙", {"view": "mine"})
        saved_views.put(tx, "a", "急件", wish)
        saved_views.put(tx, "b", "急件", {"view": "cc"})
        saved_views.drop(tx, "b", "乙")

    with any_app.database.writing() as tx:
        assert list(saved_views.of(tx, "a").items()) == [("急件", wish), ("乙", {"view": "mine"})]
        saved_views.drop(tx, "a", "急件")
        assert list(saved_views.of(tx, "a")) == ["乙"]
        for number in range(1, saved_views.MOST):
            saved_views.put(tx, "a", str(number), wish)
        for name in ("more", "", "长" * 41, "a\nb"):
            with pytest.raises(InvalidData):
                saved_views.put(tx, "a", name, wish)
