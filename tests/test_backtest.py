"""What a changed diagram would have made of past cases, as a reader would predict it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import backtest, cases, deployments, identities, timers
from engine.application import Application, open_application
from engine.backtest import Plan
from engine.clock import ManualClock
from engine.commands import CompleteTask
from engine.errors import InvalidRequest, NotAllowed, NotDeployable, NotFound
from engine.scripts import Sandbox
from engine.settings import Settings
from tests import rows
from tests.callers import callers
from tests.conftest import MONDAY

PURCHASE = (Path(__file__).parent / "backtests" / "purchase.bpmn").read_text("utf-8")
DAY = timedelta(days=1)

LIVES: dict[str, tuple[int, list[tuple[str, str, str | None, timedelta]]]] = {
    "small": (50, [("check", "grid_worker", None, DAY / 24), ("pay", "street_dispatcher", None, DAY),
                   ("file", "publisher", None, DAY)]),
    "big and late": (150, [("check", "grid_worker", None, DAY * 1.4),
                           ("approve", "street_leader", "agree", DAY * 0.6),
                           ("pay", "street_dispatcher", None, DAY),
                           ("file", "publisher", None, DAY / 24)]),
    "refused": (150, [("check", "grid_worker", None, DAY / 24),
                      ("approve", "street_leader", "refuse", DAY / 24)]),
    "filed first": (200, [("check", "grid_worker", None, DAY / 24),
                          ("approve", "street_leader", "agree", DAY / 24),
                          ("file", "publisher", None, DAY / 24),
                          ("pay", "street_dispatcher", None, DAY / 24)]),
    "open": (70, []),
}  # fmt: skip
"""Amount, then what was done: element, by whom, outcome, how long after the act before."""


@pytest.fixture(scope="module")
def app(city, tmp_path_factory, sandbox) -> Iterator[Application]:
    """The application with five cases of the purchase; no test here writes to it."""
    with copied(city, tmp_path_factory.mktemp("backtest"), sandbox) as opened:
        yield opened


def copied(city: Path, folder: Path, sandbox: Sandbox) -> Application:
    shutil.copy(city, folder / "copy.db")
    settings = Settings(database_url=f"sqlite:///{folder / 'copy.db'}")
    return open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)


@pytest.fixture(scope="module")
def lived(app: Application) -> dict[str, str]:
    """The ids of the cases, by what became of them."""
    clock = app.clock
    assert isinstance(clock, ManualClock)
    deployments.deploy(app, identities.operator(), {"purchase.bpmn": PURCHASE.encode()})
    found = {}
    for name, (amount, acts) in LIVES.items():
        by = identities.actor(app, "grid_worker")
        answer = cases.start(app, by, process="purchase", data={"amount": amount})
        found[name] = answer.case_id
        for element, role, outcome, later in acts:
            clock.set(clock.now() + later)
            timers.tick(app)
            command = CompleteTask(f"purchase.{element}.1", outcome=outcome)
            cases.handle(app, identities.actor(app, role), answer.case_id, command)
    return found


def changed(*pairs: tuple[str, str]) -> bytes:
    text = PURCHASE
    for old, new in pairs:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    return text.encode()


def tried(app: Application, xml: bytes | None, **plan: Any) -> dict[str, Any]:
    files = {} if xml is None else {"new.bpmn": xml}
    return backtest.run(app, identities.operator(), "purchase", files, Plan(**plan))


def told(report: dict[str, Any], lived: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Class -> case -> why, and the entry at which it parted."""
    names = {case: name for name, case in lived.items()}
    assert sum(one["count"] for one in report["classes"].values()) == report["cases"]
    return {
        kind: {names[one["case"]]: (one["position"], one["reason"]) for one in found["examples"]}
        for kind, found in report["classes"].items()
        if found["examples"]
    }


def hours(report: dict[str, Any], element: str) -> tuple[float, float]:
    one = next(one for one in report["elements"] if one["element"] == element)
    return one["hours_then"], one["hours_now"]


def reached(report: dict[str, Any], element: str) -> tuple[int, int]:
    one = next(one for one in report["elements"] if one["element"] == element)
    return one["reached_then"], one["reached_now"]


ALL_SAME = {"small": (None, ""), "big and late": (None, ""), "refused": (None, ""),
            "filed first": (None, ""), "open": (None, "")}  # fmt: skip


def test_a_diagram_against_itself_is_identical_and_nothing_is_written(app, lived):
    before = rows.everything(app)

    report = tried(app, PURCHASE.encode())

    assert told(report, lived) == {"identical": ALL_SAME}
    assert (report["overdue"], report["escalations"]) == (
        {"then": 0, "now": 0}, {"then": 0, "now": 0},
    )  # fmt: skip
    assert [one["element"] for one in report["never"]] == ["check_late", "reminded"]
    assert rows.everything(app) == before


def test_a_limit_halved_makes_the_late_case_late(app, lived):
    report = tried(app, changed(("working_days(2)", "working_days(1)")))

    assert told(report, lived) == {"same_outcome": dict.fromkeys(LIVES, (1, ""))}
    assert report["overdue"] == {"then": 0, "now": 1}
    assert report["escalations"] == {"then": 0, "now": 1}
    assert (reached(report, "check_late"), reached(report, "reminded")) == ((0, 1), (0, 1))
    assert report["never"] == []


WITHOUT_APPROVAL = changed(
    ('sourceRef="is_big" targetRef="approve"', 'sourceRef="is_big" targetRef="ready"'),
    ('<sequenceFlow id="f_approve" sourceRef="approve" targetRef="is_agreed" />', ""),
    (PURCHASE[PURCHASE.index('    <userTask id="approve"'):PURCHASE.index('    <exclusiveGateway id="ready"')], ""),
    (PURCHASE[PURCHASE.index('    <sequenceFlow id="not_agreed"'):PURCHASE.index('    <sequenceFlow id="f_ready"')], ""),
)  # fmt: skip
"""Whoever asks for much need not ask the leader."""


def test_an_approval_removed_parts_every_case_that_was_approved(app, lived):
    report = tried(app, WITHOUT_APPROVAL)

    why = "审批 (approve) was decided and is not in the diagram; no open task of its role"
    assert told(report, lived) == {
        "identical": {"open": (None, ""), "small": (None, "")},
        "diverged": {
            "big and late": (2, f"entry 3: {why}"),
            "refused": (2, f"entry 3: {why}"),
            "filed first": (2, f"entry 3: {why}"),
        },
    }


def test_what_cannot_be_followed_counts_up_to_there(app, lived):
    # Who was not asked for an approval could pay at once; the record goes on for days.
    hurried = WITHOUT_APPROVAL.replace(b'id="pay"', b'id="pay" camunda:dueDate="working_days(1)"')

    report = tried(app, hurried)

    assert report["classes"]["diverged"]["count"] == 3
    assert report["overdue"] == {"then": 0, "now": 0}


def test_an_approval_that_is_said_to_fall_away_leaves_the_refused_case_waiting(app, lived):
    report = tried(app, WITHOUT_APPROVAL, mapping={"purchase": {"approve": ""}})

    assert told(report, lived) == {
        "identical": {"open": (None, ""), "small": (None, "")},
        "same_outcome": {"big and late": (2, ""), "filed first": (2, "")},
        "stuck": {"refused": (2, "waits for task file, pay")},
    }
    assert reached(report, "approve") == (3, 0)
    # One working hour each went by at the leader's.
    assert hours(report, "approve")[1] == 0


def test_a_gateway_inverted_ends_the_agreed_otherwise_and_leaves_the_refused_waiting(app, lived):
    report = tried(app, changed(("approve_outcome == 'refuse'", "approve_outcome == 'agree'")))

    assert told(report, lived) == {
        "identical": {"open": (None, ""), "small": (None, "")},
        "different_outcome": {
            "big and late": (3, "completed: done → completed: refused"),
            "filed first": (3, "completed: done → completed: refused"),
        },
        "stuck": {"refused": (3, "waits for task file, pay")},
    }
    assert report["outcomes"] == [
        {"then": "completed: done", "now": "completed: refused", "count": 2}
    ]


def test_a_decision_without_its_task_parts_the_case_with_entry_and_reason(app, lived):
    report = tried(app, changed(("amount &gt;= 100", "amount &lt; 100")))

    approve = "审批 (approve) was decided and is not open"
    assert told(report, lived) == {
        "identical": {"open": (None, "")},
        "diverged": {
            "small": (2, "entry 3: 付款 (pay) was decided and is not open"),
            "big and late": (2, f"entry 3: {approve}"),
            "refused": (2, f"entry 3: {approve}"),
            "filed first": (2, f"entry 3: {approve}"),
        },
    }


RENAMED = (
    ('"approve"', '"sign_off"'),
    ("approve_outcome", "sign_off_outcome"),
)


def test_an_element_renamed_takes_the_decision_by_its_role(app, lived):
    report = tried(app, changed(*RENAMED))

    # The gateway before it knows it by another name too.
    assert told(report, lived) == {
        "identical": {"open": (None, ""), "small": (None, "")},
        "same_outcome": {"big and late": (2, ""), "refused": (2, ""), "filed first": (2, "")},
    }
    assert (reached(report, "approve"), reached(report, "sign_off")) == ((3, 0), (0, 3))
    assert hours(report, "approve")[0] == hours(report, "sign_off")[1] > 0


def test_an_element_renamed_and_given_to_another_role_needs_to_be_mapped(app, lived):
    xml = changed(*RENAMED, ("street_leader", "district_leader"))

    assert set(told(tried(app, xml), lived)["diverged"]) == {
        "big and late", "refused", "filed first",
    }  # fmt: skip
    mapped = tried(app, xml, mapping=backtest.mapping("purchase", ["approve=sign_off"]))
    assert told(mapped, lived) == {
        "identical": {"open": (None, ""), "small": (None, "")},
        "same_outcome": {"big and late": (2, ""), "refused": (2, ""), "filed first": (2, "")},
    }


IN_A_ROW = changed(
    ('targetRef="apart" />', 'targetRef="pay" />'),
    ('    <parallelGateway id="apart" />\n', ""),
    ('    <parallelGateway id="together" />\n', ""),
    ('    <sequenceFlow id="f_pay" sourceRef="apart" targetRef="pay" />\n', ""),
    ('    <sequenceFlow id="f_file" sourceRef="apart" targetRef="file" />\n', ""),
    ('sourceRef="pay" targetRef="together"', 'sourceRef="pay" targetRef="file"'),
    ('sourceRef="file" targetRef="together"', 'sourceRef="file" targetRef="done"'),
    ('    <sequenceFlow id="f_done" sourceRef="together" targetRef="done" />\n', ""),
)


def test_parallel_tasks_made_sequential_part_the_case_that_did_the_second_first(app, lived):
    report = tried(app, IN_A_ROW)

    assert told(report, lived) == {
        "identical": {"open": (None, ""), "refused": (None, "")},
        "same_outcome": {"small": (2, ""), "big and late": (3, "")},
        "diverged": {"filed first": (3, "entry 4: 归档 (file) was decided and is not open")},
    }


def test_what_if_the_limit_had_been_another(app, lived):
    report = tried(app, None, sets=("check=3WD", "check_late=1WD"))

    assert told(report, lived) == {"same_outcome": dict.fromkeys(LIVES, (1, ""))}
    assert (report["overdue"], report["escalations"]) == (
        {"then": 0, "now": 0}, {"then": 0, "now": 1},
    )  # fmt: skip


REPEATED = changed(
    ('<timeDuration xsi:type="tFormalExpression">working_days(2)</timeDuration>',
     '<timeCycle xsi:type="tFormalExpression">R3/PT8H</timeCycle>'),
)  # fmt: skip


NOTICED = (
    ('sourceRef="check_late" targetRef="reminded"', 'sourceRef="check_late" targetRef="tell"'),
    ('    <endEvent id="reminded"', """    <serviceTask id="tell" camunda:type="external" camunda:topic="TOPIC">
      <extensionElements><camunda:inputOutput>
        <camunda:inputParameter name="to">street_leader</camunda:inputParameter>
        <camunda:inputParameter name="text">late</camunda:inputParameter>
      </camunda:inputOutput></extensionElements>
    </serviceTask>
    <sequenceFlow id="f_told" sourceRef="tell" targetRef="reminded" />
    <endEvent id="reminded\""""),
)  # fmt: skip


@pytest.mark.parametrize(("topic", "told_then"), [("notify", 1), ("nobody-knows", 0)])
def test_a_notice_that_nobody_wrote_then_goes_on_and_other_jobs_wait(app, lived, topic, told_then):
    noticed = changed(*((old, new.replace("TOPIC", topic)) for old, new in NOTICED))

    report = tried(app, noticed, sets=("check=3WD", "check_late=1WD"))

    assert (reached(report, "tell"), reached(report, "reminded")) == ((0, 1), (0, told_then))
    stuck = {} if told_then else {"stuck": {"big and late": (1, "waits for job tell")}}
    rest = {name: (1, "") for name in LIVES if name not in stuck.get("stuck", {})}
    assert told(report, lived) == {"same_outcome": rest, **stuck}
    late = next(one for each in report["classes"].values() for one in each["examples"]
                if lived["big and late"] == one["case"])  # fmt: skip
    assert late["first"] == {"element": "check_late", "name": "逾期"}


def test_a_timer_that_repeats_is_set_to_repeat_otherwise(app, lived):
    as_drawn, set_otherwise = (
        reached(tried(app, REPEATED, sets=sets), "check_late")
        for sets in ((), ("check_late=R2/PT12H",))
    )

    # One case was not checked within an hour, but a day and a half after it began.
    assert (as_drawn, set_otherwise) == ((0, 3), (0, 2))


def test_another_calendar_moves_what_is_due(app, lived):
    # With the day after it began as a holiday the late case is in time.
    days = "date,is_workday,kind,name_zh,name_en,source,status\r\n2026-09-17,0,holiday,假,Day,x,official\r\n"
    report = tried(app, changed(("working_days(2)", "working_days(1)")), calendar=days.encode())

    assert (report["cases"], report["overdue"]) == (5, {"then": 0, "now": 0})


def test_the_cases_are_those_of_a_time_and_the_latest(app, lived):
    first = tried(app, PURCHASE.encode(), cases=2)
    assert told(first, lived) == {"identical": {"open": (None, ""), "filed first": (None, "")}}
    none = tried(app, PURCHASE.encode(), since=app.clock.now() + DAY)
    assert (none["cases"], none["classes"]["identical"]["count"]) == (0, 0)


@pytest.mark.parametrize(
    ("make", "refusal", "says"),
    [
        (lambda app: tried(app, b"<x/>"), NotDeployable, "The files have errors."),
        (lambda app: tried(app, PURCHASE.encode(), sets=("nobody=3WD",)), InvalidRequest,
         "'nobody=3WD' sets what is not there."),
        (lambda app: tried(app, REPEATED, sets=("check_late=1WD",)), InvalidRequest,
         "'check_late=1WD' sets a timer that repeats."),
        (lambda app: tried(app, PURCHASE.encode(), sets=("check_late=R/PT1H",)), InvalidRequest,
         "'check_late=R/PT1H' makes a limit repeat."),
        (lambda app: tried(app, PURCHASE.encode(), sets=("check",)), InvalidRequest,
         "'check' sets nothing."),
        (lambda app: tried(app, PURCHASE.encode(), sets=("roles.nobody.name_zh=x",)),
         InvalidRequest, "'roles.nobody.name_zh=x' changes no row of the list 'roles'."),
        (lambda app: tried(app, PURCHASE.encode(), sets=("calendar.*.kind=x",)),
         InvalidRequest, "'calendar.*.kind=x' changes no row of the list 'calendar'."),
        (lambda app: tried(app, PURCHASE.encode(), mapping={"purchase": {"approve": "nowhere"}}),
         InvalidRequest, "approve=nowhere maps to what is not in the diagram."),
        (lambda app: tried(app, PURCHASE.encode(), mapping={"purchase": {"nobody": "approve"}}),
         InvalidRequest, "nobody=approve maps what no version of 'purchase' had."),
        (lambda _: backtest.mapping("purchase", ["a=b", "purchase.a=c"]), InvalidRequest,
         "'purchase.a' is mapped twice."),
        (lambda app: tried(app, PURCHASE.encode(), lists={"no_list": b""}), InvalidRequest,
         "There is no list 'no_list'."),
        (lambda app: backtest.run(app, identities.operator(), "five_steps",
                                  {"new.bpmn": PURCHASE.encode()}, Plan()), InvalidRequest,
         "The files have no process 'five_steps', but purchase."),
        (lambda app: backtest.run(app, identities.operator(), "nobody", {}, Plan()), NotFound,
         "There is no process 'nobody'."),
        (lambda app: backtest.run(app, identities.actor(app, "grid_worker"), "purchase", {}, Plan()),
         NotAllowed, None),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_is_refused_by_name(
    app, lived, make: Callable[[Application], Any], refusal, says
):
    with pytest.raises(refusal) as refused:
        make(app)
    assert says in (None, refused.value.message)


def test_the_report_is_one_page_without_scripts(app, lived):
    test = backtest.Backtest(app, backtest.Job("purchase", {"n.bpmn": IN_A_ROW}, Plan()))
    ids = backtest.case_ids(app, "purchase", Plan())
    report = test.report().add_all(backtest.first(test.results(ids), 10)).to_json()

    html = backtest.page(report, *test.pictures, "zh", "https://office.example")

    assert html.count("<figure") == 2
    assert html.count("<script") == html.count("src=") == 0
    assert "第 4 条：当时办了“归档”（file），这时它不在办理中" in html
    assert (
        f'<a href="https://office.example/cases/{lived["filed first"]}/replay?position=3">' in html
    )
    assert "https:" not in backtest.page(report, *test.pictures, "en")
    assert "归档 (file) was decided and is not open" in backtest.page(report, *test.pictures)
    assert json.loads(json.dumps(report)) == report


def test_designers_ask_over_http_and_others_are_refused(app, lived):
    path = "/definitions/backtest?filename=n.bpmn&process=purchase&mapping=approve="
    designer, clerk = callers(app)("deployer"), callers(app)("grid_worker")
    kind = {"Content_Type": "application/xml"}

    answer = designer.post(path, WITHOUT_APPROVAL, **kind)

    assert answer.status_code == 200
    assert told(answer.get_json(), lived)["stuck"] == {"refused": (2, "waits for task file, pay")}
    assert clerk.post(path, WITHOUT_APPROVAL, **kind).status_code == 403
