"""``bihuan import`` and ``bihuan unattended``: an office's own units, people, lists, calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click

from engine import columns, identities, imports, recounting, unattended
from engine.cli import terminal
from engine.cli.installation import opened
from engine.settings import Settings

LINES = 40
"""How many changed rows of a list are shown to people; ``--json`` gives all."""


class Day(click.ParamType[date]):
    """A date."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the date, or end with how to write one."""
        try:
            return columns.day(value)
        except ValueError as reason:
            self.fail(str(reason), param, ctx)


@click.command("import")
@click.argument("kind", type=click.Choice(list(imports.KINDS)))
@terminal.FILES
@click.option("--as-of", type=Day(), help="The day from which the files hold.")
@click.option("--activate", is_flag=True, help="Put them in force, if nothing is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def import_lists(
    settings: Settings,
    *,
    kind: str,
    files: tuple[Path, ...],
    as_of: date | None,
    activate: bool,
    as_json: bool,
) -> None:
    """Show what your own CSV files or workbooks would change; with --activate, change it.

    With --as-of D the files say how things are from D on, and what holds before D
    stays as it is. Without it a file is its whole list, the past included.

    Example: bihuan import people people.csv --as-of 2026-11-01
    """
    with opened(settings) as app:
        plan = imports.prepare(
            app, _contents(files), as_of=as_of, kind=kind, delivered=_delivered(files)
        )
        document = {**plan.to_json(), "activated": [], "recounted": 0}
        if activate and plan.valid:
            document["activated"] = imports.activate(app, identities.operator(), plan)
            if kind == "calendar":
                terminal.say("Counting the limits of open cases again.")
            document["recounted"] = recounting.recount(app)
    terminal.answer(document, as_json=as_json, text="\n".join(_report(document)))
    for one in document["findings"]:
        terminal.say(terminal.finding(one))
    terminal.say(_verdict(document, activate=activate, valid=plan.valid))
    click.get_current_context().exit(0 if plan.valid else 1)


def _contents(files: tuple[Path, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in files:
        if path.name in found:
            raise click.UsageError(f"There are two files named {path.name}; rename one.")
        found[path.name] = path.read_bytes()
    return found


def _delivered(files: tuple[Path, ...]) -> list[bytes]:
    """Descriptors beside the files come before those of ``processes/lists``."""
    beside = [path.with_suffix(".json") for path in files if path.suffix != ".json"]
    found = [path.read_bytes() for path in beside if path.is_file()]
    return found + imports.delivered()


def _report(document: dict[str, Any]) -> Iterator[str]:
    for one in document["files"]:
        added, removed, changed = one["added"], one["removed"], one["changed"]
        yield (
            f"{one['file']} ({one['encoding']}) is {one['list']} {one['title_zh']}: "
            f"{one['rows']} rows; {len(added)} added, {len(changed)} changed, "
            f"{len(removed)} removed."
        )
        lines = [
            *(f"  + {_shown(row)}" for row in added),
            *(f"  ~ {_key(row)}: {_changes(row['columns'])}" for row in changed),
            *(f"  - {_shown(row)}" for row in removed),
        ]
        yield from lines[:LINES]
        if len(lines) > LINES:
            yield f"  … and {len(lines) - LINES} more (--json shows all)"
    tasks = document["unattended"]
    if tasks:
        yield f"{len(tasks)} open tasks would have nobody left to do them:"
        yield from (f"  ! {_task(one)}" for one in tasks[:LINES])


def _shown(row: dict[str, Any]) -> str:
    given = [_text(value) for value in row.values() if value not in (None, [])]
    return " ".join(given[:8])


def _key(change: dict[str, Any]) -> str:
    return "/".join(_text(one) for one in change["key"])


def _changes(changed: dict[str, list[Any]]) -> str:
    return "; ".join(
        f"{name} (personal)" if values == [None, None] else f"{name} {_arrow(values)}"
        for name, values in changed.items()
    )


def _arrow(values: list[Any]) -> str:
    return " → ".join(_text(one) for one in values)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(map(str, value))
    return "(empty)" if value is None else str(value)


def _task(one: dict[str, Any]) -> str:
    offered = ", ".join(
        one.get("user") or f"{one['role']}@{one['unit']}" for one in one["candidates"]
    )
    who = f"claimed by {one['assignee']}" if one["assignee"] else f"offered to {offered}"
    return f"{one['id']} {one['name']}, {who} ({one['reason']})"


def _verdict(document: dict[str, Any], *, activate: bool, valid: bool) -> str:
    if not valid:
        wrong = sum(one["severity"] == "error" for one in document["findings"])
        return f"{wrong} errors: nothing was changed."
    if not activate:
        return "Nothing was changed yet; --activate puts it in force."
    changed = [one for one in document["activated"] if one["changed"]]
    said = f"In force: {', '.join(one['name'] for one in changed) or 'what was in force before'}."
    moved = document["recounted"]
    return said + (f" The limits of {moved} open cases were counted again." if moved else "")


@click.command("unattended")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def list_unattended(settings: Settings, *, as_json: bool) -> None:
    """List the open tasks that nobody is left to do: somebody must hand them on."""
    with opened(settings) as app:
        found = unattended.tasks_of(app, identities.operator())
    lines = [_task(one) for one in found]
    terminal.answer({"items": found}, as_json=as_json, text="\n".join(lines))
    if not found:
        terminal.say("Every open task has somebody.")
