"""Messages for the group robots of WeCom (企业微信) and DingTalk (钉钉), as these take them.

A robot is a URL of ``ROBOT_URLS``; its scheme says which kind: ``wecom+https`` or
``dingtalk+https``. DingTalk's may have a secret as password, with which each call is
signed: HMAC-SHA-256 over the milliseconds, a line break and the secret.

Pure: nothing is sent here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote_plus, unquote, urlsplit

KINDS = ("wecom", "dingtalk")
MOST_BYTES = 4096
"""What WeCom takes of a markdown text, in UTF-8."""
NO_SUCH_ROBOT = frozenset({93000, 300001, 300005})
"""Answers that say the address is none: trying again does not help."""


class Text(NamedTuple):
    """What a message says.

    Attributes:
        title: one line; DingTalk shows it in the list of chats.
        lines: below it.
        link: where to look.
        link_name: what the link is called.
    """

    title: str
    lines: Sequence[str]
    link: str
    link_name: str


def kind_of(url: str) -> str:
    """Return ``wecom`` or ``dingtalk``."""
    return url.partition("+")[0]


def name_of(url: str) -> str:
    """Return what a robot is called in rows and logs, of which nothing of its address is told."""
    return f"{kind_of(url)}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"


def address_of(url: str, at: datetime) -> str:
    """Return the URL that a message is posted to now; DingTalk's is signed with its secret."""
    plain = urlsplit(url.partition("+")[2])
    secret = unquote(plain.password or "")
    host = plain.hostname or ""
    netloc = host if plain.port is None else f"{host}:{plain.port}"
    address = plain._replace(netloc=netloc).geturl()
    if kind_of(url) == "dingtalk" and secret:
        milliseconds = round(at.timestamp() * 1000)
        proof = quote_plus(signature(secret, milliseconds))
        address += f"&timestamp={milliseconds}&sign={proof}"
    return address


def signature(secret: str, milliseconds: int) -> str:
    """Return DingTalk's signature of a call, in base64."""
    text = f"{milliseconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def body_of(url: str, text: Text) -> bytes:
    """Return the JSON body of a message in Markdown."""
    quoted = "\n".join(f"> {_plain(one)}" for one in text.lines)
    written = f"### {_plain(text.title)}\n{quoted}\n\n[{_plain(text.link_name)}]({text.link})"
    if kind_of(url) == "wecom":
        content = written.encode()[:MOST_BYTES].decode(errors="ignore")
        document = {"msgtype": "markdown", "markdown": {"content": content}}
    else:
        # DingTalk makes a new line of two.
        shown = written.replace("\n", "\n\n")
        markdown = {"title": _plain(text.title), "text": shown}
        document = {"msgtype": "markdown", "markdown": markdown}
    return json.dumps(document, ensure_ascii=False).encode()


def refusal_of(answer: bytes) -> int | None:
    """Return the ``errcode`` by which a robot refuses a message; None where it took it.

    Raises:
        ValueError: it is no answer of a robot.
    """
    document = json.loads(answer)
    if not isinstance(document, dict) or "errcode" not in document:
        raise ValueError("no errcode")
    return int(document["errcode"]) or None


def _plain(text: str) -> str:
    """Return a text as one line in which nothing is Markdown."""
    line = " ".join(text.split())[:200]
    return "".join(f"\\{one}" if one in "\\`*_[]<>#" else one for one in line)
