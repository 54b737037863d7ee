"""The outside of Bihuan: HTTP calls under ``/api/v1``, and pages for people.

Thin on purpose: a route parses, calls the application and answers. Nothing here
knows a rule of case handling, so programs and pages cannot differ in one.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, current_app, request
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.routing import Rule

from api import current, documents, metrics, problems, routes, sessions
from api.body import MAX_BODY, MAX_UPLOAD, StrictRequest
from api.shapes import Problem
from api.web import site
from engine import __version__, accesses
from engine.errors import EngineError, InvalidRequest
from engine.ports import Application

PUBLIC = frozenset({"identity.login", "identity.logout", "identity.follow"})
"""Calls that nobody needs to be signed in for."""

UPLOADS = ("/definitions", "/attachments", "/definitions/check", "/definitions/backtest")
SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class _Rule(Rule):
    """A path; how an address is made of it is compiled once somebody asks for one."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = super()._compile_builder
        made: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, **values: object) -> tuple[str, str]:
            if not made:
                made.append(compiled(append_unknown))
            return made[0](rule, **values)

        return build


class _Server(OpenAPI):
    request_class = StrictRequest
    url_rule_class = _Rule


def create_app(
    application: Application,
    *,
    is_scheduling: Callable[[], bool] | None = None,
    setup: str = "",
) -> Flask:
    """Return the WSGI application that serves ``application``.

    It holds no state of its own, so one process may make several.

    Args:
        application: what the calls and pages act on.
        is_scheduling: says whether this process's scheduler runs, for ``/readyz``;
            None = timers are fired elsewhere.
        setup: what the address of the set-up page must hold while nobody can sign in
            yet; empty = there is no such page.
    """
    app = _Server(
        __name__,
        info=Info(title="Bihuan 闭环", version=__version__, description=documents.ABOUT),
        security_schemes=documents.SECURITY_SCHEMES,
        validation_error_callback=problems.on_invalid,
        validation_error_model=Problem,
        doc_ui=False,
        static_folder="web/static",
        template_folder="web/templates",
    )
    app.extensions["bihuan"] = application
    app.extensions["bihuan-scheduler"] = is_scheduling
    app.extensions["bihuan-setup"] = setup
    # A path with // or a slash too many is another path, not a redirect.
    app.url_map.merge_slashes = False
    app.before_request(accesses.gather)
    app.before_request(_guard)
    metrics.install(app)
    problems.install(app)
    routes.install(app)
    documents.install(app)
    site.install(app)
    app.after_request(_harden)
    app.after_request(_recorded)
    return app


def _guard() -> None:
    """Refuse what no call may be given, before anything is read."""
    is_upload = request.method == "POST" and not request.is_json
    request.max_content_length = MAX_UPLOAD if is_upload else MAX_BODY
    for name, value in [*request.args.items(multi=True), *(request.view_args or {}).items()]:
        if "\0" in f"{name}{value}":
            raise InvalidRequest("The address holds a null character.", hint="Remove %00.")
    if len(request.args) < sum(1 for _ in request.args.items(multi=True)):
        raise InvalidRequest("A query parameter is there twice.", hint="Send it once.")
    sessions.check_origin()
    if request.blueprint in _SIGNED_IN and request.endpoint not in PUBLIC:
        current.actor()


_SIGNED_IN = frozenset(
    {
        "definitions",
        "cases",
        "case_acts",
        "decisions",
        "tasks",
        "task_acts",
        "task_asking",
        "files",
        "events",
        "figures",
        "mining",
        "reference",
        "identity",
        "clock",
        "incidents",
    }
)


def _recorded(response: Response) -> Response:
    """Write down whom the answer shows personal values, or do not show them."""
    try:
        accesses.write(current.application().database)
    except EngineError as refusal:
        response = current_app.make_response(problems.refused(refusal))
    return response


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", SECURITY_POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "static":
        # Case data must not lie in a browser's cache after somebody signs out.
        headers["Cache-Control"] = "no-store"
    return response
