"""Diagrams that mean no good: a finding or an incident, and no other case notices.

Every diagram is deployed and started while a neighbour works on cases of its own
in the same process, on the same database and with the same sandbox.
"""

from __future__ import annotations

import resource
import shutil
import threading
import time
from collections.abc import Iterator

import pytest

from engine import cases, deployments, identities, replay, views
from engine.application import Application, open_application
from engine.clock import ManualClock
from engine.commands import CompleteTask, RetryIncident
from engine.errors import NotDeployable
from engine.settings import Settings
from tests.conftest import MONDAY, _count
from tests.memory import file, flows, process

SECONDS = 20
"""No diagram may hold the processor for longer; what else the machine does is not counted."""

PATIENCE_SECONDS = 120
"""How long the neighbour is waited for."""

MEGABYTES = 250
"""No diagram may make the process grow by more."""


class Neighbour:
    """Somebody who starts cases of another process and completes their first task."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._change = threading.Condition()
        self._over = False
        self.done = 0
        self.refusals: list[Exception] = []
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def _work(self) -> None:
        actor = identities.actor(self._app, "street_dispatcher")
        while not self._over and not self.refusals:
            try:
                begun = cases.start(self._app, actor, process="five_steps", data={})
                accept = CompleteTask("five_steps.accept.1", "refuse")
                cases.handle(self._app, actor, begun.case_id, accept)
            except Exception as reason:  # noqa: BLE001 - the test reports it
                self.refusals.append(reason)
            with self._change:
                self.done += 1
                self._change.notify_all()

    def goes_on(self) -> bool:
        """Wait until one more case is done."""
        with self._change:
            wanted = self.done + 1
            return self._change.wait_for(
                lambda: self.done >= wanted or bool(self.refusals), PATIENCE_SECONDS
            )

    def stop(self) -> None:
        self._over = True
        self.thread.join(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def house(tmp_path_factory, city, sandbox) -> Iterator[tuple[Application, Neighbour]]:
    path = tmp_path_factory.mktemp("hostile") / "hostile.db"
    shutil.copy(city, path)
    settings = Settings(database_url=f"sqlite:///{path}")
    app = open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)
    neighbour = Neighbour(app)
    yield app, neighbour
    neighbour.stop()
    app.database.close()


@pytest.fixture
def app(house) -> Iterator[Application]:
    """The application; time, memory and the neighbour are looked at in the end."""
    opened, neighbour = house
    begun, grown = time.thread_time(), _megabytes()
    yield opened
    assert time.thread_time() - begun < SECONDS
    assert _megabytes() - grown < MEGABYTES
    assert neighbour.goes_on()
    assert neighbour.refusals == []


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def deploy(app: Application, content: bytes) -> list[str]:
    """Return the codes of the errors; none = it is deployed."""
    try:
        deployments.deploy(app, identities.operator(), {"hostile.bpmn": content})
    except NotDeployable as refusal:
        findings = refusal.findings
    else:
        return []
    assert all(one["message"] and one["file"] == "hostile.bpmn" for one in findings)
    return sorted({one["code"] for one in findings if one["severity"] == "error"})


def shown(app: Application, case_id: str) -> dict:
    return views.case(app, identities.actor(app, "admin"), case_id)


def run(app: Application, body: str, extra: str = "") -> tuple[str, dict]:
    """Deploy a process and start it; return the case."""
    key = f"hostile{next(_count)}"
    assert deploy(app, process(body.replace("SELF", key), key, extra)) == []
    actor = identities.actor(app, "admin")
    case_id = cases.start(app, actor, process=key, data={}).case_id
    assert list(replay.replay(app, [case_id])) == [None]
    return key, shown(app, case_id)


def incidents(case: dict) -> list[tuple[str, str]]:
    return [(one["code"], one["element"]) for one in case["incidents"]]


START = '<startEvent id="s"/>'


def script(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'{START}<scriptTask id="t" scriptFormat="python"><script>{text}</script></scriptTask>'
        '<userTask id="u"/>' + flows("s > t > u")
    )


def timer(text: str, tag: str = "timeDuration") -> str:
    return (
        f'{START}<intermediateCatchEvent id="t"><timerEventDefinition><{tag}>{text}</{tag}>'
        '</timerEventDefinition></intermediateCatchEvent><userTask id="u"/>' + flows("s > t > u")
    )


def condition(text: str) -> str:
    gateway = f'{START}<exclusiveGateway id="t"/><userTask id="u"/><userTask id="v"/>'
    return gateway + flows("s > t", f"t > u : {text}", "t > v : False")


def many(inner: str = "", attributes: str = "", sequential: str = "false") -> str:
    return (
        f'{START}<userTask id="t"><multiInstanceLoopCharacteristics isSequential="{sequential}"'
        f" {attributes}>{inner}</multiInstanceLoopCharacteristics></userTask>" + flows("s > t")
    )


def cardinality(text: str) -> str:
    return f"<loopCardinality>{text}</loopCardinality>"


def task(attributes: str) -> str:
    return f'{START}<userTask id="t" {attributes}/>' + flows("s > t")


def branches(count: int) -> str:
    tasks = "".join(f'<userTask id="u{n}"/>' for n in range(count))
    ways = (f"g > u{n}" for n in range(count))
    return f'{START}<parallelGateway id="g"/>{tasks}' + flows("s > g", *ways)


def bomb() -> bytes:
    inner = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30))
    return f'<!DOCTYPE a [<!ENTITY e0 "x">{inner}]><a>&e29;</a>'.encode()


# -- refused at deployment -----------------------------------------------------------------

FILES = {
    "nothing": (b"", ["not-xml"]),
    "no XML": (b"\x89PNG\r\n\x1a\n", ["bad-encoding"]),
    "half an element": (b"<definitions><process", ["not-xml"]),
    "another document": (b"<html/>", ["wrong-root"]),
    "too large": (b" " * 5_000_001, ["file-too-large"]),
    "too many elements": (file("<a/>" * 450_000), ["file-too-large"]),
    "entities that grow": (bomb(), ["entities"]),
    "an entity from a file": (
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', ["entities"]
    ),
    "a DTD from elsewhere": (
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', ["external-dtd"]
    ),
    "nested 200 deep": (b"<a>" * 200 + b"</a>" * 200, ["too-deep"]),
    "nested 100,000 deep": (b"<a>" * 100_000, ["too-deep"]),
    "no process": (file(""), ["no-process"]),
}  # fmt: skip

BODIES = {
    "no element": ("", ["nothing-starts"]),
    "a flow to nowhere": (START + flows("s > gone"), ["dangling-reference"]),
    "a flow from nowhere": (START + flows("gone > s"), ["dangling-reference"]),
    "a message that is not there": (
        f'{START}<receiveTask id="t" messageRef="gone"/>' + flows("s > t"), ["dangling-reference"]
    ),
    "an id twice": (f'{START}<userTask id="s"/>', ["duplicate-id"]),
    "an id of 10,000 characters": (f'{START}<userTask id="{"n" * 10_000}"/>', ["bad-id"]),
    "a condition of 1 MB": (condition("x" + " + 1" * 250_000 + " > 0"), ["bad-expression"]),
    "a condition nested deep": (condition("(" * 5000 + "1" + ")" * 5000), ["bad-expression"]),
    "a condition with __class__": (condition("().__class__ == 1"), ["bad-expression"]),
    "a script with __class__": (script("x = ().__class__.__mro__"), ["bad-script"]),
    "a script that names __builtins__": (script("__builtins__ = 1"), ["bad-script"]),
    "a script that imports": (script("import os\nx = os.environ"), ["bad-script"]),
    "a script that reads a file": (script("x = open('/etc/passwd').read()"), ["bad-script"]),
    "a script that is none": (script("x = = 1"), ["bad-script"]),
    "a script of 1 MB": (script("x = 1\n" * 180_000), ["bad-script"]),
    "a timer without a time": (timer(""), ["timer-without-time"]),
    "a timer of a megabyte": (timer("'" + "a" * 1_000_000 + "'"), ["timer-unreadable"]),
    "a timer of nothing": (timer("PT0S"), ["timer-unreadable"]),
    "a timer of less than nothing": (timer("-PT5M"), ["timer-negative"]),
    "a timer of a billion years": (timer("P999999999Y"), ["timer-unreadable"]),
    "a cycle of 0 seconds": (timer("R/PT0S", "timeCycle"), ["timer-repeats-at-once"]),
    "a cycle for cron": (timer("* * * * * ?", "timeCycle"), ["timer-unreadable"]),
    "ten million instances": (many(cardinality("10000000")), ["too-many-instances"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_diagram_is_a_finding(app, name):
    content, codes = FILES[name]

    assert deploy(app, content) == codes


@pytest.mark.parametrize("name", BODIES)
def test_a_diagram_that_cannot_run_is_a_finding(app, name):
    body, codes = BODIES[name]

    assert deploy(app, process(body, "refused")) == codes


# -- an incident of the one case -----------------------------------------------------------

RUNS = {
    "no way out of a gateway": (condition("False"), ("no-flow", "t")),
    "a condition that is no truth": (condition("value('n', 1)"), ("condition-failed", "t")),
    "a condition that fails": (condition("1 / 0 == 1"), ("condition-failed", "t")),
    "a name that nobody gave": (condition("nobody == 1"), ("condition-failed", "t")),
    "an endless script": (script("while True: pass"), ("limit", "t")),
    "a script that catches its end": (
        script("while True:\n  try:\n    while True: pass\n  except BaseException: pass"),
        ("limit", "t"),
    ),
    "memory at once": (script("x = 'a' * 10 ** 9"), ("limit", "t")),
    "memory bit by bit": (script("l = []\nwhile True: l.append('x' * 1000)"), ("limit", "t")),
    "an endless print": (script("while True: print('x' * 1000)"), ("limit", "t")),
    "endless recursion": (script("def f(): return f()\nf()"), ("script-failed", "t")),
    "a raise of anything": (script("raise BaseException('x')"), ("script-failed", "t")),
    "an interrupt": (script("raise KeyboardInterrupt"), ("script-failed", "t")),
    "an integer without bounds": (script("x = 2 ** 63"), ("script-failed", "t")),
    "no number": (script("x = float('nan')"), ("script-failed", "t")),
    "a null byte": (script("x = chr(0)"), ("script-failed", "t")),
    "a value nested deep": (script("x = []\nfor _ in range(100): x = [x]"), ("script-failed", "t")),
    # A busy machine reaches the limit of time before the limit of values.
    "a value that contains itself": (
        script("d = {}\nd['d'] = d"), ("script-failed or limit", "t")
    ),
    "30 million nodes": (
        script("l = [1]\nfor _ in range(25): l = [l, l]"), ("script-failed or limit", "t")
    ),
    "a name of the engine": (script("case = 1"), ("script-failed", "t")),
    "a counter of the engine": (script("loopCounter = 1"), ("script-failed", "t")),
    "a timer that is no time": (timer("soon"), ("timer-failed", "t")),
    "a timer of nothing at run time": (timer("'PT' + '0S'"), ("timer-failed", "t")),
    "a limit beyond all days": (timer("working_days(10 ** 9)"), ("timer-failed", "t")),
    "a limit that is no number": (timer("working_days(float('nan'))"), ("timer-failed", "t")),
    "a cycle of nothing at run time": (timer("'R/PT' + '0S'", "timeCycle"), ("timer-failed", "t")),
    "ten million at run time": (many(cardinality("10 ** 7")), ("limit", "t")),
    "ten million one by one": (many(cardinality("10 ** 7"), "", "true"), ("limit", "t")),
    "a list of ten million": (
        many("", 'camunda:collection="list(range(10 ** 7))" camunda:elementVariable="x"'),
        ("limit", "t"),
    ),
    "fewer than none": (many(cardinality("0 - 5")), ("collection-failed", "t")),
    "a number that is a text": (many(cardinality("'many'")), ("collection-failed", "t")),
    "an assignee that fails": (task('camunda:assignee="${1/0}"'), ("assignment-failed", "t")),
    "a unit that fails": (task('camunda:candidateGroups="admin@(1/0)"'), ("assignment-failed", "t")),
    "a limit that fails": (task('camunda:dueDate="1/0"'), ("assignment-failed", "t")),
    "a priority beyond numbers": (
        task('camunda:priority="99999999999999999999"'), ("assignment-failed", "t")
    ),
    "a call of itself": (
        f'{START}<callActivity id="t" calledElement="SELF"/>' + flows("s > t"), ("limit", "t")
    ),
    "a circle of gateways": (
        f'{START}<exclusiveGateway id="g"/><exclusiveGateway id="h"/>' + flows("s > g > h > g"),
        ("limit", "SELF"),
    ),
    "a circle of scripts": (
        f'{START}<exclusiveGateway id="g"/><scriptTask id="t" scriptFormat="python">'
        "<script>x = sum(range(10 ** 6))</script></scriptTask>" + flows("s > g > t > g"),
        ("limit", "t"),
    ),
    "a circle that forks": (
        f'{START}<parallelGateway id="g"/><exclusiveGateway id="h"/>' + flows("s > h > g > h")
        + '<sequenceFlow id="again" sourceRef="g" targetRef="h"/>',
        ("limit", "SELF"),
    ),
    "a loop without end": (
        f'{START}<task id="t"><standardLoopCharacteristics><loopCondition>True</loopCondition>'
        "</standardLoopCharacteristics></task>" + flows("s > t"),
        # At the case or at the task: the elements or the sandbox's time, whichever ends first.
        ("limit", None),
    ),
    "thousands of branches": (branches(11_000), ("limit", "SELF")),
    "instances of instances": (
        f'{START}<subProcess id="a"><multiInstanceLoopCharacteristics>{cardinality("1000")}'
        '</multiInstanceLoopCharacteristics><startEvent id="b"/><userTask id="t">'
        f"<multiInstanceLoopCharacteristics>{cardinality('1000')}"
        "</multiInstanceLoopCharacteristics></userTask>" + flows("b > t") + "</subProcess>"
        + flows("s > a"),
        ("limit", "SELF"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_what_fails_at_run_time_is_an_incident_of_the_one_case(app, name):
    body, (code, element) = RUNS[name]

    key, case = run(app, body)

    assert case["state"] == "incident"
    found = case["incidents"]
    assert len(found) == 1
    assert found[0]["code"] in code.split(" or ")
    assert element is None or found[0]["element"] == element.replace("SELF", key)
    assert found[0]["message"]
    assert (case["tasks"], case["timers"]) == ([], [])


@pytest.mark.parametrize(
    "name", ["an endless script", "no way out of a gateway", "a call of itself"]
)
def test_trying_again_gives_the_same_incident(app, name):
    _, case = run(app, RUNS[name][0])
    actor = identities.actor(app, "admin")
    first = case["incidents"][0]

    cases.handle(app, actor, case["id"], RetryIncident(first["id"], None, "again"))

    again = shown(app, case["id"])["incidents"]
    assert [one["code"] for one in again] == [first["code"]]
    assert [one["id"] for one in again] != [first["id"]]


# -- harmless after all ----------------------------------------------------------------------


def test_names_of_other_languages_are_names(app):
    names = ("__class__", "__init__", "constructor", "__proto__", "None")
    tasks = "".join(f'<userTask id="{one}"/>' for one in names)
    body = f'{START}<parallelGateway id="g"/>{tasks}'

    _, case = run(app, body + flows("s > g", *(f"g > {one}" for one in names)))

    assert sorted(one["element"] for one in case["tasks"]) == sorted(names)


def test_data_called_like_the_insides_are_data(app):
    _, case = run(app, START + '<userTask id="t"/>' + flows("s > t"))
    data = {"__class__": 1, "__dict__": {"__proto__": []}, "constructor": "x", "data": {}}
    key = case["process"]

    cases.handle(
        app,
        identities.actor(app, "admin"),
        case["id"],
        CompleteTask(f"{key}.t.1", None, data),
    )

    ended = shown(app, case["id"])
    assert ended["state"] == "completed"
    assert {name: ended["data"][name] for name in data} == data


def test_thousands_of_parallel_tasks_are_open_at_once(app):
    _, case = run(app, branches(5000))

    assert (case["state"], len(case["tasks"])) == ("open", 5000)


def test_other_branches_go_on_beside_an_incident(app):
    body = (
        f'{START}<parallelGateway id="g"/><userTask id="good"/><endEvent id="e"/>'
        '<scriptTask id="bad" scriptFormat="python"><script>1 / 0</script></scriptTask>'
        + flows("s > g", "g > good > e", "g > bad")
    )
    key, case = run(app, body)

    answer = cases.handle(
        app, identities.actor(app, "admin"), case["id"], CompleteTask(f"{key}.good.1")
    )

    assert answer.status == 200
    after = shown(app, case["id"])
    assert (after["state"], after["tasks"], incidents(after)) == (
        "incident", [], [("script-failed", "bad")],
    )  # fmt: skip
