"""What every command is, and how records have it."""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar

JsonObject = dict[str, Any]


@dataclass(slots=True)
class Command:
    """Base of all commands."""

    type: ClassVar[str]

    def to_json(self) -> JsonObject:
        """Return ``{type, …}`` with the fields that are set."""
        result: JsonObject = {"type": self.type}
        for name in SHAPES[self.type].names:
            value = getattr(self, name)
            if value is not None:
                result[name] = value
        return result


@dataclass(slots=True)
class Shape:
    """The fields of a command as records have them.

    Attributes:
        kind: the class.
        needed: those that every record has.
        left_out: those without a default that a record leaves out when they are None.
    """

    kind: type[Command]
    names: dict[str, None]
    needed: frozenset[str]
    left_out: dict[str, None]


SHAPES: dict[str, Shape] = {}
"""Every command's shape by its recorded type; filled by ``define``."""


def define(*kinds: type[Command]) -> None:
    """Make commands known under their types."""
    for kind in kinds:
        SHAPES[kind.type] = _shape(kind)


def _shape(kind: type[Command]) -> Shape:
    bare = [one for one in fields(kind) if one.default is one.default_factory is MISSING]
    left_out = [one.name for one in bare if re.search(r"\bNone\b", str(one.type))]
    needed = frozenset(one.name for one in bare) - set(left_out)
    names = {one.name: None for one in fields(kind)}
    return Shape(kind, names, needed, dict.fromkeys(left_out))
