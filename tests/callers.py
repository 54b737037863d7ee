"""Programs that call the API in tests: one per user, with a token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from api import create_app
from engine import identities
from engine.application import Application

PREFIX = "/api/v1"


class Caller:
    """A program with somebody's token."""

    def __init__(self, server: Flask, token: str | None) -> None:
        self.server = server
        self._client = server.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET below /api/v1; header names are written with underscores."""
        return self._client.get(PREFIX + path, headers=self._with(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """POST a JSON body below /api/v1; bytes go as they are."""
        content = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        given = {"Content-Type": "application/json", **self._with(headers)}
        return self._client.post(PREFIX + path, data=content, headers=given)

    def put(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """PUT a JSON body below /api/v1."""
        return self._client.put(PREFIX + path, json=body or {}, headers=self._with(headers))

    def upload(
        self, path: str, files: list[tuple[str, tuple[Any, str, str]]], **headers: str
    ) -> TestResponse:
        """POST files as multipart/form-data."""
        data: MultiDict[str, Any] = MultiDict()
        for name, (content, filename, kind) in files:
            data.add(name, FileStorage(content, filename, content_type=kind))
        # Encoded here, because the test client leaves its temporary files open.
        boundary, content = encode_multipart(data)
        given = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._client.post(
            PREFIX + path, data=content, headers={**given, **self._with(headers)}
        )

    def tasks(self, view: str = "pool") -> list[dict[str, Any]]:
        """Return the first page of a view of the inbox."""
        found: list[dict[str, Any]] = self.get(f"/tasks?view={view}").get_json()["items"]
        return found

    def _with(self, headers: dict[str, str]) -> dict[str, str]:
        return {**self.headers, **{key.replace("_", "-"): value for key, value in headers.items()}}


def callers(app: Application) -> Callable[[str | None], Caller]:
    """Return a function from a user's name (None: nobody) to a caller with its token."""
    server = create_app(app)
    server.testing = False

    def caller(name: str | None) -> Caller:
        token = None if name is None else identities.create_token(app, name, by="@test")
        return Caller(server, token)

    return caller


def problem_of(answer: TestResponse) -> tuple[int, str]:
    """Return (status, code) of a refusal, once it is known to be a whole problem."""
    assert answer.mimetype == "application/problem+json", answer.get_data(as_text=True)[:500]
    problem = json.loads(answer.get_data())
    assert {"type", "title", "status", "code", "detail"} <= set(problem)
    assert problem["status"] == answer.status_code
    return answer.status_code, problem["code"]
