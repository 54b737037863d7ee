"""JSON-schema forms as spiff-arena writes them: what they ask, and what they accept."""

from __future__ import annotations

import json

import pytest

from engine import forms
from engine.errors import InvalidData
from engine.forms import File


def read(properties, ui=None, **root):
    document = {"type": "object", "properties": properties, **root}
    schema = File("forms/ask-schema.json", json.dumps(document).encode())
    drawn = None if ui is None else File("ask-uischema.json", json.dumps(ui).encode())
    return forms.read_schema(schema, drawn)


def form_of(properties, ui=None, **root):
    form, findings = read(properties, ui, **root)
    assert [one for one in findings if one.severity == "error"] == []
    return form


def codes_of(properties, ui=None, **root):
    form, findings = read(properties, ui, **root)
    assert (form is None) == any(one.severity == "error" for one in findings)
    return [(one.code, one.severity, one.element) for one in findings]


def only(schema, ui=None):
    """The one component of a form with the field x."""
    return form_of({"x": schema}, None if ui is None else {"x": ui}).components[0]


def faults_of(form, data):
    with pytest.raises(InvalidData) as refusal:
        forms.validate(form, data)
    return [(one["code"], one["key"]) for one in refusal.value.findings]


# -- what is asked ---------------------------------------------------------------


def test_a_schema_is_named_by_its_file():
    assert form_of({}).key == "ask-schema"


@pytest.mark.parametrize(
    ("schema", "ui", "kind"),
    [
        ({"type": "string"}, None, "textfield"),
        ({"type": "string"}, {"ui:widget": "textarea"}, "textarea"),
        ({"type": "string"}, {"ui:options": {"widget": "textarea"}}, "textarea"),
        ({"type": "string"}, {"ui:widget": "markdown"}, "textarea"),
        ({"type": ["string", "null"]}, None, "textfield"),
        ({"type": "string", "format": "date"}, None, "datetime"),
        ({"type": "string", "format": "data-url"}, None, "filepicker"),
        ({"type": "string", "enum": ["a"]}, None, "select"),
        ({"enum": ["a"]}, {"ui:widget": "radio"}, "radio"),
        ({"type": "number"}, {"ui:widget": "updown"}, "number"),
        ({"type": "integer", "enum": [1, 2]}, None, "select"),
        ({"type": "boolean"}, None, "checkbox"),
        ({"type": "boolean"}, {"ui:widget": "radio"}, "radio"),
        ({"type": "array", "items": {"type": "string", "enum": ["a"]}}, None, "taglist"),
        (
            {"type": "array", "uniqueItems": True, "items": {"enum": ["a"]}},
            {"ui:widget": "checkboxes"},
            "checklist",
        ),
        ({"type": "array", "items": {"type": "string"}}, None, "lines"),
        ({"type": "array", "items": {"type": "string", "format": "data-url"}}, None, "filepicker"),
        (
            {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "number"}}}},
            None,
            "dynamiclist",
        ),
        ({"type": "object", "properties": {"a": {"type": "number"}}}, None, "object"),
    ],
)
def test_each_type_has_its_component(schema, ui, kind):
    assert only(schema, ui).type == kind


@pytest.mark.parametrize(
    ("schema", "subtype"),
    [("date", "date"), ("date-time", "datetime"), ("time", "time")],
)
def test_formats_of_time_are_asked_with_a_picker(schema, subtype):
    assert only({"type": "string", "format": schema}).subtype == subtype


def test_title_help_and_placeholder_are_words_of_the_field():
    one = only(
        {"type": "string", "title": "Name", "title_en": "In English", "description": "Yours."},
        {"ui:title": "Full name", "ui:help": "As in the passport.", "ui:placeholder": "Li Na"},
    )

    assert (one.label, one.label_en, one.description, one.placeholder) == (
        "Full name",
        "In English",
        "Yours. As in the passport.",
        "Li Na",
    )


def test_title_and_description_of_the_schema_stand_above_the_fields():
    form = form_of({"x": {"type": "number"}}, title="Lamp", description="What is broken?")

    assert [(one.type, one.description) for one in form.components] == [
        ("text", "Lamp"),
        ("text", "What is broken?"),
        ("number", ""),
    ]


def test_the_order_is_that_of_the_ui_schema():
    fields = {name: {"type": "number"} for name in "abcd"}

    form = form_of(fields, {"ui:order": ["c", "*", "a"]})

    assert [one.key for one in form.fields()] == ["c", "b", "d", "a"]


def test_choices_have_the_labels_of_enum_names_and_of_alternatives():
    named = only({"type": "string", "enum": ["a", "b"], "enumNames": ["Alpha", "Beta"]})
    listed = only({"oneOf": [{"const": 1, "title": "One"}, {"enum": [2], "title": "Two"}]})

    assert [(one.value, one.label) for one in named.choices] == [("a", "Alpha"), ("b", "Beta")]
    assert [(one.value, one.label) for one in listed.choices] == [(1, "One"), (2, "Two")]


@pytest.mark.parametrize("word", ["anyOf", "oneOf", "enum"])
def test_choices_may_come_from_a_datum(word):
    form = form_of({"x": {"type": "string", word: ["options_from_task_data_var:fruits"]}})
    known = {"fruits": [{"value": "fig", "label": "Fig"}]}

    assert form.readable == {"x", "fruits"}
    assert forms.validate(form, {"x": "fig"}, known=known) == {"x": "fig"}
    assert faults_of(form, {"x": "fig"}) == [("not-a-choice", "x")]


def test_texts_stand_open_unless_the_schema_seals_them():
    fields = {
        "a": {"type": "string"},
        "b": {"type": "string", "personal": True},
        "c": {"type": "string", "personal": False},
        "d": {"type": "array", "items": {"type": "string"}},
        "e": {"type": "object", "properties": {"f": {"type": "string", "personal": True}}},
    }

    form, findings = read(fields)

    assert form.personal == {"b", "e"}
    assert [(one.code, one.severity) for one in findings] == [("form-open-text", "warning")]
    assert "history: a, d." in findings[0].message


def test_a_readonly_field_is_shown_and_not_accepted():
    form = form_of(
        {
            "a": {"type": "number", "readOnly": True},
            "b": {"type": "number"},
            "c": {"type": "number"},
        },
        {"b": {"ui:readonly": True}, "c": {"ui:options": {"disabled": True}}},
    )

    assert form.editable == frozenset()
    assert form.readable == {"a", "b", "c"}


def test_references_within_the_file_are_followed():
    place = {"type": "object", "properties": {"street": {"type": "string", "personal": False}}}

    form = form_of(
        {"home": {"$ref": "#/definitions/place", "title": "Home"}}, definitions={"place": place}
    )

    assert form.components[0].label == "Home"
    assert forms.validate(form, {"home": {"street": "East"}}) == {"home": {"street": "East"}}


# -- what is accepted ------------------------------------------------------------


def test_objects_are_judged_field_by_field():
    inner = {"street": {"type": "string"}, "number": {"type": "integer"}}
    form = form_of({"home": {"type": "object", "properties": inner, "required": ["street"]}})

    assert forms.validate(form, {}) == {}
    assert forms.validate(form, {"home": {"street": "East", "number": 3.0}}) == {
        "home": {"street": "East", "number": 3}
    }
    assert faults_of(form, {"home": {"number": 1.5, "door": 1}}) == [
        ("unknown-key", "home.door"),
        ("required", "home.street"),
        ("too-precise", "home.number"),
    ]
    assert faults_of(form, {"home": "East"}) == [("wrong-type", "home")]


def test_rows_of_a_list_are_judged_and_counted():
    rows = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}
    form = form_of({"rows": {"type": "array", "items": rows, "minItems": 1, "maxItems": 2}})

    assert forms.validate(form, {"rows": [{"n": 1}]}) == {"rows": [{"n": 1}]}
    assert faults_of(form, {"rows": [{}]}) == [("required", "rows[0].n")]
    assert faults_of(form, {"rows": [{"n": 1}] * 3}) == [("too-many", "rows")]


def test_lists_of_texts_are_judged_entry_by_entry():
    texts = {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]"}, "maxItems": 2}
    form = form_of({"names": texts, "few": {**texts, "minItems": 2}})

    assert forms.validate(form, {"names": ["Li", "Wu"]}) == {"names": ["Li", "Wu"]}
    assert faults_of(form, {"names": ["li"]}) == [("pattern", "names")]
    assert faults_of(form, {"names": ["A", "B", "C"], "few": ["A"]}) == [
        ("too-many", "names"),
        ("too-few", "few"),
    ]
    assert faults_of(form, {"names": "Li"}) == [("wrong-type", "names")]


@pytest.mark.parametrize(
    ("schema", "good", "bad", "code"),
    [
        ({"type": "integer"}, 3, 3.5, "too-precise"),
        ({"type": "number", "minimum": 1}, 1, 0.9, "too-small"),
        ({"type": "number", "exclusiveMinimum": 1}, 1.1, 1, "not-above"),
        ({"type": "number", "exclusiveMaximum": 1}, 0.9, 1, "not-below"),
        ({"type": "number", "multipleOf": 0.05}, 0.15, 0.16, "not-a-step"),
        ({"type": "string", "minLength": 2}, "ab", "a", "too-short"),
        ({"type": "string", "maxLength": 2}, "ab", "abc", "too-long"),
        ({"type": "string", "pattern": r"^\d+$"}, "12", "a", "pattern"),
        ({"type": "string", "format": "email"}, "a@b.cn", "a", "pattern"),
        ({"type": "string", "format": "uri"}, "https://b.cn", "b", "pattern"),
        ({"type": "string", "format": "date"}, "2026-09-18", "18.9.2026", "not-a-date"),
        ({"type": "string", "const": "yes"}, "yes", "no", "not-a-choice"),
        ({"type": "boolean"}, True, "yes", "wrong-type"),
    ],
)
def test_the_rules_of_json_schema_are_judged_by_the_server(schema, good, bad, code):
    form = form_of({"x": schema})

    assert forms.validate(form, {"x": good}) == {"x": good}
    assert faults_of(form, {"x": bad}) == [(code, "x")]


def test_a_moment_of_a_browser_is_kept():
    form = form_of({"x": {"type": "string", "format": "date-time"}})

    assert forms.validate(form, {"x": "2026-09-18T01:30:00.000Z"})["x"][:10] == "2026-09-18"


def test_yes_and_no_may_be_asked_with_buttons():
    form = form_of(
        {"x": {"type": "boolean", "enumNames": ["Ja", "Nein"]}}, {"x": {"ui:widget": "radio"}}
    )

    assert [(one.value, one.label) for one in form.components[0].choices] == [
        (True, "Ja"),
        (False, "Nein"),
    ]
    assert forms.validate(form, {"x": False}) == {"x": False}
    assert faults_of(form, {"x": 1}) == [("not-a-choice", "x")]


def test_a_box_that_must_be_ticked_is_no_answer_unticked():
    form = form_of({"x": {"type": "boolean"}}, required=["x"])

    assert faults_of(form, {"x": False}) == [("required", "x")]


def test_a_default_is_the_answer_where_none_is_sent_and_none_is_known():
    inner = {"b": {"type": "string", "default": "x", "personal": False}}
    form = form_of(
        {
            "a": {"type": "boolean", "default": False},
            "o": {"type": "object", "properties": inner},
        }
    )

    assert forms.validate(form, {}) == {"a": False}
    assert forms.validate(form, {"a": True, "o": {}}) == {"a": True, "o": {"b": "x"}}
    assert forms.validate(form, {}, known={"a": True}) == {}
    assert forms.validate(form, {}, partial=True) == {}


# -- what is refused -------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "ui", "code"),
    [
        ({"type": "null"}, None, "form-keyword"),
        ({}, None, "form-keyword"),
        ({"type": "string", "minimumDate": "today"}, None, "form-keyword"),
        ({"type": "string", "maximumDate": "field:a"}, None, "form-keyword"),
        ({"type": "string", "if": {}}, None, "form-keyword"),
        ({"type": "string", "spell": 1}, None, "form-keyword"),
        ({"type": "string", "oneOf": [{"type": "string"}]}, None, "form-keyword"),
        ({"type": "array", "items": {"type": "number"}}, None, "form-keyword"),
        ({"type": "array"}, None, "form-keyword"),
        ({"type": "array", "items": ["options_from_task_data_var:x"]}, None, "form-keyword"),
        ({"$ref": "#/definitions/none"}, None, "form-keyword"),
        ({"$ref": "other.json"}, None, "form-keyword"),
        ({"type": "object"}, None, "form-shape"),
        ("string", None, "form-shape"),
        ({"type": "string", "title": 3}, None, "form-shape"),
        ({"type": "string", "enum": []}, None, "form-values"),
        ({"type": "string", "enum": ["a", "a"]}, None, "form-values"),
        ({"type": "string", "enum": [None]}, None, "form-values"),
        ({"type": "number", "field_class": "secret"}, None, "form-values"),
        ({"type": "number", "default": "1"}, None, "form-values"),
        ({"type": "number", "minimum": "1"}, None, "form-bounds"),
        ({"type": "number", "multipleOf": 0}, None, "form-bounds"),
        ({"type": "string", "minLength": 1.5, "personal": False}, None, "form-bounds"),
        ({"type": "string", "minLength": 3, "maxLength": 2, "personal": False}, None, "form-bounds"),
        ({"type": "string", "pattern": "(?=a)", "personal": False}, None, "form-pattern"),
        ({"type": "string"}, {"ui:widget": "hidden"}, "form-ui"),
        ({"type": "string"}, {"ui:widget": "password"}, "form-ui"),
        ({"type": "string"}, {"ui:widget": "typeahead"}, "form-ui"),
        ({"type": "number"}, {"ui:field": "numeric-range"}, "form-ui"),
        ({"type": "number"}, 3, "form-shape"),
    ],
)  # fmt: skip
def test_what_the_server_cannot_judge_is_refused_by_name(schema, ui, code):
    found = codes_of({"x": schema}, None if ui is None else {"x": ui})

    assert [one for one in found if one[1] == "error"] == [(code, "error", "x")]


@pytest.mark.parametrize(
    ("root", "code"),
    [
        ({"allOf": []}, "form-keyword"),
        ({"dependencies": {}}, "form-keyword"),
        ({"type": "array"}, "form-shape"),
        ({"required": "x"}, "form-shape"),
        ({"required": ["y"]}, "form-ui"),
    ],
)
def test_rules_about_the_whole_form_are_refused_by_name(root, code):
    assert [one[0] for one in codes_of({"x": {"type": "number"}}, **root)] == [code]


@pytest.mark.parametrize("name", ["a-b", "case", "$x", "", "名称"])
def test_a_property_has_the_name_of_a_datum(name):
    assert [one[0] for one in codes_of({name: {"type": "number"}})] == ["form-key"]


@pytest.mark.parametrize(
    ("ui", "code"),
    [
        ({"y": {"ui:widget": "textarea"}}, "form-ui"),
        ({"ui:order": ["y"]}, "form-ui"),
        ({"ui:order": "x"}, "form-ui"),
    ],
)
def test_a_ui_schema_that_does_not_fit_is_refused(ui, code):
    assert [one[0] for one in codes_of({"x": {"type": "number"}}, ui)] == [code]


def test_what_changes_only_looks_is_told_once():
    found = codes_of(
        {"x": {"type": "number"}, "y": {"type": "number"}},
        {
            "ui:layout": [],
            "x": {"ui:autofocus": True, "ui:options": {"rows": 3}},
            "y": {"ui:autofocus": True},
        },
    )

    assert found == [("form-looks", "warning", None)]


def test_a_widget_that_is_not_known_is_told_and_drawn_plainly():
    form, findings = read(
        {"x": {"type": "string", "personal": False}}, {"x": {"ui:widget": "date-range"}}
    )

    assert form.components[0].type == "textfield"
    assert [(one.code, one.severity) for one in findings] == [("form-ui", "warning")]


@pytest.mark.parametrize("text", ['{"title": "{{ name }}"}', '{"a": "{% if b %}"}'])
def test_a_schema_that_is_a_template_is_refused(text):
    form, findings = forms.read_schema(File("a.json", text.encode()))

    assert form is None
    assert [one.code for one in findings] == ["form-template"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"[", "form-not-json"),
        (b"[" * 100_000, "form-not-json"),
        (b"[]", "form-shape"),
        (b'{"properties": {"x": {"type": "number", "maximum": NaN}}}', "form-shape"),
        (b'{"properties": {"x": "\\ud800"}}', "form-shape"),
        (b" " * 300_000, "form-too-large"),
    ],
)
def test_hostile_bytes_are_findings(content, code):
    form, findings = forms.read_schema(File("a.json", content))

    assert form is None
    assert [one.code for one in findings] == [code]


def test_a_schema_that_nests_without_end_is_refused():
    schema = {"$ref": "#/definitions/a"}
    inner = {"type": "object", "properties": {"x": schema}}

    assert ("form-too-large", "error", "x.x.x.x.x") in codes_of(
        {"x": schema}, definitions={"a": inner}
    )
    assert codes_of({"x": schema}, definitions={"a": schema}) == [("form-keyword", "error", "x")]
