"""Functions of strings; characters are those of Unicode, counted from 1."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from engine.feel import numbers
from engine.feel.builtins.patterns import NoPattern, compiled, limited
from engine.feel.builtins.registry import builtin
from engine.feel.run import Run

_REFERENCE = re.compile(r"\\(.?)|\$(\d*)", re.DOTALL | re.ASCII)


@builtin("substring", "string: string, start position: number, length: number?", "string")
def _substring(run: Run, text: str, start: Decimal, length: Decimal | None) -> str | None:
    first = numbers.cut(start)
    count = len(text) if length is None else numbers.cut(length)
    if first == 0 or abs(first) > len(text) or count < 1:
        run.note(f"substring() has no position {first}, or no {count} characters there.")
        return None
    begin = first - 1 if first > 0 else len(text) + first
    return text[begin : begin + count]


@builtin("string length", "string: string", "number")
def _length(_run: Run, text: str) -> Decimal:
    return Decimal(len(text))


@builtin("upper case", "string: string", "string")
def _upper(run: Run, text: str) -> str:
    return _made(run, text.upper())


@builtin("lower case", "string: string", "string")
def _lower(run: Run, text: str) -> str:
    return _made(run, text.lower())


@builtin("substring before", "string: string, match: string", "string")
def _before(_run: Run, text: str, match: str) -> str:
    before, found, _ = text.partition(match) if match else ("", "", "")
    return before if found else ""


@builtin("substring after", "string: string, match: string", "string")
def _after(_run: Run, text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


@builtin("contains", "string: string, match: string", "boolean")
def _contains(_run: Run, text: str, match: str) -> bool:
    return match in text


@builtin("starts with", "string: string, match: string", "boolean")
def _starts_with(_run: Run, text: str, match: str) -> bool:
    return text.startswith(match)


@builtin("ends with", "string: string, match: string", "boolean")
def _ends_with(_run: Run, text: str, match: str) -> bool:
    return text.endswith(match)


# -- regular expressions ----------------------------------------------------------------


def _pattern(run: Run, pattern: str, flags: str | None) -> Any:
    run.spend(100)
    try:
        return compiled(pattern, "".join(sorted(flags or "")))
    except NoPattern as error:
        run.note(f"{pattern[:40]!r} is no regular expression: {error}.")
        return None


@builtin("matches", "input: string, pattern: string, flags: string?", "boolean")
def _matches(run: Run, text: str, pattern: str, flags: str | None) -> bool | None:
    found = _pattern(run, pattern, flags)
    if found is None:
        return None
    return limited(found.search, text, seconds=run.limits.pattern_seconds) is not None


@builtin("replace", "input: string, pattern: string, replacement: string, flags: string?", "string")
def _replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None) -> str | None:
    found = _pattern(run, pattern, flags)
    if found is None:
        return None
    seconds = run.limits.pattern_seconds
    if limited(found.search, "", seconds=seconds) is not None:
        run.note("replace() takes no pattern that matches an empty text.")
        return None
    parts = _parts(replacement, found.groups)
    if parts is None:
        run.note("In a replacement, $ is followed by a digit and \\ by $ or \\.")
        return None
    left = run.limits.text

    def put(match: Any) -> str:
        nonlocal left
        made = "".join(part if isinstance(part, str) else match[part] or "" for part in parts)
        left -= len(made)
        run.written(run.limits.text - left)
        return made

    return _made(run, limited(found.sub, text, put, seconds=seconds))


def _parts(replacement: str, groups: int) -> list[str | int] | None:
    """Return a replacement as texts and numbers of groups; None if it is none."""
    parts: list[str | int] = []
    end = 0
    for one in _REFERENCE.finditer(replacement):
        parts.append(replacement[end : one.start()])
        end = one.end()
        if one[2] is None:
            if one[1] not in ("\\", "$"):
                return None
            parts.append(one[1])
            continue
        if not one[2]:
            return None
        # As many digits as name a group; the others stand for themselves.
        digits = one[2]
        used = 1
        while used < len(digits) and int(digits[: used + 1]) <= groups:
            used += 1
        number = int(digits[:used])
        parts += [number if number <= groups else "", digits[used:]]
    return [*parts, replacement[end:]]


@builtin("split", "string: string, delimiter: string", "list<string>")
def _split(run: Run, text: str, delimiter: str) -> list[str] | None:
    found = _pattern(run, delimiter, None)
    if found is None:
        return None
    seconds = run.limits.pattern_seconds
    if limited(found.search, "", seconds=seconds) is not None:
        run.note("split() takes no delimiter that matches an empty text.")
        return None
    result: list[str] = []
    end = 0
    for match in limited(_all(found), text, seconds=seconds):
        result.append(text[end : match.start()])
        end = match.end()
    return run.listed([*result, text[end:]])


def _all(pattern: Any) -> Any:
    return lambda text, timeout: list(pattern.finditer(text, timeout=timeout))


@builtin("string join", "list: list, delimiter: string?", "string")
def _join(run: Run, items: list[Any], delimiter: str | None) -> str | None:
    run.spend(len(items))
    texts = [one for one in items if one is not None]
    if not all(isinstance(one, str) for one in texts):
        run.note("string join() takes a list of strings.")
        return None
    between = delimiter or ""
    run.written(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _made(run: Run, text: str) -> str:
    run.written(len(text))
    return text
