"""Time-stamps of checkpoints: when a note existed, by the word of an authority.

What is stamped is the SHA-256 of the signed note as it was made, so that the moment is
that of the signature too. Who signs beside us later adds a line to the note; the stamp
stays that of the lines before it.

A stamp is trusted by certificates that the reader brings, at the moment that it names:
a certificate that has expired since makes no stamp worse. Whether one was revoked is
not asked. Source: RFC 3161.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from engine.errors import WrongState
from engine.notary import Note

_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_WHY = re.compile(r"Verify error: ([^\"]+)")

_UNREADABLE = (
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the libraries raise at bytes that are no stamp."""

Certificates = Sequence[x509.Certificate]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an authority says of a note.

    Attributes:
        at: when it existed, UTC.
        by: the name of who has signed that.
        proven: whether a trusted certificate vouches for it; else anybody may have made it.
    """

    at: datetime
    by: str
    proven: bool


def certificates(path: Path) -> list[x509.Certificate]:
    """Return the certificates in a PEM file.

    Raises:
        WrongState: it cannot be read, or has none.
    """
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as reason:
        raise WrongState(
            f"The certificates in {path} cannot be read: {reason}.",
            hint="It is a PEM file that the time-stamping authority publishes, such as that of "
            "its root.",
        ) from reason


def request(note: str) -> TimeStampRequest:
    """Return the request to stamp a note, with a new nonce, for an answer with certificate."""
    builder = TimestampRequestBuilder().data(note.encode())
    builder = builder.hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True)
    return builder.cert_request(cert_request=True).build()


def check(response: bytes, note: str, trusted: Certificates, *, nonce: int | None = None) -> Stamp:
    """Return what a response says of a note.

    Args:
        response: DER, as the authority sent it.
        trusted: whom the reader believes: roots, or the authority's own certificate where
            it has signed that itself; empty = nobody, and the signature is not looked at.
        nonce: what the request held; None = not asked.

    Raises:
        ValueError: it is no stamp, or one of something else, or of somebody else.
    """
    found = _read(response)
    if found.status is not PKIStatus.GRANTED:
        raise ValueError(f"the authority refused: {found.status.name.lower().replace('_', ' ')}")
    said = found.said
    if said is None:
        raise ValueError("it is no time-stamp")
    if nonce is not None and said.nonce != nonce:
        raise ValueError("it answers another request")
    if said.algorithm != _SHA256 or said.imprint not in _hashes(note):
        raise ValueError("it is the time-stamp of something else")
    # Of two certificates of one name, which has signed, and which may stamp?
    if len(said.signers) != 1:
        raise ValueError("it does not hold the one certificate of who has signed it")
    if not said.signers[0].may_stamp:
        raise ValueError("who has signed it may not make time-stamps")
    if trusted:
        _demand(found.response, said.imprint, trusted)
    return Stamp(said.at, said.signers[0].name, bool(trusted))


@dataclass(frozen=True, slots=True)
class _Signer:
    """A certificate of who has signed; its key may stamp and do nothing else, or not."""

    name: str
    may_stamp: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """What stands in a stamp."""

    algorithm: x509.ObjectIdentifier
    imprint: bytes
    nonce: int | None
    at: datetime
    signers: list[_Signer]


@dataclass(frozen=True, slots=True)
class _Read:
    """A response, taken apart; one that was refused says nothing else."""

    response: TimeStampResponse
    status: PKIStatus
    said: _Said | None


def _read(response: bytes) -> _Read:
    try:
        found = decode_timestamp_response(response)
        status = PKIStatus(found.status)
        said = _said(found) if status is PKIStatus.GRANTED else None
    except _UNREADABLE as reason:
        raise ValueError("it is no time-stamp") from reason
    return _Read(found, status, said)


def _said(found: TimeStampResponse) -> _Said:
    info = found.tst_info
    by = [(one.issuer, one.serial_number) for one in found.signed_data.signer_infos]
    signers = [
        _Signer(one.subject.rfc4514_string(), _may_stamp(one))
        for one in map(x509.load_der_x509_certificate, found.signed_data.certificates)
        if (one.issuer, one.serial_number) in by
    ]
    imprint, at = info.message_imprint, info.gen_time.astimezone(UTC)
    return _Said(
        imprint.hash_algorithm, imprint.message, info.nonce, at, signers if len(by) == 1 else []
    )


def _may_stamp(one: x509.Certificate) -> bool:
    try:
        usage = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _hashes(note: str) -> set[bytes]:
    """Return the SHA-256 of the note with all its signatures, and with fewer of them."""
    whole = Note.read(note)
    counts = range(1, len(whole.signatures) + 1)
    parts = (Note(whole.text, whole.signatures[:count]) for count in counts)
    return {hashlib.sha256(one.write().encode()).digest() for one in parts}


def _demand(found: TimeStampResponse, imprint: bytes, trusted: Certificates) -> None:
    try:
        VerifierBuilder(roots=list(trusted)).build().verify(found, imprint)
    except VerificationError as reason:
        why = _WHY.search(str(reason))
        said = "its signature is not over it" if why is None else f"its signer: {why.group(1)}"
        raise ValueError(f"nobody who is trusted has made it ({said})") from reason
