"""The task lists: who sees what, in which order, page by page; and how they are read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine import cases, identities, inbox, views
from engine.commands import ClaimTask, CompleteTask
from engine.errors import InvalidRequest
from engine.inbox import queries


def started(app, count=1):
    actor = identities.actor(app, "grid_worker")
    return [cases.start(app, actor, process="five_steps", data={}).case_id for _ in range(count)]


def page(app, user, **filters):
    return views.inbox_page(app, identities.actor(app, user), **filters)


def names(found):
    return [one["id"].partition(".")[0] for one in found["items"]]


def test_a_task_is_offered_then_claimed_then_done(any_app):
    app = any_app
    (case_id,) = started(app)
    actor = identities.actor(app, "street_dispatcher")

    assert page(app, "street_dispatcher")["counts"] == {"pool": 1, "mine": 0}
    cases.handle(app, actor, case_id, ClaimTask("five_steps.accept.1"))
    assert page(app, "street_dispatcher")["counts"] == {"pool": 0, "mine": 1}
    assert names(page(app, "street_dispatcher", view="mine")) == [case_id]
    cases.handle(app, actor, case_id, CompleteTask("five_steps.accept.1", "refuse"))

    assert page(app, "street_dispatcher")["counts"] == {"pool": 0, "mine": 0}
    (done,) = page(app, "street_dispatcher", view="done")["items"]
    assert (done["element"], done["outcome"], done["state"]) == ("accept", "refuse", "completed")
    (mine,) = page(app, "grid_worker", view="started")["items"]
    assert (mine["id"], mine["case_state"]) == (case_id, "completed")


def test_who_holds_another_role_is_offered_nothing(any_app):
    started(any_app)

    assert page(any_app, "publisher")["items"] == []
    assert page(any_app, "resident")["items"] == []


def test_pages_follow_each_other_without_gap_or_repetition(any_app):
    app = any_app
    expected = started(app, 7)

    seen, cursor = [], None
    while True:
        found = page(app, "street_dispatcher", limit=3, cursor=cursor)
        seen += names(found)
        cursor = found["next"]
        if cursor is None:
            break

    assert seen == expected


def test_the_earliest_limit_comes_first_and_none_last(any_app):
    app = any_app
    dispatcher = identities.actor(app, "street_dispatcher")
    late, early = started(app, 2)
    for case_id in (early, late):
        for task, data in (("accept", {}), ("assign", {"lead": "D04"})):
            outcome = "accept" if task == "accept" else None
            command = CompleteTask(f"five_steps.{task}.1", outcome, data)
            cases.handle(app, dispatcher, case_id, command)
        app.clock.set(app.clock.now() + timedelta(minutes=30))

    found = page(app, "dept_liaison")

    assert names(found) == [early, late]
    # 4 working hours from 09:00 and 09:30; it is 10:00 now.
    assert [one["remaining"] for one in found["items"]] == [180, 210]
    assert [one["colour"] for one in found["items"]] == ["plain", "plain"]


def test_a_cursor_of_somebody_else_is_refused(app):
    with pytest.raises(InvalidRequest):
        page(app, "street_dispatcher", cursor="nonsense")
    with pytest.raises(InvalidRequest):
        page(app, "street_dispatcher", view="everything")


def test_the_lists_are_walks_along_an_index(app):
    # Without its index a list costs as much as there are open tasks.
    plans = {}
    for name, query in (
        ("pool", queries.pool(queries.Shape())),
        ("mine", queries.mine(queries.Shape())),
    ):
        statement = app.database.statement(query)
        values = dict.fromkeys(("role", "unit_of_role", "user", "now", "process", "q", "limit"), "")
        values |= inbox._after(None, newest=False)
        with app.database.engine.connect() as connection:
            rows = connection.connection.execute(
                "EXPLAIN QUERY PLAN " + statement.text, statement.bind(values)
            ).fetchall()
        plans[name] = [row[3] for row in rows]

    assert plans["pool"][0].startswith(
        "SEARCH candidates USING COVERING INDEX ix_candidates_role_unit_sort_at"
    )
    assert plans["mine"][0].startswith("SEARCH tasks USING INDEX ix_tasks_assignee")
    assert [one for plan in plans.values() for one in plan if "TEMP B-TREE" in one] == []


def test_a_list_is_filtered_and_sorted_with_its_pages(any_app):
    first, second = started(any_app, 2)
    any_app.clock.set(any_app.clock.now() + timedelta(minutes=1))
    (third,) = started(any_app)
    kinds = views.inbox_kinds(any_app, identities.actor(any_app, "street_dispatcher"), "pool")

    def found(**filters):
        return [one["case"] for one in page(any_app, "street_dispatcher", **filters)["items"]]

    assert found(sort="newest") == [third, second, first]
    one = page(any_app, "street_dispatcher", sort="newest", limit=2)
    rest = page(any_app, "street_dispatcher", sort="newest", limit=2, cursor=one["next"])
    assert [item["case"] for item in rest["items"]] == [first]
    (unit,) = kinds.pop("units")
    assert kinds == {"processes": ["five_steps"]}
    assert found(unit=unit, process="five_steps") == [first, second, third]
    assert found(unit=unit[:-1]) == []
    assert found(process="other") == []
