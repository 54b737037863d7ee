"""A database in which a bit of everything has happened, for tests of proof and repair."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine import cases, demo, deployments, erasure, following, identities, messages, timers
from engine.application import Application, open_application
from engine.clock import ManualClock
from engine.commands import (
    AddAttachment,
    AddComment,
    CancelCase,
    ClaimTask,
    CompleteTask,
    SuspendCase,
    SuspendTask,
)
from engine.scripts import Sandbox
from engine.settings import Settings
from tests.memory import flows, process

ROOT = Path(__file__).parent.parent
FIRST = datetime(2025, 9, 30, tzinfo=UTC)
WHISTLES = 5

ODD = process(
    '<startEvent id="s"/><parallelGateway id="g"/>'
    '<receiveTask id="paid" messageRef="M"><extensionElements><camunda:properties>'
    '<camunda:property name="correlate" value="order"/></camunda:properties></extensionElements>'
    '</receiveTask><intermediateCatchEvent id="alarm"><signalEventDefinition signalRef="S"/>'
    '</intermediateCatchEvent><serviceTask id="outside" camunda:topic="somewhere-else"/>'
    '<scriptTask id="broken" scriptFormat="python"><script>x = 1 / 0</script></scriptTask>'
    '<intermediateCatchEvent id="wait"><timerEventDefinition><timeDuration>P400D</timeDuration>'
    "</timerEventDefinition></intermediateCatchEvent>"
    + flows("s > g", "g > paid", "g > alarm", "g > outside", "g > broken", "g > wait"),
    "odd",
    '<message id="M" name="paid"/><signal id="S" name="alarm"/>',
)
"""Waits for all there is to wait for, and has an incident."""


def populate(url: str, sandbox: Sandbox) -> None:
    """Let things happen in a database with the demo city and the five-step process."""
    settings = Settings(database_url=url)
    app = open_application(settings, clock=ManualClock(FIRST), sandbox=sandbox)
    files = {
        path.name: path.read_bytes()
        for folder in ("", "forms", "decisions")
        for path in (ROOT / "processes" / folder).iterdir()
        if path.suffix in {".bpmn", ".json", ".dmn"}
    }
    deployments.deploy(app, identities.operator(), {**files, "odd.bpmn": ODD})
    demo.simulate(app, WHISTLES, 1, plan=ROOT / "processes" / "demo" / "whistles.json")
    _by_hand(app)
    app.database.close()


def _by_hand(app: Application) -> None:
    admin = identities.actor(app, "admin")
    dispatcher = identities.actor(app, "street_dispatcher")

    def five() -> str:
        return cases.start(app, dispatcher, process="five_steps", data={}).case_id

    accept = "five_steps.accept.1"
    late = five()
    cases.handle(app, dispatcher, late, CompleteTask(accept, "accept"))
    cases.handle(app, dispatcher, late, CompleteTask("five_steps.assign.1", None, {"lead": "D04"}))
    app.clock.set(app.clock.now() + timedelta(days=3))
    timers.tick(app)
    noted = five()
    cases.handle(app, dispatcher, noted, ClaimTask(accept))
    cases.handle(app, dispatcher, noted, AddComment(accept, "remark"))
    file = {"name": "a.txt", "content": b"text".hex()}
    attach = AddAttachment(accept, app.clock.new_id(), file, "text/plain", 4, "0" * 64)
    cases.handle(app, dispatcher, noted, attach)
    cases.handle(app, admin, five(), SuspendCase(reason="secret"))
    cases.handle(app, admin, five(), SuspendTask(accept, "secret", None))
    cases.handle(app, admin, five(), CancelCase("voided", "by mistake"))
    cases.start(app, admin, process="odd", data={"order": "a"}, business_key="K1")
    messages.correlate(app, admin, "never awaited", {"order": "b"}, {"x": 1})
    # Solved on the spot: both diaries have a row of it; whoever found it may follow it.
    worker = identities.actor(app, "RY057")
    seen = {"item_code": "ZL-03-001", "photos_after": [], "result": "solved"}
    seen["found_at"] = (app.clock.now() - timedelta(minutes=8)).isoformat()
    found = cases.start(app, worker, process="grid_event", data=seen, trusted=True).case_id
    following.give_code(app, admin, found)
    promised = {"subject": "会议承诺", "reason": "meeting", "level": "district"}
    inspector = identities.actor(app, "district_inspector")
    cases.start(app, inspector, process="supervision", data={**promised, "subject_case": late})
    officer = identities.actor(app, "privacy_officer")
    erasure.erase(app, officer, noted, classes=(), reason="request")
