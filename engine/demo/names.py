"""Invented names for the units, people and items of a grown city.

No name is looked up anywhere: places are two rare characters each, people carry 样
(sample) between surname and a heavenly stem, as those of the delivered lists do.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import orjson

Row = dict[str, Any]
Name = tuple[str, str]
"""In Chinese and in English."""

_WORDS: dict[str, Any] = orjson.loads(Path(__file__).with_name("words.json").read_bytes())


def places(chance: random.Random) -> Iterator[Name]:
    """Yield names for places, each once."""
    pairs = list(product(_WORDS["places"]["first"], _WORDS["places"]["second"]))
    chance.shuffle(pairs)
    for (one, one_en), (other, other_en) in pairs:
        yield one + other, one_en + other_en


def courts(chance: random.Random) -> Iterator[Name]:
    """Yield names for compounds, each once."""
    for zh, en in places(chance):
        kind, kind_en = chance.choice(_WORDS["courts"])
        yield zh + kind, f"{en} {kind_en}"


def people(rows: Iterable[Row], chance: random.Random) -> Iterator[Name]:
    """Yield names of people, with the surnames that the list has; names come again."""
    known = {row["name_zh"][0]: row["name_en"].split()[0] for row in rows}
    both = list(product(sorted(known), _WORDS["stems"]))
    while True:
        chance.shuffle(both)
        for surname, (stem, stem_en) in both:
            yield f"{surname}样{stem}", f"{known[surname]} Yang{stem_en} (sample)"


def more_items(rows: Sequence[Row], total: int, chance: random.Random) -> list[Row]:
    """Return the rows of the list of responsibilities and new ones, ``total`` codes in all.

    A new item is handled as one of its category that is there: by whom, how fast, how it is
    published.
    """
    found, codes = list(rows), {row["code"] for row in rows}
    patterns = {
        category: [
            row for row in rows
            if row["category_code"] == category and row["area_class"] == "all"
            and not row["sensitive"] and not row["key_task_code"] and not row["effective_to"]
        ]
        for category in sorted(_WORDS["items"])
    }  # fmt: skip
    wanted = {category: list(_things(category)) for category in patterns if patterns[category]}
    for things in wanted.values():
        chance.shuffle(things)
    while len(codes) < total:
        for category, things in wanted.items():
            if len(codes) < total and things:
                row = _item(chance.choice(patterns[category]), things.pop(), codes)
                codes.add(row["code"])
                found.append(row)
        if not any(wanted.values()):
            raise ValueError(f"There are words for {len(codes)} items, not for {total}.")
    return found


def more_duties(rows: Sequence[Row], total: int, chance: random.Random) -> list[Row]:
    """Return the rows of the first-contact list and new ones, ``total`` in all.

    A new matter stays with whoever is the first to receive its kind in its category.

    Raises:
        ValueError: there are not words for so many.
    """
    wanted = {
        name: row
        for row in rows
        for name in _paired(
            _WORDS["items"][row["category_code"]]["things"], _WORDS["duties"][row["kind_code"]]
        )
    }
    if len(rows) + len(wanted) < total:
        raise ValueError(f"There are words for {len(rows) + len(wanted)} matters, not for {total}.")
    counts = Counter(row["kind_code"] for row in rows)
    found = list(rows)
    for name in chance.sample(list(wanted), total - len(rows)):
        row, (item_zh, item_en) = wanted[name], name
        kind = row["kind_code"]
        counts[kind] += 1
        code = f"SJ-{kind}-{counts[kind]:03}"
        found.append({**row, "code": code, "item_zh": item_zh, "item_en": item_en})
    return found


def _things(category: str) -> Iterator[Name]:
    words = _WORDS["items"][category]
    return _paired(words["things"], words["states"])


def _paired(things: Iterable[Name], states: Iterable[Name]) -> Iterator[Name]:
    for (thing, thing_en), (state, state_en) in product(things, states):
        yield thing + state, f"{thing_en.capitalize()}: {state_en}"


def _item(pattern: Row, name: Name, codes: Iterable[str]) -> Row:
    prefix = f"ZL-{pattern['category_code']}-"
    last = max(int(one.rpartition("-")[2]) for one in codes if re.match(prefix, one))
    return {
        **pattern,
        "code": f"{prefix}{last + 1:03}",
        "item_zh": name[0],
        "item_en": name[1],
    }
