"""Files of rows that a page of the documentation is written from, one section each.

The first line of a file is its title, ``# Title``; then come words before the table; each
row begins with a line ``= …``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def sections(folder: Path) -> tuple[tuple[str, str], ...]:
    """Each section in the order of its file: (title, words before the table)."""
    return tuple((title, found[0].strip()) for title, found in _read(folder))


def parts(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Each row in the order of the files: (title, the line it begins with, what follows)."""
    for title, found in _read(folder):
        for part in found[1:]:
            head, _, rest = part.partition("\n")
            yield title, head, rest


def _read(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for path in sorted(folder.glob("*.txt")):
        title, _, rest = path.read_text("utf-8").partition("\n")
        yield title.removeprefix("# "), re.split(r"^= ", rest, flags=re.M)
