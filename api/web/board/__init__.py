"""The board: figures of a unit and a period on pages, and the cases behind each of them."""

from __future__ import annotations

from api.web.board import pages as _figures
from api.web.board import processes as _processes
from api.web.board.blueprint import pages

__all__ = ["pages"]

# They add their pages to the blueprint as they are imported.
del _figures, _processes
