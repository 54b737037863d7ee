"""Figures as they are asked for: of a unit and a period, with the cases behind them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from engine.calendar import LOCAL
from engine.database import Transaction
from engine.errors import InvalidList, InvalidRequest, NotFound
from engine.figures import counting, definitions, grid, handling, rest
from engine.figures.counting import Counted, Window
from engine.figures.definitions import Book, Figure
from engine.figures.facts import Fact
from engine.figures.ground import Ground, Made
from engine.ports import Application
from engine.rates import Rate, half_up

Subject = Callable[[Ground], list[Fact]]

SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        "shares": handling.shares,
        "burdens": handling.burdens,
        "whistles": handling.whistles,
        "visits": handling.visits,
        "scores": handling.scores,
        "events": grid.events,
        "matters": grid.matters,
        "topics": grid.topics,
        "publications": grid.publications,
        "promises": grid.promises,
        "posts": rest.posts,
        "fields": rest.fields,
    }
)
"""What the column ``subject`` of a figure may name, beside ``register:NAME``."""

REGISTER = "register:"


class Reading:
    """One look at the database, in which any number of figures can be counted."""

    def __init__(self, app: Application, tx: Transaction, made: Made | None = None) -> None:
        """Begin a look at the figures.

        Args:
            made: facts of an earlier look that still hold; without them they are made now.
        """
        app.references.refresh(tx)
        self.today = app.references.calendar.local(app.clock.now()).date()
        self.book: Book = definitions.read(app.references.active, self.today)
        self.ground = Ground(app, tx, self.book, made or Made(app.clock.now()))

    def facts(self, subject: str) -> list[Fact]:
        """Return the facts of a subject, made once.

        Raises:
            InvalidList: a row of ``figures`` names a subject that there is not.
        """
        named = self.ground.made.named
        if subject not in named:
            if subject.startswith(REGISTER):
                found = rest.register_rows(self.ground, subject.removeprefix(REGISTER))
            elif subject in SUBJECTS:
                found = self.ground.facts(SUBJECTS[subject])
            else:
                raise InvalidList(
                    f"The list figures counts {subject!r}, of which nothing is known.",
                    hint=f"The column subject is one of {', '.join(SUBJECTS)} or register:NAME.",
                )
            named[subject] = found
        return named[subject]

    def falling(self, subject: str, by: str, window: Window) -> Sequence[Fact]:
        """Return the facts of a subject one of whose moments lies in a period, in its order."""
        if not by:
            return self.facts(subject)
        ordered = self.ground.made.ordered
        if (subject, by) not in ordered:
            known = [one for one in self.facts(subject) if by in one.moments]
            known.sort(key=lambda one: one.moments[by])
            ordered[subject, by] = [one.moments[by] for one in known], known
        moments, facts = ordered[subject, by]
        return facts[bisect_left(moments, window.since) : bisect_left(moments, window.until)]

    def window(self, unit: str, since: date, until: date) -> Window:
        """Return what lies in a unit and in some days, the last left out.

        Raises:
            NotFound: there is no such unit.
            InvalidRequest: the period ends before it begins.
        """
        if not self.ground.organisation.ancestors(unit, self.today):
            raise NotFound(f"There is no unit {unit!r}.", hint="See org_units and departments.")
        if until <= since:
            raise InvalidRequest(
                f"The period from {since} to {until} has no day.",
                hint="`to` is the first day after it.",
            )
        below = self.ground.organisation.below(unit, self.today)
        return Window(below, midnight(since), midnight(until))

    def count(self, figure: Figure, unit: str, window: Window) -> Counted:
        """Count one figure of a unit.

        Raises:
            InvalidList: its row names a subject or a kind that there is not.
        """
        if figure.kind not in definitions.KINDS:
            raise InvalidList(
                f"The figure {figure.code!r} is of the unknown kind {figure.kind!r}.",
                hint=f"The column kind is one of {', '.join(definitions.KINDS)}.",
            )
        if figure.kind == "composite":
            return self._composite(figure, unit, window)
        per = 0
        if figure.per.startswith("@"):
            per = rest.number_of_units(self.ground, unit, figure.per.removeprefix("@"))
        found = self.falling(figure.subject, figure.counted_by, window)
        return counting.count(figure, found, window, per=per)

    def _composite(self, figure: Figure, unit: str, window: Window) -> Counted:
        """Weigh other figures; what has no value takes no part, and its weight neither."""
        weights = self.book.weights.get(figure.code, {})
        parts = {
            code: self.count(self.book.named(code), unit, window)
            for code in weights
            if code in self.book.figures
        }
        able = [(weights[code], one) for code, one in parts.items() if one.value is not None]
        total = sum((weight for weight, _ in able), Decimal(0))
        sum_of = sum((weight * (one.value or 0) for weight, one in able), Decimal(0))
        value = half_up(sum_of / total, figure.places) if total else None
        n = max((one.n for _, one in able), default=0)
        few = any(one.few for _, one in able)
        return Counted(figure, Rate(sum_of, total), value, n, {}, few)


def midnight(day: date) -> datetime:
    """Return the local beginning of a day, in UTC: moments of one zone compare much faster."""
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL).astimezone(UTC)


def one(
    app: Application, code: str, *, unit: str, since: date, until: date | None = None
) -> Counted:
    """Return one figure of a unit.

    Args:
        since, until: local days, the last left out; None is the day after today.

    Raises:
        NotFound: there is no such figure or unit.
    """
    return some(app, [code], unit=unit, since=since, until=until)[0]


def some(
    app: Application,
    codes: Iterable[str],
    *,
    unit: str,
    since: date,
    until: date | None = None,
) -> Sequence[Counted]:
    """Return several figures of a unit; none named: all there are."""
    with app.database.reading() as tx:
        reading = Reading(app, tx)
        window = reading.window(unit, since, until or reading.today + timedelta(days=1))
        wanted = list(codes) or list(reading.book.figures)
        return [reading.count(reading.book.named(code), unit, window) for code in wanted]
