"""``bihuan bench``: the project's own benchmarks."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click


@click.command()
@click.argument("names", metavar="[NAME…]", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def bench(*, names: tuple[str, ...], as_json: bool) -> None:
    """Run the benchmarks, or those of these names; each is a ratio taken in one run."""
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / "benchmarks" / "run.py").exists():
        raise click.UsageError(
            "The benchmarks are part of the source, not of the installed package: "
            "run this in a checkout where Bihuan was installed with `pip install -e .`."
        )
    # The benchmarks compare with other programs' code; the package must not depend on them.
    sys.path.insert(0, str(checkout))
    runner = importlib.import_module("benchmarks.run")
    status = runner.main(list(names), as_json=as_json)
    click.get_current_context().exit(int(status or 0))
