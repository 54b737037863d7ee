"""The benchmarks by name: what ``bihuan bench`` runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import click

from benchmarks import (
    decisions,
    designing,
    durable,
    executors,
    inbox,
    kernel,
    migration,
    replay,
    serving,
    verify,
    year,
)
from benchmarks.measure import Row
from engine.cli import terminal

FIGURES: dict[str, Callable[[], list[Row]]] = {
    **durable.FIGURES,
    **kernel.FIGURES,
    **serving.FIGURES,
    **replay.FIGURES,
    **migration.FIGURES,
    **verify.FIGURES,
    **inbox.FIGURES,
    **executors.FIGURES,
    **year.FIGURES,
    **designing.FIGURES,
    **decisions.FIGURES,
}
"""Name on the command line -> what measures it."""


def measure(names: Sequence[str]) -> list[Row]:
    """Return the rows of these figures, of all without a name."""
    rows: list[Row] = []
    for name in names or FIGURES:
        began = time.monotonic()
        rows += FIGURES[name]()
        terminal.say(f"{name}: {time.monotonic() - began:.0f} s")
    return rows


def main(names: Sequence[str], *, as_json: bool = False) -> int:
    """Measure, print, and return the exit status.

    A figure that falls short is no failure of the command: on a busy machine
    any may.

    Raises:
        UsageError: a name is none of ours.
    """
    unknown = sorted(set(names) - FIGURES.keys())
    if unknown:
        known = ", ".join(FIGURES)
        raise click.UsageError(f"There is no benchmark {unknown[0]!r}. Choose of: {known}.")
    rows = measure(names)
    document = [row.to_json() for row in rows]
    terminal.answer(document, as_json=as_json, text=table(rows))
    return 0


def table(rows: Sequence[Row]) -> str:
    """Return the rows for people."""
    titles = ("figure", "value", "unit", "against", "its value", "ratio", "aim", "")
    verdicts = {True: "reached", False: "short", None: ""}
    return terminal.rows(
        titles,
        [
            (
                row.name,
                _number(row.value),
                row.unit,
                row.against,
                _number(row.against_value),
                f"{row.ratio:.2f}",
                row.target,
                verdicts[row.reached],
            )
            for row in rows
        ],
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
