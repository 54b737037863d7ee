"""Choices from reference lists: read, offered as of a day, checked when deployed and when sent."""

import json
from datetime import UTC, datetime

import pytest
from werkzeug.datastructures import MultiDict

from api import create_app
from api.web import fields
from api.web.fields import Sheet
from engine import cases, deployments, forms, identities, views
from engine.commands import CompleteTask
from engine.errors import InvalidData, NotDeployable
from engine.forms import sources
from engine.forms.sources import Known
from tests.page_texts import texts, visit
from tests.scenario_city import city
from tests.test_import import activated, changed

__all__ = ["visit"]

UNITS = {"list": "units", "value": "code", "label": "name", "label_en": "name_en"}
ROWS = {
    "units": [
        {"code": "D01", "name": "应急局", "name_en": "Emergency", "kind": "bureau", "tags": ["a"]},
        {"code": "D02", "name": "消防队", "name_en": None, "kind": "vertical", "tags": ["b", "c"]},
        {"code": "D03", "name": None, "name_en": None, "kind": None, "tags": []},
        {"code": "D01", "name": "另一个", "name_en": None, "kind": "bureau", "tags": []},
        {"code": None, "name": "无编码", "name_en": None, "kind": "bureau", "tags": []},
    ],
    "places": [{"id": 7, "title": "广场", "open": True}, {"id": 8, "title": "码头", "open": False}],
}


def rows(name):
    return ROWS.get(name, [])


def field(values_list, kind="select", **more):
    return {"type": kind, "key": "unit", "label": "单位", "valuesList": values_list, **more}


def form_of(*components):
    return forms.load({"type": "default", "id": "lists", "components": list(components)})


def offered(values_list):
    form = forms.filled(form_of(field(values_list)), rows)
    return [(one.value, one.label, one.label_en) for one in form.components[0].choices]


def findings_of(component):
    document = {"type": "default", "id": "lists", "components": [component]}
    _, findings = forms.read(json.dumps(document).encode(), filename="lists.json")
    return [(one.code, one.severity, one.element) for one in findings]


# -- reading and filling ------------------------------------------------------------------


def test_the_rows_are_offered_in_order_each_value_once_with_what_labels_there_are():
    assert offered(UNITS) == [
        ("D01", "应急局", "Emergency"),
        ("D02", "消防队", "消防队"),
        ("D03", "D03", "D03"),
    ]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"kind": "bureau"}, ["D01"]),
        ({"kind": ["bureau", "vertical"]}, ["D01", "D02"]),
        ({"kind": None}, ["D03"]),
        ({"kind": ["vertical", None]}, ["D02", "D03"]),
        ({"tags": "c"}, ["D02"]),
        ({"tags": None}, ["D03", "D01"]),
        ({"kind": "bureau", "tags": "b"}, []),
        ({"missing": "x"}, []),
    ],
)
def test_where_compares_columns_with_constants(where, found):
    assert [value for value, _, _ in offered({**UNITS, "where": where})] == found


def test_true_is_not_the_number_one_in_where():
    places = {"list": "places", "value": "id", "label": "title"}

    assert [one[0] for one in offered({**places, "where": {"open": True}})] == [7]
    assert [one[0] for one in offered({**places, "where": {"open": 1}})] == []


def test_several_lists_follow_each_other():
    places = {"list": "places", "value": "id", "label": "title"}

    assert [one[0] for one in offered([{**UNITS, "where": {"kind": "vertical"}}, places])] == [
        "D02",
        7,
        8,
    ]


@pytest.mark.parametrize(
    "values_list",
    [
        None,
        "units",
        [],
        [UNITS] * 6,
        {"list": "units", "value": "code"},
        {**UNITS, "list": ""},
        {**UNITS, "label_en": 3},
        {**UNITS, "filter": {}},
        {**UNITS, "where": ["kind"]},
        {**UNITS, "where": {"kind": []}},
        {**UNITS, "where": {"kind": {"not": "bureau"}}},
    ],
)
def test_a_values_list_of_another_shape_is_a_finding(values_list):
    assert findings_of(field(values_list)) == [("form-values", "error", "unit")]


def test_a_list_that_is_not_there_offers_nothing():
    form = forms.filled(form_of(field({**UNITS, "list": "nowhere"})), rows)

    with pytest.raises(InvalidData) as refusal:
        forms.validate(form, {"unit": "D01"})
    assert [(one["code"], one["key"]) for one in refusal.value.findings] == [
        ("not-in-list", "unit")
    ]


def test_what_is_sent_must_be_in_the_list_wherever_the_field_stands():
    group = {"type": "group", "components": [field(UNITS, "checklist", key="told")]}
    table = {"type": "dynamiclist", "path": "plan", "components": [field(UNITS, "taglist")]}
    form = forms.filled(form_of(field(UNITS), group, table), rows)
    good = {"unit": "D02", "told": ["D01", "D03"], "plan": [{"unit": ["D02"]}]}

    assert forms.validate(form, good) == good
    with pytest.raises(InvalidData) as refusal:
        forms.validate(form, {"unit": "D9", "told": ["D9"], "plan": [{"unit": ["D01", "D9"]}]})
    assert [(one["code"], one["key"]) for one in refusal.value.findings] == [
        ("not-in-list", "unit"),
        ("not-in-list", "told"),
        ("not-in-list", "plan[0].unit"),
    ]
    assert refusal.value.findings[0]["hint"] == "Offered: D01, D02, D03."


def test_a_form_without_lists_is_handed_on_as_it_is():
    form = form_of({"type": "number", "key": "count"})

    assert forms.filled(form, rows) is form


def test_a_schema_is_told_with_its_values_and_is_still_a_form():
    group = {"type": "group", "components": [field(UNITS)]}
    schema = {"type": "default", "id": "lists", "components": [group]}
    told = forms.fill_schema(schema, rows)

    assert told["components"][0]["components"][0] == {
        **field(UNITS),
        "values": [
            {"value": "D01", "label": "应急局", "label_en": "Emergency"},
            {"value": "D02", "label": "消防队", "label_en": "消防队"},
            {"value": "D03", "label": "D03", "label_en": "D03"},
        ],
    }
    assert forms.load(told) == forms.load(schema)


def test_what_is_told_is_bounded_and_says_how_much_there_is():
    many = {"list": "many", "value": "n", "label": "n"}
    schema = {"id": "lists", "components": [field(many)]}
    (told,) = forms.fill_schema(schema, lambda _: [{"n": n} for n in range(2_001)])["components"]

    assert (len(told["values"]), told["valuesTotal"]) == (2_000, 2_001)


# -- the check when a form is deployed -------------------------------------------------------


def test_lists_columns_and_personal_columns_are_checked():
    known = {"units": Known(frozenset({"code", "name", "phone"}), frozenset({"phone"}))}
    form = form_of(
        field({"list": "units", "value": "code", "label": "name", "where": {"name": "x"}}, key="a"),
        field({"list": "unit", "value": "code", "label": "name"}, key="b"),
        field({"list": "units", "value": "id", "label": "name", "where": {"kind": "x"}}, key="c"),
        field({"list": "units", "value": "code", "label": "phone"}, key="d"),
    )

    assert [
        (one.code, one.severity, one.element, one.message)
        for one in sources.check(form, "f.json", known)
    ] == [
        ("form-list", "error", "b", "There is no list 'unit'."),
        ("form-list", "error", "c", "The list 'units' has no column 'id'."),
        ("form-list", "error", "c", "The list 'units' has no column 'kind'."),
        ("form-list", "error", "d", "The column 'phone' of the list 'units' is personal."),
    ]


def test_a_form_that_names_an_unknown_list_is_not_deployed(app):
    document = {"id": "asks", "components": [field({**UNITS, "list": "departmens"})]}
    content = json.dumps({"type": "default", **document}).encode()

    with pytest.raises(NotDeployable) as refusal:
        deployments.deploy(app, identities.operator(), {"asks.json": content})
    assert [(one["code"], one["file"], one["element"]) for one in refusal.value.findings] == [
        ("form-list", "asks.json", "unit")
    ]


# -- a day's list ---------------------------------------------------------------------------

DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:test">
  <process id="picks" name="选单位" isExecutable="true">
    <startEvent id="begin" camunda:formKey="picks" />
    <sequenceFlow id="one" sourceRef="begin" targetRef="look" />
    <userTask id="look" name="再选" camunda:formKey="picks" camunda:candidateGroups="admin" />
    <sequenceFlow id="two" sourceRef="look" targetRef="done" />
    <endEvent id="done" />
  </process>
</definitions>
"""
BUREAUS = {
    "list": "departments", "value": "code", "label": "name_zh", "label_en": "name_en",
    "where": {"class": "unit", "kind": "bureau"},
}  # fmt: skip
PICKS = {"type": "default", "id": "picks", "components": [field(BUREAUS)]}


def deploy(app, schema):
    files = {"picks.bpmn": DIAGRAM.encode(), "picks.json": json.dumps(schema).encode()}
    deployments.deploy(app, identities.operator(), files)


def admin(app):
    return identities.actor(app, "admin")


def start(app, unit):
    answer = cases.start(app, admin(app), process="picks", data={"unit": unit})
    return answer.body["id"]


def open_task(app, case_id):
    (task,) = views.case(app, admin(app), case_id)["tasks"]
    return task["id"].partition(".")[2]


def codes(schema):
    return [one["value"] for one in schema["components"][0]["values"]]


def refused(call):
    with pytest.raises(InvalidData) as refusal:
        call()
    return [(one["code"], one["key"]) for one in refusal.value.findings]


def test_start_form_task_form_and_submission_go_by_the_list_in_force(any_app):
    deploy(any_app, PICKS)
    bureaus = [
        row["code"]
        for row in city().reference(any_app.clock.now()).in_force("departments")
        if row["class"] == "unit" and row["kind"] == "bureau"
    ]
    assert len(bureaus) == 16

    assert codes(views.form(any_app, "picks")) == bureaus
    assert refused(lambda: start(any_app, "S09")) == [("not-in-list", "unit")]
    case_id = start(any_app, "D04")
    name = open_task(any_app, case_id)
    assert codes(views.task(any_app, admin(any_app), case_id, name)["schema"]) == bureaus

    def complete(unit):
        return cases.handle(
            any_app, admin(any_app), case_id, CompleteTask(name, None, {"unit": unit})
        )

    assert refused(lambda: complete("D99")) == [("not-in-list", "unit")]
    assert complete("D01").body["state"] == "completed"
    assert views.case(any_app, admin(any_app), case_id)["data"]["unit"] == "D01"


def test_a_unit_that_ends_is_offered_no_more_and_stays_where_it_was_chosen(any_app):
    deploy(any_app, PICKS)
    case_id = start(any_app, "D01")
    name = open_task(any_app, case_id)
    offered_before = codes(views.task(any_app, admin(any_app), case_id, name)["schema"])

    def end(rows):
        return [
            {**row, "effective_to": "2026-09-20"} if row["code"] == "D01" else row for row in rows
        ]

    any_app.clock.set(datetime(2026, 9, 21, 1, tzinfo=UTC))
    activated(any_app, departments=changed("departments", end))

    assert codes(views.task(any_app, admin(any_app), case_id, name)["schema"]) == [
        one for one in offered_before if one != "D01"
    ]
    assert refused(lambda: start(any_app, "D01")) == [("not-in-list", "unit")]
    document = views.task(any_app, admin(any_app), case_id, name)
    assert document["data"] == {"unit": "D01"}


LOOKS = DIAGRAM.replace(
    """targetRef="look" />
    <userTask""",
    """targetRef="reads" />
    <scriptTask id="reads" scriptFormat="python"><script>text = lookup('cancelled_items', code='QX-01')['item_zh']</script></scriptTask>
    <sequenceFlow id="three" sourceRef="reads" targetRef="look" />
    <userTask""",
)
CANCELLED = {"list": "cancelled_items", "value": "code", "label": "item_zh"}


def test_a_case_is_offered_the_version_of_a_list_that_it_keeps(any_app):
    schema = {"type": "default", "id": "picks", "components": [field(CANCELLED)]}
    files = {"picks.bpmn": LOOKS.encode(), "picks.json": json.dumps(schema).encode()}
    deployments.deploy(any_app, identities.operator(), files)
    case_id = start(any_app, "QX-02")
    name = open_task(any_app, case_id)
    kept = codes(views.form(any_app, "picks"))

    gone = changed("cancelled_items", lambda rows: [row for row in rows if row["code"] != "QX-03"])
    activated(any_app, cancelled_items=gone)

    assert codes(views.form(any_app, "picks")) == [one for one in kept if one != "QX-03"]
    assert refused(lambda: start(any_app, "QX-03")) == [("not-in-list", "unit")]
    assert codes(views.task(any_app, admin(any_app), case_id, name)["schema"]) == kept
    done = cases.handle(
        any_app, admin(any_app), case_id, CompleteTask(name, None, {"unit": "QX-03"})
    )
    assert done.body["state"] == "completed"


# -- on a page --------------------------------------------------------------------------------


def drawn(server, form, data=None, typed=None, language="zh"):
    with server.test_request_context(f"/?lang={language}"):
        (found,) = fields.draw(form, Sheet(data or {}, typed))
        return found.drawn, found.entries, found.suggestions


def test_a_page_calls_a_choice_as_the_list_of_today_does(app, visit):
    def named(words, day):
        return lambda rows: [
            {**row, "name_zh": words, "effective_from": day} if row["code"] == "D01" else row
            for row in rows
        ]

    deploy(app, PICKS)
    path = f"/cases/{start(app, 'D01')}"

    def shown():
        status, page = visit("admin", path)
        return status, texts(page, "dt"), texts(page, "dd")

    known = city().reference(app.clock.now()).lookup("departments", code="D01")["name_zh"]
    assert shown() == (200, ["单位"], [known])
    activated(app, departments=changed("departments", named("新区应急局", "2025-10-01")))
    assert shown() == (200, ["单位"], ["新区应急局"])
    later = named("来年应急局", "2027-01-01")
    activated(app, departments=changed("departments", later))
    assert shown() == (200, ["单位"], ["D01"])
    app.clock.set(datetime(2027, 1, 1, 1, tzinfo=UTC))
    assert shown() == (200, ["单位"], ["来年应急局"])


def many(count, kind):
    numbered = [{"n": f"N{number}", "name": f"第{number}号"} for number in range(count)]
    form = form_of(field({"list": "many", "value": "n", "label": "name"}, kind))
    return forms.filled(form, lambda _: numbered)


@pytest.mark.parametrize(
    ("kind", "count", "how"),
    [
        ("select", 200, "options"),
        ("select", 201, "typed"),
        ("radio", 30, "boxes"),
        ("radio", 31, "options"),
        ("radio", 201, "typed"),
        ("checklist", 30, "boxes"),
        ("checklist", 31, "typed"),
        ("taglist", 31, "typed"),
    ],
)
def test_a_long_list_is_typed_and_a_short_one_is_picked(app, kind, count, how):
    assert drawn(create_app(app), many(count, kind))[0] == how


def test_choices_of_the_form_itself_are_drawn_as_ever(app):
    values = [{"value": f"v{number}", "label": "项"} for number in range(300)]
    form = form_of({"type": "checklist", "key": "unit", "values": values})

    assert drawn(create_app(app), form)[0] == "boxes"


def test_what_stands_in_a_typed_field_is_its_name_and_its_code(app):
    server = create_app(app)

    assert drawn(server, many(300, "select"), {"unit": "N7"})[1] == ["第7号（N7）"]
    assert drawn(server, many(300, "taglist"), {"unit": ["N7", "gone"]})[1] == [
        "第7号（N7）", "gone", "", "", "",
    ]  # fmt: skip
    assert len(drawn(server, many(1_500, "select"))[2]) == 1_000


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("N7", "N7"),
        (" N7 ", "N7"),
        ("第7号（N7）", "N7"),
        ("第7号", "N7"),
        ("N1200", "N1200"),
        ("第7", "第7"),
        ("同名", "同名"),
    ],
)
def test_what_was_typed_is_read_as_code_as_suggested_or_by_its_only_name(app, text, meant):
    rows = [{"n": f"N{number}", "name": f"第{number}号"} for number in range(1_500)]
    rows += [{"n": "A", "name": "同名"}, {"n": "B", "name": "同名"}]
    form = form_of(field({"list": "many", "value": "n", "label": "name"}))
    with create_app(app).test_request_context("/"):
        offered = forms.filled(form, lambda _: rows)
        assert fields.collect(offered, MultiDict({"unit": text}), Sheet({})) == {"unit": meant}
