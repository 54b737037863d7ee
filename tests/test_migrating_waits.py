"""What tasks, limits, holds and undoing become when a case goes on with another version."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.errors import InvalidRequest, MigrationRefused, NotOnExecutor, WrongState
from engine.execution import Bundle, empty
from engine.kernel.migration_words import WORDS
from engine.spiff import Spiff
from tests.memory import START, flows, process
from tests.moved_versions import (
    ALARM,
    GO,
    MANY,
    NEWS,
    ROOTS,
    THROW,
    TIMER,
    UNDOABLE,
    boundary,
    line,
    sub,
    task,
)
from tests.test_docs import first_codes, text_of
from tests.test_migrating_nets import Moving, bundle_of
from tests.worlds import MemoryWorld


def case_of(body, **data):
    case = Moving(process(body, extra=ROOTS))
    case.start(**data)
    return case


def moved(case, body, mapping=None):
    """Move a case; return the events less the one that says so."""
    before = len(case.events)
    assert case.migrate(bundle_of(process(body, extra=ROOTS)), mapping)
    assert case.events[before]["type"] == "case_migrated"
    return case.events[before + 1 :]


def told(events, *names):
    return [(one["type"], one["element"], *(one.get(name) for name in names)) for one in events]


def refused(case, body, mapping=None):
    """Return (code, element) of the reasons why a case stays."""
    onto = bundle_of(process(body, extra=ROOTS))
    bundle = Bundle("p", case.bundle.processes, onto=onto)
    command = c.MigrateCase(2, mapping={"p": mapping} if mapping else None)
    with pytest.raises(MigrationRefused) as refusal:
        case.kernel.apply(
            bundle, case.snapshot, command, now=case.now, actor="ann", world=case.world
        )
    return [(one["code"], one["element"]) for one in refusal.value.findings]


def limited(limit, role="r"):
    return line(task("a", f' camunda:dueDate="{limit}" camunda:candidateGroups="{role}"'))


# -- tasks ----------------------------------------------------------------------------


def test_an_open_task_keeps_its_assignee_and_gets_the_new_limit_from_when_it_opened():
    case = case_of(limited("working_hours(4)"))
    case.do(c.ClaimTask("p.a.1"), "bob")
    case.later(2)

    events = moved(case, limited("working_hours(9)", "chief"))

    assert told(events, "candidates", "due_at", "original_due_at") == [
        ("task_changed", "a", [{"role": "chief", "unit": "U1"}], None, None),
        ("task_due_changed", "a", None, "2026-09-14T18:00:00+08:00", "2026-09-14T13:00:00+08:00"),
    ]
    case.do(c.CompleteTask("p.a.1"), "bob")
    assert case.state == "completed"


def test_a_task_whose_texts_are_the_same_is_not_told_of():
    case = case_of(limited("working_hours(4)"))

    assert moved(case, limited("working_hours(4)")) == []


def test_a_limit_that_is_gone_is_taken_off():
    case = case_of(limited("working_hours(4)"))

    events = moved(case, line(task("a", ' camunda:candidateGroups="r"')))

    assert told(events, "due_at") == [("task_due_changed", "a", None)]


def test_a_due_moment_that_a_person_has_set_stays():
    case = case_of(limited("working_hours(4)"))
    case.do(c.ExtendTask("p.a.1", "2026-09-20T09:00:00+08:00"))

    assert moved(case, limited("working_hours(9)")) == []


def test_a_limit_follows_the_data_that_its_new_text_mentions():
    case = case_of(limited("working_hours(4)"), hours=5)
    moved(case, limited("working_hours(hours)"))

    assert case.snapshot.control["watch"]["d:hours"] == ["p.a.1"]
    assert case.snapshot.control["tasks"]["p.a.1"][3] == "2026-09-14T14:00:00+08:00"


def test_an_unclaimed_task_goes_to_whom_the_new_version_names():
    case = case_of(line("a"), chief="eve")

    events = moved(case, line(task("a", ' camunda:assignee="${chief}"')))

    assert told(events, "assignee") == [("task_changed", "a", "eve")]
    case.do(c.CompleteTask("p.a.1"), "eve")


def test_a_task_under_another_id_keeps_its_name_and_its_place_in_the_history():
    case = case_of(line("a", "b"))

    events = moved(case, line("a2", "b"), {"a": "a2"})

    assert told(events, "was", "task") == [
        ("element_migrated", "a2", "a", None),
        ("task_changed", "a2", None, "p.a.1"),
    ]
    left = case.complete("p.a.1")
    assert {one["element"] for one in left if one["type"] != "element_entered"} == {"a2", "b"}
    assert [one for one in told(left) if one[0] == "element_left"] == [("element_left", "a2")]
    assert case.state == "open"


def test_a_visit_becomes_one_more_where_the_case_was_before():
    body = line("a", "b")
    case = case_of(body)
    case.complete("a")

    (one, _) = moved(case, line("b", "a"), {"a": "b", "b": "a"})

    assert (one["element"], one["nth"], one["was"], one["was_nth"]) == ("a", 2, "b", 1)
    case.complete("p.b.1")
    assert case.state == "completed"


def test_who_has_done_a_step_is_remembered_under_its_new_id():
    other = "<extensionElements><camunda:properties><camunda:property name='notSameAs' value='{}'/>"
    body = line(
        "a", task("b", inside=other.format("a") + "</camunda:properties></extensionElements>")
    )
    renamed = line(
        "a2", task("b", inside=other.format("a2") + "</camunda:properties></extensionElements>")
    )
    case = case_of(body)
    case.complete("a", actor="bob")

    moved(case, renamed, {"a": "a2"})

    found = case.kernel.task(case.bundle, case.snapshot, "p.b.1").not_same_as
    assert [(one["element"], one["user"]) for one in found] == [("a2", "bob")]


# -- timers and other events --------------------------------------------------------------


def test_a_timer_counts_by_its_new_text_from_when_it_was_armed():
    case = case_of(line("a") + boundary("t", "a", TIMER.format("PT4H")))
    case.later(2)

    events = moved(case, line("a") + boundary("t", "a", TIMER.format("PT1H")))

    assert told(events, "timer", "due_at") == [
        ("timer_cancelled", "t", 1, None),
        ("timer_armed", "t", 1, "2026-09-14T10:00:00+08:00"),
    ]
    # It is past, and fires at once when somebody looks.
    fired = case.do(c.FireTimer(1, "2026-09-14T10:00:00+08:00"))
    assert fired[0]["type"] == "timer_fired"


def test_a_timer_under_another_id_is_told_of_and_goes_on():
    case = case_of(line("a") + boundary("t", "a", TIMER.format("PT4H")))

    events = moved(
        case,
        line("a") + boundary("u", "a", TIMER.format("PT4H")),
        {"t": "u", "t_task": "u_task", "t_end": "u_end"},
    )

    assert told(events, "timer", "due_at") == [
        ("timer_cancelled", "t", 1, None),
        ("timer_armed", "u", 1, "2026-09-14T13:00:00+08:00"),
    ]
    case.fire()
    assert case.tasks == ["p.u_task.1"]


def test_a_timer_on_hold_keeps_what_the_new_text_leaves_of_it():
    case = case_of(line("a") + boundary("t", "a", TIMER.format("PT4H")))
    case.do(c.SuspendCase("wait"))

    events = moved(case, line("a") + boundary("t", "a", TIMER.format("PT9H")))
    assert told(events, "remaining") == [
        ("timer_held", "t", {"$amount": 9.0, "unit": "WH"}),
    ]
    case.later(24)
    case.do(c.ResumeCase())
    assert case.timers == {1: "2026-09-15T18:00:00+08:00"}


def test_what_is_new_in_a_case_on_hold_waits_on_hold():
    case = case_of(line("a"))
    case.do(c.SuspendCase("wait"))

    events = moved(case, line("a") + boundary("t", "a", TIMER.format("PT4H")))

    assert told(events) == [("timer_armed", "t"), ("timer_held", "t")]
    assert case.state == "suspended"
    case.do(c.ResumeCase())
    assert case.timers == {1: "2026-09-14T13:00:00+08:00"}


def test_nothing_new_is_waited_for_beside_an_event_that_has_ended_all_else():
    def handler(id_, event):
        return sub(id_, f'<startEvent id="{id_}s">{event}</startEvent>{task(id_ + "t")}'
                   + flows(f"{id_}s > {id_}t"), ' triggeredByEvent="true"')  # fmt: skip

    case = case_of(line("a") + handler("h", ALARM))
    case.do(c.ReceiveSignal("alarm"))

    assert moved(case, line("a") + handler("h", ALARM) + handler("g", NEWS)) == []
    case.complete("ht")
    assert case.state == "completed"


def test_a_message_of_another_name_goes_to_who_waits_now():
    case = case_of(line("a") + boundary("m", "a", GO))
    moved(case, line("a") + boundary("m", "a", NEWS))

    with pytest.raises(Exception, match="Nothing in the case waits for message 'go'"):
        case.message("go")
    case.message("news")
    assert case.tasks == ["p.m_task.1"]


def test_a_work_under_way_brings_its_result_under_the_new_id():
    case = case_of(line('<serviceTask id="w" camunda:topic="x"/>', "b"))

    moved(case, line('<serviceTask id="v" camunda:topic="x"/>', "b"), {"w": "v"})

    assert case.kernel.place_of(case.snapshot, "p.w.1") == ("p", "v")
    case.do(c.CompleteJob("p.w.1", {"done": 1}))
    assert case.tasks == ["p.b.1"]


# -- incidents, instances, undoing -----------------------------------------------------------


def test_a_step_that_stands_still_is_tried_again_with_the_corrected_text():
    case = case_of(line('<scriptTask id="k"><script>x = 1 / 0</script></scriptTask>', "b"))
    moved(case, line('<scriptTask id="k2"><script>x = 1</script></scriptTask>', "b"), {"k": "k2"})

    events = case.retry()

    assert (events[0]["type"], events[0]["element"]) == ("incident_resolved", "k2")
    assert (case.data["x"], case.tasks) == (1, ["p.b.1"])


def test_an_outcome_that_is_declared_no_more_holds_a_completed_task_back():
    def body(outcomes):
        declared = (
            "<extensionElements><camunda:properties><camunda:property name='outcomes' "
            f"value='{outcomes}'/></camunda:properties></extensionElements>"
        )
        return (
            '<startEvent id="s"/><endEvent id="e"/>'
            + task("a", inside=declared)
            + flows("s > a", "a > e : 1 / v > 0")
        )

    case = case_of(body("yes=Y;no=N"), v=0)
    case.complete("a", "yes")

    assert refused(case, body("no=N")) == [("outcome-gone", "a")]
    assert case.incidents == [("a", "condition-failed")]


def test_instances_are_named_after_the_new_id():
    case = case_of(line(sub("z", inner_of("a"), inside=MANY.format(""))), items=["x", "y"])

    events = moved(case, line(sub("y", inner_of("a"), inside=MANY.format(""))), {"z": "y"})

    assert told(events, "instance", "was") == [
        ("element_migrated", "y", None, "z"),
        ("element_migrated", "y", 0, "z"),
        ("element_migrated", "y", 1, "z"),
    ]
    left = case.complete(case.tasks[0])
    assert left[0]["path"] == ["y[x]"]


def inner_of(*elements):
    xml = '<startEvent id="is"/><endEvent id="ie"/>' + "".join(map(task, elements))
    return xml + flows(" > ".join(["is", *elements, "ie"]))


def test_what_is_undone_after_a_migration_is_what_was_done_before():
    def body(renamed):
        undoable = UNDOABLE.replace('"a"', f'"{renamed}"')
        return (
            '<startEvent id="s"/><endEvent id="e"/>' + undoable + THROW + task("b")
            + flows(f"s > {renamed} > b > back > e")
        )  # fmt: skip

    case = case_of(body("a"))
    case.complete("a")
    moved(case, body("c"), {"a": "c"})

    events = case.complete("b")

    started = next(one for one in events if one["type"] == "compensation_started")
    assert (started["element"], started["nth"], started["handler"]) == ("c", 1, "undo")
    case.complete("undo")
    assert case.state == "completed"


def test_a_part_of_what_must_all_come_is_not_lost():
    def both(*events):
        return line(
            f'<intermediateCatchEvent id="c" parallelMultiple="true">{"".join(events)}'
            "</intermediateCatchEvent>"
        )

    case = case_of(both(GO, NEWS))
    case.message("go")

    assert refused(case, both(GO, ALARM)) == [("event-changed", "c")]


def test_a_catch_event_that_waits_for_nothing_is_refused():
    case = case_of(line(f'<intermediateCatchEvent id="c">{GO}</intermediateCatchEvent>'))
    bundle = bundle_of(process(line(f'<intermediateCatchEvent id="c">{GO}'
                                    "</intermediateCatchEvent>"), extra=ROOTS))  # fmt: skip
    node = bundle.processes["p"].nodes["c"]
    object.__setattr__(node, "events", ())

    with pytest.raises(MigrationRefused) as refusal:
        case.kernel.apply(
            Bundle("p", case.bundle.processes, onto=bundle), case.snapshot, c.MigrateCase(2),
            now=case.now, actor="ann", world=case.world,
        )  # fmt: skip

    assert [one["code"] for one in refusal.value.findings] == ["event-gone"]


def test_a_case_that_would_never_end_is_refused():
    case = case_of(line("a", "b"))
    endless = '<startEvent id="s"/><exclusiveGateway id="x"/>' + task("a") + task("b")

    assert refused(case, endless + flows("s > x > a > b > x")) == [("no-end", "a")]


# -- when it is asked ---------------------------------------------------------------------


def test_a_case_that_has_ended_is_not_migrated():
    case = case_of(line("a"))
    case.complete("a")

    with pytest.raises(WrongState):
        case.do(c.MigrateCase(2))


def test_a_migration_without_versions_is_refused():
    with pytest.raises(InvalidRequest):
        case_of(line("a")).do(c.MigrateCase(2))


def test_spiffworkflow_refuses_it_by_name():
    diagram = process(line("a"))
    bundle, spiff = bundle_of(diagram), Spiff()
    world = MemoryWorld(START)
    start = c.StartCase("p", unit="U1", starter="ann")
    begun = spiff.apply(bundle, empty("c-1"), start, now=START, actor="ann", world=world)

    with pytest.raises(NotOnExecutor) as refusal:
        spiff.apply(bundle, begun.snapshot, c.MigrateCase(2), now=START, actor="ann", world=world)

    assert refusal.value.message == (
        "Executor 'spiff' cannot let a running case go on with another version: "
        "SpiffWorkflow has nothing for it."
    )


def test_each_reason_is_explained_to_designers():
    assert set(first_codes(text_of("migration.md"))) == set(WORDS)
