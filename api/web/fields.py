"""A form on a page: draw its fields from the schema, read back what was typed.

What was typed is never lost: after a refusal the same texts stand in the same
fields, each with its fault beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from api.web import choices, language, spoken, times
from engine.forms import Choice, Component, Form, choices_of, hidden
from engine.forms.model import fields_of

MOST_ROWS = 100
BLANK_ROWS = 2

Typed = MultiDict[str, str]


@dataclass(slots=True)
class Field:
    """One field as the template draws it."""

    name: str
    part: Component
    label: str
    values: list[str] = field(default_factory=list)
    """What stands in it: texts, as the browser sends them."""
    shown: str = ""
    """What stands there when it is only shown."""
    choices: tuple[Choice, ...] = ()
    faults: list[str] = field(default_factory=list)
    note: str = ""
    rows: list[list[Field]] = field(default_factory=list)
    parts: list[Field] = field(default_factory=list)

    @property
    def value(self) -> str:
        """The one text in it."""
        return self.values[0] if self.values else ""

    @property
    def drawn(self) -> str:
        """How its choices are drawn; see ``choices``."""
        return choices.drawn(self.part, len(self.choices))

    @property
    def entries(self) -> list[str]:
        """What stands in the inputs of a field that is ``typed``."""
        return choices.entries(self.part, self.choices, self.values)

    @property
    def suggestions(self) -> list[str]:
        """What is suggested while somebody types; the rows of one list share it."""
        is_again = "[" in self.name and "[0]" not in self.name
        few = () if is_again else self.choices[: choices.MOST_SUGGESTED]
        return [choices.entry(one) for one in few]

    @property
    def suggested_by(self) -> str:
        """The id on the page of what is suggested."""
        return "suggested-" + re.sub(r"\[\d+\]", "", self.name).replace(".", "-")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is needed to draw a form.

    Attributes:
        data: the data visible at the task.
        typed: what was just sent, or None on a fresh form.
        faults: texts of the faults by field name.
        extra_rows: True = one more blank row than usual.
    """

    data: Mapping[str, Any]
    typed: Typed | None = None
    faults: Mapping[str, list[str]] = field(default_factory=dict)
    extra_rows: bool = False
    outcomes: Mapping[str, str] = field(default_factory=dict)


def draw(form: Form, sheet: Sheet) -> list[Field]:
    """Return the fields of ``form`` in order."""
    labels = {one.key: one for one in form.fields()}
    return [_draw(one, one.key, sheet.data, sheet, labels) for one in form.components]


def _draw(
    one: Component,
    name: str,
    data: Mapping[str, Any],
    sheet: Sheet,
    labels: Mapping[str, Component],
) -> Field:
    value = data.get(one.key, one.default) if one.key else None
    drawn = Field(name, one, language.pick(one.label, one.label_en))
    drawn.note = _note(one, labels, sheet)
    if one.type == "group":
        drawn.parts = [_draw(part, part.key, data, sheet, labels) for part in one.parts]
        return drawn
    drawn.shown = shown(one, value, sheet.data)
    drawn.faults = list(sheet.faults.get(name, []))
    drawn.choices = choices_of(one, sheet.data)
    if one.type == "object":
        inner = value if isinstance(value, dict) and not times.is_withheld(value) else {}
        drawn.parts = [
            _draw(part, f"{name}.{part.key}", inner, sheet, labels) for part in one.parts
        ]
    elif one.type == "dynamiclist":
        drawn.rows = _draw_rows(one, name, value, sheet, labels)
        if one.readonly:
            drawn.rows = drawn.rows[: len(value) if isinstance(value, list) else 0]
    else:
        drawn.values = _texts(one, value) if sheet.typed is None else sheet.typed.getlist(name)
    return drawn


def _draw_rows(
    one: Component,
    name: str,
    value: Any,
    sheet: Sheet,
    labels: Mapping[str, Component],
) -> list[list[Field]]:
    rows = value if isinstance(value, list) else []
    if sheet.typed is None:
        count = len(rows) + BLANK_ROWS
    else:
        count = _row_count(sheet.typed, name) + int(sheet.extra_rows)
    drawn = []
    for index in range(min(MOST_ROWS, count)):
        row = rows[index] if index < len(rows) and isinstance(rows[index], dict) else {}
        drawn.append(
            [_draw(part, f"{name}[{index}].{part.key}", row, sheet, labels) for part in one.parts]
        )
    return drawn


def _row_count(typed: Typed, name: str) -> int:
    """Return how many rows of a list were on the page, blank ones too."""
    shape = re.compile(re.escape(name) + r"\[([0-9]{1,3})\]\.")
    found = [shape.match(key) for key in typed]
    return min(MOST_ROWS, max((int(one[1]) for one in found if one), default=-1) + 1)


def _texts(one: Component, value: Any) -> list[str]:
    """Return a datum as the texts a browser would send for it."""
    if value is None or times.is_withheld(value):
        return []
    if isinstance(value, bool):
        return [str(value)] if one.choices else ["on"] * value
    if one.type == "lines" and isinstance(value, list):
        return ["\n".join(str(item) for item in value)]
    if isinstance(value, list):
        return [str(item) for item in value]
    if one.type == "datetime" and one.subtype == "datetime" and one.zoned:
        return [_local(str(value))]
    return [str(value)]


def _local(value: str) -> str:
    try:
        return times.local(value).strftime("%Y-%m-%dT%H:%M")
    except ValueError:
        return value


def shown(one: Component, value: Any, names: Mapping[str, Any]) -> str:
    """Return a datum as people read it: by the labels of its choices, moments in local time."""
    if one.type == "object" and isinstance(value, dict) and not times.is_withheld(value):
        inner = [(part, value[part.key]) for part in fields_of(one.parts) if part.key in value]
        return "；".join(
            f"{language.pick(part.label, part.label_en)}：{shown(part, item, names)}"
            for part, item in inner
        )
    labels = {str(entry.value): entry for entry in choices_of(one, names)}
    values = value if isinstance(value, list) else [value]
    if labels and all(str(item) in labels for item in values):
        found = [labels[str(item)] for item in values]
        return "、".join(language.pick(entry.label, entry.label_en) for entry in found)
    if one.type == "datetime" and one.subtype == "datetime" and isinstance(value, str):
        return _local(value).replace("T", " ")
    return times.plain(value)


def _note(one: Component, labels: Mapping[str, Component], sheet: Sheet) -> str:
    """Say in words when a field is asked, where the values of one other answer decide it."""
    if one.hide is None:
        return ""
    rules = one.hide.comparisons
    if len({(rule.name, rule.operator) for rule in rules}) != 1:
        return ""
    is_single = len(rules) == 1
    if rules[0].operator == "!=" and (is_single or one.hide.every):
        key = "only_if"
    elif rules[0].operator == "=" and (is_single or not one.hide.every):
        key = "not_if"
    else:
        return ""
    name, other = rules[0].name, labels.get(rules[0].name)
    texts = [_literal(rule.literal, other, sheet, is_outcome=name == "outcome") for rule in rules]
    if name == "outcome":
        name = language.text("the_outcome")
    elif other is not None:
        name = language.pick(other.label, other.label_en)
    return language.text(key, name=name, value=language.text("or").join(texts))


def _literal(literal: Any, other: Component | None, sheet: Sheet, *, is_outcome: bool) -> str:
    if is_outcome:
        return str(sheet.outcomes.get(literal, literal))
    return shown(other, literal, {}) if other else times.plain(literal)


# -- reading back ---------------------------------------------------------------------


def collect(form: Form, typed: Typed, sheet: Sheet, outcome: str | None = None) -> dict[str, Any]:
    """Return what was typed as data: texts become numbers, choices and moments.

    What cannot be converted is passed on as text, so that the one place that
    judges data names the fault. An empty field that was empty before is left out,
    and so is one that is not asked with these answers and was left as it stood.
    """
    result: dict[str, Any] = {}
    by_key = {one.key: one for one in form.fields() if not one.readonly}
    for key, one in by_key.items():
        _collect(one, key, typed, sheet.data, result)
    away = hidden(form, {**sheet.data, **result, "outcome": outcome})
    return {
        key: value
        for key, value in result.items()
        if key not in away or value not in (False, sheet.data.get(key, by_key[key].default))
    }


def _collect(
    one: Component, name: str, typed: Typed, data: Mapping[str, Any], result: dict[str, Any]
) -> None:
    if one.type == "dynamiclist":
        rows = _collect_rows(one, name, typed)
        if rows or data.get(one.key):
            result[one.key] = rows
        return
    if one.type == "object":
        _collect_object(one, name, typed, data, result)
        return
    value = _convert(one, typed.getlist(name), data)
    was = data.get(one.key)
    is_blank = value in ("", None, []) or (value is False and one.hide is not None)
    was_blank = was in ("", None, [], False) or times.is_withheld(was)
    if not (is_blank and was_blank):
        result[one.key] = value


def _collect_object(
    one: Component, name: str, typed: Typed, data: Mapping[str, Any], result: dict[str, Any]
) -> None:
    """Gather the fields of an object; one that was empty and is left so stays away."""
    was = data.get(one.key)
    known = was if isinstance(was, dict) and not times.is_withheld(was) else {}
    found: dict[str, Any] = {}
    for part in fields_of(one.parts):
        if not part.readonly:
            _collect(part, f"{name}.{part.key}", typed, known, found)
    if found or was or one.required:
        result[one.key] = found


def pickers(form: Form) -> Iterator[str]:
    """Yield the names on the page of the fields that take files, those of objects too."""
    yield from _pickers(tuple(form.fields()), "")


def _pickers(parts: tuple[Component, ...], path: str) -> Iterator[str]:
    for one in fields_of(parts):
        if one.type == "filepicker" and not one.readonly:
            yield path + one.key
        elif one.type == "object":
            yield from _pickers(one.parts, f"{path}{one.key}.")


def _collect_rows(one: Component, name: str, typed: Typed) -> list[dict[str, Any]]:
    rows = []
    for index in range(_row_count(typed, name)):
        row: dict[str, Any] = {}
        for part in one.parts:
            _collect(part, f"{name}[{index}].{part.key}", typed, {}, row)
        if any(value is not False for value in row.values()):
            rows.append(row)
    return rows


def _convert(one: Component, texts: list[str], names: Mapping[str, Any]) -> Any:
    text = texts[0].strip() if texts else ""
    if one.type == "checkbox":
        return bool(texts)
    if one.type in ("checklist", "taglist"):
        return [_choice(one, item, names) for item in texts if item]
    if one.type in ("select", "radio"):
        return _choice(one, text, names) if text else None
    if one.type == "number":
        return text if one.as_text else _number(text)
    if one.type == "datetime":
        return _zoned(one, text)
    if one.type == "filepicker":
        return [item for item in texts if item]
    if one.type == "lines":
        return [line.strip() for line in (texts or [""])[0].splitlines() if line.strip()]
    return texts[0] if texts else ""


def _choice(one: Component, text: str, names: Mapping[str, Any]) -> Any:
    choice = choices.meant(one, choices_of(one, names), text)
    return text if choice is None else choice.value


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _zoned(one: Component, text: str) -> str:
    """Give a moment the offset of the zone people live in; a browser sends none."""
    if one.subtype != "datetime" or not one.zoned or not text:
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    if at.tzinfo is None:
        at = at.replace(tzinfo=times.zone())
    return at.isoformat(timespec="minutes")


# -- faults ---------------------------------------------------------------------------


def faults_by_field(findings: list[dict[str, Any]] | None) -> dict[str, list[str]]:
    """Return the texts of findings by the field they are about."""
    found: dict[str, list[str]] = {}
    for one in findings or []:
        found.setdefault(str(one.get("key", "")), []).append(fault_text(one))
    return found


def fault_text(one: Mapping[str, Any]) -> str:
    """Return a finding in the chosen language; the engine's own words if there are none."""
    for key in (f"fault_{one['code']}-{one.get('expected')}", f"fault_{one['code']}"):
        if language.known(key):
            return language.text(key, limit=one.get("limit", ""))
    return spoken.sentence(str(one.get("message", "")))


def elsewhere(by_field: Mapping[str, list[str]], known: set[str]) -> list[str]:
    """Return the faults that no field on the page can show."""
    return [
        f"{key}：{text}" if key else text
        for key, texts in by_field.items()
        if re.split(r"[.\[]", key, maxsplit=1)[0] not in known
        for text in texts
    ]
