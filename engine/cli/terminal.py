"""What people and programs read: answers on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.errors import EngineError

LANGUAGES = ("en", "zh")
"""What findings about files are told in; everything else is told in English."""

_SEVERITIES = {"error": "错误", "warning": "警告", "note": "提示"}

LINES = 10
"""How many lines long work writes where no terminal shows a bar."""

Step = Callable[[], None]

FILES = click.argument(
    "files",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
"""One or more files that are there, as an argument of a command."""


def say(line: str) -> None:
    """Tell the person at the terminal something; programs do not read it."""
    click.echo(line, err=True)


def answer(document: Any, *, as_json: bool, text: str = "") -> None:
    """Print the answer of a command: the document as JSON, or ``text`` for people."""
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    elif text:
        click.echo(text)


def refuse(reason: Exception, *, as_json: bool) -> None:
    """Say why nothing was done: a sentence and a hint, for programs a problem document."""
    if as_json:
        problem = {"code": "failed", "detail": _sentence(reason)}
        known = reason.to_json() if isinstance(reason, EngineError) else problem
        click.echo(json.dumps(known, ensure_ascii=False, indent=2))
    for one in getattr(reason, "findings", None) or ():
        say(finding(one))
    say(f"bihuan: {_sentence(reason)}")


def language() -> str:
    """Return the language of the terminal: that of messages, as its locale says."""
    given = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, given), "").lower().startswith("zh") else "en"


def finding(one: Mapping[str, Any], language: str = "en") -> str:
    """Return a finding as a line of text: where, what, and what to do.

    Args:
        language: one of ``LANGUAGES``; what is not told in it is told in English.
    """
    where = ":".join(str(one[name]) for name in ("file", "line") if one.get(name))
    name = f" ({one['name']})" if one.get("name") else ""
    element = f" {one['element']}{name}:" if one.get("element") else ""
    severity, code = one.get("severity", "error"), one.get("code", "")
    message, hint = one.get("message", ""), one.get("hint") or ""
    if language == "zh":
        severity = _SEVERITIES.get(severity, severity)
        message, hint = one.get("message_zh", message), one.get("hint_zh", hint) or ""
    between = " " if hint and language == "en" else ""
    return f"{where}: {severity} {code}:{element} {message}{between}{hint}"


def _sentence(reason: Exception) -> str:
    if isinstance(reason, EngineError):
        return str(reason)
    first = next(iter(str(reason).strip().splitlines()), "")
    if isinstance(reason, OSError | ValueError):
        return first or type(reason).__name__
    return f"{type(reason).__name__}: {first} See where with `bihuan --traceback …`."


def rows(titles: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    """Return a table as text, as wide as the terminal or 120 columns in a pipe."""
    table = Table(*titles, box=None, pad_edge=False, header_style="bold")
    for line in lines:
        table.add_row(*("" if cell is None else str(cell) for cell in line))
    console = Console(width=None if sys.stdout.isatty() else 120, no_color=not sys.stdout.isatty())
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()


@contextmanager
def progress(label: str, total: int) -> Iterator[Step]:
    """Show how far ``total`` steps of long work have come; call what it yields per step.

    A bar on a terminal; elsewhere a plain line per tenth of the way.
    """
    if sys.stderr.isatty():
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        ) as bars:
            task = bars.add_task(label, total=total)
            yield lambda: bars.advance(task)
        return
    lines = _Lines(label, total)
    yield lines.step


class _Lines:
    """Progress as lines of text."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.done = label, total, 0

    def step(self) -> None:
        self.done += 1
        if self.done * LINES // self.total > (self.done - 1) * LINES // self.total:
            say(f"{self.label}: {self.done} of {self.total}")
