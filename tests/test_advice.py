"""What can run and is doubtful: warnings with element and line."""

from __future__ import annotations

import pytest

from tests.snippets import alone, extended, file, flow, found, properties, timer


def test_a_task_without_form_or_people_is_doubtful():
    assert found(file(alone('<userTask id="t"/>'))) == [
        ("no-assignment", "t", 3),
        ("no-form", "t", 3),
    ]


def branches(*conditions: str, outcomes: str = "yes=Y;no=N", key: str = "t") -> bytes:
    task = (
        f'<userTask id="{key}" camunda:formKey="a" camunda:candidateGroups="r">'
        f"<extensionElements>{properties(outcomes=outcomes)}</extensionElements></userTask>"
    )
    ends = "".join(
        f'<endEvent id="e{n}"/>\n{flow(f"g{n}", "x", f"e{n}", text)}'
        for n, text in enumerate(conditions)
    )
    return file(
        f'<startEvent id="s"/>{flow("f", "s", key)}{task}<endEvent id="d"/>{flow("d1", "x", "d")}'
        f'<exclusiveGateway id="x" default="d1"/>{flow("h", key, "x")}{ends}'
    )


@pytest.mark.parametrize(
    ("condition", "known"),
    [
        ("outcome == 'yes'", True),
        ("outcome == 'maybe'", False),
        ("outcome in ('yes', 'no')", True),
        ("outcome in ('yes', 'never')", False),
        ("t_outcome == 'maybe'", False),
        ("'maybe' == t_outcome", False),
        ("other_outcome == 'maybe'", True),
        ("${outcome == 'maybe'}", False),
        ("amount == 'maybe'", True),
    ],
)
def test_a_condition_on_an_outcome_that_no_task_declares_is_doubtful(condition, known):
    assert found(branches(condition)) == ([] if known else [("unknown-outcome", "g0", 3)])


def test_an_outcome_of_a_task_whose_id_is_no_name_is_doubtful():
    assert found(branches(key="t-1")) == [("id-is-no-name", "t-1", 2)]


def test_english_outcomes_must_be_outcomes():
    body = extended(
        "userTask",
        properties(outcomes="a=甲", outcomes_en="b=B"),
        'camunda:formKey="f" camunda:candidateGroups="r"',
    )

    assert found(file(body)) == [("unknown-outcome", "t", 3)]


@pytest.mark.parametrize(
    ("first", "second", "certain"),
    [
        ("a", "not a", True),
        ("${a}", "${!a}", True),
        ("a == 1", "a != 1", True),
        ("a in b", "a not in b", True),
        ("a < 1", "a >= 1", True),
        ("a > 1", "a <= 1", True),
        ("a", "True", True),
        ("a < 1", "a > 1", False),
        ("a == 1", "a != 2", False),
        ("a", "not b", False),
    ],
)
def test_opposite_conditions_need_no_default(first, second, certain):
    first, second = (one.replace("<", "&lt;") for one in (first, second))
    ends = flow("g", "t", "e", first) + flow("h", "t", "e", second)
    body = alone(f'<exclusiveGateway id="t"/><endEvent id="e"/>{ends}')

    assert found(file(body)) == ([] if certain else [("no-default", "t", 3)])


def test_what_is_only_read_past_is_said():
    body = alone(
        '<userTask id="t" camunda:formKey="f" camunda:candidateGroups="r"><extensionElements>'
        "<camunda:formData/></extensionElements><potentialOwner/></userTask>\n"
        '<dataStoreReference id="d"/>'
    )

    assert found(file(body)) == [("ignored", "t", 3), ("ignored", "t", 3), ("ignored", "d", 4)]


def test_a_property_given_twice_is_doubtful():
    twice = properties(colour="red").replace(
        "</camunda:properties>",
        '\n<camunda:property name="colour" value="blue"/></camunda:properties>',
    )

    assert found(file(extended("task", twice))) == [("property-twice", "t", 5)]


def test_a_node_in_two_lanes_is_doubtful():
    lanes = "".join(f'<lane id="{key}">\n<flowNodeRef>s</flowNodeRef></lane>' for key in ("a", "b"))

    assert found(file(f'<laneSet id="l">{lanes}</laneSet><startEvent id="s"/>')) == [
        ("in-two-lanes", "s", 4)
    ]


def test_a_cycle_at_an_event_that_a_token_leaves_is_doubtful():
    assert found(file(timer("timeCycle", "R/PT1H"))) == [("cycle-fires-once", "t", 4)]
