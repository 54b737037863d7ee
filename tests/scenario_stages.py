"""Where a scenario is played: in memory, or on a database through ``engine.cases``.

Both answer with the same entries. A scenario that passes in memory is a statement
about the diagrams and the kernel; one that passes on a database as well is a
statement about the house.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import orjson

from engine.access import Actor
from engine.commands import Command


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted command and what it did."""

    case: str
    at: datetime
    actor: str
    command: dict[str, Any]
    events: list[dict[str, Any]]


class Stage(Protocol):
    """Where a scenario is played."""

    def now(self) -> datetime: ...
    def actor(self, person: str) -> Actor: ...
    def holders(self, role: str, unit: str) -> list[str]: ...
    def cases(self) -> list[str]: ...
    def entries(self, case: str) -> list[Entry]: ...
    def state(self, case: str) -> tuple[str, dict[str, Any]]: ...
    def start(self, actor: Actor, process: str, data: dict[str, Any], **more: Any) -> str: ...
    def send(self, actor: Actor, case: str, command: Command) -> None: ...
    def message(
        self, actor: Actor, name: str, keys: dict[str, Any], data: dict[str, Any]
    ) -> None: ...
    def advance(self, to: datetime) -> None: ...
    def stop_until(self, to: datetime) -> None: ...
    def deploy(self, changed: dict[str, bytes]) -> None: ...
    def import_rows(self, actor: Actor, name: str, rows: list[dict[str, Any]]) -> None: ...
    def figure(
        self, code: str, unit: str, since: date, until: date | None = None
    ) -> tuple[str, str] | None: ...
    def board(self, language: str) -> list[str] | None: ...


def order(data: Mapping[str, Any]) -> str:
    """Cases that start at one moment are told apart by what they were started with."""
    plain = {name: value for name, value in data.items() if not isinstance(value, dict | list)}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()
