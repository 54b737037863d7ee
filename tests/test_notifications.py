"""People are told of work by e-mail and webhook, once, and no case waits for it."""

from __future__ import annotations

import ast
import json
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from lxml import etree

from engine import cases, contacts, identities, notices, outbox, post, retention, timers, views
from engine.application import open_application
from engine.commands import ClaimTask, CompleteTask, TransferTask, UnclaimTask
from engine.errors import InvalidData
from engine.settings import from_environment
from engine.tables import dispatches, entries
from tests.mailbox import hook, mailbox

ADDRESS = "dispatcher@example.org"


@pytest.fixture
def box():
    with mailbox() as running:
        yield running


@pytest.fixture
def told():
    with hook() as running:
        yield running


@pytest.fixture
def office(any_app, box, told):
    """The demo city with both channels, and a dispatcher who wants e-mails."""
    settings = replace(
        any_app.settings,
        smtp_url=box.url(),
        webhook_url=told.url(),
        public_url="https://office.example.org",
    )
    return wish(replace(any_app, settings=settings), "street_dispatcher", ADDRESS)


def wish(app, name, address, *, by_mail=True):
    with app.database.writing() as tx:
        contacts.put(tx, name, email=address, by_mail=by_mail)
    return app


def actor(app, name):
    return identities.actor(app, name)


def begin(app, by="grid_worker", **more):
    return cases.start(app, actor(app, by), process="five_steps", data={}, **more).case_id


def complete(app, name, case_id, element, **given):
    command = CompleteTask(f"five_steps.{element}.1", given.get("outcome"), given.get("data", {}))
    cases.handle(app, actor(app, name), case_id, command)


def send(app):
    outbox.deliver_all(app)
    return notices.send_due(app)


def rows(app):
    with app.database.reading() as tx:
        return [
            (channel, receiver, attempts, delivered is not None, failure, next_at is not None)
            for channel, receiver, attempts, delivered, failure, next_at in tx.all(_ALL, {})
        ]


_ALL = sa.select(
    dispatches.c.channel, dispatches.c.receiver, dispatches.c.attempts,
    dispatches.c.delivered_at, dispatches.c.failure, dispatches.c.next_at,
).order_by(dispatches.c.channel, dispatches.c.receiver)  # fmt: skip


# -- e-mail -------------------------------------------------------------------------


def test_a_task_offered_to_a_pool_is_told_to_its_people_in_a_mail(office, box):
    case_id = begin(office, business_key="JB-17")

    send(office)

    ((to, mail),) = box.mails
    assert (to, mail["To"], mail["From"]) == (ADDRESS, ADDRESS, "bihuan@example.org")
    assert mail["Subject"] == "[闭环] 新任务待签收：平台受理（JB-17）"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().splitlines() == [
        "新任务待签收：平台受理",
        "编号：JB-17",
        "",
        "New task to claim: 平台受理",
        "Number: JB-17",
        "",
        f"https://office.example.org/tasks/{case_id}.five_steps.accept.1",
    ]


def test_a_mail_says_the_due_moment_in_local_time(office, box):
    wish(office, "dept_liaison", "liaison@example.org")
    case_id = begin(office, by="street_dispatcher", business_key="JB-18")
    complete(office, "street_dispatcher", case_id, "accept", outcome="accept")
    complete(office, "street_dispatcher", case_id, "assign", data={"lead": "D04"})

    send(office)

    ((to, mail),) = box.mails
    due = views.case(office, actor(office, "admin"), case_id)["tasks"][0]["due_at"]
    assert (to, due) == ("liaison@example.org", "2026-09-14T06:30:00Z")
    assert "期限：2026-09-14 14:30" in mail.get_content().splitlines()


def test_nothing_is_told_twice_however_often_it_is_looked_at(office, box, told):
    begin(office)

    assert [send(office), send(office), send(office)] == [2, 0, 0]
    assert (len(box.mails), len(told.calls)) == (1, 1)


def test_who_is_handed_a_task_is_told_and_who_hands_it_over_is_not(office, box):
    wish(office, "dept_handler", "handler@example.org")
    wish(office, "dept_liaison", "liaison@example.org")
    case_id = begin(office, by="street_dispatcher")
    complete(office, "street_dispatcher", case_id, "accept", outcome="accept")
    complete(office, "street_dispatcher", case_id, "assign", data={"lead": "D04"})
    task = "five_steps.handle.1"
    cases.handle(office, actor(office, "dept_liaison"), case_id, ClaimTask(task))
    send(office)
    assert box.mails == []

    handing = TransferTask(task, "dept_handler", "ill", None)
    cases.handle(office, actor(office, "dept_liaison"), case_id, handing)
    send(office)

    ((to, mail),) = box.mails
    assert (to, mail["Subject"][:13]) == ("handler@example.org", "[闭环] 任务已交给您办理")
    assert "ill" not in mail.get_content()


def test_a_task_that_somebody_has_taken_is_no_news_for_the_others(office, box, told):
    case_id = begin(office)
    task = "five_steps.accept.1"
    cases.handle(office, actor(office, "admin"), case_id, ClaimTask(task))
    send(office)
    assert (box.mails, told.calls) == ([], [])

    cases.handle(office, actor(office, "admin"), case_id, UnclaimTask(task))
    send(office)
    # 待签 shows it again; a mail for each going to and fro would be too many.
    assert box.mails == []


@pytest.mark.parametrize("by_mail", [True, False])
def test_who_does_not_want_mails_gets_none(office, box, by_mail):
    wish(office, "street_dispatcher", ADDRESS, by_mail=by_mail)
    begin(office)

    send(office)

    assert len(box.mails) == int(by_mail)


def test_a_disabled_user_is_told_nothing_more_and_the_address_is_gone(office, box):
    begin(office)
    outbox.deliver_all(office)
    identities.disable_user(office, "street_dispatcher", by="@test")

    notices.send_due(office)

    assert box.mails == []
    with office.database.reading() as tx:
        assert contacts.read(tx, "street_dispatcher").email is None
    assert ("mail", "street_dispatcher", 1, False, "no address", False) in rows(office)


def test_no_personal_data_of_reporters_goes_out(app, box, told):
    from tests.test_erasure import NAME, PHONE
    from tests.test_erasure import begin as report

    settings = replace(app.settings, smtp_url=box.url(), webhook_url=told.url())
    office = wish(replace(app, settings=settings), "street_dispatcher", ADDRESS)
    report(office)

    assert send(office) == 2

    ((_, mail),), ((_, _, body),) = box.mails, told.calls
    sent = mail.get_content() + body.decode() + mail["Subject"]
    personal = (NAME, PHONE, "楼道堆物", "二楼楼道堆放纸箱", ADDRESS)
    assert [one for one in personal if one in sent] == []


def test_an_address_stands_in_no_history(office):
    begin(office)
    send(office)

    with office.database.reading() as tx:
        bodies = b"".join(bytes(one) for (one,) in tx.all(_BODIES, {}))
        told = "".join(one for (one,) in tx.all(_TOLD, {}))
    assert (ADDRESS.encode() in bodies, ADDRESS in told) == (False, False)


_BODIES = sa.select(entries.c.body)
_TOLD = sa.select(dispatches.c.body)


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b\nBcc: c@d", "a b@c.org", "a@b@c.org", "李@example.org", "a..b@c.org"],
)
def test_what_is_no_address_is_refused(app, address):
    with pytest.raises(InvalidData), app.database.writing() as tx:
        contacts.put(tx, "street_dispatcher", email=address, by_mail=True)


def test_a_number_of_many_lines_stays_one_line_of_the_subject(office, box):
    begin(office, business_key="JB 17\nBcc: thief@example.org")

    send(office)

    ((to, mail),) = box.mails
    assert mail["Bcc"] is None
    assert mail["Subject"].endswith("（JB 17 Bcc: thief@example.org）")
    assert to == ADDRESS


# -- servers that are away ------------------------------------------------------------


def step(app, seconds):
    app.clock.set(app.clock.now() + timedelta(seconds=seconds))


def test_a_mail_server_that_is_away_blocks_no_case_and_is_tried_again(any_app):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"smtp://127.0.0.1:{port}/?from=bihuan@example.org"
    settings = replace(any_app.settings, smtp_url=url)
    office = wish(replace(any_app, settings=settings), "street_dispatcher", ADDRESS)
    case_id = begin(office, business_key="JB-17")

    assert send(office) == 0
    assert rows(office) == [("mail", "street_dispatcher", 1, False, "not reachable", True)]
    begin(office, business_key="JB-18")
    found = views.case(office, actor(office, "admin"), case_id)
    assert (found["state"], found["incidents"]) == ("open", [])

    with mailbox() as box:
        office = replace(office, settings=replace(settings, smtp_url=box.url()))
        assert send(office) == 1
        step(office, 29)
        assert send(office) == 0
        step(office, 1)
        assert send(office) == 1
        assert [mail["Subject"][-7:] for _, mail in box.mails] == ["（JB-18）", "（JB-17）"]


def test_what_was_done_while_the_server_was_away_is_no_news_any_more(office, box):
    box.answers[ADDRESS] = 451
    case_id = begin(office)
    send(office)
    complete(office, "street_dispatcher", case_id, "accept", outcome="accept")

    box.answers.clear()
    step(office, 30)
    send(office)

    assert box.mails == []
    assert ("mail", "street_dispatcher", 2, False, "done meanwhile", False) in rows(office)


def test_after_the_last_attempt_it_is_given_up_and_the_case_goes_on(office, told, box):
    told.statuses = [503] * 20
    case_id = begin(office)
    box.answers[ADDRESS] = 451

    tried = [(send(office), step(office, pause)) for pause in (*notices.PAUSES_SECONDS, 86_400)]
    send(office)

    assert len(tried) == 7
    assert len(told.calls) == 7
    assert rows(office) == [
        ("mail", "street_dispatcher", 7, False, "smtp 451", False),
        ("webhook", "", 7, False, "http 503", False),
    ]
    found = views.case(office, actor(office, "admin"), case_id)
    assert (found["state"], found["incidents"]) == ("open", [])


def test_an_address_that_the_server_refuses_for_good_is_not_tried_again(office, box):
    wish(office, "dept_liaison", "liaison@example.org")
    box.answers[ADDRESS] = 550
    begin(office)

    send(office)

    assert ("mail", "street_dispatcher", 1, False, "smtp 550", False) in rows(office)


def test_one_refused_address_keeps_nobody_else_from_being_told(office, box):
    other = next(
        one.name
        for one in identities.users(office)
        if one.name.startswith("RY")
        and ("street_dispatcher", "990101001") in actor(office, one.name).grants
    )
    wish(office, other, "other@example.org")
    box.answers[ADDRESS] = 451
    begin(office)

    assert send(office) == 2
    assert [to for to, _ in box.mails] == ["other@example.org"]


def test_a_server_that_says_nothing_is_left_after_a_while(app, monkeypatch):
    monkeypatch.setattr(post, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}/?from=bihuan@example.org"
        office = replace(app, settings=replace(app.settings, smtp_url=url))
        begin(wish(office, "street_dispatcher", ADDRESS))

        assert send(office) == 0
        assert rows(office) == [("mail", "street_dispatcher", 1, False, "no answer in time", True)]


@pytest.mark.parametrize(
    ("password", "said"), [("p%40ss", None), ("wrong", "SMTPAuthenticationError")]
)
def test_the_mail_server_is_told_name_and_password(app, box, password, said):
    from base64 import b64encode

    box.login = b64encode(b"\0bihuan\0p@ss").decode()
    url = box.url(user=f"bihuan:{password}@")
    office = replace(app, settings=replace(app.settings, smtp_url=url))
    begin(wish(office, "street_dispatcher", ADDRESS))

    assert send(office) == (0 if said else 1)
    assert [row[4] for row in rows(office)] == [said]


def test_a_password_goes_nowhere_without_tls(app, box):
    # An address that leads to this machine, and is not one of those that are it alone.
    url = box.url(user="bihuan:secret@").replace("127.0.0.1", "0.0.0.0")
    office = replace(app, settings=replace(app.settings, smtp_url=url))
    begin(wish(office, "street_dispatcher", ADDRESS))

    assert send(office) == 0
    assert [row[4] for row in rows(office)] == ["the mail server offers no TLS for the password"]
    assert box.mails == []


def test_what_a_stopped_process_has_leased_is_sent_after_the_lease(office, told):
    begin(office)
    outbox.deliver_all(office)
    from engine import dispatches as storage

    with office.database.writing() as tx:
        (one,) = storage.due(tx, "webhook", office.clock.now(), 10)
        assert storage.lease(tx, one, office.clock.now() + notices.LEASE) is True
        assert storage.lease(tx, one, office.clock.now() + notices.LEASE) is False

    assert (send(office), told.calls) == (1, [])
    step(office, notices.LEASE.total_seconds())
    assert send(office) == 1
    assert [headers["Idempotency-Key"] for _, headers, _ in told.calls] == [one.key]


def test_two_schedulers_send_each_message_once(office, box, told):
    from tests.at_once import at_once

    other = open_application(office.settings, clock=office.clock, sandbox=office.sandbox)
    for _ in range(6):
        begin(office)
    outbox.deliver_all(office)

    sent = at_once(lambda: notices.send_due(office), lambda: notices.send_due(other))

    other.database.close()
    assert sum(sent) == 12
    assert (len(box.mails), len(told.calls)) == (6, 6)
    assert len({mail["Message-ID"] for _, mail in box.mails}) == 6


def test_what_was_told_is_forgotten_after_a_month(office):
    begin(office)
    send(office)
    step(office, 31 * 86_400)

    with office.database.writing() as tx:
        assert retention.tidy(tx, office.clock.now())["dispatches"] == 2


# -- webhooks -------------------------------------------------------------------------


def test_a_webhook_is_signed_and_named(office, told):
    case_id = begin(office, business_key="JB-17")

    send(office)

    ((path, headers, body),) = told.calls
    assert path == "/told?by=bihuan"
    assert json.loads(body) == {
        "id": headers["Idempotency-Key"],
        "type": "task-opened",
        "case": case_id,
        "number": "JB-17",
        "process": "five_steps",
        "element": "accept",
        "task": f"{case_id}.five_steps.accept.1",
        "step": "平台受理",
        "due_at": None,
        "to": [{"role": "street_dispatcher", "unit": "990101001"}],
        "link": f"https://office.example.org/tasks/{case_id}.five_steps.accept.1",
    }
    seconds, proof = (part.partition("=")[2] for part in headers["Bihuan-Signature"].split(","))
    assert int(seconds) == int(office.clock.now().timestamp())
    assert proof == post.signature("s3cret/", int(seconds), body)
    assert "Authorization" not in headers


def test_a_failed_call_is_repeated_under_the_same_key_with_a_new_signature(office, told):
    told.statuses = [500, 302]
    begin(office)

    said = []
    for pause in (0, 30, 120):
        step(office, pause)
        said.append(send(office) > 0)

    # The mail arrived at the first look.
    assert said == [True, False, True]
    keys = {headers["Idempotency-Key"] for _, headers, _ in told.calls}
    proofs = {headers["Bihuan-Signature"] for _, headers, _ in told.calls}
    assert (len(told.calls), len(keys), len(proofs)) == (3, 1, 3)
    assert {path for path, _, _ in told.calls} == {"/told?by=bihuan"}


def test_nothing_is_kept_for_the_outside_where_no_channel_is_set(app):
    wish(app, "street_dispatcher", ADDRESS)
    begin(app)

    assert send(app) == 0
    assert rows(app) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "http://mail.example.org/?from=a@b.c"),
        ("SMTP_URL", "smtp://mail.example.org"),
        ("WEBHOOK_URL", "ftp://:secret@example.org/"),
        ("WEBHOOK_URL", "https://example.org/told"),
        ("WEBHOOK_URL", "https://:hunter2@[example.org/"),
        ("PUBLIC_URL", "office.example.org"),
        ("SIGN_IN_LIMIT", "none"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_without_its_password(name, value):
    with pytest.raises(ValueError, match=name) as refusal:
        from_environment({name: value})

    assert ("hunter2" in str(refusal.value), "secret@" in str(refusal.value)) == (False, False)


# -- T1 to T6: what the diagrams notify -------------------------------------------------


def test_a_notice_of_the_diagram_reaches_the_department(app, box, told):
    from tests.test_erasure import begin as report

    settings = replace(app.settings, smtp_url=box.url(), webhook_url=told.url())
    office = wish(replace(app, settings=settings), "dept_liaison", "liaison@example.org")
    case_id = report(office)
    accepted = {"item_code": "ZL-02-001", "urgency": "normal", "self_test": "no"}
    routed = {"variant": "quick_response", "lead": "D04", "co_codes": ""}
    for name, element, outcome, data in (
        ("street_dispatcher", "accept", "accept", accepted),
        ("street_analyst", "analyse", "whistle", routed),
    ):
        command = CompleteTask(f"whistle_report.{element}.1", outcome, data)
        cases.handle(office, actor(office, name), case_id, command)
    send(office)
    box.mails.clear()
    told.calls.clear()
    armed = views.case(office, actor(office, "admin"), case_id)["timers"]
    timers.advance(office, to=sorted_due(armed)[0])

    send(office)

    kinds = [json.loads(body)["type"] for _, _, body in told.calls]
    notice = next(json.loads(body) for _, _, body in told.calls if b'"notice"' in body)
    assert "notice" in kinds
    assert notice["to"] == [{"name": "D04"}]
    assert notice["link"] == f"{office.settings.public_url}/cases/{case_id}"
    subjects = [mail["Subject"] for to, mail in box.mails if to == "liaison@example.org"]
    assert [one[:7] for one in subjects] == ["[闭环] 提醒"]


def sorted_due(armed):
    from engine.clock import parse

    return sorted(parse(one["due_at"]) for one in armed)


# -- wishes and unread notices --------------------------------------------------------


def test_a_user_keeps_an_address_and_a_wish_of_the_own(app):
    from tests.callers import callers, problem_of

    mine, other = callers(app)("dept_handler"), callers(app)("dept_head")
    kept = mine.post("/me/contact", {"email": "h@example.org", "by_mail": False})

    assert kept.get_json() == {
        "name": "dept_handler", "email": "h@example.org", "by_mail": False, "seen_at": None,
        "unread": 0,
    }  # fmt: skip
    assert mine.get("/me/contact").get_json() == kept.get_json()
    assert other.get("/me/contact").get_json()["email"] is None
    assert problem_of(mine.post("/me/contact", {"email": "nobody"})) == (422, "invalid-data")
    assert mine.post("/me/contact", {}).get_json()["email"] is None


def test_what_is_handed_over_is_unread_until_it_was_looked_at(any_app):
    from tests.callers import callers

    case_id = begin(any_app, by="street_dispatcher")
    complete(any_app, "street_dispatcher", case_id, "accept", outcome="accept")
    complete(any_app, "street_dispatcher", case_id, "assign", data={"lead": "D04"})
    task = "five_steps.handle.1"
    cases.handle(any_app, actor(any_app, "dept_liaison"), case_id, ClaimTask(task))
    handing = TransferTask(task, "dept_handler", "ill", None)
    cases.handle(any_app, actor(any_app, "dept_liaison"), case_id, handing)
    caller = callers(any_app)("dept_handler")

    (notice,) = caller.tasks("cc")
    assert (notice["text"], notice["task"], notice["unread"]) == (
        "transferred",
        f"{case_id}.{task}",
        True,
    )
    seen = caller.post("/me/notices-seen", {"until": notice["at"]}).get_json()
    assert (seen["unread"], caller.tasks("cc")[0]["unread"]) == (0, False)
    # Looking back does not make it unread again, nor does a moment that is yet to come.
    caller.post("/me/notices-seen", {"until": "2020-01-01T00:00:00Z"})
    later = caller.post("/me/notices-seen", {"until": "2099-01-01T00:00:00Z"}).get_json()
    assert later["seen_at"] == "2026-09-14T01:00:00Z"
    assert callers(any_app)("dept_head").tasks("cc") == []


def test_the_command_line_says_where_a_user_is_told(app, monkeypatch, capsys):
    from engine import cli

    monkeypatch.setenv("DATABASE_URL", app.database.url.render_as_string(False))
    monkeypatch.setenv("CLOCK", "manual")

    assert cli.run(["user", "email", "dept_handler", "h@example.org"]) == 0
    with app.database.reading() as tx:
        assert contacts.reachable(tx) == {"dept_handler": "h@example.org"}
    assert cli.run(["user", "email", "nobody", "h@example.org"]) == 1
    assert cli.run(["user", "email", "dept_handler"]) == 0
    with app.database.reading() as tx:
        assert contacts.reachable(tx) == {}
    assert "h@example.org" not in capsys.readouterr().err


def _texts(given: etree._Element) -> set[str]:
    """The codes of texts that a notice may have: one as it stands, or those that a script picks."""
    script = given.find("{*}script")
    if script is None:
        plain = (given.text or "").strip()
        return set() if plain.startswith("${") else {plain}
    picked: list[ast.expr] = []
    for node in ast.walk(ast.parse(script.text.strip(), mode="eval")):
        if isinstance(node, ast.Dict):
            picked += node.values
        elif isinstance(node, ast.Call):
            picked += node.args[1:]
    return {one.value for one in picked if isinstance(one, ast.Constant)}


def test_every_notice_of_the_diagrams_has_a_text_in_both_languages(app):
    camunda = "{http://camunda.org/schema/1.0/bpmn}"
    codes = set()
    for path in sorted((Path(__file__).parent.parent / "processes").glob("*.bpmn")):
        for task in etree.parse(str(path)).iter("{*}serviceTask"):
            if task.get(f"{camunda}topic") == "notify":
                for one in task.iter(f"{camunda}inputParameter"):
                    if one.get("name") == "text":
                        codes |= _texts(one)
    with app.database.reading() as tx:
        app.references.refresh(tx)

    assert len(codes) > 20
    assert [one for one in sorted(codes) if notices.text_of(app, one) == (one, one)] == []
    assert notices.text_of(app, "due_warning") == ("即将到期（黄色预警）", "Due soon (yellow)")
    assert notices.text_of(app, "said by nobody") == ("said by nobody", "said by nobody")
