"""Chinese first, English on request: the words of the pages, out of gettext catalogues.

``translations/LANGUAGE/LC_MESSAGES/*.po`` hold them, one file (domain) for each part of
the pages. A message id is a short name, not a sentence: the Chinese text is a translation
like the others and may be mended without touching them. Pages for residents have a third
language, 繁體中文: what no catalogue has in it, and what comes out of the database, is
converted from the Chinese (OpenCC, standard characters of Taiwan, words left alone). The
files are read as they are when the first page is shown: nothing compiled is committed, and
nothing can be stale.
"""

from __future__ import annotations

import gettext
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import g, request
from opencc import OpenCC

COOKIE = "bihuan_language"
LANGUAGES = ("zh", "en")
PUBLIC = ("zh", "zh_Hant", "en")
"""Those of the pages for residents."""
TAGS = {"zh": "zh-CN", "zh_Hant": "zh-Hant", "en": "en"}
"""As they are called in HTML."""
CATALOGUES = Path(__file__).parent / "translations"


class _Unknown(gettext.NullTranslations):
    """Says so where gettext would show the id of a text to people."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)


class _Converted(gettext.NullTranslations):
    """What no catalogue has in traditional characters, converted from the simplified ones."""

    def gettext(self, message: str) -> str:
        return converted(catalogue(LANGUAGES[0]).gettext(message))


@cache
def catalogue(language: str) -> Translations:
    """Return the words of one language, all domains in one; its ``gettext`` raises KeyError."""
    found = Translations()
    for path in sorted((CATALOGUES / language / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as source:
            compiled = BytesIO()
            write_mo(compiled, read_po(source, locale=language, domain=path.stem))
        compiled.seek(0)
        found.merge(Translations(compiled, domain=path.stem))
    found.add_fallback(_Converted() if language == "zh_Hant" else _Unknown())
    return found


def offered() -> tuple[str, ...]:
    """Return the languages that the page at hand may be read in."""
    return PUBLIC if is_public() else LANGUAGES


def is_public() -> bool:
    """Say whether the page at hand is one for residents."""
    return request.path == "/public" or request.path.startswith("/public/")


def chosen() -> str:
    """Return the language: what the address says, else what was chosen before."""
    found = g.get("language")
    if found is None:
        asked = request.args.get("lang") or request.cookies.get(COOKIE)
        found = g.language = asked if asked in offered() else LANGUAGES[0]
    return str(found)


def text(key: str, **values: Any) -> str:
    """Return the words for ``key`` in the chosen language, with ``values`` filled in.

    Raises:
        KeyError: there are no words for ``key``.
    """
    return catalogue(chosen()).gettext(key).format(**values)


def known(key: str) -> bool:
    """Say whether there are words for ``key``."""
    try:
        catalogue(LANGUAGES[0]).gettext(key)
    except KeyError:
        return False
    return True


def beginning(prefix: str) -> dict[str, str]:
    """Return the words whose keys begin so, for a script: the rest of the key -> text."""
    keys = sorted(key for key in _keys() if key.startswith(prefix))
    return {key.removeprefix(prefix): catalogue(chosen()).gettext(key) for key in keys}


@cache
def _keys() -> frozenset[str]:
    found: set[str] = set()
    for path in (CATALOGUES / LANGUAGES[0] / "LC_MESSAGES").glob("*.po"):
        with path.open("rb") as source:
            found |= {str(one.id) for one in read_po(source) if one.id}
    return frozenset(found)


def pick(chinese: str, english: str | None) -> str:
    """Return one of two names by the chosen language; the Chinese one if there is no other."""
    return english if english and chosen() == "en" else shown(chinese)


def shown(chinese: str) -> str:
    """Return a Chinese text from the database in the characters that were chosen."""
    return converted(chinese) if chosen() == "zh_Hant" else chinese


@lru_cache(maxsize=4096)
def converted(simplified: str) -> str:
    """Return a text in traditional characters."""
    return str(_converter().convert(simplified))


@cache
def _converter() -> OpenCC:
    return OpenCC("s2tw")
