"""Load the demo city: its lists, and a user for every role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from engine import accounts, identities, lists, references, store
from engine.accounts import NewUser
from engine.calendar import LOCAL
from engine.columns import Descriptor
from engine.demo import growth
from engine.demo.growth import SIZES
from engine.lists import ListVersion
from engine.organisation import Grant, Organisation
from engine.ports import Application

PASSWORD = "bihuan-demo"  # noqa: S105 - printed by `make run`, refused beyond loopback
ADMIN = "admin"

SEED = 1
"""Of the names and numbers of a grown city: it is the same everywhere."""

FACT = "demo-city-size"

HOME = ("D04", "990101001")
"""Where the users named by a role work if they can: the department that gets most of
the whistles, else one street. So a case that one of them starts reaches the others."""


def load_city(app: Application, folder: Path, size: str | None = None) -> tuple[int, int]:
    """Put the lists in ``folder`` in force and make the users; what is there stays.

    Args:
        app: the application.
        folder: of descriptors (``NAME.json``) and the CSV files they name.
        size: a key of ``SIZES`` to which the city grows; None: as large as it was made
            the first time, at first as it lies there.

    Returns:
        How many lists and how many users are new.
    """
    files = {path: path.with_suffix(".csv").read_bytes() for path in sorted(folder.glob("*.json"))}
    size = _remembered(app, size)
    if size:
        grown = growth.grow(_read(files), SIZES[size], SEED)
        files |= {folder / f"{name}.json": content for name, content in grown.items()}
    new = sum(_activate(app, path, content) for path, content in files.items())
    return new, load_users(app)


def _remembered(app: Application, size: str | None) -> str:
    """Keep the size of the city, so that loading it again does not shrink it."""
    with app.database.writing() as tx:
        known = store.get_fact(tx, FACT) or ""
        if size is not None and size != known:
            store.put_fact(tx, FACT, size)
    return size or known


def _read(files: Mapping[Path, bytes]) -> dict[str, ListVersion]:
    return {
        path.stem: lists.read(Descriptor.read(path.read_bytes()), content)
        for path, content in files.items()
        if path.stem in growth.GROWING
    }


def _activate(app: Application, path: Path, content: bytes) -> bool:
    with app.database.writing() as tx:
        done = references.activate(
            tx,
            descriptor=path.read_bytes(),
            content=content,
            actor=identities.OPERATOR,
            at=app.clock.now(),
        )
    return bool(done["changed"])


def load_users(app: Application) -> int:
    """Make the users of the demo city that are not there yet; return how many.

    Each person of the people list is a user (by the person's id, without a
    password); each role is one (by its code), bound to somebody who holds it; and
    ``admin`` has every post there is.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        known = {one.name for one in accounts.read_users(tx)}
    organisation = app.references.organisation
    today = app.clock.now().astimezone(LOCAL).date()
    posts = {one: organisation.posts(one, today) for one in organisation.people()}
    everything = sorted({grant for grants in posts.values() for grant in grants})
    wanted = [
        *(NewUser(person, person_id=person, demo=True) for person in posts),
        *_role_users(organisation, posts, today),
        NewUser(ADMIN, roles=everything, password=PASSWORD, demo=True),
    ]
    missing = [one for one in wanted if one.name not in known]
    identities.add_users(app, missing, by=identities.OPERATOR)
    return len(missing)


def _role_users(
    organisation: Organisation, posts: dict[str, list[Grant]], today: date
) -> Iterable[NewUser]:
    taken: set[str] = set()
    for role in organisation.roles():
        holders = [
            (person, unit)
            for person, grants in posts.items()
            for held, unit in grants
            if held == role
        ]
        if not holders or role == ADMIN:
            continue
        # One person as two users would slip through the separation of duties.
        holders.sort(key=lambda one: (one[0] in taken, _from_home(organisation, one[1], today)))
        person = holders[0][0]
        taken.add(person)
        yield NewUser(role, person_id=person, password=PASSWORD, demo=True)


def _from_home(organisation: Organisation, unit: str, today: date) -> int:
    """Return which of the places is the unit's, in their order; their number for none."""
    near = (at for at, place in enumerate(HOME) if organisation.within(unit, place, today))
    return next(near, len(HOME))
