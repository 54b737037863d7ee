"""The shapes of what is asked about whole cases and many tasks."""

from __future__ import annotations

from api.shapes import Page


class AccessQuery(Page):
    """Which part of the access log."""
