"""A decision table as it stands in its file: the texts of its cells, and where they stand.

Whoever changes a rule changes the bytes of that rule; all else of the file, pictures and
comments too, stays as it was. What a table *means* is the reader's affair (``grids``).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from engine.bpmn.document import Findings, encoding_of
from engine.decisions.document import NAMESPACES, root_of
from engine.errors import NotFound

_TAG = re.compile(rb"""<(?:"[^"]*"|'[^']*'|[^>"'])*>""")
_HOLDERS = ("decision", "businessKnowledgeModel")
_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
INPUT, OUTPUT, NOTE, SAYS = "input", "output", "annotation", "description"
"""Kinds of columns; the last is the description that a rule may have in the file."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        kind: ``input``, ``output``, ``annotation`` or ``description``.
        label: what people read above it.
        name: the expression of an input, the name of an output or annotation.
        number: which of its kind, from 0.
    """

    kind: str
    number: int
    label: str = ""
    name: str = ""
    type: str = ""
    allowed: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text; where the whole element stands, and the text inside (bytes)."""

    text: str
    start: int = -1
    end: int = -1
    inner: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id in the file, "" without one, and where it stands.

    Attributes:
        since: where what stands before it begins: space and comments.
        cells: in the order of the table's columns.
    """

    key: str
    since: int
    start: int
    end: int
    cells: tuple[Cell, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of its cells."""
        return tuple(one.text for one in self.cells)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A table in its file.

    Attributes:
        content: the file in UTF-8, to which all places refer.
        holder: the id of the decision or business knowledge model that it is of.
        policy: as the file has it, with an aggregation behind it.
        rules_at: where rules may stand: the place of the first, or before the table's end.
        prefix: of the names of elements, with its colon; mostly "".
        keys: all ids of the file.
    """

    content: bytes = field(repr=False)
    holder: str
    name: str
    policy: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    rules_at: int
    prefix: str
    keys: frozenset[str] = field(repr=False)


@dataclass(slots=True)
class _Node:
    """An element with the places of its tags."""

    tag: str
    qualified: str
    attributes: Mapping[str, str]
    start: int
    opened: int
    closed: int = -1
    end: int = -1
    children: list[_Node] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, *names: str) -> Iterator[_Node]:
        return (one for one in self.children if one.tag in names)

    def first(self, *names: str) -> _Node | None:
        return next(self.all(*names), None)

    def text(self) -> str:
        """Return the content of the ``text`` inside, as the reader has it."""
        inner = self.first("text")
        return "" if inner is None else "".join(inner.texts).strip()


def utf8(content: bytes) -> tuple[bytes, str]:
    """Return a file's characters in UTF-8, and how it was written."""
    encoding = _MARKS.get(content[:2]) or encoding_of(content)
    return content.decode(encoding).encode(), encoding


def drawn(content: bytes, wanted: str, *, filename: str) -> Drawn:
    """Return the table of the decision (or business knowledge model) of that id or name.

    Raises:
        NotFound: there is none, with those that there are; or the file is no DMN.
    """
    findings = Findings(filename)
    if root_of(content, findings) is None:
        first = findings.sorted()[0]
        raise NotFound(f"{filename}: {first.message}", hint=first.hint)
    plain, _ = utf8(content)
    root, keys = _tree(plain)
    holders = [one for one in root.all(*_HOLDERS) if _table_of(one) is not None]
    ids = [one.attributes.get("id", "") for one in holders]
    called = [" ".join(one.attributes.get("name", "").split()) for one in holders]
    found = ids.index(wanted) if wanted in ids else called.index(wanted) if wanted in called else -1
    if found < 0:
        raise NotFound(
            f"{filename} has no decision table {wanted!r}.",
            hint=f"It has {', '.join(ids)}." if ids else "It has no decision tables.",
        )
    table = _table_of(holders[found])
    assert table is not None
    return _drawn(plain, table, ids[found], called[found], keys)


def tables_in(content: bytes) -> list[str]:
    """Return the ids of the decisions and functions of a file that are tables, in its order."""
    if root_of(content, Findings("")) is None:
        return []
    root, _ = _tree(utf8(content)[0])
    return [one.attributes.get("id", "") for one in root.all(*_HOLDERS) if _table_of(one)]


def _table_of(holder: _Node) -> _Node | None:
    inside = holder.first("encapsulatedLogic") or holder
    return inside.first("decisionTable")


def _tree(content: bytes) -> tuple[_Node, frozenset[str]]:
    """Return the DMN elements of a file that was found to be safe, and all its ids."""
    root = _Node("", "", {}, 0, 0)
    path, keys = [root], set()
    parser: Any = expat.ParserCreate("utf-8")
    spaces = [{"": ""}]

    def begins(name: str, attributes: dict[str, str]) -> None:
        at = parser.CurrentByteIndex
        own = {
            key.partition(":")[2]: value
            for key, value in attributes.items()
            if key == "xmlns" or key.startswith("xmlns:")
        }
        spaces.append({**spaces[-1], **own} if own else spaces[-1])
        prefix, _, local = name.rpartition(":")
        is_ours = spaces[-1].get(prefix) in NAMESPACES
        tag = _TAG.match(content, at)
        made = _Node(local if is_ours else name, name, attributes, at, tag.end() if tag else at)
        keys.add(attributes.get("id", ""))
        path[-1].children.append(made)
        path.append(made)

    def reads(text: str) -> None:
        path[-1].texts.append(text)

    def ends(_name: str) -> None:
        node, at = path.pop(), parser.CurrentByteIndex
        spaces.pop()
        if content[node.opened - 2 : node.opened] == b"/>":
            node.closed = node.end = node.opened
        else:
            node.closed, node.end = at, content.index(b">", at) + 1

    parser.StartElementHandler, parser.EndElementHandler = begins, ends
    parser.CharacterDataHandler = reads
    parser.Parse(content, True)
    return root.children[0], frozenset(keys)


def _drawn(content: bytes, table: _Node, holder: str, name: str, keys: frozenset[str]) -> Drawn:
    rules = list(table.all("rule"))
    columns = _columns(table, rules)
    first = rules[0] if rules else None
    before = [one.end for one in table.children if first is None or one.start < first.start]
    made, since = [], before[-1] if before else table.opened
    rules_at = since
    for one in rules:
        key = one.attributes.get("id", "")
        made.append(Rule(key, since, one.start, one.end, _cells(one, columns)))
        since = one.end
    words = (table.attributes.get("hitPolicy", "UNIQUE"), table.attributes.get("aggregation", ""))
    prefix = table.qualified.removesuffix("decisionTable")
    policy = " ".join(" ".join(words).upper().split())
    return Drawn(content, holder, name, policy, tuple(columns), tuple(made), rules_at, prefix, keys)


def _columns(table: _Node, rules: list[_Node]) -> list[Column]:
    columns = []
    for number, one in enumerate(table.all("input")):
        given = one.first("inputExpression") or one
        text = given.text()
        label, kind = one.attributes.get("label", ""), given.attributes.get("typeRef", "")
        columns.append(Column(INPUT, number, label, text, kind, _text_in(one, "inputValues")))
    for number, one in enumerate(table.all("output")):
        label, name = (one.attributes.get(key, "") for key in ("label", "name"))
        columns.append(
            Column(
                OUTPUT, number, label, name, one.attributes.get("typeRef", ""),
                _text_in(one, "outputValues"), _text_in(one, "defaultOutputEntry"),
            )
        )  # fmt: skip
    headings = [one.attributes.get("name", "") for one in table.all("annotation")]
    most = max((len(list(one.all("annotationEntry"))) for one in rules), default=0)
    headings += [""] * (most - len(headings))
    columns += [Column(NOTE, at, name, name) for at, name in enumerate(headings)]
    return [*columns, Column(SAYS, 0)]


def _text_in(one: _Node, name: str) -> str:
    inner = one.first(name)
    return "" if inner is None else inner.text()


def _cells(rule: _Node, columns: list[Column]) -> tuple[Cell, ...]:
    found = []
    for column in columns:
        if column.kind == SAYS:
            says = rule.first("description")
            text = "" if says is None else " ".join("".join(says.texts).split())
            found.append(Cell(text) if says is None else _cell(says, says, text))
            continue
        entries = list(rule.all(f"{column.kind}Entry"))
        entry = entries[column.number] if column.number < len(entries) else None
        inner = None if entry is None else entry.first("text")
        found.append(Cell("") if entry is None else _cell(entry, inner, entry.text()))
    return tuple(found)


def _cell(outer: _Node, inner: _Node | None, text: str) -> Cell:
    is_open = inner is not None and inner.closed < inner.end
    place = (inner.opened, inner.closed) if inner is not None and is_open else None
    return Cell(text, outer.start, outer.end, place)
