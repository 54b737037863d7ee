"""``bihuan compile``: the engine's inner loop as machine code."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

import click

from engine import compiled
from engine.cli import terminal

SOURCES = (
    "assignments.py",
    "backtest/surroundings.py",
    "events.py",
    "execution.py",
    "history.py",
    "kernel/[!_]*.py",
    "replay/applying.py",
    "sheets.py",
    "worlds.py",
)
"""What every command and every replayed entry goes through. Compiled together: a call
between two of these files is a call in machine code."""

GROUP = "bihuan"
OPTIMISE = "1"
"""Level 3 takes half as long again to compile and gives the same figures; 0 takes a third less."""


@click.command()
@click.option("--quiet", is_flag=True, help="Do not show what the compiler says.")
@click.option(
    "--optimise", type=click.Choice("0123"), default=OPTIMISE, show_default=True,
    help="How much the C compiler works on it; 0 is compiled soonest, for trials.",
)  # fmt: skip
def compile_engine(*, quiet: bool, optimise: str) -> None:
    """Compile the engine's inner loop to machine code; takes minutes and a C compiler.

    What changes in a source afterwards is taken from the source, with all others.
    """
    into = compiled.folder()
    if into is None:
        raise click.UsageError("COMPILED=off: nothing compiled would be taken.")
    with tempfile.TemporaryDirectory(prefix="bihuan-compile-") as scratch:
        made = _compile(Path(scratch), quiet=quiet, optimise=optimise)
        _put(made, into)
    terminal.say(f"Compiled into {into}; taken from the next start on.")


def _compile(scratch: Path, *, quiet: bool, optimise: str) -> Path:
    """Return the folder of what was made of a copy of the sources, with its manifest."""
    package, out = scratch / "engine", scratch / "out"
    # A copy: somebody may be editing, and an installed package is no place to compile in.
    shutil.copytree(compiled.PACKAGE, package, ignore=shutil.ignore_patterns("__*__"))
    for file in compiled.PACKAGE.rglob("__init__.py"):
        shutil.copy(file, package / file.relative_to(compiled.PACKAGE))
    mypyc, setuptools = _tool("mypyc.build"), _tool("setuptools")
    files = sorted(one for pattern in SOURCES for one in package.glob(pattern))
    names = [".".join(one.relative_to(scratch).with_suffix("").parts) for one in files]
    with chdir(scratch):
        modules = mypyc.mypycify(
            ["--config-file=", "--ignore-missing-imports", *(str(one) for one in files)],
            opt_level=optimise,
            debug_level="0",
            multi_file=True,
            group_name=GROUP,
            target_dir=str(scratch / "c"),
        )
        order = ["build_ext", f"--build-lib={out}", f"--parallel={os.cpu_count() or 1}"]
        setuptools.setup(ext_modules=modules, packages=[], script_args=["--quiet"] * quiet + order)
    shared = f"{GROUP}__mypyc"
    told = {
        "suffix": compiled.SUFFIX,
        "sources": compiled.digests(names, package),
        "files": {one: one.replace(".", "/") + compiled.SUFFIX for one in [shared, *names]},
    }
    (out / compiled.MANIFEST).write_text(json.dumps(told, indent=1), "utf-8")
    return out


def _tool(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as reason:
        message = f"{name} is not installed here. Install it: pip install 'bihuan[compiled]'."
        raise click.UsageError(message) from reason


def _put(made: Path, into: Path) -> None:
    """Let ``into`` be what was made: whole, or as it was."""
    into.parent.mkdir(parents=True, exist_ok=True)
    fresh, old = into.with_name(f"{into.name}.new"), into.with_name(f"{into.name}.old")
    for left in (fresh, old):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(made, fresh)
    if into.exists():
        into.rename(old)
    fresh.rename(into)
    shutil.rmtree(old, ignore_errors=True)
