"""Chinese first, English on request: the words of the pages."""

from __future__ import annotations

from typing import Any

from flask import g, request

from api.web.words import WORDS

COOKIE = "bihuan_language"
LANGUAGES = ("zh", "en")


def chosen() -> str:
    """Return ``zh`` or ``en``: what the address says, else what was chosen before."""
    if "language" not in g:
        asked = request.args.get("lang") or request.cookies.get(COOKIE)
        g.language = asked if asked in LANGUAGES else LANGUAGES[0]
    return str(g.language)


def text(key: str, **values: Any) -> str:
    """Return the words for ``key`` in the chosen language, with ``values`` filled in."""
    return WORDS[key][LANGUAGES.index(chosen())].format(**values)


def known(key: str) -> bool:
    """Say whether there are words for ``key``."""
    return key in WORDS


def pick(chinese: str, english: str | None) -> str:
    """Return one of two names by the chosen language; the Chinese one if there is no other."""
    return english if english and chosen() == "en" else chinese
