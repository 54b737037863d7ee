"""Send an e-mail or call a webhook: the only place that opens connections to the outside.

Neither may keep anybody waiting: every step has a time limit, and what fails is
said by its kind, because an answer of a server may quote what was sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from types import MappingProxyType
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from engine import robots
from engine.settings import is_loopback

TIMEOUT_SECONDS = 10.0
LONGEST_SECONDS = 30.0
"""How long a web server may take for all of its answer."""
MOST_ANSWER = 10_000
"""Bytes of an answer that are read."""
MOST_STAMP = 65_536
"""Bytes of a time-stamp with its certificates; no authority sends more."""
PORTS = MappingProxyType({"smtp": 25, "smtps": 465, "http": 80, "https": 443})


class NotSentError(Exception):
    """It did not arrive.

    Attributes:
        kind: in a few words and without what was sent.
        for_good: trying again would not help.
    """

    def __init__(self, kind: str, *, for_good: bool = False) -> None:
        super().__init__(kind)
        self.kind, self.for_good = kind, for_good


class MailServer:
    """The mail server of ``SMTP_URL``, while its connection is open."""

    def __init__(self, connection: smtplib.SMTP, sender: str) -> None:
        self._connection, self._sender = connection, sender

    def send(self, message: EmailMessage, *, to: str) -> None:
        """Hand a message over.

        Raises:
            NotSentError: the server did not take it.
        """
        message["From"], message["To"] = self._sender, to
        try:
            self._connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code = next(iter(refused.recipients.values()))[0]
            raise NotSentError(f"smtp {code}", for_good=code >= 500) from None
        except smtplib.SMTPResponseException as refused:
            raise NotSentError(f"smtp {refused.smtp_code}") from None
        except (OSError, smtplib.SMTPException) as reason:
            raise NotSentError(_kind(reason)) from None


@contextmanager
def mail_server(url: str) -> Iterator[MailServer]:
    """Open the mail server of a URL, ``smtp://USER:PASSWORD@HOST:PORT/?from=SENDER``.

    ``smtps`` is TLS from the start; ``smtp`` goes over to TLS where the server offers
    it. A password goes over TLS, or to this machine, and nowhere else.

    Raises:
        NotSentError: it cannot be reached, or does not let us in.
    """
    parts = urlsplit(url)
    sender = parse_qs(parts.query)["from"][0]
    try:
        connection = _connect(parts)
    except (OSError, smtplib.SMTPException) as reason:
        raise NotSentError(_kind(reason)) from None
    try:
        yield MailServer(connection, sender)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()


def _connect(parts: SplitResult) -> smtplib.SMTP:
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    safe = ssl.create_default_context()
    connection: smtplib.SMTP
    if parts.scheme == "smtps":
        connection = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=safe)
    else:
        connection = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    try:
        _enter(connection, parts, safe)
    except BaseException:
        connection.close()
        raise
    return connection


def _enter(connection: smtplib.SMTP, parts: SplitResult, safe: ssl.SSLContext) -> None:
    is_safe = parts.scheme == "smtps"
    if not is_safe:
        connection.ehlo()
        is_safe = connection.has_extn("starttls")
        if is_safe:
            connection.starttls(context=safe)
    if parts.username:
        if not is_safe and not is_loopback(parts.hostname or ""):
            raise NotSentError("the mail server offers no TLS for the password")
        connection.login(unquote(parts.username), unquote(parts.password or ""))


def call_webhook(url: str, body: bytes, *, key: str, at: datetime) -> None:
    """POST a JSON body to a webhook, signed with the secret in its URL.

    The header ``Bihuan-Signature: t=SECONDS,v1=HEX`` is HMAC-SHA-256 over the seconds
    since 1970, a dot and the body; who checks it refuses one that is minutes old.
    ``Idempotency-Key`` is the same at every attempt. Redirects are not followed.

    Raises:
        NotSentError: there was no answer of the kind 2xx.
    """
    parts = urlsplit(url)
    seconds = int(at.timestamp())
    proof = signature(unquote(parts.password or ""), seconds, body)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "bihuan",
        "Idempotency-Key": key,
        "Bihuan-Signature": f"t={seconds},v1={proof}",
    }
    _posted(parts, body, headers)


def call_robot(url: str, body: bytes, *, at: datetime) -> None:
    """POST a message to a group robot (``robots``).

    Raises:
        NotSentError: it did not take it; for good where there is no such robot.
    """
    address = urlsplit(robots.address_of(url, at))
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "bihuan"}
    said = _posted(address, body, headers, MOST_ANSWER)
    try:
        code = robots.refusal_of(said)
    except ValueError:
        raise NotSentError("no answer of a robot") from None
    if code is not None:
        kind = f"{robots.kind_of(url)} {code}"
        raise NotSentError(kind, for_good=code in robots.NO_SUCH_ROBOT)


def call_authority(url: str, query: bytes) -> bytes:
    """POST a request to a time-stamping authority (RFC 3161, section 3.4); return its answer.

    Name and password of the URL, where it has them, go as HTTP Basic.

    Raises:
        NotSentError: there was no answer of the kind 2xx, or a longer one than stamps are.
    """
    parts = urlsplit(url)
    headers = {"Content-Type": "application/timestamp-query", "User-Agent": "bihuan"}
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    said = _posted(parts, query, headers, MOST_STAMP + 1)
    if len(said) > MOST_STAMP:
        raise NotSentError("an answer longer than stamps are")
    return said


def _posted(parts: SplitResult, body: bytes, headers: dict[str, str], most: int = 0) -> bytes:
    """POST to an address; return the first ``most`` bytes of the answer, and wait for no more.

    Raises:
        NotSentError: there was no answer of the kind 2xx.
    """
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection, over = _web(parts), threading.Event()
    try:
        connection.connect()
        with _cut_off(connection.sock, over):
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            status, said = answer.status, answer.read(most)
    except (OSError, http.client.HTTPException) as reason:
        raise NotSentError("no answer in time" if over.is_set() else _kind(reason)) from None
    finally:
        connection.close()
    if over.is_set():
        raise NotSentError("no answer in time")
    if not 200 <= status < 300:
        raise NotSentError(f"http {status}")
    return said


@contextmanager
def _cut_off(connected: socket.socket, over: threading.Event) -> Iterator[None]:
    """Hang up when the time is over: who sends a byte now and then never runs out of it."""

    def hang_up() -> None:
        over.set()
        with suppress(OSError):
            # Past TLS, whose own way would pull the connection from under its reader.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)

    timer = threading.Timer(LONGEST_SECONDS, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def signature(secret: str, seconds: int, body: bytes) -> str:
    """Return what proves that a body comes from us, in hex."""
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()


def _web(parts: SplitResult) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    safe = ssl.create_default_context()
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=safe)


def domain_of(smtp_url: str) -> str:
    """Return the domain of the sender that a mail server's URL names."""
    return parse_qs(urlsplit(smtp_url).query)["from"][0].rpartition("@")[2]


def _kind(reason: Exception) -> str:
    # smtplib says of a time that is over that the server has hung up.
    if isinstance(reason, TimeoutError) or isinstance(reason.__context__, TimeoutError):
        return "no answer in time"
    if isinstance(reason, ConnectionRefusedError | socket.gaierror):
        return "not reachable"
    return type(reason).__name__
