"""What the engine says in English, in the language of the page that shows it.

The engine writes English sentences with values in them: refusals, incidents, findings about
lists. ``refusals.json`` holds those of refusals and incidents with ``{}`` for each value, and
their Chinese; those of findings stand in the catalogue of the checks. Hints for programs (which
call to make instead) are no use to who reads a page and are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from api.web import diagrams, language
from engine.bpmn import sentences
from engine.errors import EngineError

_FILE = Path(__file__).parent / "refusals.json"
_NAMED = re.compile(r"\b([a-z][a-z0-9_]*|[A-Z0-9][A-Z0-9-]*) \(([^()]*)\)")
"""A role or unit as the engine writes it: its code, and its name in brackets."""
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_NEEDS = (
    (re.compile(r"(.+) in the case's unit( or above)?"), "needs_here"),
    (re.compile(r"(.+) in (.+?)( or above)?"), "needs_there"),
    (re.compile(r"to be '(.+)'"), "needs_person"),
)
_FOR_PROGRAMS = re.compile(r"\b(?:GET|POST|PUT|DELETE) /|/api/v1/|\bIf-Match\b|\bIdempotency-Key\b")


@cache
def known() -> Mapping[str, str]:
    """Return the sentences of refusals: those that leave least open first."""
    found: dict[str, str] = json.loads(_FILE.read_text("utf-8"))
    fixed = sorted(found.items(), key=lambda one: -len(sentences.PLACE.sub("", one[0])))
    return dict(fixed)


def sentence(english: str) -> str:
    """Return what the engine says; its own words in English, and where there are no others."""
    if language.chosen() == "en":
        return english
    return language.shown(in_chinese(english) or sentences.phrase(english))


def in_chinese(english: str) -> str | None:
    """Return a sentence of the engine in Chinese; None where there is none for it."""
    found = sentences.phrase(english)
    return found if found != english else sentences.among(english, known())


def hint(said: str | None) -> str:
    """Return what to do; nothing where only a program can do it."""
    if not said or _FOR_PROGRAMS.search(said):
        return ""
    return _needed(said) if said.startswith("This needs ") else sentence(said)


def _needed(said: str) -> str:
    """Return who could do it, by the names of roles and units instead of their codes."""
    named = _NAMED.sub(lambda one: _name(one[1]), said)
    ways = named.removeprefix("This needs ").removesuffix(".").split("; or ")
    return language.text("needs", ways=language.text("needs_or").join(map(_way, ways)))


def _name(code: str) -> str:
    role = diagrams.person(code)
    return role if role != code else diagrams.unit(code) or code


def _way(one: str) -> str:
    """Return one of the ways to a right."""
    for pattern, key in _NEEDS:
        found = pattern.fullmatch(one)
        if found is not None:
            who, *rest = (part or "" for part in found.groups())
            above = language.text("needs_above") if rest and rest[-1] else ""
            return language.text(key, who=_roles(who), where="".join(rest[:-1]), above=above)
    return _roles(sentence(one))


def _roles(names: str) -> str:
    known = [_name(one) if _CODE.fullmatch(one) else one for one in names.split(" or ")]
    return language.text("needs_roles").join(known)


def refusal(error: EngineError) -> str:
    """Return why something was refused and what to do, as short as it can be said."""
    if not language.known(error.code):
        return reason(error)
    return " ".join(one for one in (language.text(error.code), hint(error.hint)) if one)


def reason(error: EngineError) -> str:
    """Return why something was refused, with its values, and what to do."""
    return " ".join(one for one in (sentence(error.message), hint(error.hint)) if one)
