"""What everybody who reads a DMN file shares: its types, its findings, parsed texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine import feel
from engine.bpmn.document import Element, Findings
from engine.decisions.document import own_text, text_of
from engine.decisions.functions import NAMES
from engine.decisions.logic import Literal
from engine.decisions.types import ANY, Constraint, ItemType, Types, builtin
from engine.feel.testing import reasons

_LANGUAGES = re.compile(r"feel", re.IGNORECASE)
_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")', re.DOTALL)
_WORD = re.compile(r"\b(True|False|None)\b|==")
_PYTHON = {"True": "true", "False": "false", "None": "null", "==": "="}
_AMONG = re.compile(r"\s*(not\s+)?in\s*\[(.*)\]\s*", re.DOTALL)
_SIMPLE = re.compile(r'[\s<>=!,.\d-]*|"[^"\\]*"')
_BARE = re.compile(r"(?<![\w.])[^\W\d]\w*(?!\w)(?!\s*\()")
_CALLED = re.compile(r"(?<![\w.])([^\W\d]\w*)\s*\(")
_MOMENT = re.compile(r"""(?:\b(date and time|date|time|duration)\s*\(\s*|@)"([^"\\]*)"(?!\s*,)""")
_KINDS = {
    "date": "date", "time": "time", "date and time": "date and time", "duration": "duration",
    "@": "date, time or duration",
}  # fmt: skip
_HINT = 'Cells hold -, "text", numbers, date("2026-10-08"), > 5, [1..10], lists, not(…).'
MAX_LENGTH = 20_000
"""Characters of one expression."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one text of a file.

    Attributes:
        owner: the id of the element that it belongs to.
        text: what is written there, where it is a cell or an expression.
    """

    owner: str
    text: str
    message: str
    hint: str


class Reading:
    """One file being read.

    Args:
        language: the expression language that the file declares.

    Attributes:
        is_open: the file has no input data: names are those of the data that are given.
        owner: the id of the element that is being read.
        broken: the ids of those with errors.
        imports: the names of imports by their namespaces.
        faults: these errors, by the text that has them.
        perhaps: names inside of filters, by the id of the element: of data, or of entries.
    """

    def __init__(
        self, filename: str, findings: Findings, types: Types, language: str | None
    ) -> None:
        self.filename, self.findings, self.types = filename, findings, types
        self.language = language
        self.broken: set[str] = set()
        self.faults: list[Fault] = []
        self.is_open = False
        self.owner = ""
        self.names: tuple[str, ...] = ()
        self.imports: dict[str, str] = {}
        self.fields: frozenset[str] = frozenset()
        self.perhaps: dict[str, set[str]] = {}
        self._unary: dict[tuple[str, tuple[str, ...]], feel.UnaryTests] = {}
        self._feel_types = types.feel_types()

    def enter(self, owner: str, names: Iterable[str]) -> None:
        """Read what belongs to an element, in which these names are known."""
        self.owner = owner
        self.names = tuple(sorted({*names, *NAMES}))
        self.fields = self.types.component_names()

    def types_read(self) -> None:
        """Say that all types of the file are known now."""
        self._feel_types = self.types.feel_types()

    def error(self, code: str, at: Element, message: str, hint: str | None = None) -> None:
        """Add an error; the element that is being read is broken."""
        self.broken.add(self.owner)
        self.faults.append(Fault(self.owner, text_of(at), message, hint or ""))
        self.findings.error(code, (self.owner or None, at.sourceline), message, hint)

    def warning(self, code: str, at: Element, message: str, hint: str | None = None) -> None:
        """Add what the designer should know."""
        self.findings.warning(code, (self.owner or None, at.sourceline), message, hint)

    # -- expressions ------------------------------------------------------------------

    def language_of(self, element: Element | None, at: Element, where: str) -> None:
        """Refuse what is written in another language than FEEL."""
        own = element.get("expressionLanguage") if element is not None else None
        language = own or self.language
        if language and not _LANGUAGES.search(language):
            self.error(
                "dmn-language", at,
                f"Decision {self.owner!r}, {where} is written in {language[:60]!r}.",
                "Write it in S-FEEL.",
            )  # fmt: skip

    def literal(
        self,
        element: Element | None,
        where: str,
        *,
        at: Element | None = None,
        names: tuple[str, ...] = (),
        kind: ItemType = ANY,
    ) -> Literal:
        """Return the FEEL expression that an element holds as text."""
        at = element if at is None else at
        assert at is not None
        self.language_of(element, at, where)
        return self.expression(text_of(element), at, where, names=names, kind=kind)

    def expression(
        self,
        text: str,
        at: Element,
        where: str,
        *,
        names: tuple[str, ...] = (),
        kind: ItemType = ANY,
    ) -> Literal:
        """Return a text as an expression; null after a finding where it is none."""
        place = f"Decision {self.owner!r}, {where}"
        if text in ("", "-"):
            return Literal(text, None, kind, place)
        try:
            self._bounded(text)
            names = self.names + names + self._data_in(text)
            parsed = feel.parse(_feel(text), names, types=self._feel_types, fields=self.fields)
            self._doubts(text, at, where, parsed, names)
            self.may_read(parsed.perhaps)
        except feel.FeelError as reason:
            self._unreadable(text, at, where, reason)
            parsed = None
        return Literal(text, parsed, kind, place)

    def tests(
        self, text: str, at: Element, where: str, names: tuple[str, ...] = ()
    ) -> feel.UnaryTests | None:
        """Return a text as unary tests; None after a finding where it is none."""
        text = _tests(text)
        names = self.names + names + self._data_in(text)
        key = (text, names)
        if key not in self._unary:
            try:
                self._bounded(text)
                self._unary[key] = feel.parse_unary(
                    text, names, types=self._feel_types, fields=self.fields
                )
                self._doubts(text, at, where, self._unary[key], names)
            except feel.FeelError as reason:
                self._unreadable(text, at, where, reason)
                return None
        self.may_read(self._unary[key].perhaps)
        return self._unary[key]

    def may_read(self, names: frozenset[str]) -> None:
        """Note names inside of a filter of the element that is being read."""
        if names:
            self.perhaps.setdefault(self.owner, set()).update(names)

    def constraint(self, element: Element | None, where: str) -> Constraint | None:
        """Return the allowed values that an element holds; None for none or any."""
        text = text_of(element)
        if element is None or text in ("", "-"):
            return None
        self.language_of(element, element, where)
        tests = self.tests(text, element, where)
        return None if tests is None else Constraint(text, tests)

    def no_value(self, at: Element, where: str, reason: str) -> None:
        """Tell what is null whatever the data are."""
        self.warning(
            "dmn-no-value", at,
            f"Decision {self.owner!r}, {where}: {reason.rstrip('.')}, and so it is null.",
            "Give each entry a name of its own; write functions in FEEL.",
        )  # fmt: skip

    def _doubts(
        self,
        text: str,
        at: Element,
        where: str,
        parsed: feel.Expression | feel.UnaryTests,
        known: tuple[str, ...],
    ) -> None:
        """Tell functions that there are not, and dates that are none."""
        if "{" in text or " of " in text:
            for reason in reasons(getattr(parsed.tree, "parts", parsed.tree)):
                self.no_value(at, where, reason)
        if "(" not in text and "@" not in text:
            return
        for name in dict.fromkeys(_CALLED.findall(_QUOTED.sub('""', text))):
            known_here = name in known or name in self.fields or name in feel.BUILTINS
            if name in parsed.names and not known_here:
                self.warning(
                    "dmn-unknown-name", at,
                    f"Decision {self.owner!r}, {where}: there is no function {name[:60]}().",
                    "Mend the name, or define it as a business knowledge model.",
                )  # fmt: skip
        for found in _MOMENT.finditer(text):
            name, literal = found[1] or "@", found[2]
            call = f'@"{literal}"' if name == "@" else f'{name}("{literal}")'
            try:
                value = feel.parse(call).evaluate({})
            except feel.FeelError:
                value = None
            if value is None:
                self.warning(
                    "dmn-literal", at,
                    f"Decision {self.owner!r}, {where}: {call[:80]} is no {_KINDS[name]}, and so "
                    "null.",
                    'Write them like date("2026-10-08"), time("09:00:00"), duration("P3D").',
                )  # fmt: skip

    def _data_in(self, text: str) -> tuple[str, ...]:
        """Return data that are named like a function of FEEL, where names are those of data."""
        if not self.is_open or _SIMPLE.fullmatch(text):
            return ()
        return tuple(one for one in _BARE.findall(text) if one in feel.BUILTINS)

    @staticmethod
    def _bounded(text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise feel.FeelError(f"it is longer than {MAX_LENGTH:,} characters", 0)

    def _unreadable(self, text: str, at: Element, where: str, reason: feel.FeelError) -> None:
        said = reason.message.rstrip(".")
        self.error(
            "dmn-cell", at,
            f"Decision {self.owner!r}, {where}: {text.strip()[:60]!r}: {said}.",
            reason.hint or _HINT,
        )  # fmt: skip

    # -- types ------------------------------------------------------------------------

    def type_of(self, element: Element | None) -> ItemType:
        """Return the type that an element's ``typeRef`` names; ``ANY`` without one."""
        if element is None:
            return ANY
        name = (element.get("typeRef") or "").strip()
        return self.type_named(name, element) if name else ANY

    def spellings(self, name: str, at: Element) -> Iterator[str]:
        """Yield by what names a type may be known that is written so in the file."""
        prefix, _, local = name.rpartition(":")
        # DMN 1.1 names the types of imported files by the prefix of their namespace.
        imported = self.imports.get(str(at.nsmap.get(prefix))) if prefix else None
        if imported:
            yield f"{imported}.{local}"
        yield name
        yield local

    def type_named(self, name: str, at: Element) -> ItemType:
        """Return the type of that name; ``ANY`` after a finding where there is none."""
        name = own_name(name)
        for text in self.spellings(name, at):
            found = self.types.known.get(text) or builtin(text)
            if found is not None:
                return found
        self.warning(
            "dmn-unknown-type", at,
            f"The type {name[:80]!r} is not known here; every value is taken.",
            "Define it as an item definition, or use a type of FEEL such as string or number.",
        )  # fmt: skip
        return ANY


def own_name(name: str) -> str:
    """Return the name of a type as the file has it in DMN 1.2 and later."""
    name = " ".join(name.split())
    if name.startswith("{"):
        return name.partition("}")[2]
    return name


def type_ref(element: Element) -> str:
    """Return the ``typeRef`` that an item definition holds as an element, or attribute."""
    for one in element.iterchildren():
        if str(one.tag).endswith("}typeRef"):
            return own_text(one)
    return (element.get("typeRef") or "").strip()


def _feel(text: str) -> str:
    """Return an expression with Python's words as FEEL's: tables of SpiffWorkflow have them."""
    if not _WORD.search(text):
        return text
    parts = _QUOTED.split(text)
    return "".join(
        part if part.startswith('"') else _WORD.sub(lambda word: _PYTHON[word[0]], part)
        for part in parts
    )


def _tests(text: str) -> str:
    """Return an input cell likewise: ``in [a, b]`` and ``not in [a, b]`` too."""
    among = _AMONG.fullmatch(text) if "in" in text else None
    if among is not None:
        text = f"not({among[2]})" if among[1] else among[2]
    return _feel(text)


_VALUE = re.compile(r"""\bvalue\s*\(\s*"([^"\\]+)"\s*[,)]""")


def values_named(text: str) -> frozenset[str]:
    """Return the data that ``value("name")`` in a text asks for."""
    return frozenset(_VALUE.findall(text)) if "value" in text else frozenset()


__all__ = ["Reading", "own_name", "type_ref", "values_named"]
