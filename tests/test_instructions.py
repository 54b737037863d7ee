"""Instructions of a task: what is filled in, what is escaped, what is refused."""

from __future__ import annotations

import pytest

from api.web import markdown
from engine import instructions
from engine.instructions import BadInstructionsError


def filled(text, **data):
    return instructions.read(text).fill(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lamp {{ lamp }}.", "Lamp L7."),
        ("{{ place.street }} {{ place['no'] }}", "East 4"),
        ("{{ parts[1] }}", "bulb"),
        ("{{ nothing }}|{{ nothing.more }}|{{ parts[9] }}", "||"),
        ("{{ nothing | default('N/A') }}", "N/A".replace("/", "/")),
        ("{{ parts | join('; ') }}", "pole; bulb"),
        ("{{ parts | length }}", "2"),
        ("{{ lamp | lower | upper }}", "L7"),
        ("{{ cost | round(1) }}", r"3\.1"),
        ("{% if cost > 3 %}dear{% elif cost %}cheap{% else %}free{% endif %}", "dear"),
        ("{% if not nothing and lamp == 'L7' %}yes{% endif %}", "yes"),
        ("{{ 'a' if nothing else 'b' }}", "b"),
        ("{% if nothing is defined %}x{% else %}y{% endif %}", "y"),
        ("{% for one in parts %}{{ loop.index }}{{ one }} {% endfor %}", "1pole 2bulb"),
        ("{% for k, v in place.items() %}{{ k }}={{ v }};{% endfor %}", "street=East;no=4;"),
        ("{% for one in nothing %}x{% else %}none{% endfor %}", "none"),
        ("{{ parts }}", "pole, bulb"),
        ("{{ 'a' < 3 }}", ""),
    ],
)
def test_data_stand_in_their_places(text, expected):
    data = {
        "lamp": "L7",
        "place": {"street": "East", "no": 4},
        "parts": ["pole", "bulb"],
        "cost": 3.14,
    }

    assert filled(text, **data) == expected


def test_the_names_are_those_of_data_and_not_of_loops():
    read = instructions.read("{{ a.b }}{% for c in d %}{{ c }}{{ loop.index }}{{ e }}{% endfor %}")

    assert read.names == {"a", "d", "e"}


@pytest.mark.parametrize(
    "text",
    [
        "{% set a = 1 %}",
        "{% include 'x' %}",
        "{% macro a() %}{% endmacro %}",
        "{{ range(10) }}",
        "{{ a.b() }}",
        "{{ ''.__class__ }}",
        "{{ a | safe }}",
        "{{ a | attr('b') }}",
        "{{ a + b }}",
        "{{ a ~ b }}",
        "{% for a in b if a %}{% endfor %}",
        "{{ a is divisibleby(3) }}",
        "{{ a",
        "{% if a %}",
        "x" * 30_000,
        "{{ " + "(" * 500 + "a" + ")" * 500 + " }}",
    ],
)
def test_what_goes_beyond_is_refused(text):
    with pytest.raises(BadInstructionsError):
        instructions.read(text)


def test_a_refusal_names_the_line():
    with pytest.raises(BadInstructionsError) as refusal:
        instructions.read("One\n\n{{ a | safe }}")

    assert refusal.value.line == 3
    assert refusal.value.message == "The filter 'safe' is not understood here."


def test_a_text_that_would_never_end_is_cut_off():
    text = "{% for a in b %}{% for a in b %}{% for a in b %}x{% endfor %}{% endfor %}{% endfor %}"

    assert filled(text, b=list(range(100)))[-1] == "…"
    assert (
        len(filled("{% for a in b %}" + "y" * 1000 + "{% endfor %}", b=list(range(900)))) < 50_010
    )


def test_what_the_reader_may_not_see_is_blackened():
    value = {"$withheld": True, "commitment": "ab"}

    assert filled("{{ name }} {{ list }}", name=value, list=[value]) == "█ █"


@pytest.mark.parametrize(
    "value",
    ["# big", "**bold**", "[a](javascript:alert(1))", "<script>", "a | b", "`x`", "- x\n- y"],
)
def test_data_are_never_markup(value):
    page = markdown.html(filled("Said: {{ a }}", a=value))

    assert page == f"<p>Said: {markdown.Markup.escape(' '.join(value.split()))}</p>\n"


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("## Lamp\n\nLook *twice*.", "<h2>Lamp</h2>\n<p>Look <em>twice</em>.</p>\n"),
        ("<b onclick=x>a</b>", "<p>&lt;b onclick=x&gt;a&lt;/b&gt;</p>\n"),
        ("<script>a</script>", "<p>&lt;script&gt;a&lt;/script&gt;</p>\n"),
        ("[a](javascript:b)", "<p>[a](javascript:b)</p>\n"),
        ("![a](https://b.cn/c.png)", '<p>!<a href="https://b.cn/c.png">a</a></p>\n'),
        ("[a](https://b.cn)", '<p><a href="https://b.cn">a</a></p>\n'),
    ],
)
def test_markdown_is_shown_and_html_is_not(text, page):
    assert markdown.html(text) == page
