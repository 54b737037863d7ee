"""A time-stamping authority of our own: ``openssl ts`` behind a web server, out of order at will."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.mailbox import running

_CONFIG = """\
[tsa]
default_tsa = it
[it]
dir = .
serial = serial
crypto_device = builtin
signer_cert = signer.pem
signer_key = signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certificate(
    subject: tuple[str, Any],
    issuer: tuple[str, Any],
    *extensions: tuple[x509.ExtensionType, bool],
    days: tuple[float, float] = (-1, 3650),
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject[0]))
        .issuer_name(named(issuer[0]))
        .public_key(subject[1].public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer[1], SHA256())


STAMPING = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)


def established(
    folder: Path,
    *,
    usage: tuple[x509.ExtensionType, bool] | None = STAMPING,
    days: tuple[float, float] = (-1, 3650),
    digests: str = "sha256",
) -> Path:
    """Make an authority in ``folder``; return the file of the certificate that it is trusted by."""
    folder.mkdir(parents=True, exist_ok=True)
    root, own = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    top = certificate(
        ("Root", root), ("Root", root), (x509.BasicConstraints(ca=True, path_length=None), True)
    )
    rights = [(x509.BasicConstraints(ca=False, path_length=None), True)]
    signer = certificate(
        ("Stamps", own), ("Root", root), *rights, *([usage] if usage else []), days=days
    )
    (folder / "root.pem").write_bytes(top.public_bytes(Encoding.PEM))
    (folder / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
    (folder / "signer.key").write_bytes(
        own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "serial").write_text("01\n")
    (folder / "ts.conf").write_text(_CONFIG.format(digests=digests))
    return folder / "root.pem"


def replied(folder: Path, query: bytes) -> bytes:
    """Answer a request as the authority in ``folder`` does."""
    (folder / "query").write_bytes(query)
    ran(folder, "ts", "-reply", "-config", "ts.conf", "-queryfile", "query", "-out", "reply")
    return (folder / "reply").read_bytes()


def token_of(folder: Path, reply: bytes) -> bytes:
    """Return what a reply says was stamped: the TSTInfo of RFC 3161."""
    (folder / "reply").write_bytes(reply)
    ran(folder, "ts", "-reply", "-in", "reply", "-token_out", "-out", "token")
    ran(folder, "cms", "-verify", "-noverify", "-inform", "DER", "-in", "token", "-out", "info")
    return (folder / "info").read_bytes()


def forged(folder: Path, info: bytes) -> bytes:
    """Return a reply that the key in ``folder`` signs, whatever its certificate allows."""
    (folder / "info").write_bytes(info)
    ran(
        folder, "cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-in", "info",
        "-econtent_type", "1.2.840.113549.1.9.16.1.4", "-signer", "signer.pem",
        "-inkey", "signer.key", "-md", "sha256", "-nosmimecap", "-out", "token",
    )  # fmt: skip
    status = b"\x30\x03\x02\x01\x00"
    token = (folder / "token").read_bytes()
    return b"\x30\x82" + (len(status) + len(token)).to_bytes(2, "big") + status + token


def ran(folder: Path, *words: str) -> str:
    """Run OpenSSL in ``folder``; return what it says."""
    done = subprocess.run(
        ["openssl", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class Authority:
    """An authority that answers by HTTP.

    Attributes:
        calls: what it was asked: headers and body.
        answers: what it answers with in turn, made from the request; bytes, or the status of
            an answer without any. When they are used up it stamps.
    """

    folder: Path
    port: int = 0
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[Callable[[bytes], Iterable[bytes] | int]] = field(default_factory=list)

    def setting(self, user: str = "") -> str:
        """Return the CHECKPOINT_TSA of it; ``user`` is ``name:password@``."""
        return f"http://{user}127.0.0.1:{self.port}/tsr?x=1 {self.folder / 'root.pem'}"

    def stamped(self, query: bytes) -> Iterable[bytes]:
        """Answer as it should."""
        return [replied(self.folder, query)]


@contextmanager
def authority(folder: Path) -> Iterator[Authority]:
    """Run the authority in ``folder``."""
    here = Authority(folder)

    class Talk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.calls.append((dict(self.headers), body))
            answer = (here.answers.pop(0) if here.answers else here.stamped)(body)
            self.send_response(answer if isinstance(answer, int) else 200)
            if answer == 302:
                self.send_header("Location", f"http://127.0.0.1:{here.port}/tsr")
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            # Who has hung up hears no more.
            with suppress(OSError):
                for part in [] if isinstance(answer, int) else answer:
                    self.wfile.write(part)
                    self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            pass

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Talk)) as server:
        here.port = server.server_address[1]
        yield here
