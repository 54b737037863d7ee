"""The data of a case, folded and open: both are the same data."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from engine.sheets import LINES, Folded, Sheets

_SCOPES = st.sampled_from(["", "p.t.1", "p.t.1.0", 'p."t":'])
_VALUES = st.dictionaries(
    st.sampled_from(["a", "b", "name\n", 'p.t.1":']), st.integers(0, 9), max_size=3
)
_STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "own", "drop", "get", "store", "copy"]), _SCOPES, _VALUES)
)


def _folded(data: dict[str, dict[str, object]]) -> Sheets:
    return Sheets(folded=Folded(orjson.dumps(data)))


def test_a_write_adds_a_line_and_decodes_nothing():
    stored = Folded(b'{"":{"a":1}}')
    sheets = Sheets(folded=stored)
    sheets.write("", {"b": 2})
    sheets.write("", {"b": 3})
    assert sheets.text() == b'{"":{"a":1}}\n{"":{"b":3}}'
    assert stored._sheets is None
    assert Folded(sheets.text()).sheets() == {"": {"a": 1, "b": 3}}


def test_data_keep_the_order_in_which_they_were_written():
    sheets = _folded({"": {"z": 1}})
    for name in ("m", "a", "z"):
        sheets = Sheets(folded=Folded(sheets.text())).copy()
        sheets.write("", {name: name})
    assert list(sheets.get("").items()) == [("z", "z"), ("m", "m"), ("a", "a")]


def test_lines_become_one_again_when_they_are_long():
    sheets = _folded({"": {"a": "b" * LINES}})
    sheets.write("", {"a": "c" * (LINES - 20)})
    sheets = Sheets(folded=Folded(sheets.text()))
    sheets.write("", {"b": 1})
    sheets = Sheets(folded=Folded(sheets.text()))
    assert sheets.text().count(b"\n") == 2
    sheets.write("", {"a": 1})
    assert sheets.text() == b'{"":{"a":1,"b":1}}'


def test_a_line_break_in_a_text_ends_no_line():
    sheets = _folded({"": {"text": "a\nb"}})
    sheets.write("", {"more\n": "\n"})
    assert Folded(sheets.text()).sheets() == {"": {"text": "a\nb", "more\n": "\n"}}


def test_a_scope_without_data_is_seen_without_decoding():
    stored = Folded(b'{"":{"p.t.1":1}}')
    sheets = Sheets(folded=stored)
    assert sheets.get("p.t.2") == {}
    sheets.drop("p.t.2")
    assert stored._sheets is None


def test_a_copy_leaves_the_original_as_it_was():
    for original in (Sheets({"": {"a": 1}}), _folded({"": {"a": 1}})):
        original.write("", {"b": 2})
        before = original.text()
        copied = original.copy()
        copied.write("", {"a": 3})
        copied.own("p.t.1")["x"] = 1
        copied.drop("")
        assert (copied.all(), original.text()) == ({"p.t.1": {"x": 1}}, before)


@given(_STEPS)
def test_folded_and_open_data_are_the_same(steps):
    plain: dict[str, dict[str, object]] = {"": {"a": 1}, "p.t.1": {"b": 2}}
    opened, folded = Sheets({scope: dict(sheet) for scope, sheet in plain.items()}), _folded(plain)
    for step, scope, values in steps:
        if step == "write":
            plain.setdefault(scope, {}).update(values)
            opened.write(scope, values)
            folded.write(scope, values)
        elif step == "own":
            plain.setdefault(scope, {}).update(values)
            opened.own(scope).update(values)
            folded.own(scope).update(values)
        elif step == "drop":
            plain.pop(scope, None)
            opened.drop(scope)
            folded.drop(scope)
        elif step == "get":
            assert opened.get(scope) == folded.get(scope) == plain.get(scope, {})
        elif step == "store":
            folded = Sheets(folded=Folded(folded.text()))
        else:
            opened, folded = opened.copy(), folded.copy()
    assert orjson.loads(opened.text()) == plain
    assert folded.all() == plain
