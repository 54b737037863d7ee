"""The pages of the board; its modules add theirs."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("board_pages", __name__)
