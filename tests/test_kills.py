"""Kill -9 at random moments under load: what was acknowledged stays, nothing is half-done."""

from __future__ import annotations

import copy
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine import deployments, identities, timers
from engine.application import open_application
from engine.clock import ManualClock
from engine.settings import Settings
from tests import postgres, scratch
from tests.conftest import MONDAY, _fill
from tests.kills import walks
from tests.kills.client import CLIENTS, WATCHER, Client, Gate
from tests.kills.inspection import Inspection
from tests.kills.server import Killable

KILLS = 50
MOST_KILLS = 150
"""It goes on beyond fifty until every loop was met by them: which one is, chance decides."""

LOOPS = {
    "grid_event",
    "consultation",
    "supervision",
    "whistle_report",
    "department_handling",
    "return_visit",
    "publication",
}
BEGUN = [
    ("grid_event", "whistle_report"),
    ("consultation", "whistle_report"),
    ("whistle_report", "grid_event"),
    ("supervision", "supervision"),
]
"""Which case begins which other."""

TOLD_BACK = {("whistle_report", "grid_event"), ("whistle_report", "consultation")}
"""Who tells whom, once, that what was handed over has ended."""

LOAD = Path(__file__).parent / "kills" / "load.bpmn"
PROCESSES = Path(__file__).parent.parent / "processes"


@pytest.fixture
def durable_url(request, city, sandbox) -> Iterator[str]:
    """A database that writes through to the disk, as an installation does."""
    if request.param == "sqlite":
        with tempfile.TemporaryDirectory(dir=scratch.DISK) as folder:
            shutil.copy(city, f"{folder}/bihuan.db")
            yield f"sqlite:///{folder}/bihuan.db"
        return
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb, postgres)")
    server = postgres.Server(fsync=True)
    url = server.create("killed")
    _fill(url, sandbox)
    yield url
    server.stop()


def prepare(url, sandbox, seed):
    """Deploy the loops and the load; return eight clients that wait for a server."""
    app = open_application(Settings(database_url=url), clock=ManualClock(MONDAY), sandbox=sandbox)
    files = {
        path.name: path.read_bytes()
        for folder in ("", "forms", "decisions")
        for path in (PROCESSES / folder).iterdir()
        if path.suffix in {".bpmn", ".json", ".dmn"}
    }
    deployments.deploy(app, identities.operator(), {**files, LOAD.name: LOAD.read_bytes()})
    people = [*app.references.organisation.people(), WATCHER]
    tokens = {name: identities.create_token(app, name, by="@test") for name in people}
    timers.advance(app, to=MONDAY)
    app.database.close()
    gate = Gate()
    return gate, [
        Client(f"c{number}", tokens, gate, f"{seed}/c{number}", number) for number in range(CLIENTS)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "durable_url",
    ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)],
    indirect=True,
)
def test_nothing_acknowledged_is_lost_and_nothing_done_twice(durable_url, sandbox):
    seed = os.environ.get("BIHUAN_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"To choose the same again: BIHUAN_SEED={seed}")  # noqa: T201
    chance = random.Random(seed)
    gate, clients = prepare(durable_url, sandbox, seed)
    inspection = Inspection(durable_url, sandbox)
    for client in clients:
        client.thread.start()

    with ExitStack() as house:
        house.callback(gate.end)

        def prepared() -> Killable:
            server = Killable(durable_url, at_once=False)
            house.callback(server.kill)
            return server

        kills, following = 0, prepared()
        while kills < KILLS or (kills < MOST_KILLS and not was_all_driven(inspection.ledger)):
            kills += 1
            server, following = following, prepared()
            server.begin()
            gate.open(server.port)
            # Under load, but at no moment that anything could be tuned to.
            gate.wait_for(chance.randrange(1, 25))
            time.sleep(chance.random() * 0.03)
            gate.shut()
            server.kill()
            inspection.check(clients)
        under_kills = copy.deepcopy(inspection.ledger)
        for client in clients:
            client.last = True
        following.begin()
        gate.open(following.port)
        for client in clients:
            client.thread.join(300)
        assert following.stop() == 0

    assert [one for client in clients for one in client.refused] == []
    assert [one for client in clients for one in client.lost] == []
    assert [set(one.sent) - set(one.acknowledged) for one in clients] == [set()] * CLIENTS
    found = inspection.finish(clients)
    cut_off = sum(client.repeated for client in clients)
    print(f"{kills} kills, {cut_off} requests cut off and sent again, {found}")  # noqa: T201
    assert cut_off >= KILLS
    check_all_was_driven(under_kills, inspection.ledger, clients)


def was_all_driven(book):
    """Whether every loop went on, every hand-over came back and some limit of a loop came."""
    return (
        set(book.steps) >= LOOPS
        and set(book.told()) == TOLD_BACK
        and {"load", "follow"} <= set(book.fired)
        and bool(LOOPS & set(book.fired))
    )


def check_all_was_driven(under_kills, book, clients):
    """Every loop went on and every hand-over came back while servers were killed."""
    walked = sum((client.walked for client in clients), Counter())
    print(f"Walked {dict(walked)}; while killed {dict(under_kills.steps)},")  # noqa: T201
    print(f"told back {dict(under_kills.told())}, fired {dict(under_kills.fired)}")  # noqa: T201
    assert set(walked) == set(walks.WAYS)
    assert LOOPS - set(under_kills.steps) == set()
    assert set(under_kills.told()) == TOLD_BACK
    assert {"load", "follow"} - set(under_kills.fired) == set()
    assert LOOPS & set(under_kills.fired) != set()
    assert {one: book.begins()[one] > 0 for one in BEGUN} == dict.fromkeys(BEGUN, True)
