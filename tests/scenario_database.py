"""The stage on a database: the application as it is served, with a clock moved by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from api.web.language import converted
from engine import (
    cases,
    deployments,
    figures,
    identities,
    imports,
    messages,
    public,
    replay,
    revisions,
    store,
    timers,
)
from engine.access import Actor
from engine.application import Application, open_application
from engine.calendar import LOCAL
from engine.clock import ManualClock, parse
from engine.commands import Command
from engine.public import Search
from engine.scripts import Sandbox
from engine.settings import Settings
from engine.tables import starts
from tests.scenario_stages import Entry, order


class DatabaseStage:
    """The application on a database of the scenario's own."""

    def __init__(self, url: str, sandbox: Sandbox, at: datetime) -> None:
        self.url, self.sandbox = url, sandbox
        self.clock = ManualClock(at)
        self.app: Application = self._open()
        self._known: list[str] = []
        # A story begins its cases itself; what the calendar begins has tests of its own.
        with self.app.database.writing() as tx:
            tx.run(sa.delete(starts).where(starts.c.kind == "timer"), {})

    def _open(self) -> Application:
        settings = Settings(database_url=self.url)
        return open_application(settings, clock=self.clock, sandbox=self.sandbox)

    def close(self) -> None:
        self.app.database.close()

    def now(self) -> datetime:
        return self.clock.now()

    def actor(self, person: str) -> Actor:
        return identities.actor(self.app, person)

    def holders(self, role: str, unit: str) -> list[str]:
        day = self.now().astimezone(LOCAL).date()
        with self.app.database.reading() as tx:
            self.app.references.refresh(tx)
        return self.app.references.organisation.people_with(role, unit, day)

    def cases(self) -> list[str]:
        found = []
        with self.app.database.reading() as tx:
            for case in replay.case_ids(self.app):
                if case not in self._known:
                    first = next(iter(store.read_entries(tx, case))).document()
                    found.append((first["at"], order(first["command"].get("data", {})), case))
        self._known += [case for _, _, case in sorted(found)]
        return list(self._known)

    def entries(self, case: str) -> list[Entry]:
        with self.app.database.reading() as tx:
            documents = [one.document() for one in store.read_entries(tx, case)]
        return [
            Entry(case, parse(d["at"]), d["actor"], d["command"], d["events"]) for d in documents
        ]

    def state(self, case: str) -> tuple[str, dict[str, Any]]:
        with self.app.database.reading() as tx:
            row = store.read_case(tx, case)
        assert row is not None
        return row.state, row.snapshot().data.get("", {})

    def start(
        self,
        actor: Actor,
        process: str,
        data: dict[str, Any],
        *,
        event: str | None = None,
        business_key: str | None = None,
    ) -> str:
        answer = cases.start(
            self.app, actor, process=process, data=data, at_start=event, business_key=business_key
        )
        assert answer.case_id is not None
        return answer.case_id

    def send(self, actor: Actor, case: str, command: Command) -> None:
        cases.handle(self.app, actor, case, command)

    def message(self, actor: Actor, name: str, keys: dict[str, Any], data: dict[str, Any]) -> None:
        messages.correlate(self.app, actor, name, keys, data)

    def advance(self, to: datetime) -> None:
        timers.advance(self.app, to=to)

    def stop_until(self, to: datetime) -> None:
        self.app.database.close()
        self.clock.set(to)
        self.app = self._open()
        timers.tick(self.app)

    def deploy(self, changed: dict[str, bytes]) -> None:
        deployments.deploy(self.app, identities.operator(), changed)

    def import_rows(self, actor: Actor, name: str, rows: list[dict[str, Any]]) -> None:
        active = self.app.references.active[name]
        day = self.now().astimezone(LOCAL).date()
        files = {active.descriptor.file: revisions.with_rows(active, rows, [], day)}
        imports.activate(self.app, actor, imports.prepare(self.app, files, as_of=day))

    def board(self, language: str) -> list[str]:
        """What residents read on the notice board, in their characters."""
        texts = [one["text"] for one in public.notices(self.app, Search())["items"]]
        return [converted(one) for one in texts] if language == "zh_Hant" else texts

    def figure(
        self, code: str, unit: str, since: date, until: date | None = None
    ) -> tuple[str, str] | None:
        """A figure's parts (``1/2``) and its value as printed."""
        found = figures.one(self.app, code, unit=unit, since=since, until=until)
        return found.parts, found.text
