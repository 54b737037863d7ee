"""What must hold in the database between two servers."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine import replay, timers
from engine.application import Application, open_application
from engine.clock import ManualClock, SystemClock
from engine.scripts import Sandbox
from engine.settings import Settings
from engine.tables import entries, outbox
from tests import rows
from tests.kills.client import Client

_ENTRIES = sa.select(
    entries.c.stream, entries.c.position, entries.c.digest, entries.c.body
).order_by(entries.c.stream, entries.c.position)
_DELIVERIES = sa.select(outbox.c.case_id, outbox.c.delivered_at, outbox.c.attempts)
_OTHERS = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


class Inspection:
    """Remembers what was there, so that nothing of it may be gone or changed later.

    Attributes:
        documents: every entry ever seen, by history and position.
        replayed: how many histories were replayed and rebuilt, all in all.
    """

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self._url, self._sandbox = url, sandbox
        self._digests: dict[tuple[str, int], str] = {}
        self.documents: dict[tuple[str, int], dict[str, Any]] = {}
        self.replayed = 0

    def check(self, clients: Sequence[Client]) -> None:
        """Look at everything that a killed server has left; nothing else is running."""
        with self._opened(SystemClock()) as app:
            changed = self._read(app)
            self._check_marks(clients)
            self._check_cases(app, changed)
            self._check_once()

    def finish(self, clients: Sequence[Client]) -> dict[str, int]:
        """Let every timer fire and every delivery be made; return what there is in the end."""
        clock = ManualClock(SystemClock().now() + timedelta(hours=1))
        with self._opened(clock) as app:
            timers.tick(app)
            self._read(app)
            self._check_marks(clients)
            self._check_cases(app, replay.case_ids(app))
            self._check_once()
            self._check_all_was_done(app)
            assert list(replay.verify_rest(app)) == []
        return {**Counter(kind for kind, _ in self._events()), "entries": len(self.documents)}

    def _opened(self, clock: Any) -> _Opened:
        return _Opened(self._url, self._sandbox, clock)

    def _read(self, app: Application) -> list[str]:
        """Read what is new; return the cases that it belongs to."""
        with app.database.reading() as tx:
            found = {(one[0], one[1]): (one[2], one[3]) for one in tx.all(_ENTRIES, {})}
        lost = [at for at, digest in self._digests.items() if found.get(at, "?")[0] != digest]
        assert lost == [], "entries that were there are gone or changed"
        new = found.keys() - self._digests.keys()
        for at in new:
            self._digests[at] = found[at][0]
            self.documents[at] = json.loads(bytes(found[at][1]))
        return sorted({stream for stream, _ in new if not stream.startswith("@")})

    def _check_marks(self, clients: Sequence[Client]) -> None:
        counts = Counter(
            mark
            for document in self.documents.values()
            if (mark := (document["command"].get("data") or {}).get("mark")) is not None
        )
        acknowledged = {mark for client in clients for mark in list(client.acknowledged)}
        sent = {mark for client in clients for mark in list(client.sent)}
        assert {mark: counts[mark] for mark in acknowledged if counts[mark] != 1} == {}
        assert {mark: count for mark, count in counts.items() if count != 1} == {}
        assert set(counts) - sent == set()

    def _check_cases(self, app: Application, ids: Sequence[str]) -> None:
        self.replayed += len(ids)
        assert [one for one in replay.replay(app, ids) if one is not None] == []
        assert [one for one in replay.verify_cases(app, ids) if one is not None] == []
        before = {one: rows.of_case(app, one) for one in ids}
        assert list(replay.rebuild(app, ids)) == list(ids)
        differ = [one for one in ids if rows.of_case(app, one) != before[one]]
        assert differ == [], "their rows are not what their histories say"

    def _check_once(self) -> None:
        """No timer has fired twice, no number was given twice, no message came twice."""
        fired = Counter(self._timers("timer_fired"))
        assert [one for one, count in fired.items() if count > 1] == []
        numbers = Counter(self._numbers())
        assert [one for one, count in numbers.items() if count > 1] == []
        begun = Counter(self._followed())
        assert [one for one, count in begun.items() if count > 1] == []

    def _check_all_was_done(self, app: Application) -> None:
        armed, fired = set(self._timers("timer_armed")), set(self._timers("timer_fired"))
        assert armed - fired == set(self._timers("timer_cancelled"))
        told = {case for kind, case in self._events() if kind == "message_sent"}
        assert told == set(self._followed())
        with app.database.reading() as tx:
            waiting = [row for row in tx.all(_DELIVERIES, {}) if row[1] is None]
        assert waiting == []

    def _events(self) -> Iterable[tuple[str, str]]:
        for (stream, _), document in self.documents.items():
            for event in document["events"]:
                yield event["type"], stream

    def _timers(self, kind: str) -> list[tuple[str, int]]:
        return [
            (stream, event["timer"])
            for (stream, _), document in self.documents.items()
            for event in document["events"]
            if event["type"] == kind
        ]

    def _numbers(self) -> list[str]:
        """Every number that a case was given."""
        return [
            document["command"]["data"]["number"]
            for document in self.documents.values()
            if document["command"]["type"] == "complete_job"
        ]

    def _followed(self) -> list[str]:
        """The cases whose message has started a case."""
        return [
            document["command"]["links"][0]["case"]
            for document in self.documents.values()
            if document["command"].get("process") == "follow"
        ]


class _Opened:
    """The application, once nobody else has the database open."""

    def __init__(self, url: str, sandbox: Sandbox, clock: Any) -> None:
        settings = Settings(database_url=url)
        self._app = open_application(settings, clock=clock, sandbox=sandbox)

    def __enter__(self) -> Application:
        if not self._app.database.is_sqlite:
            # The server of a killed client may still be at its last statement.
            until = time.monotonic() + 20
            while self._others():
                assert time.monotonic() < until, "a killed server's connection stays open"
        return self._app

    def _others(self) -> int:
        with self._app.database.engine.connect() as connection:
            return int(connection.execute(_OTHERS).scalar_one())

    def __exit__(self, *_: object) -> None:
        self._app.database.close()
