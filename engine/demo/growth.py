"""A city of any size, grown from the delivered one to what the sources count.

Each new street is a copy of one that is there, with names, numbers and households of its
own; so what holds in the sample (every grid has one worker, households add up, a compound
without a property company) holds in the grown city. Deterministic: the same lists, size and
seed give the same bytes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine import revisions
from engine.demo import names
from engine.lists import ListVersion

Row = dict[str, Any]
DISTRICT, TEMPLATE = "990101", "001"
"""The district, and the street of it that new ones are copies of."""

HOUSEHOLDS = (270, 330)
"""Of a level-2 grid: about 300."""
LARGEST = 3000
"""Households beyond which a community would have to be divided (source 004)."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a city is.

    Attributes:
        streets, heads, grids: streets, level-1 and level-2 grids.
        items: of the list of responsibilities.
        duties: of the first-contact list.
    """

    streets: int
    heads: int
    grids: int
    items: int
    duties: int


SIZES = {
    "sources": Size(streets=6, heads=55, grids=326, items=224, duties=1101),
    "load": Size(streets=12, heads=182, grids=1093, items=224, duties=1101),
}
"""Jianye's numbers (source 001, with the 224 items of source 003); Luyang's grids (000)."""


GROWING = ("org_units", "departments", "people", "responsibility", "first_contact")
"""The lists that are larger in a larger city."""


class Place(NamedTuple):
    """Where something lies in the numbering; 0 for what is above its kind."""

    street: int
    community: int = 0
    head: int = 0
    grid: int = 0


def grow(versions: Mapping[str, ListVersion], size: Size, seed: int) -> dict[str, bytes]:
    """Return the files of the lists that are larger in the grown city, by list.

    Raises:
        ValueError: the city is larger already.
    """
    chance = random.Random(seed)  # noqa: S311 - invented places, no secret
    units = [dict(row) for row in versions["org_units"].rows]
    plan = list(_plan(units, size))
    builder = _Builder(versions, plan, chance)
    found = {
        "org_units": [*units, *builder.units()],
        "departments": [*versions["departments"].rows, *builder.departments()],
        "people": [*versions["people"].rows, *builder.people()],
        "responsibility": names.more_items(versions["responsibility"].rows, size.items, chance),
        "first_contact": names.more_duties(versions["first_contact"].rows, size.duties, chance),
    }
    _add_up(found["org_units"])
    return {name: revisions.render(versions[name].descriptor, rows) for name, rows in found.items()}


def _plan(units: Iterable[Row], size: Size) -> Iterator[Place]:
    """Yield the places to be added: streets, and within each communities, heads, grids."""
    levels = [row["level"] for row in units]
    streets = size.streets - levels.count("street")
    heads = size.heads - levels.count("grid1")
    grids = size.grids - levels.count("grid2")
    if min(streets, heads, grids) < 1:
        raise ValueError("The city is as large already.")
    counts, head = _shared(grids, heads), 0
    each = 2 if 2 * counts[0] * HOUSEHOLDS[1] <= LARGEST else 1
    for number, own in enumerate(_shared(heads, streets), start=size.streets - streets + 1):
        yield Place(number)
        for index in range(own):
            community, of_it = index // each + 1, index % each + 1
            if of_it == 1:
                yield Place(number, community)
            yield Place(number, community, of_it)
            for grid in range(1, counts[head] + 1):
                yield Place(number, community, of_it, grid)
            head += 1


def _shared(total: int, among: int) -> list[int]:
    """Divide evenly; the first get what is left over."""
    each, left = divmod(total, among)
    return [each + (index < left) for index in range(among)]


class _Builder:
    """Copies of what lies in the template's street, for every place of the plan."""

    def __init__(
        self, versions: Mapping[str, ListVersion], plan: list[Place], chance: random.Random
    ) -> None:
        self._plan, self._chance = plan, chance
        self._rows = {
            name: _by_place(versions[name].rows, column)
            for name, column in (
                ("org_units", "id"),
                ("departments", "code"),
                ("people", "unit_id"),
            )
        }
        self._last = {
            place[:3]: max(one.grid for one in self._rows["org_units"] if one[:3] == place[:3])
            for place in self._rows["org_units"]
        }
        self._names = _names(versions["org_units"].rows, plan, chance)
        self._deepest = _deepest(self._rows["people"])
        self._persons: dict[tuple[str, Place], tuple[str, names.Name]] = {}
        self._number = max(int(row["person_id"][2:]) for row in versions["people"].rows)
        self._people = names.people(versions["people"].rows, chance)
        self._running: dict[tuple[int, int], int] = {}

    def units(self) -> Iterator[Row]:
        """Yield the units of all places, with households where doors are counted."""
        for place in self._plan:
            running = self._count(place)
            for row in self._patterns("org_units", place):
                new = _translated(row, place)
                new["name_zh"] = self._named(row["name_zh"], place, 0, running)
                new["name_en"] = self._named(row["name_en"], place, 1, running)
                if row["level"] == "grid2":
                    new["households"] = self._chance.randint(*HOUSEHOLDS)
                    new["area_class"] = "A" if self._chance.random() < 0.25 else "B"
                yield {**new, "note": None}

    def departments(self) -> Iterator[Row]:
        """Yield the bodies of all places: stations, offices, committees, property companies."""
        for place in self._plan:
            for row in self._patterns("departments", place):
                new = _translated(row, place)
                new["name_zh"] = self._named(row["name_zh"], place, 0, 0)
                new["name_en"] = self._named(row["name_en"], place, 1, 0)
                yield new

    def people(self) -> Iterator[Row]:
        """Yield who works there."""
        for place in self._plan:
            for row in self._patterns("people", place):
                if row["effective_to"]:
                    continue
                number, name = self._person(row["person_id"], place)
                substitute = row["substitute_person_id"]
                known = substitute in self._deepest
                yield {
                    **_translated(row, place),
                    "person_id": number,
                    "name_zh": name[0],
                    "name_en": name[1],
                    "work_no": f"000-0000-{int(number[2:]):04}",
                    "substitute_person_id": self._person(substitute, place)[0] if known else None,
                    "note": None,
                }

    def _patterns(self, name: str, place: Place) -> list[Row]:
        """The rows that are copied for a place: those of the place it is like."""
        community = (place.community - 1) % 2 + 1 if place.community else 0
        like = Place(int(TEMPLATE), community, place.head)
        grid = (place.grid - 1) % self._last[like[:3]] + 1 if place.grid else 0
        return self._rows[name].get(like._replace(grid=grid), [])

    def _person(self, pattern: str, place: Place) -> tuple[str, names.Name]:
        """The copy of a person for a place: who heads a grid and works in the community is one."""
        deepest = self._deepest[pattern]
        at = Place(*(own or deep for own, deep in zip(place, deepest, strict=True)))
        if (pattern, at) not in self._persons:
            self._number += 1
            self._persons[pattern, at] = f"RY{self._number:03}", next(self._people)
        return self._persons[pattern, at]

    def _count(self, place: Place) -> int:
        if place.grid:
            key = place[:2]
            self._running[key] = self._running.get(key, 0) + 1
            return self._running[key]
        return 0

    def _named(self, text: str, place: Place, language: int, running: int) -> str:
        """A name of the template's with the place's own names and numbers."""
        for old, new in self._names[place.street, place.community, place.head]:
            text = text.replace(old[language], new[language])
        for pattern, number in (
            (r"(?<=第)\d+(?=一级网格|居民小组)|(?<=level-1 grid )\d+|(?<=group )\d+", place.head),
            (r"(?<=第)\d+(?=网格)|(?<=Community grid )\d+", running),
            (r"\d+(?=区\d+栋)|(?<=block )\d+(?=-)", place.grid),
            (r"(?<=patch )\d+", (place.community + 1) // 2),
            (r"(?<=第)一(?=街片)", _NUMERALS[(place.community - 1) // 2]),
        ):
            text = re.sub(pattern, str(number), text)
        return text


_NUMERALS = "一二三四五六七八九十"
_IDS = (
    re.compile(rf"{DISTRICT}(\d{{3}})(?:(\d{{3}})(?:(\d{{2}})(?:(\d{{3}})(B\w+)?)?)?)?"),
    re.compile(r"(?:XQ|JX|PT|[A-Z]\d\d)-(\d{3})(?:-(\d{3})(?:-(\d{2})(-L\d)?)?)?"),
)
_PATCH = re.compile(r"PA-(\d{3})-(\d{2})")


def _place(text: str) -> Place | None:
    """Where an id lies, or None for what lies in no street (a bureau, a stop of the patrol)."""
    patch = _PATCH.fullmatch(text)
    if patch:
        # A patch has two communities; it is made with the first of them.
        return Place(int(patch[1]), int(patch[2]) * 2 - 1)
    for pattern in _IDS:
        found = pattern.fullmatch(text)
        if found:
            numbers = [int(one) for one in found.groups()[:4] if one and one.isdecimal()]
            return Place(*numbers)
    return None


def _by_place(rows: Iterable[Row], column: str) -> dict[Place, list[Row]]:
    """The template's rows by where they lie."""
    found: dict[Place, list[Row]] = {}
    for row in rows:
        place = _place(row[column])
        if place is not None and place.street == int(TEMPLATE):
            found.setdefault(place, []).append(row)
    return found


def _deepest(people: Mapping[Place, Iterable[Row]]) -> dict[str, Place]:
    """Of each person of the template the most exact place where one of the posts is."""
    found: dict[str, Place] = {}
    for place, rows in people.items():
        for row in rows:
            known = found.get(row["person_id"], place)
            found[row["person_id"]] = max(known, place, key=lambda one: sum(map(bool, one)))
    return found


def _translated(row: Row, place: Place) -> Row:
    """A row with every id of the template turned into that of the place."""
    return {
        name: _id(value, place) if isinstance(value, str) else value for name, value in row.items()
    }


def _id(text: str, place: Place) -> str:
    known = _place(text)
    if known is None or known.street != int(TEMPLATE):
        return text
    patch = _PATCH.fullmatch(text)
    if patch:
        return f"PA-{place.street:03}-{(place.community + 1) // 2:02}"
    if text.startswith(DISTRICT):
        lengths, rest = (3, 3, 2, 3), text[len(DISTRICT) :]
        parts = [f"{number:0{width}}" for number, width in zip(place, lengths, strict=True)]
        depth = sum(map(bool, known))
        return DISTRICT + "".join(parts[:depth]) + rest[sum(lengths[:depth]) :]
    head, _, rest = text.partition("-")
    suffix = rest[rest.index("-L") :] if "-L" in rest else ""
    used = [f"{place.street:03}", f"{place.community:03}", f"{place.head:02}"][
        : sum(map(bool, known))
    ]
    return "-".join([head, *used]) + suffix


def _names(
    units: Iterable[Row], plan: Iterable[Place], chance: random.Random
) -> dict[tuple[int, int, int], list[tuple[names.Name, names.Name]]]:
    """For each street, community and head which names of the template become which."""
    old = {}
    for row in units:
        ends = {
            "street": ("街道", " Street"),
            "community": ("社区", " Community"),
            "compound": ("", ""),
        }
        if row["level"] in ends and (place := _place(row["id"])):
            zh, en = ends[row["level"]]
            old[place] = (row["name_zh"].removesuffix(zh), row["name_en"].removesuffix(en))
    fresh, courts = names.places(chance), names.courts(chance)
    found: dict[tuple[int, int, int], list[tuple[names.Name, names.Name]]] = {}
    for place in plan:
        if place.grid:
            continue
        like = Place(
            int(TEMPLATE), (place.community - 1) % 2 + 1 if place.community else 0, place.head
        )
        above = found.get((place.street, place.community if place.head else 0, 0), [])
        own = (old[like], next(courts if place.head else fresh))
        found[place[:3]] = [own, *above] if place.community else [own]
    return found


def _add_up(units: list[Row]) -> None:
    """Count households: doors and buildings share a grid's, what lies above adds up its parts."""
    below: dict[str, list[Row]] = {}
    for row in units:
        if row["tree"] == "territory":
            below.setdefault(row["parent_id"], []).append(row)
    for row in units:
        if row["level"] in ("grid2", "building"):
            parts = below.get(row["id"], [])
            for part, share in zip(
                parts, _shared(row["households"], len(parts) or 1), strict=False
            ):
                part["households"] = share
    for level in ("grid1", "community", "street", "district", "city"):
        for row in units:
            if row["level"] == level:
                row["households"] = sum(part["households"] for part in below[row["id"]])
    heads = {row["compound_id"]: row["households"] for row in units if row["level"] == "grid1"}
    for row in units:
        compound = row["id"] if row["level"] == "compound" else row["compound_id"]
        if row["level"] in ("compound", "resident_group") and compound in heads:
            row["households"] = heads[compound]
