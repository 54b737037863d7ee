"""Back-tests: which cases, on what, and what comes of it. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import access, definitions, store
from engine.access import Actor
from engine.backtest.changes import Changed
from engine.backtest.plans import Plan, demand_known, setting, with_limits
from engine.backtest.playing import Result, Trial
from engine.backtest.reports import Report
from engine.backtest.surroundings import Surroundings, decision_names
from engine.bpmn.model import Process
from engine.database import Moment, Transaction
from engine.errors import InvalidRequest
from engine.ports import Application
from engine.tables import cases, pins

PAGE = 500
"""Cases whose ids are read at a time."""

_PINS = sa.select(pins.c.digest, pins.c.versions)


_CASES = (
    sa.select(cases.c.id, cases.c.created_at, cases.c.process, cases.c.pins)
    .where(
        sa.tuple_(cases.c.created_at, cases.c.id)
        < sa.tuple_(p("before_at", type_=Moment), p("before_id")),
        cases.c.created_at >= p("since", type_=Moment),
    )
    .order_by(cases.c.created_at.desc(), cases.c.id.desc())
    .limit(PAGE)
)
_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 30, tzinfo=UTC)


def case_ids(app: Application, process: str, plan: Plan) -> Iterator[str]:
    """Yield the ids of the cases of a process, and of those that can call it, the latest first.

    Not more than ``PAGE`` of them are in memory at a time.
    """
    with app.database.reading() as tx:
        digests = {
            digest
            for digest, versions in tx.all(_PINS, {})
            if process in orjson.loads(versions)["processes"]
        }
    at, last = plan.until or _LAST, ""
    while True:
        with app.database.reading() as tx:
            values = {"before_at": at, "before_id": last, "since": plan.since or _FIRST}
            rows = tx.all(_CASES, values)
        for found, _, own, pinned in rows:
            if own == process or pinned in digests:
                yield found
        if len(rows) < PAGE:
            return
        last, at = rows[-1][0], rows[-1][1]


@dataclass(frozen=True, slots=True)
class Job:
    """A back-test as it is sent to another process."""

    process: str
    files: Mapping[str, bytes]
    plan: Plan


class Backtest:
    """A back-test that is ready to be run on an installation.

    Attributes:
        pictures: the diagram that new cases run on, and the one that is tried.

    Raises:
        NotDeployable: a file cannot be read.
        NotFound: there is no such process.
        InvalidRequest: the files have nothing of it, or a setting is about nothing.
    """

    def __init__(self, app: Application, job: Job) -> None:
        self.app, self.job = app, job
        wanted = [setting(one) for one in job.plan.sets]
        with app.database.reading() as tx:
            app.references.refresh(tx)
            deployed = definitions.version(tx, job.process)
            self._old = definitions.process_of(tx, deployed)
            old = {one["filename"]: store.get_blob(tx, one["sha256"])
                   for one in deployed.files if one["kind"] == "bpmn"}  # fmt: skip
            # A limit can be set in the diagram that is deployed too.
            files, left = with_limits(job.files or old, job.process, wanted)
            self._changed = Changed(app, files)
            surroundings = Surroundings(app, tx, job.plan, left)
            decisions = decision_names([*deployed.files, *self._changed.decisions()])
            demand_known(left, {*app.references.active, *decisions})
            surroundings.demand_rows(decisions)
            new = self._changed.upload.processes
            self._demand_process(new)
            self._demand_mapping(tx, new)
        self.pictures = next(iter(old.values())), self._picture(files)
        mapping = job.plan.mapping
        self._trial = Trial(app, self._changed, surroundings, mapping)

    def _demand_process(self, new: Mapping[str, Process]) -> None:
        upload = self._changed.upload
        if new and self.job.process not in new:
            raise InvalidRequest(
                f"The files have no process {self.job.process!r}, but {', '.join(sorted(new))}.",
                hint="Name the process that is changed; cases that call it are tried too.",
            )
        if not new and not upload.decisions and not upload.papers.forms:
            raise InvalidRequest("There is no BPMN, DMN or form among the files.")

    def _demand_mapping(self, tx: Transaction, new: Mapping[str, Process]) -> None:
        for key, table in self.job.plan.mapping.items():
            latest = definitions.process_of(tx, definitions.version(tx, key))
            there = new.get(key, latest).nodes
            for old, onto in table.items():
                if onto and onto not in there:
                    raise InvalidRequest(
                        f"{old}={onto} maps to what is not in the diagram.",
                        hint="Name an element of the new diagram after the =, or nothing.",
                    )
                if old not in latest.nodes and not _ever(tx, key, old):
                    raise InvalidRequest(
                        f"{old}={onto} maps what no version of {key!r} had.",
                        hint="Name an element of the deployed diagram before the =.",
                    )

    def _picture(self, files: Mapping[str, bytes]) -> bytes | None:
        for name, diagram in self._changed.upload.diagrams.items():
            if self.job.process in diagram.processes:
                return files[name]
        return None

    def report(self) -> Report:
        """Return an empty report."""
        new = dict(self._changed.upload.processes) or {self._old.key: self._old}
        return Report(self.job.process, {self._old.key: self._old}, new, self.job.plan.to_json())

    def results(self, ids: Iterable[str]) -> Iterator[Result | None]:
        """Yield what becomes of each case; None for one that never came to the process."""
        for case_id in ids:
            with self.app.database.reading() as tx:
                found = self._trial.play(tx, case_id, self.job.process)
            yield found


def _ever(tx: Transaction, process: str, element: str) -> bool:
    """Tell whether any deployed version of a process has an element."""
    versions = (definitions.version(tx, process, one) for one in definitions.numbers(tx, process))
    return any(element in definitions.process_of(tx, one).nodes for one in versions)


def first(results: Iterable[Result | None], count: int) -> Iterator[Result]:
    """Yield so many results, of the cases that came to the process."""
    for one in results:
        if count <= 0:
            return
        if one is not None:
            count -= 1
            yield one


def run(
    app: Application, actor: Actor, process: str, files: Mapping[str, bytes], plan: Plan
) -> dict[str, Any]:
    """Back-test changed files on the cases of a process; return the report.

    Args:
        files: file name -> bytes: the changed diagram, and forms and decisions with it.

    Raises:
        NotAllowed: the actor is neither designer nor deployer.
        NotDeployable: a file cannot be read.
        NotFound: there is no such process.
        InvalidRequest: the plan is about what is not there.
    """
    access.require(actor, "check")
    test = Backtest(app, Job(process, files, plan))
    ids = case_ids(app, process, plan)
    report = test.report().add_all(first(test.results(ids), plan.cases))
    return report.to_json()
