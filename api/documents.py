"""The OpenAPI document and a page of our own to try the calls, with nothing from outside."""

from __future__ import annotations

import copy
from typing import Any, cast

from flask import Flask, Response, current_app, render_template
from flask_openapi3.openapi import OpenAPI

from api.current import reply
from api.problems import MEDIA_TYPE

ABOUT = (
    "Runs cases along BPMN diagrams, with deadlines in working time and a history that "
    "proves itself. Every refusal is application/problem+json with a stable code. "
    "Every POST takes an Idempotency-Key."
)
SECURITY_SCHEMES: dict[str, Any] = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": "bihuan_session"},
}
_KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "The same key and body gets the same answer again, and is done once.",
}
_MATCH_HEADER = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 100},
    "description": "The ETag of a GET; 412 if the task or case has moved on.",
}
_PROBLEM = {
    "description": "Refused",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def install(app: Flask) -> None:
    """Add the document and the page."""
    app.add_url_rule("/api/v1/openapi.json", "openapi", document)
    app.add_url_rule("/api/v1/docs", "docs", page)


def document() -> Response:
    """Give the OpenAPI 3.1 document."""
    return reply(specification())


def page() -> str:
    """Show every call, with fields to try it."""
    return render_template("docs.html", groups=_groups(specification()))


def specification() -> dict[str, Any]:
    """Return the OpenAPI document of the current server."""
    kept = current_app.extensions.get("bihuan-openapi")
    if kept is None:
        made = copy.deepcopy(cast("OpenAPI", current_app).api_doc)
        made["security"] = [{"token": []}, {"session": []}]
        for path, calls in made["paths"].items():
            for method, call in calls.items():
                _complete(path, method, call)
        kept = current_app.extensions["bihuan-openapi"] = made
    return cast("dict[str, Any]", kept)


def _complete(path: str, method: str, call: dict[str, Any]) -> None:
    """Add what is the same for all calls."""
    call["responses"].pop("422", None)
    call["responses"]["4XX"] = _PROBLEM
    call["responses"]["503"] = _PROBLEM
    if path.endswith("/login"):
        call["security"] = []
    if method == "post":
        headers = [_KEY_HEADER]
        if "{task_id}" in path or "{case_id}" in path:
            headers.append(_MATCH_HEADER)
        call["parameters"] = [*call.get("parameters", []), *headers]


def _groups(spec: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, calls in spec["paths"].items():
        for method, call in calls.items():
            shown = {
                "method": method.upper(),
                "path": path,
                "summary": call.get("summary", ""),
                "parameters": call.get("parameters", []),
                "body": _example(spec, call),
                "id": call["operationId"],
            }
            groups.setdefault(call["tags"][0], []).append(shown)
    return groups


def _example(spec: dict[str, Any], call: dict[str, Any]) -> dict[str, Any] | None:
    """Return a body to start from: every member with a value of its kind, or None."""
    content = call.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    name = content["schema"]["$ref"].rpartition("/")[2]
    members = spec["components"]["schemas"][name].get("properties", {})
    return {member: _sample(schema) for member, schema in members.items()}


def _sample(schema: dict[str, Any]) -> Any:
    kinds = [schema.get("type"), *(one.get("type") for one in schema.get("anyOf", []))]
    if "null" in kinds:
        return None
    return {} if "object" in kinds else ""
