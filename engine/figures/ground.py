"""What facts are made from: the runs, read once each, and what is in force today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from engine.calendar import Calendar
from engine.database import Transaction
from engine.deadlines import working_minutes
from engine.figures import runs
from engine.figures.definitions import Book
from engine.figures.facts import Fact
from engine.figures.runs import Run
from engine.organisation import Organisation
from engine.ports import Application


class Ground:
    """One look at the database: every subject reads the same runs and the same moment."""

    def __init__(self, app: Application, tx: Transaction, book: Book) -> None:
        self.app, self.tx, self.book = app, tx, book
        self.now: datetime = app.clock.now()
        self.calendar: Calendar = app.references.calendar
        self.organisation: Organisation = app.references.organisation
        self._runs: dict[str, list[Run]] = {}
        self._made: dict[Callable[[Ground], list[Fact]], list[Fact]] = {}

    @property
    def today(self) -> date:
        """The local day."""
        return self.calendar.local(self.now).date()

    def facts(self, make: Callable[[Ground], list[Fact]]) -> list[Fact]:
        """Return the facts of a subject, made once: subjects rest on each other."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    def runs(self, process: str) -> list[Run]:
        """Return the runs of a process, read once."""
        if process not in self._runs:
            self._runs[process] = runs.of_process(self.tx, process)
        return self._runs[process]

    def case_runs(self, process: str) -> dict[str, Run]:
        """Return the runs that are cases of their own, by case."""
        return {one.case: one for one in self.runs(process) if one.scope == ""}

    def working_days(self, start: datetime, end: datetime) -> int:
        """Return how many working days have begun since the day of ``start``; 0 on it."""
        first, last = self.calendar.local(start).date(), self.calendar.local(end).date()
        days = (date.fromordinal(one) for one in range(first.toordinal() + 1, last.toordinal() + 1))
        return sum(1 for one in days if self.calendar.is_workday(one))

    def worked(self, run: Run, start: datetime, end: datetime) -> Decimal:
        """Return the working hours between two moments, less those when the clock stood still."""
        minutes = working_minutes(start, end, self.calendar)
        for first, last in run.holds():
            since, until = max(first, start), min(last or end, end)
            if since < until:
                minutes -= working_minutes(since, until, self.calendar)
        return Decimal(str(minutes)) / 60
