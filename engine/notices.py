"""Tell people of work outside the pages: by e-mail, and programs by webhook.

What opens a task, hands it over or notifies a unit writes a row of the outbox. Here
it becomes one message for each receiver (``expand``), who are looked up then, so
that substitutes hear of it and who has left does not; ``send_due`` sends them, apart
from everything else: no case waits for a mail server, and none gets an incident
from it.

A message says the case's number, the step, the due moment and where to look. Who
reported and what it is about is read behind the login.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy import bindparam as p

from engine import access, checkpoints, contacts, dispatches, identities, post, robots, store
from engine.calendar import LOCAL
from engine.clock import parse
from engine.database import Transaction
from engine.dispatches import Dispatch
from engine.ports import Application
from engine.store import CaseRow
from engine.tables import tasks

PAUSES_SECONDS = (30, 120, 600, 3600, 14_400, 43_200)
"""How long to wait after each failure; after the last it is given up."""

LEASE = timedelta(minutes=5)
AT_ONCE = 100
"""Messages of one channel that one look sends."""

Document = dict[str, Any]

_TASK = sa.select(tasks.c.state, tasks.c.assignee, tasks.c.due_at, tasks.c.name).where(
    tasks.c.case_id == p("case_id"), tasks.c.task == p("task")
)

log = structlog.get_logger()


# -- who is told what -----------------------------------------------------------------


def expand(app: Application, origin: tuple[str, int, int], event: Document) -> list[Dispatch]:
    """Return the messages that an event means, one for each receiver.

    Args:
        origin: the case, position and number of the delivery it comes from.
        event: ``task_opened``, ``task_transferred`` or ``job_opened`` of a notice; its
            ``@actor`` is who caused it and is not told.
    """
    case_id, position, number = origin
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = store.read_case(tx, case_id)
        told = None if row is None else _message(app, tx, row, event)
        if row is None or told is None:
            return []
        found = _wanted(app, tx, row, event, told["type"])
    now = app.clock.now()
    body = orjson.dumps(told).decode()
    if app.settings.webhook_url:
        found.append(("webhook", ""))
    return [
        Dispatch(case_id, position, number, channel, one, body, written_at=now, next_at=now)
        for channel, one in found
    ]


def _message(app: Application, tx: Transaction, row: CaseRow, event: Document) -> Document | None:
    """Return what is told, or None where it is no news any more."""
    base: Document = {
        "case": row.id,
        "number": row.business_key or row.id,
        "process": row.process,
        "element": event["element"],
    }
    if event["type"] == "job_opened":
        data = event["data"]
        to = [{"name": one} for one in _names(data.get("to"))]
        link = f"{app.settings.public_url}/cases/{row.id}"
        return {
            "type": "notice",
            **base,
            "text": str(data.get("text") or ""),
            "to": to,
            "link": link,
        }
    found = tx.one(_TASK, {"case_id": row.id, "task": event["task"]})
    if found is None or found[0] != "open":
        return None
    given = event.get("assignee")
    if found[1] is not None and found[1] != given:
        # Somebody has signed for it meanwhile.
        return None
    to = [{"user": given}] if given else event.get("candidates", [])
    return {
        "type": "task-assigned" if given else "task-opened",
        **base,
        "task": f"{row.id}.{event['task']}",
        "step": found[3],
        "due_at": None if found[2] is None else _local(found[2]),
        "to": to,
        "link": f"{app.settings.public_url}/tasks/{row.id}.{event['task']}",
    }


def _wanted(
    app: Application, tx: Transaction, row: CaseRow, event: Document, kind: str
) -> list[tuple[str, str]]:
    """Return (channel, receiver) of the e-mails and the robots that somebody concerned wants."""
    everybody = contacts.everybody(tx)
    by = {
        channel: {name for name, one in everybody.items() if one.wants(kind, channel)}
        for channel, url in (("mail", app.settings.smtp_url), ("robot", app.settings.robot_urls))
        if url
    }
    concerned = _concerned(app, tx, row, event, set().union(*by.values()))
    found = [("mail", one) for one in concerned if one in by.get("mail", ())]
    if not by.get("robot", set()).isdisjoint(concerned):
        found += [("robot", robots.name_of(one)) for one in app.settings.robot_urls.split()]
    return found


def _concerned(
    app: Application, tx: Transaction, row: CaseRow, event: Document, names: set[str]
) -> list[str]:
    """Return those of some users whom the event concerns, but not its cause."""
    given = event.get("assignee")
    if given is not None:
        wanted = {given}
    else:
        wanted = {one["user"] for one in event.get("candidates", ()) if "user" in one}
    called = _names(event["data"].get("to")) if event["type"] == "job_opened" else []
    pairs = {
        (one["role"], one.get("unit") or "") for one in event.get("candidates", ()) if "role" in one
    }
    if given is not None:
        pairs = set()
    organisation = app.references.organisation
    found = []
    for actor in identities.actors(app, tx, sorted(names)):
        concerned = (
            actor.name in wanted
            or not pairs.isdisjoint(actor.grants)
            or any(access.concerns(actor, name, row.unit, organisation) for name in called)
        )
        if concerned and actor.name != event.get("@actor"):
            found.append(actor.name)
    return found


def _names(to: Any) -> list[str]:
    return sorted({str(one) for one in (to if isinstance(to, list) else [to]) if one})


def _local(at: datetime) -> str:
    return at.astimezone(LOCAL).isoformat(timespec="minutes")


# -- sending ----------------------------------------------------------------------------


def send_due(app: Application) -> int:
    """Send what may be sent now; return how many messages arrived.

    Meant for a thread of its own: a server that does not answer takes its time.
    """
    arrived = 0
    if app.settings.webhook_url:
        arrived += sum(_call(app, one) for one in _taken(app, "webhook"))
    if app.settings.robot_urls:
        arrived += sum(_post(app, one) for one in _taken(app, "robot"))
    if app.settings.smtp_url:
        arrived += _send_mails(app, list(_taken(app, "mail")))
    if app.settings.checkpoint_to:
        arrived += sum(_hand_on(app, one) for one in _taken(app, checkpoints.CHANNEL))
    return arrived + stamp_due(app)


def stamp_due(app: Application) -> int:
    """Have the checkpoints stamped that wait for it; return how many were.

    After the first that fails the others wait for the next time, so that an authority
    that does not answer is asked once.
    """
    stamped = 0
    if app.settings.checkpoint_tsa:
        for one in _taken(app, checkpoints.STAMP):
            if not _stamp(app, one):
                break
            stamped += 1
    return stamped


def _taken(app: Application, channel: str) -> Iterable[Dispatch]:
    """Give the messages that are due, each leased directly before it is given."""
    now = app.clock.now()
    with app.database.reading() as tx:
        found = dispatches.due(tx, channel, now, AT_ONCE)
    for one in found:
        with app.database.writing() as tx:
            mine = dispatches.lease(tx, one, now + LEASE)
        if mine:
            yield one


def _call(app: Application, one: Dispatch) -> bool:
    body = orjson.dumps({"id": one.key, **orjson.loads(one.body)})
    try:
        post.call_webhook(app.settings.webhook_url, body, key=one.key, at=app.clock.now())
    except post.NotSentError as reason:
        return _failed(app, one, reason)
    return _arrived(app, one)


def _hand_on(app: Application, one: Dispatch) -> bool:
    try:
        checkpoints.send(app, one)
    except post.NotSentError as reason:
        return _failed(app, one, reason)
    return _arrived(app, one)


def _stamp(app: Application, one: Dispatch) -> bool:
    try:
        checkpoints.stamp(app, one)
    except post.NotSentError as reason:
        return _failed(app, one, reason)
    return _arrived(app, one)


def _post(app: Application, one: Dispatch) -> bool:
    urls = {robots.name_of(url): url for url in app.settings.robot_urls.split()}
    url = urls.get(one.receiver)
    if url is None:
        return _failed(app, one, post.NotSentError("no such robot any more", for_good=True))
    if not _is_news(app, one):
        return _failed(app, one, post.NotSentError("done meanwhile", for_good=True))
    (title, _), (step, _), told = _said(app, one)
    lines = [f"编号：{told['number']}"]
    if told.get("due_at"):
        lines.append(f"期限：{_short(told['due_at'])}")
    text = robots.Text(f"{title}：{step}", lines, told["link"], "打开")
    try:
        post.call_robot(url, robots.body_of(url, text), at=app.clock.now())
    except post.NotSentError as reason:
        return _failed(app, one, reason)
    return _arrived(app, one)


def _send_mails(app: Application, due: list[Dispatch]) -> int:
    if not due:
        return 0
    with app.database.reading() as tx:
        addresses = contacts.reachable(tx)
    arrived = 0
    try:
        with post.mail_server(app.settings.smtp_url) as server:
            while due:
                arrived += _send_mail(app, server, due[0], addresses.get(due[0].receiver))
                due.pop(0)
    except post.NotSentError as reason:
        # The server itself is away: all of them wait.
        for one in due:
            _failed(app, one, reason)
    return arrived


def _send_mail(
    app: Application, server: post.MailServer, one: Dispatch, address: str | None
) -> bool:
    if address is None:
        # The wish or the user has gone since.
        return _failed(app, one, post.NotSentError("no address", for_good=True))
    if not _is_news(app, one):
        return _failed(app, one, post.NotSentError("done meanwhile", for_good=True))
    try:
        server.send(written(app, one), to=address)
    except post.NotSentError as reason:
        return _failed(app, one, reason)
    return _arrived(app, one)


def _is_news(app: Application, one: Dispatch) -> bool:
    """Tell whether the task that is told of is still there for the receiver."""
    told = orjson.loads(one.body)
    name = told.get("task")
    if name is None:
        return True
    meant = {None, one.receiver, *(to.get("user") for to in told["to"])}
    with app.database.reading() as tx:
        task = name.removeprefix(f"{one.case_id}.")
        found = tx.one(_TASK, {"case_id": one.case_id, "task": task})
    return found is not None and found[0] == "open" and found[1] in meant


def _arrived(app: Application, one: Dispatch) -> bool:
    with app.database.writing() as tx:
        dispatches.settle(tx, one, delivered_at=app.clock.now())
    return True


def _failed(app: Application, one: Dispatch, reason: post.NotSentError) -> bool:
    """Try again later, or give up; no case hears of it."""
    gives_up = reason.for_good or one.attempts >= len(PAUSES_SECONDS)
    next_at = None
    if not gives_up:
        next_at = app.clock.now() + timedelta(seconds=PAUSES_SECONDS[one.attempts])
    with app.database.writing() as tx:
        dispatches.settle(tx, one, next_at=next_at, failure=reason.kind)
    say = log.error if gives_up and not reason.for_good else log.warning
    say(
        "not-told", key=one.key, channel=one.channel, reason=reason.kind,
        attempts=one.attempts + 1, given_up=gives_up,
    )  # fmt: skip
    return False


# -- an e-mail ----------------------------------------------------------------------------

_SAYS = {
    "task-opened": ("新任务待签收", "New task to claim"),
    "task-assigned": ("任务已交给您办理", "Task handed to you"),
    "notice": ("提醒", "Notice"),
}
_OWN = {
    "assigned": ("任务已交给您办理", "A task was given to you"),
    "transferred": ("任务已转交给您办理", "A task was handed over to you"),
    "signature": ("请您会签", "You are asked to sign"),
    "delegated": ("任务已委派给您", "A task was delegated to you"),
    "agreed": ("会签：同意", "Signed: agrees"),
    "disagreed": ("会签：不同意", "Signed: disagrees"),
    "resolved": ("委派的任务已办结交回", "The delegated task is done and back"),
    "reminded": ("催办", "You are urged"),
    "copied": ("抄送您阅知", "For you to read"),
    "review": ("挂起的任务到了复核日期", "A task on hold is to be looked at again"),
}
TEXTS = "notice_texts"
"""The list of what the notices of diagrams say."""


def text_of(app: Application, code: str) -> tuple[str, str]:
    """Return a notice's text in Chinese and English; the code itself where there is none."""
    texts = app.references.active.get(TEXTS)
    rows = [] if texts is None else [row for row in texts.rows if row["code"] == code]
    if rows:
        return str(rows[0]["text_zh"]), str(rows[0]["text_en"])
    return _OWN.get(code, (code, code))


def written(app: Application, one: Dispatch) -> EmailMessage:
    """Return the e-mail for a message, in both languages and without anything personal."""
    (zh, en), (step_zh, step_en), told = _said(app, one)
    due = told.get("due_at")
    lines = [
        f"{zh}：{step_zh}",
        f"编号：{told['number']}",
        *([f"期限：{_short(due)}"] if due else []),
        "",
        f"{en}: {step_en}",
        f"Number: {told['number']}",
        *([f"Due: {_short(due)}"] if due else []),
        "",
        told["link"],
    ]
    message = EmailMessage()
    message["Subject"] = _line(f"[闭环] {zh}：{step_zh}（{told['number']}）")
    # The same at every attempt, so that a mail program shows it once.
    domain = post.domain_of(app.settings.smtp_url)
    message["Message-ID"] = f"<{one.key.replace('/', '.')}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines))
    return message


def _said(app: Application, one: Dispatch) -> tuple[tuple[str, str], tuple[str, str], Document]:
    """Return in Chinese and English what kind of news it is and what it names; and the message."""
    told = orjson.loads(one.body)
    if told["type"] == "notice":
        return _SAYS["notice"], text_of(app, told["text"]), told
    return _SAYS[told["type"]], (told["step"], told["step"]), told


def _line(text: str) -> str:
    """A number is given by people, and a subject is one line."""
    return " ".join(text.split())[:200]


def _short(due: str) -> str:
    return parse(due).astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")
