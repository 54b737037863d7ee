"""Checkpoints sent away: to somebody's mailbox, or to another system."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from urllib.parse import urlsplit

import orjson

from engine import post
from engine.checkpoints import stamping
from engine.dispatches import Dispatch
from engine.ports import Application
from engine.settings import Settings

CHANNEL = "checkpoint"
STREAM = "@checkpoints"
"""What stands for a case in the messages of checkpoints."""


def receivers(settings: Settings) -> dict[str, str]:
    """Return where checkpoints are sent, by a name that says nothing secret."""
    found = {}
    for one in settings.checkpoint_to.split():
        parts = urlsplit(one)
        if parts.scheme == "mailto":
            found[one] = parts.path
        elif parts.scheme:
            found[f"{parts.scheme}://{parts.hostname}{parts.path}"] = one
    return found


def messages(settings: Settings, number: int, note: str, at: datetime) -> list[Dispatch]:
    """Return the messages that tell of a checkpoint, one per receiver; and what stamps it."""
    body = orjson.dumps({"type": "checkpoint", "number": number, "note": note}).decode()
    told = [
        Dispatch(STREAM, number, 0, CHANNEL, one, body, written_at=at, next_at=at)
        for one in receivers(settings)
    ]
    return told + stamping.messages(settings, STREAM, number, note, at)


def send(app: Application, one: Dispatch) -> None:
    """Send one message.

    Raises:
        NotSentError: it did not arrive.
    """
    to = receivers(app.settings).get(one.receiver)
    if to is None:
        raise post.NotSentError("no such receiver any more", for_good=True)
    if not one.receiver.startswith("mailto:"):
        body = orjson.dumps({"id": one.key, **orjson.loads(one.body)})
        post.call_webhook(to, body, key=one.key, at=app.clock.now())
        return
    if not app.settings.smtp_url:
        raise post.NotSentError("no mail server", for_good=True)
    with post.mail_server(app.settings.smtp_url) as server:
        server.send(written(app, one), to=to)


def written(app: Application, one: Dispatch) -> EmailMessage:
    """Return the e-mail: the signed note, which is all that is needed to hold us to it."""
    told = orjson.loads(one.body)
    message = EmailMessage()
    message["Subject"] = f"[闭环] 存证 checkpoint {told['number']}"
    domain = post.domain_of(app.settings.smtp_url)
    message["Message-ID"] = f"<checkpoint.{one.position}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    lines = [
        "请保存此邮件：日后核对以此为凭。",
        "Keep this message: what the histories are is checked against it later.",
        "",
        told["note"],
    ]
    message.set_content("\n".join(lines))
    return message
