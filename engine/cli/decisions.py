"""``bihuan decide``: one decision of a DMN file, JSON in and JSON out."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from engine import decisions, explanations
from engine.cli import terminal
from engine.cli.installation import opened
from engine.clock import SystemClock, parse
from engine.decisions import Decision, Model, Service, explain, sentences
from engine.errors import NotFound
from engine.settings import Settings

LANGUAGE = click.option(
    "--lang",
    "language",
    type=click.Choice(terminal.LANGUAGES),
    default=terminal.language,
    help="Language of sentences; without it, that of the terminal (LC_ALL, LC_MESSAGES, LANG).",
)


@click.command()
@click.argument(
    "file", metavar="FILE.dmn", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.argument("decision")
@click.option("--input", "given", metavar="FILE|-", type=click.File("rb"), help="JSON; - is stdin.")
@click.option("--now", metavar="MOMENT", help="The moment of now() and today().")
@click.option("--why", is_flag=True, help="Say which rules matched, and why each other did not.")
@LANGUAGE
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def decide(
    *,
    file: Path,
    decision: str,
    given: Any,
    now: str | None,
    why: bool,
    language: str,
    as_json: bool,
) -> None:
    """Evaluate one DECISION, or decision service, of FILE.dmn by its id or name.

    What is given is a JSON object with the data by name; what comes out is the decision's
    value. As DMN has it, what does not fit is null, and stderr says why.
    """
    inputs = _inputs(given)
    moment = _moment(now)
    asked = _asked(file, decision)
    if why:
        found = explain(asked, inputs, now=moment)
        terminal.answer(found, as_json=as_json, text="\n".join(sentences(found, language)))
        return
    result = decisions.evaluate(asked, inputs, now=moment, strict=False)
    for one in result.notes:
        terminal.say(one)
    terminal.answer(result.value, as_json=True)


@click.command()
@click.argument("case")
@LANGUAGE
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def why(settings: Settings, *, case: str, language: str, as_json: bool) -> None:
    """Say why each decision of a CASE came out as it did; writes nothing."""
    with opened(settings) as app:
        found = explanations.explain(app, case)
    lines = []
    for one in found:
        lines.append(f"{one['position']} {one['at']} {one['process']} / {one['element']}")
        lines += [f"  {line}" for line in sentences(one, language)]
        if not one["agrees"]:
            lines.append(_OTHERWISE[language])
    terminal.answer({"decisions": found}, as_json=as_json, text="\n".join(lines))


_OTHERWISE = {
    "en": "  Other rules were recorded: this is how it would be decided now.",
    "zh": "  当时记录的是其他行：以上是现在的判断。",
}


def _inputs(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    try:
        text = given.read().decode("utf-8-sig")
        found = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as reason:
        raise click.UsageError(f"The input is no JSON: {str(reason)[:200]}.") from reason
    if not isinstance(found, dict):
        raise click.UsageError('The input must be a JSON object such as {"urgency": "normal"}.')
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _moment(text: str | None) -> datetime:
    try:
        return SystemClock().now() if text is None else parse(text)
    except ValueError as reason:
        raise click.UsageError(f"--now: {reason}") from reason


def _asked(file: Path, name: str) -> Decision | Service:
    """Return the decision or service of that id or name.

    Raises:
        NotFound: there is none, or it has errors, which are told.
    """
    model = _model(file)
    found = None if model is None else model.asked(name)
    if found is None:
        known = [] if model is None else [one.key for one in model.askable()]
        raise NotFound(
            f"{file.name} has no decision {name!r} that can be evaluated.",
            hint=f"It has {', '.join(known)}." if known else None,
        )
    return found


def files_of(file: Path) -> dict[str, bytes]:
    """Return a DMN file, and if it imports others those beside it, by name."""
    content = file.read_bytes()
    files = {file.name: content}
    if decisions.imported(content):
        beside = sorted(one for one in file.parent.glob("*.dmn") if one.name != file.name)
        files |= {one.name: one.read_bytes() for one in beside}
    return files


def _model(file: Path) -> Model | None:
    """Return what a file defines, with what it imports from files beside it."""
    models, findings = decisions.read_files(files_of(file))
    for one in findings[file.name]:
        if one.severity == "error":
            terminal.say(terminal.finding(one.to_json()))
    return models.get(file.name)
