"""The functions that designers are offered inside the sandbox.

They run there, written in its language, and return *tagged* values such as
``{"$amount": 3, "unit": "WD"}``: what a working day is, the sandbox does not know.
``deadlines`` resolves the tags afterwards. A function is given to the sandbox only
when a text mentions it, so a plain condition pays nothing.

Each piece is complete in itself but for the pieces it names in ``needs``. Names
with two leading underscores are ours; ``OPENING`` puts the few built-in functions
that we need under such names before any case datum can cover them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

OPENING = "__type, __eval, __locals, __error = type, eval, locals, Exception"


@dataclass(frozen=True, slots=True)
class Piece:
    """One definition in the sandbox's language and the pieces it builds on."""

    source: str
    needs: tuple[str, ...] = ()


_NUMBER = """
def __number(n):
    kind = __type(n).__name__
    if kind not in ('int', 'float', 'str', 'Decimal'):
        raise TypeError(f'a number is due here, not {n!r}')
    n = n if kind == 'int' else float(n)
    if n - n != 0:
        raise ValueError(f'a finite number is due here, not {n}')
    return int(n) if n == int(n) else n
"""
_AMOUNT = """
def __amount(n, unit):
    return {'$amount': __number(n), 'unit': unit}
def __unit_minutes(a):
    if __type(a) is not __type({}) or '$amount' not in a:
        raise TypeError(f'an amount of time such as working_days(3) is due here, not {a!r}')
    return {'WD': 480, 'WH': 60, 'EH': 60, 'MIN': 1}[a['unit']]
"""
_COMPARE = """
def __longer(a, b):
    x, y = __unit_minutes(a), __unit_minutes(b)
    if (a['unit'] in ('WD', 'WH')) != (b['unit'] in ('WD', 'WH')):
        raise ValueError(f"{a['unit']} and {b['unit']} run on different clocks: "
                         'compare WD with WH, and EH with MIN')
    return a['$amount'] * x > b['$amount'] * y
"""
_LENGTH = """
def __length(a):
    if __type(a).__name__ == 'timedelta':
        return a
    __unit_minutes(a)
    return a
"""
_DATE = """
def __day(x):
    import datetime as d
    if __type(x) is __type(''):
        if len(x) == 10:
            return d.date.fromisoformat(x)
        x = d.datetime.fromisoformat(x)
    if __type(x).__name__ == 'datetime':
        if x.tzinfo is not None:
            x = x.astimezone(d.timezone(d.timedelta(hours=8)))
        return d.date(x.year, x.month, x.day)
    if __type(x).__name__ != 'date':
        raise TypeError(f'a date is due here, not {x!r}')
    return x
"""
_FEEL = """
__ordered = {__type(''), __type(1), __type(1.5)}
def __kind(x):
    name = __type(x).__name__
    return 'number' if name in ('int', 'float', 'Decimal') else name
def feel(a, op, b):
    t = __type(a)
    if t is __type(b) and t in __ordered:
        return a == b if op == '=' else (
            a < b if op == '<' else a <= b if op == '<=' else a > b if op == '>' else a >= b)
    if a is None or b is None:
        return op == '=' and a is None and b is None
    x, y = __kind(a), __kind(b)
    if x != y and 'datetime' in (x, y):
        other = __moment(b if x == 'datetime' else a)
        a, b, x, y = (a, other, x, x) if x == 'datetime' else (other, b, y, y)
    elif x != y and 'date' in (x, y):
        a, b, x, y = __day(a), __day(b), 'date', 'date'
    if x != y:
        if op == '=':
            return False
        raise TypeError(f'{a!r} ({x}) and {b!r} ({y}) cannot be compared by {op}')
    if x == 'number' and __type(a) is not __type(b):
        from decimal import Decimal
        a = Decimal(f'{a}') if __type(a) is __type(1.5) else a
        b = Decimal(f'{b}') if __type(b) is __type(1.5) else b
    if op == '=':
        return a == b
    if x not in ('number', 'str', 'date', 'datetime', 'timedelta'):
        raise TypeError(f'{a!r} ({x}) has no order')
    return a < b if op == '<' else a <= b if op == '<=' else a > b if op == '>' else a >= b
"""
_FEEL_AS = """
def feel_as(x, kind, label):
    if x is None:
        return x
    name = __type(x).__name__
    if kind == 'number':
        if name in ('int', 'float', 'Decimal'):
            return x
        if name == 'str':
            from decimal import Decimal
            try:
                n = Decimal(x.strip())
            except __error:
                n = Decimal('NaN')
            if n.is_finite():
                return n
    elif name == {'boolean': 'bool', 'string': 'str'}[kind]:
        return x
    raise TypeError(f'the input {label!r} should be a {kind}, not {x!r}')
"""
_MOMENT = """
def __moment(x):
    import datetime as d
    local = d.timezone(d.timedelta(hours=8))
    if __type(x) is __type(''):
        x = d.datetime.fromisoformat(x)
    if __type(x).__name__ != 'datetime':
        raise TypeError(f'a moment such as 2026-09-18T09:00 is due here, not {x!r}')
    return x if x.tzinfo is not None else x.replace(tzinfo=local)
"""
_NOW = """
def now():
    import datetime as d
    return d.datetime.now(d.timezone(d.timedelta(hours=8)))
"""
_VALUE = """
def value(name, default=None):
    return __values[name] if name in __values else default
"""

PIECES: dict[str, Piece] = {
    "__number": Piece(_NUMBER),
    "__amount": Piece(_AMOUNT, ("__number",)),
    "__length": Piece(_LENGTH, ("__amount",)),
    "__longer": Piece(_COMPARE, ("__amount",)),
    "working_days": Piece("def working_days(n): return __amount(n, 'WD')", ("__amount",)),
    "working_hours": Piece("def working_hours(n): return __amount(n, 'WH')", ("__amount",)),
    "elapsed_hours": Piece("def elapsed_hours(n): return __amount(n, 'EH')", ("__amount",)),
    "minutes": Piece("def minutes(n): return __amount(n, 'MIN')", ("__amount",)),
    "amount": Piece(
        "def amount(n, unit):\n"
        "    if unit not in ('WD', 'WH', 'EH', 'MIN'):\n"
        "        raise ValueError(f'the unit is WD, WH, EH or MIN, not {unit!r}')\n"
        "    return __amount(n, unit)",
        ("__amount",),
    ),
    "part": Piece(
        "def part(amount, fraction):\n"
        "    __unit_minutes(amount)\n"
        "    share = round(amount['$amount'] * float(__number(fraction)), 9)\n"
        "    return __amount(share, amount['unit'])",
        ("__amount",),
    ),
    "longest": Piece("def longest(a, b): return b if __longer(b, a) else a", ("__longer",)),
    "shortest": Piece("def shortest(a, b): return b if __longer(a, b) else a", ("__longer",)),
    "after": Piece(
        "def after(start, amount): return {'$after': [start, __length(amount)]}", ("__length",)
    ),
    "before": Piece(
        "def before(due, amount): return {'$before': [due, __length(amount)]}", ("__length",)
    ),
    "end_of_day": Piece("def end_of_day(): return {'$end_of_day': None}"),
    "now": Piece(_NOW),
    "__moment": Piece(_MOMENT),
    "moment": Piece("def moment(text): return __moment(text)", ("__moment",)),
    "value": Piece(_VALUE),
    "Decimal": Piece("from decimal import Decimal"),
    "date": Piece("from datetime import date"),
    "datetime": Piece("from datetime import datetime"),
    "timedelta": Piece("from datetime import timedelta"),
    "__day": Piece(_DATE),
    "feel_date": Piece("def feel_date(text): return __day(text)", ("__day",)),
    "feel": Piece(_FEEL, ("__day", "__moment")),
    "feel_as": Piece(_FEEL_AS),
}

LEAVE = """
__scalars = {__type(''), __type(True), __type(1), __type(1.5), __type(None)}
__others = {'Decimal', 'date', 'datetime', 'timedelta'}
def __refused(value):
    todo, left = [value], 50000
    while todo:
        left -= 1
        if left < 0:
            return 'more than 50,000 values'
        x = todo.pop()
        t = __type(x)
        if t in __scalars:
            continue
        if t is __type({}):
            for k in x:
                todo.append(k)
                todo.append(x[k])
        elif t.__name__ in ('list', 'tuple', 'set', 'frozenset'):
            todo.extend(x)
        elif t.__name__ not in __others:
            return t.__name__
    return None
"""
"""Finds what would cross as a text that only looks like a value, or for ever."""

RUN = """
__simple = {__type(''), __type(True), __type(1), __type(1.5), __type(None)}
__out, __kept = [], []
for __code in __codes:
    try:
        __value = __eval(__code)
    except __error as __e:
        __out.append((1, __type(__e).__name__, f'{__e}'[:500]))
    else:
        if __type(__value) in __simple:
            __out.append((0, __value))
        else:
            __out.append((2, len(__kept)))
            __kept.append(__value)
(__out, None)
"""
"""Evaluates each text on its own; results of composite types wait for ``FETCH``."""

FETCH = (
    LEAVE
    + """
__out = []
for __value in __kept:
    __bad = __refused(__value)
    __out.append((__bad, None if __bad else __value))
__out
"""
)
"""Returns the results that ``RUN`` kept, each with what is wrong with it."""

SINGLE = """
)
(0, __value) if type(__value).__name__ in __simple or type(__value).__name__ == 'dict' and not [
    1 for __v in __value.values() if type(__v).__name__ not in __simple] else (2, 0)
"""
"""Follows a text that stands alone: cheaper than a batch of one. See ``single``."""

RUN_AND_FETCH = RUN.replace("(__out, None)", "__results = __out") + FETCH + "(__results, __out)"
"""The same in one feed, for texts whose results are surely composite."""

COMPOSITE = frozenset(PIECES) - {"value", "feel", "feel_as", "now", "moment", "Decimal"}
"""Functions that return such results."""

FINISH = (
    LEAVE
    + """
__out = []
for __name, __value in __locals().items():
    if __name[:1] != '_' and __name not in __skip:
        __bad = __refused(__value)
        __out.append((__name, __bad, None if __bad else __value))
__out
"""
)
"""Returns the variables of a script, each with what is wrong with it."""


@lru_cache(maxsize=1024)
def prelude(names: frozenset[str]) -> str:
    """Return ``OPENING`` and the definitions of the named functions; "" if there are none."""
    chosen: dict[str, None] = {}

    def choose(name: str) -> None:
        for need in PIECES[name].needs:
            choose(need)
        chosen.setdefault(name)

    for name in sorted(names):
        choose(name)
    if not chosen:
        return ""
    return "\n".join([OPENING, *(PIECES[name].source.strip() for name in chosen), ""])


def single(source: str, functions: str) -> str:
    """Return a piece that gives one expression's value, unless it is of a composite type.

    Our functions come before, the expression on lines of its own; ``type`` must not be
    covered by a datum.
    """
    simple = "__simple = ('str', 'bool', 'int', 'float', 'NoneType')"
    return f"{functions}{simple}\n__value = (\n{source}{SINGLE}"


FETCH_SINGLE = f"{OPENING}\n__kept = [__value]\n{FETCH}"
"""``FETCH`` for such a value."""

VERSION = sha256(
    "\0".join(
        [FETCH_SINGLE, SINGLE, RUN_AND_FETCH, FINISH, *(f"{n}:{PIECES[n]}" for n in sorted(PIECES))]
    ).encode()
).hexdigest()[:8]
"""Changes with any character of the prelude; part of the sandbox's version."""
