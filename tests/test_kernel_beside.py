"""Signatures, delegations, reminders and copies, as the kernel keeps them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import commands as c
from engine.errors import (
    AlreadyClaimed,
    EngineError,
    LastSignature,
    NothingWaits,
    OnHold,
    RemindedLately,
    SignaturesAwaited,
    TaskNotOpen,
    UnknownOutcome,
    WrongState,
)
from tests.memory import START, Case, flows, process
from tests.test_kernel_events import TIMER, boundary

OUTCOMES = (
    "<extensionElements><camunda:properties>"
    '<camunda:property name="outcomes" value="yes=是;no=否"/>'
    "</camunda:properties></extensionElements>"
)
T = "p.t.1"


def case(task: str = f'<userTask id="t" name="审">{OUTCOMES}</userTask>', extra: str = "") -> Case:
    body = f'<startEvent id="s"/>{task}<userTask id="u"/><endEvent id="e"/>{extra}'
    one = Case(process(body + flows("s > t > u > e")))
    one.start()
    one.do(c.ClaimTask(T), "owner")
    return one


def ask(one: Case, to: str, kind: str, by: str = "owner", due_at: str | None = None) -> str:
    """Ask somebody; return the name of the signature."""
    events = one.do(c.AddSignature(T, to, kind, due_at), by)
    return str(events[0]["task"])


def said(events: list[dict]) -> list[tuple[str, ...]]:
    """Return (type, task, by) of the events that people cause."""
    told = ("signature_", "decision_", "task_completed", "task_cancelled", "task_opened")
    return [
        (one["type"], one["task"].removeprefix("p."), one.get("by", ""))
        for one in events
        if one["type"].startswith(told)
    ]


def decide(one: Case, outcome: str = "yes", by: str = "owner") -> list[dict]:
    return one.do(c.CompleteTask(T, outcome), by)


def give(one: Case, name: str, outcome: str = "agree") -> list[dict]:
    row = one.snapshot.control["beside"][T]["signatures"][name.partition("~")[2]]
    return one.do(c.GiveSignature(name, outcome), row[1])


# -- before -----------------------------------------------------------------------------


def test_who_is_asked_before_decides_first_then_it_comes_back():
    one = case()
    name = ask(one, "bob", "before")

    with pytest.raises(SignaturesAwaited):
        decide(one)
    assert said(give(one, name, "disagree")) == [("signature_given", "t.1~1", "bob")]
    assert said(decide(one)) == [("task_completed", "t.1", "owner"), ("task_opened", "u.1", "")]
    assert one.data["t_outcome"] == "yes"
    assert "beside" not in one.snapshot.control


# -- parallel ---------------------------------------------------------------------------


def test_a_decision_waits_for_who_is_asked_beside_it():
    one = case()
    first, second = ask(one, "bob", "parallel"), ask(one, "cai", "parallel")
    give(one, first)

    assert said(decide(one)) == [("decision_taken", "t.1", "owner")]
    with pytest.raises(SignaturesAwaited):
        decide(one)
    assert said(give(one, second)) == [
        ("signature_given", "t.1~2", "cai"),
        ("task_completed", "t.1", "owner"),
        ("task_opened", "u.1", ""),
    ]
    assert one.snapshot.control["tasks"].keys() == {"p.u.1"}


def test_who_disagrees_with_a_decision_brings_it_back_and_then_has_said_it():
    one = case()
    name = ask(one, "bob", "parallel")
    decide(one)

    assert said(give(one, name, "disagree")) == [
        ("signature_given", "t.1~1", "bob"),
        ("decision_returned", "t.1", "bob"),
    ]
    assert said(decide(one, "no"))[0] == ("task_completed", "t.1", "owner")
    assert one.data["t_outcome"] == "no"


# -- after ------------------------------------------------------------------------------


def test_who_is_asked_after_must_agree_before_it_goes_on():
    one = case()
    bob, cai = ask(one, "bob", "after"), ask(one, "cai", "after")
    with pytest.raises(TaskNotOpen):
        give(one, bob)

    assert said(decide(one)) == [
        ("decision_taken", "t.1", "owner"),
        ("signature_opened", "t.1~1", ""),
        ("signature_opened", "t.1~2", ""),
    ]
    give(one, bob)
    assert said(give(one, cai, "disagree")) == [
        ("signature_given", "t.1~2", "cai"),
        ("decision_returned", "t.1", "cai"),
        ("signature_added", "t.1~3", "cai"),
        ("signature_added", "t.1~4", "cai"),
    ]
    with pytest.raises(TaskNotOpen):
        one.do(c.GiveSignature(bob, "agree"), "bob")
    decide(one, "no")
    give(one, "p.t.1~3")
    assert said(give(one, "p.t.1~4"))[1] == ("task_completed", "t.1", "owner")
    assert one.data["t_outcome"] == "no"


def test_what_is_decided_is_not_handed_on_or_given_back_and_nobody_is_asked_before():
    one = case()
    ask(one, "bob", "after")
    decide(one)

    for command in (
        c.UnclaimTask(T),
        c.TransferTask(T, "dan"),
        c.AddSignature(T, "dan", "before"),
        c.AddSignature(T, "dan", "delegate"),
        c.CompleteTask(T, "no"),
    ):
        with pytest.raises(SignaturesAwaited):
            one.do(command, "owner")


def test_where_who_is_asked_after_is_gone_another_is_asked_at_once():
    one = case()
    gone = ask(one, "bob", "after")
    decide(one)

    events = one.do(c.AddSignature(T, "cai", "after"), "head")
    assert said(events) == [("signature_added", "t.1~2", "head"), ("signature_opened", "t.1~2", "")]
    one.do(c.RemoveSignature(gone), "head")
    assert said(give(one, "p.t.1~2"))[1] == ("task_completed", "t.1", "owner")


# -- delegation -------------------------------------------------------------------------


def test_a_delegate_resolves_and_the_owner_completes():
    one = case()
    name = ask(one, "bob", "delegate")

    with pytest.raises(SignaturesAwaited):
        decide(one)
    with pytest.raises(WrongState):
        ask(one, "cai", "delegate")
    with pytest.raises(UnknownOutcome):
        give(one, name, "agree")
    give(one, name, "resolved")
    assert one.snapshot.control["tasks"][T][0] == "owner"
    assert said(decide(one))[0] == ("task_completed", "t.1", "owner")


def test_a_delegation_is_taken_back():
    one = case()
    name = ask(one, "bob", "delegate")

    assert said(one.do(c.RemoveSignature(name), "owner")) == [
        ("signature_removed", "t.1~1", "owner")
    ]
    assert said(decide(one))[0] == ("task_completed", "t.1", "owner")


# -- taking back ------------------------------------------------------------------------


def test_the_last_signature_stays():
    one = case()
    bob = ask(one, "bob", "before")
    with pytest.raises(LastSignature):
        one.do(c.RemoveSignature(bob), "owner")

    cai = ask(one, "cai", "before")
    one.do(c.RemoveSignature(bob), "owner")
    give(one, cai)
    with pytest.raises(TaskNotOpen):
        one.do(c.RemoveSignature(cai), "owner")
    with pytest.raises(TaskNotOpen):
        one.do(c.RemoveSignature(bob), "owner")


def test_a_decision_takes_effect_when_the_one_it_waits_for_is_taken_back():
    one = case()
    bob, cai = ask(one, "bob", "after"), ask(one, "cai", "after")
    decide(one)
    give(one, bob)

    assert said(one.do(c.RemoveSignature(cai), "owner")) == [
        ("signature_removed", "t.1~2", "owner"),
        ("task_completed", "t.1", "owner"),
        ("task_opened", "u.1", ""),
    ]


# -- what stands against it -------------------------------------------------------------


def test_nobody_signs_the_own_task_or_twice():
    one = case()
    with pytest.raises(WrongState):
        ask(one, "owner", "before")
    ask(one, "bob", "before")
    with pytest.raises(AlreadyClaimed):
        ask(one, "bob", "after")
    with pytest.raises(WrongState):
        one.do(c.TransferTask(T, "bob"), "owner")
    one.do(c.UnclaimTask(T), "owner")
    with pytest.raises(WrongState):
        one.do(c.ClaimTask(T), "bob")


def test_on_hold_nobody_asks_answers_or_takes_back():
    one = case()
    bob = ask(one, "bob", "before")
    ask(one, "cai", "before")
    one.do(c.SuspendTask(T))

    for command in (
        c.AddSignature(T, "dan", "before"),
        c.GiveSignature(bob, "agree"),
        c.RemoveSignature(bob),
    ):
        with pytest.raises(OnHold):
            one.do(command, "bob")
    one.do(c.ResumeTask(T))
    give(one, bob)


def test_a_task_that_is_cut_off_takes_its_signatures_along():
    late = boundary("b", "t", TIMER.format("working_hours(4)"), interrupting=True)
    one = case(extra=late + '<endEvent id="f"/>' + flows("b > f"))
    bob = ask(one, "bob", "before")
    ask(one, "cai", "after")
    one.later(5)

    assert said(one.do(c.FireTimer(1, one.timers[1]), "@scheduler")) == [
        ("signature_removed", "t.1~2", ""),
        ("signature_removed", "t.1~3", ""),
        ("task_cancelled", "t.1", ""),
    ]
    with pytest.raises(TaskNotOpen):
        one.do(c.GiveSignature(bob, "agree"), "bob")


def test_signatures_live_inside_an_instance():
    many = (
        f'<userTask id="t">{OUTCOMES}<multiInstanceLoopCharacteristics'
        ' camunda:collection="[1, 2]"/></userTask>'
    )
    body = f'<startEvent id="s"/>{many}<endEvent id="e"/>'
    one = Case(process(body + flows("s > t > e")))
    one.start()
    one.do(c.ClaimTask("p.t.1.1"), "owner")
    (added, opened) = one.do(c.AddSignature("p.t.1.1", "bob", "parallel"), "owner")

    assert (added["task"], added["of"], added["instance"]) == ("p.t.1.1~1", "p.t.1.1", 1)
    assert opened["assignee"] == "bob"
    one.do(c.CompleteTask("p.t.1.1", "yes"), "owner")
    one.do(c.CompleteTask("p.t.1.0", "yes"), "ann")
    assert one.state == "open"
    one.do(c.GiveSignature("p.t.1.1~1", "agree"), "bob")
    assert one.state == "completed"


def test_a_signature_is_due_when_asked_or_with_its_task():
    one = case(f'<userTask id="t" camunda:dueDate="working_hours(8)">{OUTCOMES}</userTask>')
    own = one.do(c.AddSignature(T, "bob", "before", "2026-09-14T12:00:00+08:00"), "owner")
    follows = one.do(c.AddSignature(T, "cai", "before"), "owner")

    assert (own[1]["due_at"], own[1]["own_due"]) == ("2026-09-14T12:00:00+08:00", True)
    assert (follows[1]["due_at"], "own_due" in follows[1]) == ("2026-09-14T17:00:00+08:00", False)


# -- reminders and copies -----------------------------------------------------------------


def test_the_same_person_urges_once_in_four_hours_and_all_are_counted():
    one = case()
    assert one.do(c.RemindTask(T), "ann")[0]["count"] == 1
    assert one.do(c.RemindTask(T), "bob")[0]["count"] == 2

    with pytest.raises(RemindedLately) as refused:
        one.do(c.RemindTask(T), "ann")
    assert refused.value.hint == "It can be urged again from 2026-09-14T13:00:00+08:00."
    one.now += timedelta(hours=4)
    assert one.do(c.RemindTask(T), "ann")[0]["count"] == 3


def test_urging_a_signature_is_counted_apart():
    one = case()
    name = ask(one, "bob", "before")
    one.do(c.RemindTask(T), "ann")

    (event,) = one.do(c.RemindTask(name), "ann")
    assert (event["task"], event["count"]) == (name, 1)
    give(one, name)
    with pytest.raises(TaskNotOpen):
        one.do(c.RemindTask(name), "cai")


def test_a_copy_moves_nothing():
    one = case()
    (event,) = one.do(c.CopyTask(T, ["cai", "bob", "cai"]), "owner")
    assert event["receivers"] == ["bob", "cai"]
    (read,) = one.do(c.ReadCopy(T), "bob")
    assert (read["type"], read["task"], read["by"]) == ("copy_read", T, "bob")


# -- the review date of a hold ------------------------------------------------------------

HOLD = c.SuspendTask(T, "waits", "2026-09-16T09:00:00+08:00", reminds=True)


def test_the_review_date_of_a_hold_reminds_and_moves_nothing():
    one = case()
    assert [e["type"] for e in one.do(HOLD, "eve")] == ["task_held", "timer_armed"]

    with pytest.raises(NothingWaits):
        one.do(c.FireTimer(1, "2026-09-15T09:00:00+08:00"))
    one.now = START + timedelta(days=2)
    fired = one.do(c.FireTimer(1, "2026-09-16T01:00:00Z"), "@scheduler")
    assert [(e["type"], e.get("by")) for e in fired] == [
        ("timer_fired", None),
        ("review_due", "eve"),
    ]
    with pytest.raises(NothingWaits):
        one.do(c.FireTimer(1, "2026-09-16T01:00:00Z"), "@scheduler")
    with pytest.raises(OnHold):
        decide(one)
    assert [e["type"] for e in one.do(c.ResumeTask(T))] == ["task_released"]


def test_a_hold_that_ends_before_is_not_reviewed():
    one = case()
    one.do(HOLD)
    assert [e["type"] for e in one.do(c.ResumeTask(T))] == ["timer_cancelled", "task_released"]
    one.do(HOLD)
    ended = [e["type"] for e in one.do(c.CancelCase("terminated", "x"))]
    assert ended[:2] == ["timer_cancelled", "task_cancelled"]


def test_a_review_comes_in_a_suspended_case_too():
    one = case()
    one.do(HOLD)
    one.do(c.SuspendCase("x"))

    fired = one.do(c.FireTimer(1, "2026-09-16T01:00:00Z"), "@scheduler")
    assert [e["type"] for e in fired] == ["timer_fired", "review_due"]
    assert one.state == "suspended"


def test_holds_of_older_records_are_not_reviewed():
    one = case()
    held = one.do(c.SuspendTask(T, "waits", "2026-09-16T09:00:00+08:00"))
    assert [e["type"] for e in held] == ["task_held"]


# -- whatever people do, in any order ------------------------------------------------------

PEOPLE = ("ann", "bob", "cai")
MANY = (
    f'<userTask id="t">{OUTCOMES}<multiInstanceLoopCharacteristics'
    ' camunda:collection="[1, 2]"/></userTask>'
)


def tried(one: Case, pick: st.DataObject) -> None:
    """Do something that somebody might do; a refusal is fine."""
    who = pick.draw(st.sampled_from(PEOPLE))
    task = pick.draw(st.sampled_from(one.tasks))
    asked = sorted(one.snapshot.control.get("beside", {}).get(task, {}).get("signatures", {}))
    name = f"{task}~{pick.draw(st.sampled_from(asked))}" if asked else f"{task}~9"
    kind, other = pick.draw(st.sampled_from(c.KINDS)), pick.draw(st.sampled_from(PEOPLE))
    command = pick.draw(
        st.sampled_from(
            [
                c.ClaimTask(task), c.UnclaimTask(task), c.TransferTask(task, other),
                c.AddSignature(task, other, kind), c.AddSignature(task, other, kind),
                c.GiveSignature(name, "agree"), c.GiveSignature(name, "disagree"),
                c.GiveSignature(name, "resolved"), c.RemoveSignature(name),
                c.SuspendTask(task, None, "2026-09-16T09:00:00+08:00", True), c.ResumeTask(task),
                c.CompleteTask(task, "yes"), c.RemindTask(task),
            ]
        )
    )  # fmt: skip
    before = one.snapshot.control.get("beside", {}).get(task, {})
    try:
        events = one.do(command, who)
    except EngineError:
        return
    ended = [e["task"] for e in events if e["type"] == "task_completed"]
    if ended:
        rows = before.get("signatures", {})
        left = [number for number, row in rows.items() if row[2] != "given"]
        assert left in ([], [command.task.partition("~")[2]]), (command, rows)
        assert all(events[-1]["type"] != "decision_returned" for _ in ended)


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(st.data())
def test_no_task_goes_on_while_somebody_is_asked_and_the_books_are_kept(pick):
    late = boundary("b", "t", TIMER.format("working_hours(4)"), interrupting=True)
    body = f'<startEvent id="s"/>{MANY}<endEvent id="e"/><endEvent id="f"/>{late}'
    one = Case(process(body + flows("s > t > e", "b > f")))
    one.start()
    for _ in range(20):
        if one.state != "open":
            break
        tried(one, pick)
    if one.timers and one.state == "open":
        one.fire()
        assert one.state == "completed"
