"""Moving tokens: what goes along, what stays, and what is refused with which sentence."""

from __future__ import annotations

import pytest

from engine import commands as c
from engine.errors import EngineError, InvalidRequest, NothingWaits, TaskNotOpen
from tests.memory import Case, flows, process
from tests.test_kernel_events import (
    MESSAGE,
    ROOTS,
    TIMER,
    boundary,
    condition,
    event,
    event_sub,
    sub,
)
from tests.test_kernel_flows import user

ENDS = '<startEvent id="s"/><endEvent id="e"/>'
GATES = '<parallelGateway id="f"/><parallelGateway id="j"/>'
BRANCHES = (
    GATES + user("a", "b1", "b2", "c", "d") + flows("s > a > f", "f > b1 > b2 > j", "f > c > j")
)


def case(body: str, *more: bytes, **world: object) -> Case:
    return Case(process(ENDS + body, extra=ROOTS), *more, **world)


def branches() -> Case:
    """Return a case that stands at b1 and c, behind a fork."""
    one = case(BRANCHES + flows("j > d > e"))
    one.start()
    one.complete("a")
    return one


def move(one: Case, source: str | None, target: str, kind: str = "move", **more: object) -> list:
    return one.do(c.MoveTokens(target, source, kind, reason="why", **more))


def refused(one: Case, source: str | None, target: str, kind: str = "move") -> str:
    before = one.snapshot
    with pytest.raises(EngineError) as found:
        move(one, source, target, kind)
    assert one.snapshot is before
    return str(found.value)


def cut(events: list) -> list[str]:
    """Return ``element#nth`` of what was cut off, in order."""
    return [f"{e['element']}#{e['nth']}" for e in events if e.get("cancelled")]


def entered(events: list) -> list[str]:
    return [f"{e['element']}#{e['nth']}" for e in events if e["type"] == "element_entered"]


def test_a_move_in_a_sequence_says_so_cuts_off_and_enters_anew():
    one = case(user("a", "b") + flows("s > a > b > e"))
    one.start()
    one.complete("a")

    told = move(one, "p.b.1", "a", "return")

    assert told == [
        {
            "type": "tokens_moved",
            "process": "p",
            "element": "a",
            "nth": 2,
            "path": [],
            "kind": "return",
            "source": "p.b.1",
            "reason": "why",
        },
        {
            "type": "task_cancelled",
            "process": "p",
            "element": "b",
            "nth": 1,
            "path": [],
            "task": "p.b.1",
        },
        {
            "type": "element_left",
            "process": "p",
            "element": "b",
            "nth": 1,
            "path": [],
            "cancelled": True,
        },
        {"type": "element_entered", "process": "p", "element": "a", "nth": 2, "path": []},
        {
            "type": "task_opened",
            "process": "p",
            "element": "a",
            "nth": 2,
            "path": [],
            "task": "p.a.2",
            "name": "",
            "candidates": [],
        },
    ]
    one.complete("a")
    one.complete("b")
    assert one.state == "completed"


def test_inside_a_branch_the_other_branch_stays_and_the_join_still_waits():
    one = branches()
    one.complete("c")
    one.complete("b1")

    told = move(one, "b2", "b1", "return")

    assert (cut(told), entered(told), one.tasks) == (["b2#1"], ["b1#2"], ["p.b1.2"])
    one.complete("b1")
    one.complete("b2")
    assert one.tasks == ["p.d.1"]


def test_before_the_fork_all_branches_and_what_the_join_holds_go_along():
    one = branches()
    one.complete("c")

    told = move(one, "b1", "a", "return")

    assert (cut(told), entered(told), one.tasks) == (["b1#1"], ["a#2"], ["p.a.2"])
    one.complete("a")
    assert one.tasks == ["p.b1.2", "p.c.2"]
    one.complete("b1")
    one.complete("b2")
    assert one.tasks == ["p.c.2"], "the token that the join held before must be gone"
    one.complete("c")
    one.complete("d")
    assert one.state == "completed"


def test_behind_the_join_the_branch_that_is_still_going_on_goes_along():
    one = branches()

    told = move(one, "b1", "d")

    assert (cut(told), entered(told), one.tasks) == (["b1#1", "c#1"], ["d#1"], ["p.d.1"])


def test_a_step_of_a_branch_can_be_skipped():
    one = branches()

    told = move(one, "b1", "b2")

    assert (cut(told), one.tasks) == (["b1#1"], ["p.b2.1", "p.c.1"])


def test_into_a_branch_whose_sibling_is_done_nothing_is_moved():
    one = branches()
    for task in ("b1", "b2", "c"):
        one.complete(task)

    assert refused(one, "d", "b1", "return") == (
        "The case could not come to its end from there: 'j' could wait for ever, since nothing "
        "comes over 'c_j' any more: b1 → b2. "
        "Move to an element before the work was split, or behind where it comes together."
    )


def test_from_one_branch_to_the_other_nothing_is_moved():
    one = branches()

    assert refused(one, "b1", "c").startswith(
        "The case could not come to its end from there: 'j' could wait for ever"
    )


def test_in_a_loop_only_the_round_is_gone_back_over():
    one = case(
        '<exclusiveGateway id="x" default="x_e"/>'
        + GATES
        + user("a", "b", "beside")
        + flows("s > f", "f > a > b > x", "x > a : again", "f > beside > j", "j > y")
        + '<task id="y"/>'
        + '<sequenceFlow id="x_e" sourceRef="x" targetRef="j"/>'
        + flows("y > e")
    )
    one.start()
    one.complete("a")
    one.complete("b", again=True)
    one.complete("a")

    told = move(one, "b", "a", "return")

    assert (cut(told), one.tasks) == (["b#2"], ["p.a.3", "p.beside.1"])


def test_in_a_round_that_forks_the_other_branch_of_the_round_stays():
    one = case(
        '<exclusiveGateway id="m"/><exclusiveGateway id="x" default="x_e"/>'
        + GATES
        + user("a", "b", "c")
        + flows("s > m > f", "f > a > b > j", "f > c > j", "j > x > m : again", "x > e")
    )
    one.start(again=True)
    one.complete("a")

    told = move(one, "b", "a", "return")

    assert (cut(told), one.tasks) == (["b#1"], ["p.a.2", "p.c.1"])


# -- inclusive gateways and boundary events -----------------------------------------------


def test_an_inclusive_join_forgets_what_came_from_the_region():
    one = case(
        '<inclusiveGateway id="f"/><inclusiveGateway id="j"/>'
        + user("a", "b", "c", "d")
        + flows("s > a > f", "f > b > j : True", "f > c > j : True", "j > d > e")
    )
    one.start()
    one.complete("a")
    one.complete("b")

    told = move(one, "c", "a", "return")
    one.complete("a")

    assert (cut(told), one.tasks) == (["c#1"], ["p.b.2", "p.c.2"])
    one.complete("b")
    assert one.tasks == ["p.c.2"]


def test_the_way_of_a_boundary_event_leads_back_to_its_activity():
    one = case(
        user("t", "u")
        + boundary("b", "t", TIMER.format("PT2H"), interrupting=False)
        + flows("s > t > e", "b > u")
    )
    one.start()
    one.fire()

    told = move(one, "u", "t")

    assert (cut(told), one.tasks) == (["t#1", "u#1"], ["p.t.2"])
    assert list(one.timers.values()) == ["2026-09-14T13:00:00+08:00"]


# -- scopes -------------------------------------------------------------------------------


def boxed() -> Case:
    """Return a case whose sub-process stands at its second task, with a task beside it."""
    inside = '<startEvent id="is"/><endEvent id="ie"/>' + user("i1", "i2")
    one = case(
        GATES
        + user("a", "beside")
        + sub("box", inside + flows("is > i1 > i2 > ie"))
        + flows("s > a > f", "f > box > j", "f > beside > j", "j > e")
    )
    one.start()
    one.complete("a")
    one.complete("i1")
    return one


def test_inside_a_sub_process_only_its_own_content_goes_along():
    one = boxed()

    told = move(one, "i2", "i1", "return")

    assert (cut(told), one.tasks) == (["i2#1"], ["p.beside.1", "p.i1.2"])
    assert told[0]["path"] == ["box"]


def test_out_of_a_sub_process_it_ends_with_all_inside():
    one = boxed()

    told = move(one, "i2", "a", "return")

    assert (cut(told), one.tasks) == (["beside#1", "i2#1", "box#1"], ["p.a.2"])


def test_a_sub_process_begins_again_as_a_whole():
    one = boxed()

    told = move(one, "i2", "box")

    assert (cut(told), entered(told)) == (["i2#1", "box#1"], ["box#2", "is#2", "i1#2"])


def test_into_a_finished_sub_process_nothing_is_moved():
    one = boxed()
    one.complete("i2")

    assert refused(one, "beside", "i1", "return") == (
        "'i1' lies inside 'box', which is not open around what is moved. "
        "Move to 'box' itself: it begins again as a whole."
    )


CALLED = process(
    '<startEvent id="cs"/><endEvent id="ce"/>' + user("x", "y") + flows("cs > x > y > ce"), "q"
)
CALLS = '<callActivity id="call" calledElement="q"/>' + user("a") + flows("s > a > call > e")


def test_out_of_a_called_process_the_call_ends():
    one = Case(process(ENDS + CALLS), CALLED)
    one.start()
    one.complete("a")
    one.complete("x")

    told = move(one, "q.y.1", "a", "return")

    assert (cut(told), one.tasks) == (["y#1", "call#1"], ["p.a.2"])
    one.complete("a")
    assert one.tasks == ["q.x.2"]


def test_inside_a_called_process_the_caller_does_not_notice():
    one = Case(process(ENDS + CALLS), CALLED)
    one.start()
    one.complete("a")
    one.complete("x")

    told = move(one, "y", "x", "return")

    assert (cut(told), one.tasks, told[0]["path"]) == (["y#1"], ["q.x.2"], ["call"])


def test_into_a_called_process_that_is_over_nothing_is_moved():
    one = Case(
        process(
            ENDS
            + '<callActivity id="call" calledElement="q"/>'
            + user("z")
            + flows("s > call > z > e")
        ),
        CALLED,
    )
    one.start()
    one.complete("x")
    one.complete("y")

    assert refused(one, "z", "y", "return") == (
        "'y' lies inside 'call', which is not open around what is moved. "
        "Move to 'call' itself: it begins again as a whole."
    )


# -- several instances ----------------------------------------------------------------------

MANY = (
    '<userTask id="m"><multiInstanceLoopCharacteristics>'
    "<loopCardinality>5</loopCardinality></multiInstanceLoopCharacteristics></userTask>"
)


def many() -> Case:
    one = case(
        GATES
        + user("a", "beside")
        + MANY
        + flows("s > a > f", "f > m > j", "f > beside > j", "j > e")
    )
    one.start()
    one.complete("a")
    return one


def test_from_the_third_of_five_instances_to_before_the_fork_all_go_along():
    one = many()
    one.complete("p.m.1.0")

    told = move(one, "p.m.1.2", "a", "return")

    assert [e["task"] for e in told if e["type"] == "task_cancelled"] == [
        "p.beside.1",
        "p.m.1.1",
        "p.m.1.2",
        "p.m.1.3",
        "p.m.1.4",
    ]
    assert (one.tasks, told[0]["source"]) == (["p.a.2"], "p.m.1.2")


def test_whoever_completes_a_sibling_after_the_return_is_told_that_it_is_gone():
    one = many()
    move(one, "p.m.1.2", "a", "return")

    with pytest.raises(TaskNotOpen):
        one.complete("p.m.1.3")

    assert one.tasks == ["p.a.2"]


def test_whoever_completes_a_sibling_before_the_return_has_done_it_for_nothing():
    one = many()
    one.complete("p.m.1.3")
    move(one, "p.m.1.2", "a", "return")
    one.complete("a")

    assert one.tasks == ["p.beside.2", *(f"p.m.2.{n}" for n in range(5))]


def test_a_multi_instance_activity_begins_again_with_all_of_its_collection():
    one = case(
        '<userTask id="m"><multiInstanceLoopCharacteristics camunda:collection="depts" '
        'camunda:elementVariable="dept"/></userTask>' + user("b") + flows("s > m > b > e")
    )
    one.start(depts=["D1", "D2"])
    one.complete("p.m.1.0")
    one.complete("p.m.1.1")

    move(one, "b", "m", "return")

    assert one.tasks == ["p.m.2.0", "p.m.2.1"]
    assert [one.snapshot.data[f"p.m.2.{n}"] for n in (0, 1)] == [{"dept": "D1"}, {"dept": "D2"}]


def test_inside_an_instance_the_other_instances_stay():
    inside = '<startEvent id="is"/><endEvent id="ie"/>' + user("i1", "i2")
    loop = (
        "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>"
        "</multiInstanceLoopCharacteristics>"
    )
    one = case(sub("box", loop + inside + flows("is > i1 > i2 > ie")) + flows("s > box > e"))
    one.start()
    one.complete("p.i1.1")
    one.complete("p.i1.2")

    told = move(one, "p.i2.2", "i1", "return")

    assert (cut(told), one.tasks) == (["i2#2"], ["p.i1.3", "p.i2.1"])
    one.complete("p.i1.3")
    one.complete("p.i2.1")
    one.complete("p.i2.3")
    assert one.state == "completed"


# -- event sub-processes ---------------------------------------------------------------------


def test_back_from_an_event_sub_process_it_waits_again():
    one = case(user("t") + event_sub(MESSAGE, interrupting=True) + flows("s > t > e"))
    one.start()
    one.message("go")

    told = move(one, "h", "t", "return")

    assert (cut(told), one.tasks) == (["h#1", "handler#1"], ["p.t.2"])
    one.message("go")
    assert one.tasks == ["p.h.2"]


def test_an_event_sub_process_beside_stays_when_the_rest_is_moved():
    one = case(user("t", "u") + event_sub(MESSAGE, interrupting=False) + flows("s > t > u > e"))
    one.start()
    one.message("go")
    one.complete("t")

    told = move(one, "u", "t", "return")

    assert (cut(told), one.tasks) == (["u#1"], ["p.h.1", "p.t.2"])


def test_without_a_source_everything_goes_along():
    one = case(
        GATES
        + user("a", "b", "c")
        + event_sub(MESSAGE, interrupting=False)
        + flows("s > a > f", "f > b > j", "f > c > j", "j > e")
    )
    one.start()
    one.message("go")
    one.complete("a")
    one.complete("b")

    told = move(one, None, "a")

    assert (cut(told), one.tasks) == (["c#1", "h#1", "handler#1"], ["p.a.2"])
    assert "source" not in told[0]


def test_a_case_that_stands_at_an_incident_can_be_moved_on():
    one = case(
        '<scriptTask id="x"><script>y = 1/0</script></scriptTask>'
        + user("a", "b")
        + flows("s > a > x > b > e")
    )
    one.start()
    one.complete("a")
    assert one.incidents == [("x", "script-failed")]

    told = move(one, "x", "b")

    assert (cut(told), one.tasks, one.state, one.incidents) == (["x#1"], ["p.b.1"], "open", [])


# -- limits ---------------------------------------------------------------------------------

LIMITED = (
    '<userTask id="a" camunda:dueDate="working_hours(8)"/>'
    + user("b")
    + boundary("late", "a", TIMER.format("PT4H"), interrupting=False)
    + boundary("later", "a", TIMER.format("PT6H"), interrupting=False)
    + flows("s > a > b > e")
)


def test_rework_gets_a_fresh_limit():
    one = case(LIMITED)
    one.start()
    one.later(3)
    one.complete("a")
    one.later(1)

    told = move(one, "b", "a")

    due = [e["due_at"] for e in told if e["type"] == "task_opened"]
    assert due == ["2026-09-14T21:00:00+08:00"]
    assert list(one.timers.values()) == ["2026-09-14T17:00:00+08:00", "2026-09-14T19:00:00+08:00"]


def test_a_return_gets_what_was_left_and_what_had_fired_does_not_fire_again():
    one = case(LIMITED)
    one.start()
    one.fire()
    one.later(1)
    one.complete("a")
    one.later(10)

    told = move(
        one,
        "b",
        "a",
        "return",
        limits={
            "since": "2026-09-14T14:00:00+08:00",
            "due_at": "2026-09-14T17:00:00+08:00",
            "timers": {"late": None, "later": "2026-09-14T15:00:00+08:00"},
        },
    )

    assert [
        (e["type"], e["due_at"], e.get("original_due_at"))
        for e in told
        if e["type"].startswith("task_due")
    ] == [("task_due_changed", "2026-09-15T03:00:00+08:00", "2026-09-15T03:00:00+08:00")]
    assert list(one.timers.values()) == ["2026-09-15T01:00:00+08:00"]


def test_a_limit_that_was_missed_before_the_return_is_due_at_once():
    one = case(LIMITED)
    one.start()
    one.complete("a")
    one.later(10)

    told = move(
        one,
        "b",
        "a",
        "return",
        limits={
            "since": "2026-09-14T20:00:00+08:00",
            "due_at": "2026-09-14T17:00:00+08:00",
            "timers": {},
        },
    )

    assert [e["due_at"] for e in told if e["type"] == "task_due_changed"] == [
        "2026-09-14T19:00:00+08:00"
    ]


def test_a_return_with_a_timer_due_in_the_same_moment_lets_the_timer_go():
    one = case(
        user("a", "b", "u")
        + boundary("late", "b", TIMER.format("PT1H"))
        + flows("s > a > b > e", "late > u")
    )
    one.start()
    one.complete("a")
    (number, due_at), *_ = one.timers.items()
    one.later(1)

    move(one, "b", "a", "return")

    with pytest.raises(NothingWaits):
        one.do(c.FireTimer(number, due_at))
    assert one.tasks == ["p.a.2"]


def test_after_that_timer_has_fired_there_is_nothing_to_return_from():
    one = case(
        user("a", "b", "u")
        + boundary("late", "b", TIMER.format("PT1H"))
        + flows("s > a > b > e", "late > u")
    )
    one.start()
    one.complete("a")
    one.fire()

    assert refused(one, "p.b.1", "a", "return") == (
        "There is no token at 'p.b.1'. GET /cases/{id}/state says where they are."
    )


def test_whoever_takes_something_back_has_signed_for_it_again():
    one = case(user("a", "b") + flows("s > a > b > e"))
    one.start()
    one.complete("a")

    told = move(one, "b", "a", "withdraw", claims=True, unit="U1")

    assert [(e["task"], e["assignee"], e["unit"]) for e in told if e["type"] == "task_claimed"] == [
        ("p.a.2", "ann", "U1")
    ]


def test_what_a_join_holds_is_taken_back_while_the_other_branch_goes_on():
    one = branches()
    one.complete("b1")
    one.complete("b2")

    told = move(one, None, "b2", "withdraw", claims=True)

    assert (cut(told), entered(told), one.tasks) == ([], ["b2#2"], ["p.b2.2", "p.c.1"])
    one.complete("b2")
    one.complete("c")
    assert one.tasks == ["p.d.1"]


def test_behind_a_join_that_has_let_all_go_on_nothing_is_taken_back():
    one = branches()
    for task in ("b1", "b2", "c"):
        one.complete(task)

    assert refused(one, None, "b2", "withdraw") == (
        "What follows was done already, or nobody has to do it. Ask for a return (退回) instead."
    )


# -- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (
            "nowhere",
            (
                "The case's diagrams have no element 'nowhere'. GET /definitions/{key} names the "
                "elements."
            ),
        ),
        (
            "late",
            (
                "No token can be moved to 'late': it waits at the edge of an activity. "
                "Move to the activity, or behind the event."
            ),
        ),
        (
            "j",
            (
                "No token can be moved to 'j': it needs the tokens of several flows. "
                "Move before or behind it."
            ),
        ),
        (
            "handler",
            (
                "No token can be moved to 'handler': it begins with its own event. "
                "Move to an element inside of it, if it is open."
            ),
        ),
        (
            "undo",
            (
                "No token can be moved to 'undo': it only undoes what was done. "
                "Throw a compensation instead."
            ),
        ),
        (
            "ms",
            (
                "No token can be moved to 'ms': it begins with what happens outside. "
                "Move to the element after it."
            ),
        ),
    ],
)
def test_where_no_token_can_come_to_by_itself(target, sentence):
    one = case(
        event("startEvent", "ms", MESSAGE)
        + GATES
        + user("a", "b")
        + '<userTask id="undo" isForCompensation="true"/>'
        + '<boundaryEvent id="c" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
        + '<association id="c_undo" sourceRef="c" targetRef="undo" associationDirection="One"/>'
        + boundary("late", "a", TIMER.format("PT1H"))
        + event_sub(condition("False"), interrupting=True)
        + flows("s > f", "ms > e", "f > a > j", "f > b > j", "j > e", "late > j")
    )
    one.start("s")

    assert refused(one, "a", target) == sentence


@pytest.mark.parametrize(
    ("source", "target", "kind", "sentence"),
    [
        (
            "d",
            "a",
            "move",
            "There is no token at 'd'. GET /cases/{id}/state says where they are.",
        ),
        (
            "b1#2",
            "a",
            "move",
            "There is no token at 'b1#2'. GET /cases/{id}/state says where they are.",
        ),
        (
            "b1",
            "b2",
            "return",
            (
                "The case has not been at 'b2', so nothing can be returned to it. "
                "GET /tasks/{id}/return-targets lists where it can go."
            ),
        ),
        (
            "b1",
            "c",
            "return",
            (
                "No way leads from 'c' to 'b1', so that is not the way back. "
                "GET /tasks/{id}/return-targets lists where it can go."
            ),
        ),
        (
            "b1",
            "a b#x",
            "move",
            (
                "'a b#x' names no element. "
                "Write element, element#nth, element#nth.instance or process.element."
            ),
        ),
    ],
)
def test_a_move_that_makes_no_sense_is_refused_with_its_reason(source, target, kind, sentence):
    one = branches()

    assert refused(one, source, target, kind) == sentence


def test_of_several_tokens_at_one_element_one_is_named():
    one = case(
        GATES + user("a") + flows("s > f", "f > a > e") + flows("f > j > a").replace("f_a", "g_a")
    )
    one.start()
    assert one.tasks == ["p.a.1", "p.a.2"]

    with pytest.raises(InvalidRequest) as found:
        move(one, "a", "e")

    assert str(found.value) == "There are several tokens at 'a'. Name one: p.a#1, p.a#2."
    move(one, "a#2", "e")
    assert one.tasks == []


def test_while_something_is_undone_nothing_is_moved_beside_it():
    one = case(
        GATES
        + user("a", "beside")
        + '<userTask id="undo" isForCompensation="true"/>'
        + '<boundaryEvent id="c" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
        + '<association id="c_undo" sourceRef="c" targetRef="undo" associationDirection="One"/>'
        + '<intermediateThrowEvent id="th"><compensateEventDefinition/></intermediateThrowEvent>'
        + flows("s > f", "f > a > th > j", "f > beside > j", "j > e")
    )
    one.start()
    one.complete("a")
    assert one.tasks == ["p.beside.1", "p.undo.1"]

    assert refused(one, "beside", "f") == (
        "What was done here is just being undone (compensation). "
        "Wait until that is over, then move."
    )


def test_a_complex_gateway_that_has_begun_is_not_taken_apart():
    one = case(
        '<parallelGateway id="f"/><complexGateway id="j"><activationCondition>'
        "activationCount &gt;= 1</activationCondition></complexGateway>"
        + user("a", "b", "c", "d")
        + flows("s > f", "f > a > j", "f > b > j", "f > c > j", "j > d > e")
    )
    one.start()
    one.complete("a")
    one.complete("c")

    assert refused(one, "b", "b") == (
        "The gateway 'j' has begun and still waits for other flows. "
        "Move to an element before the work was split."
    )
    told = move(one, "b", "f")
    assert (cut(told), one.tasks) == (["b#1", "d#1"], ["p.a.2", "p.b.2", "p.c.2"])
