"""Texts that are read without a worker, beside what the interpreter makes of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.scripts import Budget, Code, NoLookups, Outcome, Sandbox, reading

NOW = datetime(2026, 9, 18, 1, 0, 0, 123456, tzinfo=UTC)
AROUND = reading.Around(NOW)


def nested(depth):
    value = []
    for _ in range(depth):
        value = {"in": [value]}
    return value


VALUES = [
    None,
    True,
    0,
    -7,
    2**53 - 1,
    0.0,
    -0.0,
    1.0,
    1e308,
    "",
    "环境",
    "é e\u0301",
    "2026-09-18T09:00:00+08:00",
    [],
    [1, 1.0, True, None, "1"],
    [[], {}, [[]]],
    {},
    {"z": 1, "a": {"k": [2]}},
    {"$moment": "2026-09-18T09:00:00+08:00"},
    {"$amount": 3, "unit": "WD"},
    {"$sealed": "s-1", "commitment": "00"},
    nested(6),
    list(range(200)),
    "x" * 9_000,
]
ODD = [
    2**53,
    -(2**63),
    2**70,
    math.nan,
    math.inf,
    "a\0b",
    "\ud800",
    {1: 2},
    {"a\0": 1},
    nested(9),
    list(range(5_000)),
    "x" * 200_000,
]
READ = """
a
a == b
a != b
a < b
a <= b
a > b
a >= b
a in b
a not in b
a is None
a is not None
a is not False
a is True
a and b
a or b
not a
a if b else 3
-a
a + b
a - b
a * b
a / b
a // b
a % b
a // 10
-a // 10
a % 10
a[0]
a[-1]
a['k']
a[b]
a[1:]
a[:-1]
a[-2:]
a[0:2]
a[b:]
(a, b)
[a, b]
{'x': a, 'y': b}
{'k': 9, **a, 'z': b}
{a: b}
[x for x in a]
[x for x in a if x != b]
[x['k'] for x in a]
[x['k'] for x in a if x['n'] > 1]
[k + str(n) for k, n in a]
[(x, y) for x in a for y in b]
[[y for y in b] for x in a]
[[x for x in b] + [x] for x in a]
{x: b for x in a}
{k: n for k, n in a}
[k for k in a.keys()]
[v for v in a.values()]
[k for k, v in a.items()]
[x for x in (a, b) if x]
[x for x in (a, b) if x is not None]
a.get('k')
a.get('k', b)
a.get(b)
a.get('none', 1)
','.join(a)
'、'.join([x for x in a])
a.split(',')
a.split(b)
a.startswith('a')
a.startswith(b)
a.endswith(b)
len(a)
len(set(a))
sorted(set(a))
'a' in set(a)
int(a)
int(a[-2:])
str(a)
bool(a)
any(a)
all(a)
any([x == b for x in a])
min(a)
max(a)
min(a, b)
max(a, b, 3)
sorted(a)
sorted(a, key=lambda x: x['k'])
sorted(a, key=lambda x: x['n'])
sorted(a, key=lambda x: -x['n'])
working_days(a)
working_hours(a)
elapsed_hours(a)
minutes(a)
amount(a, 'WD')
part(a, b)
part(a, 0.5)
part(working_days(3), b)
part(working_days(a), 0.25)
after(a, working_days(2))
after(now(), timedelta(days=2))
before(moment(a), working_hours(4))
end_of_day()
moment(a)
moment(a) < moment(b)
moment(a) == moment(b)
moment(a) - moment(b)
moment(a) + timedelta(days=90)
moment(a) - timedelta(minutes=15) <= now()
moment(a) - now() <= timedelta(minutes=15)
moment(a).date()
moment(a).date() == now().date()
moment(a).astimezone(now().tzinfo).date()
moment(a).hour
1440 - 60 * moment(a).hour - moment(a).minute
moment(a).year + moment(a).month + moment(a).day
now()
now() + timedelta(days=a)
timedelta(days=a)
timedelta(hours=2) == timedelta(minutes=120)
timedelta(days=1) + timedelta(seconds=a)
a or now()
max(moment(a), now())
value('a')
value('none')
value('none', b)
value('a', b)
value('none') or case['k']
a == b == 1
0 < a < 3
1 < a
'x' + a
a + 'x'
a + [1]
a == 1
a == 'a'
a == None
a in ('a', 'b')
a in ['a', None, 1]
a not in (None, 'x')
b in a and a[b]
None if a else b
(a['k'] if 'k' in a else None) or 'B'
{'k': [a, {'l': (b,)}]}
1.5 * a
a * 0.1
0.1 + 0.2
[a for a in [1, 2]]
[b for b in a if b] + [b]
[x for x in [1] for y in [x]]
[len(x) for x in a]
len(a.split(',')[0])
a[0][0]
{**a}
[x for x in a.split(',')]
str(a) + str(b)
bool([])
not moment(a)
moment(a) and 1
working_days(1.5)
working_days('3')
working_days(-0.0)
case['k']
case
""".strip().splitlines()
"""Every construct that is read here, of ``a`` and ``b``."""
NOT_READ = """
now().tzinfo
round(a)
a ** 2
[x for y in [1] for x in x]
1 if a is b else 2
f'{a}'
'%s' % a
'a' * 3
[1] * 2
{1: a}
a.k
len
a[True]
a['k':]
[*a]
sum(a)
a.strip()
[x for x in 'abc']
lambda: a
(x := a)
sorted(a, reverse=True)
sorted(a, key=len)
abs(a)
float(a)
a.items()
set(a)
{x for x in a}
str(1.5)
int(2.5)
timedelta(0)
now().isoformat()
working_days(True)
amount(2, 'XX')
value(a)
value()
value(a, 1)
value('a', default=1)
value
[value, value('a')]
[type, a]
case['k']()
case.k
now
__codes
print(a)
[type(a), a]
a.append(1)
a @ b
a & b
~a
[one async for one in a]
...
b'a'
1j
9007199254740992
a b
case[a].b
{*a}
a if b
max()
max(a, key=len)
','.join(x for x in a)
any(x for x in a)
[x for x in a if (y := x)]
timedelta(weeks=1)
timedelta(1)
timedelta(**a)
working_days(n=1)
sorted(a, key=lambda x, y: x)
sorted(a, key=lambda x=1: x)
a.date
a['k'].k
""".strip().splitlines()
"""Constructs and kinds of values that are the interpreter's."""
MANY = [
    *VALUES,
    False,
    1,
    3,
    2.5,
    0.1,
    "a",
    "ab,a",
    "000123",
    "-5",
    "é\u0301😀x",
    "2026-09-18T09:00",
    "2026-09-18T09:00:00.123456+08:00",
    "2026-09-18T01:00:00Z",
    "2026-13-18T09:00:00+08:00",
    [1, 2],
    ["b", "a"],
    ["b", None],
    [["a", 1], ["b", 2]],
    [{"k": "b", "n": 1}, {"k": "a", "n": 2}],
    {"k": "v", "n": 2},
    {"$amount": 2.5, "unit": "EH"},
]
FEW = [None, True, 0, 3, 2.5, "a", "WD", "2026-09-18T09:00", ["a", None], {"k": "a"}]

SCRIPTS = [
    "x = a\ny = [x, b]",
    "x, _y = b, a\nz = _y",
    "a = a or 1",
    "a = a",
    "b = [a]\na = b",
    "_a = a\n_b = [_a]",
    "if a == b:\n    x = 1\nelif b:\n    x, y = 2, 3\nelse:\n    z = 4",
    "if a:\n    b = None",
    "if not a:\n    x = now()\ny = x if not a else 1",
    "x = moment('2026-09-18T09:00')\ny = x.date()\nz = [x - now(), (x, y)]",
    "x = {'k': a}\nx = {**x, 'l': x}",
    "x = [y for y in [a, b] if y]\ny = len(x)",
    "x = value('a')\na = 2\ny = value('a')",
    "\n        x = a\n        y = x is None\n",
]
NOT_RUN = [
    "x = 1\nx += 1",
    "x = [1]\nx.append(2)",
    "x = y = 1",
    "x, y = a",
    "x, *y = [1, 2]",
    "x = {}\nx['k'] = 1",
    "for x in [1]:\n    y = x",
    "while False:\n    x = 1",
    "def f():\n    return 1\nx = f()",
    "import math\nx = 1",
    "a",
    "pass",
    "try:\n    x = 1\nexcept ValueError:\n    x = 2",
    "x: int = 1",
    "assert a",
    "unit = 1",
    "len = 1",
    "__x = 1",
    "type = 3",
    "match a:\n    case _:\n        x = 1",
]


def data(one, other=1):
    return {"a": one, "b": other, "case": {"k": {"l": one}}, "now": 1, "type": 2, "value": 3}


@pytest.fixture(scope="module")
def pool():
    pool = Sandbox()
    yield pool
    pool.close()


def ask(pool, text, inputs):
    """Return the outcome, and whether a worker was asked."""
    budget = Budget()
    (found,) = pool.expressions(
        [Code(text)], inputs, now=NOW, seed="c-1/t/1", lookups=NoLookups(), budget=budget
    )
    return found, budget.left < Budget().left


def judged(pool, texts, inputs):
    """Return what the interpreter makes of expressions: functions are not read here."""
    codes = [Code(f"(lambda: ({text}))()") for text in texts]
    return pool.expressions(
        codes, inputs, now=NOW, seed="c-1/t/1", lookups=NoLookups(), budget=Budget(60)
    )


def run(pool, text, inputs):
    return pool.script(
        Code(text, "script"), inputs, now=NOW, seed="c-1/t/1", lookups=NoLookups(), budget=Budget()
    )


def read_here(texts, inputs):
    found = {text: reading.read(text, inputs, AROUND) for text in texts}
    return {text: value for text, value in found.items() if value is not reading.UNREAD}


def differing(pool, found, inputs):
    """Return the texts of which the interpreter says something else, with what it says."""
    outcomes = judged(pool, list(found), inputs)
    pairs = zip(found.items(), outcomes, strict=True)
    return [
        (text, value, outcome)
        for (text, value), outcome in pairs
        if repr(Outcome(value)) != repr(outcome)
    ]


def test_what_is_read_here_is_what_the_interpreter_gives(pool):
    ever = set()
    for one in MANY:
        for other in FEW:
            found = read_here(READ, data(one, other))
            ever |= found.keys()

            assert differing(pool, found, data(one, other)) == []
    assert [text for text in READ if text not in ever] == []


@pytest.mark.parametrize("text", ["a", "a == 'x' and not b", "working_days(3)", "[a, now()]"])
def test_no_worker_waits_for_what_is_read_here(text, pool):
    found, asked = ask(pool, text, data("x"))

    assert (found.error, asked) == (None, False)


@pytest.mark.parametrize("text", NOT_READ)
def test_another_expression_is_the_interpreters(text):
    inputs = [data(one, other) for one in MANY for other in FEW]

    assert [one for one in inputs if reading.read(text, one, AROUND) is not reading.UNREAD] == []


@pytest.mark.parametrize("one", ODD, ids=lambda one: f"{type(one).__name__}-{str(one)[:9]!a}")
def test_a_value_that_is_large_or_no_plain_json_is_the_interpreters(one):
    texts = ["a", "value('a')", "[b, a]", "a or b", "a and a", "case['k']['l']", "{'k': a}"]

    assert read_here(texts, data(one)) == {}


@pytest.mark.parametrize("text", ["c", "case['c']", "case['k']['l']['m']", "b['k']", "[a, c]"])
def test_what_is_not_there_is_the_interpreters_to_judge(text, pool):
    found, asked = ask(pool, text, data("x"))

    assert asked
    assert found.error is not None


def test_only_the_data_that_decide_are_read():
    assert reading.read("a or c", {"a": 1}, AROUND) == 1
    assert reading.read("a or c", {"a": []}, AROUND) is reading.UNREAD


def test_a_datum_called_like_a_function_is_left_alone():
    assert reading.read("value('value')", data("x"), AROUND) == 3
    assert reading.read("date", {"date": "2026-09-18"}, AROUND) is reading.UNREAD


def test_a_name_is_compared_as_python_does(pool):
    assert ask(pool, "Ａ", {"A": 1}) == (Outcome(1), False)
    assert ask(pool, "A", {"Ａ": 1}) == (Outcome(1), True)
    assert run(pool, "A = A + 1", {"Ａ": 1}) == Outcome({"Ａ": 2})


def test_what_was_read_shares_nothing_with_the_data(pool):
    inputs = data({"list": [1]})
    for text in ("a", "[a]", "a or b", "case['k']['l']", "a if a else b", "{**a}"):
        found, _ = ask(pool, text, inputs)
        holder = found.value[0] if isinstance(found.value, list) else found.value
        holder["list"].append("changed")
    run(pool, "x = a", inputs).value["x"]["list"].append("changed")

    assert inputs == data({"list": [1]})


@pytest.mark.parametrize(
    "text",
    [
        "[[a for x in a] for y in a]",
        "[[[1 for x in a] for y in a] for z in a]",
        "sorted([[x for x in a] for y in a], key=lambda x: len([y for y in x]))",
    ],
)
def test_what_loops_for_long_is_the_interpreters(text):
    inputs = data(list(range(150)))

    assert reading.read(text, inputs, AROUND) is reading.UNREAD


def test_a_list_that_grows_is_left_to_the_limits_of_the_interpreter():
    text = "[" + " + ".join(["a"] * 9) + "][0][0]"

    assert reading.read(text, {"a": list(range(100))}, AROUND) == 0
    assert reading.read(text, {"a": list(range(150))}, AROUND) is reading.UNREAD


class Streets(NoLookups):
    """Knows two streets; ``asked`` is what was asked of it."""

    def __init__(self):
        self.asked = []

    def unit(self, code, /):
        self.asked.append(code)
        if code == "broken":
            raise OSError("the list is away")
        return {"name_zh": f"{code}街"} if code in {"a", "b"} else None

    def rows(self, name, /, **filters):
        self.asked.append((name, filters))
        return [{"code": "a", **filters}]


LOOK_UPS = [
    "unit(a)",
    "unit(a)['name_zh']",
    "[unit(x) for x in ('a', 'b', 'c')]",
    "rows('streets', level=a)",
    "rows('streets', **{'class': a, 'level': 'x'})",
    "rows('streets', level='x', **{'level': a})",
    "rows(a, [1])",
    "unit(a, a)",
    "unit(code=a)",
    "unit(unit)",
    "lookup('streets', code=a)",
]


@pytest.mark.parametrize("text", LOOK_UPS)
@pytest.mark.parametrize("one", ["a", None, 3])
def test_a_look_up_is_asked_the_same_and_gives_the_same(text, one, pool):
    here, there = Streets(), Streets()

    def look(text, lookups):
        (found,) = pool.expressions(
            [Code(text)], data(one), now=NOW, seed="s", lookups=lookups, budget=Budget()
        )
        return found

    assert look(text, here) == look(f"(lambda: {text})()", there)
    # What fails is asked for again, by the interpreter.
    assert here.asked in (there.asked, there.asked * 2)


def test_a_look_up_that_breaks_is_the_machines(pool):
    with pytest.raises(OSError, match="the list is away"):
        pool.expressions(
            [Code("unit(a) or 1")],
            data("broken"),
            now=NOW,
            seed="s",
            lookups=Streets(),
            budget=Budget(),
        )


@pytest.mark.parametrize("text", SCRIPTS)
def test_a_script_makes_what_the_interpreter_would_make(text, pool):
    for one in MANY:
        for other in FEW[:4]:
            found = reading.run(text, data(one, other), AROUND)
            if found is reading.UNREAD:
                continue
            outcome = run(pool, f"{dedent(text)}\n_asked = (lambda: 1)()", data(one, other))

            assert (outcome.error, sort(outcome.value)) == (None, sort(found))


def sort(value):
    return repr(sorted(value.items())) if isinstance(value, dict) else value


@pytest.mark.parametrize("text", SCRIPTS)
def test_every_such_script_is_run_here(text):
    inputs = [data(one, other) for one in MANY for other in FEW]

    assert any(reading.run(text, one, AROUND) is not reading.UNREAD for one in inputs)


@pytest.mark.parametrize("text", NOT_RUN)
def test_another_script_is_the_interpreters(text):
    assert reading.run(text, data("x", [1, 2]), AROUND) is reading.UNREAD


@pytest.mark.parametrize("one", ODD, ids=lambda one: f"{type(one).__name__}")
def test_a_script_that_mentions_what_is_large_or_no_plain_json_is_the_interpreters(one):
    # Whether or not it uses it: the interpreter has to take it, and to give it back.
    assert reading.run("x = 1 if b else a", data(one), AROUND) is reading.UNREAD


NAMES = st.sampled_from(["a", "b", "case", "value('a')", "value('none', b)", "now()", "none"])
LITERALS = st.sampled_from(
    ["None", "True", "1", "0", "-3", "2.5", "''", "'a'", "'ab'", "'k'", "[]", "{}", "'WD'"]
)
OPERATORS = st.sampled_from(
    ["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "//", "%", "and", "or"]
)
CALLS = st.sampled_from(
    [
        "len",
        "int",
        "str",
        "bool",
        "any",
        "all",
        "min",
        "max",
        "set",
        "sorted",
        "moment",
        "working_days",
        "end_of_day",
        "after",
    ]
)


def compound(parts):
    return st.one_of(
        st.tuples(parts, OPERATORS, parts).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(parts, parts, parts).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        parts.map(lambda one: f"(not {one})"),
        st.tuples(parts, parts).map(lambda t: f"{t[0]}[{t[1]}]"),
        st.tuples(parts, parts).map(lambda t: f"{t[0]}.get({t[1]})"),
        st.tuples(CALLS, st.lists(parts, max_size=2)).map(lambda t: f"{t[0]}({', '.join(t[1])})"),
        st.lists(parts, max_size=3).map(lambda one: f"[{', '.join(one)}]"),
        st.tuples(parts, parts).map(lambda t: f"{{'k': {t[0]}, 'l': {t[1]}}}"),
        st.tuples(parts, parts, parts).map(lambda t: f"[{t[0]} for a in {t[1]} if {t[2]}]"),
        st.tuples(parts, parts).map(lambda t: f"sorted({t[1]}, key=lambda b: {t[0]})"),
    )


TEXTS = st.recursive(NAMES | LITERALS, compound, max_leaves=8)
SCALARS = st.sampled_from([None, True, 0, 2, -1, 2.5, "", "a", "k", "2026-09-18T09:00"])
PLAIN = st.recursive(
    SCALARS,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from("akl"), one),
    max_leaves=5,
)


@settings(max_examples=150, derandomize=True, deadline=None, database=None)
@given(texts=st.lists(TEXTS, min_size=15, max_size=15), one=PLAIN, other=PLAIN)
def test_whatever_is_written_is_read_as_the_interpreter_reads_it(pool, texts, one, other):
    inputs = data(one, other)

    assert differing(pool, read_here(texts, inputs), inputs) == []
