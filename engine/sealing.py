"""Personal values never enter a history: here they become sealed ones.

In the history stands ``{"$sealed": id, "commitment": sha256(salt || value)}``;
value and salt lie apart and are erased together. Without the salt the
commitment says nothing about the value, however short it is; with both it
proves what had been entered. The chain stays sound after an erasure.

A **ballot** is sealed the same way and kept apart from the other values: what
opens personal values never finds it, whoever asks and under whatever name a
diagram carries it along. Only ``ballots.count`` gets to it, and gives totals.

Pure: ids and salts come in.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from engine.history import canonical

SALT_SIZE = 16
_PHONE = re.compile(r"[+(]?[0-9][0-9 ().-]{5,24}")
_COUNTRY = re.compile(r"^(00)?86(?=1[0-9]{10}$)")

Kept = tuple[str, bytes, bytes]
"""(id, salt, canonical JSON) of one sealed value."""


@dataclass(frozen=True, slots=True)
class Personal:
    """A personal value in plain, on its way from where it was sealed to where it will be."""

    value: Any


class Sealer:
    """Seals values and collects what must be stored beside the history.

    Attributes:
        kept: what was sealed, in order.
        ballots: the ids of those that are ballots.
        phones: (id, number) of those that are telephone numbers.
    """

    def __init__(self, new_id: Callable[[], str], secret: Callable[[int], bytes]) -> None:
        self.kept: list[Kept] = []
        self.ballots: set[str] = set()
        self.phones: list[tuple[str, str]] = []
        self._new_id = new_id
        self._secret = secret

    def value(self, value: Any, *, ballot: bool = False) -> Any:
        """Return the sealed form of ``value``; None and sealed values stay as they are."""
        if value is None or is_sealed(value):
            return value
        salt, text = self._secret(SALT_SIZE), canonical(_plain(value))
        one = self._new_id()
        self.kept.append((one, salt, text))
        number = None if ballot else phone_of(value)
        if number is not None:
            self.phones.append((one, number))
        if ballot:
            self.ballots.add(one)
        return {"$sealed": one, "commitment": commitment(salt, text)}

    def fields(
        self, data: Mapping[str, Any], personal: Collection[str], ballots: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return ``data`` with the values of the personal keys sealed, and what is marked.

        Args:
            data: a form's values.
            personal: keys whose values are sealed.
            ballots: those of them that are ballots.
        """
        return {
            key: self.value(value, ballot=key in ballots) if key in personal else self.marked(value)
            for key, value in data.items()
        }

    def marked(self, value: Any) -> Any:
        """Return ``value`` with each ``Personal`` inside it sealed, at its place."""
        if isinstance(value, Personal):
            return self.value(value.value)
        if isinstance(value, dict):
            return {key: self.marked(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.marked(one) for one in value]
        return value


def _plain(value: Any) -> Any:
    if isinstance(value, Personal):
        return _plain(value.value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def holds_personal(value: Any) -> bool:
    """Tell whether a ``Personal`` lies anywhere inside ``value``."""
    if isinstance(value, dict):
        return any(holds_personal(one) for one in value.values())
    if isinstance(value, list):
        return any(holds_personal(one) for one in value)
    return isinstance(value, Personal)


def is_sealed(value: Any) -> bool:
    """Tell whether a JSON value stands for a sealed one."""
    return isinstance(value, dict) and "$sealed" in value


def commitment(salt: bytes, text: bytes) -> str:
    """Return what stands in the history for ``text`` (canonical JSON), in hex."""
    return hashlib.sha256(salt + text).hexdigest()


def phone_of(value: Any) -> str | None:
    """Return the digits of a text that is a telephone number, without China's country code."""
    if not isinstance(value, str) or not _PHONE.fullmatch(value.strip()):
        return None
    digits = _COUNTRY.sub("", re.sub(r"[^0-9]", "", value))
    return digits if 7 <= len(digits) <= 15 else None


def index_of(key: str, number: str) -> str:
    """Return by what a sealed telephone number is found; without the key it says nothing."""
    return hmac.new(key.encode(), f"phone:{number}".encode(), hashlib.sha256).hexdigest()


def unseal(
    value: Any, values: Mapping[str, bytes], mark: Callable[[Any], Any] | None = None
) -> Any:
    """Return ``value`` with every sealed value that ``values`` holds put back.

    Args:
        value: any JSON value; sealed ones may lie at any depth.
        values: canonical JSON by id, of what is not erased.
        mark: applied to each value put back: ``Personal``, where it will be sealed again.
    """
    if isinstance(value, dict):
        if "$sealed" in value:
            text = values.get(value["$sealed"])
            if text is None:
                return value
            return orjson.loads(text) if mark is None else mark(orjson.loads(text))
        return {key: unseal(one, values, mark) for key, one in value.items()}
    if isinstance(value, list):
        return [unseal(one, values, mark) for one in value]
    return value


def find_sealed(value: Any) -> list[tuple[str, str]]:
    """Return (id, commitment) of all sealed values inside ``value``, in order."""
    if isinstance(value, dict):
        if "$sealed" in value:
            return [(value["$sealed"], value["commitment"])]
        return [found for one in value.values() for found in find_sealed(one)]
    if isinstance(value, list):
        return [found for one in value for found in find_sealed(one)]
    return []
