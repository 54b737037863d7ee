"""Histories, definitions and lists held against the log of heads and its checkpoints."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import checkpoints, merkle, notary
from engine.checkpoints import Checkpoint, Paper, log
from engine.database import Transaction
from engine.notary import Note, Public
from engine.replay import Difference
from engine.tables import cases, entries, leaves, streams, subtrees

_COLUMNS = (
    sa.select(
        leaves.c.number, leaves.c.kind, leaves.c.name, leaves.c.position, leaves.c.digest,
        leaves.c.body, subtrees.c.hash,
    )
    .select_from(
        leaves.outerjoin(
            subtrees, sa.and_(subtrees.c.level == 0, subtrees.c.number == leaves.c.number)
        )
    )
    .where(leaves.c.number >= p("first"))
    .order_by(leaves.c.number)
    .limit(log.CHUNK)
)  # fmt: skip
# What of the log no entry of the case bears out.
_AGAINST = (
    sa.select(leaves.c.number, leaves.c.body)
    .where(
        leaves.c.kind == log.CASE,
        leaves.c.name == p("stream"),
        ~sa.exists().where(
            entries.c.stream == leaves.c.name,
            entries.c.position == leaves.c.position,
            entries.c.digest == leaves.c.digest,
        ),
    )
    .order_by(leaves.c.number)
)
_DIGEST = sa.select(entries.c.digest).where(
    entries.c.stream == p("stream"), entries.c.position == p("position")
)
_LAST = sa.select(sa.func.max(entries.c.position)).where(entries.c.stream == p("stream"))
_CASE = sa.select(cases.c.id).where(cases.c.id == p("stream"))
_STREAM = sa.select(streams.c.id).where(streams.c.id == p("stream"))


@dataclass(slots=True)
class Comparison:
    """Leaves compared with what stands now; each history or thing is named once."""

    tx: Transaction
    named: set[tuple[str, str]] = field(default_factory=set)
    things: dict[tuple[str, str], str] | None = None

    def of(self, leaf: log.Leaf, by: str) -> Iterator[Difference]:
        """Yield what contradicts a leaf, unless something did before.

        Args:
            by: the checkpoint that vouches for it, in words.
        """
        if leaf.kind == log.KEY or (leaf.kind, leaf.name) in self.named:
            return
        found = self._history(leaf, by) if leaf.stream else self._thing(leaf, by)
        if found is not None:
            self.named.add((leaf.kind, leaf.name))
            yield found

    def _history(self, leaf: log.Leaf, by: str) -> Difference | None:
        stream = {"stream": leaf.name}
        if self.tx.one(_CASE if leaf.kind == log.CASE else _STREAM, stream) is None:
            reason = f"it is gone; {by} has it at entry {leaf.position}"
            return Difference(leaf.name, None, reason, leaf.kind)
        row = self.tx.one(_DIGEST, {**stream, "position": leaf.position})
        if row is None:
            last = self.tx.one(_LAST, stream)
            ends = 0 if last is None or last[0] is None else int(last[0])
            reason = f"its history ends at entry {ends}; {by} has it at entry {leaf.position}"
            return Difference(leaf.name, ends + 1, reason)
        if row[0] != leaf.digest:
            reason = f"it, or an entry before it, was written anew: {by} has another digest"
            return Difference(leaf.name, leaf.position, reason)
        return None

    def _thing(self, leaf: log.Leaf, by: str) -> Difference | None:
        if self.things is None:
            self.things = {(one.kind, one.name): one.digest for one in log.things(self.tx)}
        now = self.things.get((leaf.kind, leaf.name))
        if now == leaf.digest:
            return None
        reason = f"it is gone; {by} has it" if now is None else f"it is not the one of {by}"
        name, version = leaf.name.rsplit(" ", 1)
        between = " version " if leaf.kind == log.DEFINITION else " "
        return Difference(f"{name}{between}{version}", None, reason, leaf.kind)


def case(tx: Transaction, case_id: str) -> Iterator[Difference]:
    """Yield what of a case contradicts the log."""
    against = tx.all(_AGAINST, {"stream": case_id})
    if not against:
        return
    made, compare = checkpoints.everyone(tx), Comparison(tx)
    for number, body in against:
        yield from compare.of(log.Leaf.read(body), _first(made, number))


def everything(
    tx: Transaction, papers: Sequence[Paper], keys: Sequence[Public]
) -> Iterator[Difference]:
    """Yield what contradicts the log, what of the log contradicts its checkpoints, and papers.

    Args:
        papers: checkpoints that lay elsewhere; already checked.
        keys: who may have signed the checkpoints in the database; empty = not asked.
    """
    made, compare = checkpoints.everyone(tx), Comparison(tx)
    for paper in papers:
        by = f"checkpoint {paper.head.fact('number')} of {paper.head.fact('at')}"
        for _, leaf in paper.leaves():
            yield from compare.of(leaf, by)
    walk = _Walk(tx, [one.size for one in made] + [one.head.size for one in papers])
    for number, leaf in walk.leaves():
        yield from compare.of(leaf, _first(made, number))
    yield from walk.found
    yield from _roots(walk, made, papers)
    if keys:
        yield from _signatures(tx, made, keys)


class _Walk:
    """The log read once, from its first leaf to its last.

    Attributes:
        roots: the root at each of the sizes asked for.
        found: what is wrong with its rows.
    """

    def __init__(self, tx: Transaction, sizes: Iterable[int]) -> None:
        self._tx, self._sizes = tx, set(sizes)
        self.edge = merkle.Edge()
        self.roots = {0: merkle.EMPTY}
        self.found: list[Difference] = []

    def leaves(self) -> Iterator[tuple[int, log.Leaf]]:
        """Yield the leaves that can be read."""
        first = 0
        while rows := self._tx.all(_COLUMNS, {"first": first}):
            for number, *columns, body, hashed in rows:
                content = body.encode()
                leaf = self._read(number, columns, content, hashed)
                self.edge.add(merkle.leaf(content))
                if self.edge.size in self._sizes:
                    self.roots[self.edge.size] = self.edge.root()
                if leaf is not None:
                    yield number, leaf
            first = rows[-1][0] + 1

    def _read(
        self, number: int, columns: list[object], content: bytes, hashed: str | None
    ) -> log.Leaf | None:
        if number != self.edge.size and not self.found:
            reason = f"leaf {number} stands where {self.edge.size} was due"
            self.found.append(Difference(f"leaf {number}", None, reason, "log"))
        if hashed != merkle.leaf(content).hex():
            self.found.append(Difference(f"leaf {number}", None, "it was changed", "log"))
            return None
        leaf = log.Leaf.read(content)
        if [leaf.kind, leaf.name, leaf.position, leaf.digest] != columns:
            reason = "a column differs from its bytes"
            self.found.append(Difference(f"leaf {number}", None, reason, "log"))
        return leaf


def _roots(
    walk: _Walk, made: Sequence[Checkpoint], papers: Sequence[Paper]
) -> Iterator[Difference]:
    """Yield the checkpoints that the log does not lead to."""
    signed = [
        (one.head.fact("number"), one.head.size, one.head.root, f"in {one.path.name}")
        for one in papers
    ]
    stored = [(str(one.number), one.size, bytes.fromhex(one.root), "") for one in made]
    for number, size, root, where in [*stored, *signed]:
        name = f"checkpoint {number} {where}".rstrip()
        if size > walk.edge.size:
            reason = f"it covers {size} leaves, and the log has {walk.edge.size}"
            yield Difference(name, None, reason, "log")
        elif walk.roots.get(size) != root:
            reason = "the log of heads does not lead to it: leaves were changed, removed or added"
            yield Difference(name, None, reason, "log")


def _signatures(
    tx: Transaction, made: Sequence[Checkpoint], keys: Sequence[Public]
) -> Iterator[Difference]:
    """Yield the stored checkpoints that nobody trusted has signed, or that say something else."""
    known = _known(tx, made, keys)
    for expected, one in enumerate(made, 1):
        name = f"checkpoint {expected}"
        if one.number != expected:
            yield Difference(name, None, "it is gone", "checkpoint")
            return
        try:
            note = Note.read(one.note)
            head = note.head()
        except ValueError as unread:
            yield Difference(name, None, f"its note cannot be read: {unread}", "checkpoint")
            continue
        said = (head.fact("number"), head.size, head.root.hex())
        if note.signer(known) is None:
            yield Difference(name, None, "none of the keys has signed it", "checkpoint")
        elif said != (str(one.number), one.size, one.root):
            reason = "what lies beside its note differs from it"
            yield Difference(name, None, reason, "checkpoint")


def _known(tx: Transaction, made: Sequence[Checkpoint], keys: Sequence[Public]) -> list[Public]:
    """Return the trusted keys, those that they vouch for, and those that vouched for them.

    The log itself, under a root that a trusted key signed, says who signed before.
    """
    successions = checkpoints.successions(tx, log.size_of(tx))
    origin = Note.read(made[0].note).head().origin if made else ""
    known = notary.trusted(origin, keys, successions)
    for one in reversed(successions):
        new, by = notary.public_of(one["key"]), notary.public_of(one["by"])
        if new in known and by not in known:
            known.append(by)
    return known


def _first(made: Sequence[Checkpoint], number: int) -> str:
    """Return in words which checkpoint first covered a leaf."""
    at = bisect_right(made, number, key=lambda one: one.size)
    if at == len(made):
        return "the log of heads"
    return f"checkpoint {made[at].number} of {made[at].at.isoformat().replace('+00:00', 'Z')}"
