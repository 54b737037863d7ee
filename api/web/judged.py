"""Files that were checked, as a page shows them: pictures, and findings in their places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from api.web import language, spoken
from engine.bpmn.findings import SEVERITIES, Finding
from engine.bpmn.pictures import Part, Picture, picture
from engine.commands import JsonObject

SIGNS: Mapping[str, str] = {"error": "✖", "warning": "▲", "note": "●"}
"""What says how bad a finding is, beside its colour."""

_DIAGRAMS = (".bpmn", ".xml")


@dataclass(frozen=True, slots=True)
class File:
    """One file that is shown.

    Attributes:
        sheets: numbers of its pages among those of all files.
    """

    name: str
    picture: Picture | None
    is_diagram: bool
    sheets: tuple[int, ...]
    findings: tuple[JsonObject, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it consists of."""
        return self.picture.parts if self.picture else ()


def judge(files: Mapping[str, bytes], findings: Sequence[Finding]) -> list[File]:
    """Return the files with what was found in them; the diagrams first."""
    shown: list[File] = []
    names = sorted(files, key=lambda one: (not one.lower().endswith(_DIAGRAMS), one))
    others = [one.file for one in findings if one.file not in files]
    number = 0
    for name in dict.fromkeys([*names, *others]):
        is_diagram = name in files and name.lower().endswith(_DIAGRAMS)
        made = _picture(files[name]) if is_diagram else None
        count = len(made.sheets) if made else 0
        sheets = tuple(range(number, number + count))
        number += count
        told = [_told(one, made, sheets) for one in findings if one.file == name]
        # What stands nowhere on the drawing is read first, and errors before the rest.
        told.sort(key=lambda one: (one["at"] is not None, SEVERITIES.index(one["severity"])))
        shown.append(File(name, made, is_diagram, sheets, tuple(told)))
    return shown


@lru_cache(maxsize=32)
def _picture(content: bytes) -> Picture | None:
    return picture(content)


def _told(one: Finding, made: Picture | None, sheets: tuple[int, ...]) -> JsonObject:
    place = made.places.get(one.element or "") if made and sheets else None
    sheet = sheets[0] if place is not None else None
    return {**told(one.to_json()), "at": place, "sheet": sheet}


def told(document: JsonObject) -> JsonObject:
    """Return a finding with what it ``says`` and what is ``todo``, in the chosen language."""
    zh = language.chosen() == "zh"
    says, todo = document["message"], document["hint"] or ""
    if zh:
        # Findings about lists and units come without Chinese of their own.
        says = document.get("message_zh") or spoken.sentence(says)
        todo = (document["hint_zh"] or "") if "hint_zh" in document else spoken.sentence(todo)
    return {**document, "sign": SIGNS[document["severity"]], "says": says, "todo": todo}


def count(findings: Sequence[Finding]) -> dict[str, int]:
    """Return how many findings there are of each severity."""
    found = Counter(one.severity for one in findings)
    return {severity: found[severity] for severity in SEVERITIES}


def sheets(files: Sequence[File]) -> list[JsonObject]:
    """Return what the script on the page draws: each page with the marks of its elements."""
    found: list[JsonObject] = []
    for one in files:
        if one.picture is None:
            continue
        marks = _marks(one)
        for number, (key, name) in enumerate(one.picture.sheets):
            several = len(one.picture.sheets) > 1
            found.append(
                {
                    "file": one.name,
                    "name": f"{one.name}: {name}" if several else one.name,
                    "diagram": key,
                    # The text of a file stands there once, with the first of its pages.
                    "xml": one.picture.xml if number == 0 else None,
                    "marks": marks,
                }
            )
    return found


def _marks(one: File) -> dict[str, JsonObject]:
    marks: dict[str, JsonObject] = {}
    for finding in one.findings:
        if finding["at"] is None:
            continue
        mark = marks.setdefault(finding["at"], {"severity": "note", "count": 0})
        mark["count"] += 1
        mark["severity"] = min(mark["severity"], finding["severity"], key=SEVERITIES.index)
    for mark in marks.values():
        mark["sign"] = SIGNS[mark["severity"]]
        mark["label"] = language.text(f"severity_{mark['severity']}")
    return marks
