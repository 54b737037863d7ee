"""Cases are found by words, place and number, by those alone who may read what is found."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from importlib import import_module

import pytest
import sqlalchemy as sa

from engine import cases, deployments, erasure, identities, topics, views
from engine.errors import InvalidRequest
from engine.sealing import phone_of
from engine.settings import Settings, from_environment
from engine.tables import sealed_index
from tests import rows
from tests.callers import callers, problem_of
from tests.memory import flows, process

FORM = b"""{"id": "report", "type": "default", "components": [
  {"type": "textfield", "key": "place", "label": "Place", "personal": false},
  {"type": "textfield", "key": "kind", "label": "Kind", "personal": false},
  {"type": "textarea", "key": "story", "label": "Story"},
  {"type": "textfield", "key": "reporter_phone", "label": "Phone", "field_class": "reporter"}]}"""
DIAGRAM = process(
    "<extensionElements><camunda:properties>"
    '<camunda:property name="unit" value="place"/></camunda:properties></extensionElements>'
    '<startEvent id="s" camunda:formKey="report"/>'
    '<userTask id="work" camunda:candidateGroups="street_dispatcher"/><endEvent id="e"/>'
    + flows("s > work > e"),
    "report",
)
KEY = "0123456789abcdef0123456789abcdef"
GRID, NEXT_GRID, ELSEWHERE = "99010100100101001", "99010100100101002", "990101002"


def install(app):
    files = {"report.bpmn": DIAGRAM, "report.json": FORM}
    deployments.deploy(app, identities.operator(), files)
    return replace(app, settings=replace(app.settings, search_key=KEY))


@pytest.fixture
def installed(app):
    return install(app)


@pytest.fixture
def call(installed):
    return callers(installed)


@pytest.fixture
def both(any_app):
    return install(any_app)


@pytest.fixture
def call_both(both):
    return callers(both)


def start(app, place=GRID, *, phone="13912345678", story="dark lamp", kind="lighting", number=None):
    data = {"place": place, "kind": kind, "story": story, "reporter_phone": phone}
    actor = identities.actor(app, "resident")
    started = cases.start(app, actor, process="report", data=data, business_key=number)
    return started.case_id


def found(call, who, query):
    answer = call(who).get(f"/cases?{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [(one["id"], one["found_in"]) for one in answer.get_json()["items"]]


def test_a_number_is_found_however_it_was_written(installed, call):
    first = start(installed, phone="139 1234 5678")
    second = start(installed, phone="+86 139-1234-5678")
    start(installed, phone="13912345679")

    for asked in ("13912345678", "139-1234-5678", "%2B8613912345678", "008613912345678"):
        assert found(call, "street_dispatcher", f"phone={asked}") == [
            (second, ["reporter_phone"]), (first, ["reporter_phone"]),
        ]  # fmt: skip


def test_a_number_is_told_to_those_alone_who_may_read_it(both, call_both):
    case_id = start(both)
    people = ("street_dispatcher", "resident", "grid_worker", "RY029", "auditor", "RY071")
    told = {who: [one for one, _ in found(call_both, who, "phone=13912345678")] for who in people}

    assert told == {
        "street_dispatcher": [case_id], "resident": [case_id],
        "grid_worker": [], "RY029": [], "auditor": [], "RY071": [],
    }  # fmt: skip


def test_a_search_by_number_stands_in_the_access_log(installed, call):
    case_id = start(installed)
    found(call, "grid_worker", "phone=13912345678")
    found(call, "street_dispatcher", "phone=13912345678")
    log = call("auditor").get(f"/cases/{case_id}/accesses").get_json()["items"]

    assert [(one["by"], one["place"], one["what"]) for one in log] == [
        ("street_dispatcher", "search", ["reporter_phone"])
    ]


def test_an_erased_number_is_found_by_nobody_and_leaves_no_index(both, call_both):
    case_id, other = start(both), start(both)
    privacy = identities.actor(both, "privacy_officer")
    erasure.erase(both, privacy, case_id, reason="request")

    assert [one for one, _ in found(call_both, "street_dispatcher", "phone=13912345678")] == [other]
    with both.database.reading() as tx:
        assert tx.all(sa.select(sealed_index.c.case_id), {}) == [(other,)]


def test_the_index_says_nothing_without_the_key(installed, call):
    start(installed)
    held = str(rows.everything(installed)["sealed_index"])
    other = replace(installed, settings=replace(installed.settings, search_key="f" * 32))

    assert "13912345678" not in held
    actor = identities.actor(installed, "street_dispatcher")
    assert views.search(other, actor, views.Wanted(phone="13912345678"))["items"] == []


def test_without_a_key_no_number_is_indexed_or_searched(app):
    deployments.deploy(app, identities.operator(), {"report.bpmn": DIAGRAM, "report.json": FORM})
    start(app)
    answer = callers(app)("street_dispatcher").get("/cases?phone=13912345678")

    assert problem_of(answer) == (400, "invalid-request")
    assert "SEARCH_KEY" in answer.get_json()["hint"]
    assert rows.everything(app)["sealed_index"] == []


def test_words_are_found_in_what_the_searcher_reads_and_nowhere_else(installed, call):
    lamp = start(installed, number="R-17")
    hole = start(installed, NEXT_GRID, story="a hole in the road", kind="road")

    assert found(call, "street_dispatcher", "words=LAMP") == [(lamp, ["story"])]
    assert found(call, "street_dispatcher", "words=road") == [(hole, ["kind", "story"])]
    assert found(call, "street_dispatcher", "words=dark+road") == []
    assert found(call, "street_dispatcher", "words=r-17+lighting") == [(lamp, ["kind"])]
    # The number of a reporter is a word for those who read it.
    assert found(call, "street_dispatcher", "words=13912345678")[0][0] == hole
    assert found(call, "grid_worker", "words=13912345678") == []
    assert found(call, "RY029", "words=lamp") == []


def test_a_place_holds_the_places_below_it(installed, call):
    here, beside = start(installed), start(installed, NEXT_GRID)
    start(installed, ELSEWHERE)

    def ids(query):
        return [one for one, _ in found(call, "admin", query)]

    assert ids(f"place={GRID}") == [here]
    assert ids("place=990101001") == [beside, here]
    assert ids("place=990101001&words=lamp&phone=13912345678") == [beside, here]
    assert ids("place=none") == []


def test_pages_hold_each_case_once(both, call_both):
    made = [start(both) for _ in range(5)]
    for query in ("words=lamp", "phone=13912345678", "place=990101001"):
        seen, cursor = [], ""
        for _ in range(4):
            page = call_both("street_dispatcher").get(f"/cases?{query}&limit=2{cursor}").get_json()
            seen += [one["id"] for one in page["items"]]
            cursor = f"&cursor={page['next']}"
            if page["next"] is None:
                break
        assert seen == made[::-1]


def test_what_cannot_be_searched_is_refused(call):
    dispatcher = call("street_dispatcher")

    assert problem_of(dispatcher.get("/cases?phone=abc")) == (400, "invalid-request")
    assert problem_of(dispatcher.get("/cases?phone=123")) == (400, "invalid-request")
    assert problem_of(dispatcher.get("/cases?words=x&process=p")) == (400, "invalid-request")


def test_the_page_finds_and_says_what_is_wrong(installed, call):
    case_id = start(installed)
    caller = call("street_dispatcher")
    client = caller.server.test_client(use_cookies=False)

    def page(query):
        return client.get(f"/search?{query}", headers=caller.headers).get_data(as_text=True)

    assert f'href="/cases/{case_id}"' in page("words=lamp")
    assert f'href="/cases/{case_id}"' in page("phone=13912345678")
    assert "没有您可以查看的事项" in page("words=nothing")
    assert 'role="alert"' in page("phone=abc")


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("13912345678", "13912345678"),
        ("+86 139 1234 5678", "13912345678"),
        ("(010) 6552-9999", "01065529999"),
        ("861391234567", "861391234567"),
        ("123456", None),
        ("1234567890123456", None),
        ("99010100100101001", None),
        ("call 13912345678", None),
        ("", None),
        (13912345678, None),
    ],
)
def test_what_counts_as_a_telephone_number(text, digits):
    assert phone_of(text) == digits


def test_a_short_key_is_refused_before_anything_is_indexed():
    with pytest.raises(ValueError, match="SEARCH_KEY"):
        from_environment({"SEARCH_KEY": "secret"})
    assert from_environment({"SEARCH_KEY": KEY}).search_key == KEY
    assert Settings().search_key == ""


KEYED = process(
    "<extensionElements><camunda:properties>"
    '<camunda:property name="keys" value="topic"/></camunda:properties></extensionElements>'
    '<startEvent id="s"/><userTask id="work" camunda:candidateGroups="street_dispatcher"/>'
    '<endEvent id="e"/>' + flows("s > work > e"),
    "keyed",
)


def test_a_case_finds_others_page_after_page_and_none_twice(any_app):
    deployments.deploy(any_app, identities.operator(), {"keyed.bpmn": KEYED})
    actor = identities.actor(any_app, "street_dispatcher")
    ids = [
        cases.start(any_app, actor, process="keyed", data={"topic": topic}).case_id
        for topic in ("灯", "灯", "水", "灯", "灯", "灯")
    ]
    asking, wanted = ids[-1], {"key": "topic", "value": "灯", "limit": 3}

    first = topics.find_cases(any_app, asking, wanted)
    # What comes meanwhile moves nothing.
    cases.start(any_app, actor, process="keyed", data={"topic": "灯"})
    second = topics.find_cases(any_app, asking, {**wanted, "cursor": first["next"]})
    whole = topics.find_cases(any_app, asking, {"key": "topic", "value": "水"})

    others = [one for at, one in enumerate(ids[:-1]) if at != 2]
    assert sorted(one["case"] for one in first["open"] + second["open"]) == sorted(others)
    assert (len(first["open"]), second["next"], "next" in whole) == (3, None, False)
    with pytest.raises(InvalidRequest, match="none of ours"):
        topics.find_cases(any_app, asking, {**wanted, "cursor": "x"})


def test_the_page_says_when_older_cases_were_not_looked_into(app, call, monkeypatch):
    monkeypatch.setattr(import_module("engine.views.search"), "SCANNED", 1)
    caller = call("street_dispatcher")
    for story in ("甲", "乙"):
        data = {"place": GRID, "kind": "light", "story": story}
        caller.post("/cases", {"process": "report", "data": data})
    client = caller.server.test_client(use_cookies=False)

    page = client.get("/search?words=甲", headers=caller.headers).get_data(as_text=True)
    more = re.search(r'class="more" href="(/search\?[^"]*cursor=[^"]*)"', page)
    after = client.get(unescape(more[1]), headers=caller.headers).get_data(as_text=True)

    assert ("较新的案件里没有" in page, 'class="item"' in page) == (True, False)
    assert after.count('class="item"') == 1
