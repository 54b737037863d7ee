"""Bulletins as HTML and as DOCX (ECMA-376, WordprocessingML); the same input, the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from types import MappingProxyType
from xml.sax.saxutils import escape

from engine.bulletin.model import Bulletin, Paragraph, Table
from engine.errors import InvalidData

MEDIA_TYPES = MappingProxyType(
    {
        "html": "text/html; charset=utf-8",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
)
FORMATS = tuple(MEDIA_TYPES)

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Every part of the archive bears this date: when it was written is no part of a bulletin."""


def write(bulletin: Bulletin, kind: str) -> bytes:
    """Return a bulletin as a file.

    Raises:
        InvalidData: it is written neither as html nor as docx.
    """
    if kind not in FORMATS:
        raise InvalidData(f"No bulletin is written as {kind!r}.", hint="html or docx.")
    return _html(bulletin) if kind == "html" else _docx(bulletin)


# -- HTML --------------------------------------------------------------------------------


def _html(bulletin: Bulletin) -> bytes:
    lines = [
        '<!doctype html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">',
        f"<title>{escape(bulletin.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>{escape(bulletin.title)}</h1>\n<p>{escape(bulletin.lead)}</p>",
    ]
    for section in bulletin.sections:
        lines.append(f"<h2>{escape(section.title)}</h2>")
        lines += [_html_part(one) for one in section.parts]
    return ("\n".join(lines) + "\n</body>\n</html>\n").encode()


_STYLE = (
    "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;line-height:1.5}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #777;padding:.2rem .5rem;"
    "text-align:left}h1{text-align:center}"
)


def _html_part(part: Paragraph | Table) -> str:
    if isinstance(part, Paragraph):
        return f"<p>{escape(part.text)}</p>"
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in part.head)
    rows = "\n".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in part.rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


# -- DOCX --------------------------------------------------------------------------------

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"

_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_WORD}.styles+xml"/></Types>'
)
_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)
_DOCUMENT_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
_FONT = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="SimSun"/>'


def _style(name: str, title: str, size: int, *, kind: str = "paragraph", more: str = "") -> str:
    bold = "<w:b/>" if name != "Normal" else ""
    default = ' w:default="1"' if name == "Normal" else ""
    return (
        f'<w:style w:type="{kind}"{default} w:styleId="{name}"><w:name w:val="{title}"/>{more}'
        f'<w:rPr>{_FONT}{bold}<w:sz w:val="{size}"/></w:rPr></w:style>'
    )


_STYLES = (
    f'{_XML}<w:styles xmlns:w="{_W}">'
    + _style("Normal", "Normal", 21)
    + _style("Title", "Title", 36, more='<w:pPr><w:jc w:val="center"/></w:pPr>')
    + _style("Heading1", "heading 1", 28, more='<w:pPr><w:outlineLvl w:val="0"/></w:pPr>')
    + "</w:styles>"
)
_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="777777"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)


def _docx(bulletin: Bulletin) -> bytes:
    body = "".join(_body(bulletin))
    document = (
        f'{_XML}<w:document xmlns:w="{_W}"><w:body>{body}'
        '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" w:header="567" '
        'w:footer="567" w:gutter="0"/></w:sectPr></w:body></w:document>'
    )
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _RELATIONS,
        "word/document.xml": document,
        "word/styles.xml": _STYLES,
        "word/_rels/document.xml.rels": _DOCUMENT_RELATIONS,
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.compress_type = zipfile.ZIP_STORED
            archive.writestr(entry, text.encode())
    return target.getvalue()


def _body(bulletin: Bulletin) -> Iterator[str]:
    yield _paragraph(bulletin.title, "Title")
    yield _paragraph(bulletin.lead)
    for section in bulletin.sections:
        yield _paragraph(section.title, "Heading1")
        for part in section.parts:
            yield _paragraph(part.text) if isinstance(part, Paragraph) else _table(part)


def _paragraph(text: str, style: str = "Normal") -> str:
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>'
        f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'
    )


def _table(table: Table) -> str:
    grid = '<w:gridCol w:w="1900"/>' * len(table.head)
    rows = _row(table.head, head=True) + "".join(_row(one) for one in table.rows)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>{_BORDERS}'
        f"</w:tblBorders></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>{_paragraph('')}"
    )


def _row(cells: tuple[str, ...], *, head: bool = False) -> str:
    repeated = "<w:trPr><w:tblHeader/></w:trPr>" if head else ""
    told = "".join(f"<w:tc><w:tcPr/>{_paragraph(one)}</w:tc>" for one in cells)
    return f"<w:tr>{repeated}{told}</w:tr>"
