"""Counting sealed ballots: choices go in, nothing but totals comes out.

A ballot is a sealed value of the field class ``ballot``. It is counted once and
only if it is the one that was cast: its commitment is checked before. Which
ballot came from whom is not in the result, and the result is what is recorded.

Pure: salts and values come in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from engine.sealing import commitment, is_sealed

Document = dict[str, Any]


@dataclass(slots=True)
class _Count:
    """Totals while they grow."""

    totals: dict[str, int]
    weights: dict[str, Decimal]
    counted: int = 0
    twice: int = 0
    excluded: int = 0
    invalid: int = 0
    keys: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)


def count(
    ballots: Iterable[Any],
    kept: Mapping[str, tuple[bytes, bytes]],
    *,
    choices: Collection[str] = (),
    exclude: Collection[Any] = (),
    add: Mapping[str, Any] | None = None,
) -> Document:
    """Return the totals of a vote.

    Args:
        ballots: each ``{"ballot": sealed, "key": …, "weight": …}`` or a bare sealed value;
            a ballot of None was not cast. Of several with one key (a household, a
            person) the first counts. ``weight`` is a number or its text, such as an area.
        kept: (salt, canonical JSON) of the case's ballots by id.
        choices: what may be chosen, each with a total, 0 too; empty = whatever was.
        exclude: keys whose vote came in another way, such as on paper.
        add: counts by choice that came in another way.

    Returns:
        ``totals`` and, where weights were given, ``weights`` by choice; ``counted``,
        ``twice``, ``excluded`` and ``invalid`` ballots.

    Raises:
        ValueError: a ballot is gone or is not the one that was cast; something is no
            ballot, number or count. The message names none of the ballots.
    """
    found = _Count(dict.fromkeys(choices, 0), dict.fromkeys(choices, Decimal(0)))
    away = {str(one) for one in exclude}
    weighed = False
    for item in ballots:
        sealed, key, weight = _parts(item)
        if sealed is None:
            continue
        if sealed["$sealed"] in found.seen:
            # Who did not vote must not hand in a neighbour's: a fault of the diagram.
            raise ValueError("one ballot is there twice; give each instance a datum of its own")
        found.seen.add(sealed["$sealed"])
        chosen = _opened(sealed, kept)
        weighed = weighed or weight is not None
        if key is not None and key in away:
            found.excluded += 1
        elif key is not None and key in found.keys:
            found.twice += 1
        else:
            found.keys |= set() if key is None else {key}
            _enter(found, chosen, Decimal(1) if weight is None else weight, choices)
    _enter_more(found, add or {}, choices)
    return _document(found, weighed=weighed)


def _parts(item: Any) -> tuple[Document | None, str | None, Decimal | None]:
    if item is None or is_sealed(item):
        return item, None, None
    if not isinstance(item, dict) or "ballot" not in item:
        raise ValueError('a ballot is {"ballot": …, "key": …, "weight": …}')
    sealed, key, weight = item["ballot"], item.get("key"), item.get("weight")
    if sealed is not None and not is_sealed(sealed):
        raise ValueError('a ballot is not sealed; give its field the class "ballot"')
    return sealed, None if key is None else str(key), None if weight is None else _weight(weight)


def _weight(value: Any) -> Decimal:
    try:
        weight = Decimal(str(value))
    except InvalidOperation:
        weight = Decimal("NaN")
    if isinstance(value, bool) or not weight.is_finite() or weight < 0:
        raise ValueError("a weight is no number from 0")
    return weight


def _opened(sealed: Document, kept: Mapping[str, tuple[bytes, bytes]]) -> list[str]:
    one = kept.get(sealed["$sealed"])
    if one is None:
        raise ValueError("a ballot cannot be read: it was erased, is another case's or no ballot")
    if commitment(*one) != sealed["commitment"]:
        raise ValueError("a ballot is not the one that was cast; verify the case")
    value = orjson.loads(one[1])
    return [str(each) for each in (value if isinstance(value, list) else [value])]


def _enter(found: _Count, chosen: list[str], weight: Decimal, choices: Collection[str]) -> None:
    if not chosen or (choices and not set(chosen) <= set(choices)):
        found.invalid += 1
        return
    found.counted += 1
    for one in chosen:
        found.totals[one] = found.totals.get(one, 0) + 1
        found.weights[one] = found.weights.get(one, Decimal(0)) + weight


def _enter_more(found: _Count, add: Mapping[str, Any], choices: Collection[str]) -> None:
    for one, number in sorted(add.items()):
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise ValueError(f"the number added to {one!r} is no whole number from 0")
        if choices and one not in choices:
            raise ValueError(f"{one!r} is added to and cannot be chosen")
        found.totals[one] = found.totals.get(one, 0) + number
        found.counted += number


def _document(found: _Count, *, weighed: bool) -> Document:
    document: Document = {
        "totals": dict(sorted(found.totals.items())),
        "counted": found.counted,
        "twice": found.twice,
        "excluded": found.excluded,
        "invalid": found.invalid,
    }
    if weighed:
        document["weights"] = {one: f"{found.weights[one]:f}" for one in sorted(found.weights)}
    return document
