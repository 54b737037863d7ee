"""The settings of one process: read once from the environment, then passed in.

Each is described in ``docs/settings.md``; a test insists.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

SHORTEST_KEY = 32
"""Telephone numbers are few: a short key would let them be found by trying."""


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
        sign_in_limit: failed sign-ins of one user within 15 minutes; from one
            address five times as many.
        public_url: where people reach the pages, for links in messages.
        smtp_url: the mail server and the sender's address; empty = no e-mails.
        webhook_url: who is told of tasks and notices, and the secret that signs it;
            empty = nobody.
        robot_urls: group robots of WeCom and DingTalk that are told what people want told
            there, parted by spaces; empty = none.
        four_eyes: True = who has worked on a draft does not deploy it.
        search_key: under it sealed telephone numbers are found; empty = they are not.
        checkpoint_key: the file of the key that signs checkpoints; empty = there are none.
        checkpoint_to: folders, ``mailto:`` addresses and webhooks that checkpoints go to,
            parted by spaces.
        checkpoint_tsa: URL of the authority that stamps checkpoints, a space, and the file of
            the certificates that it is trusted by; empty = they are not stamped.
    """

    database_url: str = "sqlite:///var/bihuan.db"
    host: str = "127.0.0.1"
    port: int = 8080
    clock: str = "system"
    poll_seconds: float = 2.0
    threads: int = 4
    time_zone: str = "Asia/Shanghai"
    demo_logins: bool = True
    sign_in_limit: int = 10
    public_url: str = "http://127.0.0.1:8080"
    smtp_url: str = ""
    webhook_url: str = ""
    search_key: str = ""
    robot_urls: str = ""
    four_eyes: bool = False
    checkpoint_key: str = ""
    checkpoint_to: str = ""
    checkpoint_tsa: str = ""

    @property
    def tells_outside(self) -> bool:
        """Whether anybody is told of work outside the pages."""
        return bool(self.smtp_url or self.webhook_url or self.robot_urls)


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
        sign_in_limit=int(_number(environment, "SIGN_IN_LIMIT", default.sign_in_limit)),
        public_url=_url(environment, "PUBLIC_URL", _WEB) or default.public_url,
        smtp_url=_mail_server(environment),
        webhook_url=_receiver(environment),
        search_key=_key(environment),
        four_eyes=_choice(environment, "FOUR_EYES", ("off", "on")) == "on",
        robot_urls=" ".join(map(_robot, environment.get("ROBOT_URLS", "").split())),
        checkpoint_key=environment.get("CHECKPOINT_KEY", "").strip(),
        checkpoint_to=" ".join(map(_keeper, environment.get("CHECKPOINT_TO", "").split())),
        checkpoint_tsa=_authority(environment.get("CHECKPOINT_TSA", "")),
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


_WEB = ("http", "https")


def _url(environment: Mapping[str, str], name: str, schemes: Collection[str]) -> str:
    """Return a URL; what is wrong with it is said without it, because it may hold a password."""
    text = environment.get(name, "").strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name} is no URL of the kind {'://… or '.join(schemes)}://….")
    return text.rstrip("/") if name == "PUBLIC_URL" else text


def _mail_server(environment: Mapping[str, str]) -> str:
    text = _url(environment, "SMTP_URL", ("smtp", "smtps"))
    if text and "from=" not in urlsplit(text).query:
        raise ValueError("SMTP_URL names no sender: end it with ?from=bihuan@example.org.")
    return text


def _receiver(environment: Mapping[str, str]) -> str:
    text = _url(environment, "WEBHOOK_URL", _WEB)
    if text and not urlsplit(text).password:
        raise ValueError("WEBHOOK_URL has no secret to sign with: https://:SECRET@HOST/PATH.")
    return text


_ROBOTS = {"wecom": "key=", "dingtalk": "access_token="}


def _robot(text: str) -> str:
    """Return the URL of a robot; it is the right to post, so what is wrong is said without it."""
    kind, _, plain = text.partition("+")
    try:
        parts = urlsplit(plain)
        safe = parts.scheme == "https" or (
            parts.scheme == "http" and is_loopback(parts.hostname or "")
        )
        fits = bool(parts.hostname) and _ROBOTS[kind] in parts.query and parts.port != 0
    except (KeyError, ValueError):
        safe = fits = False
    if not (safe and fits):
        raise ValueError(
            "ROBOT_URLS names no robots: write wecom+https://…?key=KEY or "
            "dingtalk+https://:SECRET@…?access_token=TOKEN, parted by spaces."
        )
    return text


def _keeper(text: str) -> str:
    """Return where checkpoints go: a folder, an address, a webhook; said without its secret."""
    parts = urlsplit(text)
    is_address = parts.scheme == "mailto" and "@" in parts.path
    is_webhook = parts.scheme in _WEB and bool(parts.hostname) and bool(parts.password)
    if parts.scheme and not is_address and not is_webhook:
        raise ValueError(
            "CHECKPOINT_TO names folders, mailto:NAME@HOST or https://:SECRET@HOST/PATH, "
            "parted by spaces."
        )
    return text


def _authority(text: str) -> str:
    """Return URL and file of a time-stamping authority; said without its password."""
    if not text.strip():
        return ""
    url, _, file = " ".join(text.split(None, 1)).strip().partition(" ")
    try:
        parts = urlsplit(url)
        fits = parts.scheme in _WEB and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not file:
        raise ValueError(
            "CHECKPOINT_TSA names no authority: write https://HOST/PATH, a space, and the PEM "
            "file of the certificates that you trust it by."
        )
    if parts.password and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("CHECKPOINT_TSA sends its password over https:// only.")
    return f"{url} {file}"


def _key(environment: Mapping[str, str]) -> str:
    text = environment.get("SEARCH_KEY", "").strip()
    if text and len(text) < SHORTEST_KEY:
        raise ValueError(
            f"SEARCH_KEY is too short: take at least {SHORTEST_KEY} random characters."
        )
    return text


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = environment.get(name) or choices[0]
    if text not in choices:
        raise ValueError(f"{name}={text!r}: choose one of {', '.join(choices)}.")
    return text


def is_loopback(host: str) -> bool:
    """Say whether ``host`` is this machine alone: an address or name that nobody else reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
