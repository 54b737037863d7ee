"""Clients that go on whatever happens to the server, and what they were promised.

Each request carries a mark of its own in its data and one Idempotency-Key. A
request that was not answered is sent again, as it was, until it is.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import MONDAY
from tests.kills import walks
from tests.kills.walks import Act, Walk

PATIENCE_SECONDS = 120
WATCHER = "admin"
"""Sees every case, does the load's tasks and moves the clock."""

CLIENTS = 8
WALKS = 2
"""How many walks a client is on at once."""

IMPATIENT = 100
"""After so many times of waiting it looks whether an incident is in its way."""

LOST = 3000
"""So many times a walk waits for its next step when nothing else is left to be done."""


@dataclass(frozen=True)
class Sent:
    """A request; the mark of its act is found again in the history of a case.

    Attributes:
        key: the Idempotency-Key, the same however often it is sent.
        walk: the walk that it is a step of; None for the load.
    """

    key: str
    act: Act
    body: bytes
    walk: Walk | None = None


class Gate:
    """Where the server is: closed while there is none."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._port: int | None = None
        self._opened = 0
        self._answered = 0
        self._over = False

    def open(self, port: int) -> None:
        """Let the clients in."""
        with self._change:
            self._port, self._answered = port, 0
            self._opened += 1
            self._change.notify_all()

    def shut(self) -> None:
        """Keep them out until the next server."""
        with self._change:
            self._port = None

    def end(self) -> None:
        """Send everybody home."""
        with self._change:
            self._over = True
            self._change.notify_all()

    def enter(self) -> tuple[int, int] | None:
        """Wait for a server; return which one it is and its port, or None at the end."""
        with self._change:
            self._change.wait_for(lambda: self._over or self._port is not None)
            if self._over:
                return None
            assert self._port is not None
            return self._opened, self._port

    def leave(self, which: int) -> None:
        """Wait until there is another server than that one, which does not answer."""
        with self._change:
            done = self._change.wait_for(
                lambda: self._over or self._opened != which, PATIENCE_SECONDS
            )
            assert done, "a server that was not killed does not answer"

    def count(self) -> None:
        """Count a request that was done."""
        with self._change:
            self._answered += 1
            self._change.notify_all()

    def wait_for(self, requests: int) -> None:
        """Wait until the present server has done so many requests."""
        with self._change:
            done = self._change.wait_for(lambda: self._answered >= requests, PATIENCE_SECONDS)
            assert done, f"only {self._answered} requests in {PATIENCE_SECONDS} seconds"


@dataclass
class Client:
    """One program: walks through the loops, starts cases of the load, moves the clock.

    Attributes:
        tokens: of everybody who does something, by user name.
        first: the walk that it begins with, a place in ``walks.WAYS``.
        sent: every request by its mark, answered or not.
        acknowledged: the marks whose request was answered with 2xx.
        refused: answers that no client should get.
        walked: walks that came to their end, by name.
        lost: where walks stand whose next step never came.
        last: no new cases are begun; what is begun is finished.
    """

    name: str
    tokens: Mapping[str, str]
    gate: Gate
    seed: str
    first: int = 0
    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[str, int, str]] = field(default_factory=list)
    walked: Counter[str] = field(default_factory=Counter)
    lost: list[tuple[str, list[str], str]] = field(default_factory=list)
    repeated: int = 0
    last: bool = False

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._keys = 0
        self._open: dict[str, str] = {}
        self._walks: list[Walk] = []
        self._begun = self.first
        self._waiting: Sent | None = None
        self._aside: list[Sent] = []
        self._server = 0
        self._connection: http.client.HTTPConnection | None = None
        self.thread = threading.Thread(target=self._run, name=self.name)

    def _run(self) -> None:
        while (entered := self.gate.enter()) is not None:
            try:
                self._connect(*entered)
                request = self._waiting or self._next()
                if request is None and self._is_done():
                    break
                if request is None:
                    # What comes next is up to the server: it delivers in a moment.
                    time.sleep(0.01)
                    continue
                self._waiting = request
                status, answer = self._exchange("POST", request.act.path, request)
            except (OSError, http.client.HTTPException):
                self._hang_up()
                self.repeated += self._waiting is not None
                self.gate.leave(entered[0])
                continue
            self._judge(request, status, answer)
        self._hang_up()

    # -- what to do next --------------------------------------------------------------

    def _is_done(self) -> bool:
        return self.last and not (self._open or self._aside or self._walks)

    def _next(self) -> Sent | None:
        if not self.last and self._chance.random() < 0.05:
            return self._clock()
        if not self.last and len(self._walks) < WALKS:
            name = list(walks.WAYS)[self._begun % len(walks.WAYS)]
            self._begun += 1
            self._walks.append(walks.begin(name, self._begun * CLIENTS + self.first, MONDAY))
        if self._walks and (self.last or self._chance.random() < 0.75):
            # The older one more often: the long ways must get on, too.
            older = self._chance.random() < 0.85 or len(self._walks) == 1
            return self._step(self._walks[0 if older else 1])
        return self._load()

    def _step(self, walk: Walk) -> Sent | None:
        """Take the next step of a walk, if the case has come so far."""
        act = walk.next(self._ask, self._key)
        if act is not None:
            return self._request(act, walk)
        walk.waited += 1
        if walk.waited % IMPATIENT == 0 and (retry := self._retry(walk)) is not None:
            return retry
        if self.last and walk.waited > LOST:
            self._walks.remove(walk)
            self.lost.append((walk.name, walk.cases, walk.why))
        return self._load() if self._open or self._aside else None

    def _retry(self, walk: Walk) -> Sent | None:
        """Do what an administrator does with an incident of a machine that stood still."""
        for case in walk.cases:
            if self._ask(f"/api/v1/cases/{case}")["incidents"]:
                body = {"reason": "the machine stood still"}
                return self._request(Act(WATCHER, "", f"/api/v1/cases/{case}/retry", body, case))
        return None

    def _load(self) -> Sent | None:
        """Begin a case, or complete the task in which one of the own cases stands."""
        if self._aside and (self.last or self._chance.random() < 0.1):
            return self._aside.pop(0)
        mark = self._key
        if not self._open or (not self.last and self._chance.random() < 0.3):
            if self.last:
                return None
            body = {"process": "load", "data": {"mark": mark}}
            return self._request(Act(WATCHER, mark, "/api/v1/cases", body))
        case = self._chance.choice(sorted(self._open))
        stage = self._open.pop(case)
        path = f"/api/v1/tasks/{case}.load.{stage}.1/complete"
        return self._request(Act(WATCHER, mark, path, {"data": {"mark": mark}}, case))

    def _clock(self) -> Sent:
        """Let some seconds go by, sometimes minutes; so limits of the loops come, too."""
        seconds = self._chance.choice([1, 1, 2, 5, 300, 900])
        return self._request(Act(WATCHER, "", "/api/v1/clock", {"advance_seconds": seconds}))

    def _request(self, act: Act, walk: Walk | None = None) -> Sent:
        request = Sent(self._key, act, json.dumps(act.body).encode(), walk)
        self._keys += 1
        if act.mark:
            self.sent[act.mark] = request
        return request

    @property
    def _key(self) -> str:
        return f"{self.name}-{self._keys}"

    # -- talking to the server --------------------------------------------------------

    def _connect(self, server: int, port: int) -> None:
        if self._connection is None or self._server != server:
            self._hang_up()
            self._server = server
            self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def _ask(self, path: str) -> dict[str, Any]:
        status, answer = self._exchange("GET", path)
        assert status == 200, f"{path}: {status} {answer}"
        return answer

    def _exchange(
        self, method: str, path: str, request: Sent | None = None
    ) -> tuple[int, dict[str, Any]]:
        assert self._connection is not None
        headers = {
            "Authorization": f"Bearer {self.tokens[request.act.who if request else WATCHER]}"
        }
        if request is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": request.key}
        self._connection.request(method, path, request.body if request else None, headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _judge(self, request: Sent, status: int, answer: dict[str, Any]) -> None:
        if status == 503:
            return
        self._waiting = None
        if (
            status == 409
            and answer["code"] == "task-not-open"
            and ".load.second" in request.act.path
        ):
            # A server was killed before the case got its number: the next one will give it.
            self._aside.append(request)
            return
        if status not in (200, 201):
            self.refused.append((request.act.path, status, str(answer)))
            if request.walk in self._walks:
                self._walks.remove(request.walk)
            return
        if request.act.mark:
            self.acknowledged[request.act.mark] = status
        self.gate.count()
        if request.walk is not None:
            if request.walk.done(answer):
                self._walks.remove(request.walk)
                self.walked[request.walk.name] += 1
        elif request.act.path == "/api/v1/cases":
            self._open[answer["id"]] = "first"
        elif request.act.case is not None and ".load.first" in request.act.path:
            self._open[request.act.case] = "second"
