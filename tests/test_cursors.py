"""Cursors: where a page ended comes back as it was, and nothing else is taken for one."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from engine import cursors
from engine.cursors import Place
from engine.errors import InvalidRequest

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["", "p.t.1", "办理", "￿", "a" * 300])
def test_a_place_comes_back_from_its_cursor(name):
    place = Place(AT, "c-1", name)

    assert cursors.read(cursors.write(place)) == place


@pytest.mark.parametrize(
    "text",
    [b"[]", b"{}", b'["a", "b"]', b'["2026-03-02T01:30:00", "b", "c"]', b'"abc"', b"[1, 2, 3]"],
)
def test_a_document_that_is_no_place_is_refused(text):
    with pytest.raises(InvalidRequest) as refusal:
        cursors.read(base64.urlsafe_b64encode(text).decode())

    assert refusal.value.message == "This cursor is none of ours."


@pytest.mark.parametrize("cursor", ["", "x", "nonsense", "你", "=", "%%%"])
def test_a_text_that_is_no_cursor_is_refused(cursor):
    with pytest.raises(InvalidRequest) as refusal:
        cursors.read(cursor)

    assert refusal.value.hint == "Start again without one."
