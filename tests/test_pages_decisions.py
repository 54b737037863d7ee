"""Why the decisions of a case came out as they did: the call, and the page in a browser."""

import re

import pytest

from engine import cases, deployments, identities, views
from tests.callers import callers
from tests.dmn import a_file
from tests.test_explanations import PROCESS
from tests.test_pages import CONTRAST, address, chromium, expect, people, shows

__all__ = ["address", "chromium", "people"]

ROUTE = """
decision route
table FIRST | kind:string ; area:number | unit:string ; hours:number
| "market" | > 10 | "城管局" | 8
| "market" | - | "社区" | 24
| - | - | "街道" | 48
"""
FORM = """{"type": "default", "id": "asked", "components": [
  {"type": "textfield", "key": "kind", "label": "类别", "label_en": "Kind", "personal": false%s},
  {"type": "number", "key": "area", "label": "面积", "label_en": "Area"}]}"""


def deployed(app, field_class=""):
    form = (FORM % field_class).encode()
    diagram = PROCESS.replace(
        '<startEvent id="begun"/>', '<startEvent id="begun" camunda:formKey="asked"/>'
    )
    route = a_file(ROUTE).replace(b"<output", b'<output label="\xe5\x8a\x9e\xe7\x90\x86"', 1)
    deployments.deploy(
        app,
        identities.operator(),
        {"asks.bpmn": diagram.encode(), "route.dmn": route, "asked.json": form},
    )


def started(app, who, **data):
    return cases.start(app, who("grid_worker"), process="asks", data=data).case_id


def told(app, name, case):
    answer = callers(app)(name).get(f"/cases/{case}/decisions")
    assert answer.status_code == 200
    return answer.get_json()["items"]


# -- the call ------------------------------------------------------------------------------


def test_the_call_says_which_rule_matched_and_what_kept_each_other(app, who):
    deployed(app)
    case = started(app, who, kind="market", area=5)

    (found,) = told(app, "grid_worker", case)

    assert {name: found[name] for name in ("process", "element", "nth", "decision", "title")} == {
        "process": "asks", "element": "route", "nth": 1, "decision": "route", "title": "route",
    }  # fmt: skip
    assert (found["position"], found["data"], found["agrees"]) == (
        1, {"kind": "market", "area": 5}, True,
    )  # fmt: skip
    assert (found["result"], found["matched"]) == ({"unit": "社区", "hours": 24}, ["r2"])
    assert found["rules"] == [
        {"rule": "r1", "row": 1, "matched": False, "cells": ['"market"', "> 10"],
         "gives": ['"城管局"', "8"], "input": "area", "cell": "> 10", "value": 5},
        {"rule": "r2", "row": 2, "matched": True, "cells": ['"market"', "-"],
         "gives": ['"社区"', "24"]},
        {"rule": "r3", "row": 3, "matched": True, "cells": ["-", "-"], "gives": ['"街道"', "48"]},
    ]  # fmt: skip
    assert found["why"][1] == "  第 1 行不符合：area 是 5，要求 > 10"
    assert found["why_en"][1] == "  row 1 does not match: area is 5, where > 10 is asked for"


def test_who_may_not_read_a_datum_is_not_told_what_was_decided_by_it(app, who):
    deployed(app, ', "field_class": "reporter"')
    case = started(app, who, kind="market", area=5)

    (found,) = told(app, "district_inspector", case)

    assert found["withheld"] is True
    assert found["data"] == {"kind": {"$withheld": "reporter"}, "area": 5}
    assert {"result", "rules", "why", "inputs", "matched"} & found.keys() == set()
    assert told(app, "grid_worker", case)[0]["result"] == {"unit": "社区", "hours": 24}


def test_a_case_that_somebody_may_not_see_has_no_decisions(app, who):
    deployed(app)
    case = started(app, who, kind="market", area=5)

    answer = callers(app)("volunteer").get(f"/cases/{case}/decisions")

    assert (answer.status_code, answer.get_json()["code"]) == (404, "case-not-found")


def test_a_case_without_decisions_has_an_empty_list(app, who):
    deployed(app)
    case = cases.start(app, who("grid_worker"), process="asks", data={"kind": "x"}).case_id

    assert told(app, "grid_worker", case) == []


# -- the page ------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_case_says_why_something_was_decided_as_it_was(app, who, people):
    deployed(app)
    case = started(app, who, kind="market", area=5)
    page = people("grid_worker")
    page.goto(f"/cases/{case}")

    page.click(".track a.why")

    shows(page, "h2", "为什么：route")
    shows(page, ".decided > .data strong", "社区", "24")
    shows(page, ".because >> nth=0", "第 2 行符合\n第 3 行也符合，但不起作用")
    page.click("summary >> nth=0")
    shows(page, "details .because li", "第 1 行不符合：“area”是 5，要求 > 10")
    page.click("summary >> nth=1")
    shows(page, ".rules tbody th", "1 不符合", "2 符合", "3 符合")
    shows(page, ".rules .failing", "> 10")
    assert re.search(r"#asks\.route\.1$", page.url)


@pytest.mark.browser
def test_the_page_is_there_in_english_and_fits_a_phone(app, who, people):
    deployed(app)
    case = started(app, who, kind="market", area=5)
    page = people("grid_worker", viewport={"width": 360, "height": 700}, has_touch=True)
    page.goto(f"/cases/{case}/decisions?lang=en")

    shows(page, "h2", "Why: route")
    for summary in page.locator("summary").all():
        summary.click()
    expect(page.locator(".rules")).to_be_visible()
    shows(page, ".rules tbody th", "1 does not match", "2 matches", "3 matches")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(CONTRAST) == []


@pytest.mark.browser
def test_the_page_does_not_say_what_is_withheld(app, who, people):
    deployed(app, ', "field_class": "reporter"')
    case = started(app, who, kind="market", area=5)
    page = people("district_inspector")
    page.goto(f"/cases/{case}/decisions")

    shows(page, ".decided > .note", "依据中有您不能查看的信息，这里不显示结果和理由。")
    expect(page.locator(".because")).to_have_count(0)
    expect(page.locator("main")).not_to_contain_text("market")


@pytest.mark.browser
def test_the_task_page_leads_to_why_it_came_there(app, who, people):
    deployed(app)
    case = started(app, who, kind="market", area=5)
    (task,) = views.case(app, who("grid_worker"), case)["tasks"]
    page = people("grid_worker")
    page.goto(f"/tasks/{task['id']}")

    page.click(".track a.why")

    page.wait_for_url("**/decisions#asks.route.1")
    shows(page, ".decided > .data strong", "社区", "24")
