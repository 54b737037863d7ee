"""Several at once: one wins, the others are told, and nothing is done by halves."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from engine import cases, deployments, identities, messages, store, timers, topics
from engine import replay as replaying
from engine.application import Application, open_application
from engine.cases import Once
from engine.clock import ManualClock, SteppingClock
from engine.commands import AddComment, ClaimTask, CompleteTask
from engine.errors import Busy
from engine.kernel import Kernel
from engine.settings import Settings
from tests.at_once import at_once, tally
from tests.conftest import FIVE_STEPS, MONDAY, _count
from tests.kills.server import Killable
from tests.memory import flows, process

ROUNDS = 6
ACCEPT = "five_steps.accept.1"


@pytest.fixture
def nodes(any_url, sandbox) -> Iterator[list[Application]]:
    """Two applications on one database: they share no lock and no connection."""
    clock = SteppingClock(MONDAY)
    opened = [
        open_application(Settings(database_url=any_url), clock=clock, sandbox=sandbox)
        for _ in range(2)
    ]
    yield opened
    for one in opened:
        one.database.close()


def a_case(app: Application, process: str = "five_steps") -> str:
    actor = identities.actor(app, "street_dispatcher")
    return cases.start(app, actor, process=process, data={}).case_id


def colleagues(app: Application, count: int) -> list[Any]:
    """Return new users with the roles of the demo city's street dispatcher."""
    roles = sorted(identities.actor(app, "street_dispatcher").grants)
    names = [f"dispatcher{next(_count)}" for _ in range(count)]
    for name in names:
        identities.add_user(app, name, roles=roles, by="@test")
    return [identities.actor(app, name) for name in names]


def commands_of(app: Application, stream: str) -> list[str]:
    with app.database.reading() as tx:
        return [one.document()["command"]["type"] for one in store.read_entries(tx, stream)]


def assert_proved(app: Application) -> None:
    ids = replaying.case_ids(app)
    assert [one for one in replaying.replay(app, ids) if one is not None] == []
    assert [one for one in replaying.verify_cases(app, ids) if one is not None] == []
    assert list(replaying.verify_rest(app)) == []


def comment(app: Application, actor: Any, case_id: str, words: str, **how: Any) -> Any:
    return cases.handle(app, actor, case_id, AddComment(ACCEPT, words), **how)


# -- one task, one case ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "refusal"),
    [(ClaimTask(ACCEPT), "already-claimed"), (CompleteTask(ACCEPT, "accept"), "task-not-open")],
    ids=["claim", "complete"],
)
def test_one_of_three_people_gets_the_task(nodes, command, refusal):
    one, other = nodes
    ann, bob, eve = colleagues(one, 3)

    for _ in range(ROUNDS):
        case_id = a_case(one)
        results = at_once(
            lambda case_id=case_id: cases.handle(one, ann, case_id, command),
            lambda case_id=case_id: cases.handle(one, bob, case_id, command),
            lambda case_id=case_id: cases.handle(other, eve, case_id, command),
        )

        assert tally(results) == {200: 1, refusal: 2}
        assert commands_of(one, case_id) == ["start_case", command.type]
    assert_proved(one)


def test_of_two_with_the_same_etag_the_second_is_stale(nodes):
    one, other = nodes
    ann, bob = colleagues(one, 2)
    claim = ClaimTask(ACCEPT)

    for _ in range(ROUNDS):
        case_id = a_case(one)
        results = at_once(
            lambda case_id=case_id: cases.handle(one, ann, case_id, claim, if_match='"1"'),
            lambda case_id=case_id: cases.handle(other, bob, case_id, claim, if_match='"1"'),
        )

        assert tally(results) == {200: 1, "stale": 1}


def test_commands_that_do_not_exclude_each_other_are_all_done(nodes):
    people = colleagues(nodes[0], 4)
    case_id = a_case(nodes[0])

    def act(number: int) -> Any:
        # Whom three others have outrun is told to try again, and does.
        for _ in range(20):
            try:
                return comment(nodes[number % 2], people[number], case_id, f"words {number}")
            except Busy:
                continue
        raise AssertionError("busy for ever")

    results = at_once(*(lambda number=number: act(number) for number in range(4)))

    assert tally(results) == {200: 4}
    assert commands_of(nodes[0], case_id) == ["start_case"] + ["add_comment"] * 4
    assert_proved(nodes[0])


class Meddler:
    """The kernel; while it works on a command, somebody else changes the case."""

    def __init__(self, act: Any, times: int) -> None:
        self._kernel, self._act, self.times = Kernel(), act, times
        self.name, self.semantics = self._kernel.name, self._kernel.semantics
        self.task = self._kernel.task

    def apply(self, *args: Any, **how: Any) -> Any:
        applied = self._kernel.apply(*args, **how)
        if self.times:
            self.times -= 1
            self._act()
        return applied


@pytest.mark.parametrize("times", [1, 2])
def test_a_case_that_changed_meanwhile_is_read_again(nodes, times):
    one, other = nodes
    ann, bob = colleagues(one, 2)
    case_id = a_case(one)
    meddler = Meddler(lambda: comment(other, bob, case_id, "between"), times)
    disturbed = replace(one, executors={"kernel": meddler})

    answer = cases.handle(disturbed, ann, case_id, CompleteTask(ACCEPT, "accept"))

    assert (answer.status, answer.body["position"], meddler.times) == (200, times + 2, 0)
    assert commands_of(one, case_id) == ["start_case", *["add_comment"] * times, "complete_task"]
    assert_proved(one)


def test_who_is_outrun_three_times_is_told_to_try_again(nodes):
    one, other = nodes
    ann, bob = colleagues(one, 2)
    case_id = a_case(one)
    meddler = Meddler(lambda: comment(other, bob, case_id, "between"), 3)
    disturbed = replace(one, executors={"kernel": meddler})

    with pytest.raises(Busy) as refusal:
        cases.handle(disturbed, ann, case_id, CompleteTask(ACCEPT, "accept"))

    assert refusal.value.status == 503
    assert commands_of(one, case_id) == ["start_case"] + ["add_comment"] * 3
    assert_proved(one)


def test_a_task_that_was_completed_meanwhile_is_not_completed_again(nodes):
    one, other = nodes
    ann, bob = colleagues(one, 2)
    case_id = a_case(one)
    accept = CompleteTask(ACCEPT, "accept")
    meddler = Meddler(lambda: cases.handle(other, bob, case_id, accept), 1)
    disturbed = replace(one, executors={"kernel": meddler})

    results = at_once(lambda: cases.handle(disturbed, ann, case_id, accept))

    assert tally(results) == {"task-not-open": 1}
    assert commands_of(one, case_id) == ["start_case", "complete_task"]


# -- the same request at once ----------------------------------------------------------


def test_one_request_sent_three_times_at_once_is_done_once(nodes):
    one, other = nodes
    (ann,) = colleagues(one, 1)

    for number in range(ROUNDS):
        case_id = a_case(one)
        once = Once("POST /complete", f"key {number}", b"body")
        results = at_once(
            *(
                lambda node=node, case_id=case_id, once=once: cases.handle(
                    node, ann, case_id, CompleteTask(ACCEPT, "accept"), once=once
                )
                for node in (one, other, one)
            )
        )

        assert tally(results) == {200: 3}
        assert [answer.body for answer in results] == [results[0].body] * 3
        assert commands_of(one, case_id) == ["start_case", "complete_task"]


def test_one_start_sent_three_times_at_once_is_one_case(nodes):
    one, other = nodes
    (ann,) = colleagues(one, 1)

    for number in range(ROUNDS):
        once = Once("POST /cases", f"key {number}", b"body")
        results = at_once(
            *(
                lambda node=node, once=once: cases.start(
                    node, ann, process="five_steps", data={}, once=once
                )
                for node in (one, other, other)
            )
        )

        assert tally(results) == {201: 3}
        assert [answer.body for answer in results] == [results[0].body] * 3
        assert len(replaying.case_ids(one)) == number + 1


def test_one_message_delivered_at_once_by_two_starts_one_case(nodes):
    # Both derive the same id for the case from the same delivery, at the same moment.
    file = process(
        '<startEvent id="s"><messageEventDefinition messageRef="M"/></startEvent>'
        '<userTask id="t"/>' + flows("s > t"),
        "begun",
        '<message id="M" name="go"/>',
    )
    deployments.deploy(nodes[0], identities.operator(), {"begun.bpmn": file})
    admin = identities.actor(nodes[0], "admin")

    for number in range(ROUNDS):
        once = Once("@outbox", f"case/{number}")
        results = at_once(
            *(
                lambda node=node, once=once: messages.correlate(
                    node, admin, "go", {}, {}, once=once
                )
                for node in (*nodes, *nodes)
            )
        )

        assert tally(results) == {201: 4}
        assert len(replaying.case_ids(nodes[0])) == number + 1
    assert_proved(nodes[0])


# -- what cases share ------------------------------------------------------------------


def test_first_cases_of_a_version_start_at_once(nodes):
    # Both find that what the new version rests on has not been noted down yet.
    for number in range(ROUNDS):
        key = f"fresh{number}"
        file = process('<startEvent id="s"/><userTask id="t"/>' + flows("s > t"), key)
        deployments.deploy(nodes[0], identities.operator(), {"fresh.bpmn": file})

        results = at_once(
            *(
                lambda node=node, key=key: cases.start(
                    node, identities.actor(node, "admin"), process=key, data={}
                )
                for node in (*nodes, *nodes)
            )
        )

        assert tally(results) == {201: 4}
    assert_proved(nodes[0])


def test_a_number_is_given_once(nodes):
    case_id = a_case(nodes[0])

    def take(node: Application) -> list[str]:
        data = {"counter": "report"}
        return [
            topics.run(node, case_id, "next-number", data, key="k")["number"] for _ in range(10)
        ]

    taken = at_once(*(lambda node=node: take(node) for node in (*nodes, *nodes)))

    numbers = sorted(one for some in taken for one in some)
    assert numbers == [f"report-2026-{number:06d}" for number in range(1, 41)]


def test_versions_deployed_at_once_are_numbered_one_after_the_other(nodes):
    operator = identities.operator()

    def file(name: str) -> bytes:
        return FIVE_STEPS.read_bytes().replace(
            b'name="\xe5\x85\xac\xe5\xbc\x80"', f'name="{name}"'.encode()
        )

    results = at_once(
        *(
            lambda node=node, name=name: deployments.deploy(
                node, operator, {FIVE_STEPS.name: file(name)}
            )
            for name, node in (("A", nodes[0]), ("B", nodes[1]), ("C", nodes[1]))
        )
    )

    assert tally(results) == {201: 3}
    assert sorted(one.body["definitions"][0]["version"] for one in results) == [2, 3, 4]
    assert_proved(nodes[0])


def test_one_file_deployed_at_once_is_one_version(nodes):
    file = process('<startEvent id="s"/><userTask id="t"/>' + flows("s > t"), "fresh")

    results = at_once(
        *(
            lambda node=node: deployments.deploy(node, identities.operator(), {"fresh.bpmn": file})
            for node in (*nodes, *nodes)
        )
    )

    assert tally(results) == {201: 1, 200: 3}
    assert [one.body["definitions"][0]["version"] for one in results] == [1] * 4
    assert_proved(nodes[0])


def test_acts_of_administrators_follow_one_another(nodes):
    results = at_once(
        *(
            lambda node=node, name=name: identities.create_token(node, name, by="@test")
            for name, node in (
                ("admin", nodes[0]),
                ("auditor", nodes[1]),
                ("grid_worker", nodes[0]),
            )
        )
    )

    assert len(set(results)) == 3
    assert_proved(nodes[0])


def test_the_clock_is_moved_by_two_at_once(any_url, sandbox):
    settings = Settings(database_url=any_url, clock="manual")
    app = open_application(settings, clock=SteppingClock(MONDAY), sandbox=sandbox)
    a_case(app)

    results = at_once(*(lambda: timers.advance(app, seconds=60) for _ in range(4)))

    assert sorted(one["now"] for one in results)[-1] == "2026-09-14T01:04:00Z"
    app.database.close()


WAITS = process(
    '<startEvent id="s"/><receiveTask id="wait" messageRef="M"/><endEvent id="e"/>'
    + flows("s > wait > e"),
    "waits",
    '<message id="M" name="go"/>',
)


def test_of_several_messages_at_once_each_finds_a_case_of_its_own(nodes):
    deployments.deploy(nodes[0], identities.operator(), {"waits.bpmn": WAITS})
    waiting = [a_case(nodes[0], "waits") for _ in range(3)]
    admin = identities.actor(nodes[0], "admin")

    def send(node: Application) -> Any:
        for _ in range(20):
            try:
                return messages.correlate(node, admin, "go", {}, {})
            except Busy:
                continue
        raise AssertionError("busy for ever")

    results = at_once(*(lambda node=node: send(node) for node in (*nodes, *nodes)))

    assert tally(results) == {200: 3, 202: 1}
    assert sorted(one.case_id for one in results if one.status == 200) == sorted(waiting)
    assert_proved(nodes[0])


def test_a_kept_message_is_taken_by_one_of_two_cases_that_come_at_once(nodes):
    deployments.deploy(nodes[0], identities.operator(), {"waits.bpmn": WAITS})
    admin = identities.actor(nodes[0], "admin")

    for number in range(ROUNDS):
        assert messages.correlate(nodes[0], admin, "go", {}, {}).status == 202
        results = at_once(
            *(
                lambda node=node: cases.start(node, admin, process="waits", data={})
                for node in nodes
            )
        )
        states = sorted(one.body["state"] for one in results)
        assert states == ["completed", "open"]
        assert messages.correlate(nodes[1], admin, "go", {}, {}).status == 200
        assert len(replaying.case_ids(nodes[0])) == 2 * (number + 1)
    assert_proved(nodes[0])


# -- two servers -----------------------------------------------------------------------


class Person:
    """Sends requests to one server."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token

    def post(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
        }
        connection.request("POST", f"/api/v1{path}", json.dumps(body).encode(), headers)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        return answer.status, content


@pytest.mark.slow
@pytest.mark.postgres
def test_two_servers_on_one_database_agree_who_was_first(server, postgres_city, sandbox):
    url = server.create(f"two_{next(_count)}", postgres_city)
    app = open_application(Settings(database_url=url), clock=ManualClock(MONDAY), sandbox=sandbox)
    people = colleagues(app, 2)
    tokens = [identities.create_token(app, one.name, by="@test") for one in people]

    with ExitStack() as running:
        servers = [Killable(url) for _ in range(2)]
        for one in servers:
            running.callback(one.stop)
        ann, bob = (Person(one.port, token) for one, token in zip(servers, tokens, strict=True))
        for _ in range(ROUNDS):
            status, case = ann.post("/cases", process="five_steps")
            assert status == 201
            path = f"/tasks/{case['id']}.{ACCEPT}/complete"
            results = at_once(
                lambda path=path: ann.post(path, outcome="accept"),
                lambda path=path: bob.post(path, outcome="refuse"),
            )
            assert sorted(status for status, _ in results) == [200, 409]

    assert_proved(app)
    assert len(replaying.case_ids(app)) == ROUNDS
    app.database.close()
