"""Ways through a process: visits out of histories, ways, deviations, where work waits."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from lxml import html

from engine import cases, identities, mining, store, timers
from engine.application import open_application
from engine.clock import ManualClock
from engine.commands import ClaimTask, CompleteTask
from engine.errors import NotAllowed, NotFound
from engine.history import seal
from engine.mining import Behind, keeping, ways
from engine.mining.visits import visits
from engine.mining.ways import Run
from engine.settings import Settings
from tests.accessibility import accessible
from tests.board_city import FIRST, NOVEMBER, SECOND, fill, late, sqlite_url
from tests.callers import callers, problem_of
from tests.test_pages import PHONE, address, chromium, expect, people

__all__ = ["address", "chromium", "late", "people", "sqlite_url"]

SEPTEMBER = {"since": date(2026, 9, 1), "until": date(2026, 10, 1)}
HANDLING = "department_handling"
ASKED = f"/mining/{HANDLING}?unit=990101&from=2026-09-01&to=2026-10-01"


@pytest.fixture(scope="module")
def filled(city, sandbox, tmp_path_factory):
    """The city seven weeks later, with what timers have done meanwhile."""
    path = tmp_path_factory.mktemp("mining") / "filled.db"
    found = fill(city, path, sandbox)
    settings = Settings(database_url=f"sqlite:///{path}")
    app = open_application(settings, clock=ManualClock(NOVEMBER), sandbox=sandbox)
    timers.tick(app)
    app.database.close()
    return path, found


def entry(position, *events, at="2026-09-14T01:00:00Z"):
    named = [{"process": "p", "nth": 1, "path": [], **one} for one in events]
    return seal("c", None, {"position": position, "at": at, "events": named})


def event(kind, element, **more):
    return {"type": kind, "element": element, **more}


# -- visits ------------------------------------------------------------------------------


def test_a_visit_knows_when_its_task_was_signed_for_done_and_due():
    opened = event("task_opened", "check", task="p.check.1", due_at="2026-09-15T01:00:00Z")
    claimed = event("task_claimed", "check", task="p.check.1", assignee="a")
    done = event("task_completed", "check", task="p.check.1", by="a", outcome="yes")
    (found,) = visits(
        [
            entry(1, event("element_entered", "check"), opened),
            entry(2, claimed, at="2026-09-14T02:00:00Z"),
            entry(3, done, event("element_left", "check"),
                  event("flow_taken", "check", flow="on"), at="2026-09-14T03:00:00Z"),
        ]
    )  # fmt: skip

    assert (found.entered_at, found.claimed_at, found.left_at) == (
        "2026-09-14T01:00:00Z", "2026-09-14T02:00:00Z", "2026-09-14T03:00:00Z",
    )  # fmt: skip
    assert (found.task, found.due_at, found.by, found.outcome) == (
        "p.check.1", "2026-09-15T01:00:00Z", "a", "yes",
    )  # fmt: skip
    assert (found.flows, found.cancelled, found.run) == (["on"], False, 0)


def test_each_call_of_a_process_is_a_run_of_its_own():
    def called(path, nth=1):
        return event("element_entered", "begun", process="q", path=path, nth=nth)

    def inside(path, nth=1):
        return event("element_entered", "work", process="q", path=path, nth=nth)

    found = visits(
        [
            entry(1, event("element_entered", "start"), called(["call[A]"]), called(["call[B]"], 2),
                  inside(["call[A]", "sub"]), inside(["call[B]"], 2), called(["call[A]"], 3),
                  inside(["call[A]"], 3))
        ]
    )  # fmt: skip

    assert [(one.process, one.element, one.run) for one in found] == [
        ("p", "start", 0), ("q", "begun", 1), ("q", "begun", 2), ("q", "work", 1),
        ("q", "work", 2), ("q", "begun", 3), ("q", "work", 3),
    ]  # fmt: skip


def test_a_visit_goes_on_where_a_case_was_migrated_to():
    moved = event("element_migrated", "new", was="old")
    (found,) = visits(
        [entry(1, event("element_entered", "old")), entry(2, moved, event("element_left", "new"))]
    )

    assert (found.element, found.left_at) == ("new", "2026-09-14T01:00:00Z")


# -- ways --------------------------------------------------------------------------------


def runs(*ways_taken):
    return [
        Run(f"c{at}", 0, tuple(way), None if way.endswith("…") else 60.0)
        for at, way in enumerate(ways_taken)
    ]


def test_the_straight_way_is_the_most_frequent_of_those_that_ended():
    found = ways.by_way(runs("ab", "abc", "abc", "a…", "a…", "a…"))

    assert ways.straight(found) == ("a", "b", "c")
    assert ways.straight(ways.by_way(runs("abc", "ab"))) == ("a", "b")
    assert ways.straight({}) == ()


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("abc", []),
        ("ac", [("skipped", "b")]),
        ("abbc", [("repeated", "b")]),
        ("abcd", [("added", "d")]),
        ("abdd", [("added", "d"), ("repeated", "d"), ("skipped", "c")]),
    ],
)
def test_a_way_deviates_by_what_it_has_more_less_or_again(way, expected):
    straight = tuple("abc")

    assert ways.deviations(Run("c", 0, tuple(way), 60.0), straight) == expected
    assert ways.deviations(Run("c", 0, tuple(way), None), straight) == []
    by_hand = Run("c", 0, tuple(way), None, frozenset("b"))
    assert ways.deviations(by_hand, straight) == [("moved", "b")]


# -- a city ------------------------------------------------------------------------------


def test_visits_and_breaches_are_counted_element_by_element(late, who, filled):
    found = mining.mined(late, who("district_coordinator"), HANDLING, unit="990101", **SEPTEMBER)
    by_id = {one["element"]: one for one in found["elements"]}
    sign, handle = by_id["sign"], by_id["handle"]

    assert (found["cases"], found["left"], found["runs"]) == (12, 0, 12)
    assert (sign["visits"], sign["cases"], sign["now"], sign["late"]) == (12, 12, 10, 10)
    assert (handle["visits"], handle["now"], handle["late"]) == (2, 2, 2)
    assert found["flows"]["sign_to_sign_result"] == 2
    assert sign["waiting_p90"] == sign["waiting_median"] > 10_000  # seven weeks, working minutes
    assert (by_id["handling_started"]["waiting_total"], by_id["handling_started"]["late"]) == (0, 0)


def test_waiting_ends_where_somebody_signs(late, who, clock, filled):
    def seen(unit):
        found = mining.mined(late, who("district_coordinator"), HANDLING, unit=unit, **SEPTEMBER)
        (sign,) = [one for one in found["elements"] if one["element"] == "sign"] or [None]
        return found["cases"], sign and (sign["visits"], sign["now"], sign["working_total"])

    assert (seen(FIRST), seen("D05")) == ((11, (11, 9, 0)), (0, None))  # a department is no place
    case, admin = filled[1]["D05"][0], identities.operator()
    clock.set(clock.now() + timedelta(hours=1))
    cases.handle(late, admin, case, ClaimTask(f"{HANDLING}.sign.1"))
    clock.set(clock.now() + timedelta(minutes=30))
    cases.handle(late, admin, case, CompleteTask(f"{HANDLING}.sign.1", outcome="sign"))

    assert seen(FIRST) == (11, (11, 8, 30))


def test_every_number_leads_to_the_cases_that_were_counted(late, who, filled):
    leader = who("district_coordinator")
    found = mining.mined(late, leader, HANDLING, unit="990101", **SEPTEMBER)

    def behind(**asked):
        pages, cursor = [], None
        while True:
            page = mining.cases_of(
                late, leader, HANDLING, Behind(**asked), unit="990101", limit=5, cursor=cursor,
                **SEPTEMBER,
            )  # fmt: skip
            pages += [one["case"] for one in page["items"]]
            cursor = page["next"]
            if cursor is None:
                assert page["n"] == len(pages)
                return pages

    for one in found["elements"]:
        assert len(behind(element=one["element"])) == one["cases"]
    for one in found["ways"]:
        assert len(behind(way=one["code"])) == one["runs"]
    assert behind(element="handle", measure="late") == filled[1]["D04"][:2]
    assert len(behind()) == 12


def test_one_look_reads_so_many_histories_and_says_how_many_are_left(late, filled):
    with late.database.reading() as tx:
        heads = [(case, store.read_case(tx, case).head) for case in filled[1]["D04"]]
        for _, head in heads:
            keeping._kept.pop(head, None)
        first, left = keeping.of_cases(tx, heads, HANDLING, at_once=4)
        rest, none = keeping.of_cases(tx, heads, HANDLING, at_once=4)
        again, _ = keeping.of_cases(tx, heads, HANDLING, at_once=0)

        newest, rest_left = keeping.of_cases(tx, heads, HANDLING, kept=2)

    assert (list(first), left, list(rest), none) == (filled[1]["D04"][2:], 2, filled[1]["D04"], 0)
    assert (list(newest), rest_left) == (filled[1]["D04"][4:], 4)
    assert again == rest
    assert keeping.of_cases(None, [], HANDLING) == ({}, 0)


def test_who_reads_no_figures_of_a_unit_mines_nothing_of_it(late, who):
    assessor, leader = who("third_party_assessor"), identities.actor(late, "RY028")

    with pytest.raises(NotAllowed):
        mining.mined(late, leader, HANDLING, unit=FIRST, **SEPTEMBER)
    assert mining.mined(late, leader, HANDLING, unit=SECOND, **SEPTEMBER)["cases"] == 1
    found = mining.mined(late, assessor, HANDLING, unit="990101", **SEPTEMBER)
    listed = mining.cases_of(late, assessor, HANDLING, Behind(), unit="990101", **SEPTEMBER)
    assert [one["examples"] for one in found["ways"]] == [[] for _ in found["ways"]]
    assert (listed["items"], listed["n"], listed["hidden"]) == ([], 12, 12)
    with pytest.raises(NotFound):
        mining.mined(late, assessor, "luck", unit="990101", **SEPTEMBER)


def test_mining_over_http(late, filled):
    leader, resident = callers(late)("district_coordinator"), callers(late)("resident")

    found = leader.get(ASKED).get_json()
    listed = leader.get(ASKED.replace("?", "/cases?") + "&element=handle").get_json()

    assert (found["cases"], found["name"], found["name_en"]) == (
        12, "部门报到处置", "Department handling",
    )  # fmt: skip
    assert [one["case"] for one in listed["items"]] == filled[1]["D04"][:2]
    assert problem_of(resident.get(ASKED)) == (403, "not-allowed")
    assert leader.get(ASKED.replace("?", "/cases?") + "&deviation=luck").status_code == 422


# -- the page ----------------------------------------------------------------------------


def opened(app, user, path, status=200):
    caller = callers(app)(user)
    answer = caller.server.test_client(use_cookies=False).get(path, headers=caller.headers)
    assert answer.status_code == status
    return answer


def test_the_page_shows_what_the_call_answers(late):
    page = html.fromstring(
        opened(
            late,
            "district_coordinator",
            f"/board/process?unit=990101&period=2026-09&process={HANDLING}",
        ).get_data(as_text=True)
    )
    found = callers(late)("district_coordinator").get(ASKED).get_json()

    shown = {
        row.get("id"): [cell.text_content().strip() for cell in row][1:3]
        for row in page.xpath("//tr[starts-with(@id, 'element-')]")
    }
    assert shown == {
        f"element-{one['element']}": [str(one["visits"]), str(one["cases"])]
        for one in found["elements"]
    }
    (way,) = page.xpath("//section[@aria-labelledby='ways']//tbody/tr[1]")
    names = {one["element"]: one["name"] for one in found["elements"]}
    steps = [one.text for one in way.cssselect(".steps li")]
    assert steps == [names[one] for one in found["ways"][0]["elements"]]
    assert steps[0] == "签收"


@pytest.mark.parametrize("table", ["elements", "ways", "deviations"])
def test_the_tables_of_a_process_are_files(late, table):
    path = f"/board/process/{table}.csv?unit=990101&period=2026-09&process={HANDLING}"
    answer = opened(late, "district_coordinator", path)

    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.data.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/board/process?process=luck", 404),
        ("/board/process?measure=luck", 400),
        ("/board/process/luck.csv?", 404),
        (f"/board/process?unit=990101&period=2020-01&process={HANDLING}", 200),
    ],
)
def test_what_there_is_not_is_refused_and_what_is_empty_says_so(late, path, status):
    opened(late, "district_coordinator", path, status)


@pytest.mark.browser
def test_a_diagram_is_shown_as_a_heat_map(people, late, filled):
    page = people("district_coordinator")
    page.goto(f"/board/process?unit=990101&period=2026-09&process={HANDLING}&measure=late")
    expect(page.locator("#diagram[data-shown=heat]")).to_be_visible()
    expect(page.locator("#diagram [data-element-id=sign].heat-5")).to_have_count(1)
    expect(page.locator("#diagram .heat-number").first).to_be_visible()
    accessible(page)

    page.set_viewport_size(PHONE)
    page.goto(
        f"/board/process?unit=990101&period=2026-09&process={HANDLING}&measure=visits&lang=en"
    )
    expect(page.locator("#diagram[data-shown=heat]")).to_be_visible()
    accessible(page)
    page.click("#element-handle >> a >> nth=0")
    expect(page.locator("li.item")).to_have_count(2)
