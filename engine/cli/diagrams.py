"""``bihuan check``, ``deploy`` and ``layout``: from files to versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from engine import deployments, identities, migrations, uploads
from engine.bpmn.layout import lay_out
from engine.cli import terminal
from engine.cli.installation import opened
from engine.errors import Busy, NotDeployable, NotReady
from engine.settings import Settings

Finding = dict[str, Any]

_PATHS = click.argument(
    "paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
_EXECUTOR = click.option(
    "--executor",
    type=click.Choice(["kernel", "spiff"]),
    default=deployments.DEFAULT,
    show_default=True,
    help="What runs the cases.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
_LANGUAGE = click.option(
    "--lang",
    "language",
    type=click.Choice(terminal.LANGUAGES),
    default=terminal.language,
    help="Language of the findings; without it, that of the terminal (LC_ALL, LC_MESSAGES, LANG).",
)


def read_files(paths: Sequence[Path]) -> dict[str, bytes]:
    """Return the content of diagrams, decisions and forms by file name.

    Args:
        paths: files are taken as they are; folders are searched, except what
            is no part of a deployment: ``lists`` and ``demo``.

    Raises:
        click.UsageError: there are none, or two files of one name.
    """
    found: list[Path] = []
    for path in paths:
        found += [path] if path.is_file() else uploads.inside(path)
    if not found:
        raise click.UsageError(f"There is no {', '.join(uploads.KINDS)} file in what you named.")
    files: dict[str, bytes] = {}
    for path in found:
        if path.name in files:
            raise click.UsageError(f"There are two files named {path.name}; deploy them apart.")
        files[path.name] = path.read_bytes()
    return files


@click.command()
@_PATHS
@_EXECUTOR
@_LANGUAGE
@_JSON
@click.pass_obj
def check(
    settings: Settings, *, paths: tuple[Path, ...], executor: str, language: str, as_json: bool
) -> None:
    """Say what is wrong with the diagrams, decisions and forms in PATH…, and what to do."""
    files = read_files(paths)
    try:
        findings = _check(settings, files, executor)
    except (NotReady, Busy) as reason:
        terminal.say(f"{reason.message} Checking without what is deployed.")
        with TemporaryDirectory() as folder:
            empty = replace(settings, database_url=f"sqlite:///{folder}/empty.db")
            migrations.upgrade(empty.database_url)
            findings = _check(empty, files, executor)
    documents = [_document(one) for one in findings]
    report = _report(documents, len(files), language)
    terminal.answer({"findings": documents}, as_json=as_json, text=report)
    wrong = any(one["severity"] == "error" for one in documents)
    click.get_current_context().exit(1 if wrong else 0)


def _check(settings: Settings, files: dict[str, bytes], executor: str) -> list[Any]:
    with opened(settings) as app:
        return list(deployments.check(app, files, executor=executor))


@click.command()
@_PATHS
@_EXECUTOR
@_LANGUAGE
@_JSON
@click.pass_obj
def deploy(
    settings: Settings, *, paths: tuple[Path, ...], executor: str, language: str, as_json: bool
) -> None:
    """Check, then add a new version of each process of which anything has changed."""
    files = read_files(paths)
    with opened(settings) as app:
        try:
            answer = deployments.deploy(app, identities.operator(), files, executor=executor)
        except NotDeployable as refusal:
            findings = refusal.findings or []
            document = {**refusal.to_json(), "findings": findings}
            report = _report(findings, len(files), language)
            terminal.answer(document, as_json=as_json, text=report)
            terminal.say("Nothing was deployed.")
            click.get_current_context().exit(1)
    lines = [
        f"{one['key']} version {one['version']}: {one['name']}"
        + ("" if one["executable"] else " (a drawing)")
        for one in answer.body["definitions"]
    ]
    lines.append("Deployed." if answer.status == 201 else "Nothing has changed.")
    terminal.answer(answer.body, as_json=as_json, text="\n".join(lines))


@click.command()
@terminal.FILES
def layout(*, files: tuple[Path, ...]) -> None:
    """Draw each FILE.bpmn anew: write the shapes and edges of its diagram into it."""
    for file in files:
        before = file.read_bytes()
        after = lay_out(before)
        if after != before:
            file.write_bytes(after)
        terminal.say(f"{file}: {'drawn' if after != before else 'is drawn already'}")


def _document(finding: Any) -> Finding:
    return finding if isinstance(finding, dict) else finding.to_json()


def _report(findings: Sequence[Finding], count: int, language: str) -> str:
    lines = [terminal.finding(one, language) for one in findings]
    number = Counter(one["severity"] for one in findings)
    notes = number["note"]
    told = {
        "en": f"{count} files: {number['error']} errors, {number['warning']} warnings"
        + (f", {notes} notes." if notes else "."),
        "zh": f"{count} 个文件：{number['error']} 个错误，{number['warning']} 个警告"
        + (f"，{notes} 个提示。" if notes else "。"),
    }
    return "\n".join([*lines, told[language]])
