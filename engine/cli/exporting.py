"""``bihuan export``: cases for others, as an archive that proves itself or as an event log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click

from engine import archive, event_logs
from engine.archive import Selection
from engine.cli import terminal
from engine.cli.calendar import Moment
from engine.cli.installation import opened
from engine.ports import Application
from engine.settings import Settings

Format = Callable[[Application, Path, Selection], int]
"""Writes a file of what is selected; returns how many cases are in it."""

FORMATS: dict[str, Format] = {
    "jsonl": archive.write,
    "xes": event_logs.write_xes,
    "ocel": event_logs.write_ocel,
    "csv": event_logs.write_csv,
}
"""What can be written, by the name on the command line."""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--format", "name", required=True, type=click.Choice(list(FORMATS)), help="What is written."
)
@click.option("--process", metavar="P", help="Cases of this process only.")
@click.option("--since", type=Moment(), metavar="D", help="Cases that began at D or later.")
@click.option(
    "--with-personal", "personal", is_flag=True, help="Personal values too; the file says so."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def export(
    settings: Settings,
    *,
    file: Path,
    name: str,
    process: str | None,
    since: datetime | None,
    personal: bool,
    as_json: bool,
) -> None:
    """Write cases to FILE, without the personal values unless they are asked for.

    jsonl is a signed archive: `bihuan verify --export FILE --key PUBLIC_KEY` checks and
    replays it on a machine without the database. xes, ocel (a SQLite database where FILE
    ends in .sqlite, else JSON) and csv are event logs for process mining: without the
    personal values users stand in them under pseudonyms.
    """
    if file.exists():
        raise click.UsageError(f"{file} is there already: name a file that is not there yet.")
    if not file.resolve().parent.is_dir():
        raise click.UsageError(f"There is no folder {file.resolve().parent}.")
    with opened(settings) as app:
        count = FORMATS[name](app, file, Selection(process, since, personal))
    report = {"file": str(file), "format": name, "cases": count, "bytes": file.stat().st_size}
    terminal.answer(report, as_json=as_json, text=f"{file}: {count} cases.")
