"""The board: its pages say what the call says, each number leads to exactly its cases."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from lxml import html

from api.web.board.sheets import written
from engine import figures, identities
from engine.figures import Selection, counting
from engine.spreadsheets import harmless
from tests.accessibility import accessible, fits
from tests.board_city import FIRST, SECOND, fill, late, sqlite_url
from tests.callers import callers
from tests.test_figures import ALL, fact, figure
from tests.test_pages import PHONE, address, chromium, expect, people

__all__ = ["address", "chromium", "late", "people", "sqlite_url"]

SEPTEMBER = {"since": date(2026, 9, 1), "until": date(2026, 10, 1)}
MONTH = "period=2026-09"


@pytest.fixture(scope="module")
def filled(city, sandbox, tmp_path_factory):
    path = tmp_path_factory.mktemp("board") / "filled.db"
    return path, fill(city, path, sandbox)


@pytest.fixture
def opened(late):
    """Return a function from a user and a path to the page's tree."""
    known = callers(late)

    def page(user, path, status=200):
        caller = known(user)
        answer = caller.server.test_client(use_cookies=False).get(path, headers=caller.headers)
        assert answer.status_code == status
        return html.fromstring(answer.get_data(as_text=True))

    page.callers = known
    return page


def text(node):
    return " ".join(node.text_content().split())


def cells(page, section):
    """The rows of the table of a section, links with their addresses."""
    (table,) = page.xpath(f"//section[@aria-labelledby='{section}']//table")
    return table.xpath("./tbody/tr")


def listed(opened, user, link):
    """The ids of all cases behind a link of the board, page by page."""
    found = []
    while link:
        page = opened(user, link)
        found += [one.get("href").removeprefix("/cases/") for one in page.cssselect("a.title")]
        more = page.cssselect("a.more")
        link = more[0].get("href") if more else None
    return found


# -- the page and the call ---------------------------------------------------------------


@pytest.mark.parametrize("unit", ["990101", FIRST, SECOND, "D04"])
def test_the_page_shows_the_figures_of_the_call(opened, unit):
    page = opened("district_coordinator", f"/board?unit={unit}&{MONTH}")
    called = opened.callers("district_coordinator").get(
        f"/board?unit={unit}&from=2026-09-01&to=2026-10-01"
    )

    found = called.get_json()
    cards = {one.get("id"): text(one.cssselect(".value")[0]) for one in page.cssselect(".cards li")}
    assert cards == {f"figure-{one['code']}": one["text"] for one in found["items"]}
    backlog = {row.get("id"): text(row[1]) for row in cells(page, "backlog")}
    assert backlog == {f"figure-{one['code']}": one["text"] for one in found["backlog"]}
    league = [
        text(row[1]).split(" 红榜")[0].split(" 黑榜")[0] for row in cells(page, "departments")
    ]
    assert league == [one["name"] for one in found["departments"]["items"]]
    hours = [[int(text(cell) or 0) for cell in row[1:]] for row in cells(page, "hours")]
    assert hours == found["hours"]["rows"]


def test_the_same_figures_are_those_of_the_call_for_figures(late, who):
    leader = who("district_coordinator")
    board = figures.board(late, leader, unit="990101", **SEPTEMBER)
    codes = [one["code"] for one in board["items"] + board["backlog"]]
    found = figures.overview(late, leader, unit="990101", codes=codes, **SEPTEMBER)

    assert board["items"] + board["backlog"] == found["items"]
    assert {one["code"]: one["text"] for one in found["items"]} == {
        "received": "4", "dispatched": "12", "on_time": "0.00 %", "response": "–", "solved": "–",
        "satisfied": "–", "returned": "0.00 %", "rework": "–", "extension": "–", "backlog": "12",
        "backlog_0_1": "0", "backlog_2_5": "0", "backlog_6_15": "0", "backlog_16": "12",
        "backlog_median": "26", "backlog_p90": "26",
    }  # fmt: skip


def test_every_link_of_the_board_opens_as_many_cases_as_it_says(opened, filled):
    user = "district_coordinator"
    page = opened(user, f"/board?unit=990101&{MONTH}")
    behind = {}
    for link in page.xpath("//td/a[starts-with(@href, '/board/cases')]"):
        if text(link).isdigit() and "backlog_median" not in link.get("href"):
            behind[link.get("href")] = (
                int(text(link)),
                len(listed(opened, user, link.get("href"))),
            )

    assert [one for one in behind.values() if one[0] != one[1]] == [(26, 12)]  # the 90th percentile
    assert len(behind) > 8
    ids = filled[1]
    (item,) = [one for one in behind if "item=ZL-03-005" in one]
    assert listed(opened, user, item) == ids["ZL-03-005"]


def test_the_cases_behind_a_department_are_its_own(opened, filled):
    user = "district_coordinator"
    page = opened(user, f"/board?unit=990101&{MONTH}")
    (row,) = page.xpath("//tr[@id='unit-D05']")
    links = [one.get("href") for one in row.xpath(".//a")]

    assert [sorted(listed(opened, user, one)) for one in links] == [filled[1]["D05"]] * 3


def test_figures_are_explained_and_what_is_left_out_stands_beside(opened):
    page = opened("district_coordinator", f"/board?unit=990101&{MONTH}&lang=en")
    (card,) = page.cssselect("#figure-on_time")

    assert text(card.cssselect(".what")[0]) == "On time, open overdue included Sample, not checked"
    assert text(card.cssselect(".of")[0]) == "0/12, see the cases"
    assert text(card.cssselect("details p")[0]) == "on time / (closed + open overdue)"


# -- who sees what -----------------------------------------------------------------------


def test_a_reader_of_another_street_sees_nothing_of_this_one(late, opened, filled):
    leader = opened.callers("RY028")  # heads the second street
    assert figures.units(late, identities.actor(late, "RY028"))[0]["unit"] == SECOND

    own = opened("RY028", f"/board?{MONTH}")
    (value,) = own.cssselect("#figure-dispatched .value")
    assert text(value) == "1"
    assert (
        listed(opened, "RY028", f"/board/cases?{MONTH}&figure=dispatched&part=numerator")
        == (filled[1]["D08"])
    )
    for path in ("board?", "board/cases?figure=on_time&", "board/figures.csv?", "board/bulletin?"):
        opened("RY028", f"/{path}unit={FIRST}&{MONTH}", status=403)
    assert leader.get(f"/board?unit={FIRST}&from=2026-09-01").status_code == 403


def test_who_reads_no_figures_is_told_so(opened):
    page = opened("grid_worker", "/board", status=403)

    assert page.cssselect(".cards") == []


def test_a_reader_of_figures_alone_sees_no_case(opened):
    page = opened("third_party_assessor", f"/board?unit=990101&{MONTH}")
    behind = opened("third_party_assessor", f"/board/cases?unit=990101&{MONTH}&figure=on_time")

    assert cells(page, "overdue") == []
    assert "另有 12 件您无权查看" in text(page)
    assert text(behind.cssselect(".behind")[0]) == "共 12 件。 另有 12 件您无权查看。"


@pytest.mark.parametrize(("n", "few"), [(0, False), (1, True), (4, True), (5, False)])
def test_so_few_answers_that_they_would_tell_who_gave_them_are_not_shown(n, few):
    asked = figure(subject="visits", numerator=(), number="satisfied")
    facts = [fact("live", satisfied=1)] * n

    counted = counting.count(asked, facts, ALL)

    assert counted.few is few
    assert counted.printed == ("n < 5" if few else counted.text)
    assert counting.count(figure(), [fact("live", "on_time")], ALL).few is False


# -- parts of a figure -------------------------------------------------------------------


def test_a_part_of_a_figure_is_of_a_body_or_an_hour(late, who):
    leader = who("district_coordinator")
    asked = {"unit": "990101", **SEPTEMBER, "part": "numerator"}

    def behind(code, **only):
        return figures.cases_behind(late, leader, code, only=Selection(**only), **asked)["n"]

    assert [behind("dispatched", body=one) for one in ("D04", "D05", "D08", "D09")] == [6, 5, 1, 0]
    assert behind("dispatched", weekday=1, hour=9) == 12
    assert [behind("received", hour=one) for one in (9, 10, 11)] == [1, 1, 2]
    assert [behind("received", item=one) for one in ("ZL-03-001", "ZL-03-005", "")] == [3, 1, 0]


@pytest.mark.parametrize(
    "query",
    ["weekday=8", "hour=24", "hour=x", "part=all", "cursor=-1", "period=2026-13", "period=luck",
     "period=days&from=2026-09-02&last=2026-09-01", "period=days"],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(opened, query):
    given = query if "period" in query else f"{query}&{MONTH}"
    caller = opened.callers("district_coordinator")
    answer = caller.server.test_client(use_cookies=False).get(
        f"/board/cases?unit=990101&figure=on_time&{given}", headers=caller.headers
    )

    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("2026-09", "2026-09-01 – 2026-09-30"),
        ("2026-12", "2026-12-01 – 2026-12-31"),
        ("2026-Q3", "2026-07-01 – 2026-09-30"),
        ("2026-Q4", "2026-10-01 – 2026-12-31"),
        ("2026", "2026-01-01 – 2026-12-31"),
        ("days&from=2026-09-14&last=2026-09-14", "2026-09-14 – 2026-09-14"),
    ],
)
def test_a_period_is_a_month_a_quarter_a_year_or_some_days(opened, period, days):
    page = opened("district_coordinator", f"/board?unit=D04&period={period}")

    assert text(page.cssselect("h1 small")[0]).endswith(days)


# -- files -------------------------------------------------------------------------------


SAMPLED = frozenset({"figures", "backlog", "departments", "trend"})


@pytest.mark.parametrize(
    "table", ["figures", "backlog", "departments", "trend", "hours", "items", "overdue"]
)
def test_every_table_is_a_file_with_the_same_numbers(opened, table):
    caller = opened.callers("district_coordinator")
    answer = caller.server.test_client(use_cookies=False).get(
        f"/board/{table}.csv?unit=990101&{MONTH}", headers=caller.headers
    )
    page = opened("district_coordinator", f"/board?unit=990101&{MONTH}")

    assert (answer.status_code, answer.content_type) == (200, "text/csv; charset=utf-8")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert {len(row) for row in rows} == {len(rows[0])}
    shown = cells(page, table) if table != "figures" else page.cssselect(".cards li")
    assert len(rows) - 1 == len(shown)
    # What rests on a list that nobody has checked says so, in the file and on the page.
    marked = page.xpath(f"//section[@aria-labelledby='{table}']//*[@class='badge'][@title]")
    assert ("样例，未核对" in str(rows), bool(marked)) == (table in SAMPLED, table in SAMPLED)


def test_no_cell_of_a_file_is_taken_for_a_formula():
    harmful = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1"]

    assert [harmless(one) for one in harmful] == [f"'{one}" for one in harmful]
    assert [harmless(one) for one in ("-3.2", "+5", "93.72 %", Decimal("-1"), None, "甲=乙")] == [
        "-3.2", "+5", "93.72 %", "-1", "", "甲=乙",
    ]  # fmt: skip
    assert written((["a"], [["=1"]])) == "\ufeffa\r\n'=1\r\n".encode()


def test_an_unknown_table_is_not_there(opened):
    opened("district_coordinator", f"/board/luck.csv?unit=990101&{MONTH}", status=404)


def test_the_month_bulletin_is_a_page_with_its_files(opened):
    page = opened("district_coordinator", "/board/bulletin?unit=990101&month=2026-09")
    links = [one.get("href") for one in page.cssselect(".ways a")]
    called = opened.callers("district_coordinator")

    assert [text(one) for one in page.cssselect("article h2")] == [
        "一、数字", "二、部门排位与红黑榜", "三、超期未结清单", "四、高频事项", "五、上月承诺", "六、另列",
    ]  # fmt: skip
    assert [re.sub(r".*format=", "", one) for one in links] == ["html", "docx"]
    for link in links:
        assert called.get(link.removeprefix("/api/v1")).status_code == 200


# -- in a browser ------------------------------------------------------------------------


@pytest.mark.browser
def test_a_leader_goes_from_a_figure_to_its_cases_on_a_desk_and_on_a_phone(people, late):
    page = people("district_coordinator")
    page.goto(f"/board?unit=990101&{MONTH}")
    expect(page.locator("#figure-dispatched .value")).to_have_text("12")
    accessible(page)
    page.click("#figure-on_time .of a")
    expect(page.locator(".behind")).to_have_text("共 12 件。")
    accessible(page)
    page.click(".tabs >> text=未计入")
    expect(page.locator("li.item")).to_have_count(12)

    page.set_viewport_size(PHONE)
    page.goto(f"/board?unit=990101&{MONTH}&lang=en")
    expect(page.locator("h1")).to_contain_text("Board")
    accessible(page)
    page.select_option("#unit", SECOND)
    page.click("button:text-is('Show')")
    expect(page.locator("#figure-dispatched .value")).to_have_text("1")
    page.click("text=Month bulletin")
    expect(page.locator("article h1")).to_contain_text("2026年9月")
    fits(page)
