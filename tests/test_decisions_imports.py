"""DMN files that import each other, beyond what one row of the table of DMN can show."""

import pytest

from engine import decisions
from tests.dmn import NAMESPACES, a_file

PERSON = """
input name : string
decision greeting : string < name
feel: "hello " + name
"""


def an_import(name, namespace, version="1.5"):
    kind = NAMESPACES[version]
    return f'<import name="{name}" namespace="{namespace}" importType="{kind}"/>'


def value_of(files, asked, data, main="main"):
    models, _ = decisions.read_files(files)
    return decisions.evaluate(models[main].asked(asked), data, strict=False).value


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ({"one": {"person": {"name": "a"}}, "two": {"person": {"name": "b"}}}, "hello a, hello b"),
        ({"name": "c"}, "hello c, hello c"),
        ({"one": {"person": {"name": "a"}}, "name": "c"}, "hello a, hello c"),
        ({}, None),
    ],
)
def test_two_imports_that_lead_to_one_file_have_data_of_their_own(data, value):
    middle = "decision it < person#greeting\nfeel: person.greeting"
    files = {
        "person": a_file(PERSON, namespace="person"),
        "first": a_file(middle, namespace="first", imports=an_import("person", "person")),
        "second": a_file(middle, namespace="second", imports=an_import("person", "person")),
        "main": a_file(
            'decision both < first#it, second#it\nfeel: one.it + ", " + two.it',
            imports=an_import("one", "first") + an_import("two", "second"),
        ),
    }

    assert value_of(files, "both", data) == value


def test_an_import_without_a_name_brings_names_as_they_are():
    files = {
        "person": a_file(PERSON, namespace="person"),
        "main": a_file('decision d < person#greeting\nfeel: greeting + "!"',
                       imports=an_import("", "person")),
    }  # fmt: skip

    assert value_of(files, "d", {"name": "a"}) == "hello a!"


@pytest.mark.parametrize(("given", "value"), [("a", ["a", "a"]), ("b", [None, None])])
def test_types_of_an_import_may_be_named_by_a_prefix_as_dmn_1_1_does(given, value):
    level = (
        '<itemDefinition name="tLevel"><typeRef>string</typeRef><allowedValues><text>"a"</text>'
        "</allowedValues></itemDefinition>"
    )
    main = a_file(
        '<itemDefinition name="tMine"><typeRef>q:tLevel</typeRef></itemDefinition>\n'
        "input one : q:tLevel\ninput two : tMine\ndecision d < one, two\nfeel: [one, two]",
        version="1.1",
        imports=an_import("it", "levels", "1.1"),
    )
    files = {
        "levels": a_file(f"{level}\ndecision none\nfeel: 1", version="1.1", namespace="levels"),
        "main": main.replace(b"<definitions ", b'<definitions xmlns:q="levels" '),
    }

    assert value_of(files, "d", {"one": given, "two": given}) == value
