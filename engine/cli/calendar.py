"""``bihuan due``: count on the working calendar."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from engine import deadlines
from engine.calendar import LOCAL, Calendar
from engine.cli import terminal
from engine.cli.installation import opened
from engine.errors import InvalidDeadline, NotFound, NotReady
from engine.ports import Application
from engine.settings import Settings

CALENDAR = Path("processes/lists/calendar.csv")
OFFICE_HOURS = Path("processes/lists/office_hours.csv")


class Moment(click.ParamType[datetime]):
    """An RFC 3339 moment; without an offset it is meant in local time."""

    name = "moment"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the aware moment, or end with how to write one."""
        try:
            return deadlines.parse_moment(value)
        except InvalidDeadline as reason:
            self.fail(str(reason), param, ctx)


@click.command()
@click.argument("start", type=Moment())
@click.argument("amount", type=float)
@click.argument("unit", type=click.Choice(list(deadlines.UNITS)))
@click.option("--unit-code", metavar="U", help="Count with the office hours of this unit.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def due(
    settings: Settings,
    *,
    start: datetime,
    amount: float,
    unit: str,
    unit_code: str | None,
    as_json: bool,
) -> None:
    """Print when a limit ends that runs from START.

    UNIT is WD (working days), WH (working hours), EH (elapsed hours) or MIN.

    Example: bihuan due 2026-09-18T09:00+08:00 1 WD
    """
    calendar = _calendar(settings, unit_code)
    end = deadlines.due(start, amount, unit, calendar=calendar)
    text = deadlines.local_text(end.at)
    terminal.answer(
        {"due_at": text, "provisional": end.provisional},
        as_json=as_json,
        text=text,
    )
    if end.provisional:
        terminal.say("Provisional: the calendar of that year is not known yet.")


def _calendar(settings: Settings, unit: str | None) -> Calendar:
    try:
        with opened(settings) as app:
            with app.database.reading() as tx:
                app.references.refresh(tx)
            if "calendar" in app.references.active:
                return _of_unit(app, unit)
    except NotReady:
        if unit is not None:
            raise
    if not CALENDAR.exists():
        raise NotReady(
            "There is no working calendar.",
            hint="Run `bihuan migrate` and `bihuan demo --cases 0`, or start in a checkout.",
        )
    terminal.say(f"The database has no calendar yet; counting with {CALENDAR}.")
    return Calendar.read(CALENDAR.read_bytes(), OFFICE_HOURS.read_bytes())


def _of_unit(app: Application, unit: str | None) -> Calendar:
    calendar = app.references.calendar
    if unit is None:
        return calendar
    today = app.clock.now().astimezone(LOCAL).date()
    chain = app.references.organisation.ancestors(unit, today)
    if not chain:
        raise NotFound(f"There is no unit {unit!r}.", hint="See the list org_units or departments.")
    return calendar.for_unit(*chain)
