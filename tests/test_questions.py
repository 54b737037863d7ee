"""What is asked of the world, and what is not: the same for both executors."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.bpmn.model import EventDefinition, TimerKind, Trigger
from engine.execution import Answer
from engine.questions import Stuck, code_of, constant, demand_writable, due_of
from engine.scripts import RESERVED, Code

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


class Case:
    world = None
    now = NOW


@pytest.mark.parametrize(
    ("text", "value"),
    [("'PT5M'", "PT5M"), ('"a"', "a"), ("-3", -3), ("True", True), ("None", None)],
)
def test_a_plain_literal_is_not_asked(text, value):
    assert constant(text) == Answer(value)


@pytest.mark.parametrize(
    "text",
    ["days", "1.5", "(1)", "'a' +", "1 + x", "'a', {[]: 1}", "-'a'", "TrueNorth", ""],
)
def test_anything_else_is_asked(text):
    assert constant(text) is None


def test_a_script_sets_none_of_the_names_that_the_engine_gives():
    said = []
    for name in sorted(RESERVED):
        with pytest.raises(Stuck) as stuck:
            demand_writable({"fine": 1, name: 2})
        said.append((stuck.value.code, name in stuck.value.message))

    assert said == [("script-failed", True)] * 6


@pytest.mark.parametrize(
    ("kind", "due_at", "first"),
    [
        (TimerKind.CYCLE, "2026-03-02T09:00:01+08:00", "2026-03-02T09:00:01+08:00"),
        (TimerKind.DATE, "2026-03-02T09:00:00+08:00", "2026-03-02T09:00:00+08:00"),
    ],
)
def test_a_timer_fires_first_when_its_text_says(kind, due_at, first):
    definition = EventDefinition(Trigger.TIMER, value=Code("due"), timer=kind)

    assert due_of(Case(), definition, Answer(due_at), since=NOW).due_at == first


def test_a_repetition_that_would_fire_at_once_for_ever_is_refused():
    definition = EventDefinition(Trigger.TIMER, value=Code("due"), timer=TimerKind.CYCLE)

    with pytest.raises(Stuck) as stuck:
        due_of(Case(), definition, Answer("2026-03-02T09:00:00+08:00"), since=NOW)

    assert (stuck.value.code, stuck.value.expression) == ("timer-failed", "due")


def test_an_event_without_a_text_says_nothing_to_wait_for():
    with pytest.raises(Stuck) as stuck:
        code_of(EventDefinition(Trigger.CONDITIONAL))

    assert stuck.value.message == "A conditional event says nothing to wait for."
