"""The key that signs checkpoints: a file outside the database that nobody else reads."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import WrongState
from engine.notary import Private, Public
from engine.settings import Settings

_HOW = "Name a file in CHECKPOINT_KEY, then make the key: bihuan checkpoint --new-key."
COMING = ".new"
PUBLIC = ".pub"


def path_of(settings: Settings) -> Path:
    """Return where the key lies.

    Raises:
        WrongState: no setting says where.
    """
    if not settings.checkpoint_key:
        raise WrongState("No key for checkpoints is configured.", hint=_HOW)
    return Path(settings.checkpoint_key)


def is_there(settings: Settings) -> bool:
    """Tell whether a key is configured and made."""
    return bool(settings.checkpoint_key) and Path(settings.checkpoint_key).is_file()


def own(settings: Settings) -> Private:
    """Return the key of this installation.

    Raises:
        WrongState: there is none, or it cannot be read, or others may read it.
    """
    path = path_of(settings)
    if not path.is_file():
        raise WrongState(f"There is no key in {path}.", hint=_HOW)
    return read(path)


def read(path: Path) -> Private:
    """Return the private key in a file.

    Raises:
        WrongState: it cannot be read, or others than its owner may read it.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise WrongState(
                f"Others than its owner may read the key in {path}.", hint=f"chmod 600 {path}"
            )
        return Private.read(path.read_bytes())
    except (OSError, ValueError) as reason:
        raise WrongState(
            f"The key in {path} cannot be read: {reason}.",
            hint="It is a PEM file that `bihuan checkpoint --new-key` writes.",
        ) from reason


def read_public(path: Path) -> Public:
    """Return the public key in a file; of a private one, its public half.

    Raises:
        WrongState: it cannot be read.
    """
    try:
        return Public.read(path.read_bytes())
    except (OSError, ValueError) as reason:
        raise WrongState(
            f"The key in {path} cannot be read: {reason}.",
            hint="It is a PEM file with an Ed25519 key, such as `bihuan checkpoint --new-key` "
            "writes beside the private one.",
        ) from reason


def coming(path: Path, seed: bytes) -> Private:
    """Write a key beside ``path`` that will take its place; one that is there already is it."""
    new = path.with_name(path.name + COMING)
    if new.is_file():
        return read(new)
    made = Private(seed)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(made.pem())
        file.flush()
        os.fsync(file.fileno())
    return made


def settle(path: Path, new: Private) -> None:
    """Put the coming key in its place; the one before it stays beside it under its name.

    So does its public half: whoever checks what it signed needs that one.
    """
    if path.is_file():
        before = read(path).public
        old = path.with_name(f"{path.name}.{before.name}")
        path.rename(old)
        old.with_name(old.name + PUBLIC).write_bytes(before.pem())
    path.with_name(path.name + COMING).rename(path)
    path.with_name(path.name + PUBLIC).write_bytes(new.public.pem())
