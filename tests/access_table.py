"""The tables of ``docs/access.md`` that say what each kind of person gets, played for real.

    python -m tests.access_table            # write the tables anew, then read them critically

A case stands in the middle of a whistle; people of every kind make every call to it.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api import create_app
from engine import cases, contacts, demo, deployments, following, identities, views
from engine.application import Application, open_application
from engine.cli.diagrams import read_files
from engine.clock import ManualClock
from engine.commands import (
    AddAttachment,
    AddComment,
    CompleteTask,
    ResumeCase,
    SuspendCase,
)
from engine.database import Database
from engine.demo.city import PASSWORD
from engine.migrations import upgrade
from engine.scripts import Sandbox
from engine.settings import Settings
from engine.tables import entries

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "access.md"
PREFIX = "/api/v1"
MONDAY = datetime(2026, 9, 14, 1, 0, tzinfo=UTC)

PHONE, DESCRIPTION, REMARK, REASON, FILE = (
    "13912345678", "二楼楼道堆放纸箱", "明天上门", "等材料", "现场.jpg",
)  # fmt: skip
REPORT = {
    "title": "楼道堆物", "description": DESCRIPTION, "location": "99010100100101001",
    "item_code": "ZL-02-001", "reporter_name": "赵样甲", "reporter_phone": PHONE,
    "reply_channel": "phone",
}  # fmt: skip
NUMBER, BEGUN = "report-2026-000001", "report-2026-000002"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of person: the user, and which of the prepared cases and tasks it looks at."""

    user: str | None
    case: str = "handled"


KINDS: Mapping[str, Kind] = {
    "nobody": Kind(None),
    "code": Kind(None),
    "reporter": Kind("resident"),
    "neighbour": Kind("RY071"),
    "acceptance": Kind("street_dispatcher"),
    "other street": Kind("RY029"),
    "other grid": Kind("RY058"),
    "department": Kind("dept_liaison"),
    "scored": Kind("dept_liaison", "scored"),
    "visit": Kind("visitor", "visited"),
    "auditor": Kind("auditor"),
    "privacy": Kind("privacy_officer"),
    "admin": Kind("admin"),
}

_STEPS: tuple[tuple[str, str, str, str | None, dict[str, Any]], ...] = (
    ("accept", "street_dispatcher", "", "accept",
     {"item_code": "ZL-02-001", "urgency": "normal", "self_test": "no"}),
    ("analyse", "street_analyst", "", "whistle",
     {"variant": "quick_response", "lead": "D04", "co_codes": ""}),
    ("sign", "dept_liaison", "handled", "sign", {}),
    ("first_contact", "street_dispatcher", "", None,
     {"contact_result": "reached", "contact_note": "已告知"}),
    ("handle", "dept_handler", "", "done", {"measures": "已清理"}),
    ("dept_check", "dept_head", "", "submit", {}),
    ("submit", "dept_liaison", "", "done", {"reply": "已清理", "cost": 0}),
    ("street_check", "grid_worker", "", "pass", {}),
    ("ask", "visitor", "visited", "answered", {"solved": "yes", "satisfied": "satisfied"}),
    ("street_eval", "street_leader", "scored", None, {}),
)  # fmt: skip
"""(element, who, stage that stands before it, outcome, data)."""

BODIES: dict[str, dict[str, Any]] = {
    "POST /cases": {"process": "whistle_report", "data": REPORT},
    "POST /cases/{case_id}/activities": {"activity": "none"},
    "POST /cases/{case_id}/activities/complete": {},
    "POST /cases/{case_id}/messages": {"name": "extra_information", "data": {}},
    "POST /cases/{case_id}/retry": {"reason": "x"},
    "POST /cases/{case_id}/merge": {"into": "none", "reason": "x"},
    "POST /cases/{case_id}/link": {"case": "none"},
    "POST /cases/{case_id}/unlink": {"case": "none"},
    "POST /cases/{case_id}/move": {"to": "accept", "reason": "x", "dry_run": True},
    "POST /cases/{case_id}/migrate": {"version": 1, "reason": "x"},
    "POST /incidents/retry": {"process": "p", "element": "e", "code": "c", "reason": "x"},
    "POST /cases/{case_id}/erase": {"reason": "request"},
    "POST /cases/{case_id}/code": {},
    "POST /cases/{case_id}/resume": {},
    "POST /messages": {"name": "nobody-awaits-this", "correlation": {}, "data": {}},
    "POST /signals": {"name": "nobody-awaits-this", "data": {}},
    "POST /tasks/batch": {"act": "claim", "tasks": ["none"]},
    "POST /tasks/{task_id}/claim": {},
    "POST /tasks/{task_id}/unclaim": {},
    "POST /tasks/{task_id}/complete": {"outcome": "sign", "data": {}},
    "POST /tasks/{task_id}/transfer": {"to": "dept_handler", "reason": "x"},
    "POST /tasks/{task_id}/return": {
        "reason": "x", "data": {"return_code": "function", "suggested_department": "D03"},
    },
    "POST /tasks/{task_id}/cosign": {"to": "dept_head", "kind": "before"},
    "POST /tasks/{task_id}/delegate": {"to": "dept_head"},
    "POST /tasks/{task_id}/copy": {"to": ["dept_head"]},
    "POST /tasks/{task_id}/read": {},
    "POST /tasks/{task_id}/suspend": {"reason": "x", "review_at": "2026-10-08T09:00:00+08:00"},
    "POST /tasks/{task_id}/resume": {},
    "POST /tasks/{task_id}/extend": {"due_at": "2026-10-08T17:30:00+08:00", "reason": "x"},
    "POST /tasks/{task_id}/comment": {"text": "x"},
    "POST /login": {"name": "dept_head", "password": PASSWORD},
    "POST /logout": {},
    "POST /me/contact": {"email": "a@example.org"},
    "PUT /me/notifications": {"kinds": {"notice": ["in-app"]}},
    "POST /me/notices-seen": {"until": "2026-09-14T09:00:00+08:00"},
    "POST /clock": {"advance_seconds": 1},
    "POST /definitions/{key}/versions/{version}/default": {},
}  # fmt: skip
"""What is sent; where nothing stands here, a reason."""

BPMN = (ROOT / "tests" / "processes" / "five_steps.bpmn").read_bytes()
ROLES = (ROOT / "processes" / "lists" / "roles.csv").read_bytes()
FILES: dict[str, tuple[bytes, str]] = {
    "POST /definitions": (BPMN, "application/xml"),
    "POST /definitions/backtest": (BPMN, "application/xml"),
    "POST /definitions/check": (BPMN, "application/xml"),
    "POST /lists": (ROLES, "text/csv"),
    "POST /lists/check": (ROLES, "text/csv"),
}
FOLLOWING = frozenset({"/follow", "/public/follow"})
FORMS: dict[str, dict[str, str]] = {
    "POST /sign-in": {"name": "dept_head", "password": PASSWORD},
    "POST /start/{key}": {},
    "POST /tasks/{task_id}": {"act": "claim"},
    "POST /me": {"email": "a@example.org"},
    "POST /notices-seen": {"until": "2026-09-14T01:00:00Z"},
    "POST /admin/activate": {"name": "roles.csv", "content": b64encode(ROLES).decode()},
    "POST /public/report/{process}": {
        "title": "灯坏了",
        "description": "三天了",
        "location": "990101001",
    },
    "POST /designs/check": {"text": "<definitions/>"},
    "POST /designs/deploy": {"name": "five_steps.bpmn", "content": b64encode(BPMN).decode()},
}
"""What a page's button sends."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One prepared case."""

    case: str
    task: str
    code: str
    number: str


class Office:
    """The prepared installation, copied for whoever changes something in it.

    Args:
        folder: where its databases lie.
        sandbox: evaluates the diagrams' expressions.
    """

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder = folder
        self._clean = folder / "clean.db"
        upgrade(f"sqlite:///{self._clean}")
        settings = Settings(database_url=f"sqlite:///{self._clean}")
        self._app = open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)
        demo.load_city(self._app, ROOT / "processes" / "lists")
        deployments.deploy(self._app, identities.operator(), read_files([ROOT / "processes"]))
        self.stages = {name: self._prepare(name) for name in ("handled", "visited", "scored")}
        self.tokens = {
            one.user: identities.create_token(self._app, one.user, by="@test")
            for one in KINDS.values()
            if one.user
        }
        self.attachment = self._attach()
        self.app = self._app
        self.server = create_app(self._app)
        self.server.testing = False
        self.fresh()

    def _prepare(self, until: str) -> Stage:
        resident = identities.actor(self._app, "resident")
        case_id = cases.start(self._app, resident, process="whistle_report", data=REPORT).case_id
        assert case_id is not None
        for element, who, stage, outcome, data in _STEPS:
            task = self._task(case_id, element)
            if stage == until:
                given = following.give_code(self._app, resident, case_id)
                return Stage(case_id, task, given["code"], given["number"])
            name = task.removeprefix(f"{case_id}.")
            command = CompleteTask(name, outcome, data)
            cases.handle(self._app, identities.actor(self._app, who), case_id, command)
        raise LookupError(f"The case never came to {until!r}.")

    def _task(self, case_id: str, element: str) -> str:
        admin = identities.actor(self._app, "admin")
        tasks = views.case(self._app, admin, case_id)["tasks"]
        return next(one["id"] for one in tasks if one["element"] == element)

    def _attach(self) -> str:
        """Add a remark, a file and a reason to the first case; return the file's id."""
        stage = self.stages["handled"]
        task = stage.task.removeprefix(f"{stage.case}.")
        liaison = identities.actor(self._app, "dept_liaison")
        leader = identities.actor(self._app, "street_leader")
        file = {"name": FILE, "content": b"photo".hex()}
        one = self._app.clock.new_id()
        for who, command in (
            (liaison, AddComment(task, REMARK)),
            (liaison, AddAttachment(task, one, file, "image/jpeg", 5, "0" * 64)),
            (leader, SuspendCase(reason=REASON)),
            (leader, ResumeCase(reason=None)),
        ):
            cases.handle(self._app, who, stage.case, command)
        with self._app.database.writing() as tx:
            contacts.put(tx, "dept_head", email=None, by_mail=True)
        return one

    def fresh(self) -> None:
        """Go back to how it was prepared; what is compiled stays compiled."""
        self.app.database.close()
        used = self._folder / "used.db"
        for old in self._folder.glob("used.db*"):
            old.unlink()
        with sa.create_engine(f"sqlite:///{self._clean}").connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self._clean, used)
        self.app = replace(
            self._app, database=Database(f"sqlite:///{used}"), clock=ManualClock(MONDAY, seed=10**6)
        )
        self.server.extensions["bihuan"] = self.app

    def entries(self) -> int:
        """Return how many entries there are in all histories."""
        with self.app.database.reading() as tx:
            row = tx.one(_COUNT, {})
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        """Close the databases."""
        self.app.database.close()
        self._app.database.close()

    # -- calls ------------------------------------------------------------------------

    def call(self, row: Row, kind: str) -> Any:
        """Return the answer to one call or page of the tables by one kind of person."""
        one = KINDS[kind]
        stage = self.stages[one.case]
        address = row.path.format(
            case_id=stage.case, task_id=stage.task, attachment_id=self.attachment, version=1,
            code="signing", key=_KEYS.get(row.path.split("/")[1], "whistle_report"), name="resident_diary",
            table="elements" if "process" in row.path else "figures", process="whistle_report", list_name="roles", person="RY001", unit="990101001", user="dept_head",
            setup="none", number=1,
        )  # fmt: skip
        address = ("" if row.is_page else PREFIX) + address + _QUERIES.get(row.text, "")
        client = self.server.test_client(use_cookies=False)
        headers = {"Authorization": f"Bearer {self.tokens[one.user]}"} if one.user else {}
        more: dict[str, Any] = {"headers": headers}
        if row.method != "GET":
            more = self._sent(row, kind, headers)
        return client.open(address, method=row.method, **more)

    def _sent(self, row: Row, kind: str, headers: dict[str, str]) -> dict[str, Any]:
        stage = self.stages[KINDS[kind].case]
        following_it = {"number": stage.number, "code": stage.code if kind == "code" else "X"}
        if row.is_page:
            form = following_it if row.path in FOLLOWING else FORMS.get(row.text, {})
            return {"headers": headers, "data": form}
        if row.text in FILES:
            content, media_type = FILES[row.text]
            return {"headers": {**headers, "Content-Type": media_type}, "data": content}
        if row.text.endswith("/attachments"):
            file = (io.BytesIO(b"x"), "x.txt", "text/plain")
            return {"headers": headers, "data": {"file": file}}
        body = following_it if row.path in FOLLOWING else BODIES.get(row.text, {"reason": "x"})
        return {"headers": headers, "json": body}

    def reads(self, what: str, kind: str) -> str:
        """Return how one kind of person is shown one thing: ``plain``, ``kept back`` or ``–``."""
        path, plain, holds = THINGS[what]
        case = self.stages[KINDS[kind].case].case
        plain, holds = plain.format(case=case), holds.format(case=case)
        answer = self.call(Row(False, "GET", path), kind)
        text = answer.get_data(as_text=True)
        if answer.status_code != 200 or holds not in text:
            return "–"
        return "plain" if plain in text else "kept back"


@dataclass(frozen=True, slots=True)
class Row:
    """One call (below /api/v1) or one page."""

    is_page: bool
    method: str
    path: str

    @property
    def text(self) -> str:
        """How the tables name it."""
        return f"{self.method} {self.path}"


THINGS: dict[str, tuple[str, str, str]] = {
    "the case, in the list of cases": ("/cases", "{case}", "{case}"),
    "its task, in the list to sign for": ("/tasks", "{case}", "{case}"),
    "who reported, in the case": ("/cases/{case_id}", PHONE, "reporter_phone"),
    "who reported, in the task": ("/tasks/{task_id}", PHONE, "reporter_phone"),
    "what was reported (sealed), in the case": ("/cases/{case_id}", DESCRIPTION, "description"),
    "what was reported (sealed), in the task": ("/tasks/{task_id}", DESCRIPTION, "description"),
    "the kind of matter, in the case": ("/cases/{case_id}", "ZL-02-001", "item_code"),
    "a remark on the task": ("/tasks/{task_id}/comments", REMARK, '"text":'),
    "a file's name": ("/tasks/{task_id}/attachments", FILE, '"sha256":'),
    "the reason of an act, in the history": ("/cases/{case_id}/history", REASON, "suspend_case"),
}
"""What is looked for -> (where, its plain text, what is there in any case)."""

_COUNT = sa.select(sa.func.count()).select_from(entries)
_KEYS = {
    "forms": "whistle_start", "lists": "roles", "registers": "resident_diary",
    "cases": "print_whistle_order",
}  # fmt: skip
_QUERIES = {
    "GET /board": "?unit=990101001&from=2026-09-01",
    "GET /board/bulletin": "?unit=990101001&month=2026-09",
    "GET /board/cases": "?unit=990101001&figure=signing",
    "GET /board/process": "?unit=990101001&period=2026-09",
    "GET /board/process/cases": "?unit=990101001&period=2026-09",
    "GET /board/process/{table}.csv": "?unit=990101001&period=2026-09",
    "GET /board/{table}.csv": "?unit=990101001",
    "GET /mining/{process}": "?unit=990101001&from=2026-09-01",
    "GET /mining/{process}/cases": "?unit=990101001&from=2026-09-01",
    "GET /bulletin": "?unit=990101001&month=2026-09",
    "GET /figures": "?unit=990101001&from=2026-09-01&codes=on_time",
    "GET /figures/{code}/cases": "?unit=990101001&from=2026-09-01",
    "GET /cases/{case_id}/state": "?position=1",
    "POST /definitions": "?filename=five_steps.bpmn",
    "POST /definitions/backtest": "?filename=five_steps.bpmn&process=five_steps",
    "POST /definitions/check": "?filename=five_steps.bpmn",
    "POST /lists": "?filename=roles.csv",
    "POST /lists/check": "?filename=roles.csv",
}


def routes(app: Application) -> list[Row]:
    """Return every call and page that the server has, calls first."""
    found = []
    for rule in create_app(app).url_map.iter_rules():
        path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule)
        if rule.endpoint == "static":
            continue
        is_page = not path.startswith(PREFIX)
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [Row(is_page, method, path.removeprefix(PREFIX)) for method in methods]
    return sorted(found, key=lambda one: (one.is_page, one.path, one.method))


def section(heading: str) -> list[list[str]]:
    """Return the rows of the table under a heading of the document, its head first."""
    text = DOCUMENT.read_text("utf-8")
    found = re.search(rf"^### {heading}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/access.md has no heading {heading!r}"
    lines = [one for one in found[1].splitlines() if one.startswith("|")]
    cells = [[cell.strip() for cell in one.strip("|").split("|")] for one in lines]
    return [cells[0], *cells[2:]]


def table(heading: str, *, is_page: bool) -> Iterator[tuple[Row, str, str]]:
    """Give (row, kind, status) of a table of calls or pages."""
    head, *rows = section(heading)
    for first, *statuses in rows:
        method, _, path = first.strip("`").partition(" ")
        for kind, status in zip(head[1:], statuses, strict=True):
            yield Row(is_page, method, path), kind, status


def play(office: Office, row: Row, kind: str) -> str:
    """Make one call; return its status. Afterwards the office is as it was."""
    before = office.entries()
    answer = office.call(row, kind)
    if row.method != "GET":
        refused = answer.status_code >= 400
        assert not refused or office.entries() == before, f"{row.text} by {kind} left an entry"
        if (
            not refused
            or answer.status_code == 429
            or row.path in {*FOLLOWING, "/login", "/sign-in"}
        ):
            office.fresh()
    return str(answer.status_code)


def drawn(head: list[str], rows: list[list[str]]) -> str:
    """Return a table as the document has it."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(one)} |" for one in rows)]) + "\n"


def written(office: Office) -> Callable[[str], str]:
    """Return a function that puts the tables as they are into a document."""
    kinds = list(KINDS)
    found = {True: [], False: []}  # type: dict[bool, list[list[str]]]
    for row in routes(office.app):
        cells = [play(office, row, kind) for kind in kinds]
        found[row.is_page].append([f"`{row.text}`", *cells])
    fields = [[what, *(office.reads(what, kind) for kind in kinds)] for what in THINGS]
    tables = {
        "Calls": drawn(["call", *kinds], found[False]),
        "Pages": drawn(["page", *kinds], found[True]),
        "What they read": drawn(["what", *kinds], fields),
    }

    def put(text: str) -> str:
        for heading, new in tables.items():
            text = re.sub(
                rf"(^### {heading}\n(?:(?![|#]).*\n)*)(?:\|.*\n)*",
                lambda found, new=new: found[1] + new,
                text,
                flags=re.MULTILINE,
            )
        return re.sub(r"\|\n#", "|\n\n#", text)

    return put


def main() -> int:
    """Write the tables anew."""
    sandbox = Sandbox()
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder), sandbox)
        put = written(office)
        office.close()
    sandbox.close()
    DOCUMENT.write_text(put(DOCUMENT.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
