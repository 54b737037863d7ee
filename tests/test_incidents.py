"""Incidents by cause, and one answer for all cases of it."""

from __future__ import annotations

import pytest

from engine import cases, deployments, identities, incidents, replay, views
from engine.commands import MigrateCase
from engine.errors import NotFound
from engine.incidents import Cause, Cure
from tests.memory import flows, process

BROKEN = "parts / people"


def divides(expression: str) -> bytes:
    """A process whose script divides, and a task after it."""
    return process(
        '<startEvent id="s"/><scriptTask id="share" name="分摊"><script>each = '
        f'{expression}</script></scriptTask><userTask id="t"/><endEvent id="e"/>'
        + flows("s > share > t > e")
    )


@pytest.fixture
def stuck(any_app):
    """Three cases that divide by nothing."""
    by = identities.operator()
    deployments.deploy(any_app, by, {"p.bpmn": divides(BROKEN)})
    return [
        cases.start(any_app, by, process="p", data={"parts": n, "people": 0}).case_id
        for n in (1, 2, 3)
    ]


CAUSE = Cause("p", "share", "script-failed", f"each = {BROKEN}")


def states(app, found):
    by = identities.actor(app, "admin")
    return [(one["state"], [t["element"] for t in one["tasks"]], one["data"].get("each"))
            for one in (views.case(app, by, case) for case in found)]  # fmt: skip


def test_cases_that_fail_alike_are_one_cause(any_app, stuck):
    by = identities.actor(any_app, "admin")

    found = incidents.causes(any_app, by)["items"]

    at = "2026-09-14T01:00:00Z"
    assert found == [
        {
            "id": CAUSE.id,
            "process": "p",
            "element": "share",
            "name": "分摊",
            "line": 5,
            "code": "script-failed",
            "message": "ZeroDivisionError: division by zero",
            "expression": CAUSE.expression,
            "cases": 3,
            "first_at": at,
            "last_at": at,
        }
    ]


def test_a_cause_tells_the_values_that_its_expression_saw(any_app, stuck):
    by = identities.actor(any_app, "admin")

    found = incidents.cause(any_app, by, CAUSE.id)["items"]

    assert [(one["case"], one["version"], one["saw"], one["has"]) for one in found] == [
        (case, 1, {"parts": n, "people": 0}, {"parts": n, "people": 0})
        for case, n in zip(reversed(stuck), (3, 2, 1), strict=True)
    ]


def test_values_are_those_of_the_failure_and_those_of_now(any_app, stuck):
    by = identities.actor(any_app, "admin")
    cure = Cure("again", data={"parts": 9, "people": 0}, chosen=stuck[:1])
    incidents.retry(any_app, by, CAUSE.id, cure)

    found = incidents.cause(any_app, by, CAUSE.id)["items"]

    assert [(one["saw"]["parts"], one["has"]["parts"]) for one in found] == [(3, 3), (2, 2), (9, 9)]


def test_corrected_data_let_all_cases_go_on(any_app, stuck):
    by = identities.actor(any_app, "admin")

    done = incidents.retry(any_app, by, CAUSE.id, Cure("people counted", data={"people": 2}))

    assert (done["cases"], done["resolved"]) == (3, 3)
    assert states(any_app, stuck) == [("open", ["t"], n / 2) for n in (1, 2, 3)]
    assert list(replay.replay(any_app, stuck)) == [None] * 3
    with pytest.raises(NotFound):
        incidents.cause(any_app, by, CAUSE.id)


def test_another_try_that_fails_again_is_told(any_app, stuck):
    by = identities.actor(any_app, "admin")

    done = incidents.retry(any_app, by, CAUSE.id, Cure("try", chosen=stuck[:1]))

    assert (done["cases"], done["resolved"]) == (1, 0)
    assert done["items"][0]["state"] == "incident"


def test_a_corrected_version_is_migrated_to_and_tried_in_one_step(any_app, stuck):
    by = identities.actor(any_app, "admin")
    deployments.deploy(any_app, by, {"p.bpmn": divides("parts / max(people, 1)")})

    done = incidents.retry(any_app, by, CAUSE.id, Cure("mended", version=2))

    assert (done["cases"], done["resolved"]) == (3, 3)
    assert states(any_app, stuck) == [("open", ["t"], float(n)) for n in (1, 2, 3)]
    kinds = [one["command"]["type"] for one in views.history(any_app, by, stuck[0])]
    assert kinds == ["start_case", "migrate_case", "retry_incident"]
    assert list(replay.replay(any_app, stuck)) == [None] * 3


def test_a_case_that_is_on_that_version_already_is_only_tried_again(any_app, stuck):
    by = identities.actor(any_app, "admin")
    deployments.deploy(any_app, by, {"p.bpmn": divides(f"{BROKEN} + 0")})
    cases.handle(any_app, by, stuck[0], MigrateCase(2, reason="before"))

    done = incidents.retry(any_app, by, CAUSE.id, Cure("x", data={"people": 1}, version=2))

    assert (done["cases"], done["resolved"]) == (3, 3)
    kinds = [one["command"]["type"] for one in views.history(any_app, by, stuck[0])]
    assert kinds == ["start_case", "migrate_case", "retry_incident"]


def test_a_case_that_has_no_place_in_the_version_stays_with_the_reason(any_app, stuck):
    by = identities.actor(any_app, "admin")
    gone = process('<startEvent id="s"/><userTask id="t"/><endEvent id="e"/>' + flows("s > t > e"))
    deployments.deploy(any_app, by, {"p.bpmn": gone})

    done = incidents.retry(any_app, by, CAUSE.id, Cure("x", version=2, chosen=stuck[1:2]))

    (one,) = done["items"]
    assert (one["case"], one["resolved"], one["state"]) == (stuck[1], False, "incident")
    assert (one["refused"]["code"], one["refused"]["element"]) == ("migration-refused", "share")
    assert len(views.history(any_app, by, stuck[1])) == 1


def test_who_may_not_try_again_gets_a_refusal_and_who_sees_no_case_nothing(any_app, stuck):
    inspector = identities.actor(any_app, "district_inspector")
    resident = identities.actor(any_app, "resident")

    done = incidents.retry(any_app, inspector, CAUSE.id, Cure("x", data={"people": 1}))

    assert [one["refused"]["code"] for one in done["items"]] == ["not-allowed"] * 3
    assert states(any_app, stuck) == [("incident", [], None)] * 3
    assert incidents.causes(any_app, resident)["items"] == []
    with pytest.raises(NotFound):
        incidents.retry(any_app, resident, CAUSE.id, Cure("x"))
