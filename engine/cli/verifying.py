"""``bihuan verify``: is everything as it was written down?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from engine import archive, verification
from engine.checkpoints import keys, papers, stamps
from engine.cli import terminal
from engine.cli.installation import opened
from engine.cli.proof import ALL, CASES, JSON, chosen, finish
from engine.notary import Public
from engine.replay import Difference
from engine.settings import Settings
from engine.verification import stamped

_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@CASES
@ALL
@click.option("--chains", is_flag=True, help="Do not apply the cases again: much faster.")
@click.option(
    "--checkpoint",
    "files",
    metavar="FILE",
    type=_PATH,
    multiple=True,
    help="A checkpoint that lay elsewhere; may be given several times.",
)
@click.option(
    "--key",
    "public",
    metavar="PUBLIC_KEY",
    type=_PATH,
    multiple=True,
    help="Who may have signed; without it the installation's own key.",
)
@click.option(
    "--export", "exported", metavar="FILE", type=_PATH, help="An archive, without the database."
)
@click.option(
    "--tsa-certificates",
    "authorities",
    metavar="FILE",
    type=_PATH,
    multiple=True,
    help="Whom time-stamps are believed by; without it those of CHECKPOINT_TSA.",
)
@JSON
@click.pass_obj
def verify(
    settings: Settings,
    *,
    cases: tuple[str, ...],
    everything: bool,
    chains: bool,
    files: tuple[Path, ...],
    public: tuple[Path, ...],
    exported: Path | None,
    authorities: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Check that histories are whole, follow from their commands, and are those that were signed.

    Of each case the chain, the sealed values, the log of heads, and, unless --chains,
    snapshot, inbox rows and timers against the history applied again. With --all also
    acts of administrators, files, lists, users, and whether a case has vanished.
    """
    trusted = [keys.read_public(one) for one in public]
    believed = [one for path in authorities for one in stamps.certificates(path)]
    if exported is not None:
        if cases or everything or chains or files or not trusted:
            raise click.UsageError("--export FILE needs --key PUBLIC_KEY, and nothing else.")
        _archive(exported, trusted, believed, as_json=as_json)
        return
    if files and not trusted:
        raise click.UsageError("--checkpoint FILE needs --key PUBLIC_KEY, from its keeper.")
    read = [papers.read(one, trusted) for one in files]
    if files and cases:
        raise click.UsageError("--checkpoint FILE is for everything: say --all, and no CASE.")
    everything = everything or bool(files)
    if authorities and not everything:
        raise click.UsageError("--tsa-certificates FILE is for checkpoints: say --all.")
    said: list[stamped.Stamped] = []
    with opened(settings) as app:
        ids = chosen(app, cases, everything=everything)
        found = _found(verification.cases(app, ids, with_present=not chains), len(ids))
        if everything:
            more = verification.rest(app, papers=read, trusted=trusted, authorities=believed)
            found = verification.merged(found, more)
            with app.database.reading() as tx:
                said = stamped.told(tx, read, believed or stamped.known(settings)[0])
    named = {one.case for one in found}
    sound = sum(one not in named for one in ids)
    faults = [one.to_json() for one in found]
    report = {"cases": len(ids), "sound": sound, "broken": faults, **_told(said)}
    text = " ".join([f"{sound} of {len(ids)} histories are sound.", *map(str, said)])
    finish(report, faults, text, as_json=as_json)


def _told(said: list[stamped.Stamped]) -> dict[str, object]:
    return {"stamps": [one.to_json() for one in said]} if said else {}


def _archive(
    path: Path, trusted: list[Public], believed: stamps.Certificates, *, as_json: bool
) -> None:
    checked = archive.check(path, trusted, authorities=believed)
    faults = [one.to_json() for one in checked.broken]
    said = [] if checked.stamp is None else [checked.stamp]
    report = {"cases": checked.cases, "sound": checked.sound, "broken": faults, **_told(said)}
    text = f"{checked.sound} of {checked.cases} cases with {checked.entries} entries are sound."
    if checked.head is not None and not faults:
        number, at = (checked.head.fact(name) for name in ("number", "at"))
        text += f" Checkpoint {number} of {at} vouches for them."
    text = " ".join([text, *map(str, said)])
    if checked.personal:
        text += " Personal values are in the file."
    finish(report, faults, text, as_json=as_json)


def _found(cases: Iterable[list[Difference]], count: int) -> list[Difference]:
    found: list[Difference] = []
    with terminal.progress("Verified", count) as step:
        for one in cases:
            step()
            found += one
    return found
