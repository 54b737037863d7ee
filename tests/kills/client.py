"""Clients that go on whatever happens to the server, and what they were promised.

Each request carries a mark of its own in its data and one Idempotency-Key. A
request that was not answered is sent again, as it was, until it is.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
from dataclasses import dataclass, field
from typing import Any

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Sent:
    """A request; its mark is found again in the history of a case."""

    mark: str
    path: str
    body: bytes
    case: str | None = None


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
    """One program that starts cases and takes them through their two tasks.

    Attributes:
        sent: every request by its mark, answered or not.
        acknowledged: the marks whose request was answered with 2xx.
        refused: answers that no client should get.
        last: no new cases are begun; what is begun is finished.
    """

    name: str
    token: str
    gate: Gate
    seed: str
    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[str, int, str]] = field(default_factory=list)
    repeated: int = 0
    last: bool = False

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._open: dict[str, str] = {}
        self._waiting: Sent | None = None
        self._aside: list[Sent] = []
        self._server = 0
        self._connection: http.client.HTTPConnection | None = None
        self.thread = threading.Thread(target=self._run, name=self.name)

    def _run(self) -> None:
        while (entered := self.gate.enter()) is not None:
            request = self._waiting or self._next()
            if request is None:
                return
            self._waiting = request
            try:
                status, answer = self._post(*entered, request)
            except (OSError, http.client.HTTPException):
                self._hang_up()
                self.repeated += 1
                self.gate.leave(entered[0])
                continue
            self._judge(request, status, answer)
        self._hang_up()

    def _next(self) -> Sent | None:
        """Begin a case, or complete the task in which one of the own cases stands."""
        if self._aside and (self.last or self._chance.random() < 0.1):
            return self._aside.pop(0)
        if not self._open or (not self.last and self._chance.random() < 0.3):
            if self.last:
                self._hang_up()
                return None
            return self._request("/api/v1/cases", None, process="load")
        case = self._chance.choice(sorted(self._open))
        stage = self._open.pop(case)
        return self._request(f"/api/v1/tasks/{case}.load.{stage}.1/complete", case)

    def _request(self, path: str, case: str | None, **body: str) -> Sent:
        mark = f"{self.name}-{len(self.sent)}"
        content = json.dumps({**body, "data": {"mark": mark}}).encode()
        request = self.sent[mark] = Sent(mark, path, content, case)
        return request

    def _post(self, server: int, port: int, request: Sent) -> tuple[int, dict[str, Any]]:
        if self._connection is None or self._server != server:
            self._hang_up()
            self._server = server
            self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": request.mark,
        }
        self._connection.request("POST", request.path, request.body, headers)
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
        if status == 409 and answer["code"] == "task-not-open" and "second" in request.path:
            # A server was killed before the case got its number: the next one will give it.
            self._aside.append(request)
            return
        if status not in (200, 201):
            self.refused.append((request.path, status, str(answer)))
            return
        self.acknowledged[request.mark] = status
        self.gate.count()
        if request.case is None:
            self._open[answer["id"]] = "first"
        elif "first" in request.path:
            self._open[request.case] = "second"
