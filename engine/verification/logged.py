"""Histories, definitions and lists held against the log of heads and its checkpoints."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import checkpoints, merkle, notary
from engine.checkpoints import Checkpoint, Paper, log
from engine.clock import text
from engine.database import Transaction
from engine.notary import Note, Public
from engine.replay import Difference
from engine.tables import cases, entries, leaves, streams, subtrees
from engine.tables import checkpoints as made_table
from engine.verification.unreadable import readable

LOG = "the log of heads"

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
_NUMBERS = sa.select(made_table.c.number).order_by(made_table.c.number)
_COUNTED = sa.select(subtrees.c.level, sa.func.count()).group_by(subtrees.c.level)
_LEFT, _RIGHT = subtrees.alias("of_left"), subtrees.alias("of_right")
# What a hash is made of, each with its two parts from the level below.
_PARTS = (
    sa.select(subtrees.c.number, subtrees.c.hash, _LEFT.c.hash, _RIGHT.c.hash)
    .select_from(
        subtrees.outerjoin(
            _LEFT,
            sa.and_(_LEFT.c.level == p("below"), _LEFT.c.number == subtrees.c.number * 2),
        ).outerjoin(
            _RIGHT,
            sa.and_(_RIGHT.c.level == p("below"), _RIGHT.c.number == subtrees.c.number * 2 + 1),
        )
    )
    .where(subtrees.c.level == p("of_level"), subtrees.c.number > p("after"))
    .order_by(subtrees.c.number)
    .limit(log.CHUNK)
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
    made = _Made.of(tx)
    yield from made.found
    yield from readable(_walked(tx, made.checkpoints, papers), LOG, "log")
    yield from readable(_kept(made, papers), LOG, "log")
    if keys:
        # Who trusts a countersignature need not know the key that it was put beside.
        vouched = max((one.head.size for one in papers if one.witnessed), default=0)
        later = [one for one in made.checkpoints if one.size > vouched]
        yield from readable(_signatures(tx, made.checkpoints, keys, later), LOG, "log")


def _walked(
    tx: Transaction, made: Sequence[Checkpoint], papers: Sequence[Paper]
) -> Iterator[Difference]:
    compare = Comparison(tx)
    for paper in papers:
        by = f"checkpoint {paper.head.fact('number')} of {paper.head.fact('at')}"
        for _, leaf in paper.leaves():
            yield from compare.of(leaf, by)
    walk = _Walk(tx, [one.size for one in made] + [one.head.size for one in papers])
    for number, leaf in walk.leaves():
        yield from compare.of(leaf, _first(made, number))
    yield from walk.found
    yield from _subtrees(tx, walk.edge.size)
    yield from _roots(walk, made, papers)


@dataclass(slots=True)
class _Made:
    """The checkpoints in the database.

    Attributes:
        numbers: of all of them; ``checkpoints`` are those that can be read.
        found: which of them cannot, and which are gone.
    """

    numbers: set[int] = field(default_factory=set)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    found: list[Difference] = field(default_factory=list)

    @classmethod
    def of(cls, tx: Transaction) -> _Made:
        made = cls()
        for (number,) in tx.all(_NUMBERS, {}):
            name = f"checkpoint {number}"
            made.found += readable(made._take(tx, number), name, "checkpoint")
        # The first of each gap: how wide it is says the number after it.
        before = 0
        for number in sorted(made.numbers):
            if number != before + 1:
                name = f"checkpoint {before + 1}"
                made.found.append(Difference(name, None, "it is gone", "checkpoint"))
            before = number
        return made

    def _take(self, tx: Transaction, number: int) -> Iterator[Difference]:
        self.numbers.add(int(number))
        one = checkpoints.numbered(tx, number)
        assert one is not None, "its number was just read"
        if len(bytes.fromhex(one.root)) != merkle.SIZE or not isinstance(one.size, int):
            reason = "its root or its size is none"
            yield Difference(f"checkpoint {number}", None, reason, "checkpoint")
        else:
            self.checkpoints.append(one)


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


def _kept(made: _Made, papers: Sequence[Paper]) -> Iterator[Difference]:
    """Yield the checkpoints kept elsewhere that are not here, or not the same."""
    here = {str(one.number): one for one in made.checkpoints}
    known = {str(one) for one in made.numbers}
    for paper in papers:
        number, where = paper.head.fact("number"), paper.path.name
        name = f"checkpoint {number}"
        if number not in known:
            reason = f"it is gone; {where}, which was kept elsewhere, has it"
            yield Difference(name, None, reason, "checkpoint")
        elif number in here and here[number].note.rpartition("\n\n")[0] != paper.note.text.rstrip(
            "\n"
        ):
            reason = f"it says something else than {where}, which was kept elsewhere"
            yield Difference(name, None, reason, "checkpoint")


def _subtrees(tx: Transaction, size: int) -> Iterator[Difference]:
    """Yield the first hash of each level that does not follow from the level below it.

    Level 0 was compared with the leaves.
    """
    counted = {row[0]: row[1] for row in tx.all(_COUNTED, {})}
    for level in sorted(counted.keys() | set(range(size.bit_length())), key=str):
        due = size >> level if isinstance(level, int) and 0 <= level < size.bit_length() else 0
        if counted.get(level, 0) != due:
            reason = f"it has {counted.get(level, 0)} hashes, and {due} are due"
            yield Difference(f"level {level} of the log of heads", None, reason, "log")
            return
    for level in range(1, size.bit_length()):
        yield from _level(tx, level)


def _level(tx: Transaction, level: int) -> Iterator[Difference]:
    after = -1
    while rows := tx.all(_PARTS, {"of_level": level, "below": level - 1, "after": after}):
        for number, hashed, left, right in rows:
            parts = [bytes.fromhex(one or "") for one in (left, right)]
            if number != after + 1 or merkle.node(*parts).hex() != hashed:
                reason = "it does not follow from what is below it"
                yield Difference(f"subtree {level}/{after + 1}", None, reason, "log")
                return
            after = number


def _signatures(
    tx: Transaction,
    made: Sequence[Checkpoint],
    keys: Sequence[Public],
    later: Sequence[Checkpoint],
) -> Iterator[Difference]:
    """Yield the stored checkpoints that nobody trusted has signed, or that say something else.

    Args:
        later: those that nothing else vouches for.
    """
    known = _known(tx, made, keys)
    for one in made:
        name = f"checkpoint {one.number}"
        try:
            note = Note.read(one.note)
            head = note.head()
        except (TypeError, ValueError) as unread:
            yield Difference(name, None, f"its note cannot be read: {unread}", "checkpoint")
            continue
        said = (head.fact("number"), head.fact("at"), head.size, head.root.hex())
        if one in later and note.signer(known) is None:
            yield Difference(name, None, "none of the keys has signed it", "checkpoint")
        elif said != (str(one.number), text(one.at), one.size, one.root):
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
