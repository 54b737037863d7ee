"""The Idempotency-Key of calls that are no command to one case.

A command to a case keeps its answer in the case's own transaction. Deployments,
the clock, messages and signals have no such transaction in common; their answer
is kept directly after they are done, under a lock of this process.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from api.current import actor, application
from engine import store
from engine.cases import Answer, Once
from engine.errors import KeyReused


def once_only(once: Once, act: Callable[[], Answer]) -> Answer:
    """Return what ``act`` answers, or what it answered under the same key before.

    Args:
        once: the request's key; without one it is done each time.
        act: does it.

    Raises:
        KeyReused: the key came with another body before.
    """
    if once.key is None:
        return act()
    with application().requests.of(f"{actor().name} {once.route} {once.key}"):
        known = _known(once)
        if known is not None:
            return known
        answer = act()
        _keep(once, answer)
        return answer


def _known(once: Once) -> Answer | None:
    with application().database.reading() as tx:
        found = store.stored_answer(tx, actor().name, once.route, once.key or "")
    if found is None:
        return None
    sha256, status, answer = found
    if sha256 != once.sha256:
        raise KeyReused(
            f"The Idempotency-Key {once.key!r} was used with another body.",
            hint="Use a new key for a new request.",
        )
    body, etag, case_id = orjson.loads(answer)
    return Answer(status, body, etag, case_id)


def _keep(once: Once, answer: Answer) -> None:
    app, name, key = application(), actor().name, once.key or ""
    with app.database.writing() as tx:
        # A message that was handed to a case has kept its answer there.
        if store.stored_answer(tx, name, once.route, key) is None:
            store.store_answer(
                tx,
                name,
                once.route,
                key,
                body=once.sha256,
                status=answer.status,
                answer=orjson.dumps([answer.body, answer.etag, answer.case_id]),
                at=app.clock.now(),
            )
