"""Definitions: check, deploy, look at versions, choose the one for new cases."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from api import trying, uploads
from api.current import actor, answered, application, once, read, reply
from api.repeats import once_only
from api.shapes import (
    Document,
    Items,
    KeyPath,
    Name,
    Params,
    QueryText,
    UploadQuery,
    VersionPath,
)
from engine import access, backtest, deployments, views


class BacktestQuery(Params):
    """What past cases are lived again on beside the diagram."""

    filename: QueryText | None = None
    process: Name
    cases: int = Field(200, ge=1, le=1_000, description="At most so many, the latest.")
    sets: QueryText = Field("", description="Other limits: `accept=3WD,check=1WH`.")
    mapping: QueryText = Field("", description="Elements with new ids: `old=new,gone=`.")


api = APIBlueprint("definitions", __name__, abp_tags=[Tag(name="definitions")])


@api.post(
    "/definitions",
    responses={200: Document, 201: Document},
    openapi_extensions=uploads.DIAGRAM_BODY,
)
def deploy(query: UploadQuery) -> Response:
    """Deploy files that belong together; 201 with what is new, 200 if nothing is."""
    files = uploads.diagrams(query.filename)
    key = once(uploads.digest({**files, "executor": query.executor.encode()}))
    return answered(
        once_only(
            key,
            lambda: deployments.deploy(application(), actor(), files, executor=query.executor),
        )
    )


@api.post(
    "/definitions/check",
    responses={200: Document},
    openapi_extensions=uploads.DIAGRAM_BODY,
)
def check(query: UploadQuery) -> Response:
    """Say what is wrong or doubtful in the files; nothing changes."""
    access.require(actor(), "check")
    files = uploads.diagrams(query.filename)
    found = deployments.check(application(), files, executor=query.executor)
    return reply({"findings": [one.to_json() for one in found]})


@api.post(
    "/definitions/backtest",
    responses={200: Document},
    openapi_extensions=uploads.DIAGRAM_BODY,
)
def try_on_cases(query: BacktestQuery) -> Response:
    """Say what the files would have made of past cases; nothing changes."""
    access.require(actor(), "check")
    files = uploads.diagrams(query.filename)
    plan = backtest.Plan(
        cases=query.cases,
        sets=tuple(_parts(query.sets)),
        mapping=backtest.mapping(query.process, _parts(query.mapping)),
    )
    over = trying.begun()
    try:
        return reply(backtest.run(application(), actor(), query.process, files, plan))
    finally:
        over()


def _parts(text: str) -> list[str]:
    return [one for one in text.split(",") if one]


@api.get("/definitions", responses={200: Items})
def list_definitions() -> Response:
    """List the latest version of every process."""
    return reply(views.all_definitions(application()))


@api.get("/definitions/<key>", responses={200: Document})
def show(path: KeyPath) -> Response:
    """Show a process: its latest version, the one for new cases, and all versions."""
    return read(views.definition(application(), path.key))


@api.get("/definitions/<key>/versions/<version>", responses={200: Document})
def show_version(path: VersionPath) -> Response:
    """Show one version of a process."""
    return read(views.version(application(), path.key, path.version))


@api.get(
    "/definitions/<key>/versions/<version>/xml",
    responses={200: {"description": "BPMN 2.0 XML", "content": {"application/xml": {}}}},
)
def show_xml(path: VersionPath) -> Response:
    """Give the diagram's bytes as they were deployed."""
    content = views.xml(application(), path.key, path.version)
    return Response(content, mimetype="application/xml")


@api.post("/definitions/<key>/versions/<version>/default", responses={200: Document})
def choose(path: VersionPath) -> Response:
    """Let new cases start on this version."""
    return answered(
        once_only(
            once(), lambda: deployments.choose(application(), actor(), path.key, path.version)
        )
    )
