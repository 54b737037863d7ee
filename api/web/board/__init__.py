"""The board: figures of a unit and a period on a page, and the cases behind each of them."""

from __future__ import annotations

from api.web.board.pages import pages

__all__ = ["pages"]
