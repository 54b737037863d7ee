"""The real ``bihuan serve``, in a process group of its own, to be killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SETTINGS = {"POLL_SECONDS": "0.1", "THREADS": "8", "CLOCK": "manual", "HOST": "127.0.0.1"}


# The command itself, with its modules read before it is told to begin: most of a start
# is reading them, and the next server can do that while the present one is killed.
PROGRAM = """
import engine.cli.server
from engine.cli import main
input()
main()
"""


class Killable:
    """A server on a free port of the loopback.

    Args:
        url: of its database.
        at_once: it answers when the object is made; else once ``begin`` was called.
    """

    def __init__(self, url: str, *, at_once: bool = True) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "serve", "--port", "0"],
            cwd=ROOT,
            env={**os.environ, **SETTINGS, "DATABASE_URL": url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._listen)
        self.port = 0
        if at_once:
            self.begin()

    def begin(self) -> None:
        """Let it open the database; when this returns it answers on ``port``."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self.port = self._announced()
        # Read on, or the server would stand still once the pipe is full.
        self._reader.start()

    def _announced(self) -> int:
        for line in self._process.stdout:
            self.said.append(line)
            if found := re.search(r"serves http://127\.0\.0\.1:(\d+)/", line):
                return int(found[1])
        raise AssertionError(f"It ended with {self._process.wait()}: {''.join(self.said)}")

    def _listen(self) -> None:
        self.said.extend(self._process.stdout)

    def kill(self) -> None:
        """Kill -9 the server and every process that it has started, if it is running."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._ended()

    def stop(self) -> int:
        """Ask it to stop; return its exit status."""
        os.kill(self._process.pid, signal.SIGTERM)
        return self._ended()

    def _ended(self) -> int:
        status = self._process.wait(timeout=120)
        if self._reader.is_alive():
            self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()
        surprises = [line for line in self.said if "unexpected" in line or "Traceback" in line]
        assert not surprises, "".join(self.said)
        return status
