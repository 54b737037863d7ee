"""The real ``bihuan serve``, in a process group of its own, to be killed."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
import threading
from multiprocessing.connection import Connection

from engine.cli import main

SETTINGS = {"POLL_SECONDS": "0.1", "THREADS": "8", "CLOCK": "manual", "HOST": "127.0.0.1"}

# Most of a start is reading the modules: one process does it once, each server is its child.
_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload(["engine.cli.server", "pytest"])


def _serve(url: str, begin: Connection, said: Connection) -> None:
    os.setsid()
    for stream in (sys.stdout, sys.stderr):
        os.dup2(said.fileno(), stream.fileno())
    said.close()
    os.environ.update(SETTINGS, DATABASE_URL=url)
    begin.recv()
    main(["serve", "--port", "0"])


class Killable:
    """A server on a free port of the loopback.

    Args:
        url: of its database.
        at_once: it answers when the object is made; else once ``begin`` was called.
    """

    def __init__(self, url: str, *, at_once: bool = True) -> None:
        begins, self._begin = _READY.Pipe(duplex=False)
        hears, says = _READY.Pipe(duplex=False)
        self._process = _READY.Process(target=_serve, args=(url, begins, says), daemon=True)
        self._process.start()
        begins.close()
        says.close()
        self._heard = os.fdopen(os.dup(hears.fileno()), encoding="utf-8")
        hears.close()
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._listen)
        self.port = 0
        self._has_begun = False
        if at_once:
            self.begin()

    def begin(self) -> None:
        """Let it open the database; when this returns it answers on ``port``."""
        self._begin.send(None)
        self.port = self._announced()
        self._has_begun = True
        # Read on, or the server would stand still once the pipe is full.
        self._reader.start()

    def _announced(self) -> int:
        for line in self._heard:
            self.said.append(line)
            if found := re.search(r"serves http://127\.0\.0\.1:(\d+)/", line):
                return int(found[1])
        raise AssertionError(f"It ended with {self._exit()}: {''.join(self.said)}")

    def _listen(self) -> None:
        self.said.extend(self._heard)

    def kill(self) -> None:
        """Kill -9 the server and every process that it has started, if it is running."""
        if self._process.is_alive():
            # It makes its group before it begins, and has no process of its own until then.
            if self._has_begun:
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._ended()

    def stop(self) -> int:
        """Ask it to stop; return its exit status."""
        os.kill(self._process.pid, signal.SIGTERM)
        return self._ended()

    def _ended(self) -> int:
        status = self._exit()
        if self._reader.is_alive():
            self._reader.join()
        self._begin.close()
        self._heard.close()
        surprises = [line for line in self.said if "unexpected" in line or "Traceback" in line]
        assert not surprises, "".join(self.said)
        return status

    def _exit(self) -> int:
        self._process.join(120)
        status = self._process.exitcode
        assert status is not None, "it goes on"
        return status
