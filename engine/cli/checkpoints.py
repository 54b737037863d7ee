"""``bihuan checkpoint``: sign what stands where, and keep it elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from engine import checkpoints, notary, notices
from engine.checkpoints import keys, stamping, stamps
from engine.cli import terminal
from engine.cli.installation import opened
from engine.clock import text
from engine.ports import Application
from engine.settings import Settings

_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--new-key", is_flag=True, help="Make the key; one that is there vouches for it.")
@click.option(
    "--countersign", metavar="FILE", type=_PATH, help="Add a signature to a checkpoint's file."
)
@click.option("--key", metavar="PRIVATE_KEY", type=_PATH, help="The key to countersign with.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def checkpoint(
    settings: Settings,
    *,
    new_key: bool,
    countersign: Path | None,
    key: Path | None,
    as_json: bool,
) -> None:
    """Sign the heads of all histories; write it to the folders of CHECKPOINT_TO.

    Keep the files where nobody reaches them who reaches the database, and the public
    key too: `bihuan verify --all --checkpoint FILE --key PUBLIC_KEY`.
    """
    if (countersign is None) != (key is None) or (new_key and countersign):
        raise click.UsageError("--countersign FILE needs --key PRIVATE_KEY, and nothing else.")
    if countersign is not None and key is not None:
        _countersigned(countersign, key, as_json=as_json)
        return
    with opened(settings) as app:
        if new_key:
            public, made = checkpoints.renew_key(app)
            notices.stamp_due(app)
            with app.database.reading() as tx:
                before = checkpoints.last(tx)
            lost = before is not None and made is None
            _tell_key(settings, public, made, lost=lost, as_json=as_json)
            return
        made = checkpoints.make(app)
        notices.stamp_due(app)
        stamp = _stamp(app, made)
    report = _document(made)
    if settings.checkpoint_tsa:
        report["stamped_at"] = None if stamp is None else text(stamp.at)
    terminal.answer(report, as_json=as_json, text=f"{made.note}{_said(settings, stamp)}")


def _stamp(app: Application, made: checkpoints.Checkpoint) -> checkpoints.Stamp | None:
    with app.database.reading() as tx:
        response = stamping.kept(tx, made.number)
    if response is None:
        return None
    return stamps.check(response, made.note, stamping.trusted(app.settings))


def _said(settings: Settings, stamp: checkpoints.Stamp | None) -> str:
    if not settings.checkpoint_tsa:
        return ""
    if stamp is None:
        return "\nNot stamped: the log says why. `bihuan serve` or `schedule` tries again.\n"
    return f"\nStamped at {text(stamp.at)} by {stamp.by}.\n"


def _countersigned(path: Path, key: Path, *, as_json: bool) -> None:
    private = keys.read(key)
    note = checkpoints.countersign(path, private)
    head = note.head()
    report = {"file": str(path), "size": head.size, "key": private.public.text}
    text = f"{path}: checkpoint {head.fact('number')} is signed by {private.public.name} too."
    terminal.answer(report, as_json=as_json, text=text)


def _tell_key(
    settings: Settings,
    public: notary.Public,
    made: checkpoints.Checkpoint | None,
    *,
    lost: bool,
    as_json: bool,
) -> None:
    path = keys.path_of(settings)
    report = {
        "private_key": str(path),
        "public_key": f"{path}{keys.PUBLIC}",
        "key": public.text,
        "checkpoint": None if made is None else _document(made),
    }
    text = (
        f"The private key lies in {path}: keep a copy where the database's administrator is "
        f"not.\nGive the public key, {path}{keys.PUBLIC}, to whoever will check:\n"
        f"{public.pem().decode().strip()}"
    )
    if lost:
        text += (
            "\nThere was no key to vouch for it: the checkpoints so far are another one's, so "
            "whoever checks needs both public keys (--key twice)."
        )
    terminal.answer(report, as_json=as_json, text=text)


def _document(made: checkpoints.Checkpoint) -> dict[str, object]:
    return {"number": made.number, "size": made.size, "root": made.root, "note": made.note}
