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
SETTINGS = {"POLL_SECONDS": "0.1", "THREADS": "8", "CLOCK": "system", "HOST": "127.0.0.1"}


class Killable:
    """A server on a free port of the loopback; once the object is made, it answers.

    Args:
        url: of its database.
    """

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from engine.cli import main; main()", "serve", "--port", "0"],
            cwd=ROOT,
            env={**os.environ, **SETTINGS, "DATABASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        self.port = self._announced()
        # Read on, or the server would stand still once the pipe is full.
        self._reader = threading.Thread(target=self._listen)
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
        """Kill -9 the server and every process that it has started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._ended()

    def stop(self) -> int:
        """Ask it to stop; return its exit status."""
        os.kill(self._process.pid, signal.SIGTERM)
        return self._ended()

    def _ended(self) -> int:
        status = self._process.wait(timeout=30)
        self._reader.join()
        self._process.stdout.close()
        surprises = [line for line in self.said if "unexpected" in line or "Traceback" in line]
        assert not surprises, "".join(self.said)
        return status
