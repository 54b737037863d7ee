"""The calls of ``/api/v1``, one file per resource: parse, call, answer."""

from __future__ import annotations

from flask_openapi3.openapi import OpenAPI

from api.routes import (
    case_acts,
    cases,
    clock,
    decisions,
    definitions,
    events,
    figures,
    files,
    health,
    identity,
    incidents,
    mining,
    reference,
    registers,
    task_acts,
    task_asking,
    tasks,
)

PREFIX = "/api/v1"


def install(app: OpenAPI) -> None:
    """Register every call."""
    for module in (
        definitions,
        cases,
        case_acts,
        decisions,
        tasks,
        task_acts,
        task_asking,
        files,
        events,
        incidents,
        reference,
        registers,
        figures,
        mining,
        identity,
        clock,
    ):
        app.register_api(module.api, url_prefix=PREFIX)
    health.install(app, PREFIX)
