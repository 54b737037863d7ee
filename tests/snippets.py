"""Small diagrams for tests of the reader: written where they are read.

``file`` puts a snippet into a process ``p``; the snippet begins in line 2.
"""

from __future__ import annotations

from engine.bpmn.model import Node, Process
from engine.bpmn.reader import read
from engine.scripts import Code

DEFINITIONS = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:flowable="http://flowable.org/bpmn"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="file">'
)


def file(body: str, roots: str = "") -> bytes:
    return f'{DEFINITIONS}<process id="p">\n{body}\n</process>{roots}</definitions>'.encode()


def found(xml: bytes) -> list[tuple[str, str | None, int | None]]:
    _, findings = read(xml, "x.bpmn")
    return [(one.code, one.element, one.line) for one in findings]


def flow(key: str, source: str, target: str, condition: str = "") -> str:
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return (
        f'<sequenceFlow id="{key}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
    )


def alone(node: str) -> str:
    """The node t after a start, so that only the node itself is judged."""
    return f'<startEvent id="s"/>{flow("f", "s", "t")}\n{node}'


def timer(tag: str, text: str) -> str:
    return alone(
        f'<intermediateCatchEvent id="t"><timerEventDefinition id="d">\n<{tag}>{text}</{tag}>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )


def extended(tag: str, inner: str, attributes: str = "") -> str:
    return alone(
        f'<{tag} id="t" {attributes}><extensionElements>\n{inner}</extensionElements></{tag}>'
    )


def properties(**values: str) -> str:
    inner = "".join(f'<camunda:property name="{k}" value="{v}"/>' for k, v in values.items())
    return f"<camunda:properties>{inner}</camunda:properties>"


def extended_by(**values: str) -> str:
    """Extension elements with these properties."""
    return extensions(properties(**values))


def process(body: str, roots: str = "") -> Process:
    """The one process of a file without errors."""
    xml = f'{DEFINITIONS}<process id="p" isExecutable="true">{body}</process>{roots}</definitions>'
    diagram, findings = read(xml.encode(), "x.bpmn")
    assert [one for one in findings if one.severity == "error"] == []
    assert diagram is not None
    return diagram.processes["p"]


def node(tag: str, inner: str = "", attributes: str = "", roots: str = "") -> Node:
    """The node t, the only one after a start event."""
    body = (
        f'<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>'
        f'<{tag} id="t" {attributes}>{inner}</{tag}>'
    )
    return process(body, roots).nodes["t"]


def extensions(inner: str) -> str:
    return f"<extensionElements>{inner}</extensionElements>"


def text(code: Code | None) -> str | None:
    return None if code is None else code.text


def pairs(mappings) -> list[tuple[str, str]]:
    return [(one.target, one.value.text) for one in mappings]
