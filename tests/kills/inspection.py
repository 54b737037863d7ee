"""What must hold in the database between two servers."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from engine import replay, timers
from engine.application import Application, open_application
from engine.clock import parse
from engine.scripts import Sandbox
from engine.settings import Settings
from engine.tables import entries, outbox
from tests import rows
from tests.kills.client import Client
from tests.kills.ledger import Ledger

DAY = 86_400

_ENTRIES = sa.select(
    entries.c.stream, entries.c.position, entries.c.digest, entries.c.body
).order_by(entries.c.stream, entries.c.position)
_DELIVERIES = sa.select(outbox.c.case_id, outbox.c.delivered_at, outbox.c.attempts)
_OTHERS = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


Rows = dict[str, list[dict[str, Any]]]


class Inspection:
    """Remembers what was there, so that nothing of it may be gone or changed later.

    Attributes:
        ledger: what all entries ever seen say together.
        replayed: how many histories were replayed and rebuilt, all in all.
    """

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self._url, self._sandbox = url, sandbox
        self._digests: dict[tuple[str, int], str] = {}
        self.ledger = Ledger()
        self.replayed = 0

    def check(self, clients: Sequence[Client]) -> None:
        """Look at everything that a killed server has left; nothing else is running."""
        with _Opened(self._url, self._sandbox) as app:
            changed = self._read(app)
            self._check_marks(clients)
            self._check_cases(app, changed)
            self._check_once()

    def finish(self, clients: Sequence[Client]) -> dict[str, int]:
        """Let a day go by and every delivery be made; return what there is in the end."""
        with _Opened(self._url, self._sandbox) as app:
            timers.advance(app, seconds=DAY)
            self._read(app)
            self._check_marks(clients)
            self._check_cases(app, replay.case_ids(app))
            self._check_once()
            self._check_all_was_done(app)
            assert list(replay.verify_rest(app)) == []
        return {**self.ledger.kinds, "entries": len(self._digests)}

    def _read(self, app: Application) -> list[str]:
        """Read what is new; return the cases that it belongs to."""
        with app.database.reading() as tx:
            found = {(one[0], one[1]): (one[2], one[3]) for one in tx.all(_ENTRIES, {})}
        lost = [at for at, digest in self._digests.items() if found.get(at, "?")[0] != digest]
        assert lost == [], "entries that were there are gone or changed"
        new = sorted(found.keys() - self._digests.keys())
        for at in new:
            self._digests[at] = found[at][0]
            self.ledger.take(at[0], json.loads(bytes(found[at][1])))
        return sorted({stream for stream, _ in new if not stream.startswith("@")})

    def _check_marks(self, clients: Sequence[Client]) -> None:
        counts = self.ledger.marks
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
        differ = {one: _differences(before[one], rows.of_case(app, one)) for one in ids}
        differ = {one: found for one, found in differ.items() if found}
        assert differ == {}, f"their rows are not what their histories say: {differ}"

    def _check_once(self) -> None:
        """No timer fires twice, no number is given twice, no message or case comes twice."""
        book = self.ledger
        assert book.wrong == []
        assert [one for one, count in book.numbers.items() if count > 1] == []
        assert book.arrived - book.sent == Counter()
        assert [one for one, count in book.starts.items() if count > 1] == []
        assert [one for one, count in book.begun.items() if count > 1] == []
        # A case is begun by the delivery before the job learns of it, never after.
        assert set(book.begun) - set(book.starts) == set()

    def _check_all_was_done(self, app: Application) -> None:
        book = self.ledger
        late = {one: due for one, due in book.armed.items() if parse(due) <= app.clock.now()}
        assert late == {}
        assert book.awaited(book.sent) == book.awaited(book.arrived)
        assert book.begun == book.starts
        with app.database.reading() as tx:
            waiting = [row for row in tx.all(_DELIVERIES, {}) if row[1] is None]
        assert waiting == []


class _Opened:
    """The application, once nobody else has the database open."""

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        if url.startswith("postgresql"):
            # Before anything of our own is open, which would be counted as well.
            _wait_until_alone(url)
        settings = Settings(database_url=url, clock="manual")
        self._app = open_application(settings, sandbox=sandbox)

    def __enter__(self) -> Application:
        return self._app

    def __exit__(self, *_: object) -> None:
        self._app.database.close()


def _wait_until_alone(url: str) -> None:
    """The server of a killed client may still be at its last statement."""
    until = time.monotonic() + 120
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        while connection.execute(_OTHERS).scalar_one():
            assert time.monotonic() < until, "a killed server's connection stays open"
            # What a transaction has read of the activity it reads again and again.
            connection.rollback()


def _differences(before: Rows, after: Rows) -> dict[str, Any]:
    """The rows of each table that were there only before, and only after."""
    return {
        table: (
            [one for one in was if one not in after[table]],
            [one for one in after[table] if one not in was],
        )
        for table, was in before.items()
        if was != after[table]
    }
