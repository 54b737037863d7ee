"""The worker processes of the sandbox and what their errors mean.

The pool starts with the first call. It cannot be carried over a fork: the child
would hang for ever, even with a new pool of its own, so it is refused instead.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from typing import Any, TypeVar

from pydantic_monty import (
    CollectString,
    Monty,
    MontyConversionError,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySession,
    MontySyntaxError,
    OSPolicy,
    ResourceLimits,
)

from engine.errors import SandboxUnavailable
from engine.scripts.outcome import Budget, Failure
from engine.scripts.values import LOCAL

T = TypeVar("T")

_TRACING = "opentelemetry"
if find_spec(_TRACING) is None:
    # The interpreter's binding tries this import at every call, and each try walks the
    # whole path. None is Python's own word for a module that is known to be missing; the
    # one that is asked for has it too, so that its parent is not looked for first.
    for _missing in (_TRACING, f"{_TRACING}.context"):
        sys.modules[_missing] = None  # type: ignore[assignment]

FEED_SECONDS = 0.25
GRACE_SECONDS = 0.2
MEMORY_BYTES = 32_000_000
FEW_SUSPENSIONS, MANY_SUSPENSIONS = 64, 1000
_PRINTED_BYTES = 64_000
_SUSPENDED = "suspension limit"
_MESSAGE = 500


class Failed(Exception):
    """A call ended without a value."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which circumstances a text runs.

    Attributes:
        now: aware; what its clock shows all the time.
        seed: of its random numbers.
        budget: taken from; used up, nothing runs.
        functions: host functions by name.
    """

    now: datetime
    seed: str
    budget: Budget
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


Feed = Callable[..., Any]
"""``feed(source, inputs)`` runs a piece in the session and returns its last value."""


class Pool:
    """One pool of workers for this process, safe for several threads."""

    def __init__(self, *, processes: int = 2, binary: str | None = None) -> None:
        """Set up; nothing is started yet.

        Args:
            processes: workers at most; more callers wait up to five seconds.
            binary: a program to start instead of the interpreter, such as a wrapper
                that takes rights away (``setpriv --no-new-privs``) and then runs it.
        """
        self._processes, self._binary = processes, binary
        self._lock = threading.Lock()
        self._pool: Monty | None = None
        self._pid: int | None = None

    def close(self) -> None:
        """End the workers; the next call starts new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
            if pool is not None and self._pid == os.getpid():
                pool.__exit__(None, None, None)

    def run(self, talk: Callable[[Feed], T], terms: Terms) -> T:
        """Hold one session and return what ``talk`` makes of it.

        What ran out of time is tried once more: the limit is one of the wall clock, and a
        machine that stood still for a moment must not cost a case an incident.

        Raises:
            Failed: the text failed or met a limit, the one of time twice.
            SandboxUnavailable: the machine did.
        """
        try:
            return self._talk(talk, terms)
        except MontyCrashedError:
            pass
        except Failed as failed:
            if failed.failure != _out_of_time(failed.failure.line) or terms.budget.left <= 0:
                raise
        # A worker died or took too long. Either it was the machine, or this text always does.
        try:
            return self._talk(talk, terms)
        except MontyCrashedError as error:
            self._probe(terms, error)
        message = "It ends the interpreter instead of giving a value."
        raise Failed(Failure("limit", "Crash", message))

    def _probe(self, terms: Terms, cause: Exception) -> None:
        try:
            self._talk(lambda feed: feed("1", {}), Terms(terms.now, "", Budget()))
        except (MontyCrashedError, Failed) as error:
            raise SandboxUnavailable(str(error)[:200]) from cause

    def _talk(self, talk: Callable[[Feed], T], terms: Terms) -> T:
        seconds = min(FEED_SECONDS, terms.budget.left)
        if seconds <= 0:
            message = "The sandbox time of this command is used up."
            raise Failed(Failure("limit", "Budget", message))
        try:
            with self._started().checkout(
                limits=_limits(seconds, terms), os_policy=_policy(terms)
            ) as session:
                begun = time.perf_counter()
                try:
                    return talk(_feeder(session, terms))
                finally:
                    # Beyond its limit a text does not run: the machine stood still then.
                    terms.budget.take(min(time.perf_counter() - begun, seconds))
        except TimeoutError as error:
            raise SandboxUnavailable("All workers of the sandbox are busy.") from error
        except MontyCrashedError as error:
            if error.timed_out:
                raise Failed(_out_of_time()) from None
            raise
        except MontyError as error:
            # Only its start or end can fail here: what runs is judged by the feeder.
            raise SandboxUnavailable(str(error)[:200]) from error

    def _started(self) -> Monty:
        with self._lock:
            if self._pool is None:
                self._pool, self._pid = self._start(), os.getpid()
            elif self._pid != os.getpid():
                raise SandboxUnavailable(
                    "The sandbox was started before this process was forked.",
                    hint="Start workers before the first case is handled: no --preload.",
                )
            return self._pool

    def _start(self) -> Monty:
        try:
            return Monty(
                binary_path=self._binary,
                min_processes=1,
                max_processes=self._processes,
                checkout_timeout=5,
                request_timeout=3,
                max_checkouts_per_worker=5000,
                feed_duration_limit_grace=GRACE_SECONDS,
                turn_duration_limit_grace=GRACE_SECONDS,
            ).__enter__()
        except (MontyError, OSError, RuntimeError) as error:
            raise SandboxUnavailable(f"The sandbox does not start: {error}"[:300]) from error


def _limits(seconds: float, terms: Terms) -> ResourceLimits:
    return ResourceLimits(
        max_feed_duration_secs=seconds,
        max_turn_duration_secs=seconds,
        max_memory=MEMORY_BYTES,
        max_recursion_depth=200,
        max_suspensions=MANY_SUSPENSIONS if terms.functions else FEW_SUSPENSIONS,
        max_total_sleep_secs=0,
    )


def _policy(terms: Terms) -> OSPolicy:
    return OSPolicy(
        datetime=terms.now.astimezone(LOCAL),
        sleep="zero",
        process_time="zero",
        random_start={"seed": terms.seed},
    )


def _feeder(session: MontySession, terms: Terms) -> Feed:
    functions = dict(terms.functions)

    def feed(source: str, inputs: dict[str, Any]) -> Any:
        try:
            return session.feed_run(
                source,
                inputs=inputs,
                external_lookup=functions,
                print_callback=CollectString(max_bytes=_PRINTED_BYTES),
            )
        except MontySyntaxError as error:
            message = error.display("msg")[:_MESSAGE]
            raise Failed(Failure("error", "SyntaxError", message, _line(error))) from None
        except MontyRuntimeError as error:
            raise Failed(_failure(error)) from None
        except (ValueError, MontyConversionError) as error:
            raise Failed(Failure("error", "ValueError", str(error)[:_MESSAGE])) from None

    return feed


def _failure(error: MontyRuntimeError) -> Failure:
    name = type(error.exception()).__name__
    message = error.display("msg")[:_MESSAGE]
    return failure_of(name, message, _line(error))


def failure_of(name: str, message: str, line: int | None = None) -> Failure:
    """Sort an exception by its name: the designer's, or a limit.

    The interpreter's own words about limits hold measured times; they are replaced,
    so that the same failure reads the same everywhere.
    """
    if name == "TimeoutError":
        return _out_of_time(line)
    if name == "MemoryError":
        return Failure("limit", name, "It needs too much memory or prints too much.", line)
    if name == "RuntimeError" and message.startswith(_SUSPENDED):
        return Failure("limit", name, "It asks for too many look-ups or unknown names.", line)
    if name == "KeyError":
        # A bare key, quoted or not, would not tell what happened.
        message = f"there is no key {message.strip(chr(39))!r}"
    if name == "AttributeError" and "'dict'" in message:
        message += "; write data['key'], not data.key"
    return Failure("error", name, message, line)


def _out_of_time(line: int | None = None) -> Failure:
    return Failure("limit", "TimeoutError", f"It ran longer than {FEED_SECONDS} s.", line)


def _line(error: MontySyntaxError | MontyRuntimeError) -> int | None:
    frames = [frame.line for frame in error.traceback() if frame.filename.startswith("<python-")]
    return frames[-1] if frames else None
