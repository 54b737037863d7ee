"""Group robots of WeCom and DingTalk are told what people want told there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from engine import cases, contacts, identities, notices, outbox, robots, timers, views
from engine.clock import parse
from engine.commands import CompleteTask
from engine.errors import InvalidData
from engine.settings import from_environment
from tests.callers import callers, problem_of
from tests.mailbox import hook, mailbox
from tests.test_erasure import begin as report

TAKEN = b'{"errcode": 0, "errmsg": "ok"}'
AT = datetime(2026, 9, 14, 1, 0, tzinfo=UTC)


@pytest.fixture
def group():
    with hook() as running:
        running.statuses = [200] * 50
        running.answers = [TAKEN] * 50
        yield running


def wecom(group):
    return f"wecom+http://127.0.0.1:{group.port}/cgi-bin/webhook/send?key=K1"


def dingtalk(group):
    return f"dingtalk+http://:SEC%2Fret@127.0.0.1:{group.port}/robot/send?access_token=T1"


def office(app, *urls):
    settings = replace(
        app.settings, robot_urls=" ".join(urls), public_url="https://office.example.org"
    )
    return replace(app, settings=settings)


def choose(app, name, **kinds):
    with app.database.writing() as tx:
        contacts.choose(tx, name, {kind.replace("_", "-"): one for kind, one in kinds.items()})


def begin(app, **more):
    actor = identities.actor(app, "grid_worker")
    return cases.start(app, actor, process="five_steps", data={}, **more).case_id


def send(app):
    outbox.deliver_all(app)
    return notices.send_due(app)


def test_both_kinds_of_robot_get_the_news_as_they_take_it(any_app, group):
    app = office(any_app, wecom(group), dingtalk(group))
    choose(app, "street_dispatcher", task_opened=["in-app", "robot"])
    case_id = begin(app, business_key="JB_17")
    assert send(app) == 2

    sent = {path: json.loads(body) for path, _, body in group.calls}
    (ding, said), (corp, told) = sorted(sent.items(), key=lambda one: "cgi-bin" in one[0])
    link = f"https://office.example.org/tasks/{case_id}.five_steps.accept.1"
    assert corp == "/cgi-bin/webhook/send?key=K1"
    assert told == {
        "msgtype": "markdown",
        "markdown": {"content": f"### 新任务待签收：平台受理\n> 编号：JB\\_17\n\n[打开]({link})"},
    }
    assert said == {
        "msgtype": "markdown",
        "markdown": {
            "title": "新任务待签收：平台受理",
            "text": f"### 新任务待签收：平台受理\n\n> 编号：JB\\_17\n\n\n\n[打开]({link})",
        },
    }
    query = parse_qs(urlsplit(ding).query)
    milliseconds = str(int(app.clock.now().timestamp() * 1000))
    text = f"{milliseconds}\nSEC/ret".encode()
    proof = base64.b64encode(hmac.new(b"SEC/ret", text, hashlib.sha256).digest()).decode()
    assert query == {"access_token": ["T1"], "timestamp": [milliseconds], "sign": [proof]}


def test_the_group_hears_once_and_only_what_somebody_concerned_wants(any_app, group):
    app = office(any_app, wecom(group))
    begin(app)
    assert send(app) == 0
    # Whom it does not concern, and who wants other news.
    choose(app, "dept_head", task_opened=["robot"])
    choose(app, "street_dispatcher", task_assigned=["robot"], notice=["robot"])
    begin(app)
    assert send(app) == 0
    choose(app, "street_dispatcher", task_opened=["robot"])
    choose(app, "admin", task_opened=["robot"])
    begin(app)

    assert (send(app), send(app), len(group.calls)) == (1, 0, 1)


def test_a_robot_that_refuses_is_tried_again_and_one_that_is_none_is_not(app, group):
    app = office(app, wecom(group))
    choose(app, "street_dispatcher", task_opened=["robot"])
    group.answers = [b'{"errcode": 45009, "errmsg": "too often"}', b"<html>", TAKEN]
    begin(app)
    arrived = []
    for seconds in (0, 30, 120):
        timers.advance(app, seconds=seconds) if seconds else None
        arrived.append(send(app))
    assert (arrived, len(group.calls)) == ([0, 0, 1], 3)

    group.answers = [b'{"errcode": 93000, "errmsg": "invalid webhook url"}', TAKEN]
    begin(app)
    assert send(app) == 0
    timers.advance(app, seconds=3600)
    assert (send(app), len(group.calls)) == (0, 4)


def test_what_was_done_meanwhile_is_no_news_for_the_group(app, group):
    app = office(app, wecom(group))
    choose(app, "street_dispatcher", task_opened=["robot"])
    case_id = begin(app)
    outbox.deliver_all(app)
    actor = identities.actor(app, "street_dispatcher")
    cases.handle(app, actor, case_id, CompleteTask("five_steps.accept.1", "accept", {}))

    assert (notices.send_due(app), group.calls) == (0, [])


def test_a_warning_of_the_whistle_reaches_bell_mail_and_group(app, group):
    """T1: the department's sign limit warns; the liaison hears of it by all three ways."""
    with mailbox() as box:
        settings = replace(app.settings, smtp_url=box.url(), robot_urls=dingtalk(group))
        app = replace(app, settings=settings)
        with app.database.writing() as tx:
            contacts.put(tx, "dept_liaison", email="liaison@example.org", by_mail=True)
        choose(app, "dept_liaison", notice=["in-app", "mail", "robot"], task_opened=[])
        case_id = report(app)
        accepted = {"item_code": "ZL-02-001", "urgency": "normal", "self_test": "no"}
        routed = {"variant": "quick_response", "lead": "D04", "co_codes": ""}
        for name, element, outcome, data in (
            ("street_dispatcher", "accept", "accept", accepted),
            ("street_analyst", "analyse", "whistle", routed),
        ):
            command = CompleteTask(f"whistle_report.{element}.1", outcome, data)
            cases.handle(app, identities.actor(app, name), case_id, command)
        send(app)
        liaison = identities.actor(app, "dept_liaison")
        assert (group.calls, box.mails, views.contact(app, liaison)["unread"]) == ([], [], 0)
        armed = views.case(app, identities.actor(app, "admin"), case_id)["timers"]
        timers.advance(app, to=min(parse(one["due_at"]) for one in armed))
        send(app)

        assert [mail["Subject"][:7] for _, mail in box.mails] == ["[闭环] 提醒"]
        ((_, _, body),) = group.calls
        assert json.loads(body)["markdown"]["title"].startswith("提醒：")
        assert views.contact(app, liaison)["unread"] == 1
        choose(app, "dept_liaison", notice=["mail"])
        assert views.contact(app, liaison)["unread"] == 0


def test_people_choose_by_call_and_on_their_page(any_app, group):
    app = office(any_app, wecom(group))
    caller = callers(app)("dept_head")
    usual = {kind: ["in-app", "mail"] for kind in contacts.KINDS}
    assert caller.get("/me/notifications").get_json() == {
        "kinds": usual, "channels": ["in-app", "robot"],
    }  # fmt: skip

    def put(body):
        headers = {**caller.headers, "Content-Type": "application/json"}
        client = caller.server.test_client(use_cookies=False)
        return client.put("/api/v1/me/notifications", data=json.dumps(body), headers=headers)

    chosen = put({"kinds": {"notice": ["robot", "robot"]}})
    assert chosen.get_json()["kinds"] == usual | {"notice": ["robot"]}
    assert problem_of(put({"kinds": {"weather": ["mail"]}})) == (422, "invalid-data")
    assert problem_of(put({"kinds": {"notice": ["pigeon"]}})) == (422, "invalid-data")

    client = caller.server.test_client(use_cookies=False)
    ticked = {"wish": ["task-opened robot", "notice in-app"]}
    assert client.post("/me/notifications", data=ticked, headers=caller.headers).status_code == 303
    kinds = caller.get("/me/notifications").get_json()["kinds"]
    assert kinds == {"task-opened": ["robot"], "task-assigned": [], "notice": ["in-app"]}
    page = client.get("/me", headers=caller.headers).get_data(as_text=True)
    assert 'value="task-opened robot" aria-label="新任务待签收：群机器人" checked' in page


def test_a_choice_keeps_the_address_and_an_address_keeps_the_choice(app):
    choose(app, "dept_head", notice=["robot"])
    with app.database.writing() as tx:
        contacts.put(tx, "dept_head", email="a@example.org", by_mail=True)
        kept = contacts.read(tx, "dept_head")
        with pytest.raises(InvalidData):
            contacts.choose(tx, "dept_head", {"notice": ["pigeon"]})

    assert (kept.email, kept.chosen["notice"]) == ("a@example.org", ["robot"])
    assert (kept.wants("notice", "mail"), kept.wants("task-opened", "mail")) == (False, True)


def test_a_message_is_one_of_plain_lines_and_not_too_long():
    text = robots.Text("a*b\nc", ["[x](http://evil.example.org)"] + ["长" * 300] * 9, "L", "打开")
    url = "wecom+https://qyapi.weixin.qq.com/send?key=K"
    content = json.loads(robots.body_of(url, text))["markdown"]["content"]

    assert content.splitlines()[:2] == [
        "### a\\*b c", "> \\[x\\](http://evil.example.org)",
    ]  # fmt: skip
    assert len(content.encode()) <= robots.MOST_BYTES


def test_dingtalk_without_a_secret_is_not_signed():
    url = "dingtalk+https://oapi.dingtalk.com/robot/send?access_token=T"

    assert robots.address_of(url, AT) == "https://oapi.dingtalk.com/robot/send?access_token=T"


@pytest.mark.parametrize(
    "value",
    [
        "https://qyapi.weixin.qq.com/send?key=hunter2",
        "wecom+http://example.org/send?key=hunter2",
        "wecom+https://example.org/send",
        "slack+https://example.org/send?key=hunter2",
        "dingtalk+https://:hunter2@[example.org/send?access_token=T",
    ],
)
def test_what_is_no_robot_is_refused_without_its_secret(value):
    with pytest.raises(ValueError, match="ROBOT_URLS") as refusal:
        from_environment({"ROBOT_URLS": value})

    assert "hunter2" not in str(refusal.value)
