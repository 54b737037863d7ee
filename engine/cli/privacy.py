"""``bihuan erase``: take personal values of a case away for good."""

from __future__ import annotations

import click

from engine import erasure, identities
from engine.cli import terminal
from engine.cli.installation import opened
from engine.settings import Settings


@click.command()
@click.argument("case")
@click.option("--everything", is_flag=True, help="Everything personal, not the reporter alone.")
@click.option("--reason", default="request", metavar="CODE", help="A short code; default: request.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def erase(settings: Settings, *, case: str, everything: bool, reason: str, as_json: bool) -> None:
    """Erase who reported CASE from the database for good.

    The case stays, and so does the proof: its history holds no personal value.
    """
    classes = () if everything else ("reporter",)
    with opened(settings) as app:
        erased = erasure.erase(app, identities.operator(), case, classes=classes, reason=reason)
    document = {"case": case, "erased": erased}
    terminal.answer(document, as_json=as_json, text=f"Erased {erased} values of {case}.")
