"""What the reader carries through one file: its findings, its ids, its texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.bpmn.document import (
    BPMN,
    CAMUNDA,
    SPIFF,
    ZEEBE,
    Element,
    Findings,
    children,
    in_bpmn,
    local,
)
from engine.bpmn.expressions import declared, expression
from engine.bpmn.translation import TextError
from engine.scripts import Code


@dataclass(frozen=True, slots=True)
class Reading:
    """One file being read.

    Attributes:
        ids: every BPMN element that has an id.
        lowered: those ids in lower case, for hints.
        associated: id -> what associations join it with, in the file's order.
        spiff: the file is written in SpiffWorkflow's dialect: it names that
            namespace and no other vendor's.
        language: of its expressions, as the file declares it; often empty.
    """

    findings: Findings
    ids: Mapping[str, Element]
    lowered: Mapping[str, str]
    associated: Mapping[str, Sequence[str]]
    spiff: bool = False
    language: str = ""

    @classmethod
    def of(cls, root: Element, findings: Findings) -> Reading:
        """Begin reading a file; an id used twice is a finding."""
        ids = ids_of(root, findings)
        named = set(root.nsmap.values())
        spiff = SPIFF in named and named.isdisjoint((*CAMUNDA, ZEEBE))
        lowered = {key.lower(): key for key in reversed(ids)}
        language = root.get("expressionLanguage") or ""
        return cls(findings, ids, lowered, _associated(root, ids), spiff, language)

    def code(self, at: Element, read: Callable[[str], Code], text: str | None) -> Code | None:
        """Read a text that begins at this element, or say why it cannot be read.

        None for no text, and for one that cannot be read.
        """
        if text is None or not text.strip():
            return None
        skipped = text[: len(text) - len(text.lstrip())].count("\n")
        line = None if at.sourceline is None else at.sourceline + skipped
        if read is expression and "feel" in (at.get("language") or self.language).lower():
            read = declared
        try:
            code = read(text)
            return Code(code.text, code.mode, line, code.feel, code.is_python)
        except TextError as refusal:
            self.findings.error(refusal.code, at, refusal.message, refusal.hint)
            return None

    def python(self, at: Element, code: Code | None) -> Code | None:
        """Return a code that becomes a part of a text in Python, or say that it cannot."""
        if code is None or code.is_python:
            return code
        self.findings.error(
            "expression-refused", at,
            f"{code.text!r} can only be said in FEEL, and here Python is put together.",
            "Compute it before, and name the datum here.",
        )  # fmt: skip
        return None

    def is_imported(self, at: Element, reference: str | None) -> bool:
        """Whether a reference names something of a file that this one imports."""
        prefix, colon, _ = (reference or "").strip().rpartition(":")
        if not colon:
            return False
        root = at.getroottree().getroot()
        spaces = {one.get("namespace") for one in children(root, "import")} - {None}
        return at.nsmap.get(prefix) in spaces

    def target(self, at: Element, what: str, reference: str | None, *names: str) -> Element | None:
        """Return the element that a reference names; a finding if it names none.

        Args:
            at: the element that holds the reference.
            what: the attribute, for the message.
            reference: an id, or a QName whose local part is one; None or "" for no reference.
            names: the kinds of element it may lead to; any if none is given.
        """
        if not reference or not reference.strip():
            return None
        key = reference.strip()
        found = self.ids.get(key)
        if found is None:
            found = self.ids.get(key.rpartition(":")[2])
        if found is None:
            near = self.lowered.get(key.lower())
            self.findings.error(
                "dangling-reference",
                at,
                f"{what} names {key!r}, which is not in the file.",
                f"Did you mean {near!r}?"
                if near
                else "Connect it again in the editor, or remove it.",
            )
            return None
        if names and local(found) not in names:
            self.findings.error(
                "wrong-reference",
                at,
                f"{what} names {key!r}, which is a {local(found)}, not a {' or '.join(names)}.",
                "Choose another element in the editor.",
            )
            return None
        return found


def _associated(root: Element, ids: Mapping[str, Element]) -> dict[str, list[str]]:
    """Return the ids at the other ends of each element's associations, whichever way drawn."""
    found: dict[str, list[str]] = {}
    for element in root.iter(f"{{{BPMN}}}association"):
        given = [(element.get(name) or "").strip() for name in ("sourceRef", "targetRef")]
        source, target = (one if one in ids else one.rpartition(":")[2] for one in given)
        found.setdefault(source, []).append(target)
        found.setdefault(target, []).append(source)
    return found


def ids_of(root: Element, findings: Findings) -> dict[str, Element]:
    """Return every BPMN element by its id; an id used twice is a finding."""
    ids: dict[str, Element] = {}
    for element in root.iter():
        key = element.get("id")
        if key is None or not in_bpmn(element):
            continue
        if key in ids:
            findings.error(
                "duplicate-id",
                (key, element.sourceline),
                f"The id {key!r} is used in line {ids[key].sourceline} already.",
                "Give each element an id of its own.",
            )
        else:
            ids[key] = element
    return ids
