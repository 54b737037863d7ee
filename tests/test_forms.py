import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import forms
from engine.errors import InvalidData, InvalidForm


def a_form(*components, key="accept"):
    return forms.load({"type": "default", "id": key, "components": list(components)})


def codes_of(*components, **extra):
    document = {"type": "default", "id": "accept", "components": list(components), **extra}
    form, findings = forms.read(json.dumps(document).encode(), filename="accept.json")
    assert (form is None) == any(one.severity == "error" for one in findings)
    return [(one.code, one.element) for one in findings]


def faults_of(form, data, **options):
    with pytest.raises(InvalidData) as refusal:
        forms.validate(form, data, **options)
    for one in refusal.value.findings:
        assert one["message"]
        assert one["hint"]
    return [(one["code"], one["key"]) for one in refusal.value.findings]


TITLE = {"type": "textfield", "key": "title", "label": "标题", "validate": {"required": True}}
COUNT = {"type": "number", "key": "count", "validate": {"min": 1, "max": 9.5}, "decimalDigits": 1}
LEVEL = {
    "type": "select",
    "key": "level",
    "values": [{"value": "a", "label": "甲", "label_en": "First"}, {"value": 2, "label": "乙"}],
}


# -- reading ------------------------------------------------------------------


def test_a_form_keeps_the_order_of_its_components():
    form = a_form(TITLE, {"type": "separator"}, COUNT, LEVEL)

    assert [one.type for one in form.components] == ["textfield", "separator", "number", "select"]
    assert [one.key for one in form.fields()] == ["title", "count", "level"]


def test_free_text_and_files_are_personal_unless_they_say_otherwise():
    form = a_form(
        TITLE,
        COUNT,
        {"type": "textarea", "key": "text"},
        {"type": "textarea", "key": "summary", "personal": False},
        {"type": "filepicker", "key": "photos"},
        {"type": "select", "key": "sex", "values": [{"value": "f"}], "personal": True},
        {"type": "dynamiclist", "path": "people", "components": [TITLE]},
        {"type": "dynamiclist", "path": "counts", "components": [COUNT]},
    )

    assert form.personal == {"title", "text", "photos", "sex", "people"}


def test_a_readonly_field_is_readable_but_not_editable():
    form = a_form(TITLE, {**COUNT, "readonly": True}, {**LEVEL, "disabled": True})

    assert form.editable == {"title"}
    assert form.readable == {"title", "count", "level"}


def test_field_classes_default_to_working():
    form = a_form(TITLE, {**COUNT, "field_class": "reporter"})

    assert form.field_classes == {"title": "working", "count": "reporter"}


def test_fields_inside_a_group_belong_to_the_form():
    form = a_form({"type": "group", "label": "地点", "components": [TITLE, COUNT]})

    assert forms.validate(form, {"title": "灯", "count": 2}) == {"title": "灯", "count": 2}


def test_a_label_in_english_falls_back_to_the_chinese_one():
    form = a_form({**TITLE, "label_en": "Title"}, LEVEL)

    assert [one.label_en for one in form.fields()] == ["Title", "level"]
    assert [(c.value, c.label_en) for c in form.components[1].choices] == [
        ("a", "First"),
        (2, "乙"),
    ]


@pytest.mark.parametrize(
    ("component", "code"),
    [
        ({"type": "iframe", "id": "x"}, "form-component"),
        ({"type": "html", "id": "x"}, "form-component"),
        ({"type": "expression", "key": "x"}, "form-component"),
        ({"type": "group", "id": "x", "path": "p", "components": []}, "form-component"),
        ({"type": "textfield", "key": "a.b", "id": "x"}, "form-key"),
        ({"type": "textfield", "key": "case"}, "form-key"),
        ({"type": "textfield", "key": "$x"}, "form-key"),
        ({"type": "select", "key": "x"}, "form-values"),
        ({"type": "select", "key": "x", "values": []}, "form-values"),
        ({"type": "select", "key": "x", "values": [{"value": "a"}, {"value": "a"}]}, "form-values"),
        (
            {"type": "select", "key": "x", "valuesExpression": "=a", "values": [1]},
            "form-expression",
        ),
        ({"type": "number", "key": "x", "validate": {"min": "=a"}}, "form-bounds"),
        ({"type": "number", "key": "x", "decimalDigits": 1.5}, "form-bounds"),
        ({"type": "textfield", "key": "x", "validate": {"maxLength": 10**6}}, "form-bounds"),
        ({"type": "textfield", "key": "x", "validate": {"pattern": "(a)\\1"}}, "form-pattern"),
        ({"type": "textfield", "key": "x", "validate": {"pattern": "(?=a)"}}, "form-pattern"),
        ({"type": "textfield", "key": "x", "validate": {"required": "=a"}}, "form-expression"),
        ({"type": "textfield", "key": "x", "conditional": {"hide": "=f(a)"}}, "form-condition"),
        ({"type": "textfield", "key": "x", "defaultValue": "=a"}, "form-expression"),
        ({"type": "textfield", "key": "x", "field_class": "secret"}, "form-values"),
        ({"type": "datetime", "key": "x", "subtype": "week"}, "form-values"),
        ({"type": "dynamiclist", "path": "x", "components": []}, "form-component"),
        ({"key": "x"}, "form-shape"),
        ("x", "form-shape"),
    ],
)
def test_what_the_server_cannot_judge_is_an_error_when_the_form_is_read(component, code):
    assert codes_of(component)[0][0] == code


def test_two_components_that_write_one_key_are_named():
    assert codes_of(TITLE, {**COUNT, "key": "title"}) == [("form-duplicate-key", "title")]


def test_a_templated_label_is_a_warning():
    assert codes_of({**TITLE, "label": "=name"}) == [("form-expression", "title")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"components": 1}',
        b'{"components": []}',
        b"[" * 9999,
    ],
)
def test_a_file_that_is_no_form_is_one_finding(content):
    form, findings = forms.read(content, filename="x.json")

    assert (form, len(findings)) == (None, 1)


def test_a_form_that_is_too_large_is_refused_before_it_is_parsed():
    _, findings = forms.read(b"[" * 10**7, filename="x.json")

    assert [one.code for one in findings] == ["form-too-large"]


def test_a_stored_form_that_cannot_be_read_is_a_refusal():
    with pytest.raises(InvalidForm):
        forms.load({"type": "default", "id": "x", "components": 3})


# -- judging ------------------------------------------------------------------


def test_data_that_fit_come_back_in_the_order_of_the_form():
    form = a_form(TITLE, COUNT, LEVEL)

    clean = forms.validate(form, {"level": 2, "count": 3.0, "title": "灯\r\n坏"})

    assert json.dumps(clean, ensure_ascii=False) == '{"title": "灯\\n坏", "count": 3, "level": 2}'


def test_every_fault_is_told_at_once():
    form = a_form(TITLE, COUNT, LEVEL)

    faults = faults_of(form, {"count": 99, "level": "c", "extra": 1})

    assert faults == [
        ("unknown-key", "extra"),
        ("required", "title"),
        ("too-large", "count"),
        ("not-a-choice", "level"),
    ]


def test_a_draft_may_leave_out_what_is_required():
    form = a_form(TITLE, COUNT)

    assert forms.validate(form, {"count": 1}, partial=True) == {"count": 1}
    assert faults_of(form, {"count": 0}, partial=True) == [("too-small", "count")]


def test_a_readonly_field_is_refused_when_sent():
    assert faults_of(a_form({**TITLE, "readonly": True}), {"title": "x"}) == [("readonly", "title")]


def test_an_empty_answer_is_kept_where_none_is_required():
    form = a_form(COUNT, {"type": "textfield", "key": "note"}, {**LEVEL, "type": "checklist"})

    clean = forms.validate(form, {"count": "", "note": "", "level": []})

    assert clean == {"count": None, "note": "", "level": None}


@pytest.mark.parametrize("empty", ["", None, "   "])
def test_an_empty_text_is_no_answer_to_a_required_question(empty):
    assert faults_of(a_form(TITLE), {"title": empty}) == [("required", "title")]


@pytest.mark.parametrize(
    ("component", "value", "code"),
    [
        ({"type": "textfield"}, 5, "wrong-type"),
        ({"type": "textfield"}, ["x"], "wrong-type"),
        ({"type": "textfield"}, "x" * 1001, "too-long"),
        ({"type": "textarea"}, "x" * 10001, "too-long"),
        ({"type": "textfield", "validate": {"minLength": 3}}, "ab", "too-short"),
        ({"type": "textfield", "validate": {"pattern": "^[0-9]+$"}}, "12a", "pattern"),
        ({"type": "textfield", "validate": {"pattern": "^\\d{2}$"}}, "٣٣", "pattern"),
        ({"type": "textfield", "validate": {"validationType": "email"}}, "nobody", "pattern"),
        ({"type": "textfield", "validate": {"validationType": "phone"}}, "phone", "pattern"),
        ({"type": "number"}, "5", "wrong-type"),
        ({"type": "number"}, True, "wrong-type"),
        ({"type": "number", "decimalDigits": 0}, 1.5, "too-precise"),
        ({"type": "number", "decimalDigits": 2}, 0.001, "too-precise"),
        ({"type": "number", "serializeToString": True}, "1e5", "wrong-type"),
        ({"type": "number", "serializeToString": True}, "٣", "wrong-type"),
        ({"type": "checkbox"}, "true", "wrong-type"),
        ({"type": "checkbox"}, 1, "wrong-type"),
        ({"type": "checkbox", "validate": {"required": True}}, False, "required"),
        ({"type": "radio", "values": [1]}, True, "not-a-choice"),
        ({"type": "radio", "values": ["a"]}, ["a"], "not-a-choice"),
        ({"type": "select", "values": ["a"]}, {"a": 1}, "not-a-choice"),
        ({"type": "checklist", "values": ["a", "b"]}, "a", "wrong-type"),
        ({"type": "checklist", "values": ["a", "b"]}, ["a", "a"], "twice"),
        ({"type": "taglist", "values": ["a", "b"]}, ["c"], "not-a-choice"),
        ({"type": "taglist", "values": ["a", "b"]}, ["a"] * 10**5, "twice"),
        ({"type": "datetime"}, "2026-02-30", "not-a-date"),
        ({"type": "datetime"}, "20260918", "not-a-date"),
        ({"type": "datetime"}, "2026-W38-5", "not-a-date"),
        ({"type": "datetime", "subtype": "time"}, "24:01", "not-a-time"),
        ({"type": "datetime", "subtype": "datetime"}, "2026-09-18", "not-a-moment"),
        ({"type": "datetime", "subtype": "datetime"}, "2026-09-18T09:00", "offset"),
        ({"type": "datetime", "subtype": "datetime"}, 5, "wrong-type"),
        ({"type": "filepicker"}, ["a", "b"], "too-many"),
        ({"type": "filepicker", "multiple": True}, ["a", "a"], "too-many"),
        ({"type": "filepicker"}, ["../etc"], "wrong-type"),
        ({"type": "filepicker"}, {"id": "a"}, "wrong-type"),
        ({"type": "dynamiclist", "components": [COUNT]}, "x", "wrong-type"),
        ({"type": "dynamiclist", "components": [COUNT]}, [{}] * 101, "wrong-type"),
    ],
)
def test_a_value_that_does_not_fit_its_field_is_named(component, value, code):
    form = a_form({"key": "x", **component})

    assert faults_of(form, {"x": value}) == [(code, "x")]


@pytest.mark.parametrize(
    ("component", "value", "kept"),
    [
        ({"type": "number", "decimalDigits": 2}, 1.25, 1.25),
        ({"type": "number"}, 4.0, 4),
        ({"type": "number", "serializeToString": True}, "12.50", "12.50"),
        ({"type": "number", "serializeToString": True}, 3, "3"),
        ({"type": "checkbox"}, False, False),
        ({"type": "checkbox", "validate": {"required": True}}, True, True),
        ({"type": "datetime"}, "2026-02-28", "2026-02-28"),
        ({"type": "datetime", "subtype": "time"}, "09:30", "09:30"),
        (
            {"type": "datetime", "subtype": "datetime"},
            "2026-09-18T09:00+08:00",
            "2026-09-18T09:00+08:00",
        ),
        (
            {"type": "datetime", "subtype": "datetime", "timeSerializingFormat": "no_timezone"},
            "2026-09-18T09:00",
            "2026-09-18T09:00",
        ),
        ({"type": "filepicker"}, "f1", ["f1"]),
        ({"type": "textfield", "validate": {"pattern": "o"}}, "xox", "xox"),
        ({"type": "textfield", "validate": {"maxLength": 2}}, "汉字", "汉字"),
    ],
)
def test_a_value_that_fits_is_kept_in_its_canonical_shape(component, value, kept):
    form = a_form({"key": "x", **component})

    assert repr(forms.validate(form, {"x": value})) == repr({"x": kept})


def test_a_pattern_that_backtracks_for_ever_elsewhere_takes_no_time():
    form = a_form({"type": "textarea", "key": "x", "validate": {"pattern": "^(a+)+$"}})
    before = time.process_time()

    assert faults_of(form, {"x": "a" * 9999 + "b"}) == [("pattern", "x")]
    assert time.process_time() - before < 0.5


def test_choices_may_come_from_a_datum():
    form = a_form({"type": "select", "key": "lead", "valuesKey": "offers"})
    known = {"offers": [{"value": "D1", "label": "城管"}, "D2"]}

    assert forms.validate(form, {"lead": "D2"}, known=known) == {"lead": "D2"}
    assert faults_of(form, {"lead": "D3"}, known=known) == [("not-a-choice", "lead")]
    assert faults_of(form, {"lead": "D2"}) == [("not-a-choice", "lead")]


def test_the_rows_of_a_list_are_judged_one_by_one():
    form = a_form({"type": "dynamiclist", "path": "people", "components": [TITLE, COUNT]})

    rows = [{"title": "甲", "count": 1}, {"title": "乙"}]
    assert forms.validate(form, {"people": rows}) == {"people": rows}
    assert faults_of(form, {"people": [{"title": "x"}, {"count": 99, "y": 1}, 3]}) == [
        ("unknown-key", "people[1].y"),
        ("required", "people[1].title"),
        ("too-large", "people[1].count"),
        ("wrong-type", "people[2]"),
    ]


# -- conditions -----------------------------------------------------------------


REASON = {
    "type": "textarea",
    "key": "reason",
    "validate": {"required": True},
    "conditional": {"hide": '=outcome != "refuse"'},
}


def test_a_hidden_field_is_neither_required_nor_accepted():
    form = a_form(REASON)

    assert forms.validate(form, {}, known={"outcome": "accept"}) == {}
    assert forms.validate(form, {"reason": ""}, known={"outcome": "accept"}) == {}
    assert faults_of(form, {"reason": "x"}, known={"outcome": "accept"}) == [("hidden", "reason")]
    assert faults_of(form, {}, known={"outcome": "refuse"}) == [("required", "reason")]
    assert forms.validate(form, {"reason": "x"}, known={"outcome": "refuse"}) == {"reason": "x"}


def test_a_hidden_group_hides_what_is_in_it():
    group = {"type": "group", "components": [TITLE], "conditional": {"hide": "=count > 5"}}
    form = a_form(COUNT, group)

    assert forms.validate(form, {"count": 6}) == {"count": 6}
    assert faults_of(form, {"count": 5}) == [("required", "title")]
    assert forms.hidden(form, {"count": 6}) == {"title"}


@pytest.mark.parametrize(
    ("text", "names", "holds"),
    [
        ('=a = "x"', {"a": "x"}, True),
        ('a = "x"', {}, False),
        ("=a != null", {}, False),
        ("=a = null", {}, True),
        ("=a = true", {"a": 1}, False),
        ("=a = 1", {"a": True}, False),
        ("=a >= 2 and b = false", {"a": 2, "b": False}, True),
        ("=a >= 2 or b = false", {"a": 1, "b": False}, True),
        ("=a < 2", {"a": "1"}, False),
        ("=a < 2", {"a": [1]}, False),
    ],
)
def test_conditions_compare_strictly(text, names, holds):
    form = a_form({"type": "textfield", "key": "x", "conditional": {"hide": text}})

    assert (forms.hidden(form, names) == {"x"}) == holds


@pytest.mark.parametrize(
    "text",
    ["=a", '="x" = a', "=a = b", "=a = 1 and b = 2 or c = 3", '=a = "', "=a = 1 x", "=" * 501],
)
def test_a_condition_that_is_more_than_comparisons_is_refused(text):
    component = {"type": "textfield", "key": "x", "conditional": {"hide": text}}

    assert codes_of(component) == [("form-condition", "x")]


# -- any data -------------------------------------------------------------------


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("nan"), "not-finite"),
        (float("inf"), "not-finite"),
        (2**63, "too-big"),
        (-(2**63), "too-big"),
        ("a\0", "null-byte"),
        ("\ud800", "lone-surrogate"),
        ({"$sealed": "x"}, "bad-name"),
        ({"": 1}, "bad-name"),
        ({"\ud800": 1}, "bad-name"),
        ({"a\0": 1}, "bad-name"),
        ({"x" * 201: 1}, "bad-name"),
        (nested(64), "too-deep"),
        (b"bytes", "not-json"),
    ],
)
def test_values_that_cannot_be_stored_are_refused_with_and_without_a_form(value, code):
    with pytest.raises(InvalidData) as free:
        forms.validate_free({"x": value})

    assert free.value.findings[0]["code"] == code
    assert faults_of(a_form(TITLE), {"title": value})[0][0] == code


def test_values_at_the_limits_are_kept():
    data = {"a": 2**63 - 1, "b": nested(63), "c": "𝄞", "d": 1e308, "e": "x" * 10**5}

    assert forms.validate_free(data) == data


def test_a_task_without_a_form_may_name_the_keys_it_writes():
    assert forms.validate_free({"lead": "D1"}, writes=["lead"]) == {"lead": "D1"}
    with pytest.raises(InvalidData) as refusal:
        forms.validate_free({"lead": "D1", "x": 1}, writes=["lead"])
    assert [one["key"] for one in refusal.value.findings] == ["x"]


def test_the_number_of_findings_is_bounded():
    with pytest.raises(InvalidData) as refusal:
        forms.validate_free({f"k{n}": float("nan") for n in range(499)})

    assert len(refusal.value.findings) == 50


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text() | st.sampled_from(["title", "count", "level", "rows"]), JSON))
def test_whatever_is_sent_is_either_refused_or_becomes_plain_json(data):
    rows = {"type": "dynamiclist", "path": "rows", "components": [TITLE, LEVEL]}
    form = a_form(TITLE, COUNT, LEVEL, rows)

    try:
        clean = forms.validate(form, data)
    except InvalidData:
        return

    assert json.loads(json.dumps(clean, allow_nan=False)) == clean
    # What was accepted once is accepted again, unchanged.
    assert forms.validate(form, clean) == clean
