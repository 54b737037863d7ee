"""The built-in functions of DMN 1.5 (section 10.3.4), one module for each of its tables."""

from __future__ import annotations

from engine.feel.builtins import (
    calendar,
    contexts,
    conversion,
    lists,
    members,
    numeric,
    ranges,
    statistics,
    strings,
)
from engine.feel.builtins.registry import BUILTINS, Builtin

__all__ = [
    "BUILTINS",
    "Builtin",
    "calendar",
    "contexts",
    "conversion",
    "lists",
    "members",
    "numeric",
    "ranges",
    "statistics",
    "strings",
]
