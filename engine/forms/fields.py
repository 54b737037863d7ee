"""Judge the value of one field, and bring it into its one canonical shape.

Equal answers become equal bytes: ``3.0`` is kept as ``3``, line breaks as LF.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.forms.model import Choice, Component
from engine.forms.reader import choice
from engine.forms.values import Finding, finding

MAX_FILES = 20
MAX_LINES = 100

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?")
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,15})?", re.ASCII)
_FILE = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Fault(Exception):
    """One value does not fit."""

    def __init__(self, code: str, message: str, hint: str, **details: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.details = code, message, hint, details

    def at(self, key: str) -> Finding:
        """Return it as a finding about ``key``."""
        return finding(self.code, key, self.message, self.hint, **self.details)


def is_empty(one: Component, value: Any) -> bool:
    """Say whether ``value`` is no answer; an unticked box that must be ticked is none."""
    if one.type == "checkbox" and value is False:
        return one.required
    return value is None or value in ("", [])


def blank(one: Component, value: Any) -> Any:
    """Return the canonical shape of an empty answer: ``""``, False or None by type."""
    if one.type == "checkbox" and value is False:
        return False
    return "" if value == "" and one.type in ("textfield", "textarea") else None


def accept(one: Component, value: Any, names: Mapping[str, Any]) -> Any:
    """Return ``value`` in canonical shape if the field ``one`` accepts it.

    Args:
        one: a field other than a dynamic list or an object.
        value: an answer that is not empty.
        names: data that the field's choices may come from.

    Raises:
        Fault: it does not fit.
    """
    return _CHECKS[one.type](one, value, names)


def _text(one: Component, value: Any, _: Mapping[str, Any]) -> str:
    if not isinstance(value, str):
        raise Fault("wrong-type", "A text is expected.", "Send a text.", expected="text")
    # Browsers count and send line breaks as CR LF; one form of them is enough.
    text: str = value.replace("\r\n", "\n")
    if not text.strip() and one.required:
        raise Fault("required", "An answer is required.", "Fill it in.")
    if len(text) < one.min_length:
        message = f"At least {one.min_length} characters are required."
        raise Fault("too-short", message, "Write more.", limit=one.min_length)
    if len(text) > one.max_length:
        message = f"{len(text)} characters; at most {one.max_length} are allowed."
        raise Fault("too-long", message, "Shorten it.", limit=one.max_length)
    if one.pattern is not None and not one.pattern.matches(text):
        message = "The text does not have the form that is asked for."
        raise Fault("pattern", message, f"It must match {one.pattern.text}.")
    return text


def _number(one: Component, value: Any, _: Mapping[str, Any]) -> Any:
    number = _decimal(one, value)
    if one.minimum is not None and number < Decimal(str(one.minimum)):
        raise Fault("too-small", f"The least is {one.minimum}.", "Correct it.", limit=one.minimum)
    if one.maximum is not None and number > Decimal(str(one.maximum)):
        raise Fault("too-large", f"The most is {one.maximum}.", "Correct it.", limit=one.maximum)
    _demand_open_bounds(one, number)
    digits = len(format(number, "f").partition(".")[2].rstrip("0"))
    if one.decimal_digits is not None and digits > one.decimal_digits:
        message = f"At most {one.decimal_digits} digits after the point are allowed."
        raise Fault("too-precise", message, "Round it.", limit=one.decimal_digits)
    if one.as_text:
        return format(number, "f")
    # 3 and 3.0 are the same answer, so they become the same bytes.
    return int(number) if digits == 0 and abs(number) < 2**53 else value


def _demand_open_bounds(one: Component, number: Decimal) -> None:
    """Judge the bounds that only JSON-schema forms have."""
    if one.above is not None and number <= Decimal(str(one.above)):
        message = f"It must be more than {one.above}."
        raise Fault("not-above", message, "Correct it.", limit=one.above)
    if one.below is not None and number >= Decimal(str(one.below)):
        message = f"It must be less than {one.below}."
        raise Fault("not-below", message, "Correct it.", limit=one.below)
    if one.step is not None and number % Decimal(str(one.step)) != 0:
        message = f"It must be a multiple of {one.step}."
        raise Fault("not-a-step", message, "Correct it.", limit=one.step)


def demand_items(one: Component, count: int) -> None:
    """Judge how many entries a list has.

    Raises:
        Fault: too few or too many.
    """
    if one.min_items is not None and count < one.min_items:
        message = f"At least {one.min_items} entries are required."
        raise Fault("too-few", message, "Add some.", limit=one.min_items)
    if one.max_items is not None and count > one.max_items:
        message = f"At most {one.max_items} entries are allowed."
        raise Fault("too-many", message, "Send fewer.", limit=one.max_items)


def _decimal(one: Component, value: Any) -> Decimal:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_text = one.as_text and isinstance(value, str) and _NUMBER.fullmatch(value) is not None
    if not is_number and not is_text:
        raise Fault("wrong-type", "A number is expected.", "Send a number.", expected="number")
    return Decimal(str(value))


def _checkbox(_one: Component, value: Any, _: Mapping[str, Any]) -> bool:
    if not isinstance(value, bool):
        hint = "Send true or false."
        raise Fault("wrong-type", "True or false is expected.", hint, expected="boolean")
    return value


def choices_of(one: Component, names: Mapping[str, Any]) -> tuple[Choice, ...]:
    """Return what may be chosen: the declared values, those of lists, or of a datum in ``names``.

    A datum that is missing or holds no list offers nothing.
    """
    if one.choices_from is None:
        return one.choices
    offered = names.get(one.choices_from)
    entries = [choice(item) for item in offered] if isinstance(offered, list) else []
    return tuple(entry for entry in entries if entry is not None)


def _chosen(one: Component, value: Any, names: Mapping[str, Any]) -> Any:
    choices = choices_of(one, names)
    for entry in choices:
        if entry.value == value and isinstance(value, bool) == isinstance(entry.value, bool):
            return entry.value
    shown = ", ".join(str(entry.value) for entry in choices[:20])
    hint = f"Offered: {shown or 'nothing'}{', …' if len(choices) > 20 else ''}."
    if one.sources:
        lists = " or ".join(dict.fromkeys(source.list for source in one.sources))
        message = f"This value is not offered by the list {lists} in force today."
        raise Fault("not-in-list", message, hint)
    raise Fault("not-a-choice", "This value is not offered.", hint)


def _chosen_list(one: Component, value: Any, names: Mapping[str, Any]) -> list[Any]:
    if not isinstance(value, list):
        raise Fault("wrong-type", "A list is expected.", "Send a list.", expected="list")
    if len(value) > max(1, len(choices_of(one, names))):
        raise Fault("twice", "There are more values than choices.", "Send each once.")
    chosen = [_chosen(one, item, names) for item in value]
    if len({repr(item) for item in chosen}) < len(value):
        raise Fault("twice", "A value is there twice.", "Send each once.")
    demand_items(one, len(chosen))
    return chosen


def _lines(one: Component, value: Any, names: Mapping[str, Any]) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_LINES:
        message = f"A list of at most {MAX_LINES} texts is expected."
        raise Fault("wrong-type", message, "Send a list.", expected="list")
    demand_items(one, len(value))
    return [_text(one, item, names) for item in value]


def _datetime(one: Component, value: Any, _: Mapping[str, Any]) -> str:
    if not isinstance(value, str):
        raise Fault("wrong-type", "A text is expected.", "Send a text.", expected="text")
    return _MOMENTS[one.subtype](one, value)


def _date(_one: Component, value: str) -> str:
    fault = Fault("not-a-date", "This is no date.", "Write for example 2026-09-18.")
    return _parsed(_DATE, date.fromisoformat, value, fault)


def _time(_one: Component, value: str) -> str:
    fault = Fault("not-a-time", "This is no time.", "Write for example 09:30.")
    return _parsed(_TIME, time.fromisoformat, value, fault)


def _moment(one: Component, value: str) -> str:
    example = "2026-09-18T09:30" + ("+08:00" if one.zoned else "")
    fault = Fault("not-a-moment", "This is no date and time.", f"Write for example {example}.")
    text = _parsed(_MOMENT, datetime.fromisoformat, value, fault)
    if one.zoned != (datetime.fromisoformat(text).tzinfo is not None):
        wanted = "needs" if one.zoned else "takes no"
        raise Fault("offset", f"The moment {wanted} offset.", f"Write for example {example}.")
    return text


def _parsed(shape: re.Pattern[str], parse: Callable[[str], Any], value: str, fault: Fault) -> str:
    # The pattern first: fromisoformat also takes week dates and compact forms.
    if not value.isascii() or not shape.fullmatch(value):
        raise fault
    try:
        parse(value)
    except ValueError:
        raise fault from None
    return value


def _files(one: Component, value: Any, _: Mapping[str, Any]) -> list[str]:
    if isinstance(value, str):
        value = [value]
    good = isinstance(value, list) and all(
        isinstance(item, str) and _FILE.fullmatch(item) for item in value
    )
    if not good:
        hint = "Attach the file first, then send the attachment's id."
        raise Fault("wrong-type", "Ids of attachments are expected.", hint, expected="attachments")
    demand_items(one, len(value))
    limit = MAX_FILES if one.multiple else 1
    if len(value) > limit or len(set(value)) < len(value):
        message = f"At most {limit} different files are allowed."
        raise Fault("too-many", message, "Send fewer.", limit=limit)
    return list(value)


_MOMENTS = {"date": _date, "time": _time, "datetime": _moment}
_CHECKS: dict[str, Callable[[Component, Any, Mapping[str, Any]], Any]] = {
    "textfield": _text,
    "textarea": _text,
    "number": _number,
    "checkbox": _checkbox,
    "select": _chosen,
    "radio": _chosen,
    "checklist": _chosen_list,
    "taglist": _chosen_list,
    "datetime": _datetime,
    "filepicker": _files,
    "lines": _lines,
}
