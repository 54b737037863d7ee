"""What findings say in Chinese, and what to do where a finding says only what is wrong.

The checks write English sentences with values in them. ``sentences.json`` holds, by
code, the same sentences with ``{}`` for each value and their Chinese; here the values
are taken out of the one and put into the other. A sentence that is not in the file is
told by the one that is true of every finding of its code, with the values it quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

PLACE = re.compile(r"\{(\d?)\}")
"""Where a value stands in a sentence: the next one, or the one of that number."""

_QUOTED = re.compile(r"'([^'\n]{1,100})'|\"([^\"\n]{1,100})\"")
_SPACED = re.compile(r"( ?)\{(\d?)\}( ?)")
_LONGEST = 1_000
_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Sentences:
    """What the findings of one code say.

    Attributes:
        wrong: what is wrong, in Chinese; true of each finding of the code.
        do: what to do, in English and Chinese; likewise.
        says: English sentence -> Chinese, both with ``{}`` for their values.
        hints: the same for what to do.
    """

    wrong: str
    do: tuple[str, str]
    says: Mapping[str, str]
    hints: Mapping[str, str]


@cache
def catalogue() -> Mapping[str, Sentences]:
    """Return the sentences of every code."""
    hints = _document()["shared"]["hints"]
    return {
        code: Sentences(
            wrong=one["wrong"],
            do=(one["do"][0], one["do"][1]),
            says=one.get("says", {}),
            hints={**one.get("hints", {}), **hints},
        )
        for code, one in _document()["codes"].items()
    }


@cache
def phrases() -> Mapping[str, str]:
    """Return what stands for a value in Chinese: the kinds of elements, and reasons."""
    found: Mapping[str, str] = _document()["shared"]["phrases"]
    return found


@cache
def _document() -> dict[str, Any]:
    content = resources.files("engine.bpmn").joinpath("sentences.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(content)
    return found


def in_chinese(code: str, message: str) -> str:
    """Return what the message of a finding says; itself for a code that is not known."""
    known = catalogue().get(code)
    if known is None:
        return message
    exact = _translated(message, known.says)
    if exact is not None:
        return exact
    quoted = "、".join(f"“{one or two}”" for one, two in _QUOTED.findall(message))
    return f"{known.wrong.removesuffix('。')}：{quoted}。" if quoted else known.wrong


def phrase(text: str) -> str:
    """Return a reason in Chinese, such as an engine gives; itself where it is not known."""
    return _translated(text, phrases()) or text


def among(text: str, known: Mapping[str, str]) -> str | None:
    """Return a text in Chinese by sentences like those of the catalogue; None if it is none."""
    return _translated(text, known)


def to_do(code: str, hint: str | None) -> tuple[str | None, str | None]:
    """Return what to do in English and Chinese, also where a finding does not say it."""
    known = catalogue().get(code)
    if known is None:
        return hint, hint
    if not hint:
        return known.do
    exact = known.do[1] if hint == known.do[0] else _translated(hint, known.hints)
    return hint, exact or known.do[1]


def _translated(text: str, sentences: Mapping[str, str], depth: int = 0) -> str | None:
    """Return the text by the first sentence that it is; None where it is none of them."""
    if text in sentences:
        return sentences[text]
    if len(text) > _LONGEST:
        return None
    for english, chinese in sentences.items():
        found = _pattern(english)
        values = None if found is None else found.fullmatch(text)
        if values is not None:
            return _filled(chinese, tuple(_value(one, depth) for one in values.groups()))
    return None


@cache
def _pattern(english: str) -> re.Pattern[str] | None:
    """Return what finds the values in a sentence; None for one without values."""
    pieces = PLACE.split(english)[::2]
    if len(pieces) == 1:
        return None
    return re.compile("(.+?)".join(re.escape(one) for one in pieces), re.DOTALL)


def _filled(chinese: str, values: tuple[str, ...]) -> str:
    following = iter(values)

    def put(place: re.Match[str]) -> str:
        before, number, after = place.groups()
        value = values[int(number)] if number else next(following)
        # Quotation marks are as wide as the space that parts Latin letters from Chinese.
        return value if value.startswith("“") else f"{before}{value}{after}"

    return _SPACED.sub(put, chinese)


@lru_cache(maxsize=1_000)
def _value(text: str, depth: int) -> str:
    """Return a value as a Chinese sentence has it: known words translated, names in “”."""
    known = phrases()
    for parting, joined in ((", ", "、"), (" or ", "或")):
        parts = text.split(parting)
        if all(one in known for one in parts):
            return joined.join(known[one] for one in parts)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and text[0] not in text[1:-1]:
        return f"“{text[1:-1]}”"
    if depth == _DEPTH:
        return text
    told = [_translated(one, known, depth + 1) for one in text.split("; ")]
    return "；".join(one for one in told if one) if all(told) else text
