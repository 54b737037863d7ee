"""The command line: ``bihuan``.

Every command is a click command in one of the modules here. They are imported
when they are asked for, so that ``bihuan due`` does not wait for the web server.

Exit status: 0 = done; 1 = the thing asked about is not so, or was refused;
2 = wrong usage.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence

import click
import structlog

from engine import __version__, settings
from engine.cli import terminal
from engine.errors import EngineError

COMMANDS: dict[str, tuple[str, str, str]] = {
    "migrate": ("upkeep", "migrate", "Create the database or bring it up to date."),
    "serve": ("server", "serve", "Serve the API and the pages, and run the scheduler."),
    "schedule": ("server", "schedule", "Run a scheduler alone, beside other nodes."),
    "tick": ("server", "tick", "Fire what is due once, then stop (for cron)."),
    "due": ("calendar", "due", "Print the due moment on the working calendar."),
    "check": ("diagrams", "check", "Say what is wrong with diagrams, decisions and forms."),
    "deploy": ("diagrams", "deploy", "Check, then add a version of what has changed."),
    "decide": ("decisions", "decide", "Evaluate one decision of a DMN file."),
    "table": ("decision_tables", "table", "Decision tables as sheets, and what has changed."),
    "why": ("decisions", "why", "Say why the decisions of a case came out as they did."),
    "import": ("lists", "import_lists", "Show what your own CSV files change, then activate them."),
    "unattended": ("lists", "list_unattended", "List open tasks that nobody is left to do."),
    "figures": ("reports", "figures", "Print the figures of a unit and a period."),
    "bulletin": ("reports", "bulletin", "Write the month bulletin as HTML or DOCX."),
    "layout": ("diagrams", "layout", "Draw diagrams anew: write their shapes and edges."),
    "move-cases": ("moving", "move_cases", "Let running cases go on with another version."),
    "demo": ("city", "demo", "Load the demo city and simulated cases."),
    "backtest": ("backtesting", "backtest", "Live past cases again on a changed diagram."),
    "replay": ("proof", "replay", "Re-execute histories and compare every event."),
    "verify": ("verifying", "verify", "Check histories, what derives from them, and checkpoints."),
    "rebuild": ("proof", "rebuild", "Refill snapshots, inbox and timers from the histories."),
    "export": ("exporting", "export", "Write cases to a file: an archive that proves itself."),
    "checkpoint": ("checkpoints", "checkpoint", "Sign what stands where, to be kept elsewhere."),
    "backup": ("copies", "backup", "Write a consistent copy while others work on."),
    "restore": ("copies", "restore", "Fill an empty database from a copy, and verify it."),
    "tidy": ("upkeep", "tidy", "Remove stored answers and deliveries that are past use."),
    "erase": ("privacy", "erase", "Erase who reported a case, for good."),
    "user": ("people", "user", "Add, list and disable users."),
    "token": ("people", "token", "Create tokens for the API."),
    "compile": ("compiling", "compile_engine", "Compile the inner loop to machine code."),
    "bench": ("figures", "bench", "Run the benchmarks and print their ratios."),
}
"""Command -> (module here, function, what it does in one line)."""


class Program(click.Group):
    """The program: knows its commands by name and loads one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,
        cmd_name: str,
    ) -> click.Command | None:
        """Return the command of that name, importing its module, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, function, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"engine.cli.{module}"), function)
        return command if isinstance(command, click.Command) else None

    def format_commands(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list of commands without loading any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, says) for name, (_, _, says) in COMMANDS.items()])


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bihuan")
@click.option("--traceback", "with_traceback", is_flag=True, help="Show where an error came from.")
@click.pass_context
def program(ctx: click.Context, *, with_traceback: bool) -> None:
    """Bihuan (闭环) runs the closed loops of grassroots governance.

    The database is named by DATABASE_URL (default: sqlite:///var/bihuan.db).
    """
    del with_traceback  # read by main(), which also sees what fails before this point
    try:
        ctx.obj = settings.from_environment(os.environ)
    except ValueError as reason:
        raise click.UsageError(str(reason)) from reason


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that ``arguments`` (default: those of the process) name, and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(words))


def run(words: list[str]) -> int:
    """Run one command line; return its exit status. Nothing is raised."""
    # Answers have stdout to themselves. Looked up at each line: what stderr is now may be
    # closed when the last line is written.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    try:
        # Without standalone mode click hands back the status that ctx.exit() was given.
        status = program.main(words, prog_name="bihuan", standalone_mode=False)
    except click.ClickException as refusal:
        refusal.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        terminal.say("Stopped.")
        return 1
    except Exception as reason:  # noqa: BLE001  the last stop: people get a sentence
        if "--traceback" in words:
            traceback.print_exc()
        terminal.refuse(reason, as_json="--json" in words)
        return 1
    return status if isinstance(status, int) else 0


__all__ = ["COMMANDS", "EngineError", "main", "program", "run"]
