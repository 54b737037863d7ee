"""From the bytes of a DMN file to its elements, whatever version of DMN they are in.

Uploads are untrusted: the XML is read with the limits that diagrams are read with.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.bpmn.document import Element, Findings, tree

NAMESPACES = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
MAX_CELLS = 20_000


def root_of(xml: bytes, findings: Findings) -> Element | None:
    """Return the root ``definitions`` of a DMN file, or None after saying why not."""
    root = tree(xml, findings)
    if root is None:
        return None
    if local(root) != "definitions" or etree.QName(root).namespace not in NAMESPACES:
        message = (
            f"The root element is {str(root.tag)[:100]!r}, not 'definitions' of DMN 1.1 to 1.5."
        )
        findings.error("wrong-root", (None, root.sourceline), message, "Save it as DMN.")
        return None
    if sum(1 for _ in root.iter("{*}inputEntry", "{*}outputEntry")) > MAX_CELLS:
        message = f"The file has more than {MAX_CELLS:,} cells."
        findings.error("file-too-large", (None, None), message, "Make it a list and look rows up.")
        return None
    findings.know(root)
    return root


def local(element: Element) -> str:
    """Return the element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element, *names: str) -> Iterator[Element]:
    """Return the DMN children with one of these names (all if none is given), in order."""
    for child in element.iterchildren():
        head, _, name = str(child.tag).rpartition("}")
        if (not names or name in names) and head[1:] in NAMESPACES:
            yield child


def child(element: Element | None, *names: str) -> Element | None:
    """Return the first DMN child with one of these names."""
    return None if element is None else next(children(element, *names), None)


def text_of(element: Element | None) -> str:
    """Return the content of the ``text`` inside, without surrounding space."""
    inner = child(element, "text")
    return "" if inner is None else "".join(inner.itertext()).strip()


def own_text(element: Element | None) -> str:
    """Return the element's own text, without surrounding space."""
    return "" if element is None else "".join(element.itertext()).strip()


def name_of(element: Element | None) -> str:
    """Return its ``name`` with single spaces, as FEEL has names."""
    return "" if element is None else " ".join((element.get("name") or "").split())
