"""The web server inside ``bihuan serve``: waitress, stopped without losing an answer.

waitress leaves its loop at once when it is told to stop, so an answer that a
thread has just finished would stay unsent: the client would not learn that its
command was accepted. Here the loop goes on until every request under way is
answered, while nothing new is let in.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

BODY_BYTES = 64 * 1024 * 1024
"""Above this waitress refuses a request itself, in plain text. The limits of the API lie
far below, so that who sends too much is told so by a problem like any other."""

DRAIN_SECONDS = 15.0
"""How long a stop waits for requests under way."""

LOOK_SECONDS = 0.25
"""How often the loop looks whether it shall stop."""


class Listener:
    """Serves an application on one address until it is stopped.

    Args:
        app: the WSGI application.
        host: the address or name to listen on.
        port: the TCP port; 0 = any free one, see ``port``.
        threads: how many requests are worked on at once.
    """

    def __init__(self, app: Flask, *, host: str, port: int, threads: int) -> None:
        # Under load it would write a line for nearly every request, and stand still
        # once nobody reads them.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._map: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._map,
            host=host,
            port=port,
            threads=threads,
            max_request_body_size=BODY_BYTES,
            ident="bihuan",
        )
        self._doors = [one for one in self._map.values() if hasattr(one, "active_channels")]
        self.port: int = self._doors[0].socket.getsockname()[1]

    def run(self, stopping: threading.Event) -> None:
        """Serve until ``stopping`` is set, then answer what is under way and return."""
        while not stopping.is_set():
            self._turn(LOOK_SECONDS)
        for door in self._doors:
            door.accepting = False
        tired = threading.Event()
        timer = threading.Timer(DRAIN_SECONDS, tired.set)
        timer.start()
        while self._is_busy() and not tired.is_set():
            self._turn(LOOK_SECONDS)
        timer.cancel()

    def close(self) -> None:
        """Stop the threads and close the sockets."""
        self._doors[0].task_dispatcher.shutdown()
        for one in list(self._map.values()):
            # A connection gives up with its socket what it has not sent, and that may be a file.
            (one.handle_close if hasattr(one, "outbufs") else one.close)()

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, map=self._map, count=1)

    def _is_busy(self) -> bool:
        channels = [one for door in self._doors for one in list(door.active_channels.values())]
        return any(one.requests or one.total_outbufs_len for one in channels)
