"""What the texts in a diagram mean: a literal, a moment, or an expression.

* An *expression* field (conditions, collections, sources) holds an expression
  of the sandbox as it stands.
* A *text* field (assignee, input parameters) holds a literal.
* A *moment* field (timers, due dates) holds an ISO 8601 value, or else an
  expression of the sandbox.

In all three ``${…}`` (JUEL) and a leading ``=`` (FEEL) mark an expression of
another engine. Operators, constants and property paths of those are put into
Python's words; whatever else they can say is refused, never guessed.
"""

from __future__ import annotations

import ast
import re

from engine.bpmn.model import TimerKind
from engine.errors import InvalidDeadline
from engine.periods import parse_timer
from engine.scripts import Code
from engine.scripts.code import facts

MAX_TRANSLATED = 2_000

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<mark>&&|\|\||==|!=|<=|>=|//|\*\*|[-+*/%<>!?:.,()\[\]{}=])
    )""",
    re.VERBOSE,
)
_JUEL = {
    "&&": "and",
    "||": "or",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "ge": ">=",
    "div": "/",
    "mod": "%",
    "null": "None",
    "true": "True",
    "false": "False",
    "and": "and",
    "or": "or",
    "in": "in",
}
_FEEL = {
    "=": "==",
    "null": "None",
    "true": "True",
    "false": "False",
    "and": "and",
    "or": "or",
    "in": "in",
}
_UNARY = frozenset({"!", "not", "empty"})
# FEEL counts from 1 and filters with brackets; its choices and loops read differently.
_FEEL_ONLY = frozenset({"[", "{", "if", "for", "some", "every", "between", "instance"})
# Objects of the engines those expressions were written for.
_FOREIGN = frozenset({"execution", "caseExecution", "authenticatedUserId", "connector", "task"})
_WRITE_PYTHON = "Write it as an expression of the sandbox, as in: amount > 100 and kind == 'road'."

_MEANT_AS_DURATION = re.compile(r"[-+]?P[\dTYMWDHS.,]*", re.ASCII)
_MEANT_AS_MOMENT = re.compile(r"\d{4}-\d")
_MEANT_AS_CYCLE = re.compile(r"R-?\d*/")
_NEGATIVE = re.compile(r"(^|/)-P|^R-(?!1/)")
_NOTHING = re.compile(r"P[0TYMWDHS.,]+(/.*)?", re.ASCII)
_CRON = re.compile(r"[\d*/,?LW#A-Z-]+(\s+[\d*/,?LW#A-Z-]+){4,6}", re.ASCII)
_ZERO_AMOUNT = re.compile(r"(minutes|working_days|working_hours|elapsed_hours)\(\s*0+(\.0+)?\s*\)")
_NEGATIVE_AMOUNT = re.compile(r"(minutes|working_days|working_hours|elapsed_hours)\(\s*-")


class TextError(Exception):
    """A text means nothing that can be run; the reader turns this into a finding."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def expression(text: str) -> Code:
    """Read an expression field.

    Raises:
        TextError: it is JUEL or FEEL beyond the simple forms.
    """
    text = text.strip()
    if text.startswith("="):
        return Code(_translate(text[1:], _FEEL), "expression")
    parts = _parts(text)
    if len(parts) == 1 and parts[0][1]:
        return Code(_translate(parts[0][0], _JUEL), "expression")
    if any(marked for _, marked in parts):
        raise TextError(
            "expression-refused", f"{text!r} has ${{…}} inside of another text.", _WRITE_PYTHON
        )
    return Code(text, "expression")


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
    parts = _parts(text)
    if not any(marked for _, marked in parts):
        return literal(text)
    if len(parts) == 1:
        return expression(text)
    pieces = [f"str({_translate(part, _JUEL)})" if marked else repr(part) for part, marked in parts]
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
    if not is_python(code.text):
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


# -- the words of other engines ------------------------------------------------


def _parts(text: str) -> list[tuple[str, bool]]:
    """Split at ``${…}`` and ``#{…}``; True marks what stood inside."""
    parts: list[tuple[str, bool]] = []
    position = 0
    for found in re.finditer(r"[$#]\{", text):
        if found.start() < position:
            continue
        end = _closing(text, found.end())
        if found.start() > position:
            parts.append((text[position : found.start()], False))
        parts.append((text[found.end() : end], True))
        position = end + 1
    if position < len(text):
        parts.append((text[position:], False))
    return parts


def _closing(text: str, position: int) -> int:
    depth, quote = 1, ""
    for index in range(position, len(text)):
        letter = text[index]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
            if not depth:
                return index
    raise TextError("expression-refused", f"{text!r} opens ${{ and never closes it.", "Add the }.")


def _translate(text: str, words: dict[str, str]) -> str:
    """Put a simple expression of another engine into Python's words."""
    tokens = _tokens(text)
    for index, (kind, word) in enumerate(tokens):
        follows = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        if kind == "name" and (word in _FOREIGN - {"task"} or (word == "task" and follows == ".")):
            raise _refused(text, f"{word!r} is an object of another engine")
        if word == "?" or (words is _FEEL and word in _FEEL_ONLY):
            raise _refused(text, f"{word!r} is not translated")
    try:
        tree = ast.parse(_join(tokens, words, text), mode="eval")
        result = ast.unparse(tree)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _refused(text, "it cannot be read") from None
    if any(isinstance(one, ast.Compare) and len(one.ops) > 1 for one in ast.walk(tree)):
        raise _refused(text, "a chain of comparisons means something else in Python")
    return result


def _refused(text: str, why: str) -> TextError:
    return TextError(
        "expression-refused", f"{text.strip()!r} is not translated: {why}.", _WRITE_PYTHON
    )


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_TRANSLATED:
        raise _refused(text[:60] + "…", "it is too long")
    tokens: list[tuple[str, str]] = []
    position, text = 0, text.strip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _refused(text, f"{text[position]!r} has no meaning there")
        kind = found.lastgroup or ""
        tokens.append((kind, found.group(kind)))
        position = found.end()
    if not tokens:
        raise _refused(text, "it is empty")
    return tokens


def _join(tokens: list[tuple[str, str]], words: dict[str, str], text: str) -> str:
    pieces: list[str] = []
    index = 0
    while index < len(tokens):
        kind, word = tokens[index]
        if kind != "string" and word in _UNARY:
            end = _operand(tokens, index + 1)
            pieces.append(f"(not {_join(tokens[index + 1 : end], words, text)})")
            index = end
        elif word == ".":
            if index + 2 < len(tokens) and tokens[index + 2][1] == "(":
                raise _refused(text, "methods are not called")
            if index + 1 == len(tokens) or tokens[index + 1][0] != "name":
                raise _refused(text, "a name must follow the point")
            pieces.append(f"[{tokens[index + 1][1]!r}]")
            index += 2
        else:
            pieces.append(word if kind == "string" else words.get(word, word))
            index += 1
    return " ".join(pieces)


def _operand(tokens: list[tuple[str, str]], index: int) -> int:
    """Return where the operand of a unary word ends: a primary with its trailers."""
    while index < len(tokens) and tokens[index][0] != "string" and tokens[index][1] in _UNARY:
        index += 1
    if index < len(tokens) and tokens[index][1] not in "([":
        index += 1
    while index < len(tokens):
        kind, word = tokens[index]
        if kind == "mark" and word in "([":
            index = _group(tokens, index)
        elif word == ".":
            index += 2
        else:
            break
    return min(index, len(tokens))


def _group(tokens: list[tuple[str, str]], index: int) -> int:
    depth = 0
    for position in range(index, len(tokens)):
        if tokens[position][0] == "mark":
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(tokens[position][1], 0)
        if not depth:
            return position + 1
    return len(tokens)
