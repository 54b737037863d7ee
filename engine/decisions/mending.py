"""What a spreadsheet or its typist made of a cell, read back as FEEL.

Spreadsheets turn ``007`` into 7 and ``3-4`` into a day; people type “紧急”，“一般” with
the marks of their keyboard, and leave out quotes. What can only be meant in one way is
read so; everything else is refused, with what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from engine.decisions.cells import literals
from engine.decisions.drawn import INPUT, NOTE, SAYS, Column
from engine.workbooks import Held

_QUOTES = dict.fromkeys("“”„‟＂", '"')
_SIGNS = {
    "，": ",", "、": ",", "＜": "<", "＞": ">", "＝": "=", "≤": "<=", "≥": ">=", "≠": "!=",
    "（": "(", "）": ")", "［": "[", "］": "]", "．": ".", "－": "-", "–": "-", "—": "-", "−": "-",
    "：": ":", "？": "?", "＋": "+", "＊": "*", "／": "/", "｛": "{", "｝": "}", "\u00a0": " ",
    "\u3000": " ", **{chr(0xFF10 + at): str(at) for at in range(10)},
}  # fmt: skip
_ODD = re.compile("[" + re.escape("".join([*_QUOTES, *_SIGNS])) + "]")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_ITEM = re.compile(r'"(?:[^"\\]|\\.)*"|[^,]+')
_WORD = re.compile(r"[^\W\d]\w*(?:[ \-/·]\w+)*")
_KEYWORDS = frozenset({"true", "false", "null"})
_BOOLEANS = {
    "true": "true",
    "false": "false",
    "是": "true",
    "否": "false",
    "yes": "true",
    "no": "false",
}
_CLOCKS = frozenset({"date", "time", "date and time"})


class Mangled(Exception):
    """A cell that may be meant in several ways, or in none.

    Attributes:
        hint: what to write instead.
    """

    def __init__(self, message: str, hint: str) -> None:
        """Say what is wrong, and what to do."""
        self.message, self.hint = message, hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of a column whose cells are read.

    Attributes:
        kind: the name of the FEEL type of its values; "" where the table says none.
        texts: those that its cells have now; they are taken as they are.
        words: strings that its allowed values and its cells name.
        names: data that expressions may name.
    """

    column: Column
    kind: str = ""
    texts: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    names: frozenset[str] = field(default=frozenset(), repr=False)


def setting(column: Column, kind: str, texts: Iterable[str], names: frozenset[str]) -> Setting:
    """Return what is known of a column with these cells."""
    given = frozenset(texts)
    words = {
        one
        for text in (column.allowed, *given)
        for one in literals(text.removeprefix("not(").removesuffix(")")) or ()
        if isinstance(one, str)
    }
    if not kind and words and all(literals(one) for one in given - {"", "-"}):
        kind = "string"
    return Setting(column, kind, given, frozenset(words), names)


def feel_of(held: Held, known: Setting, old: str | None) -> str:
    """Return the text of a cell as it is to stand in the file.

    Args:
        old: the text that the cell of that rule has in the file; None for a new rule.

    Raises:
        Mangled: it cannot be told what is meant.
    """
    text = held.text.replace("\r\n", "\n").strip()
    if old is not None and (text == old or _is_same(held, text, old)):
        return old
    if held.kind == "error":
        raise Mangled(
            f"the spreadsheet shows no value for {text[:60]}",
            "Type the value itself in place of the formula.",
        )
    if known.column.kind in (NOTE, SAYS):
        return " ".join(text.split()) if known.column.kind == SAYS else text
    if not text:
        return "-" if known.column.kind == INPUT and old != "" else ""
    if held.kind == "text" and (text in known.texts or text == "-"):
        return text
    text = straight(text) if held.kind == "text" else text
    return _read(_guessed(Held(text, held.kind)), known, old)


def straight(text: str) -> str:
    """Return a text with the marks that FEEL has, in place of those of other keyboards.

    What stands between quotes stays.
    """
    if not _ODD.search(text):
        return text
    found, quoted = [], ""
    for one in text:
        if quoted:
            ends = one == '"' if quoted == '"' else one in _QUOTES
            found.append('"' if ends else one)
            quoted = "" if ends else quoted
        elif one == '"' or one in _QUOTES:
            quoted = one
            found.append('"')
        else:
            found.append(_SIGNS.get(one, one))
    return "".join(found).strip()


def _is_same(held: Held, text: str, old: str) -> bool:
    """Whether a cell still says what it said, in the way of the spreadsheet."""
    if held.kind == "boolean":
        return text == old
    numbers = [one for one in (text, old) if _NUMBER.fullmatch(one)]
    if len(numbers) == 2:
        return Decimal(text) == Decimal(old)
    return not text and old == "-"


def _guessed(held: Held) -> Held:
    """Return what a text of a CSV file would be in a workbook."""
    if held.kind != "text":
        return held
    day = _DAY.fullmatch(held.text)
    if day is not None:
        return Held(f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}", "date")
    if _NUMBER.fullmatch(held.text):
        return Held(held.text, "number")
    if held.text.lower() in ("true", "false"):
        return Held(held.text.lower(), "boolean")
    return held


def _read(held: Held, known: Setting, old: str | None) -> str:
    if held.kind == "number":
        return _number(held.text, known, old)
    if held.kind in ("date", "moment", "time"):
        return _moment(held, known)
    if held.kind == "boolean":
        return _boolean(held.text, known)
    if _GROUPED.fullmatch(held.text) and known.kind != "string":
        raise Mangled(
            f"{held.text} is two values to a table, and one number to a person",
            f"Write {held.text.replace(',', '')}, or a space after the comma for two values.",
        )
    return _words(held.text, known)


def _number(text: str, known: Setting, old: str | None) -> str:
    plain = _plain(text)
    if known.kind == "string":
        bare = plain.lstrip("0")
        had = {one for one in known.words if one.lstrip("0") == bare}
        was = literals(old) if old else None
        if was is not None and len(was) == 1 and was[0] in had:
            had = {str(was[0])}
        if len(had) != 1:
            raise Mangled(
                f"{text} is a number, where the column has texts; the spreadsheet may have taken "
                "zeros away from its beginning",
                f'Write it in quotes: "{text}".',
            )
        return f'"{had.pop()}"'
    if known.kind in _CLOCKS or known.kind == "boolean":
        raise Mangled(
            f"{text} is a number, where the column has the type {known.kind}",
            'Write days like date("2026-10-08"), or format the cell as a date.',
        )
    return plain


def _plain(text: str) -> str:
    try:
        return format(Decimal(text), "f") if "e" in text.lower() else text.removeprefix("+")
    except InvalidOperation:
        return text


def _moment(held: Held, known: Setting) -> str:
    if known.kind == "string":
        return f'"{held.text}"'
    if known.kind in ("number", "boolean"):
        raise Mangled(
            f"the spreadsheet shows the day {held.text}, where a {known.kind} is due",
            "Format the column as text, and write the cell again.",
        )
    if held.kind == "time":
        return f'time("{held.text}")'
    if held.kind == "moment" or known.kind == "date and time":
        zone = next((one[1] for one in map(_ZONE.search, known.texts) if one), "")
        at = held.text if held.kind == "moment" else f"{held.text}T00:00:00"
        return f'date and time("{at}{zone}")'
    return f'date("{held.text}")'


_ZONE = re.compile(r'T\d\d:\d\d(?::\d\d(?:\.\d+)?)?([^"\d][^"]*)"')


def _boolean(text: str, known: Setting) -> str:
    if known.kind == "string":
        raise Mangled(f"{text} is a boolean, where the column has texts", f'Write "{text}".')
    return text


def _words(text: str, known: Setting) -> str:
    """Return a text with quotes around words that have none, where they must be texts."""
    if known.kind == "boolean" and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if known.kind != "string":
        return text
    items = [one.strip() for one in _ITEM.findall(text)]
    if not all(one.startswith('"') or _WORD.fullmatch(one) for one in items):
        return text
    bare = [one for one in items if not one.startswith('"')]
    strange = [one for one in bare if one not in known.names | known.words | _KEYWORDS]
    if strange:
        raise Mangled(
            f"{strange[0][:60]} stands without quotes, and is no datum that the decision reads",
            f'Write texts in quotes: "{strange[0][:60]}".',
        )
    if not any(one in known.words and one not in known.names for one in bare):
        return text
    return ", ".join(
        f'"{one}"' if one in known.words and one not in known.names else one for one in items
    )
