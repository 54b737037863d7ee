"""A case on paper: what its reader may read, laid out as the form says, with its proof."""

from __future__ import annotations

import re

import pytest

from engine import cases, deployments, identities, views
from tests.callers import callers
from tests.memory import flows, process

FORM = b"""{"id": "report", "type": "default", "components": [
  {"type": "textfield", "key": "place", "label": "Place", "personal": false},
  {"type": "textarea", "key": "story", "label": "Story"},
  {"type": "textfield", "key": "phone", "label": "Phone", "field_class": "reporter"}]}"""
ORDER = """{"id": "order", "type": "default", "title": "哨单", "title_en": "Order", "components": [
  {"type": "textfield", "key": "place", "label": "地点", "readonly": true, "personal": false},
  {"type": "group", "label": "内容", "components": [
    {"type": "textarea", "key": "story", "label": "情况", "readonly": true},
    {"type": "textfield", "key": "phone", "label": "电话", "readonly": true}]},
  {"type": "dynamiclist", "key": "parts", "label": "单位", "readonly": true, "components": [
    {"type": "textfield", "key": "code", "label": "代码", "readonly": true, "personal": false},
    {"type": "checkbox", "key": "done", "label": "按时", "readonly": true}]}]}""".encode()
DIAGRAM = process(
    "<extensionElements><camunda:properties>"
    '<camunda:property name="unit" value="place"/>'
    '<camunda:property name="prints" value="order never"/>'
    "</camunda:properties></extensionElements>"
    '<startEvent id="s" camunda:formKey="report"/>'
    '<scriptTask id="note" scriptFormat="python"><script>'
    "parts = [{'code': 'D04', 'done': True}, {'code': 'none', 'done': False}]</script></scriptTask>"
    '<userTask id="work" camunda:candidateGroups="street_dispatcher"/><endEvent id="e"/>'
    + flows("s > note > work > e"),
    "report",
)
GIVEN = {"place": "99010100100101001", "story": "<b>dark</b> lamp", "phone": "13912345678"}


@pytest.fixture
def case_id(any_app):
    files = {"report.bpmn": DIAGRAM, "report.json": FORM, "order.json": ORDER}
    deployments.deploy(any_app, identities.operator(), files)
    actor = identities.actor(any_app, "resident")
    return cases.start(any_app, actor, process="report", data=GIVEN, business_key="R-1").case_id


def printed(app, who, case_id, key="order"):
    caller = callers(app)(who)
    client = caller.server.test_client(use_cookies=False)
    return client.get(f"/cases/{case_id}/print/{key}", headers=caller.headers)


def cells(page):
    return re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", page, re.DOTALL)


def test_the_paper_has_what_the_form_says_in_its_order_and_the_proof(any_app, case_id):
    page = printed(any_app, "street_dispatcher", case_id).get_data(as_text=True)

    name = any_app.references.organisation.name("99010100100101001", any_app.clock.now().date())
    unit = any_app.references.organisation.name("D04", any_app.clock.now().date())
    assert re.findall(r"<h[12]>(.*?)</h[12]>", page) == ["哨单", "内容", "单位"]
    assert cells(page) == [
        "地点", name, "情况", "&lt;b&gt;dark&lt;/b&gt; lamp", "电话", "13912345678",
        "代码", "按时", unit, "是", "none", "否",
    ]  # fmt: skip
    last = views.history(any_app, identities.actor(any_app, "auditor"), case_id)[-1]
    assert f"第 {last['position']} 条" in page
    assert last["digest"] in page
    assert re.findall(r"<style|<script|\sstyle=", page) == []


def test_who_may_not_read_something_gets_a_paper_without_it(app):
    files = {"report.bpmn": DIAGRAM, "report.json": FORM, "order.json": ORDER}
    deployments.deploy(app, identities.operator(), files)
    actor = identities.actor(app, "resident")
    case_id = cases.start(app, actor, process="report", data=GIVEN).case_id
    by_analyst = printed(app, "street_analyst", case_id).get_data(as_text=True)

    assert ("13912345678" in by_analyst, "lamp" in by_analyst) == (False, True)
    assert printed(app, "RY071", case_id).status_code == 404
    # What was printed was read.
    log = callers(app)("auditor").get(f"/cases/{case_id}/accesses").get_json()["items"]
    assert [(one["by"], one["place"], one["what"]) for one in log] == [
        ("street_analyst", "print", ["story"])
    ]


def test_only_papers_of_the_process_are_printed(any_app, case_id):
    assert printed(any_app, "street_dispatcher", case_id, "report").status_code == 404
    # Named by the diagram, and never deployed.
    assert printed(any_app, "street_dispatcher", case_id, "never").status_code == 404
    actor = identities.actor(any_app, "street_dispatcher")
    assert views.papers(any_app, actor, case_id) == [
        {"key": "order", "title": "哨单", "title_en": "Order"}
    ]
