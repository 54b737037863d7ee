"""What diagrams write in FEEL is FEEL, and what they wrote before goes on as it was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine import deployments, identities, replay
from engine.bpmn.expressions import TextError, declared, expression, moment, text_or_expression
from engine.feel import FeelError
from engine.scripts import Budget, Code, Failure, NoLookups, in_feel
from tests.callers import callers
from tests.memory import flows, process

NOW = datetime(2026, 9, 18, 1, 0, tzinfo=UTC)


class Lists(NoLookups):
    def lookup(self, name, /, **key):
        return {"list": name, **key}

    def unit(self, code, /):
        raise ValueError("there is no such unit")


@pytest.fixture
def evaluated(sandbox):
    def evaluate(text, /, **data):
        code = expression(text)
        given = {name: data[name] for name in code.names if name in data}
        (outcome,) = sandbox.expressions(
            [code], given, now=NOW, seed="x", lookups=Lists(), budget=Budget()
        )
        return outcome.error or outcome.value

    return evaluate


# -- reading -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "feel", "python"),
    [
        ("=a > 1", "a > 1", "a > 1"),
        ("= a = 1 and b.c != null", " a = 1 and b.c != null", "a == 1 and b['c'] != None"),
        ("=count(items) > 2", "count(items) > 2", "count(items) > 2"),
        ("=items[1]", "items[1]", None),
        ("=if a then b else c", "if a then b else c", None),
        ("=some x in y satisfies x", "some x in y satisfies x", None),
        ("=working_days(3)", "working_days(3)", "working_days(3)"),
        # What no FEEL is, or calls what FEEL does not have, is translated as it was.
        ("=a == 1", None, "a == 1"),
        ("=len(items) > 2", None, "len(items) > 2"),
        ("=a % 2", None, "a % 2"),
        # Constants are those of Python, which are not even asked for.
        ("=true", None, "True"),
        ("=null", None, "None"),
        ("=5", None, "5"),
        ("=-1.50", None, "-1.5"),
        ('="PT4H"', None, "'PT4H'"),
        ('="\\U01F40E"', None, "'🐎'"),
    ],
)
def test_what_begins_with_an_equals_sign_is_feel(text, feel, python):
    code = expression(text)

    assert (code.feel, code.text if code.is_python else None) == (feel, python)
    assert code.is_python or code.text == (feel or "").strip()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("=a >", "'a >' is no FEEL: A value is due, at the end of 'a >'.", None),
        ("=a && [1]", "'a && [1]' is no FEEL: An operator is missing, or this is too much, at '&& [1]' (character 3).", "Write and between conditions."),
        ("=cont(items[1])", "'cont(items[1])' is no FEEL: there is no function 'cont'.",
         "Did you mean 'count'?"),
    ],
)  # fmt: skip
def test_what_is_neither_is_refused_with_what_to_write(text, message, hint):
    with pytest.raises(TextError) as refusal:
        expression(text)

    assert (refusal.value.code, refusal.value.message) == ("expression-refused", message)
    assert hint is None or refusal.value.hint == hint


@pytest.mark.parametrize(
    ("text", "feel", "shown"),
    [
        ("amount>5", "amount>5", "amount>5"),
        ('kind = "road"', 'kind = "road"', "kind == 'road'"),
        ("items[price > 3]", "items[price > 3]", "items[price > 3]"),
        ("amount == 5", None, "amount == 5"),
        ("data['a'] > 5", None, "data['a'] > 5"),
        ("${amount > 5}", None, "amount > 5"),
        ("=amount > 5", "amount > 5", "amount > 5"),
    ],
)  # fmt: skip
def test_a_file_that_declares_feel_needs_no_equals_sign(text, feel, shown):
    code = declared(text)

    assert (code.feel, code.text) == (feel, shown)


def test_a_text_or_a_moment_may_be_feel():
    assert text_or_expression("=a + b[1]").feel == "a + b[1]"
    assert moment('=duration("PT4H")').feel == 'duration("PT4H")'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("items[price > limit]", {"items", "price", "limit"}),
        ('value("amount", 3) + count(case.parts)', {"amount", "case"}),
        ("working_days(n)", {"n"}),
        ("for x in items return x.a", {"items"}),
        ("monthly income + 1", {"monthly income"}),
    ],
)
def test_a_code_in_feel_knows_what_it_may_read(text, names):
    assert Code(text, feel=text).names == names


# -- evaluating --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "data", "value"),
    [
        ("=a + b = 0.3", {"a": 0.1, "b": 0.2}, True),
        ("=items[price > limit].code", {"items": [{"code": "a", "price": 5}], "limit": 3}, ["a"]),
        ("=missing = null", {}, True),
        ("=missing > 3", {}, None),
        ("=a / 3", {"a": 1}, 1 / 3),
        ("=a * 2", {"a": 1.5}, 3),
        ('=value("amount", 7)', {}, 7),
        ('=value("amount", 7)', {"amount": 5}, 5),
        ("=working_days(2)", {}, {"$amount": 2, "unit": "WD"}),
        ('=lookup(list: "limits", code: kind).code', {"kind": "x"}, "x"),
        ('=lookup("limits", {code: kind}).code', {"kind": "x"}, "x"),
        ('=unit("S99")', {}, None),
        ('=date("2026-09-18") + duration("P1D")', {}, "2026-09-19"),
        ('=@"PT90M"', {}, "PT1H30M"),
        ("=now()", {}, "2026-09-18T09:00:00+08:00"),
        ("=today()", {}, "2026-09-18"),
        ("=if a then {x: 1} else []", {"a": True}, {"x": 1}),
        ("=random number() = random number()", {}, False),
    ],
)
def test_feel_is_evaluated_in_process(evaluated, text, data, value):
    assert evaluated(text, **data) == value


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (
            "=for i in 1..100000000 return [i, i]",
            Failure("limit", "FeelLimit", "The evaluation takes more than 200,000 steps."),
        ),
        (
            "=some i in 1..100000000 satisfies i[1] = 0",
            Failure("limit", "FeelLimit", "The evaluation takes more than 200,000 steps."),
        ),
        (
            "=for i in 1..60000 return i",
            Failure("error", "ValueError", "The value cannot be kept: it holds too many values."),
        ),
    ],
)
def test_what_is_too_much_fails_by_name(evaluated, text, failure):
    assert evaluated(text) == failure


def test_feel_and_python_are_answered_side_by_side(sandbox):
    codes = [expression("=a[1]"), Code("a[1]"), expression("=b"), Code("nothing")]

    outcomes = sandbox.expressions(
        codes, {"a": [1, 2], "b": 3}, now=NOW, seed="x", lookups=Lists(), budget=Budget()
    )

    assert [one.value for one in outcomes[:3]] == [1, 2, 3]
    assert outcomes[3].error is not None
    assert sandbox.check(codes[0]) is None


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(FeelError):
        in_feel.read("1 + " * 6_000 + "1")


# -- a process ---------------------------------------------------------------------------

TOTAL = (
    '<task id="total"><extensionElements><camunda:inputOutput>'
    '<camunda:outputParameter name="total">=sum(items.price)</camunda:outputParameter>'
    '<camunda:outputParameter name="dear">=items[price &gt; 3].code</camunda:outputParameter>'
    "</camunda:inputOutput></extensionElements></task>"
)
WAIT = (
    '<userTask id="{0}" camunda:candidateGroups="street_dispatcher"/>'
    '<boundaryEvent id="late_{0}" attachedToRef="{0}"><timerEventDefinition><timeDuration>'
    '=if total &gt; 5 then duration("PT4H") else duration("PT8H")</timeDuration>'
    "</timerEventDefinition></boundaryEvent>"
)


@pytest.mark.parametrize("executor", ["kernel", "spiff"])
def test_a_process_may_be_written_in_feel(app, executor):
    body = (
        f'<startEvent id="s"/>{TOTAL}<exclusiveGateway id="x" default="x_b"/>'
        f'{WAIT.format("a")}<userTask id="b" camunda:candidateGroups="street_dispatcher"/>'
        '<endEvent id="e"/>'
        + flows(
            "s > total > x", 'x > a : =every c in dear satisfies c in ("p", "q")', "x > b",
            "a > e", "b > e", "late_a > b",
        )
    )  # fmt: skip
    deployments.deploy(
        app, identities.operator(), {"p.bpmn": process(body, "p")}, executor=executor
    )
    call = callers(app)("street_dispatcher")
    items = [{"code": "p", "price": 5}, {"code": "q", "price": 4}, {"code": "z", "price": 1}]

    case = call.post("/cases", {"process": "p", "data": {"items": items}}).get_json()["id"]

    shown = call.get(f"/cases/{case}").get_json()
    assert [one["element"] for one in shown["tasks"]] == ["a"]
    assert (shown["data"]["total"], shown["data"]["dear"]) == (10, ["p", "q"])
    assert [one for one in replay.replay(app, replay.case_ids(app)) if one is not None] == []
