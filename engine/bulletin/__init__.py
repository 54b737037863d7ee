"""The month bulletin (月点评): the same figures as everywhere, written as HTML and DOCX.

    write(draft(app, actor, unit="990101", month="2026-08"), "docx")

It names units and numbers of cases, never a person, and nothing that people wrote.
"""

from __future__ import annotations

from engine.bulletin.content import draft
from engine.bulletin.model import Bulletin, Paragraph, Table
from engine.bulletin.writing import FORMATS, MEDIA_TYPES, write

__all__ = ["FORMATS", "MEDIA_TYPES", "Bulletin", "Paragraph", "Table", "draft", "write"]
