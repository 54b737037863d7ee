"""Where tests write: in memory where there is plenty of it, else on the disk.

A run makes thousands of databases and waits for the disk at each commit. What is
about the disk itself, such as servers that are killed, stays on ``DISK``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

DISK = Path(tempfile.gettempdir())
"""The folder for temporary files, on a disk."""
MEMORY = Path("/dev/shm")
ENOUGH = 6 << 30
"""Bytes that must be free: far more than tests that ran one after the other have held."""


def move_to_memory() -> None:
    """Let this process and those that it starts put temporary files into memory."""
    if "TMPDIR" not in os.environ and _has_room():
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _has_room() -> bool:
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        return False
    # Programs that tests compile are loaded from there.
    if os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return False
    return min(shutil.disk_usage(MEMORY).free, _free_memory()) >= ENOUGH


def _free_memory() -> int:
    """Return the bytes of memory that may be used, within the limits of a container."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        free = next(int(one.split()[1]) << 10 for one in lines if one.startswith("MemAvailable:"))
        limit = Path("/sys/fs/cgroup/memory.max")
        most = limit.read_text("ascii").strip() if limit.exists() else "max"
    except (OSError, StopIteration, ValueError):
        return 0
    return free if most == "max" else min(free, int(most))
