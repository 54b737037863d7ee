"""Requests that mean no good, sent to a real server and to the forms of real processes.

What JSON bodies, queries, ids and headers are refused is in ``test_api_requests``.
"""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine import deployments, forms, identities
from engine.application import open_application
from engine.clock import ManualClock
from engine.settings import Settings
from tests.callers import callers, problem_of
from tests.conftest import MONDAY
from tests.kills.server import Killable

PROCESSES = Path(__file__).parent.parent / "processes"
SECONDS = 60


# -- over the wire -------------------------------------------------------------------------


@dataclass(frozen=True)
class Wire:
    """The bytes that go to a running server."""

    port: int
    token: str

    def send(self, content: bytes) -> bytes:
        """Send these bytes as they are; return what came back until the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as connection:
            try:
                connection.sendall(content.replace(b"TOKEN", self.token.encode()))
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # It has heard enough and hung up; what it said is still to be read.
            return _read(connection)

    def status(self, content: bytes) -> int | None:
        """Return the status of the answer, None when there was none."""
        answer = self.send(content)
        return int(answer.split(b" ", 2)[1]) if answer else None


def _read(connection: socket.socket) -> bytes:
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.fixture(scope="module")
def wire(tmp_path_factory, city, sandbox) -> Iterator[Wire]:
    path = tmp_path_factory.mktemp("wire") / "wire.db"
    shutil.copy(city, path)
    url = f"sqlite:///{path}"
    app = open_application(Settings(database_url=url), clock=ManualClock(MONDAY), sandbox=sandbox)
    token = identities.create_token(app, "admin", by="@test")
    app.database.close()
    server = Killable(url)
    yield Wire(server.port, token)
    # This also says whether anything unexpected stands in the server's log.
    assert server.stop() == 0


HEAD = b"Host: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer TOKEN\r\n"
JSON = b"Content-Type: application/json\r\n"
CASES = b"POST /api/v1/cases HTTP/1.1\r\n" + HEAD + JSON


def sized(body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"Content-Length: %d\r\n\r\n" % size + body


RAW = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200 + b"\r\n\r\n",
    "an unknown version": b"GET / HTTP/9.9\r\n\r\n",
    "an unknown method": b"PROPFIND /api/v1/cases HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a line without an end": b"GET /" + b"a" * 300_000,
    "a header of a megabyte": b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "ten thousand headers": (
        b"GET /api/v1/cases HTTP/1.1\r\n" + HEAD
        + b"".join(b"X-%d: 1\r\n" % number for number in range(10_000)) + b"\r\n"
    ),
    "a header without a name": b"GET / HTTP/1.1\r\n" + HEAD + b": x\r\n\r\n",
    "a header over two lines": b"GET / HTTP/1.1\r\n" + HEAD + b"X: a\r\n b\r\n\r\n",
    "a null byte in a header": b"GET /api/v1/me HTTP/1.1\r\n" + HEAD + b"X: \0\r\n\r\n",
    "a null byte in the path": b"GET /api/v1/cases/\0 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a path that climbs": b"GET /../../etc/passwd HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a path that climbs in code": (
        b"GET /static/%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + HEAD + b"\r\n"
    ),
    "a path of other bytes": b"GET /api/v1/cases/\xff\xfe HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a length that is no number": CASES + b"Content-Length: many\r\n\r\n{}",
    "a length below 0": CASES + b"Content-Length: -1\r\n\r\n{}",
    "two lengths": CASES + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length beyond all": CASES + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "a length and chunks": (
        CASES + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ),
    "chunks without a size": CASES + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
    "an unknown encoding": CASES + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "a body that is packed": CASES + b"Content-Encoding: gzip\r\n" + sized(b"\x1f\x8b\x08\0"),
    "10 MB": CASES + sized(b'{"process": "' + b"x" * 10_000_000 + b'"}'),
    "10 MB of brackets": CASES + sized(b"[" * 10_000_000),
    "1 MB of brackets": CASES + sized(b"[" * 1_000_000),
    "a token of a megabyte": (
        b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "
        + b"a" * 200_000 + b"\r\n\r\n"
    ),
    "a token of other bytes": (
        b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \xff\r\n\r\n"
    ),
    "a cookie that is none": (
        b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: \xff=;;;==\xfe\r\n\r\n"
    ),
    "a key of other bytes": CASES + b"Idempotency-Key: \xff\r\n" + sized(b'{"process": "five_steps"}'),
    "parts without a boundary": (
        b"POST /api/v1/definitions HTTP/1.1\r\n" + HEAD + b"Content-Type: multipart/form-data\r\n"
        + sized(b"--x\r\n\r\n--x--")
    ),
    "ten thousand parts": (
        b"POST /api/v1/definitions HTTP/1.1\r\n" + HEAD
        + b"Content-Type: multipart/form-data; boundary=x\r\n"
        + sized(
            b"".join(
                b'--x\r\nContent-Disposition: form-data; name="f"; filename="%d.bpmn"\r\n\r\na\r\n'
                % number
                for number in range(10_000)
            )
            + b"--x--\r\n"
        )
    ),
    "a form of 100,000 fields": (
        b"POST /login HTTP/1.1\r\n" + HEAD + b"Content-Type: application/x-www-form-urlencoded\r\n"
        + sized(b"&".join(b"a%d=1" % number for number in range(100_000)))
    ),
    "a page for another house": (
        b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nX-Forwarded-Host: x\r\n\r\n"
    ),
}  # fmt: skip

FINE = {
    "an unknown version", "ten thousand headers", "a header over two lines",
    "a page for another house", "a null byte in a header",
}  # fmt: skip
"""These may be answered; nothing is wrong with what they ask for."""


@pytest.mark.parametrize("name", RAW)
def test_bytes_that_nobody_should_send_never_break_the_server(wire, name):
    status = wire.status(RAW[name])

    if name in FINE:
        assert status is None or status < 500
    else:
        # 501: waitress does not know the encoding; the request was at fault all the same.
        assert status is None or 400 <= status < 500 or status == 501
    assert wire.status(b"GET /healthz HTTP/1.1\r\n" + HEAD + b"\r\n") == 200


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET",
        b"GET / HTTP/1.1\r\nHost:",
        CASES + b"Content-Length: 1000\r\n\r\n{",
        CASES + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{",
    ],
    ids=["nothing", "a word", "a header", "a body", "a chunk"],
)
def test_a_request_that_never_ends_holds_nobody_else(wire, begun):
    # More of them than the server has threads.
    slow = [socket.create_connection(("127.0.0.1", wire.port), timeout=SECONDS) for _ in range(20)]
    try:
        for one in slow:
            one.sendall(begun.replace(b"TOKEN", wire.token.encode()))

        assert wire.status(b"GET /api/v1/me HTTP/1.1\r\n" + HEAD + b"\r\n") == 200
    finally:
        for one in slow:
            one.close()


def test_a_client_that_hangs_up_has_done_no_harm(wire):
    body = b'{"process": "five_steps"}'
    for cut in range(0, len(body), 5):
        with socket.create_connection(("127.0.0.1", wire.port), timeout=SECONDS) as connection:
            request = CASES + sized(body[:cut], len(body))
            connection.sendall(request.replace(b"TOKEN", wire.token.encode()))

    answer = wire.send(b"GET /api/v1/cases HTTP/1.1\r\n" + HEAD + b"\r\n")

    assert json.loads(answer.partition(b"\r\n\r\n")[2])["items"] == []


# -- forms of real processes ------------------------------------------------------------------


@pytest.fixture
def call(app):
    files = {
        path.name: path.read_bytes()
        for folder in ("", "forms", "decisions")
        for path in (PROCESSES / folder).iterdir()
        if path.suffix in {".bpmn", ".json", ".dmn"}
    }
    deployments.deploy(app, identities.operator(), files)
    return callers(app)


VALUES = [
    None, True, False, 0, -1, 2**62, 1e308, -0.0, "", " ", "x" * 100_000, "<script>", "' OR 1=1 --",
    "${7*7}", "{{7*7}}", "../../etc/passwd", "\u202e", "\x1b[2J", "=cmd|' /C calc'!A0", [], [[]],
    [None], ["x"] * 10_000, {}, {"x": {}}, {"$sealed": "1"}, "9" * 400, "2026-02-30", "٣", "null",
]  # fmt: skip


def fields(name: str) -> list[str]:
    form = forms.load(json.loads((PROCESSES / "forms" / f"{name}.json").read_bytes()))
    return sorted(form.editable)


def test_every_field_of_a_real_form_takes_or_refuses_every_value(call):
    caller = call("grid_worker")
    good = {"title": "t", "description": "d", "location": "99010100100101001"}
    good["item_code"] = "ZL-02-001"
    assert caller.post("/cases", {"process": "whistle_report", "data": good}).status_code == 201

    statuses = {}
    for field in fields("whistle_start"):
        for value in VALUES:
            body = {"process": "whistle_report", "data": {**good, field: value}}
            answer = caller.post("/cases", body)
            statuses[field, repr(value)[:40]] = answer.status_code
            if answer.status_code != 201:
                assert problem_of(answer)[0] == 422
            else:
                case = answer.get_json()["id"]
                assert caller.get(f"/cases/{case}").status_code == 200

    assert set(statuses.values()) == {201, 422}


def test_more_data_than_a_case_may_get_at_once_are_refused(call):
    caller = call("street_dispatcher")
    data = {f"name{number}": number for number in range(20_000)}

    answer = caller.post("/cases", {"process": "five_steps", "data": data})

    assert problem_of(answer)[0] == 422


def test_a_body_just_below_the_limit_goes_through_every_view(call):
    caller = call("street_dispatcher")
    body = {"process": "five_steps", "data": {"x": "好" * 340_000}}

    begun = caller.post("/cases", json.dumps(body, ensure_ascii=False).encode())

    assert begun.status_code == 201
    case = begun.get_json()["id"]
    for path in ("", "/history", "/state?position=1"):
        assert caller.get(f"/cases/{case}{path}").status_code == 200
