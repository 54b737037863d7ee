"""``bihuan replay`` and ``rebuild``: the histories are the truth."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import Any

import click

from engine import replay as replaying
from engine.cli import terminal
from engine.cli.installation import opened
from engine.ports import Application
from engine.replay import Difference
from engine.settings import Settings

CHUNK = 50
"""How many cases a process of ``--jobs`` is handed at a time."""

CASES = click.argument("cases", metavar="[CASE…]", nargs=-1)
ALL = click.option("--all", "everything", is_flag=True, help="Every case there is.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")


def chosen(app: Application, cases: tuple[str, ...], *, everything: bool) -> list[str]:
    """Return the cases that a command line names, or all.

    Raises:
        UsageError: it says neither, or both.
    """
    if everything == bool(cases):
        raise click.UsageError("Name one or more cases, or say --all.")
    return replaying.case_ids(app) if everything else list(cases)


@click.command()
@CASES
@ALL
@click.option("--jobs", default=1, metavar="N", type=click.IntRange(1, 64), help="In N processes.")
@click.option("--reevaluate", "again", is_flag=True, help="Evaluate again; report disagreements.")
@JSON
@click.pass_obj
def replay(
    settings: Settings,
    *,
    cases: tuple[str, ...],
    everything: bool,
    jobs: int,
    again: bool,
    as_json: bool,
) -> None:
    """Apply the recorded commands again and compare every event; writes nothing.

    Recorded evaluations are used, always. With --reevaluate conditions, scripts and
    decisions are evaluated once more, where this is the sandbox and the calendar that
    the record names, and what differs is reported apart.
    """
    with opened(settings) as app:
        ids = chosen(app, cases, everything=everything)
        found = replaying.replay(app, ids) if jobs == 1 else _in_processes(settings, ids, jobs)
        faults = _faults("Replayed", found, len(ids))
        disagreements = _disagreements(app, ids) if again else []
    report = {"cases": len(ids), "identical": len(ids) - len(faults), "different": faults}
    text = f"{report['identical']} of {len(ids)} cases are identical."
    if again:
        report["disagreements"] = disagreements
        text += f" Evaluated again, {len(disagreements)} answers differ."
        text += "".join(f"\n{_disagreement(one)}" for one in disagreements)
    finish(report, faults, text, as_json=as_json)


def _disagreements(app: Application, ids: list[str]) -> list[dict[str, Any]]:
    found = []
    with terminal.progress("Evaluated", len(ids)) as step:
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


def _in_processes(settings: Settings, ids: list[str], jobs: int) -> Iterator[Difference | None]:
    chunks = [ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)]
    # Forked processes would share the sandbox's pipes and the database's connections.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=fresh) as pool:
        done: Iterable[Sequence[Difference | None]]
        done = pool.map(_replay_chunk, [settings] * len(chunks), chunks)
        yield from chain.from_iterable(done)


def _replay_chunk(settings: Settings, ids: list[str]) -> list[Difference | None]:
    with opened(settings) as app:
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
