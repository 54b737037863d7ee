"""DMN files in few words, for tests.

    input 年龄 : number
    decision Fare : number < 年龄, Base
    table UNIQUE | 年龄:number | fare:number
    | < 6 | 0
    | >= 6 | 2
    bkm Base(zone : number) : number
    feel: zone * 2

A line ``input``, ``decision``, ``bkm`` or ``service`` begins an element; after ``<`` stands
what it requires. What follows is its content: ``feel:`` an expression, ``table`` with
its policy (and aggregation), inputs ``text:type [allowed]`` and outputs ``name:type
[values] = default`` parted by ``;``, then a line beginning with ``|`` for each rule; or
XML. Lines before the first element stand in the file as they are.
"""

from __future__ import annotations

import re
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = {
    "1.1": "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "1.2": "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "1.3": "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "1.4": "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "1.5": "https://www.omg.org/spec/DMN/20230324/MODEL/",
}
_ELEMENT = re.compile(
    r"(?P<kind>input|decision|bkm|service)\s+(?P<name>[^:<(]+?)\s*(?:\((?P<parameters>[^)]*)\)\s*)?"
    r"(?::\s*(?P<type>[^<]*(?:<[^<]*>)?)\s*)?(?:<\s(?P<requires>.*))?$"
)
_INPUT = re.compile(r"(?P<text>.*?)(?:\s*:\s*(?P<type>[\w ]+))?(?:\s*\[(?P<allowed>.*)\])?$")
_OUTPUT = re.compile(
    r"(?P<name>.*?)(?:\s*:\s*(?P<type>[\w ]+))?(?:\s*\[(?P<values>.*)\])?"
    r"(?:\s+=\s+(?P<default>.*))?$"
)


def a_file(text, *, version="1.5", namespace="n", imports=""):
    """Return the bytes of a DMN file."""
    lines = text.strip().splitlines()
    starts = [at for at, line in enumerate(lines) if _ELEMENT.match(line.strip())] + [len(lines)]
    head = "\n".join(lines[: starts[0]])
    parts = [
        (_ELEMENT.match(lines[at].strip()), lines[at + 1 : end]) for at, end in pairwise(starts)
    ]
    kinds = {found["name"]: found["kind"] for found, _ in parts}
    body = "\n".join(_element(found, content, kinds) for found, content in parts)
    return (
        f'<definitions xmlns="{NAMESPACES[version]}" name="f" namespace="{namespace}">'
        f"{imports}{head}{body}</definitions>"
    ).encode()


def id_of(name):
    """Return the id of an element: its name, as XML has ids."""
    return re.sub(r"\W", "_", name)


def _element(found, content, kinds):
    kind, name = found["kind"], found["name"]
    tag = {
        "input": "inputData",
        "decision": "decision",
        "bkm": "businessKnowledgeModel",
        "service": "decisionService",
    }[kind]
    typed = f" typeRef={quoteattr(found['type'].strip())}" if found["type"] else ""
    variable = f"<variable name={quoteattr(name)}{typed}/>"
    asked = [one.strip() for one in (found["requires"] or "").split(",") if one.strip()]
    requires = "".join(_requirement(one, kinds) for one in asked)
    inner = _content("\n".join(content).strip())
    if kind == "bkm":
        parameters = "".join(
            _parameter(one) for one in (found["parameters"] or "").split(",") if one.strip()
        )
        inner = f"<encapsulatedLogic>{parameters}{inner}</encapsulatedLogic>"
    return f'<{tag} id="{id_of(name)}" name={quoteattr(name)}>{variable}{requires}{inner}</{tag}>'


def _parameter(text):
    name, _, kind = (one.strip() for one in text.partition(":"))
    typed = f" typeRef={quoteattr(kind)}" if kind else ""
    return f"<formalParameter name={quoteattr(name)}{typed}/>"


def _requirement(name, kinds):
    href = name if "#" in name else f"#{id_of(name)}"
    kind = kinds.get(name, "decision")
    if name.startswith("fn "):
        kind, href = "bkm", name[3:]
    if kind in ("bkm", "service"):
        return f'<knowledgeRequirement><requiredKnowledge href="{href}"/></knowledgeRequirement>'
    tag = "requiredInput" if kind == "input" else "requiredDecision"
    return f'<informationRequirement><{tag} href="{href}"/></informationRequirement>'


def _content(text):
    if text.startswith("feel:"):
        return literal(text.removeprefix("feel:").strip())
    if text.startswith("table "):
        head, *rows = text.splitlines()
        return table(head.removeprefix("table "), rows)
    return re.sub(r"\{\{(.*?)\}\}", lambda one: literal(one[1].strip()), text, flags=re.DOTALL)


def literal(text):
    """Return a literal expression."""
    return f"<literalExpression><text>{escape(text)}</text></literalExpression>"


def table(head, rows):
    """Return a decision table."""
    policy, inputs, outputs = (one.strip() for one in head.split("|"))
    name, _, aggregation = policy.partition(" with ")
    added = f' aggregation="{aggregation}"' if aggregation else ""
    columns = "".join(_input(one.strip()) for one in inputs.split(";") if one.strip())
    columns += "".join(_output(one.strip()) for one in outputs.split(";") if one.strip())
    count = len([one for one in inputs.split(";") if one.strip()])
    rules = "".join(
        f'\n<rule id="r{number}">{_cells(row, count)}</rule>'
        for number, row in enumerate(rows, 1)
        if row.strip()
    )
    return f'<decisionTable hitPolicy="{name}"{added}>{columns}{rules}</decisionTable>'


def _input(text):
    found = _INPUT.match(text)
    typed = f' typeRef="{found["type"]}"' if found["type"] else ""
    allowed = _texted("inputValues", found["allowed"])
    return (
        f"<input><inputExpression{typed}><text>{escape(found['text'])}</text></inputExpression>"
        f"{allowed}</input>"
    )


def _output(text):
    found = _OUTPUT.match(text)
    typed = f' typeRef="{found["type"]}"' if found["type"] else ""
    values = _texted("outputValues", found["values"])
    default = _texted("defaultOutputEntry", found["default"])
    return f"<output name={quoteattr(found['name'])}{typed}>{values}{default}</output>"


def _cells(row, inputs):
    cells = [one.strip() for one in row.strip().removeprefix("|").split("|")]
    return "".join(
        _texted("inputEntry" if at < inputs else "outputEntry", one) for at, one in enumerate(cells)
    )


def _texted(tag, text):
    return "" if text is None else f"<{tag}><text>{escape(text)}</text></{tag}>"
