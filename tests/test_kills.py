"""Kill -9 at random moments under load: what was acknowledged stays, nothing is half-done."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine import deployments, identities
from engine.application import open_application
from engine.clock import ManualClock
from engine.settings import Settings
from tests import postgres
from tests.conftest import MONDAY, _fill
from tests.kills.client import Client, Gate
from tests.kills.inspection import Inspection
from tests.kills.server import Killable

KILLS = 50
CLIENTS = 8
LOAD = Path(__file__).parent / "kills" / "load.bpmn"


@pytest.fixture
def durable_url(request, city, tmp_path, sandbox) -> Iterator[str]:
    """A database that writes through to the disk, as an installation does."""
    if request.param == "sqlite":
        shutil.copy(city, tmp_path / "bihuan.db")
        yield f"sqlite:///{tmp_path / 'bihuan.db'}"
        return
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed (initdb, postgres)")
    server = postgres.Server(fsync=True)
    url = server.create("killed")
    _fill(url, sandbox)
    yield url
    server.stop()


def prepare(url, sandbox, seed):
    """Deploy the load and return eight clients that wait for a server."""
    app = open_application(Settings(database_url=url), clock=ManualClock(MONDAY), sandbox=sandbox)
    deployments.deploy(app, identities.operator(), {LOAD.name: LOAD.read_bytes()})
    tokens = [identities.create_token(app, "admin", by="@test") for _ in range(CLIENTS)]
    app.database.close()
    gate = Gate()
    names = [f"c{number}" for number in range(CLIENTS)]
    return gate, [
        Client(name, token, gate, f"{seed}/{name}")
        for name, token in zip(names, tokens, strict=True)
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

        following = prepared()
        for _ in range(KILLS):
            server, following = following, prepared()
            server.begin()
            gate.open(server.port)
            # Under load, but at no moment that anything could be tuned to.
            gate.wait_for(chance.randrange(1, 40))
            time.sleep(chance.random() * 0.03)
            gate.shut()
            server.kill()
            inspection.check(clients)
        for client in clients:
            client.last = True
        following.begin()
        gate.open(following.port)
        for client in clients:
            client.thread.join(30)
        assert following.stop() == 0

    assert [one for client in clients for one in client.refused] == []
    assert [set(one.sent) - set(one.acknowledged) for one in clients] == [set()] * CLIENTS
    found = inspection.finish(clients)
    cut_off = sum(client.repeated for client in clients)
    print(f"{KILLS} kills, {cut_off} requests cut off and sent again, {found}")  # noqa: T201
    assert cut_off >= KILLS
