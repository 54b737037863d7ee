"""Work on many cases in several processes, or on the machines of a Dask cluster.

Cases are handed out a chunk at a time and results come back in order as they are made, so
memory does not grow with their number. A process opens the installation once.
"""

from __future__ import annotations

import atexit
import importlib
import multiprocessing
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any, TypeVar

import click

from engine.cli.installation import opened
from engine.errors import InvalidRequest
from engine.ports import Application
from engine.settings import Settings

CHUNK = 25
"""How many cases a process is handed at a time."""

AHEAD = 3
"""How many chunks for each process wait for their turn."""

JOBS = click.option(
    "--jobs", default=1, metavar="N", type=click.IntRange(1, 64), help="In N processes."
)
SCHEDULER = click.option(
    "--scheduler", metavar="URL", help="On the machines of a Dask cluster: tcp://host:8786."
)

Found = TypeVar("Found")
Work = Callable[[Application, Any, list[str]], list[Found]]
"""What is done with a chunk of cases: a function of a module, so that it can be sent."""

_open: dict[Settings, Application] = {}
_kept: dict[int, tuple[Any, Any]] = {}
_stack = ExitStack()


def demand_one(jobs: int, scheduler: str | None) -> None:
    """Refuse a command line that shares its work in two ways.

    Raises:
        UsageError: it does.
    """
    if jobs > 1 and scheduler is not None:
        raise click.UsageError("--jobs N is for this machine, --scheduler URL for others: say one.")


def spread(
    settings: Settings,
    work: Work[Found],
    ids: Iterable[str],
    *,
    argument: Any = None,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[Found]:
    """Yield what ``work`` finds for each case, in the order of ``ids``.

    Args:
        argument: goes with every chunk.
        scheduler: address of a Dask scheduler; its workers reach the same database.

    Raises:
        InvalidRequest: the cluster's library is not installed, or no scheduler answers.
    """
    with _pool(jobs, scheduler) as (submit, wide):
        waiting: deque[Any] = deque()
        for chunk in _chunks(ids):
            waiting.append(submit(_done, settings, work, argument, chunk))
            while len(waiting) >= wide * AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    left = iter(ids)
    while chunk := list(islice(left, CHUNK)):
        yield chunk


@contextmanager
def _pool(jobs: int, scheduler: str | None) -> Iterator[tuple[Callable[..., Any], int]]:
    if scheduler is not None:
        with _client(scheduler) as client:
            wide = max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
            # Histories do not change under the run, but the same chunk may be asked for again.
            yield lambda *all_of_it: client.submit(*all_of_it, pure=False), wide
        return
    # Forked processes would share the sandbox's pipes and the database's connections.
    fresh = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=fresh)
    try:
        submit: Callable[..., Future[Any]] = pool.submit
        yield submit, jobs
    finally:
        pool.shutdown(cancel_futures=True)


_ADDRESS = re.compile(r"[a-z]+://[^\s/]+:\d{1,5}/?")


def _client(scheduler: str) -> Any:
    if _ADDRESS.fullmatch(scheduler) is None:
        raise click.UsageError(f"--scheduler {scheduler}: write its address, as tcp://host:8786.")
    try:
        return _distributed().Client(scheduler, set_as_default=False)
    except (OSError, ValueError) as reason:
        raise InvalidRequest(
            f"No Dask scheduler answers: {reason}.",
            hint="Start one with `dask scheduler`; it says its address, such as tcp://host:8786.",
        ) from reason


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ModuleNotFoundError as reason:
        raise InvalidRequest(
            "Dask is not installed here.", hint="Install it: pip install 'bihuan[cluster]'."
        ) from reason


def _done(settings: Settings, work: Work[Found], argument: Any, ids: list[str]) -> list[Found]:
    app = _open.get(settings)
    if app is None:
        if not _open:
            atexit.register(_stack.close)
        app = _open[settings] = _stack.enter_context(opened(settings))
    return work(app, argument, ids)


def kept(key: Any, make: Callable[[], Found]) -> Found:
    """Return what this process made for an equal key before, or make it; one at a time."""
    known = _kept.get(0)
    if known is None or known[0] != key:
        known = _kept[0] = key, make()
    found: Found = known[1]
    return found
