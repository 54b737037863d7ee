"""``bihuan backup`` and ``restore``: a consistent copy that verifies."""

from __future__ import annotations

from pathlib import Path

import click

from engine import backups, verification
from engine.cli import terminal
from engine.cli.installation import opened, reaching
from engine.settings import Settings

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")


@click.command()
@_FILE
@_JSON
@click.pass_obj
def backup(settings: Settings, *, file: Path, as_json: bool) -> None:
    """Write a consistent copy of the database to FILE, while others work on.

    The copy is a SQLite database: DATABASE_URL=sqlite:///FILE bihuan verify --all.
    """
    if not file.resolve().parent.is_dir():
        raise click.UsageError(f"There is no folder {file.resolve().parent}.")
    with reaching():
        rows = backups.backup(settings.database_url, file)
    size = file.stat().st_size
    report = {"file": str(file), "bytes": size, "rows": sum(rows.values()), "tables": rows}
    text = f"{file}: {report['rows']} rows, {size / 1e6:.1f} MB."
    terminal.answer(report, as_json=as_json, text=text)


@click.command()
@_FILE
@_JSON
@click.pass_obj
def restore(settings: Settings, *, file: Path, as_json: bool) -> None:
    """Fill an empty database from a copy, then verify every history in it.

    As `bihuan verify --all --chains` does; inbox rows and timers are compared by
    `bihuan verify --all`, which takes longer.
    """
    with reaching():
        rows = backups.restore(file, settings.database_url)
    with opened(settings) as app:
        checked = verification.everything(app)
    broken = [one.to_json() for one in checked.broken]
    report = {"rows": sum(rows.values()), "cases": checked.cases, "broken": broken}
    text = (
        f"{report['rows']} rows restored; {checked.sound} of {checked.cases} histories are sound."
    )
    lines = [text, *(f"{one.get('case') or one.get('what')}: {one['reason']}" for one in broken)]
    terminal.answer(report, as_json=as_json, text="\n".join(lines))
    click.get_current_context().exit(1 if broken else 0)
