"""Markdown on a page: no HTML of its own, no pictures, no links but to the web."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

_READER = MarkdownIt("commonmark", {"html": False, "linkify": False})
_READER.enable("table").disable(["image", "html_block", "html_inline"])


def html(text: str) -> Markup:
    """Return Markdown as HTML that is safe to put into a page."""
    # What the reader lets through is escaped by it; script addresses are no links to it.
    return Markup(_READER.render(text))  # noqa: S704
