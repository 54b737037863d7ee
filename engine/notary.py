"""Keys, and notes signed with them.

A *note* is a text of lines that ends with an empty line and one line per signature,
so that it is read by people, sent by mail and signed again by others. Its form is that
of C2SP "signed-note", its text here that of "tlog-checkpoint": what a log is called,
how many leaves it has, and its root. Keys are Ed25519 (RFC 8032), kept as PEM, so
that ``openssl pkeyutl`` checks a signature too.

A key is replaced by a *succession*: the old key signs the new one. Whoever trusts the
first then trusts the last.

Pure: seeds and texts come in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

WITNESS = "witness"
"""The name under which others sign beside us."""
_ED25519 = b"\x01"
_SUCCESSION = "bihuan key 1\n"
_NO_KEY = "it holds no Ed25519 key without a password"


@dataclass(frozen=True, slots=True)
class Public:
    """A key that checks signatures; ``raw`` is its 32 bytes."""

    raw: bytes

    @classmethod
    def read(cls, pem: bytes) -> Public:
        """Return the key of a PEM file, public or private.

        Raises:
            ValueError: it is none of the kind Ed25519.
        """
        if b"PRIVATE" in pem:
            return Private.read(pem).public
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as reason:
            raise ValueError(_NO_KEY) from reason
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(_NO_KEY)  # noqa: TRY004
        return cls(key.public_bytes_raw())

    @property
    def text(self) -> str:
        """The key as base64."""
        return base64.b64encode(self.raw).decode()

    @property
    def name(self) -> str:
        """A short name for people, the beginning of its SHA-256."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    def pem(self) -> bytes:
        """Return the key as a PEM file."""
        key = Ed25519PublicKey.from_public_bytes(self.raw)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return key.public_bytes(serialization.Encoding.PEM, form)

    def id_as(self, signer: str) -> bytes:
        """Return the four bytes that a signature of this key under a name begins with."""
        return hashlib.sha256(signer.encode() + b"\n" + _ED25519 + self.raw).digest()[:4]

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        """Tell whether a signature over these bytes is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class Private:
    """A key that signs; ``seed`` is its 32 bytes."""

    seed: bytes

    @classmethod
    def read(cls, pem: bytes) -> Private:
        """Return the key of a PEM file.

        Raises:
            ValueError: it is none of the kind Ed25519, or needs a password.
        """
        try:
            key = serialization.load_pem_private_key(pem, None)
        except (TypeError, ValueError, UnsupportedAlgorithm) as reason:
            raise ValueError(_NO_KEY) from reason
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(_NO_KEY)  # noqa: TRY004
        return cls(key.private_bytes_raw())

    @property
    def public(self) -> Public:
        """The key that checks what this one signs."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return Public(key.public_key().public_bytes_raw())

    def pem(self) -> bytes:
        """Return the key as a PEM file (PKCS #8, without a password)."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def sign(self, content: bytes) -> bytes:
        """Return this key's signature over bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(content)


@dataclass(frozen=True, slots=True)
class Head:
    """What a checkpoint says of a log.

    Attributes:
        origin: what the log is called.
        size: how many leaves it has.
        root: the hash over them.
        facts: further lines, such as ``at 2026-11-22T16:00:00Z``.
    """

    origin: str
    size: int
    root: bytes
    facts: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """Return the lines that are signed."""
        root = base64.b64encode(self.root).decode()
        lines = [self.origin, str(self.size), root, *(" ".join(one) for one in self.facts)]
        return "\n".join(lines) + "\n"

    def fact(self, name: str) -> str:
        """Return one of the further lines without its name; empty if there is none."""
        return dict(self.facts).get(name, "")


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, as (signer, key id and signature)."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def read(cls, note: str) -> Note:
        """Return the parts of a note.

        Raises:
            ValueError: it has no text, or a line that is no signature.
        """
        text, between, rest = note.rpartition("\n\n")
        if not between or not text:
            raise ValueError("it has no signatures")
        found = []
        for line in rest.splitlines():
            mark, _, named = line.partition(" ")
            signer, _, encoded = named.partition(" ")
            if mark != "—" or not signer:
                raise ValueError(f"{line[:40]!r} is no signature")
            try:
                signed = base64.b64decode(encoded, validate=True)
            except binascii.Error as reason:
                raise ValueError(f"{line[:40]!r} is no signature") from reason
            found.append((signer, signed))
        return cls(text + "\n", tuple(found))

    def write(self) -> str:
        """Return the note as it is kept."""
        lines = [
            f"— {signer} {base64.b64encode(signed).decode()}\n"
            for signer, signed in self.signatures
        ]
        return f"{self.text}\n{''.join(lines)}"

    def signed(self, by: Private, signer: str) -> Note:
        """Return the note with one more signature."""
        signature = by.public.id_as(signer) + by.sign(self.text.encode())
        return Note(self.text, (*self.signatures, (signer, signature)))

    def head(self) -> Head:
        """Return what the note says of a log.

        Raises:
            ValueError: it says nothing of the kind.
        """
        lines = self.text.splitlines()
        if len(lines) < 3 or not lines[0] or not lines[1].isdecimal():
            raise ValueError("it is no checkpoint of a log")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except binascii.Error as reason:
            raise ValueError("its root cannot be read") from reason
        facts = tuple((name, rest) for name, _, rest in (one.partition(" ") for one in lines[3:]))
        found = Head(lines[0], int(lines[1]), root, facts)
        if found.text() != self.text:
            raise ValueError("it is not written as checkpoints are")
        return found

    def signer(self, keys: Iterable[Public]) -> Public | None:
        """Return the first of the keys that has signed the text, or None."""
        content = self.text.encode()
        for key in keys:
            for signer, signed in self.signatures:
                if signed[:4] == key.id_as(signer) and key.has_signed(content, signed[4:]):
                    return key
        return None


def public_of(text: str) -> Public:
    """Return the key that is written in base64."""
    return Public(base64.b64decode(text))


def succeed(origin: str, old: Private, new: Public) -> dict[str, str]:
    """Return the succession of a key: the old one vouches for the new one."""
    signature = old.sign(_vouched(origin, new.text))
    return {
        "key": new.text,
        "by": old.public.text,
        "signature": base64.b64encode(signature).decode(),
    }


def trusted(
    origin: str, keys: Sequence[Public], successions: Iterable[Mapping[str, Any]]
) -> list[Public]:
    """Return these keys and those that they, one after the other, have vouched for."""
    found = list(keys)
    for one in successions:
        try:
            new, by = (Public(base64.b64decode(str(one[name]))) for name in ("key", "by"))
            signature = base64.b64decode(str(one["signature"]))
        except (KeyError, ValueError):
            continue
        if (
            by in found
            and new not in found
            and by.has_signed(_vouched(origin, new.text), signature)
        ):
            found.append(new)
    return found


def _vouched(origin: str, new: str) -> bytes:
    return f"{_SUCCESSION}{origin}\n{new}\n".encode()
