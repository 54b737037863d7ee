"""Where a page of rows ended, as a text that a client hands back for the next page.

Rows are shown by moment, case and a name within the case; a cursor holds the three
of the last one, so that rows which come meanwhile move nothing.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import NamedTuple

import orjson

from engine.clock import parse, text
from engine.errors import InvalidRequest


class Place(NamedTuple):
    """The moment, case and name of a row."""

    at: datetime
    case: str
    name: str


def write(place: Place) -> str:
    """Return the cursor of the rows after ``place``."""
    document = orjson.dumps([text(place.at), place.case, place.name])
    return base64.urlsafe_b64encode(document).decode().rstrip("=")


def read(cursor: str) -> Place:
    """Return the place that a cursor holds.

    Raises:
        InvalidRequest: the cursor is none of ours.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, case, name = orjson.loads(base64.urlsafe_b64decode(padded))
        return Place(parse(at), str(case), str(name))
    except (ValueError, TypeError) as reason:
        raise InvalidRequest(
            "This cursor is none of ours.", hint="Start again without one."
        ) from reason
