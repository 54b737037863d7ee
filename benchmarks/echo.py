"""``bihuan serve`` with one more route, ``POST /echo``: the baseline of the HTTP figure.

Started as a process of its own by ``serving``; takes the arguments of ``bihuan``.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request

from api import create_app
from engine import cli
from engine.cli import server
from engine.ports import Application


def _echo() -> Response:
    return Response(request.get_data(), mimetype="application/json")


def _with_echo(application: Application, **chosen: Any) -> Flask:
    app = create_app(application, **chosen)
    app.add_url_rule("/echo", "echo", _echo, methods=["POST"])
    return app


if __name__ == "__main__":
    server.create_app = _with_echo
    cli.main()
