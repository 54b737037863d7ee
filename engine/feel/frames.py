"""What names stand for while an expression is evaluated: one frame inside the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.feel.run import Run
from engine.feel.values import SAFE, Function, admit

MISSING: Any = object()


class Frame:
    """Some names with their values, and the frame around.

    The outermost one holds the data as they came; its values are admitted as they are
    read, each only once.
    """

    __slots__ = ("outer", "run", "values")

    def __init__(self, values: Mapping[str, Any], run: Run, outer: Frame | None = None) -> None:
        self.values, self.run, self.outer = values, run, outer

    def inner(self, values: Mapping[str, Any]) -> Frame:
        """Return a frame inside this one."""
        return Frame(values, self.run, self)

    def find(self, name: str) -> Any:
        """Return what a name stands for, or MISSING."""
        here = self
        while here.outer is not None:
            if name in here.values:
                return here.values[name]
            here = here.outer
        value = here.values.get(name, MISSING)
        if value is MISSING or type(value) in SAFE:
            return value
        return value if type(value) is Decimal and value.is_finite() else self._admitted(value)

    def _admitted(self, value: Any) -> Any:
        if isinstance(value, Function):
            return value
        seen = self.run.admitted
        if seen is None:
            seen = self.run.admitted = {}
        # The data outlive the run, so that their identity names them.
        found = seen.get(id(value))
        if found is None:
            found = seen[id(value)] = (admit(value), value)
        return found[0]


Closure = Callable[[Frame], Any]
"""A compiled expression."""

Testing = Callable[[Any, Frame], bool | None]
"""A compiled unary test: takes the value that is tested."""
