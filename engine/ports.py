"""What every part of the application layer is given: the ports of one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from engine.access import Actor
from engine.accounts import Uses
from engine.clock import Clock
from engine.database import Database
from engine.definitions import Library
from engine.execution import Executor
from engine.references import References
from engine.scripts import Sandbox
from engine.settings import Settings


class Locks:
    """Locks inside this process, so that its threads take turns."""

    def __init__(self) -> None:
        self._locks = [threading.RLock() for _ in range(1024)]

    def of(self, name: str) -> threading.RLock:
        """Return the lock of that name; a few others may have the same one.

        Nobody takes a second lock of the same set while holding one, so sharing costs
        a wait now and then and nothing else.
        """
        return self._locks[hash(name) % len(self._locks)]


@dataclass(frozen=True, slots=True)
class Application(AbstractContextManager["Application"]):
    """The ports of one process.

    Attributes:
        locks: by case.
        requests: by what is done once and moves cases: a key, the clock. Taken before
            the lock of a case, never while holding one.
        deliver: hands on what a case has just sent (``outbox``).
        find_actor: the actor of a user name, None if there is none (``identities``).
        uses: when which token was used last, until it is written down.
    """

    settings: Settings
    clock: Clock
    database: Database
    sandbox: Sandbox
    executors: Mapping[str, Executor]
    deliver: Callable[[Application, str], None]
    find_actor: Callable[[Application, str], Actor | None]
    library: Library = field(default_factory=Library)
    references: References = field(default_factory=References)
    locks: Locks = field(default_factory=Locks)
    requests: Locks = field(default_factory=Locks)
    uses: Uses = field(default_factory=Uses)

    def close(self) -> None:
        """Stop the sandbox's processes and close the database."""
        self.sandbox.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        reason: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
