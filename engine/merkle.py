"""A Merkle tree over a log that only grows, with its proofs.

The root stands for the whole log. That a leaf is in it (*inclusion*), and that a
later log begins with the whole of an earlier one (*consistency*), is shown by a few
hashes: as many as the number of leaves has binary digits, about.

A tree is asked through ``Node``: the hash of the complete subtree of ``2**level``
leaves that is the ``index``-th of its kind from the left. Complete subtrees never
change, so they are kept once and any earlier size of the log can be asked for.

Pure: hashes come in, hashes go out.

Method: RFC 6962, "Certificate Transparency", section 2.1, with SHA-256; the checks are
those of RFC 9162, section 2.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

Node = Callable[[int, int], bytes]
"""(level, index) -> the hash of that complete subtree."""

SIZE = 32
"""Bytes of a hash."""

EMPTY = hashlib.sha256(b"").digest()
"""The root of a log without leaves."""


def leaf(content: bytes) -> bytes:
    """Return the hash of a leaf; no node has the same, whatever is in the leaf."""
    return hashlib.sha256(b"\0" + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Edge:
    """The complete subtrees that a log is made of, from the left: what a further leaf needs.

    Attributes:
        size: how many leaves there are.
        hashes: one per binary digit 1 of the size, the largest subtree first.
    """

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size, self.hashes = size, list(hashes)
        if len(self.hashes) != size.bit_count():
            raise ValueError(f"{len(self.hashes)} subtrees do not make {size} leaves")

    def add(self, hashed: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf by its hash; return the subtrees completed by it as (level, index, hash)."""
        done = [(0, self.size, hashed)]
        index, level = self.size, 0
        while index & 1:
            hashed = node(self.hashes.pop(), hashed)
            index, level = index >> 1, level + 1
            done.append((level, index, hashed))
        self.hashes.append(hashed)
        self.size += 1
        return done

    def root(self) -> bytes:
        """Return the hash of the whole log as it is now."""
        if not self.hashes:
            return EMPTY
        found = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            found = node(left, found)
        return found


def edge(size: int, of: Node) -> Edge:
    """Return the edge of the first ``size`` leaves."""
    hashes, first = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(of(level, first >> level))
            first += 1 << level
    return Edge(size, hashes)


def root(size: int, of: Node) -> bytes:
    """Return the hash of the first ``size`` leaves."""
    return edge(size, of).root()


def inclusion(index: int, size: int, of: Node) -> list[bytes]:
    """Return the hashes that lead from leaf ``index`` to the root of ``size`` leaves.

    Raises:
        ValueError: there is no such leaf among them.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not among {size}")
    return _path(index, 0, size, of)


def consistency(old: int, size: int, of: Node) -> list[bytes]:
    """Return the hashes that show that ``size`` leaves begin with the first ``old``.

    Raises:
        ValueError: the first log is empty or the longer one.
    """
    if not 0 < old <= size:
        raise ValueError(f"{old} leaves are not the beginning of {size}")
    return _subproof(old, 0, size, of, whole=True)


def leads(hashed: bytes, index: int, size: int, proof: Sequence[bytes], to: bytes) -> bool:
    """Tell whether an inclusion proof leads from a leaf's hash to a root."""
    if not 0 <= index < size:
        return False
    last = size - 1
    for one in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            hashed = node(one, hashed)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            hashed = node(hashed, one)
        index, last = index >> 1, last >> 1
    return last == 0 and hashed == to


def continues(
    old: int, old_root: bytes, size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether a consistency proof shows that the longer log begins with the other one."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    index, last = old - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    first = second = path[0]
    for one in path[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            first, second = node(one, first), node(one, second)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            second = node(second, one)
        index, last = index >> 1, last >> 1
    return last == 0 and (first, second) == (old_root, new_root)


def _half(size: int) -> int:
    """Return the largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def _range(first: int, size: int, of: Node) -> bytes:
    """Return the hash of ``size`` leaves from ``first``, which is a multiple of their half."""
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return of(level, first >> level)
    left = _half(size)
    return node(_range(first, left, of), _range(first + left, size - left, of))


def _path(index: int, first: int, size: int, of: Node) -> list[bytes]:
    if size == 1:
        return []
    left = _half(size)
    if index < left:
        return [*_path(index, first, left, of), _range(first + left, size - left, of)]
    return [*_path(index - left, first + left, size - left, of), _range(first, left, of)]


def _subproof(old: int, first: int, size: int, of: Node, *, whole: bool) -> list[bytes]:
    if old == size:
        return [] if whole else [_range(first, size, of)]
    left = _half(size)
    if old <= left:
        found = _subproof(old, first, left, of, whole=whole)
        return [*found, _range(first + left, size - left, of)]
    found = _subproof(old - left, first + left, size - left, of, whole=False)
    return [*found, _range(first, left, of)]
