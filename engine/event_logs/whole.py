"""A file that appears when it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Yield the name to write under; the file takes its own when all is well, else it is gone.

    Only its owner may read it, as an archive.

    Raises:
        OSError: the folder or the disk takes no file.
    """
    part = path.with_name(path.name + ".part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        try:
            yield part
            with part.open("rb") as file:
                os.fsync(file.fileno())
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        part.replace(path)
    except OSError as reason:
        why = reason.strerror or reason
        raise OSError(f"{path} cannot be written: {why}. Nothing of it is left.") from reason
