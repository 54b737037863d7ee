"""A mail server and a web server of our own, on real sockets, that can be out of order."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Mailbox:
    """What a mail server has taken, and what it answers.

    Attributes:
        answers: status of ``RCPT``, by address; 250 for the others.
        connections: how many there were.
    """

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    connections: int = 0
    login: str = ""
    """What AUTH PLAIN must say, in base64; empty = nobody is asked."""

    def url(self, sender: str = "bihuan@example.org", user: str = "") -> str:
        """Return the SMTP_URL of the server; ``user`` is ``name:password@``."""
        return f"smtp://{user}127.0.0.1:{self.port}/?from={sender}"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Run a mail server (RFC 5321, as much of it as a sender needs)."""
    box = Mailbox()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            box.connections += 1
            self.say(220, "here")
            to = ""
            for raw in self.rfile:
                line = raw.decode().strip()
                word = line.partition(" ")[0].upper()
                if word == "EHLO" and box.login:
                    self.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
                elif word == "AUTH":
                    is_known = line.split()[-1] == box.login
                    self.say(235 if is_known else 535, "login")
                elif word == "RCPT":
                    to = line.partition("<")[2].partition(">")[0]
                    self.say(box.answers.get(to, 250), "recipient")
                elif word == "DATA":
                    self.say(354, "go on")
                    box.mails.append((to, self.read_mail()))
                    self.say(250, "taken")
                elif word == "QUIT":
                    self.say(221, "bye")
                    return
                else:
                    self.say(250, "fine")

        def read_mail(self) -> EmailMessage:
            lines = []
            for raw in self.rfile:
                if raw == b".\r\n":
                    break
                lines.append(raw.removeprefix(b".") if raw.startswith(b"..") else raw)
            return message_from_bytes(b"".join(lines), policy=policy.default)

        def say(self, code: int, text: str) -> None:
            self.wfile.write(f"{code} {text}\r\n".encode())

    with running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)) as server:
        box.port = server.server_address[1]
        yield box


@dataclass
class Hook:
    """What a web server was told, and what it answers."""

    port: int = 0
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """What it answers, in turn; 204 when they are used up."""
    answers: list[bytes] = field(default_factory=list)
    """What it says, in turn; nothing when they are used up."""

    def url(self, secret: str = "s3cret%2F") -> str:
        """Return the WEBHOOK_URL of the server."""
        return f"http://:{secret}@127.0.0.1:{self.port}/told?by=bihuan"


@contextmanager
def hook() -> Iterator[Hook]:
    """Run a web server that listens to POST."""
    told = Hook()

    class Talk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.calls.append((self.path, dict(self.headers), body))
            status = told.statuses.pop(0) if told.statuses else 204
            self.send_response(status)
            if status in {301, 302}:
                self.send_header("Location", f"http://127.0.0.1:{told.port}/elsewhere")
            self.end_headers()
            if told.answers:
                self.wfile.write(told.answers.pop(0))

        def log_message(self, *_: Any) -> None:
            pass

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Talk)) as server:
        told.port = server.server_address[1]
        yield told


@contextmanager
def running(server: Any) -> Iterator[Any]:
    """Serve in a thread until the end of the block."""
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
