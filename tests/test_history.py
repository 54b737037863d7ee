"""A changed history is found, wherever it was changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import HistoryBroken
from engine.history import Entry, canonical, genesis, seal, verify


def a_history(*types: str, stream: str = "c-1") -> list[Entry]:
    entries: list[Entry] = []
    for position, kind in enumerate(types, start=1):
        previous = entries[-1].digest if entries else None
        entries.append(seal(stream, previous, {"position": position, "type": kind}))
    return entries


def broken_at(stream: str, entries: list[Entry], head: str) -> tuple[int, str]:
    with pytest.raises(HistoryBroken) as refusal:
        verify(stream, entries, head=head)
    return refusal.value.position, refusal.value.reason


def test_a_sound_history_is_counted():
    history = a_history("case_started", "task_completed", "case_completed")

    assert verify("c-1", history, head=history[-1].digest) == 3


def test_an_empty_history_is_sound_where_none_is_due():
    assert verify("c-1", [], head=genesis("c-1")) == 0


def test_a_changed_entry_is_reported_at_its_position():
    # Somebody edits entry 2 in the database, past the engine.
    history = a_history("case_started", "task_completed", "case_completed")
    head = history[-1].digest
    history[1] = replace(history[1], body=canonical({"position": 2, "type": "task_cancelled"}))

    assert broken_at("c-1", history, head) == (2, "its digest does not match its content")


def test_an_entry_whose_digest_was_mended_breaks_the_next_one():
    history = a_history("case_started", "task_completed", "case_completed")
    head = history[-1].digest
    history[1] = seal("c-1", history[0].digest, {"position": 2, "type": "task_cancelled"})

    assert broken_at("c-1", history, head) == (3, "its digest does not match its content")


def test_a_removed_entry_is_reported_where_it_was():
    history = a_history("case_started", "task_completed", "case_completed")
    head = history[-1].digest
    del history[1]

    assert broken_at("c-1", history, head) == (2, "position 3 stands where 2 was due")


def test_two_swapped_entries_are_reported():
    history = a_history("case_started", "task_completed", "case_completed")
    head = history[-1].digest
    history[0], history[1] = history[1], history[0]

    assert broken_at("c-1", history, head) == (1, "position 2 stands where 1 was due")


def test_a_cut_off_end_shows_against_the_head():
    history = a_history("case_started", "task_completed", "case_completed")

    assert broken_at("c-1", history[:2], history[-1].digest) == (3, "the end is missing")


def test_the_whole_history_of_another_case_is_not_accepted():
    history = a_history("case_started", "task_completed", stream="c-2")

    position, _ = broken_at("c-1", history, history[-1].digest)

    assert position == 1


def test_equal_content_gives_equal_bytes_whatever_the_order_of_its_keys():
    assert canonical({"b": 1, "a": "吹哨"}) == canonical({"a": "吹哨", "b": 1})
    assert canonical({"b": 1, "a": "吹哨"}) == '{"a":"吹哨","b":1}'.encode()
