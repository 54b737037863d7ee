"""Puts other rules into a table, and leaves every other byte of the file as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from engine.decisions.drawn import NOTE, SAYS, Cell, Column, Drawn, Rule, utf8

_SPACE = re.compile(rb"\s*\Z")
_TRAILING = re.compile(r"(\d*)\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule as it is to stand in the file.

    Attributes:
        key: its id.
        texts: of its cells, in the order of the table's columns.
        was: the rule of the file that it is, perhaps with other texts; None for a new one.
    """

    key: str
    texts: tuple[str, ...]
    was: Rule | None = None


def with_rules(table: Drawn, wanted: Sequence[Wanted], original: bytes) -> bytes:
    """Return the file with these rules in place of those that the table has.

    A rule that has stayed keeps its bytes, one that has changed all but the texts of its
    cells; comments before a rule go with it, and stay where it is taken away.

    Args:
        original: the file that the table was read from.
    """
    content = table.content
    end = table.rules[-1].end if table.rules else table.rules_at
    before = {one.start: content[one.since : one.start] for one in table.rules}
    staying = {one.was.start for one in wanted if one.was is not None}
    for rule, after in zip(table.rules, [*table.rules[1:], None], strict=True):
        left = before[rule.start]
        if rule.start not in staying and b"<!--" in left and after is not None:
            before[after.start] = left.rstrip() + before[after.start]
    line = _line(table)
    parts = [content[: table.rules_at]]
    for one in wanted:
        if one.was is None:
            parts += [line, _new(table, one, line)]
        else:
            parts += [before[one.was.start], _changed(table, one, one.was)]
    if table.rules and table.rules[-1].start not in staying:
        comments = before[table.rules[-1].start].rstrip()
        parts.append(comments if b"<!--" in comments else b"")
    made = b"".join([*parts, content[end:]])
    _, encoding = utf8(original)
    return made.decode().encode(encoding, "xmlcharrefreplace")


def new_keys(table: Drawn) -> Iterator[str]:
    """Yield ids that the file does not have, of the kind that its rules have."""
    known = set(table.keys)
    keys = [one.key for one in table.rules if one.key]
    pattern = _TRAILING.sub("", keys[-1]) if keys and keys[-1][-1].isdigit() else ""
    stem = pattern or f"{table.holder}_r"
    number = len(keys)
    while True:
        number += 1
        if f"{stem}{number}" not in known:
            yield f"{stem}{number}"


def _line(table: Drawn) -> bytes:
    """Return the line break and indent that a new rule begins with."""
    if table.rules:
        found = _SPACE.search(table.content[table.rules[0].since : table.rules[0].start])
        return found[0] if found is not None else b""
    found = _SPACE.search(table.content[: table.content.rindex(b"<", 0, table.rules_at)])
    return b"" if found is None else found[0]


def _changed(table: Drawn, wanted: Wanted, was: Rule) -> bytes:
    content = table.content
    edits: list[tuple[int, int, str]] = []
    added: dict[str, list[str]] = {}
    for column, cell, text in zip(table.columns, was.cells, wanted.texts, strict=True):
        if cell.text == text:
            continue
        if cell.inner is not None:
            edits.append((*cell.inner, escape(text)))
        elif cell.start >= 0:
            edits.append((cell.start, cell.end, _emptied(table, column, cell, text)))
        elif column.kind == SAYS:
            added[SAYS] = [_entry(table, column, text)]
    missing = [
        (column, text)
        for column, cell, text in zip(table.columns, was.cells, wanted.texts, strict=True)
        if column.kind == NOTE and cell.start < 0
    ]
    while missing and not missing[-1][1]:
        missing.pop()
    if missing:
        # Notes have no number but their place: those that are empty before one stand too.
        added[NOTE] = [_entry(table, column, text) for column, text in missing]
    found = content[was.start : was.end]
    for start, end, text in sorted(edits, reverse=True):
        found = found[: start - was.start] + text.encode() + found[end - was.start :]
    return _with_entries(found, added)


def _emptied(table: Drawn, column: Column, cell: Cell, text: str) -> str:
    """Return an entry that had no text with one, its attributes kept."""
    given = table.content[cell.start : cell.end].decode()
    opening = given[: given.index(">")].rstrip("/").rstrip()
    tag = opening[1:].split()[0]
    inner = escape(text) if column.kind == SAYS else _text(table, text)
    return f"{opening}>{inner}</{tag}>"


def _with_entries(rule: bytes, added: dict[str, list[str]]) -> bytes:
    """Return a rule with entries that it did not have: descriptions first, notes last."""
    if SAYS in added:
        at = rule.index(b">") + 1
        line = rule[at : len(rule) - len(rule[at:].lstrip())]
        rule = rule[:at] + line + "".join(added[SAYS]).encode() + rule[at:]
    if NOTE in added:
        at = rule.rindex(b"</")
        inner = rule[:at].rstrip()
        found = re.search(rb"\s*(?=<[^<]*Entry\b)", inner)
        line = b"" if found is None else found[0]
        notes = b"".join(line + one.encode() for one in added[NOTE])
        rule = inner + notes + rule[len(inner) :]
    return rule


def _new(table: Drawn, wanted: Wanted, line: bytes) -> bytes:
    deeper = line + b"  " if line.strip(b" \t") else b""
    prefix = table.prefix
    pairs = list(zip(table.columns, wanted.texts, strict=True))
    while pairs[-2][0].kind == NOTE and not pairs[-2][1]:
        pairs.pop(-2)
    says = [pairs[-1]] if pairs[-1][1] else []
    entries = [
        deeper + _entry(table, column, text).encode() for column, text in [*says, *pairs[:-1]]
    ]
    opening = f"<{prefix}rule id={quoteattr(wanted.key)}>".encode()
    return opening + b"".join(entries) + line + f"</{prefix}rule>".encode()


def _entry(table: Drawn, column: Column, text: str) -> str:
    prefix = table.prefix
    if column.kind == SAYS:
        return f"<{prefix}description>{escape(text)}</{prefix}description>"
    return f"<{prefix}{column.kind}Entry>{_text(table, text)}</{prefix}{column.kind}Entry>"


def _text(table: Drawn, text: str) -> str:
    return f"<{table.prefix}text>{escape(text)}</{table.prefix}text>"


__all__ = ["Wanted", "new_keys", "with_rules"]
