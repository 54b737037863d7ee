"""The real server: completions a second against an echo, and its memory when idle."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import durable, twelve
from benchmarks.measure import Row
from engine import identities

ROOT = Path(__file__).parent.parent
_ADDRESS = re.compile(r"serves http://[^:]+:(\d+)/")
_SERVE = ("serve", "--port", "0")
_BIHUAN = "from engine.cli import main; main()"
_BARE = """
from flask import Flask
from waitress.server import create_server
app = Flask(__name__)
server = create_server(app, host="127.0.0.1", port=0, threads=4)
print(f"bare serves http://127.0.0.1:{server.effective_port}/", flush=True)
server.run()
"""


@contextmanager
def running(command: list[str], database: Path | None = None) -> Iterator[tuple[int, int]]:
    """Run a server; yield its port and its process id once it listens."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    if database is not None:
        environment |= {"DATABASE_URL": f"sqlite:///{database}", "CLOCK": "system"}
    # A file, since a pipe that nobody reads would stop the server once it is full.
    with (
        tempfile.NamedTemporaryFile() as said,
        subprocess.Popen(
            [sys.executable, *command],
            env=environment,
            cwd=ROOT,
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield _port(process, Path(said.name)), process.pid
        finally:
            process.terminate()
            process.wait(timeout=30)


def _port(process: subprocess.Popen[bytes], said: Path) -> int:
    while True:
        ended = process.poll() is not None
        text = said.read_text()
        found = _ADDRESS.search(text)
        if found:
            return int(found[1])
        if ended:
            raise RuntimeError("the server did not start: " + " ".join(text.splitlines()))
        time.sleep(0.02)


def _load(port: int, connections: list[list[Any]]) -> dict[str, Any]:
    order = json.dumps({"port": port, "connections": connections})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        cwd=ROOT,
        input=order,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


# -- completions against an echo -----------------------------------------------------------


def http(*, connections: int = 8, cases_each: int = 3, turns: int = 9) -> list[Row]:
    """``POST …/complete`` a second, and of an echo of the same bodies in the same server."""
    total = connections * cases_each
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        path = Path(folder) / "bihuan.db"
        ids = durable.prepare(path, total * (turns + 1))
        with durable.opened(path) as app:
            token = identities.create_token(app, twelve.ROLE, by=identities.OPERATOR)
        speed: dict[str, list[float]] = {"complete": [], "echo": []}
        with running(["-m", "benchmarks.echo", *_SERVE], path) as (port, _):
            for turn in range(turns + 1):
                mine = ids[turn * total : (turn + 1) * total]
                for name, sent in _requests(mine, connections, token).items():
                    done = _load(port, sent)
                    _demand(done, total, name)
                    if turn:
                        speed[name].append(total * len(twelve.STEPS) / done["seconds"])
        with durable.opened(path) as app:
            for case_id in ids:
                durable.demand(app, case_id)
    value, against = median(speed["complete"]), median(speed["echo"])
    return [
        Row(
            f"http: POST …/complete over {connections} connections",
            value,
            "requests/s",
            "echo POST in the same server",
            against,
            value / against,
            ">= 0.25",
        )
    ]


def _requests(ids: list[str], connections: int, token: str) -> dict[str, list[list[Any]]]:
    """Return the completions of the cases, spread over connections, and as many echoes."""
    headers = {"Authorization": f"Bearer {token}"}
    completions: list[list[Any]] = [[] for _ in range(connections)]
    echoes: list[list[Any]] = [[] for _ in range(connections)]
    for number, case_id in enumerate(ids):
        for step in twelve.STEPS:
            body = json.dumps({"data": twelve.written(step)}, ensure_ascii=False)
            task = f"{case_id}.{twelve.PROCESS}.{step}.1"
            completions[number % connections].append(
                [f"/api/v1/tasks/{task}/complete", body, headers]
            )
            echoes[number % connections].append(["/echo", body, headers])
    return {"echo": echoes, "complete": completions}


def _demand(done: dict[str, Any], total: int, name: str) -> None:
    expected = {"200": total * len(twelve.STEPS)}
    assert done["statuses"] == expected, f"{name}: {done['statuses']}, last: {done['last'][:500]}"
    assert json.loads(done["last"]), name


# -- memory ----------------------------------------------------------------------------------


def memory() -> list[Row]:
    """Resident memory of ``bihuan serve`` with the demo city, before its first request."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        path = Path(folder) / "bihuan.db"
        durable.prepare(path, 1)
        with running(["-c", _BIHUAN, *_SERVE], path) as (_, process):
            value = resident(process)
        with running(["-c", _BARE]) as (_, process):
            against = resident(process)
    return [
        Row(
            "memory: bihuan serve, idle, demo city",
            value,
            "MB",
            "Flask and waitress with an empty application",
            against,
            value / against,
        )
    ]


def resident(process: int) -> float:
    """Return the resident memory of a process in megabytes (10^6 bytes)."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


FIGURES = {"http": http, "memory": memory}
