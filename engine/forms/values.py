"""What any JSON value must be before it may enter a case's data.

A value that passes can be stored, hashed, compared and shown by every part of
the house and by both databases: numbers are finite and integers lie below 2^63,
texts hold neither lone surrogates nor null bytes, nothing is nested deeper than
64, and no name starts with ``$``, which marks the engine's own tagged values
(a forged ``{"$sealed": …}`` would otherwise read somebody else's secret).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from engine.errors import InvalidData

MAX_DEPTH = 64
MAX_INTEGER = 2**63
MAX_NAME = 200
MAX_FINDINGS = 50

Finding = dict[str, Any]


def finding(code: str, key: str, message: str, hint: str, **details: Any) -> Finding:
    """Return one finding about data: which key, what is wrong, what to do."""
    return {
        "code": code,
        "severity": "error",
        "key": key,
        "message": message,
        "hint": hint,
        **details,
    }


def faults(value: Any, key: str, depth: int = 1) -> Iterator[Finding]:
    """Yield what keeps ``value``, found under ``key``, from being stored.

    Args:
        value: any Python object.
        key: path for the findings, e.g. ``places[2].name``.
        depth: how many containers already lie around it.
    """
    # Nearly all data are sound; only for a fault it matters where it lies.
    if is_sound(value, depth):
        return
    if isinstance(value, str):
        yield from _text_faults(value, key)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        yield from _number_faults(value, key)
    elif isinstance(value, dict | list):
        yield from _container_faults(value, key, depth)
    else:
        kind = type(value).__name__
        yield finding("not-json", key, f"A {kind} is no JSON value.", "Send JSON values only.")


def is_sound(value: Any, depth: int = 1) -> bool:
    """Whether ``faults`` would find nothing."""
    # Loops instead of ``all``: a generator for each container costs more than what it does.
    if isinstance(value, str):
        return "\0" not in value and _is_unicode(value)
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        return abs(value) < MAX_INTEGER
    if isinstance(value, float):
        return math.isfinite(value)
    if depth > MAX_DEPTH:
        return False
    if isinstance(value, list):
        for item in value:  # noqa: SIM110
            if not is_sound(item, depth + 1):
                return False
        return True
    if isinstance(value, dict):
        for name, item in value.items():  # noqa: SIM110
            if not (_is_name(name) and is_sound(item, depth + 1)):
                return False
        return True
    return False


def _is_name(name: Any) -> bool:
    return (
        isinstance(name, str)
        and 0 < len(name) <= MAX_NAME
        and name[0] != "$"
        and "\0" not in name
        and _is_unicode(name)
    )


def _text_faults(value: str, key: str) -> Iterator[Finding]:
    if "\0" in value:
        hint = "Remove the character U+0000."
        yield finding("null-byte", key, "The text holds a null character.", hint)
    if not _is_unicode(value):
        message = "The text holds half of a surrogate pair."
        yield finding("lone-surrogate", key, message, "Send well-formed Unicode.")


def _is_unicode(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number_faults(value: float, key: str) -> Iterator[Finding]:
    if isinstance(value, int):
        if abs(value) >= MAX_INTEGER:
            message = "The integer does not lie between -2^63 and 2^63."
            yield finding("too-big", key, message, "Send larger numbers as text.")
    elif not math.isfinite(value):
        yield finding("not-finite", key, "The number is not finite.", "Send a finite number.")


def _container_faults(value: dict[Any, Any] | list[Any], key: str, depth: int) -> Iterator[Finding]:
    if depth > MAX_DEPTH:
        message = f"The value is nested deeper than {MAX_DEPTH}."
        yield finding("too-deep", _short(key), message, "Flatten the data.", limit=MAX_DEPTH)
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from faults(item, f"{key}[{index}]", depth + 1)
        return
    for name, item in value.items():
        yield from name_faults(name, key)
        yield from faults(
            item, f"{key}.{_short(str(name))}" if key else _short(str(name)), depth + 1
        )


def name_faults(name: Any, key: str) -> Iterator[Finding]:
    """Yield what keeps ``name`` from being the name of a datum in the object ``key``."""
    if not isinstance(name, str) or not name or len(name) > MAX_NAME:
        message = f"A name is a text of 1 to {MAX_NAME} characters."
        yield finding("bad-name", key, message, "Rename it.", limit=MAX_NAME)
    elif name.startswith("$"):
        message = f"{_short(name)!r}: names that start with $ belong to the engine."
        yield finding("bad-name", key, message, "Rename it.")
    elif "\0" in name or not _is_unicode(name):
        yield finding("bad-name", key, "The name is no well-formed text.", "Rename it.")


def _short(text: str) -> str:
    """Return ``text`` fit for a finding: printable, and at most 100 characters."""
    clean = "".join(one if one.isprintable() else "�" for one in text[:100])
    return clean if len(text) <= 100 else clean + "…"


def refuse(found: Iterator[Finding] | list[Finding], message: str) -> None:
    """Raise if there is anything in ``found``; only the first 50 findings are told.

    Raises:
        InvalidData: with the findings.
    """
    told: list[Finding] = []
    for one in found:
        told.append(one)
        if len(told) == MAX_FINDINGS:
            break
    if told:
        first = told[0]
        text = f"{message} {first['key']}: {first['message']}" if first["key"] else message
        raise InvalidData(text, findings=told, hint=first["hint"])


def check_json(value: Any) -> None:
    """Refuse a value that may not enter a case's data.

    Raises:
        InvalidData: with one finding per fault, 50 at most.
    """
    refuse(faults(value, ""), "The data cannot be stored.")
