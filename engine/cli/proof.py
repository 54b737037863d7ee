"""``bihuan replay`` and ``rebuild``: the histories are the truth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from engine import replay as replaying
from engine.cli import terminal, workers
from engine.cli.installation import opened
from engine.ports import Application
from engine.replay import Difference
from engine.settings import Settings

CASES = click.argument("cases", metavar="[CASE…]", nargs=-1)
ALL = click.option("--all", "everything", is_flag=True, help="Every case there is.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")


def chosen(app: Application, cases: tuple[str, ...], *, everything: bool) -> list[str]:
    """Return the cases that a command line names, or all.

    Raises:
        UsageError: it says neither, or both.
    """
    demand_chosen(cases, everything=everything)
    return replaying.case_ids(app) if everything else list(cases)


def demand_chosen(cases: tuple[str, ...], *, everything: bool) -> None:
    """Refuse a command line that names neither cases nor all of them, or both.

    Raises:
        UsageError: it does.
    """
    if everything == bool(cases):
        raise click.UsageError("Name one or more cases, or say --all.")


@click.command()
@CASES
@ALL
@workers.JOBS
@workers.SCHEDULER
@click.option("--reevaluate", "again", is_flag=True, help="Evaluate again; report disagreements.")
@JSON
@click.pass_obj
def replay(
    settings: Settings,
    *,
    cases: tuple[str, ...],
    everything: bool,
    jobs: int,
    scheduler: str | None,
    again: bool,
    as_json: bool,
) -> None:
    """Apply the recorded commands again and compare every event; writes nothing.

    Recorded evaluations are used, always. With --reevaluate conditions, scripts and
    decisions are evaluated once more, where this is the sandbox and the calendar that
    the record names, and what differs is reported apart.
    """
    workers.demand_one(jobs, scheduler)
    with opened(settings) as app:
        count = _count(app, cases, everything=everything)
        ids = replaying.all_ids(app) if everything else iter(cases)
        if jobs == 1 and scheduler is None:
            found = replaying.replay(app, ids)
        else:
            found = workers.spread(settings, replayed, ids, jobs=jobs, scheduler=scheduler)
        faults = _faults("Replayed", found, count)
        asked = replaying.all_ids(app) if everything else iter(cases)
        disagreements = _disagreements(app, asked, count) if again else []
    report = {"cases": count, "identical": count - len(faults), "different": faults}
    text = f"{report['identical']} of {count} cases are identical."
    if again:
        report["disagreements"] = disagreements
        text += f" Evaluated again, {len(disagreements)} answers differ."
        text += "".join(f"\n{_disagreement(one)}" for one in disagreements)
    finish(report, faults, text, as_json=as_json)


def _count(app: Application, cases: tuple[str, ...], *, everything: bool) -> int:
    demand_chosen(cases, everything=everything)
    return replaying.count_cases(app) if everything else len(cases)


def _disagreements(app: Application, ids: Iterable[str], count: int) -> list[dict[str, Any]]:
    found = []
    with terminal.progress("Evaluated", count) as step:
        for one in replaying.reevaluate(app, ids):
            step()
            found += [{"case": one["case"], **differs} for differs in one["disagreements"]]
    return found


def _disagreement(one: dict[str, Any]) -> str:
    place = "/".join(str(part) for part in one["site"])
    return (
        f"case {one['case']} position {one['position']} {place}: "
        f"recorded {one['recorded']}, now {one['now']}"
    )


def replayed(app: Application, _argument: None, ids: list[str]) -> list[Difference | None]:
    """Replay a chunk of cases, in whatever process."""
    return list(replaying.replay(app, ids))


@click.command()
@CASES
@ALL
@click.pass_obj
def rebuild(settings: Settings, *, cases: tuple[str, ...], everything: bool) -> None:
    """Refill snapshots, inbox and timers from the histories."""
    with opened(settings) as app:
        ids = chosen(app, cases, everything=everything)
        with terminal.progress("Rebuilt", len(ids)) as step:
            for _ in replaying.rebuild(app, ids):
                step()


def _faults(label: str, found: Iterable[Difference | None], count: int) -> list[dict[str, Any]]:
    faults = []
    with terminal.progress(label, count) as step:
        for one in found:
            step()
            if one is not None:
                faults.append(one.to_json())
    return faults


def finish(
    report: dict[str, Any], faults: list[dict[str, Any]], text: str, *, as_json: bool
) -> None:
    """Print a report with a line per fault, and exit with 1 where there is one."""
    lines = [text, *(_line(one) for one in faults)]
    terminal.answer(report, as_json=as_json, text="\n".join(lines))
    click.get_current_context().exit(1 if faults else 0)


def _line(fault: dict[str, Any]) -> str:
    named = [name for name in ("case", "position", "what") if fault.get(name) is not None]
    where = " ".join(f"{name} {fault[name]}" for name in named)
    return f"{where}: {fault['reason']}"
