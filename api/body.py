"""Read what was sent, strictly.

Two programs that read the same bytes must see the same request, so what JSON
leaves open is refused here: duplicate names, NaN, infinities, integers that
only some languages can hold, half surrogate pairs, bytes that are no UTF-8.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Request

from engine.errors import InvalidRequest, TooLarge, UnsupportedMediaType
from engine.forms import check_json

MAX_BODY = 1024 * 1024
"""Bytes of a JSON body."""

MAX_FILE = 5 * 1024 * 1024
"""Bytes of one file."""

MAX_UPLOAD = MAX_FILE + 64 * 1024
"""Bytes of a request that carries files, with the parts' headers."""


class StrictRequest(Request):
    """A request whose JSON is one object that everybody reads alike."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the body's object; an empty body is an empty object.

        Never silent: a body that cannot be read is refused, not taken for none.

        Raises:
            InvalidRequest: it is no JSON object.
            InvalidData: it holds what cannot be stored.
            UnsupportedMediaType: it is said to be something else than JSON.
        """
        content = self.get_data()
        if not content:
            return {}
        if self.mimetype != "application/json" and not self.mimetype.endswith("+json"):
            raise UnsupportedMediaType(
                f"The body is said to be {self.mimetype or 'nothing'!r}; JSON is expected.",
                hint="Send the header Content-Type: application/json.",
            )
        return read_object(content)


def read_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object in ``content``.

    Raises:
        InvalidRequest: it is no JSON, or no object.
        InvalidData: a value in it cannot be stored.
        TooLarge: it has more than 1 MB.
    """
    if len(content) > MAX_BODY:
        raise TooLarge(f"The body has {len(content)} bytes; {MAX_BODY} are allowed.")
    try:
        document = json.loads(
            content.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise InvalidRequest("The body is nested too deep.", hint="Flatten it.") from None
    except ValueError as problem:
        # Among them: bytes that are no UTF-8, and integers of thousands of digits.
        raise InvalidRequest(
            f"The body is no JSON: {problem}.", hint="Send one JSON object in UTF-8."
        ) from None
    if not isinstance(document, dict):
        raise InvalidRequest("The body is no JSON object.", hint='Send for example {"data": {}}.')
    check_json(document)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:100]!r} is there twice in one object")
    return result


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")
