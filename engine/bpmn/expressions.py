"""What the texts in a diagram mean: a literal, a moment, or an expression.

* An *expression* field (conditions, collections, sources) holds an expression
  of the sandbox as it stands.
* A *text* field (assignee, input parameters) holds a literal.
* A *moment* field (timers, due dates) holds an ISO 8601 value, or else an
  expression of the sandbox.

In all three a leading ``=`` marks FEEL, which is evaluated as such (``scripts.in_feel``),
and ``${…}`` (JUEL) an expression of another engine. Operators, constants and property
paths of the latter are put into Python's words; whatever else it can say is refused,
never guessed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches

from engine.bpmn.model import TimerKind
from engine.bpmn.translation import FEEL, JUEL, WRITE_PYTHON, TextError, marked_parts, translate
from engine.errors import InvalidDeadline
from engine.feel import BUILTINS, FeelError
from engine.feel.syntax import Literal
from engine.periods import parse_timer
from engine.scripts import Code
from engine.scripts import in_feel as feel
from engine.scripts.code import facts
from engine.scripts.feel_functions import NAMES

_WRITE_FEEL = 'Write it as FEEL, as in: =amount > 100 and kind = "road".'

# One letter that ISO 8601 has not, and it would be the name of a datum.
_MEANT_AS_DURATION = re.compile(r"[-+]?P(?:[\dTYMWDHS.,]*|T?\d[\dA-Z.,]*)", re.ASCII)
_MEANT_AS_MOMENT = re.compile(r"\d{4}-\d")
_MEANT_AS_CYCLE = re.compile(r"R-?\d*/")
_NEGATIVE = re.compile(r"(^|/)-P|^R-(?!1/)")
_NOTHING = re.compile(r"P[0TYMWDHS.,]+(/.*)?", re.ASCII)
_CRON = re.compile(r"[\d*/,?LW#A-Z-]+(\s+[\d*/,?LW#A-Z-]+){4,6}", re.ASCII)
_ZERO_AMOUNT = re.compile(r"(minutes|working_days|working_hours|elapsed_hours)\(\s*0+(\.0+)?\s*\)")
_NEGATIVE_AMOUNT = re.compile(r"(minutes|working_days|working_hours|elapsed_hours)\(\s*-")


def expression(text: str) -> Code:
    """Read an expression field.

    Raises:
        TextError: it is JUEL or FEEL beyond the simple forms.
    """
    text = text.strip()
    if text.startswith("="):
        return in_feel(text[1:])
    parts = marked_parts(text)
    if len(parts) == 1 and parts[0][1]:
        return Code(translate(parts[0][0], JUEL), "expression")
    if any(marked for _, marked in parts):
        raise TextError(
            "expression-refused", f"{text!r} has ${{…}} inside of another text.", WRITE_PYTHON
        )
    return Code(text, "expression")


def in_feel(text: str) -> Code:
    """Read an expression written in FEEL, or in what else begins with an equals sign.

    A constant is one of Python. What is no FEEL, or calls functions that FEEL does not
    have, is put into Python's words if it is one of the simple forms.

    Raises:
        TextError: it is neither.
    """
    try:
        tree = feel.read(text).tree
        strange = feel.unknown(text)
    except FeelError as reason:
        try:
            return Code(translate(text, FEEL), "expression")
        except TextError:
            message = f"{text.strip()!r} is no FEEL: {reason.message}"
            raise TextError("expression-refused", message, reason.hint or _WRITE_FEEL) from None
    if strange:
        return Code(_of_functions(text, sorted(strange)), "expression")
    value = tree.value if isinstance(tree, Literal) else tree
    if value is None or isinstance(value, str | bool):
        return Code(repr(value), "expression")
    try:
        python = translate(text, FEEL)
    except TextError:
        return Code(text.strip(), "expression", feel=text, is_python=False)
    # What a number says is the same in both.
    is_number = isinstance(value, Decimal)
    return Code(python, "expression", feel=None if is_number else text)


def _of_functions(text: str, strange: list[str]) -> str:
    """Put a text into Python's words that calls what FEEL does not have."""
    try:
        return translate(text, FEEL)
    except TextError:
        near = get_close_matches(strange[0], sorted({*BUILTINS, *NAMES}), n=1)
        raise TextError(
            "expression-refused",
            f"{text.strip()!r} is no FEEL: there is no function {strange[0]!r}.",
            f"Did you mean {near[0]!r}?" if near else _WRITE_FEEL,
        ) from None


def declared(text: str) -> Code:
    """Read an expression of a file that declares its expressions to be FEEL.

    Raises:
        TextError: it is no expression at all.
    """
    text = text.strip()
    if text.startswith(("=", "${", "#{")):
        return expression(text)
    try:
        code = in_feel(text)
    except TextError:
        # Such files were read as Python, and whoever wrote Python goes on.
        return expression(text)
    return replace(code, text=text) if code.feel and is_python(text) else code


def literal(text: str) -> Code:
    """Return the expression whose value is this text."""
    return Code(repr(text), "expression")


def text_or_expression(text: str) -> Code:
    """Read a text field: a literal, ``${…}``, ``=…`` or a text with ``${…}`` inside.

    Raises:
        TextError: it is JUEL or FEEL beyond the simple forms.
    """
    text = text.strip()
    if text.startswith("="):
        return expression(text)
    parts = marked_parts(text)
    if not any(marked for _, marked in parts):
        return literal(text)
    if len(parts) == 1:
        return expression(text)
    pieces = [f"str({translate(part, JUEL)})" if marked else repr(part) for part, marked in parts]
    return Code(" + ".join(pieces), "expression")


def name_or_expression(name: str) -> Code:
    """Return the datum of that name, None where there is none; or read ``${…}``."""
    if name.startswith(("${", "#{", "=")):
        return expression(name)
    return Code(f"value({name!r})", "expression")


def moment(text: str) -> Code:
    """Read a moment field such as a due date: ISO 8601 stands as it is.

    Raises:
        TextError: it is neither an ISO 8601 duration or moment nor an expression.
    """
    text = text.strip()
    if _MEANT_AS_MOMENT.match(text) or _MEANT_AS_DURATION.fullmatch(text):
        _demand_iso(text)
        return literal(text)
    code = expression(text)
    if code.feel is None and not is_python(code.text):
        raise _bad(text, "Write ISO 8601 such as PT4H, or an expression such as working_hours(4).")
    if _NEGATIVE_AMOUNT.search(code.text):
        raise _negative(text)
    return code


def timer(text: str, kind: TimerKind) -> Code:
    """Read a timer's text.

    Raises:
        TextError: it is no ISO 8601 value of that kind and no expression, lies
            before its own start, or repeats without time passing.
    """
    text = text.strip()
    if kind is not TimerKind.CYCLE:
        if kind is TimerKind.DATE and _MEANT_AS_DURATION.fullmatch(text):
            raise _bad(text, "Use timeDuration for a duration.")
        if kind is TimerKind.DURATION and _MEANT_AS_MOMENT.match(text):
            raise _bad(text, "Use timeDate for a moment.")
        return moment(text)
    if _MEANT_AS_CYCLE.match(text):
        _demand_iso(text)
        return literal(text)
    if _CRON.fullmatch(text):
        raise _bad(text, "Cron texts are not read. Write a cycle such as R/P1D or R3/PT4H.")
    if _MEANT_AS_MOMENT.match(text) or _MEANT_AS_DURATION.fullmatch(text):
        raise _bad(text, "A cycle begins with R: R/PT4H, R3/P1D or R/2026-09-18T09:00/P1D.")
    code = moment(text)
    if _ZERO_AMOUNT.search(code.text):
        raise _repeats_at_once(text)
    return code


def is_python(text: str) -> bool:
    """Whether the text parses as one Python expression."""
    return facts(text, "expression").mistake is None


def _bad(text: str, hint: str) -> TextError:
    return TextError("timer-unreadable", f"{text!r} is no ISO 8601 value and no expression.", hint)


def _negative(text: str) -> TextError:
    return TextError(
        "timer-negative",
        f"{text!r} lies before its own start.",
        "Use before(due, amount) for a moment before a due moment.",
    )


def _repeats_at_once(text: str) -> TextError:
    return TextError(
        "timer-repeats-at-once",
        f"{text!r} repeats without time passing in between.",
        "Give an interval of at least a second, such as R/PT1H.",
    )


def _demand_iso(text: str) -> None:
    """Refuse what timers refuse at run time, by the same reading."""
    if _NEGATIVE.search(text):
        raise _negative(text)
    try:
        parse_timer(text)
    except InvalidDeadline as refusal:
        if _MEANT_AS_CYCLE.match(text) and _NOTHING.fullmatch(text.partition("/")[2]):
            raise _repeats_at_once(text) from None
        raise TextError("timer-unreadable", refusal.message, refusal.hint or "") from None
