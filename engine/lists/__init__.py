"""Versioned reference lists (清单): read and checked whole, looked up as of a day."""

from __future__ import annotations

from engine.lists.lookups import MAX_ROWS, ReferenceData, lookup, public, rows
from engine.lists.versions import (
    BEGINNING,
    FOREVER,
    JsonRow,
    ListVersion,
    check_references,
    read,
    span,
)

__all__ = [
    "BEGINNING",
    "FOREVER",
    "MAX_ROWS",
    "JsonRow",
    "ListVersion",
    "ReferenceData",
    "check_references",
    "lookup",
    "public",
    "read",
    "rows",
    "span",
]
