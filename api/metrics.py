"""How many requests, how long they took: for Prometheus."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import cast

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class _Figures:
    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram


def install(app: Flask) -> None:
    """Count the requests of ``app`` in a registry of its own."""
    own = CollectorRegistry()
    app.extensions["bihuan-figures"] = _Figures(
        registry=own,
        requests=Counter(
            "bihuan_requests", "Requests answered.", ["method", "route", "status"], registry=own
        ),
        seconds=Histogram(
            "bihuan_request_seconds",
            "Seconds from request to answer.",
            ["route"],
            registry=own,
            buckets=BUCKETS_SECONDS,
        ),
    )
    app.before_request(_begin)
    app.after_request(_end)


def registry() -> CollectorRegistry:
    """Return the registry of the current server."""
    return _figures().registry


def _figures() -> _Figures:
    return cast("_Figures", current_app.extensions["bihuan-figures"])


def _begin() -> None:
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    figures = _figures()
    # The rule, not the path: ids would make a series of their own each.
    route = request.url_rule.rule if request.url_rule else "(none)"
    method = request.method if request.method in _METHODS else "(other)"
    figures.requests.labels(method, route, response.status_code).inc()
    if "began" in g:
        figures.seconds.labels(route).observe(time.perf_counter() - g.began)
    return response


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
