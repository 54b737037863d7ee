"""Time-stamps held against the checkpoints they belong to, and against who is trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine import checkpoints
from engine.checkpoints import Paper, Stamp, papers, stamping, stamps
from engine.clock import text
from engine.database import Transaction
from engine.errors import WrongState
from engine.replay import Difference
from engine.settings import Settings

WHAT = "stamp"


@dataclass(frozen=True, slots=True)
class Stamped:
    """A checkpoint that was stamped.

    Attributes:
        number: of the checkpoint.
        said: when it existed, by whom, and whether that is proven.
    """

    number: str
    said: Stamp

    def to_json(self) -> dict[str, object]:
        """Return it for machines; the moment in UTC."""
        said = self.said
        return {
            "checkpoint": self.number,
            "at": text(said.at),
            "by": said.by,
            "proven": said.proven,
        }

    def __str__(self) -> str:
        """Say it for people."""
        if self.said.proven:
            return f"Checkpoint {self.number} existed at {text(self.said.at)}: {self.said.by}."
        return (
            f"Checkpoint {self.number} is said to have existed at {text(self.said.at)} by "
            f"{self.said.by}: unproven without --tsa-certificates."
        )


def known(settings: Settings) -> tuple[stamps.Certificates, list[Difference]]:
    """Return the certificates that the installation trusts, and that they cannot be read."""
    try:
        return stamping.trusted(settings), []
    except WrongState as reason:
        # What else there is to find does not depend on them.
        return [], [Difference("the authority's certificates", None, str(reason), WHAT)]


def check(
    number: str, note: str, response: bytes, trusted: stamps.Certificates, where: str = ""
) -> Stamped | Difference:
    """Return what a response says of a checkpoint, or what is wrong with it.

    Args:
        where: what it was read from, in words.
    """
    try:
        return Stamped(number, stamps.check(response, note, trusted))
    except ValueError as reason:
        name = f"checkpoint {number}"
        return Difference(name, None, f"its time-stamp{where} proves nothing: {reason}", WHAT)


def of_papers(
    given: Sequence[Paper], trusted: stamps.Certificates
) -> Iterator[Stamped | Difference]:
    """Yield what is said of the checkpoints that have a stamp beside their file."""
    for paper in given:
        path = papers.stamp_of(paper.path)
        if path.is_file():
            number, note = paper.head.fact("number"), paper.note.write()
            yield check(number, note, path.read_bytes(), trusted, f" in {path.name}")


def stored(tx: Transaction, trusted: stamps.Certificates) -> Iterator[Stamped | Difference]:
    """Yield what is said of the checkpoints in the database that have a stamp there."""
    for number in stamping.numbers(tx):
        name = f"checkpoint {number}"
        try:
            response, made = stamping.kept(tx, number), checkpoints.numbered(tx, number)
        except (TypeError, ValueError):
            yield Difference(name, None, "its time-stamp cannot be read", WHAT)
            continue
        if made is None or response is None:
            yield Difference(name, None, "it is gone; its time-stamp is there", WHAT)
        else:
            yield check(str(number), made.note, response, trusted)


def told(tx: Transaction, given: Sequence[Paper], trusted: stamps.Certificates) -> list[Stamped]:
    """Return what is said of these checkpoints; without any, of the last that is stamped."""
    found = of_papers(given, trusted) if given else stored(tx, trusted)
    sound = [one for one in found if isinstance(one, Stamped)]
    return sound if given else sound[-1:]
