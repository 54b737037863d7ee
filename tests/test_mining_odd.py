"""Ways, deviations and bottlenecks of odd cases, counted by hand; the ways by PM4Py too."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from lxml import etree, html

from engine import cases, deployments, event_logs, identities, mining, timers
from engine.commands import ClaimTask, CompleteTask, MoveTokens, UnclaimTask
from engine.history import seal
from engine.mining import Behind
from engine.mining.visits import visits
from tests.memory import flows, process
from tests.test_event_logs import NAMESPACE, Chosen, values
from tests.test_event_logs_read import INSTALLED, WORKING, told
from tests.test_mining import opened

MONTH = {"unit": "990101", "since": date(2026, 9, 1), "until": date(2026, 10, 1)}
INNER = process(
    '<startEvent id="qs"/><userTask id="u"/><endEvent id="qe"/>' + flows("qs > u > qe"), key="q"
)
OLD = process(
    '<startEvent id="start"/><userTask id="a" name="受理"/><userTask id="many" name="会商">'
    "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>"
    '</multiInstanceLoopCharacteristics></userTask><callActivity id="call" calledElement="q"/>'
    '<userTask id="b" name="办理"/><userTask id="c" name="催办"/><endEvent id="end"/>'
    '<boundaryEvent id="late" attachedToRef="b"><timerEventDefinition>'
    "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
    + flows("start > a > many > call > b > end", "late > c > end"),
    key="odd",
)  # fmt: skip
NEW = process(
    '<startEvent id="start"/><userTask id="a" name="受理"/><userTask id="b" name="办理"/>'
    '<endEvent id="end"/>' + flows("start > a > b > end"),
    key="odd",
)


class Desk:
    """Somebody who works on one case: signs ten minutes after it came, is done after five."""

    def __init__(self, app, clock):
        self.app, self.clock = app, clock
        self.admin = identities.actor(app, "admin")
        self.case = cases.start(app, self.admin, process="odd", data={}).case_id

    def after(self, minutes, *commands):
        self.clock.set(self.clock.now() + timedelta(minutes=minutes))
        for one in commands:
            cases.handle(self.app, self.admin, self.case, one)

    def does(self, *tasks):
        for task in tasks:
            self.after(10, ClaimTask(task))
            self.after(5, CompleteTask(task))


@pytest.fixture
def odd(app, clock):
    """Cases by how they went: two straight on, one late, one moved by hand, one of a new version."""
    by = identities.operator()
    deployments.deploy(app, by, {"odd.bpmn": OLD, "q.bpmn": INNER})
    middle = ("odd.many.1.0", "odd.many.1.1", "q.u.1")
    straight = Desk(app, clock)
    straight.does("odd.a.1", *middle, "odd.b.1")
    returned = Desk(app, clock)
    returned.after(10, ClaimTask("odd.a.1"))
    returned.after(5, UnclaimTask("odd.a.1"))
    returned.does("odd.a.1", *middle, "odd.b.1")
    clock.set(clock.now() + timedelta(days=1) - timedelta(minutes=165))
    late = Desk(app, clock)
    late.does("odd.a.1", *middle)
    clock.set(clock.now() + timedelta(hours=1))
    timers.tick(app)
    late.does("odd.c.1")
    moved = Desk(app, clock)
    moved.does("odd.a.1")
    moved.after(0, ClaimTask("odd.many.1.0"), MoveTokens("b", reason="急"))
    moved.does("odd.b.1")
    deployments.deploy(app, by, {"odd.bpmn": NEW})
    new = Desk(app, clock)
    new.does("odd.a.1", "odd.b.1")
    return {name: one.case for name, one in locals().items() if isinstance(one, Desk)}


def mined(app, key="odd"):
    actor = identities.actor(app, "district_coordinator")
    return mining.mined(app, actor, key, **MONTH)


def test_ways_count_what_was_begun_also_in_older_versions(app, odd):
    found = mined(app)

    assert found["straight"] == ["a", "many", "call", "b"]
    assert [(one["elements"], one["runs"], one["open"]) for one in found["ways"]] == [
        (["a", "many", "call", "b"], 2, 0),
        (["a", "b"], 1, 0),
        (["a", "many", "b"], 1, 0),
        (["a", "many", "call", "b", "c"], 1, 0),
    ]
    assert [(one["elements"], one["runs"]) for one in mined(app, "q")["ways"]] == [(["u"], 3)]
    names = {one["element"]: one["name"] for one in found["elements"]}
    assert (names["many"], names["c"]) == ("会商", "催办")


def test_deviations_are_from_the_straight_way_and_by_hand_from_the_diagram(app, odd):
    found = {(one["kind"], one["element"]): one["examples"] for one in mined(app)["deviations"]}
    leader = identities.actor(app, "district_coordinator")

    assert found == {
        ("added", "c"): [odd["late"]],
        ("moved", "b"): [odd["moved"]],
        ("skipped", "call"): [odd["moved"], odd["new"]],
        ("skipped", "many"): [odd["new"]],
    }
    for (kind, element), expected in found.items():
        behind = Behind(element, deviation=kind)
        listed = mining.cases_of(app, leader, "odd", behind, **MONTH)
        assert [one["case"] for one in listed["items"]] == expected


def test_waiting_and_working_are_what_the_hands_took(app, odd):
    by_id = {one["element"]: one for one in mined(app)["elements"]}

    def told_of(element):
        one = by_id[element]
        names = ("visits", "now", "cancelled", "late", "waiting_total", "working_total")
        return tuple(one[name] for name in names)

    # Five times ten minutes, five more and ten until it was signed for the second time.
    assert told_of("a") == (5, 0, 0, 0, 5 * 10 + 15, 5 * 5)
    # Three cases sign the first instance after 10 minutes, the second after 25; one is moved on.
    assert told_of("many") == (8, 0, 2, 0, 3 * (10 + 25), 3 * (5 + 5))
    assert told_of("call") == (3, 0, 0, 0, 3 * 15, 0)
    # Nobody signed for the one that took an hour; the last was done at lunch.
    assert told_of("b") == (5, 0, 1, 0, 3 * 10 + 60, 3 * 5)
    assert told_of("c") == (1, 0, 0, 0, 10, 5)


def test_the_page_names_what_was_moved_by_hand(app, odd):
    path = "/board/process?unit=990101&period=2026-09&process=odd"
    page = html.fromstring(opened(app, "district_coordinator", path).get_data(as_text=True))

    rows = page.xpath("//section[@aria-labelledby='deviations']//tbody/tr")
    shown = sorted(tuple(cell.text_content().strip() for cell in row[:3]) for row in rows)
    assert shown == [
        ("人工转到", "办理", "1"), ("增加", "催办", "1"), ("跳过", "call", "2"), ("跳过", "会商", "1"),
    ]  # fmt: skip


def test_a_log_tells_what_was_cut_off_before_and_after_somebody_signed(app, odd, tmp_path):
    event_logs.write_xes(app, tmp_path / "log.xes", Chosen("odd"))
    found = {
        (event["concept:instance"], event["lifecycle:transition"])
        for event in map(values, etree.parse(str(tmp_path / "log.xes")).iter(f"{NAMESPACE}event"))
        if event["lifecycle:transition"] in {"ate_abort", "withdraw"}
    }

    assert found == {
        (f"{odd['late']}.odd.b.1", "withdraw"),
        (f"{odd['moved']}.odd.many.1", "ate_abort"),
        (f"{odd['moved']}.odd.many.1.0", "ate_abort"),
        (f"{odd['moved']}.odd.many.1.1", "withdraw"),
    }


def entry(position, *events, at="2026-09-14T01:00:00Z"):
    named = [{"process": "p", "nth": 1, "path": [], **one} for one in events]
    return seal("c", None, {"position": position, "at": at, "events": named})


def entered(element, path=(), nth=1):
    return {"type": "element_entered", "element": element, "path": list(path), "nth": nth}


def test_a_process_that_calls_itself_has_a_run_for_each_call():
    found = visits(
        [
            entry(1, entered("start"), entered("call"), entered("start", ["call"], 2),
                  entered("call", ["call"], 2), entered("start", ["call", "call"], 3),
                  entered("work", ["call", "call"]), entered("work", ["call"], 2), entered("work"))
        ]
    )  # fmt: skip

    assert [(one.element, one.run) for one in found] == [
        ("start", 0), ("call", 0), ("start", 1), ("call", 1), ("start", 2), ("work", 2),
        ("work", 1), ("work", 0),
    ]  # fmt: skip


def test_a_case_that_is_moved_to_its_beginning_is_still_one_run():
    moved = {"type": "tokens_moved", "element": "start", "nth": 2, "kind": "move"}
    found = visits([entry(1, entered("start")), entry(2, moved, entered("start", nth=2))])

    assert [(one.run, one.moved) for one in found] == [(0, False), (0, True)]


def test_no_limit_runs_while_a_task_is_held_or_after_it_was_lifted():
    def due(kind, **more):
        return {"type": kind, "element": "a", "task": "p.a.1", **more}

    def then(*events):
        opened = due("task_opened", due_at="2026-09-15T01:00:00Z")
        (found,) = visits([entry(1, entered("a"), opened, *events)])
        return found.due_at, found.claimed_at

    released = due("task_released", due_at="2026-09-16T01:00:00Z")
    given = due("task_transferred", assignee="b")
    assert then(due("task_held")) == (None, None)
    assert then(due("task_held"), released) == ("2026-09-16T01:00:00Z", None)
    assert then(due("task_due_changed"), given) == (None, "2026-09-14T01:00:00Z")


@pytest.mark.skipif(not INSTALLED, reason=WORKING)
def test_pm4py_finds_the_same_ways(app, odd, tmp_path):
    event_logs.write_xes(app, tmp_path / "log.xes", Chosen("odd"))

    found = told(tmp_path, ways=["variants", tmp_path / "log.xes", "odd"])["ways"]
    assert found == sorted([one["elements"], one["runs"]] for one in mined(app)["ways"])
