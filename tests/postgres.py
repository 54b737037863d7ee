"""A PostgreSQL server of our own for the tests, from the machine's programs."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import scratch


def programs() -> Path | None:
    """Return the folder of initdb and postgres, or None where they are not installed."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in places if (one / "postgres").exists()), None)


class Server:
    """A running server; its socket lies in a short temporary folder.

    Args:
        fsync: on, and on a disk, only where power cuts and kills are tested; without it
            a test run takes a fraction of the time.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        folder = programs()
        assert folder is not None
        self.folder = Path(tempfile.mkdtemp(prefix="bh", dir=scratch.DISK if fsync else None))
        # The server refuses to run as root.
        self._user = _unprivileged() if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        data = self.folder / "data"
        self._run(
            [str(folder / "initdb"), "-D", str(data), "-U", "test", "-A", "trust", "-E", "UTF8",
             "--no-sync", "--locale=C"]
        )  # fmt: skip
        command = [
            str(folder / "postgres"), "-D", str(data), "-k", str(self.folder),
            "-c", "listen_addresses=", "-c", f"fsync={'on' if fsync else 'off'}",
            "-c", "max_connections=60", "-c", "max_wal_size=128MB", "-c", "min_wal_size=32MB",
        ]  # fmt: skip
        self._command = command
        self._log = (self.folder / "log").open("wb")
        self.start()

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://test@/{database}?host={self.folder}"

    def create(self, database: str, template: str | None = None) -> str:
        """Create a database and return its URL."""
        import psycopg

        like = f' TEMPLATE "{template}"' if template else ""
        with psycopg.connect(f"host={self.folder} user=test dbname=postgres", autocommit=True) as c:
            if template and c.info.server_version >= 150_000:
                # Cheaper than the default, which writes every page of the copy into the log.
                like += " STRATEGY file_copy"
            c.execute(f'CREATE DATABASE "{database}"{like}')
        return self.url(database)

    @contextmanager
    def lent(self, database: str, template: str) -> Iterator[str]:
        """Create a database for a while: a thousand copies of the city would fill the memory."""
        import psycopg

        yield self.create(database, template)
        with psycopg.connect(f"host={self.folder} user=test dbname=postgres", autocommit=True) as c:
            c.execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def start(self) -> None:
        """Start it, again after ``crash``, and wait until it takes connections."""
        self._server = subprocess.Popen(
            self._command, stdout=self._log, stderr=self._log, cwd=self.folder,
            start_new_session=True, **self._identity(),
        )  # fmt: skip
        self._wait()

    def crash(self) -> None:
        """Kill -9 the server and all that it has started."""
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait(timeout=30)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._server.send_signal(signal.SIGINT)
        self._server.wait(timeout=30)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _identity(self) -> dict:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid}

    def _run(self, command: list[str]) -> None:
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self._identity()
        )

    def _wait(self) -> None:
        import psycopg

        for _ in range(200):
            try:
                psycopg.connect(f"host={self.folder} user=test dbname=postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self.folder / "log").read_text())


def _unprivileged():
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no user postgres or nobody to run the server as")
