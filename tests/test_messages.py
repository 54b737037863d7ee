"""Messages, signals and jobs between cases: one receiver, once, and never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import cases, deployments, identities, messages, outbox, replay, store, timers, views
from engine.access import Actor
from engine.application import Application
from engine.cases import Once
from engine.commands import CompleteTask, SuspendCase
from engine.database import Database
from engine.errors import Busy, NotAllowed
from engine.retention import tidy
from engine.sealing import find_sealed
from engine.tables import buffered, incidents
from engine.tables import outbox as outbox_table
from tests.memory import file, flows

ROOTS = (
    '<message id="M" name="paid"/><message id="N" name="ordered"/><message id="Q" name="asked"/>'
    '<signal id="S" name="alarm"/>'
)
MESSAGE = '<messageEventDefinition messageRef="M"/>'
SIGNAL = '<signalEventDefinition signalRef="S"/>'


def properties(**values: str) -> str:
    written = "".join(f'<camunda:property name="{k}" value="{v}"/>' for k, v in values.items())
    return (
        f"<extensionElements><camunda:properties>{written}</camunda:properties></extensionElements>"
    )


def process(key: str, body: str) -> str:
    return f'<process id="{key}" isExecutable="true">{body}</process>'


def deploy(app: Application, *processes: str, **forms: bytes) -> None:
    files = {f"{n}.bpmn": file(ROOTS + one) for n, one in enumerate(processes)}
    files.update({f"{name}.json": content for name, content in forms.items()})
    findings = deployments.check(app, files)
    assert [one for one in findings if one.severity == "error"] == []
    deployments.deploy(app, identities.operator(), files)


WAITS = process(
    "waits",
    '<startEvent id="s"/><intermediateCatchEvent id="wait">'
    + properties(correlate="order")
    + MESSAGE
    + '</intermediateCatchEvent><userTask id="t"/>'
    + flows("s > wait > t"),
)
"""Awaits the message "paid" of its order."""

LATER = process(
    "later",
    '<startEvent id="s"/><userTask id="first"/><intermediateCatchEvent id="wait">'
    + properties(correlate="order")
    + MESSAGE
    + '</intermediateCatchEvent><userTask id="t"/>'
    + flows("s > first > wait > t"),
)
"""Awaits it only after a task."""

PAYS = process(
    "pays",
    '<startEvent id="s"/><userTask id="first"/><intermediateThrowEvent id="pay">'
    + properties(correlate="order", payload="{'amount': amount}")
    + MESSAGE
    + '</intermediateThrowEvent><userTask id="t"/>'
    + flows("s > first > pay > t"),
)
"""Sends it after a task."""

ALARMED = process(
    "alarmed",
    f'<startEvent id="s"/><intermediateCatchEvent id="wait">{SIGNAL}</intermediateCatchEvent>'
    '<userTask id="t"/>' + flows("s > wait > t"),
)

ORDERED = process(
    "ordered",
    '<startEvent id="s">'
    + properties(correlate="order")
    + '<messageEventDefinition messageRef="N"/></startEvent><userTask id="t"/>'
    + flows("s > t"),
)


@pytest.fixture
def admin(any_app) -> Actor:
    return identities.actor(any_app, "admin")


def begin(app: Application, process: str, **data: Any) -> str:
    answer = cases.start(app, identities.actor(app, "admin"), process=process, data=data)
    return answer.case_id


def complete(app: Application, case_id: str, task: str, **data: Any) -> None:
    cases.handle(app, identities.actor(app, "admin"), case_id, CompleteTask(task, None, data))


def stands_at(app: Application, case_id: str) -> list[str]:
    shown = views.case(app, identities.actor(app, "admin"), case_id)
    return [one["element"] for one in shown["tasks"]]


def kinds(app: Application, case_id: str) -> list[str]:
    with app.database.reading() as tx:
        return [one.document()["command"]["type"] for one in store.read_entries(tx, case_id)]


def assert_proved(app: Application) -> None:
    ids = replay.case_ids(app)
    assert [one for one in replay.replay(app, ids) if one is not None] == []
    assert [one for one in replay.verify_cases(app, ids) if one is not None] == []


def pay(app: Application, order: Any, **how: Any) -> Any:
    admin = identities.actor(app, "admin")
    return messages.correlate(app, admin, "paid", {"order": order}, {"amount": 5}, **how)


# -- one receiver ---------------------------------------------------------------------


def test_a_message_finds_its_case_by_its_keys(any_app):
    app = any_app
    deploy(app, WAITS)
    one, other = begin(app, "waits", order="a"), begin(app, "waits", order="b")

    answer = pay(app, "b")

    assert (answer.status, answer.case_id) == (200, other)
    assert (stands_at(app, one), stands_at(app, other)) == ([], ["t"])
    assert_proved(app)


def test_further_keys_that_nobody_asks_for_do_no_harm(any_app, admin):
    app = any_app
    deploy(app, WAITS)
    one = begin(app, "waits", order="a")

    answer = messages.correlate(app, admin, "paid", {"order": "a", "bank": "x"}, {})

    assert (answer.status, answer.case_id) == (200, one)


@pytest.mark.parametrize("order", ["b", 1, True, None, ["a"], {"a": 1}, "A", " a"])
def test_keys_that_differ_find_nobody(any_app, order):
    deploy(any_app, WAITS)
    one = begin(any_app, "waits", order="a")

    assert pay(any_app, order).status == 202
    assert kinds(any_app, one) == ["start_case"]


def test_of_two_that_wait_alike_each_message_reaches_one(any_app):
    app = any_app
    deploy(app, WAITS)
    both = sorted(begin(app, "waits", order="a") for _ in range(2))

    reached = [pay(app, "a").case_id for _ in range(2)]

    assert reached == both
    assert pay(app, "a").status == 202


def test_the_payload_of_a_case_arrives_in_the_other(any_app, admin):
    app = any_app
    deploy(app, WAITS, PAYS)
    receiver, sender = begin(app, "waits", order="a"), begin(app, "pays", order="a", amount=7)

    complete(app, sender, "pays.first.1")

    assert (stands_at(app, sender), stands_at(app, receiver)) == (["t"], ["t"])
    assert views.case(app, admin, receiver)["data"]["amount"] == 7
    assert_proved(app)


def test_who_has_no_right_to_the_waiting_case_is_refused(any_app):
    # It is refused once, not looked up again and again.
    deploy(any_app, WAITS)
    one = begin(any_app, "waits", order="a")
    expert = identities.actor(any_app, "visitor")

    with pytest.raises(NotAllowed) as refusal:
        messages.correlate(any_app, expert, "paid", {"order": "a"}, {})

    assert one not in str(refusal.value)
    assert kinds(any_app, one) == ["start_case"]


# -- starting ---------------------------------------------------------------------------


def test_a_message_starts_one_case_however_often_it_comes(any_app, admin):
    app = any_app
    deploy(app, ORDERED)

    answers = [
        messages.correlate(app, admin, "ordered", {"order": "a"}, {}, once=Once("r", key))
        for key in ("k1", "k1", "k2", None)
    ]

    assert [one.status for one in answers] == [201, 201, 200, 200]
    assert len({one.case_id for one in answers}) == 1
    assert messages.correlate(app, admin, "ordered", {"order": "b"}, {}).status == 201
    assert len(replay.case_ids(app)) == 2


def test_messages_without_keys_start_a_case_each(any_app, admin):
    deploy(any_app, ORDERED)

    answers = [messages.correlate(any_app, admin, "ordered", {}, {}) for _ in range(2)]

    assert [one.status for one in answers] == [201, 201]
    assert len(replay.case_ids(any_app)) == 2


def test_a_running_case_comes_before_a_new_one(any_app, admin):
    app = any_app
    deploy(
        app,
        ORDERED,
        process(
            "waits_for_order",
            '<startEvent id="s"/><receiveTask id="wait" messageRef="N"/>' + flows("s > wait"),
        ),
    )
    waiting = begin(app, "waits_for_order")

    answer = messages.correlate(app, admin, "ordered", {"order": "a"}, {})

    assert (answer.status, answer.case_id) == (200, waiting)


# -- keeping -----------------------------------------------------------------------------


def test_a_message_that_comes_too_early_is_received_later(any_app, admin):
    app = any_app
    deploy(app, LATER)
    one = begin(app, "later", order="a")
    assert pay(app, "a").status == 202

    complete(app, one, "later.first.1")

    assert stands_at(app, one) == ["t"]
    assert kinds(app, one) == ["start_case", "complete_task", "correlate_message"]
    assert views.case(app, admin, one)["data"]["amount"] == 5
    assert_proved(app)


def test_a_kept_message_is_received_once(any_app):
    app = any_app
    deploy(app, LATER)
    both = [begin(app, "later", order="a") for _ in range(2)]
    pay(app, "a")

    for one in both:
        complete(app, one, "later.first.1")

    assert [stands_at(app, one) for one in both] == [["t"], []]
    assert pay(app, "a").case_id == both[1]


def test_a_kept_message_expires_after_a_day(any_app):
    app = any_app
    deploy(app, LATER)
    one = begin(app, "later", order="a")
    assert pay(app, "a").body["expires_at"] == "2026-09-15T01:00:00Z"

    app.clock.set(app.clock.now() + timedelta(days=1))
    complete(app, one, "later.first.1")

    assert stands_at(app, one) == []
    with app.database.writing() as tx:
        tidy(tx, app.clock.now())
    with app.database.reading() as tx:
        assert tx.all(_KEPT, {}) == []


_KEPT = sa.select(buffered.c.name, buffered.c.data)


def test_the_same_request_is_kept_once(any_app):
    once = Once("POST /messages", "k", b"body")

    answers = [pay(any_app, "a", once=once) for _ in range(2)]

    assert [one.status for one in answers] == [202, 202]
    assert answers[0].body == answers[1].body
    with any_app.database.reading() as tx:
        assert len(tx.all(_KEPT, {})) == 1


def test_a_process_that_stopped_before_it_offered_a_kept_message_is_made_up_for(any_app):
    app = any_app
    deploy(app, LATER)
    one = begin(app, "later", order="a")
    pay(app, "a")
    # Directly after its commit, before anything is handed on, the process stops.
    stopped = replace(app, deliver=lambda _app, _case: None)
    complete(stopped, one, "later.first.1")
    assert stands_at(app, one) == []

    timers.tick(app)

    assert stands_at(app, one) == ["t"]


# -- personal values -----------------------------------------------------------------------

FORM = (
    b'{"type": "default", "id": "who", "components": ['
    b'{"type": "textfield", "key": "amount", "label": "Who"},'
    b'{"type": "textfield", "key": "order", "label": "Order", "personal": false}]}'
)


def personal(body: str) -> str:
    return body.replace('<userTask id="first"/>', '<userTask id="first" camunda:formKey="who"/>')


def in_plain(app: Application, words: str) -> list[str]:
    """Return the tables in which these words can be read, besides the sealed values."""
    from tests import rows

    return [
        name
        for name, found in rows.everything(app).items()
        if name != "sealed" and words in repr(found)
    ]


@pytest.mark.parametrize("early", [True, False])
def test_what_a_case_has_sealed_is_sealed_again_in_the_receiver(any_app, admin, early):
    app = any_app
    deploy(app, LATER, personal(PAYS), who=FORM)
    receiver, sender = begin(app, "later", order="a"), begin(app, "pays", order="a")

    if early:
        complete(app, sender, "pays.first.1", amount="Zhang San", order="a")
        complete(app, receiver, "later.first.1")
    else:
        complete(app, receiver, "later.first.1")
        complete(app, sender, "pays.first.1", amount="Zhang San", order="a")

    assert stands_at(app, receiver) == ["t"]
    assert in_plain(app, "Zhang San") == []
    with app.database.reading() as tx:
        row = store.read_case(tx, receiver)
        sealed = find_sealed(row.snapshot().data[""]["amount"])
        assert [store.get_sealed(tx, receiver)[one] for one, _ in sealed] == [b'"Zhang San"']
    assert_proved(app)


def test_a_case_that_a_message_starts_seals_what_it_brings(any_app):
    app = any_app
    asks = PAYS.replace("pays", "asks").replace('"M"', '"N"')
    deploy(app, ORDERED, personal(asks), who=FORM)
    sender = begin(app, "asks", order="a")

    complete(app, sender, "asks.first.1", amount="Zhang San", order="a")

    (started,) = set(replay.case_ids(app)) - {sender}
    assert in_plain(app, "Zhang San") == []
    with app.database.reading() as tx:
        assert list(store.get_sealed(tx, started).values()) == [b'"Zhang San"']


# -- signals -------------------------------------------------------------------------------


def test_a_signal_reaches_all_who_wait_and_is_not_kept(any_app, admin):
    app = any_app
    deploy(app, ALARMED)
    waiting = [begin(app, "alarmed") for _ in range(3)]

    answer = messages.broadcast(app, admin, "alarm", {})
    late = begin(app, "alarmed")

    assert answer.body["cases"] == sorted(waiting)
    assert [stands_at(app, one) for one in [*waiting, late]] == [["t"], ["t"], ["t"], []]
    assert_proved(app)


def test_a_suspended_case_does_not_keep_others_from_hearing_a_signal(any_app, admin):
    app = any_app
    deploy(app, ALARMED)
    held, *others = sorted(begin(app, "alarmed") for _ in range(3))
    cases.handle(app, admin, held, SuspendCase(reason="x"))

    answer = messages.broadcast(app, admin, "alarm", {})

    assert answer.body["cases"] == others


def test_a_signal_starts_what_it_starts_once_per_request(any_app, admin):
    app = any_app
    body = f'<startEvent id="s">{SIGNAL}</startEvent><userTask id="t"/>' + flows("s > t")
    deploy(app, process("one", body), process("two", body))

    for key in ("k1", "k1", "k2"):
        messages.broadcast(app, admin, "alarm", {}, once=Once("r", key))

    with app.database.reading() as tx:
        started = sorted(store.read_case(tx, one).process for one in replay.case_ids(app))
    assert started == ["one", "one", "two", "two"]


# -- deliveries ------------------------------------------------------------------------------

_ROWS = sa.select(*outbox_table.c).order_by(outbox_table.c.case_id, outbox_table.c.position)
_AGAIN = (
    sa.update(outbox_table)
    .where(outbox_table.c.case_id == p("of_case"))
    .values(next_at=p("at"), delivered_at=None)
)
_INCIDENTS = sa.select(incidents.c.case_id, incidents.c.element, incidents.c.code)


def deliveries(app: Application) -> list[outbox.Delivery]:
    with app.database.reading() as tx:
        return [outbox.Delivery(*row) for row in tx.all(_ROWS, {})]


def forget(app: Application, case_id: str) -> None:
    """As if the process had stopped before it noted that the case's deliveries were made."""
    with app.database.writing() as tx:
        tx.run(_AGAIN, {"of_case": case_id, "at": app.clock.now()})


def broken(app: Application) -> list[tuple[str, str, str]]:
    with app.database.reading() as tx:
        return [tuple(row) for row in tx.all(_INCIDENTS, {})]


@pytest.mark.parametrize("again", [1, 3])
def test_a_delivery_made_twice_counts_once(any_app, again):
    app = any_app
    deploy(app, WAITS, PAYS)
    first, second = sorted(begin(app, "waits", order="a") for _ in range(2))
    sender = begin(app, "pays", order="a", amount=7)
    complete(app, sender, "pays.first.1")
    assert (stands_at(app, first), stands_at(app, second)) == (["t"], [])

    for _ in range(again):
        forget(app, sender)
        timers.tick(app)

    assert kinds(app, first) == ["start_case", "correlate_message"]
    assert kinds(app, second) == ["start_case"]
    assert [one.delivered_at is None for one in deliveries(app)] == [False]


def test_a_case_started_by_a_delivery_made_twice_is_one(any_app):
    app = any_app
    deploy(app, ORDERED.replace(properties(correlate="order"), ""), PAYS.replace('"M"', '"N"'))
    sender = begin(app, "pays", order="a", amount=7)
    complete(app, sender, "pays.first.1")
    assert len(replay.case_ids(app)) == 2

    forget(app, sender)
    timers.tick(app)

    assert len(replay.case_ids(app)) == 2


def job(topic: str, inputs: str = "") -> str:
    return process(
        "works",
        f'<startEvent id="s"/><userTask id="first"/><serviceTask id="work" camunda:topic="{topic}">'
        f"<extensionElements><camunda:inputOutput>{inputs}"
        "<camunda:outputParameter name=\"got\">${value('number')}</camunda:outputParameter>"
        '</camunda:inputOutput></extensionElements></serviceTask><userTask id="t"/>'
        + flows("s > first > work > t"),
    )


def test_a_job_whose_result_came_twice_counts_once(any_app):
    app = any_app
    deploy(app, job("next-number"))
    one = begin(app, "works")
    complete(app, one, "works.first.1")

    forget(app, one)
    timers.tick(app)

    assert kinds(app, one) == ["start_case", "complete_task", "complete_job"]
    assert_proved(app)


def test_a_job_of_a_stopped_process_is_done_by_the_next(any_app):
    app = any_app
    deploy(app, job("next-number"))
    one = begin(app, "works")
    stopped = replace(app, deliver=lambda _app, _case: None)
    complete(stopped, one, "works.first.1")
    assert stands_at(app, one) == []

    timers.tick(app)

    assert stands_at(app, one) == ["t"]


TWO_JOBS = process(
    "works",
    '<startEvent id="s"/><userTask id="first"/><serviceTask id="work" camunda:topic="notify"/>'
    '<serviceTask id="again" camunda:topic="notify"/><userTask id="t"/>'
    + flows("s > first > work > again > t"),
)


class StoppedError(BaseException):
    """The process ends here."""


def test_that_a_job_is_done_is_written_with_its_result(any_app):
    app = any_app
    deploy(app, TWO_JOBS)
    one = begin(app, "works")

    def stop(_app: Application, _case_id: str) -> None:
        # Directly after the commit of the first job's result, with which the second begins.
        if kinds(app, one)[-1] == "complete_job":
            raise StoppedError
        outbox.deliver(replace(app, deliver=stop), one)

    with pytest.raises(StoppedError):
        complete(replace(app, deliver=stop), one, "works.first.1")

    assert kinds(app, one) == ["start_case", "complete_task", "complete_job"]
    assert [one.delivered_at is None for one in deliveries(app)] == [False, True]


def test_an_unknown_topic_waits_for_a_program(any_app):
    deploy(any_app, job("somewhere-else"))
    one = begin(any_app, "works")

    complete(any_app, one, "works.first.1")

    assert (deliveries(any_app), stands_at(any_app, one), broken(any_app)) == ([], [], [])


def test_a_topic_that_cannot_use_its_input_is_an_incident_of_the_case(any_app):
    app = any_app
    inputs = '<camunda:inputParameter name="process">no_such</camunda:inputParameter>'
    deploy(app, job("start-case", inputs))
    one = begin(app, "works")

    complete(app, one, "works.first.1")

    assert [(case, element) for case, element, _ in broken(app)] == [(one, "work")]
    assert_proved(app)


def test_input_that_breaks_a_topic_is_an_incident_of_one_case(any_app):
    # A number beyond all days of the calendar: whatever it raises, other cases go on.
    app = any_app
    inputs = (
        '<camunda:inputParameter name="days"><camunda:script scriptFormat="python">1e300'
        "</camunda:script></camunda:inputParameter>"
        '<camunda:inputParameter name="item_code">a</camunda:inputParameter>'
    )
    deploy(app, job("find-duplicates", inputs), PAYS, WAITS)
    one = begin(app, "works")
    complete(app, one, "works.first.1")
    receiver, sender = begin(app, "waits", order="a"), begin(app, "pays", order="a", amount=7)
    complete(app, sender, "pays.first.1")

    for _ in range(8):
        app.clock.set(app.clock.now() + timedelta(hours=2))
        timers.tick(app)

    assert stands_at(app, receiver) == ["t"]
    assert [case for case, _, _ in broken(app)] == [one]
    assert_proved(app)


class Away(Database):
    """A database on which nothing can be written for a while."""

    away = False

    def writing(self) -> Any:
        if self.away:
            raise Busy("The database is away.")
        return super().writing()


def test_a_delivery_to_a_suspended_case_is_made_once_it_is_resumed(any_app, admin):
    from engine.commands import ResumeCase

    app = any_app
    deploy(app, WAITS, PAYS)
    receiver, sender = begin(app, "waits", order="a"), begin(app, "pays", order="a", amount=7)
    cases.handle(app, admin, receiver, SuspendCase(reason="x"))
    complete(app, sender, "pays.first.1")

    for _ in range(8):
        app.clock.set(app.clock.now() + timedelta(hours=3))
        timers.tick(app)
    assert broken(app) == []
    cases.handle(app, admin, receiver, ResumeCase())
    app.clock.set(app.clock.now() + timedelta(hours=3))
    timers.tick(app)

    assert stands_at(app, receiver) == ["t"]


def test_a_delivery_that_fails_for_good_becomes_an_incident_of_the_sender(any_app):
    # The process that the message starts demands a form that the message does not fill.
    app = any_app
    form = FORM.replace(b'"label": "Who"', b'"label": "Who", "validate": {"required": true}')
    demanding = ORDERED.replace('<startEvent id="s">', '<startEvent id="s" camunda:formKey="who">')
    deploy(app, demanding, PAYS.replace('"M"', '"N"'), who=form)
    sender = begin(app, "pays", order="a", amount=None)

    complete(app, sender, "pays.first.1")
    assert (stands_at(app, sender), broken(app)) == (["t"], [])
    tried = []
    for _ in range(8):
        app.clock.set(app.clock.now() + timedelta(hours=2))
        timers.tick(app)
        tried.append(deliveries(app)[0].attempts)

    assert tried == [2, 3, 4, 5, 6, 6, 6, 6]
    assert broken(app) == [(sender, "pay", "delivery-failed")]
    assert len(replay.case_ids(app)) == 1
    assert_proved(app)


def test_a_failing_delivery_does_not_undo_the_command_that_sent_it(any_app, admin):
    app = any_app
    deploy(app, WAITS, PAYS)
    sender = begin(app, "pays", order="a", amount=7)

    def fail(_app: Application, _case: str) -> None:
        app.database.__class__ = Away
        app.database.away = True
        try:
            outbox.deliver(app, sender)
        finally:
            app.database.away = False

    answer = cases.handle(replace(app, deliver=fail), admin, sender, CompleteTask("pays.first.1"))

    assert (answer.status, stands_at(app, sender)) == (200, ["t"])


# -- without end -----------------------------------------------------------------------------


def starts_itself(event: str) -> str:
    return process(
        "again",
        f'<startEvent id="s">{event}</startEvent><userTask id="t"/>'
        f'<parallelGateway id="g"/><intermediateThrowEvent id="throw">{event}'
        "</intermediateThrowEvent>" + flows("s > g > t", "g > throw"),
    )


JOB = process(
    "again",
    '<startEvent id="s"/><userTask id="t"/><parallelGateway id="g"/>'
    '<serviceTask id="throw" camunda:topic="start-case"><extensionElements><camunda:inputOutput>'
    '<camunda:inputParameter name="process">again</camunda:inputParameter>'
    "</camunda:inputOutput></extensionElements></serviceTask>" + flows("s > g > t", "g > throw"),
)


@pytest.mark.parametrize(
    "diagram",
    [starts_itself(MESSAGE), starts_itself(SIGNAL), JOB],
    ids=["message", "signal", "job"],
)
def test_a_process_that_starts_itself_is_cut_off(any_app, admin, diagram):
    app = any_app
    deploy(app, diagram)

    if "signalEvent" in diagram:
        messages.broadcast(app, admin, "alarm", {})
    elif "messageEvent" in diagram:
        messages.correlate(app, admin, "paid", {}, {})
    else:
        begin(app, "again")

    assert len(replay.case_ids(app)) == 51
    assert [element for _, element, _ in broken(app)] == ["throw"]
    for _ in range(3):
        app.clock.set(app.clock.now() + timedelta(days=1))
        timers.tick(app)
    assert len(replay.case_ids(app)) == 51
    assert_proved(app)


def test_a_chain_that_does_not_grow_at_once_goes_on(any_app, admin):
    # A report that starts the next one after an hour, for years.
    app = any_app
    hour = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    diagram = process(
        "again",
        f'<startEvent id="s">{MESSAGE}</startEvent>'
        f'<intermediateCatchEvent id="wait">{hour}</intermediateCatchEvent>'
        f'<intermediateThrowEvent id="throw">{MESSAGE}</intermediateThrowEvent><endEvent id="e"/>'
        + flows("s > wait > throw > e"),
    )
    deploy(app, diagram)
    messages.correlate(app, admin, "paid", {}, {})

    for _ in range(60):
        app.clock.set(app.clock.now() + timedelta(hours=1))
        timers.tick(app)

    assert len(replay.case_ids(app)) == 61


def test_cases_that_answer_each_other_without_end_hold_nobody_else(any_app, admin):
    app = any_app
    ping = process(
        "ping",
        '<startEvent id="s"/><exclusiveGateway id="g"/>'
        f'<intermediateThrowEvent id="throw">{MESSAGE}</intermediateThrowEvent>'
        '<receiveTask id="wait" messageRef="Q"/>' + flows("s > g > throw > wait > g"),
    )
    pong = process(
        "pong",
        '<startEvent id="s"/><exclusiveGateway id="g"/><receiveTask id="wait" messageRef="M"/>'
        '<intermediateThrowEvent id="throw"><messageEventDefinition messageRef="Q"/>'
        "</intermediateThrowEvent>" + flows("s > g > wait > throw > g"),
    )
    deploy(app, ping, pong, WAITS)
    one, other = begin(app, "pong"), begin(app, "waits", order="a")

    answer = cases.start(app, admin, process="ping", data={})
    before = len(kinds(app, one))
    timers.tick(app)

    assert answer.status == 201
    assert 1 < before < len(kinds(app, one)) < 2000
    assert pay(app, "a").case_id == other
