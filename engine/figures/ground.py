"""What facts are made from: the runs, read once each, and what is in force today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Made:
    """What was made at one moment, subject by subject.

    Attributes:
        at: the moment; what is open then may be late after it.
        facts: by what makes them.
        named: the same by the names of subjects and registers.
        ordered: by subject and moment: those moments in their order, and whose they are.
        items: by processes, what their cases are about.
    """

    at: datetime
    facts: dict[Callable[[Ground], list[Fact]], list[Fact]] = field(default_factory=dict)
    named: dict[str, list[Fact]] = field(default_factory=dict)
    ordered: dict[tuple[str, str], tuple[list[datetime], list[Fact]]] = field(default_factory=dict)
    items: dict[tuple[str, ...], Mapping[str, str]] = field(default_factory=dict)


class Ground:
    """One look at the database: every subject reads the same runs and the same moment."""

    def __init__(self, app: Application, tx: Transaction, book: Book, made: Made) -> None:
        self.app, self.tx, self.book = app, tx, book
        self.made, self.now = made, made.at
        self.calendar: Calendar = app.references.calendar
        self.organisation: Organisation = app.references.organisation
        self._runs: dict[str, list[Run]] = {}

    @property
    def today(self) -> date:
        """The local day."""
        return self.calendar.local(self.now).date()

    def facts(self, make: Callable[[Ground], list[Fact]]) -> list[Fact]:
        """Return the facts of a subject, made once: subjects rest on each other."""
        if make not in self.made.facts:
            self.made.facts[make] = make(self)
        return self.made.facts[make]

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
