"""``bihuan move-cases``: running cases go on with another version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from engine import cases, identities, views
from engine.cli import terminal
from engine.cli.installation import opened
from engine.commands import MigrateCase
from engine.errors import EngineError, NotFound
from engine.ports import Application
from engine.settings import Settings

Found = dict[str, Any]


@click.command("move-cases")
@click.argument("process")
@click.option("--from", "old", required=True, type=click.IntRange(1), metavar="V", help="Now.")
@click.option("--to", "new", required=True, type=click.IntRange(1), metavar="W", help="Then.")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='A JSON file {"old id": "new id"}, or {"process": {"old id": "new id"}}.',
)
@click.option("--case", "chosen", multiple=True, metavar="ID", help="Only this one; repeatable.")
@click.option("--reason", help="Why, for the histories of the cases.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def move_cases(
    settings: Settings,
    *,
    process: str,
    old: int,
    new: int,
    dry_run: bool,
    mapping: Path | None,
    chosen: tuple[str, ...],
    reason: str | None,
    as_json: bool,
) -> None:
    """Let open cases of PROCESS go on with version W in place of V.

    A case that has no place in the new version, or could come to a standstill there,
    stays as it is, and each reason is told. Cases that only call PROCESS keep the
    versions of everything else.

    Example: bihuan move-cases whistle_report --from 3 --to 4 --dry-run
    """
    why = reason or f"bihuan move-cases {process} --from {old} --to {new}"
    with opened(settings) as app:
        found = _chosen(views.running_on(app, process, old), chosen)
        names = cases.normal_mapping(process, _read(mapping))
        with terminal.progress("Looked at" if dry_run else "Moved", len(found)) as step:
            for one in found:
                command = cases.migration_to(
                    one["process"], one["processes"], process, new, mapping=names, reason=why
                )
                one["refused"] = _move(app, one["case"], command, dry_run=dry_run)
                step()
    refused = [one for one in found if one["refused"]]
    document = {
        "process": process,
        "from": old,
        "to": new,
        "dry_run": dry_run,
        "cases": len(found),
        "moved": len(found) - len(refused),
        "refused": [
            {"case": one["case"], "business_key": one["business_key"], "reasons": one["refused"]}
            for one in refused
        ],
    }
    terminal.answer(document, as_json=as_json, text=_report(document))
    click.get_current_context().exit(1 if refused else 0)


def _chosen(found: list[Found], chosen: tuple[str, ...]) -> list[Found]:
    known = {one["case"] for one in found}
    for one in chosen:
        if one not in known:
            raise NotFound(
                f"Case {one!r} is not open on that version.",
                hint="Without --case all that are get moved; --dry-run says which.",
            )
    return [one for one in found if not chosen or one["case"] in chosen]


def _read(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as reason:
        raise click.UsageError(f"{path} holds no JSON: {reason}.") from reason
    if not isinstance(found, dict):
        raise click.UsageError(f'{path} must hold an object {{"old id": "new id"}}.')
    return found


def _move(
    app: Application, case_id: str, command: MigrateCase, *, dry_run: bool
) -> list[dict[str, Any]]:
    """Move one case, or see whether it could be; return the reasons why not."""
    by = identities.operator()
    try:
        if dry_run:
            refused = cases.preview_migration(app, by, case_id, command).get("refused", [])
            return list(refused)
        cases.handle(app, by, case_id, command)
    except EngineError as refusal:
        return refusal.findings or [{**refusal.to_json(), "message": refusal.message}]
    return []


def _report(document: Found) -> str:
    """Return the refusals case by case, and how many there are, for people."""
    zh = terminal.language() == "zh"
    lines = []
    for one in document["refused"]:
        lines.append(f"{one['case']} {one['business_key'] or ''}".rstrip())
        for reason in one["reasons"]:
            message, hint = reason["message"], reason.get("hint") or ""
            if zh:
                message = reason.get("message_zh", message)
                hint = reason.get("hint_zh", hint) or ""
            lines.append(f"  {reason['code']}: {message} {hint}".rstrip())
    moved = "could be moved" if document["dry_run"] else "moved"
    lines.append(f"{document['moved']} of {document['cases']} cases {moved}.")
    return "\n".join(lines)
