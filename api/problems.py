"""Every refusal leaves the house as ``application/problem+json`` (RFC 9457).

Refusals of the engine carry their own code and status; those of HTTP itself
(no such path, wrong method) get one here. What nobody foresaw is logged whole
and told without its insides.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as WerkzeugResponse

from api.body import MAX_BODY, MAX_FILE
from api.web import refusals
from engine.errors import (
    Busy,
    EngineError,
    InvalidData,
    NotSignedIn,
    TooLarge,
    TooManyAttempts,
)

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger()
_CODES = {400: "invalid-request", 404: "not-found", 405: "method-not-allowed"}
_HINTS = {
    404: "The calls are listed at /api/v1/docs.",
    405: "The methods that it has are in the Allow header.",
}


def install(app: Flask) -> None:
    """Let every exception of ``app`` become a problem, or a page that says the same."""
    app.register_error_handler(EngineError, refused)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Exception, _on_surprise)


def problem(document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """Return the response for a problem with ``code``, ``status``, ``title`` and more."""
    body = {"type": f"urn:bihuan:problem:{document['code']}", **document}
    # What was sent may be quoted in it, so half a surrogate pair must not stop the answer.
    text = json.dumps(body, ensure_ascii=False).encode(errors="replace")
    response = Response(text, status=int(document["status"]), mimetype=MEDIA_TYPE)
    response.headers.update(headers or {})
    return response


def on_invalid(error: ValidationError) -> Response:
    """Refuse a body or a query whose shape is wrong; flask-openapi3 calls this."""
    findings = [_shape_finding(dict(one)) for one in error.errors(include_url=False)[:50]]
    first = findings[0]
    raise InvalidData(
        f"The request does not have the right shape. {first['key']}: {first['message']}",
        findings=findings,
        hint="See /api/v1/docs for what the call takes.",
    )


def _shape_finding(one: dict[str, Any]) -> dict[str, Any]:
    unknown = one["type"] == "extra_forbidden"
    return {
        "code": "unknown-key" if unknown else str(one["type"]).replace("_", "-"),
        "severity": "error",
        "key": ".".join(str(part)[:100] for part in one["loc"]),
        "message": "There is no such parameter here." if unknown else str(one["msg"]),
        "hint": "Leave it out." if unknown else "Correct it.",
    }


def refused(refusal: EngineError) -> WerkzeugResponse:
    """Return the response for a refusal of the engine."""
    document = {"title": _title(refusal), **refusal.to_json()}
    if refusal.status >= 500 and not isinstance(refusal, Busy):
        _log.error("refusal", code=refusal.code, detail=refusal.message, path=request.path)
    return _answer(document, _headers(refusal))


def _headers(refusal: EngineError) -> dict[str, str]:
    if isinstance(refusal, Busy):
        return {"Retry-After": "1"}
    if isinstance(refusal, TooManyAttempts):
        return {"Retry-After": str(refusal.retry_seconds)}
    if isinstance(refusal, NotSignedIn):
        return {"WWW-Authenticate": 'Bearer realm="bihuan"'}
    return {}


def _on_http(error: HTTPException) -> WerkzeugResponse:
    if isinstance(error, RequestEntityTooLarge):
        message = f"A body has at most {MAX_BODY >> 20} MB, a file {MAX_FILE >> 20} MB."
        return refused(TooLarge(message, hint="Send less at once."))
    status = error.code or 500
    response = error.get_response()
    if status < 400:
        return response
    document = {
        "title": error.name,
        "code": _CODES.get(status, error.name.lower().replace(" ", "-")),
        "status": status,
        "detail": f"{request.method} {request.path}: {error.name}.",
    }
    if status in _HINTS:
        document["hint"] = _HINTS[status]
    allowed = response.headers.get("Allow")
    return _answer(document, {"Allow": allowed} if allowed else {})


def _on_surprise(error: Exception) -> WerkzeugResponse:
    # Not exc_info: some renderers print local variables, and those hold case data.
    trace = "".join(traceback.format_exception(error))
    _log.error("unexpected", path=request.path, method=request.method, trace=trace)
    document = {
        "title": "Something went wrong inside.",
        "code": "internal",
        "status": 500,
        "detail": "The request was not carried out. The reason is in the server's log.",
    }
    return _answer(document, {})


def _answer(document: dict[str, Any], headers: dict[str, str]) -> WerkzeugResponse:
    if refusals.wants_page():
        return refusals.page(document, headers)
    return problem(document, headers)


def _title(refusal: EngineError) -> str:
    return (type(refusal).__doc__ or "Refused.").strip().splitlines()[0]
