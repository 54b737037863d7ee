"""``bihuan figures``, ``bihuan bulletin``: what offices report."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from engine import bulletin as bulletins
from engine import figures as reported
from engine import identities
from engine.cli import terminal
from engine.cli.installation import opened
from engine.columns import day
from engine.settings import Settings


class Day(click.ParamType[date]):
    """A local day: 2026-09-01."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day, or end with how to write one."""
        if isinstance(value, date):
            return value
        try:
            return day(value)
        except ValueError as reason:
            self.fail(str(reason), param, ctx)


@click.command()
@click.option("--unit", required=True, metavar="U", help="A unit, or a department.")
@click.option("--from", "since", required=True, type=Day(), help="The first day.")
@click.option("--to", "until", type=Day(), help="The first day after the period; tomorrow.")
@click.option("--code", "codes", multiple=True, metavar="C", help="Only this figure; repeatable.")
@click.option("--by-department", is_flag=True, help="Also each department, best first.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def figures(
    settings: Settings,
    *,
    unit: str,
    since: date,
    until: date | None,
    codes: tuple[str, ...],
    by_department: bool,
    as_json: bool,
) -> None:
    """Print the figures of a unit and a period.

    Example: bihuan figures --unit D04 --from 2026-08-01 --to 2026-09-01
    """
    with opened(settings) as app:
        found = reported.overview(
            app,
            identities.operator(),
            unit=unit,
            since=since,
            until=until,
            codes=codes,
            by_department=by_department,
        )
    terminal.answer(found, as_json=as_json, text=_text(found))


@click.command()
@click.option("--unit", required=True, metavar="U", help="A unit, or a department.")
@click.option("--month", required=True, metavar="M", help="Of which month: 2026-08.")
@click.argument("out", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.pass_obj
def bulletin(settings: Settings, *, unit: str, month: str, out: Path) -> None:
    """Write the month bulletin (月点评) of a unit to OUT, a .html or .docx file.

    Example: bihuan bulletin --unit 990101 --month 2026-08 bulletin.docx
    """
    kind = out.suffix.removeprefix(".").lower()
    if kind not in bulletins.FORMATS:
        raise click.UsageError(f"{out.name} is no .html or .docx file.")
    with opened(settings) as app:
        drafted = bulletins.draft(app, identities.operator(), unit=unit, month=month)
    out.write_bytes(bulletins.write(drafted, kind))
    terminal.say(f"{drafted.title}: {out}")


_SAMPLE = " *"


def _text(found: dict[str, Any]) -> str:
    title = "title_zh" if terminal.language() == "zh" else "title_en"
    formula = "formula_zh" if terminal.language() == "zh" else "formula_en"
    lines = [
        (
            one["code"],
            one[title] + _SAMPLE * one["is_sample"],
            one["text"],
            _parts(one),
            one["n"],
            one[formula],
        )
        for one in found["items"]
    ]
    head = f"{found['unit']} {found['name']}, {found['from']} – {found['to']}"
    told = [head, terminal.rows(("code", "figure", "value", "of", "n", "formula"), lines)]
    if any(one["is_sample"] for one in found["items"]):
        told.append(
            f"{_SAMPLE.strip()} rests on a sample that nobody has compared with its source."
        )
    if "departments" in found:
        rows = [(one["rank"], one["unit"], one["name"], one["n"], one["points"])
                for one in found["departments"]]  # fmt: skip
        told.append(terminal.rows(("rank", "unit", "department", "n", "points"), rows))
    return "\n\n".join(told)


def _parts(one: dict[str, Any]) -> str:
    base = one["denominator"]
    return f"{one['numerator']}" if base is None else f"{one['numerator']}/{base}"
