"""Does everything follow from the histories, and are they those that were signed?

Chains, sealed values, files and administrators' acts are checked by ``replay``; here
comes what needs more: the log of heads with its checkpoints, and the present of each
case, applied again and compared row by row. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine import checkpoints, replay, store
from engine.checkpoints import Checkpoint, Paper, keys, log, stamps
from engine.database import Transaction
from engine.errors import WrongState
from engine.notary import Public
from engine.ports import Application
from engine.replay import Difference
from engine.scratch import Scratch
from engine.verification import administration, dating, logged, present, stamped
from engine.verification.unreadable import readable

__all__ = ["Proven", "Report", "cases", "everything", "prove", "rest"]


@dataclass(frozen=True, slots=True)
class Report:
    """What a check of everything came to.

    Attributes:
        cases: how many were checked; ``sound`` how many of them have no finding.
        broken: the findings.
        checkpoint: the last one there is, or None.
    """

    cases: int
    sound: int
    broken: list[Difference]
    checkpoint: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Proven:
    """What the check of one case came to.

    Attributes:
        entries: how many its history has.
        broken: the findings; empty = it is sound, and every entry follows from the
            one before it by its command.
        covered: the last entry that a checkpoint covers; 0 = none.
        checkpoint: the checkpoint that covers it, or None.
    """

    entries: int
    broken: list[Difference]
    covered: int
    checkpoint: Checkpoint | None


def cases(
    app: Application, ids: Iterable[str], *, with_present: bool = True
) -> Iterator[list[Difference]]:
    """Yield for each case what is wrong with it.

    Args:
        with_present: False = chain, sealed values and log alone, which is much faster.

    Raises:
        CaseNotFound: there is no such case.
    """
    scratch = Scratch() if with_present else None
    try:
        with app.database.reading() as tx:
            made = dating.moments(tx)
        for some in replay.batched(ids):
            # Nobody is kept from writing while the caller looks at the findings.
            with app.database.reading() as tx:
                found = [
                    list(readable(_case(app, tx, one, scratch, made), one, "case")) for one in some
                ]
            yield from found
    finally:
        if scratch is not None:
            scratch.close()


def _case(
    app: Application,
    tx: Transaction,
    case_id: str,
    scratch: Scratch | None,
    made: dating.Moments,
) -> Iterator[Difference]:
    chain = replay.verify_case(tx, case_id)
    if chain is not None:
        yield chain
    if chain is not None and chain.what in ("entry", "column"):
        return
    against = [*logged.case(tx, case_id), *dating.check(tx, log.CASE, case_id, made)]
    yield from against
    if chain is None and not against and scratch is not None:
        yield from present.check(app, tx, scratch, case_id)


def rest(
    app: Application,
    *,
    papers: Sequence[Paper] = (),
    trusted: Sequence[Public] = (),
    authorities: stamps.Certificates = (),
) -> list[Difference]:
    """Return what is wrong beside the cases: acts, files, lists, users, vanished cases, the log.

    Args:
        papers: checkpoints that lay elsewhere.
        trusted: keys that may sign checkpoints; empty = the installation's own.
        authorities: certificates that time-stamps are trusted by; empty = those of the
            installation.
    """
    found = list(readable(_files(app), "administration", "stream"))
    known = list(trusted)
    if not known and keys.is_there(app.settings):
        try:
            known = [keys.read_public(keys.path_of(app.settings))]
        except WrongState as reason:
            # What else there is to find does not depend on it.
            found.append(Difference("the installation's key", None, str(reason), "key"))
    believed, unread = (authorities, []) if authorities else stamped.known(app.settings)
    found += unread
    with app.database.reading() as tx:
        for more in (
            administration.check(tx),
            dating.acts(tx),
            present.strays(tx),
            logged.everything(tx, papers, known),
            readable(_stamps(tx, papers, believed), "time-stamps", stamped.WHAT),
        ):
            found = merged(found, readable(more, "administration", "stream"))
    return found


def _stamps(
    tx: Transaction, papers: Sequence[Paper], believed: stamps.Certificates
) -> Iterator[Difference]:
    for one in (*stamped.of_papers(papers, believed), *stamped.stored(tx, believed)):
        if isinstance(one, Difference):
            yield one


def _files(app: Application) -> Iterator[Difference]:
    yield from replay.verify_rest(app)


def everything(app: Application, *, with_present: bool = False) -> Report:
    """Check all there is and return what it came to.

    Args:
        with_present: True = every case is applied again and compared row by row too.
    """
    ids = replay.case_ids(app)
    broken: list[Difference] = []
    for found in cases(app, ids, with_present=with_present):
        broken += found
    broken = merged(broken, rest(app))
    named = {one.case for one in broken}
    with app.database.reading() as tx:
        last = checkpoints.last(tx)
    return Report(len(ids), sum(one not in named for one in ids), broken, last)


def merged(found: Sequence[Difference], more: Iterable[Difference]) -> list[Difference]:
    """Return the findings, and of ``more`` those about what none of them names."""
    known = {one.case for one in found}
    return [*found, *(one for one in more if one.case not in known)]


def prove(app: Application, case_id: str) -> Proven:
    """Check one case as far as can be: chain, sealed values, log, replay, present.

    Raises:
        CaseNotFound: there is no such case.
    """
    (broken,) = cases(app, [case_id])
    with app.database.reading() as tx:
        last = checkpoints.last(tx)
        size = 0 if last is None else last.size
        leaves = log.of_name(tx, log.CASE, case_id, size)
        covering = checkpoints.covering(tx, leaves[-1][0]) if leaves else None
        covered = (leaves[-1][1].position or 0) if leaves else 0
        row = store.read_case(tx, case_id)
        assert row is not None, "it was checked"
        return Proven(row.position, broken, covered, covering)
