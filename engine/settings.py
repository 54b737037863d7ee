"""The settings of one process: read once from the environment, then passed in.

Each is described in ``docs/settings.md``; a test insists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation may choose; everything else is a constant or data.

    Attributes:
        database_url: SQLAlchemy URL; SQLite or ``postgresql+psycopg``.
        host: the address to listen on; demo logins are refused beyond loopback.
        port: the TCP port to listen on.
        clock: ``system`` or ``manual``.
        poll_seconds: how often the scheduler looks for due timers and deliveries.
        threads: request threads of ``bihuan serve``.
        time_zone: IANA name of the zone people see and working days are counted in.
        demo_logins: True = the demo users may sign in (loopback only).
    """

    database_url: str = "sqlite:///var/bihuan.db"
    host: str = "127.0.0.1"
    port: int = 8080
    clock: str = "system"
    poll_seconds: float = 2.0
    threads: int = 4
    time_zone: str = "Asia/Shanghai"
    demo_logins: bool = True


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Return the settings named in ``environment``; defaults for the rest.

    Raises:
        ValueError: a value cannot be read; the message names the variable.
    """
    default = Settings()
    return Settings(
        database_url=environment.get("DATABASE_URL") or default.database_url,
        host=environment.get("HOST") or default.host,
        port=int(_number(environment, "PORT", default.port)),
        clock=_choice(environment, "CLOCK", ("system", "manual")),
        poll_seconds=_number(environment, "POLL_SECONDS", default.poll_seconds),
        threads=int(_number(environment, "THREADS", default.threads)),
        time_zone=environment.get("TIME_ZONE") or default.time_zone,
        demo_logins=_choice(environment, "DEMO_LOGINS", ("on", "off")) == "on",
    )


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e6:
        raise ValueError(f"{name}={text!r} is not a positive number.")
    return value


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = environment.get(name) or choices[0]
    if text not in choices:
        raise ValueError(f"{name}={text!r}: choose one of {', '.join(choices)}.")
    return text
