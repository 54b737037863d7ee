"""``bihuan replay``, ``verify`` and ``rebuild``: the histories are the truth."""

from __future__ import annotations

from typing import Any

import click

from engine import replay as replaying
from engine.cli import terminal
from engine.cli.installation import opened
from engine.settings import Settings

_CASES = click.argument("cases", metavar="[CASE…]", nargs=-1)
_ALL = click.option("--all", "everything", is_flag=True, help="Every case there is.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")


def _chosen(cases: tuple[str, ...], *, everything: bool) -> list[str] | None:
    if everything == bool(cases):
        raise click.UsageError("Name one or more cases, or say --all.")
    return None if everything else list(cases)


@click.command()
@_CASES
@_ALL
@click.option("--reevaluate", is_flag=True, help="Also evaluate expressions again and compare.")
@_JSON
@click.pass_obj
def replay(
    settings: Settings,
    *,
    cases: tuple[str, ...],
    everything: bool,
    reevaluate: bool,
    as_json: bool,
) -> None:
    """Apply the recorded commands again and compare every event; writes nothing."""
    chosen = _chosen(cases, everything=everything)
    with opened(settings) as app:
        report = replaying.replay(app, chosen, reevaluate=reevaluate)
    text = f"{report['identical']} of {report['cases']} cases are identical."
    _finish(report, report["different"], text, as_json=as_json)


@click.command()
@_CASES
@_ALL
@_JSON
@click.pass_obj
def verify(settings: Settings, *, cases: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Check that every entry of the histories follows from the one before it."""
    chosen = _chosen(cases, everything=everything)
    with opened(settings) as app:
        report = replaying.verify(app, chosen)
    text = f"{report['sound']} of {report['cases']} histories are sound."
    _finish(report, report["broken"], text, as_json=as_json)


@click.command()
@_CASES
@_ALL
@click.pass_obj
def rebuild(settings: Settings, *, cases: tuple[str, ...], everything: bool) -> None:
    """Refill snapshots, inbox and timers from the histories."""
    chosen = _chosen(cases, everything=everything)
    with opened(settings) as app:
        report = replaying.rebuild(app, chosen)
    terminal.say(f"Rebuilt {report['cases']} cases.")


def _finish(
    report: dict[str, Any], faults: list[dict[str, Any]], text: str, *, as_json: bool
) -> None:
    lines = [text, *(_line(one) for one in faults)]
    terminal.answer(report, as_json=as_json, text="\n".join(lines))
    click.get_current_context().exit(1 if faults else 0)


def _line(fault: dict[str, Any]) -> str:
    named = [name for name in ("case", "position", "what") if fault.get(name) is not None]
    where = " ".join(f"{name} {fault[name]}" for name in named)
    return f"{where}: {fault['reason']}"
