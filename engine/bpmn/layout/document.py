"""The file: where the picture is written, and what stands beside the processes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from engine.bpmn.layout.drawing import Drawing
from engine.bpmn.layout.graph import BPMN, Element, Graph, read_graph
from engine.bpmn.layout.placing import place

BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"


def lay_out(xml: bytes) -> bytes:
    """Return the file with a new picture.

    The semantic part stays as it is, byte for byte.

    Args:
        xml: a BPMN 2.0 file that is well formed and whose flows name nodes of
            their own scope; a picture in it is replaced.

    Raises:
        ValueError: it is no BPMN file, or a flow cannot be drawn.
    """
    root = _parse(xml)
    encoding = root.getroottree().docinfo.encoding or "UTF-8"
    text = _without_picture(xml.decode(encoding), root)
    end = text.rindex("</")
    return f"{text[:end].rstrip()}\n{_draw(root)}{text[end:]}".encode(encoding)


def _parse(xml: bytes) -> Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as problem:
        message = f"The file is no XML: {problem}."
        raise ValueError(message) from None
    if root.tag != f"{{{BPMN}}}definitions":
        message = "The file is no BPMN 2.0 file."
        raise ValueError(message)
    return root


def _without_picture(text: str, root: Element) -> str:
    """Cut out each diagram element; they stand at the end and hold no CDATA."""
    for diagram in root.iterfind(f"{{{BPMNDI}}}BPMNDiagram"):
        name = f"{diagram.prefix}:BPMNDiagram" if diagram.prefix else "BPMNDiagram"
        found = re.search(rf"\s*<{name}\b.*?</{name}\s*>", text, re.DOTALL)
        if found:
            text = text[: found.start()] + text[found.end() :]
    return text


def _draw(root: Element) -> str:
    pages: list[Drawing] = []
    processes = {one.get("id"): one for one in root.iterfind(f"{{{BPMN}}}process")}
    participants = list(root.iterfind(f"{{{BPMN}}}collaboration/{{{BPMN}}}participant"))
    collaboration = root.find(f"{{{BPMN}}}collaboration")
    if collaboration is not None and participants:
        page = Drawing(collaboration.get("id", ""))
        for participant in participants:
            process = processes.pop(_local(participant.get("processRef")), None)
            graph = _placed(process) if process is not None else None
            page.add_pool(participant.get("id", ""), participant.get("name", ""), graph)
            pages += _collapsed(graph)
        for flow in collaboration.iterfind(f"{{{BPMN}}}messageFlow"):
            page.add_message_flow(
                flow.get("id", ""), _local(flow.get("sourceRef")), _local(flow.get("targetRef"))
            )
        pages.insert(0, page)
    for process in processes.values():
        graph = _placed(process)
        page = Drawing(graph.id)
        page.add_graph(graph, 0, 0)
        pages += [page, *_collapsed(graph)]
    return "".join(page.to_xml() for page in pages)


def _local(reference: str | None) -> str:
    """Return the id that a reference names: it may have the prefix of the file's namespace."""
    return (reference or "").rpartition(":")[2]


def _placed(process: Element) -> Graph:
    graph = read_graph(process)
    place(graph)
    return graph


def _collapsed(graph: Graph | None) -> Iterator[Drawing]:
    """Return a page for each collapsed sub-process at any depth."""
    for node in graph.inner if graph is not None else ():
        if node.body is not None and not node.expanded:
            page = Drawing(node.id)
            page.add_graph(node.body, 0, 0)
            yield page
        yield from _collapsed(node.body)
