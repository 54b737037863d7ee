"""The tree over the log: the roots that others know, and no proof of what is not so."""

from __future__ import annotations

import hashlib

import pytest

from engine import merkle

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
"""The leaves that implementations of RFC 6962 try."""

ROOTS = [
    "6e340b9c",
    "fac54203",
    "aeb6bcfe",
    "d37ee418",
    "4e3bbb1f",
    "76e67dad",
    "ddb89be4",
    "5dc9da79",
]
"""How the roots of the first one to eight of them begin."""


class Tree:
    """A log in memory, as a database keeps it."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.edge, self.kept = merkle.Edge(), {}
        for one in leaves:
            for level, index, hashed in self.edge.add(merkle.leaf(one)):
                self.kept[level, index] = hashed

    def node(self, level: int, index: int) -> bytes:
        return self.kept[level, index]

    def root(self, size: int) -> bytes:
        return merkle.root(size, self.node)


def numbered(count: int) -> Tree:
    return Tree([str(number).encode() for number in range(count)])


def by_definition(leaves: list[bytes]) -> bytes:
    """The root as RFC 6962 writes it down."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    left, right = by_definition(leaves[:half]), by_definition(leaves[half:])
    return hashlib.sha256(b"\1" + left + right).digest()


def test_the_roots_are_those_that_everybody_gets():
    tree = Tree(LEAVES)

    assert [tree.root(size).hex()[:8] for size in range(1, 9)] == ROOTS
    assert tree.root(0) == merkle.EMPTY == by_definition([])
    assert tree.edge.root() == tree.root(8)


def test_every_size_of_a_log_has_the_root_of_the_definition():
    leaves = [str(number).encode() for number in range(70)]
    tree = Tree(leaves)

    assert [tree.root(size) for size in range(71)] == [
        by_definition(leaves[:size]) for size in range(71)
    ]


def test_a_log_goes_on_from_its_edge_alone():
    tree = numbered(21)

    for size in range(21):
        edge = merkle.edge(size, tree.node)
        for number in range(size, 21):
            edge.add(merkle.leaf(str(number).encode()))
        assert (edge.size, edge.root()) == (21, tree.root(21))


def test_an_edge_that_is_none_is_refused():
    with pytest.raises(ValueError, match="1 subtrees do not make 5 leaves"):
        merkle.Edge(5, [b""])


def test_every_leaf_is_shown_to_be_in_every_log_that_holds_it_and_at_its_place_alone():
    tree = numbered(19)

    for size in range(1, 20):
        root = tree.root(size)
        for index in range(size):
            proof = merkle.inclusion(index, size, tree.node)
            hashed = tree.node(0, index)
            assert merkle.leads(hashed, index, size, proof, root)
            others = [
                (tree.node(0, (index + 1) % 19), index, size, proof, root),
                (hashed, size, size, proof, root),
                (hashed, -1, size, proof, root),
                (hashed, index, size, [*proof, root], root),
                (hashed, index, size, proof[:-1], root if proof else b""),
                (hashed, index, size, proof, tree.root(size + 1 if size < 19 else 1)),
                *((hashed, at, size, proof, root) for at in range(size) if at != index),
            ]
            assert [merkle.leads(*one) for one in others] == [False] * len(others)


def test_every_log_is_shown_to_go_on_from_every_earlier_one_and_from_no_other():
    tree = numbered(19)
    strange = Tree([b"another", *(str(number).encode() for number in range(1, 19))])

    for size in range(1, 20):
        for old in range(1, size + 1):
            proof = merkle.consistency(old, size, tree.node)
            was, now = tree.root(old), tree.root(size)
            assert merkle.continues(old, was, size, now, proof)
            others = [
                (old, strange.root(old), size, now, proof),
                (old, was, size, strange.root(size), proof),
                (old, was, size, now, [*proof, now]),
                (0, was, size, now, proof),
                (size + 1, was, size, now, proof),
                (old, was, size, now, proof[:-1] if proof else [b""]),
            ]
            assert [merkle.continues(*one) for one in others] == [False] * len(others)


def test_what_is_not_there_has_no_proof():
    tree = numbered(4)

    for index, size in ((4, 4), (-1, 4), (0, 0)):
        with pytest.raises(ValueError, match=f"leaf {index} is not among {size}"):
            merkle.inclusion(index, size, tree.node)
    for old, size in ((0, 4), (5, 4)):
        with pytest.raises(ValueError, match=f"{old} leaves are not the beginning of {size}"):
            merkle.consistency(old, size, tree.node)
