"""A load generator: keep-alive connections that each send their requests one by one.

Run as a process of its own, so that it takes no time from the server's
interpreter. Reads ``{"port": n, "connections": [[[path, body, headers], …], …]}``
on stdin and writes ``{"seconds": s, "statuses": {"200": n}, "last": body}``.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from collections import Counter
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


class Connection:
    """One connection and the requests that it still has to send."""

    def __init__(self, port: int, requests: list[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waiting = list(reversed(requests))
        self._received = b""

    def send(self) -> bool:
        """Send the next request; False when there is none."""
        if not self._waiting:
            return False
        self._received = b""
        self.socket.sendall(self._waiting.pop())
        return True

    def receive(self) -> tuple[int, bytes] | None:
        """Take what has come; return status and body once the answer is whole."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        self._received += part
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return None
        length = _LENGTH.search(head)
        if length is None or len(body) < int(length[1]):
            return None
        return int(head.split(b" ", 2)[1]), body


def request(path: str, body: str, headers: dict[str, str]) -> bytes:
    """Return the bytes of a POST."""
    content = body.encode()
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Send all requests; return how long it took and what was answered."""
    connections = [
        Connection(order["port"], [request(*one) for one in requests])
        for requests in order["connections"]
    ]
    statuses: Counter[str] = Counter()
    last = b""
    busy = 0
    with selectors.DefaultSelector() as selector:
        for one in connections:
            selector.register(one.socket, selectors.EVENT_READ, one)
        began = time.perf_counter()
        for one in connections:
            busy += one.send()
        while busy:
            for key, _ in selector.select():
                answer = key.data.receive()
                if answer is not None:
                    statuses[str(answer[0])] += 1
                    last = answer[1]
                    busy -= not key.data.send()
        seconds = time.perf_counter() - began
    for one in connections:
        one.socket.close()
    return {"seconds": seconds, "statuses": dict(statuses), "last": last.decode()}


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
