"""Is it alive, is it ready, how busy is it: for the machines that look after it."""

from __future__ import annotations

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api import metrics
from api.current import application, reply


def install(app: Flask, prefix: str) -> None:
    """Add the three calls at the root, where probes look, and under ``prefix``."""
    for name, view in (("healthz", alive), ("readyz", ready), ("metrics", figures)):
        app.add_url_rule(f"/{name}", name, view)
        app.add_url_rule(f"{prefix}/{name}", f"api_{name}", view)


def alive() -> Response:
    """Say that the process answers."""
    return reply({"status": "alive"})


def ready() -> Response:
    """Say whether the database answers; 503 if it does not."""
    database = application().database
    try:
        with database.reading():
            pass
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not ready
        return reply({"status": "not ready", "database": "unreachable"}, 503)
    return reply({"status": "ready", "database": "reachable"})


def figures() -> Response:
    """Give the figures that Prometheus gathers."""
    return Response(generate_latest(metrics.registry()), content_type=CONTENT_TYPE_LATEST)
