"""Is it alive, is it ready, how busy is it: for the machines that look after it."""

from __future__ import annotations

from flask import Flask, Response, current_app
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
    """Say whether the database answers and the scheduler runs; 503 if not."""
    database, scheduler = _database(), _scheduler()
    is_ready = database == "reachable" and scheduler != "stopped"
    body = {"status": "ready" if is_ready else "not ready"}
    return reply({**body, "database": database, "scheduler": scheduler}, 200 if is_ready else 503)


def _database() -> str:
    try:
        with application().database.reading():
            return "reachable"
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not ready
        return "unreachable"


def _scheduler() -> str:
    is_scheduling = current_app.extensions["bihuan-scheduler"]
    if is_scheduling is None:
        return "elsewhere"
    return "running" if is_scheduling() else "stopped"


def figures() -> Response:
    """Give the figures that Prometheus gathers."""
    return Response(generate_latest(metrics.registry()), content_type=CONTENT_TYPE_LATEST)
