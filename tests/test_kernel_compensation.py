"""Compensation: what is completed is undone, the last first, each once."""

from __future__ import annotations

import json

from api.web import lit
from engine import commands as c
from engine.clock import text
from engine.kernel import keeping
from tests.memory import Case, flows, process, trace
from tests.test_kernel_events import ROOTS, TIMER, boundary, error, event, sub
from tests.test_kernel_flows import user

AROUND = '<startEvent id="s"/><endEvent id="e"/>'
COMPENSATE = "<compensateEventDefinition/>"
TOLD = ("compensation_thrown", "compensation_started", "compensation_completed")


def compensate(activity: str | None = None, *, waits: bool = True) -> str:
    named = f' activityRef="{activity}"' if activity else ""
    return f'<compensateEventDefinition{named} waitForCompletion="{str(waits).lower()}"/>'


def undone_by(
    host: str, handler: str = "", *, kind: str = "userTask", inside: str = "", more: str = ""
) -> str:
    """The event at a host, what compensates it, and the association between them."""
    handler = handler or f"undo_{host}"
    return (
        f'<boundaryEvent id="c_{host}" attachedToRef="{host}">{COMPENSATE}</boundaryEvent>'
        f'<{kind} id="{handler}" isForCompensation="true" {more}>{inside}</{kind}>'
        f'<association id="by_{host}" sourceRef="c_{host}" targetRef="{handler}"/>'
    )


def throws(id_: str = "th", activity: str | None = None, *, waits: bool = True) -> str:
    return event("intermediateThrowEvent", id_, compensate(activity, waits=waits))


def on_compensation(body: str, id_: str = "h") -> str:
    """An event sub-process that compensates the scope around it."""
    inside = event("startEvent", f"{id_}s", COMPENSATE) + body
    return sub(id_, inside, by_event=True)


def case(body: str, *files: bytes, **world: object) -> Case:
    return Case(process(AROUND + body, extra=ROOTS), *files, **world)


def told(one: Case) -> list[str]:
    """What was said of compensation: ``started a#1`` and so on, instances as ``a#1.0``."""
    return [
        f"{e['type'].rpartition('_')[2]} {e['element']}#{e['nth']}"
        + (f".{e['instance']}" if "instance" in e else "")
        for e in one.events
        if e["type"] in TOLD
    ]


def kept(one: Case, scope: str = "") -> list[str]:
    records = one.snapshot.control.get("undo", {}).get("kept", {}).get(scope, [])
    return [f"{record[0]}#{record[1]}" for record in records]


# -- throwing ------------------------------------------------------------------------


def test_completed_activities_are_undone_one_at_a_time_the_last_first():
    one = case(
        user("a", "b", "x", "z")
        + undone_by("a")
        + undone_by("b")
        + throws()
        + flows("s > a > b > x > th > z > e")
    )
    one.start()
    one.complete("a")
    one.complete("b")
    assert kept(one) == ["a#1", "b#1"]

    thrown = one.complete("x")

    assert trace(thrown)[3:] == [
        ("element_left", "x", 1),
        ("flow_taken", "x", 1),
        ("element_entered", "th", 1),
        ("compensation_thrown", "th", 1),
        ("compensation_started", "b", 1),
        ("element_entered", "undo_b", 1),
        ("task_opened", "undo_b", 1),
    ]
    assert thrown[-3]["handler"] == "undo_b"
    assert one.tasks == ["p.undo_b.1"]
    second = one.complete("undo_b")
    assert trace(second)[3:] == [
        ("element_left", "undo_b", 1),
        ("compensation_completed", "b", 1),
        ("compensation_started", "a", 1),
        ("element_entered", "undo_a", 1),
        ("task_opened", "undo_a", 1),
    ]
    third = one.complete("undo_a")
    assert trace(third)[3:] == [
        ("element_left", "undo_a", 1),
        ("compensation_completed", "a", 1),
        ("element_left", "th", 1),
        ("flow_taken", "th", 1),
        ("element_entered", "z", 1),
        ("task_opened", "z", 1),
    ]
    assert "undo" not in one.snapshot.control
    one.complete("z")
    assert one.state == "completed"


def test_a_throw_with_nothing_to_undo_goes_on():
    one = case(user("a", "z") + undone_by("a") + throws() + flows("s > th > a > z > e"))

    started = one.start()

    assert trace(started)[3:] == [
        ("flow_taken", "s", 1),
        ("element_entered", "th", 1),
        ("compensation_thrown", "th", 1),
        ("element_left", "th", 1),
        ("flow_taken", "th", 1),
        ("element_entered", "a", 1),
        ("task_opened", "a", 1),
    ]
    assert told(one) == ["thrown th#1"]


def test_each_is_undone_once():
    one = case(
        user("a", "z")
        + undone_by("a", kind="task")
        + throws("t1")
        + throws("t2")
        + flows("s > a > t1 > t2 > z > e")
    )
    one.start()

    one.complete("a")

    assert told(one) == ["thrown t1#1", "started a#1", "completed a#1", "thrown t2#1"]
    assert one.tasks == ["p.z.1"]


def test_a_named_activity_alone_is_undone():
    one = case(
        user("a", "b", "z")
        + undone_by("a", kind="task")
        + undone_by("b", kind="task")
        + throws(activity="a")
        + flows("s > a > b > th > z > e")
    )
    one.start()
    one.complete("a")

    thrown = one.complete("b")

    assert [e.get("activity") for e in thrown if e["type"] == "compensation_thrown"] == ["a"]
    assert told(one) == ["thrown th#1", "started a#1", "completed a#1"]
    assert kept(one) == ["b#1"]


def test_an_end_event_undoes_and_then_ends():
    end = event("endEvent", "ee", compensate())
    one = case(user("a") + undone_by("a") + end + flows("s > a > ee"))
    one.start()

    one.complete("a")
    assert one.tasks == ["p.undo_a.1"]
    done = one.complete("undo_a")

    assert trace(done)[3:] == [
        ("element_left", "undo_a", 1),
        ("compensation_completed", "a", 1),
        ("element_left", "ee", 1),
        ("case_completed", "p", 1),
    ]
    assert done[-1]["end"] == "ee"


def test_a_throw_that_does_not_wait_goes_on_at_once():
    one = case(
        user("a", "b", "z")
        + undone_by("a")
        + undone_by("b")
        + throws(waits=False)
        + flows("s > a > b > th > z > e")
    )
    one.start()
    one.complete("a")
    one.complete("b")
    assert one.tasks == ["p.undo_b.1", "p.z.1"]

    one.complete("z")
    assert one.state == "open"
    one.complete("undo_b")
    assert one.tasks == ["p.undo_a.1"]
    one.complete("undo_a")

    assert one.state == "completed"
    assert told(one) == [
        "thrown th#1",
        "started b#1",
        "completed b#1",
        "started a#1",
        "completed a#1",
    ]


def test_what_is_still_going_on_is_not_undone():
    one = case(
        '<parallelGateway id="f"/><parallelGateway id="j"/>'
        + user("a", "b", "k")
        + undone_by("a")
        + undone_by("b")
        + throws()
        + flows("s > f", "f > a > k > th > j", "f > b > j", "j > e")
    )
    one.start()
    one.complete("a")
    one.complete("k")
    assert one.tasks == ["p.b.1", "p.undo_a.1"]

    one.complete("b")
    assert kept(one) == ["b#1"]
    one.complete("undo_a")

    assert told(one) == ["thrown th#1", "started a#1", "completed a#1"]
    assert one.state == "completed"


def test_an_activity_that_was_cut_off_is_not_undone():
    one = case(
        user("a", "z")
        + undone_by("a", kind="task")
        + boundary("late", "a", TIMER.format("PT4H"))
        + throws()
        + flows("s > a > e", "late > th > z")
    )
    one.start()

    one.fire()

    assert told(one) == ["thrown th#1"]
    assert one.tasks == ["p.z.1"]


def test_each_round_of_a_loop_is_undone():
    one = case(
        '<exclusiveGateway id="x" default="x_th"/><exclusiveGateway id="m"/>'
        + user("a", "z")
        + undone_by("a", kind="scriptTask", inside="<script>undone = undone + 1</script>")
        + throws()
        + flows("s > m > a > x", "x > m : again", "x > th > z > e")
    )
    one.start(undone=0)
    one.complete("a", again=True)
    one.complete("a", again=True)
    assert kept(one) == ["a#1", "a#2"]

    one.complete("a", again=False)

    assert told(one) == ["thrown th#1"] + [
        f"{what} a#{nth}" for nth in (3, 2, 1) for what in ("started", "completed")
    ]
    assert one.data["undone"] == 3


def test_a_scope_keeps_only_so_many(monkeypatch):
    monkeypatch.setattr(keeping, "MAX_KEPT", 2)
    one = case('<exclusiveGateway id="m"/>' + user("a") + undone_by("a") + flows("s > m > a > m"))
    one.start()
    one.complete("a")
    one.complete("a")

    one.complete("a")

    assert one.incidents == [("a", "limit")]
    assert kept(one) == ["a#1", "a#2"]
    assert one.tasks == []


# -- scopes ----------------------------------------------------------------------------


BOX = sub(
    "box",
    '<startEvent id="bs"/><endEvent id="be"/>'
    + user("a", "b")
    + undone_by("a")
    + undone_by("b")
    + flows("bs > a > b > be"),
)


def test_a_completed_sub_process_is_undone_from_inside():
    one = case(BOX + user("z") + throws() + flows("s > box > th > z > e"))
    one.start()
    one.complete("a")

    thrown = one.complete("b")

    assert trace(thrown)[-4:] == [
        ("compensation_started", "box", 1),
        ("compensation_started", "b", 1),
        ("element_entered", "undo_b", 1),
        ("task_opened", "undo_b", 1),
    ]
    assert [e["path"] for e in thrown[-4:]] == [[], ["box"], ["box"], ["box"]]
    one.complete("undo_b")
    done = one.complete("undo_a")
    assert trace(done)[3:7] == [
        ("element_left", "undo_a", 1),
        ("compensation_completed", "a", 1),
        ("compensation_completed", "box", 1),
        ("element_left", "th", 1),
    ]
    assert one.tasks == ["p.z.1"]


def test_scopes_in_scopes_are_undone_in_the_reverse_order():
    inner = sub("in", user("c") + undone_by("c", kind="task"))
    outer = sub(
        "out",
        user("a", "d")
        + undone_by("a", kind="task")
        + undone_by("d", kind="task")
        + inner
        + flows("a > in > d"),
    )
    one = case(outer + user("z") + throws() + flows("s > out > th > z > e"))
    one.start()
    one.complete("a")
    one.complete("c")
    one.complete("d")

    assert told(one) == [
        "thrown th#1",
        "started out#1",
        "started d#1",
        "completed d#1",
        "started in#1",
        "started c#1",
        "completed c#1",
        "completed in#1",
        "started a#1",
        "completed a#1",
        "completed out#1",
    ]
    assert one.tasks == ["p.z.1"]


def test_the_handler_of_a_sub_process_undoes_it_as_a_whole():
    one = case(BOX + undone_by("box") + user("z") + throws() + flows("s > box > th > z > e"))
    one.start()
    one.complete("a")
    one.complete("b")

    assert one.tasks == ["p.undo_box.1"]
    one.complete("undo_box")
    assert told(one) == ["thrown th#1", "started box#1", "completed box#1"]
    assert one.tasks == ["p.z.1"]


def test_an_event_sub_process_undoes_its_scope_and_may_undo_what_is_inside():
    box = sub(
        "box",
        '<startEvent id="bs"/>'
        + user("a", "b")
        + undone_by("a", kind="task")
        + on_compensation(user("w", "v") + throws() + flows("hs > w > th > v"))
        + flows("bs > a > b"),
    )
    one = case(box + user("z") + throws("out") + flows("s > box > out > z > e"))
    one.start()
    one.complete("a")

    thrown = one.complete("b")
    assert trace(thrown)[-7:] == [
        ("compensation_started", "box", 1),
        ("element_entered", "h", 1),
        ("element_entered", "hs", 1),
        ("element_left", "hs", 1),
        ("flow_taken", "hs", 1),
        ("element_entered", "w", 1),
        ("task_opened", "w", 1),
    ]
    assert "handler" not in thrown[-7]
    assert thrown[-1]["path"] == ["box", "h"]
    one.complete("w")
    assert told(one)[2:] == ["thrown th#1", "started a#1", "completed a#1"]
    assert one.tasks == ["p.v.1"]
    done = one.complete("v")
    assert trace(done)[3:7] == [
        ("element_left", "v", 1),
        ("element_left", "h", 1),
        ("compensation_completed", "box", 1),
        ("element_left", "out", 1),
    ]


def test_an_event_sub_process_that_throws_nothing_leaves_the_rest_as_it_is():
    box = sub(
        "box",
        user("a") + undone_by("a", kind="task") + on_compensation(user("w") + flows("hs > w")),
    )
    one = case(box + user("z") + throws() + flows("s > box > th > z > e"))
    one.start()
    one.complete("a")
    one.complete("w")

    assert told(one) == ["thrown th#1", "started box#1", "completed box#1"]
    assert "undo" not in one.snapshot.control


def test_a_handler_sees_the_data_of_its_scope_as_they_were():
    box = sub(
        "box",
        '<dataObject id="seat" name="seat"/>'
        + user("a")
        + undone_by("a", kind="scriptTask", inside="<script>freed = freed + [seat]</script>"),
    )
    one = case(
        '<exclusiveGateway id="x" default="x_th"/><exclusiveGateway id="m"/>'
        + box
        + user("z")
        + throws()
        + flows("s > m > box > x", "x > m : again", "x > th > z > e")
    )
    one.start(freed=[], again=True)
    one.complete("a", seat="12A")
    one.complete("a", seat="14C", again=False)

    assert one.data["freed"] == ["14C", "12A"]
    assert "seat" not in one.data


def test_a_throw_in_a_sub_process_reaches_no_further():
    box = sub("box", user("b") + undone_by("b", kind="task") + throws() + flows("b > th"))
    one = case(user("a", "z") + undone_by("a", kind="task") + box + flows("s > a > box > z > e"))
    one.start()
    one.complete("a")
    one.complete("b")

    assert told(one) == ["thrown th#1", "started b#1", "completed b#1"]
    assert kept(one) == ["a#1"]


def test_an_error_event_sub_process_undoes_the_scope_that_it_handles():
    box = sub(
        "box",
        '<startEvent id="bs"/>'
        + user("a", "b")
        + undone_by("a")
        + event("endEvent", "fail", error("E1"))
        + sub(
            "h",
            event("startEvent", "hs", error("E1"))
            + throws()
            + '<endEvent id="he"/>'
            + flows("hs > th > he"),
            by_event=True,
        )
        + flows("bs > a > b > fail"),
    )
    one = case(box + user("z") + flows("s > box > z > e"))
    one.start()
    one.complete("a")
    one.complete("b")
    assert one.tasks == ["p.undo_a.1"]

    one.complete("undo_a")

    assert told(one) == ["thrown th#1", "started a#1", "completed a#1"]
    assert one.tasks == ["p.z.1"]


def test_from_an_event_sub_process_the_scope_around_it_can_be_named():
    box = sub(
        "box",
        '<startEvent id="bs"/>'
        + user("a", "b")
        + undone_by("a", kind="task")
        + sub(
            "h",
            event("startEvent", "hs", '<messageEventDefinition messageRef="M"/>')
            + throws(activity="box")
            + flows("hs > th"),
            by_event=True,
        )
        + flows("bs > a > b"),
    )
    one = case(box + user("z") + flows("s > box > z > e"))
    one.start()
    one.complete("a")

    one.message("go")

    assert told(one) == ["thrown th#1", "started a#1", "completed a#1"]


# -- calls, instances ----------------------------------------------------------------------


CALLED = process(
    '<startEvent id="cs"/>'
    + user("a")
    + undone_by("a", kind="scriptTask", inside="<script>log = log + [seat]</script>")
    + flows("cs > a"),
    key="q",
)


def test_a_called_process_is_undone_with_its_own_data():
    one = case(
        '<callActivity id="k" calledElement="q"><extensionElements>'
        '<camunda:in sourceExpression="${[]}" target="log"/></extensionElements></callActivity>'
        + user("z")
        + throws()
        + flows("s > k > th > z > e"),
        CALLED,
    )
    one.start(seat="not this")
    one.complete("q.a.1", seat="12A")

    assert [(e["process"], e["element"], e["path"]) for e in one.events if e["type"] in TOLD] == [
        ("p", "th", []),
        ("p", "k", []),
        ("q", "a", ["k"]),
        ("q", "a", ["k"]),
        ("p", "k", []),
    ]
    written = [e for e in one.events if e["type"] == "data_written" and e["element"] == "undo_a"]
    assert [(e["scope"], e["names"]) for e in written] == [("p.k.1!", ["log"])]
    assert one.data == {"seat": "not this"}
    assert one.tasks == ["p.z.1"]


def test_a_called_process_is_undone_by_its_own_event_sub_process():
    called = process(
        '<startEvent id="cs"/>'
        + user("a")
        + on_compensation(user("w") + flows("hs > w"))
        + flows("cs > a"),
        key="q",
    )
    one = case(
        '<callActivity id="k" calledElement="q"/>'
        + user("z")
        + throws()
        + flows("s > k > th > z > e"),
        called,
    )
    one.start()
    one.complete("q.a.1")
    assert one.tasks == ["q.w.1"]

    one.complete("q.w.1")

    assert told(one) == ["thrown th#1", "started k#1", "completed k#1"]
    assert one.tasks == ["p.z.1"]


def instances(kind: str = "userTask", inside: str = "", *, sequential: bool = False) -> str:
    return (
        f'<{kind} id="t"><multiInstanceLoopCharacteristics camunda:collection="items" '
        f'camunda:elementVariable="one" isSequential="{str(sequential).lower()}"/>{inside}</{kind}>'
    )


def test_every_instance_is_undone_by_itself_with_its_own_item():
    one = case(
        instances()
        + undone_by("t", kind="scriptTask", inside="<script>log = log + [one]</script>")
        + user("z")
        + throws()
        + flows("s > t > th > z > e")
    )
    one.start(items=["x", "y", "w"], log=[])
    one.complete("p.t.1.1")
    one.complete("p.t.1.2")
    assert kept(one) == []
    one.complete("p.t.1.0")

    assert one.data["log"] == ["x", "w", "y"]
    assert told(one)[1:] == [
        f"{what} t#1.{index}" for index in (0, 2, 1) for what in ("started", "completed")
    ]


def test_the_inside_of_every_instance_is_undone_by_itself():
    inside = user("a") + undone_by(
        "a", kind="scriptTask", inside="<script>log = log + [one, loopCounter]</script>"
    )
    one = case(instances("subProcess", inside) + user("z") + throws() + flows("s > t > th > z > e"))
    one.start(items=["x", "y"], log=[])
    one.complete("p.a.1")
    one.complete("p.a.2")

    assert one.data["log"] == ["y", 2, "x", 1]
    assert [e["path"] for e in one.events if e["type"] == "compensation_started"] == [
        [], ["t[y]"], [], ["t[x]"],
    ]  # fmt: skip


def test_an_instance_undoes_only_its_own():
    inside = (
        user("a", "b")
        + undone_by("a", kind="scriptTask", inside="<script>log = log + [one]</script>")
        + throws()
        + flows("a > b > th")
    )
    one = case(instances("subProcess", inside) + user("z") + flows("s > t > z > e"))
    one.start(items=["x", "y"], log=[])
    one.complete("p.a.1")
    one.complete("p.a.2")

    one.complete("p.b.2")

    assert one.data["log"] == ["y"]
    assert told(one) == ["thrown th#1", "started a#2", "completed a#2"]


def test_instances_that_a_completion_condition_cut_off_are_not_undone():
    multiple = instances().replace(
        "/></userTask>",
        "><completionCondition>nrOfCompletedInstances &gt; 1</completionCondition>"
        "</multiInstanceLoopCharacteristics></userTask>",
    )
    one = case(
        multiple + undone_by("t", kind="task") + user("z") + throws() + flows("s > t > th > z > e")
    )
    one.start(items=["x", "y", "w"])
    one.complete("p.t.1.1")
    one.complete("p.t.1.2")

    assert told(one)[1::2] == ["started t#1.2", "started t#1.1"]


def test_rounds_of_a_standard_loop_are_undone_backwards():
    body = '<userTask id="t"><standardLoopCharacteristics loopMaximum="2"/></userTask>' + undone_by(
        "t", kind="scriptTask", inside="<script>log = log + [loopCounter]</script>"
    )
    one = case(body + user("z") + throws() + flows("s > t > th > z > e"))
    one.start(log=[])
    one.complete("p.t.1.0")
    one.complete("p.t.1.1")

    assert one.data["log"] == [2, 1]


def test_a_handler_may_have_instances_of_its_own():
    handler = (
        '<multiInstanceLoopCharacteristics camunda:collection="items" '
        'camunda:elementVariable="one"/>'
    )
    one = case(
        user("a", "z") + undone_by("a", inside=handler) + throws() + flows("s > a > th > z > e")
    )
    one.start(items=["x", "y"])
    one.complete("a")

    assert one.tasks == ["p.undo_a.1.0", "p.undo_a.1.1"]
    one.complete("p.undo_a.1.1")
    one.complete("p.undo_a.1.0")
    assert one.tasks == ["p.z.1"]


def test_a_sub_process_or_a_call_may_compensate():
    called = process('<startEvent id="cs"/>' + user("w") + flows("cs > w"), key="q")
    one = case(
        user("a", "b", "z")
        + undone_by("a", kind="subProcess", inside=user("v"))
        + undone_by("b", kind="callActivity", more='calledElement="q"')
        + throws()
        + flows("s > a > b > th > z > e"),
        called,
    )
    one.start()
    one.complete("a")
    one.complete("b")
    assert one.tasks == ["q.w.1"]
    one.complete("q.w.1")
    assert one.tasks == ["p.v.1"]
    one.complete("p.v.1")

    assert one.tasks == ["p.z.1"]


# -- when a handler fails ------------------------------------------------------------------


FAILS = "<script>undone = missing</script>"


def test_a_handler_that_fails_stands_still_until_it_is_tried_again():
    one = case(
        user("a", "b", "z")
        + undone_by("a", kind="task")
        + undone_by("b", kind="scriptTask", inside=FAILS)
        + throws()
        + flows("s > a > b > th > z > e")
    )
    one.start()
    one.complete("a")
    one.complete("b")
    assert one.incidents == [("undo_b", "script-failed")]
    assert told(one) == ["thrown th#1", "started b#1"]

    one.retry(missing=1)

    assert told(one)[2:] == ["completed b#1", "started a#1", "completed a#1"]
    assert one.tasks == ["p.z.1"]


def test_an_error_in_a_handler_goes_outward_past_what_was_completed():
    box = sub(
        "box",
        '<startEvent id="bs"/>'
        + user("a")
        + undone_by("a", kind="subProcess", inside=event("endEvent", "fail", error("E1")))
        + sub(
            "h",
            event("startEvent", "hs", error("E1")) + user("never") + flows("hs > never"),
            by_event=True,
        )
        + flows("bs > a"),
    )
    outer = sub("outer", box + boundary("own", "box", error("E1")) + throws() + flows("box > th"))
    one = case(
        outer
        + boundary("caught", "outer", error("E1"))
        + user("z")
        + flows("s > outer > e", "caught > z")
    )
    one.start()

    one.complete("a")

    assert one.tasks == ["p.z.1"]
    assert told(one) == ["thrown th#1", "started box#1", "started a#1"]
    assert "undo" not in one.snapshot.control


def test_what_was_not_begun_when_a_handler_failed_can_still_be_undone():
    body = (
        user("a", "b")
        + undone_by("a", kind="task")
        + undone_by("b", kind="subProcess", inside=event("endEvent", "fail", error("E1")))
        + throws()
        + sub(
            "h",
            event("startEvent", "hs", error("E1"))
            + throws("again")
            + user("z")
            + flows("hs > again > z"),
            by_event=True,
        )
    )
    one = case(body + flows("s > a > b > th > e"))
    one.start()
    one.complete("a")

    one.complete("b")

    assert told(one) == [
        "thrown th#1",
        "started b#1",
        "thrown again#1",
        "started a#1",
        "completed a#1",
    ]
    assert one.tasks == ["p.z.1"]


def test_an_event_at_a_handler_leads_to_more_that_belongs_to_it():
    one = case(
        user("a", "more", "z")
        + undone_by("a")
        + boundary("late", "undo_a", TIMER.format("PT1H"))
        + throws()
        + flows("s > a > th > z > e", "late > more")
    )
    one.start()
    one.complete("a")

    one.fire()
    assert one.tasks == ["p.more.1"]
    one.complete("more")

    assert told(one) == ["thrown th#1", "started a#1", "completed a#1"]
    assert one.tasks == ["p.z.1"]


def test_a_handler_waits_with_a_suspended_case():
    one = case(user("a", "z") + undone_by("a") + throws() + flows("s > a > th > z > e"))
    one.start()
    one.complete("a")

    one.do(c.SuspendCase("holiday"))
    assert one.snapshot.control["held"] == {"": 1}
    one.do(c.ResumeCase("back"))
    one.complete("undo_a")

    assert one.tasks == ["p.z.1"]


def test_a_cancelled_case_ends_its_handlers():
    one = case(user("a", "z") + undone_by("a") + throws() + flows("s > a > th > z > e"))
    one.start()
    one.complete("a")

    ended = one.do(c.CancelCase("withdrawn", "no more"))

    assert trace(ended) == [
        ("task_cancelled", "undo_a", 1),
        ("element_left", "undo_a", 1),
        ("element_left", "th", 1),
        ("case_cancelled", "p", 1),
    ]


def test_without_compensation_nothing_is_kept():
    one = case(user("a", "z") + flows("s > a > z > e"))
    one.start()
    one.complete("a")

    assert "undo" not in json.loads(json.dumps(one.snapshot.control))


def test_a_diagram_shows_what_was_undone():
    body = '<task id="a"/>' + undone_by("a", kind="task") + throws() + flows("s > a > th > e")
    one = case(body)
    one.start()

    elements = lit._elements([{"at": text(one.now), "events": one.events}], now=text(one.now))

    assert sorted(elements["p", "a"].marks) == ["done", "undone"]
    assert sorted(elements["p", "undo_a"].marks) == ["done"]
