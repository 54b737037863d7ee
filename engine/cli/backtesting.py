"""``bihuan backtest``: what a changed diagram would have made of past cases."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import click

from engine import backtest as trying
from engine import deployments
from engine.backtest import Backtest, Job, Plan, Result
from engine.cli import terminal, workers
from engine.cli.calendar import Moment
from engine.cli.diagrams import read_files
from engine.cli.installation import opened
from engine.ports import Application
from engine.settings import Settings

TITLES = {
    "identical": "identical",
    "same_outcome": "same outcome by another way",
    "different_outcome": "different outcome",
    "stuck": "stuck",
    "diverged": "diverged",
}
"""The classes of cases, as people read them."""


@click.command()
@click.argument("process")
@click.argument(
    "paths", metavar="[NEW.bpmn…]", nargs=-1, type=click.Path(exists=True, path_type=Path)
)
@click.option("--since", type=Moment(), metavar="D", help="Cases that began at D or later.")
@click.option("--until", type=Moment(), metavar="D", help="Cases that began before D.")
@click.option(
    "--cases", default=trying.CASES, show_default=True, metavar="N", type=click.IntRange(1),
    help="At most so many, the latest.",
)  # fmt: skip
@workers.JOBS
@workers.SCHEDULER
@click.option("--set", "sets", multiple=True, metavar="NAME=LIMIT", help="Another limit.")
@click.option(
    "--calendar", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another calendar.",
)  # fmt: skip
@click.option("--list", "lists", multiple=True, metavar="NAME=FILE", help="Another list.")
@click.option("--map", "mapped", multiple=True, metavar="OLD=NEW", help="An element's new id.")
@click.option(
    "--html", metavar="OUT", type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report as a page.",
)  # fmt: skip
@click.option(
    "--lang", "language", type=click.Choice(terminal.LANGUAGES), default=terminal.language,
    help="Language of the page; without it, that of the terminal (LC_ALL, LC_MESSAGES, LANG).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def backtest(
    settings: Settings,
    /,
    *,
    process: str,
    paths: tuple[Path, ...],
    jobs: int,
    scheduler: str | None,
    html: Path | None,
    language: str,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Live past cases of PROCESS again on NEW.bpmn, with what people decided then.

    Nothing is written to the database. With forms and decisions beside NEW.bpmn they are
    tried too; without any file the deployed diagram is, with --set, --list or --calendar.

    Example: bihuan backtest whistle_report new.bpmn --set handle=3WD --html report.html
    """
    workers.demand_one(jobs, scheduler)
    if html is not None and not os.access(html if html.exists() else html.parent, os.W_OK):
        raise click.UsageError(f"--html {html}: nothing can be written there.")
    job = Job(process, read_files(paths) if paths else {}, _plan(process, wanted))
    with opened(settings) as app:
        test = Backtest(app, job)
        _warn(app, job)
        report = test.report()
        with closing(_results(settings, test, jobs, scheduler)) as results:
            for one in _counted(test, trying.first(results, job.plan.cases)):
                report.add(one)
    document = report.to_json()
    if html is not None:
        page = trying.page(document, *test.pictures, language, settings.public_url)
        html.write_text(page, "utf-8")
    terminal.answer(document, as_json=as_json, text=text_of(document))


def _plan(process: str, wanted: dict[str, Any]) -> Plan:
    calendar: Path | None = wanted["calendar"]
    since, until = wanted["since"], wanted["until"]
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--since must lie before --until.")
    return Plan(
        since=since,
        until=until,
        cases=wanted["cases"],
        sets=wanted["sets"],
        calendar=None if calendar is None else calendar.read_bytes(),
        lists=dict(_list(one) for one in wanted["lists"]),
        mapping=trying.mapping(process, wanted["mapped"]),
    )


def _list(text: str) -> tuple[str, bytes]:
    name, equals, path = text.partition("=")
    if not equals or not Path(path).is_file():
        raise click.UsageError(f"--list {text}: write NAME=FILE, with a file that is there.")
    return name, Path(path).read_bytes()


def _warn(app: Application, job: Job) -> None:
    """Say what a deployment of the files would be refused for."""
    for one in deployments.check(app, job.files) if job.files else ():
        if one.severity == "error":
            terminal.say(terminal.finding(one.to_json()))


def _counted(test: Backtest, results: Iterator[Result]) -> Iterator[Result]:
    """Yield results; show how far they have come, as if every case that there is came to it."""
    ids = trying.case_ids(test.app, test.job.process, test.job.plan)
    there = sum(1 for _ in islice(ids, test.job.plan.cases))
    with terminal.progress("Tried", there) as step:
        for one in results:
            yield one
            step()


def _results(
    settings: Settings, test: Backtest, jobs: int, scheduler: str | None
) -> Generator[Result | None, None, None]:
    ids = trying.case_ids(test.app, test.job.process, test.job.plan)
    if jobs == 1 and scheduler is None:
        yield from test.results(ids)
        return
    yield from workers.spread(
        settings, _work, ids, argument=test.job, jobs=jobs, scheduler=scheduler
    )


def _work(app: Application, job: Job, ids: list[str]) -> list[Result | None]:
    return list(workers.kept(job, lambda: Backtest(app, job)).results(ids))


# -- for people -------------------------------------------------------------------------


def text_of(document: dict[str, Any]) -> str:
    """Return a report as text."""
    lines = [f"{document['cases']} cases of {document['process']}."]
    for name, title in TITLES.items():
        found = document["classes"][name]
        lines.append(f"{found['count']:>6}  {title}")
        if name != "identical":
            lines += [f"          {_example(one)}" for one in found["examples"]]
    for name in ("overdue", "escalations"):
        lines.append(f"{name}: {document[name]['then']} then, {document[name]['now']} now")
    rows = [
        (one["element"], one["name"], one["reached_then"], one["reached_now"],
         f"{one['hours_then']:.1f}", f"{one['hours_now']:.1f}")
        for one in document["elements"]
        if _differs(one)
    ]  # fmt: skip
    if rows:
        titles = ("element", "name", "times then", "now", "working hours then", "now")
        lines += ["", terminal.rows(titles, rows)]
    if document["never"]:
        never = ", ".join(_named(one) for one in document["never"])
        lines += ["", f"Never reached: {never}."]
    return "\n".join(lines)


def _named(one: dict[str, Any]) -> str:
    return f"{one['name']} ({one['element']})" if one["name"] else one["element"]


def _differs(one: dict[str, Any]) -> bool:
    pairs = ((one["reached_then"], one["reached_now"]), (one["hours_then"], one["hours_now"]))
    return any(then != now for then, now in pairs)


def _example(one: dict[str, Any]) -> str:
    where = "" if one["position"] is None else f" entry {one['position']}"
    key = f" ({one['business_key']})" if one["business_key"] else ""
    first = f" at {_named(one['first'])}" if one["first"] else ""
    reason = f": {one['reason']}" if one["reason"] else ""
    return f"{one['case']}{key}{where}{first}{reason}"
