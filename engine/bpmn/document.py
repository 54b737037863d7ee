"""From the bytes of an upload to an XML tree that is safe to walk.

Uploads are untrusted: no document type, no entities, no network, bounded size,
number of elements and nesting. What is wrong becomes a finding, never an
exception. Also here: what everybody who walks the tree needs, namely names,
lines and the collector of findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from lxml import etree

from engine.bpmn.findings import MAX_TEXT, SEVERITIES, Finding, Severity, bounded, named

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
# Forks of one notation: the attributes have the same names and meanings.
CAMUNDA = (
    "http://camunda.org/schema/1.0/bpmn",
    "http://operaton.org/schema/1.0/bpmn",
    "http://flowable.org/bpmn",
    "http://activiti.org/bpmn",
)

_IN_BPMN = f"{{{BPMN}}}"
_IN_VENDORS = tuple(f"{{{uri}}}" for uri in CAMUNDA)

MAX_BYTES = 5_000_000
MAX_ELEMENTS = 200_000
MAX_DEPTH = 100
MAX_FINDINGS = 500

# A sandbox for text must know the bytes' encoding as the parser will: codecs in
# which markup can hide from a look at the characters (UTF-7, EBCDIC) are left out.
ENCODINGS = frozenset({
    "utf-8", "utf8", "us-ascii", "ascii", "utf-16", "gbk", "gb2312", "gb18030", "big5", "euc-kr",
    "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1251", "windows-1252",
})  # fmt: skip

# Parts of an element that no picture shows; findings name the element around them.
_INNER = ("EventDefinition", "Expression", "Characteristics", "Condition", "Specification", "Item")

Element = etree._Element  # noqa: SLF001 - lxml has no public name for its element type


class Findings:
    """What was found in one file, in no order until asked for."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Finding] = []
        self._root: Element | None = None

    def know(self, root: Element) -> None:
        """Take the names of elements from this tree."""
        self._root = root

    def error(
        self,
        code: str,
        at: Element | tuple[str | None, int | None],
        message: str,
        hint: str | None = None,
    ) -> None:
        """Add what keeps the file from being deployed."""
        self._add("error", code, at, message, hint)

    def warning(
        self,
        code: str,
        at: Element | tuple[str | None, int | None],
        message: str,
        hint: str | None = None,
    ) -> None:
        """Add what the designer should know."""
        self._add("warning", code, at, message, hint)

    def note(
        self,
        code: str,
        at: Element | tuple[str | None, int | None],
        message: str,
        hint: str | None = None,
    ) -> None:
        """Add what is said for completeness: nothing needs to be done."""
        self._add("note", code, at, message, hint)

    def _add(
        self,
        severity: Severity,
        code: str,
        at: Element | tuple[str | None, int | None],
        message: str,
        hint: str | None,
    ) -> None:
        element, line = at if isinstance(at, tuple) else place(at)
        # Ids and texts of an upload are as long as its author likes.
        element = None if element is None else element[:MAX_TEXT]
        found = Finding(code, severity, self.file, element, line, bounded(message), hint)
        self._found.append(found)

    @property
    def broken(self) -> bool:
        """Whether there is an error among them."""
        return any(one.severity == "error" for one in self._found)

    def sorted(self) -> list[Finding]:
        """Return each finding once, by line, code and element.

        Of more than ``MAX_FINDINGS`` the errors are kept before warnings and notes.
        """
        found = sorted(dict.fromkeys(self._found), key=_order)
        if found and self._root is not None:
            found = named(found, _names(self._root, {one.element for one in found}))
        if len(found) <= MAX_FINDINGS:
            return found
        kept = sorted(found, key=lambda one: SEVERITIES.index(one.severity))[:MAX_FINDINGS]
        message = f"There are {len(found):,} findings; {MAX_FINDINGS:,} of them are listed."
        hint = "Mend these first, then check again."
        rest = Finding("too-many-findings", "warning", self.file, None, None, message, hint)
        return [rest, *sorted(kept, key=_order)]


def _order(one: Finding) -> tuple[int, str, str, str]:
    return one.line or 0, one.code, one.element or "", one.message


def _names(root: Element, wanted: set[str | None]) -> dict[str, str]:
    """Return what these elements are called, by id; the first one where an id is used twice."""
    names: dict[str, str] = {}
    for one in root.iter():
        key = (one.get("id") or "")[:MAX_TEXT]
        if key in wanted and key not in names and shown_name(one.get("name")):
            names[key] = shown_name(one.get("name"))
    return names


def shown_name(name: str | None) -> str:
    """Return a name on one line, of bounded length; "" for none."""
    return " ".join((name or "")[:MAX_TEXT].split())


def place(element: Element) -> tuple[str | None, int | None]:
    """Return the id of the nearest element that a picture shows, and this element's line."""
    line = element.sourceline
    current: Element | None = element
    while current is not None:
        key = current.get("id")
        if key and in_bpmn(current) and not local(current).endswith(_INNER):
            return key, line
        current = current.getparent()
    return None, line


def local(element: Element) -> str:
    """Return the element's name without its namespace."""
    return _last(str(element.tag))


@lru_cache(maxsize=2_000)
def _last(tag: str) -> str:
    return tag.rpartition("}")[2]


def namespace(element: Element) -> str:
    """Return the element's namespace, "" if it has none."""
    head, found, _ = str(element.tag).rpartition("}")
    return head[1:] if found else ""


def in_bpmn(element: Element) -> bool:
    """Whether the element belongs to BPMN itself."""
    return str(element.tag).startswith(_IN_BPMN)


def children(element: Element, *names: str) -> Iterator[Element]:
    """Return the BPMN children with one of these names (all if none is given), in order."""
    return iter(element.iterchildren(*_tags(names)))


@cache
def _tags(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{_IN_BPMN}{name}" for name in names or "*")


def child(element: Element, name: str) -> Element | None:
    """Return the first BPMN child of that name."""
    return next(element.iterchildren(*_tags((name,))), None) if len(element) else None


def text_of(element: Element | None) -> str:
    """Return the element's own text without surrounding space; "" for None."""
    return "" if element is None else "".join(element.itertext()).strip()


def body_of(element: Element | None) -> str:
    """Return the element's own text as it stands, so that its lines can be counted."""
    return "" if element is None else "".join(element.itertext())


def vendor(element: Element, name: str) -> str | None:
    """Return a ``camunda:`` attribute (or one of its forks'), stripped; None if empty."""
    for qualified in _forks(name):
        value = element.get(qualified)
        if value is not None and value.strip():
            return str(value).strip()
    return None


@cache
def _forks(name: str) -> tuple[str, ...]:
    return tuple(f"{{{uri}}}{name}" for uri in CAMUNDA)


def vendors(element: Element) -> list[str]:
    """Return the names under which ``vendor`` may find something."""
    names = element.keys()
    return [one.rpartition("}")[2] for one in names if one.startswith(_IN_VENDORS)]


def is_true(value: str | None, *, default: bool = False) -> bool:
    """Read an XML boolean."""
    return default if value is None else value.strip() in ("true", "1")


def is_executable(process: Element) -> bool:
    """Whether a process is to be run; one that does not say is, unless it is public (10.3)."""
    default = (process.get("processType") or "").strip() != "Public"
    return is_true(process.get("isExecutable"), default=default)


def parse(xml: bytes, findings: Findings) -> Element | None:
    """Return the root ``definitions`` element, or None after saying why not."""
    root = tree(xml, findings)
    if root is None:
        return None
    if root.tag != f"{{{BPMN}}}definitions":
        findings.error(
            "wrong-root",
            (None, root.sourceline),
            f"The root element is {str(root.tag)!r}, not BPMN 2.0 'definitions'.",
            "Save the diagram as BPMN 2.0 XML; decisions (DMN) and forms are files of their own.",
        )
        return None
    findings.know(root)
    return root


def tree(xml: bytes, findings: Findings) -> Element | None:
    """Return the root element of any XML that is safe to walk, or None after saying why not."""
    if len(xml) > MAX_BYTES:
        findings.error(
            "file-too-large",
            (None, None),
            f"The file has {len(xml):,} bytes; at most {MAX_BYTES:,} are read.",
            "Split the process with call activities, and take pictures out of the file.",
        )
        return None
    text = _decode(xml, findings)
    if text is None or not _is_plain(text, findings):
        return None
    root = _tree(text, findings)
    return root if root is not None and _is_shallow(root, findings) else None


def encoding_of(xml: bytes) -> str:
    """Return how a file is written, by byte-order mark or XML declaration; lower case."""
    if xml.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    declared = re.match(rb"""[^<]{0,3}<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)""", xml)
    return declared.group(1).decode("ascii", "replace").lower() if declared else "utf-8"


def _decode(xml: bytes, findings: Findings) -> str | None:
    """Return the characters of a file whose encoding is one that is read."""
    encoding, hint = encoding_of(xml), "Save the file as UTF-8."
    if encoding not in ENCODINGS:
        findings.error("bad-encoding", (None, 1), f"The encoding {encoding!r} is not read.", hint)
        return None
    try:
        return xml.decode(
            "utf-8-sig" if encoding.startswith("utf") and "8" in encoding else encoding
        )
    except UnicodeDecodeError as failure:
        findings.error(
            "bad-encoding",
            (None, xml.count(b"\n", 0, failure.start) + 1),
            f"Byte {failure.start} is not valid {encoding}.",
            hint,
        )
        return None


def _is_plain(text: str, findings: Findings) -> bool:
    """Refuse document types and floods of elements before the parser sees them."""
    start = _doctype(text)
    if start is not None:
        head = text[start : start + 10_000]
        at = (None, text.count("\n", 0, start) + 1)
        hint = "Remove the <!DOCTYPE …> from the file; BPMN has none."
        if "<!ENTITY" in head:
            findings.error("entities", at, "The file declares entities; none are read.", hint)
        elif re.match(r"<!DOCTYPE\s+\S+\s+(SYSTEM|PUBLIC)\b", head):
            findings.error(
                "external-dtd", at, "The file names an external DTD; none is read.", hint
            )
        else:
            findings.error("dtd", at, "The file has a document type; none is read.", hint)
        return False
    if text.count("<") > 2 * MAX_ELEMENTS:
        findings.error(
            "file-too-large",
            (None, None),
            f"The file has more than {MAX_ELEMENTS:,} elements.",
            "Split the process with call activities.",
        )
        return False
    return True


def _doctype(text: str) -> int | None:
    """Return where a document type starts; it can stand only before the root element."""
    position = 0
    while True:
        position = text.find("<", position)
        if position < 0:
            return None
        for opening, closing in (("<?", "?>"), ("<!--", "-->")):
            if text.startswith(opening, position):
                end = text.find(closing, position + len(opening))
                if end < 0:
                    return None
                position = end + len(closing)
                break
        else:
            return position if text.startswith("<!DOCTYPE", position) else None


def _tree(text: str, findings: Findings) -> Element | None:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        return etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as failure:
        reason = failure.msg or "the file is empty"
        if "depth" in reason.lower():
            _too_deep(findings, failure.lineno)
        else:
            findings.error(
                "not-xml",
                (None, failure.lineno or 1),
                f"The file is no well-formed XML: {reason}.",
                "Save it again from a BPMN editor.",
            )
        return None


def _is_shallow(root: Element, findings: Findings) -> bool:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            _too_deep(findings, element.sourceline)
            return False
    return True


def _too_deep(findings: Findings, line: int | None) -> None:
    findings.error(
        "too-deep",
        (None, line),
        f"Elements are nested more than {MAX_DEPTH} deep.",
        "Put inner sub-processes into processes of their own and call them.",
    )
