"""Several acts at one moment, each in a thread of its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from engine.errors import EngineError

PATIENCE_SECONDS = 60


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do these at one moment; return what each came to, a refusal as itself, in order.

    Raises:
        BaseException: what one of them raised, if it is no refusal.
    """
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(index: int) -> None:
        barrier.wait(PATIENCE_SECONDS)
        try:
            results[index] = acts[index]()
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "an act does not end"
    for one in results:
        if isinstance(one, BaseException) and not isinstance(one, EngineError):
            raise one
    return results


def tally(results: list[Any]) -> dict[Any, int]:
    """Count answers by status and refusals by code."""
    return dict(
        Counter(one.code if isinstance(one, EngineError) else one.status for one in results)
    )
