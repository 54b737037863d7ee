"""The words of the pages: nothing is shown untranslated, and nothing is translated in vain."""

import re
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from api.web import language
from engine import errors

WEB = Path(language.__file__).parent
HAN = re.compile("[\u4e00-\u9fff]")


def read(path):
    with path.open("rb") as source:
        return {one.id: one.string for one in read_po(source, abort_invalid=True) if one.id}


def words(name):
    """Every text of a language, with the file that it stands in."""
    found = {}
    for path in sorted((language.CATALOGUES / name / "LC_MESSAGES").glob("*.po")):
        for key, text in read(path).items():
            assert key not in found, f"{key} stands in {path.stem} and in {found[key][0]}"
            found[key] = (path.stem, text)
    return found


@pytest.mark.parametrize("name", language.LANGUAGES[1:])
def test_every_language_has_every_text_in_the_same_domain(name):
    first, other = words(language.LANGUAGES[0]), words(name)

    assert {key: domain for key, (domain, _) in other.items()} == {
        key: domain for key, (domain, _) in first.items()
    }
    assert [key for key, (_, text) in {**first, **other}.items() if not text] == []


@pytest.mark.parametrize("name", language.LANGUAGES[1:])
def test_a_translation_fills_in_the_same_values(name):
    def holes(text):
        return sorted({part[1] for part in string.Formatter().parse(text) if part[1]})

    first, other = words(language.LANGUAGES[0]), words(name)

    assert {key: holes(text) for key, (_, text) in other.items()} == {
        key: holes(text) for key, (_, text) in first.items()
    }


def test_the_pages_for_residents_have_every_text_in_traditional_characters():
    """Whole domains alone: what other domains lend to these pages is converted."""
    own = words("zh_Hant")
    domains = {domain for domain, _ in own.values()}
    first = {
        key: text
        for key, (domain, text) in words(language.LANGUAGES[0]).items()
        if domain in domains
    }

    assert domains == {"public"}
    assert list(own) == list(first)
    assert [key for key, (_, text) in own.items() if not text] == []
    assert {key: re.findall(r"{(\w+)}", text) for key, (_, text) in own.items()} == {
        key: re.findall(r"{(\w+)}", text) for key, text in first.items()
    }
    assert language.catalogue("zh_Hant").gettext("required") == "必填"


def asked():
    """Every text that a template or a module names, whole or by how it begins."""
    sources = "\n".join(
        path.read_text("utf-8")
        for path in sorted(
            [*WEB.glob("*.py"), *WEB.glob("*/*.py"), *WEB.glob("templates/**/*.html")]
        )
    )
    whole = set(re.findall(r"""\bt\(\s*["']([a-z0-9_]+)["']\s*[,)]""", sources))
    whole |= set(re.findall(r"""(?:language\.)?text\(\s*"([a-z0-9_]+)"\s*[,)]""", sources))
    begun = set(re.findall(r"""\bt\(\s*["']([a-z0-9_]+_)["']\s*~""", sources))
    begun |= set(re.findall(r"""\bbeginning\("([a-z0-9_]+_)"\)""", sources))
    return sources, whole, begun | set(re.findall(r"""\bf"([a-z0-9_]+_)\{""", sources))


def test_no_page_asks_for_a_text_that_is_not_there():
    _, whole, begun = asked()
    known = words(language.LANGUAGES[0])

    assert sorted(whole - set(known)) == []
    assert [one for one in sorted(begun) if not any(key.startswith(one) for key in known)] == []


def test_no_text_is_there_that_nobody_asks_for():
    sources, _, begun = asked()
    named = {error.code for error in vars(errors).values() if hasattr(error, "code")}
    ended = tuple(re.findall(r"""\}(_[a-z]+)\"""", sources))

    assert [
        key
        for key in sorted(set(words(language.LANGUAGES[0])) - named)
        if not re.search(rf"\b{key}\b", sources)
        and not any(key.startswith(one) for one in begun)
        and not key.endswith(ended)
    ] == []


def test_no_template_says_a_word_past_the_catalogues():
    """What stands in a template itself would stay Chinese, or English, in every language."""
    said = {}
    pages = {*WEB.glob("templates/**/*.html")} - {WEB / "templates" / "docs.html"}
    for path in sorted(pages):  # docs.html is the list of calls, for programmers
        bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text("utf-8"), flags=re.S)
        shown = re.sub(r"<script.*?</script>|<[^>]*>", " ", bare, flags=re.S)
        shown = re.sub(r"""[a-z-]+="[^"]*\"""", " ", shown)  # the attributes that a macro gives
        attributes = re.findall(r"""(?:title|placeholder|aria-label|alt)="([^"]*)\"""", bare)
        text = [*HAN.findall(bare), *re.findall(r"\b[A-Za-z]{4,}", " ".join([shown, *attributes]))]
        if text:
            said[path.name] = text

    assert said == {}


def test_a_text_that_nobody_has_written_is_an_error_and_not_shown_as_its_name():
    with pytest.raises(KeyError, match="nobody_wrote_this"):
        language.catalogue("en").gettext("nobody_wrote_this")
