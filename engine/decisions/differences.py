"""The difference between two versions of decision tables, as changed rules.

Rules are known by their ids, else by their cells. Where it can be computed, a changed rule
has an example: an input that comes out differently (``examples_of`` in ``contrasts``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from engine.bpmn.document import Findings
from engine.decisions.contrasts import Contrast
from engine.decisions.document import children, own_text, root_of
from engine.decisions.drawn import INPUT, SAYS, Column, Drawn, Rule, drawn, tables_in
from engine.decisions.explaining import feel_text
from engine.decisions.model import Model, table_of
from engine.decisions.reader import read_files

ORDERED = ("FIRST", "RULE ORDER", "PRIORITY", "OUTPUT ORDER", "COLLECT")
"""Hit policies under which it shows in what order rules stand."""
Difference = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a DMN file, with the files that it imports beside it."""

    name: str
    files: Mapping[str, bytes]

    @property
    def content(self) -> bytes:
        """The bytes of the file itself."""
        return self.files[self.name]

    def model(self) -> Model | None:
        """Return what the file defines, or None if it cannot be read."""
        return read_files(self.files)[0].get(self.name)


def compare(old: Version, new: Version, decision: str | None = None) -> Difference:
    """Return what has changed from one version of a DMN file to another, in plain JSON.

    Args:
        decision: the id or name of the one table to compare; without it, all.

    Returns:
        ``{added, removed, tables, expressions}``: ids of tables that are new or gone; for
        each table that has changed ``{decision, name, hit_policy, columns, rules}``, with
        only what has changed; and the ids of other decisions whose text has changed. A
        rule is ``{change, rule, row, was_row, cells, example}``: ``change`` is ``added``,
        ``removed``, ``changed`` or ``moved``.

    Raises:
        NotFound: there is no such table, or a file is no DMN.
    """
    if decision is not None:
        pair = drawn(old.content, decision, filename=old.name)
        other = drawn(new.content, decision, filename=new.name)
        pairs, added, removed = [(pair, other)], [], []
    else:
        before, after = tables_in(old.content), tables_in(new.content)
        added = [one for one in after if one not in before]
        removed = [one for one in before if one not in after]
        pairs = [
            (
                drawn(old.content, one, filename=old.name),
                drawn(new.content, one, filename=new.name),
            )
            for one in after
            if one in before
        ]
    models = old.model(), new.model()
    found = [_Tables(one, other, models).difference() for one, other in pairs]
    return {
        "added": added,
        "removed": removed,
        "tables": [one for one in found if one is not None],
        "expressions": [] if decision is not None else _expressions(old, new),
    }


def is_same(difference: Difference) -> bool:
    """Whether nothing has changed."""
    return not any(difference.values())


def _expressions(old: Version, new: Version) -> list[str]:
    """Return the ids of decisions and functions that are no tables and read differently."""
    before, after = _texts(old), _texts(new)
    return [key for key, text in after.items() if before.get(key, text) != text]


def _texts(version: Version) -> dict[str, str]:
    root = root_of(version.content, Findings(version.name))
    tables = set(tables_in(version.content))
    return {
        one.get("id") or "": " ".join(own_text(one).split())
        for one in ([] if root is None else children(root, "decision", "businessKnowledgeModel"))
        if one.get("id") not in tables
    }


class _Tables:
    """Two versions of one table."""

    def __init__(self, old: Drawn, new: Drawn, models: tuple[Model | None, Model | None]) -> None:
        self.old, self.new = old, new
        self.pairs = list(_pairs(old.columns, new.columns))
        self.contrast = Contrast(*(table_of(one, old.holder) for one in models))

    def difference(self) -> Difference | None:
        """Return what has changed; None if nothing has."""
        found: Difference = {"decision": self.new.holder, "name": self.new.name}
        if self.old.policy != self.new.policy:
            found["hit_policy"] = {"from": self.old.policy, "to": self.new.policy}
        columns = list(self._columns())
        rules = self._rules()
        if columns:
            found["columns"] = columns
        if rules:
            found["rules"] = rules
        return found if len(found) > 2 else None

    def _columns(self) -> Iterator[Difference]:
        for old, new in self.pairs:
            one = new or old
            assert one is not None
            said = {"kind": one.kind, "column": one.label or one.name}
            if old is None or new is None:
                yield {**said, "change": "removed" if new is None else "added"}
                continue
            for what in ("label", "name", "type", "allowed", "default"):
                was, now = getattr(old, what), getattr(new, what)
                if was != now:
                    yield {**said, "change": what, "from": was, "to": now}

    # -- rules ------------------------------------------------------------------------

    def _rules(self) -> list[Difference]:
        before = {one.start: row for row, one in enumerate(self.old.rules, 1)}
        same = self._same()
        moved = self._moved(same, before)
        found = []
        for row, rule in enumerate(self.new.rules, 1):
            was = same.get(rule.start)
            cells = self._cells(was, rule)
            change = "changed" if was else "added"
            if was is not None and not cells:
                if rule.start not in moved:
                    continue
                change = "moved"
            told: Difference = {"change": change, "rule": rule.key, "row": row}
            was_row = None if was is None else before[was.start]
            if was_row is not None:
                told["was_row"] = was_row
            if rule.start in moved and change == "changed":
                told["moved"] = True
            found.append(told | {"cells": cells} | self._example(was_row, row))
        kept = {one.start for one in same.values()}
        for row, rule in enumerate(self.old.rules, 1):
            if rule.start not in kept:
                told = {"change": "removed", "rule": rule.key, "was_row": row}
                found.append(told | {"cells": self._cells(rule, None)} | self._example(row, None))
        return found

    def _example(self, old: int | None, new: int | None) -> Difference:
        found = self.contrast.example(old, new)
        return {} if found is None else {"example": found}

    def _same(self) -> dict[int, Rule]:
        """Return for each rule of the new version (by its place) the one that it was."""
        found: dict[int, Rule] = {}
        by_key = {one.key: one for one in self.old.rules if one.key}
        for one in self.new.rules:
            if one.key in by_key:
                found[one.start] = by_key.pop(one.key)
        for parts in (("input", "output", "annotation", SAYS), (INPUT,), ("output",)):
            taken = {one.start for one in found.values()}
            left: dict[tuple[str, ...], list[Rule]] = {}
            for one in reversed([one for one in self.old.rules if one.start not in taken]):
                left.setdefault(_texts_of(self.old, one, parts), []).append(one)
            for one in self.new.rules:
                if one.start not in found and left.get(_texts_of(self.new, one, parts)):
                    found[one.start] = left[_texts_of(self.new, one, parts)].pop()
        return found

    def _moved(self, same: Mapping[int, Rule], before: Mapping[int, int]) -> set[int]:
        """Return the rules that stand before others now behind which they stood: the fewest."""
        if not self.new.policy.startswith(ORDERED):
            return set()
        kept = [one.start for one in self.new.rules if one.start in same]
        rows = [before[same[one].start] for one in kept]
        staying = _rising(rows)
        return {one for at, one in enumerate(kept) if at not in staying}

    def _cells(self, old: Rule | None, new: Rule | None) -> list[Difference]:
        found = []
        for was, now in self.pairs:
            texts = _text(self.old, old, was), _text(self.new, new, now)
            column = now or was
            assert column is not None
            empty = ("", "-") if column.kind == INPUT else ("",)
            if texts[0] != texts[1] and not (texts[0] in empty and texts[1] in empty):
                said = {"kind": column.kind, "column": column.label or column.name}
                found.append(said | {"from": texts[0], "to": texts[1]})
        return found


def _pairs(
    old: Sequence[Column], new: Sequence[Column]
) -> Iterator[tuple[Column | None, Column | None]]:
    """Yield the columns of two versions that are the same one, those that are gone last."""
    left = list(old)
    found: dict[int, Column] = {}
    for what in ("name", "label"):
        for at, one in enumerate(new):
            text = getattr(one, what)
            alike = [
                was for was in left
                if at not in found and was.kind == one.kind and getattr(was, what) == text
            ]  # fmt: skip
            if alike and (text or one.kind != INPUT):
                found[at] = alike[0]
                left.remove(alike[0])
    for at, one in enumerate(new):
        yield found.get(at), one
    for one in left:
        yield one, None


def _texts_of(table: Drawn, rule: Rule, kinds: Sequence[str]) -> tuple[str, ...]:
    pairs = zip_longest(table.columns, rule.texts, fillvalue="")
    return tuple(str(text) for column, text in pairs if getattr(column, "kind", "") in kinds)


def _text(table: Drawn, rule: Rule | None, column: Column | None) -> str:
    if rule is None or column is None:
        return ""
    return rule.cells[table.columns.index(column)].text


def _rising(numbers: Sequence[int]) -> set[int]:
    """Return the places of a longest rising part of numbers."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for at, one in enumerate(numbers):
        length = bisect_left(ends, one)
        before.append(places[length - 1] if length else -1)
        ends[length:] = [one, *ends[length + 1 :]]
        places[length:] = [at, *places[length + 1 :]]
    found, at = set(), places[-1] if places else -1
    while at >= 0:
        found.add(at)
        at = before[at]
    return found


# -- for people ------------------------------------------------------------------------


def sentences(difference: Difference, language: str = "zh") -> list[str]:
    """Return a difference as lines that people read.

    Args:
        difference: from ``compare``.
        language: ``zh`` or ``en``.
    """
    words = _WORDS[language]
    if is_same(difference):
        return [words["same"]]
    lines = [words[what].format(one) for what in ("added", "removed") for one in difference[what]]
    lines += [words["expression"].format(one) for one in difference["expressions"]]
    for table in difference["tables"]:
        names = dict.fromkeys((table["decision"], table["name"]))
        lines.append(words["table"].format(" ".join(filter(None, names))))
        if "hit_policy" in table:
            policy = table["hit_policy"]
            lines.append(words["policy"].format(policy["from"], policy["to"]))
        lines += [_of_column(one, words) for one in table.get("columns", ())]
        for one in table.get("rules", ()):
            lines += _of_rule(one, words)
    return lines


def _of_column(one: Difference, words: Mapping[str, str]) -> str:
    kind = words[one["kind"]]
    if one["change"] in ("added", "removed"):
        return words[f"column {one['change']}"].format(kind, one["column"])
    what = words[one["change"]]
    return words["column"].format(kind, one["column"], what, one["from"] or "-", one["to"] or "-")


def _of_rule(one: Difference, words: Mapping[str, str]) -> Iterator[str]:
    key = f"（{one['rule']}）" if words is _WORDS["zh"] else f" ({one['rule']})"
    rows = one.get("row") or one["was_row"], key if one["rule"] else "", one.get("was_row")
    yield words[f"rule {one['change']}"].format(*rows)
    if one.get("moved"):
        yield words["moved too"].format(one["was_row"])
    for cell in one["cells"]:
        form = "cell" if one["change"] == "changed" else "only"
        text = (cell["from"] if one["change"] == "removed" else cell["to"]) or "-"
        yield words[form].format(cell["column"] or words[cell["kind"]], cell["from"] or "-", text)
    if "example" in one:
        shown = one["example"]
        given = ", ".join(f"{name} = {feel_text(value)}" for name, value in shown["inputs"].items())
        results = (feel_text(shown[what]) for what in ("from", "to"))
        yield words["example"].format(given or words["anything"], *results)


_WORDS = {
    "zh": {
        "same": "没有变化。",
        "added": "新增决策表 {}",
        "removed": "去掉决策表 {}",
        "expression": "决策 {}：内容有变化",
        "table": "决策表 {}",
        "policy": "  命中策略：{} → {}",
        "column": "  {}列“{}”，{}：{} → {}",
        "column added": "  新增{}列“{}”",
        "column removed": "  去掉{}列“{}”",
        "input": "输入", "output": "输出", "annotation": "注释", "description": "说明",
        "label": "标题", "name": "表达式或名称", "type": "类型", "allowed": "允许的值",
        "default": "缺省值",
        "rule added": "  第 {} 行{}：新增",
        "rule removed": "  原第 {} 行{}：去掉",
        "rule changed": "  第 {} 行{}：修改",
        "rule moved": "  第 {} 行{}：原在第 {} 行",
        "moved too": "    原在第 {} 行",
        "cell": "    {}：{} → {}",
        "only": "    {0}：{2}",
        "example": "    例如 {}：原来是 {}，现在是 {}",
        "anything": "任何输入",
    },
    "en": {
        "same": "Nothing has changed.",
        "added": "new decision table {}",
        "removed": "decision table {} is gone",
        "expression": "decision {}: what it holds has changed",
        "table": "decision table {}",
        "policy": "  hit policy: {} -> {}",
        "column": "  {} column {!r}, {}: {} -> {}",
        "column added": "  new {} column {!r}",
        "column removed": "  {} column {!r} is gone",
        "input": "input", "output": "output", "annotation": "annotation",
        "description": "description", "label": "label", "name": "expression or name",
        "type": "type", "allowed": "allowed values", "default": "default",
        "rule added": "  row {}{}: new",
        "rule removed": "  row {}{} of before: gone",
        "rule changed": "  row {}{}: changed",
        "rule moved": "  row {}{}: stood in row {}",
        "moved too": "    stood in row {}",
        "cell": "    {}: {} -> {}",
        "only": "    {0}: {2}",
        "example": "    such as {}: it was {}, it is {}",
        "anything": "any input",
    },
}  # fmt: skip


__all__ = ["Difference", "Version", "compare", "is_same", "sentences"]
