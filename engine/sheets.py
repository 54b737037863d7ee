"""The data of a case, folded until somebody looks.

Each scope that has data of its own has a *sheet* of them. Most commands write a
few data and read none, so what storage holds stays text through them: a write
adds a line, and nothing is decoded.

    {"": {"title": "占道经营", "urgency": 2}, "p.ask.1.0": {"dept": "城管"}}
    {"": {"note": "已核实"}}

The first line is the whole of the data; each further one adds to the sheets
before it. Once somebody has looked, or the lines after the first are ``LINES``
long, all is written as one line again.
"""

from __future__ import annotations

from typing import Any

import orjson

Sheet = dict[str, Any]

LINES = 1024
"""How many bytes the lines after the first may have: more would make a look dear."""

_NONE: Sheet = {}
_NO_SHEETS: dict[str, Sheet] = {}
_NOBODY: frozenset[str] = frozenset()


class Folded:
    """Data as storage holds them; shared by all that stem from them, decoded at most once."""

    __slots__ = ("_sheets", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._sheets: dict[str, Sheet] | None = None

    def sheets(self) -> dict[str, Sheet]:
        """Return the sheets by scope; nobody may change them."""
        if self._sheets is None:
            first, *more = self.text.split(b"\n")
            sheets: dict[str, Sheet] = orjson.loads(first)
            for line in more:
                for scope, values in orjson.loads(line).items():
                    sheets.setdefault(scope, {}).update(values)
            self._sheets = sheets
        return self._sheets

    def mentions(self, scope: str) -> bool:
        """Whether the scope may have a sheet; False is certain."""
        return orjson.dumps(scope) + b":" in self.text

    def is_full(self) -> bool:
        """Whether no line should follow."""
        first = self.text.find(b"\n")
        return first >= 0 and len(self.text) - first > LINES


class Sheets:
    """The data of a case by scope. Whoever copies them may change the copy.

    Args:
        sheets: the data by scope, which nobody changes from now on.
        folded, written: where there are no ``sheets``, what storage holds and what was
            written over it.
    """

    __slots__ = ("_folded", "_own", "_sheets", "_written")

    def __init__(
        self,
        sheets: dict[str, Sheet] | None = None,
        folded: Folded | None = None,
        written: dict[str, Sheet] = _NO_SHEETS,
    ) -> None:
        self._sheets, self._folded = sheets, folded
        # What was written over the folded ones; replaced with every write.
        self._written = written
        # The scopes whose sheets were copied, to be changed in place.
        self._own: frozenset[str] = _NOBODY

    def copy(self) -> Sheets:
        """Return data that may be changed while these stay as they are."""
        if self._sheets is not None:
            return Sheets(self._sheets.copy())
        return Sheets(None, self._folded, self._written)

    def text(self) -> bytes:
        """Return the data as lines of JSON, the latest last."""
        if self._sheets is None and self._folded is not None:
            if not self._written:
                return self._folded.text
            if not self._folded.is_full():
                return b"\n".join((self._folded.text, orjson.dumps(self._written)))
        return orjson.dumps(self.all())

    def all(self) -> dict[str, Sheet]:
        """Return the data by scope, to be read only."""
        if self._sheets is None:
            self._sheets = {} if self._folded is None else self._folded.sheets().copy()
            for scope, values in self._written.items():
                self.own(scope).update(values)
        return self._sheets

    def get(self, scope: str) -> Sheet:
        """Return the data of a scope, to be read only; empty where it has none."""
        return self.all().get(scope, _NONE) if self._may_have(scope) else _NONE

    def own(self, scope: str) -> Sheet:
        """Return the data of a scope, to be changed in place."""
        sheets = self.all()
        if scope not in self._own:
            self._own |= {scope}
            sheets[scope] = sheets.get(scope, _NONE).copy()
        return sheets[scope]

    def write(self, scope: str, values: Sheet) -> None:
        """Add to the data of a scope; nobody changes ``values`` from now on."""
        if self._sheets is not None:
            self.own(scope).update(values)
        elif scope in self._written:
            self._written = {**self._written, scope: {**self._written[scope], **values}}
        else:
            self._written = {**self._written, scope: values}

    def drop(self, scope: str) -> None:
        """Forget the data of a scope."""
        if self._may_have(scope):
            self.all().pop(scope, None)
            self._own -= {scope}

    def _may_have(self, scope: str) -> bool:
        if self._sheets is not None or scope in self._written:
            return True
        return self._folded is not None and self._folded.mentions(scope)
