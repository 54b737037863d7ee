"""``bihuan table``: decision tables as the sheets that offices keep, and what has changed."""

from __future__ import annotations

from pathlib import Path

import click

from engine import decisions
from engine.cli import terminal
from engine.cli.decisions import LANGUAGE, files_of
from engine.decisions import Version
from engine.decisions.drawn import drawn
from engine.decisions.office import text_file, workbook

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)


@click.group()
def table() -> None:
    """Export, import and compare the rules of decision tables."""


@table.command("export")
@click.argument("file", metavar="FILE.dmn", type=_FILE)
@click.argument("decision")
@click.argument("out", metavar="OUT.xlsx|OUT.csv", type=_OUT)
def export_table(*, file: Path, decision: str, out: Path) -> None:
    """Write the table of one DECISION of FILE.dmn, by its id or name, as a sheet."""
    found = drawn(file.read_bytes(), decision, filename=file.name)
    out.write_bytes(workbook(found) if _is_workbook(out) else text_file(found))
    terminal.say(f"{out}: {len(found.rules)} rules of {found.holder}.")


@table.command("import")
@click.argument("file", metavar="FILE.dmn", type=_FILE)
@click.argument("decision")
@click.argument("sheet", metavar="IN.xlsx|IN.csv", type=_FILE)
@click.option("--out", metavar="FILE.dmn", type=_OUT, help="Write there and leave FILE.dmn alone.")
@LANGUAGE
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def import_table(
    *, file: Path, decision: str, sheet: Path, out: Path | None, language: str, as_json: bool
) -> None:
    """Put the rules of a sheet into the table of one DECISION of FILE.dmn.

    Nothing else of the file changes. Each cell is checked first; if one is wrong, nothing
    is written. What has changed is told.
    """
    _is_workbook(sheet)
    files = files_of(file)
    made = decisions.import_rules(files, file.name, decision, sheet.name, sheet.read_bytes())
    new = Version(file.name, {**files, file.name: made.content})
    found = decisions.compare(Version(file.name, files), new, decision)
    (out or file).write_bytes(made.content)
    for one in made.doubts:
        terminal.say(one)
    terminal.answer(found, as_json=as_json, text="\n".join(decisions.differing(found, language)))


@table.command("diff")
@click.argument("old", metavar="OLD.dmn", type=_FILE)
@click.argument("new", metavar="NEW.dmn", type=_FILE)
@click.argument("decision", required=False)
@LANGUAGE
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_context
def diff_tables(
    ctx: click.Context, *, old: Path, new: Path, decision: str | None, language: str, as_json: bool
) -> None:
    """Say which rules differ between two versions of a file, with inputs that show it.

    The exit status is 1 if something differs.
    """
    before, after = (Version(one.name, files_of(one)) for one in (old, new))
    found = decisions.compare(before, after, decision)
    terminal.answer(found, as_json=as_json, text="\n".join(decisions.differing(found, language)))
    ctx.exit(0 if decisions.is_same(found) else 1)


def _is_workbook(path: Path) -> bool:
    """Whether a file is to be a workbook; else CSV."""
    ending = path.suffix.lower()
    if ending not in (".xlsx", ".csv"):
        raise click.UsageError(f"{path.name}: sheets are .xlsx or .csv files.")
    return ending == ".xlsx"
