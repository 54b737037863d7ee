"""Back-tests that somebody waits for: one at a time, for each takes a processor."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.errors import Busy

_running = threading.Lock()


def begun() -> Callable[[], None]:
    """Take the one place there is; return what gives it back, once for all.

    Raises:
        Busy: a back-test is running in this process.
    """
    if not _running.acquire(blocking=False):
        raise Busy("A back-test is running here.", hint="Try again when it is over.")
    held = [_running]

    def over() -> None:
        while held:
            held.pop().release()

    return over
