"""Histories kept in the repository: written once, replayed at every test run.

``python -m tests.stored_histories DATABASE_URL NAME=CASE…`` writes cases of a
database into ``tests/histories``: the entries' bytes as they were stored, the
pins, and each file that they rest on once, by its hash. ``NAME=SCENARIO.A`` plays
a scenario on a database of its own, a copy of that one, and writes its first case. Before release 1.0 they
may be written anew in a commit that says why; from then on never.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp

import sqlalchemy as sa

from engine import store
from engine.application import open_application
from engine.clock import parse
from engine.history import Entry
from engine.ports import Application
from engine.scripts import Sandbox
from engine.sealing import find_sealed
from engine.settings import Settings
from engine.store import CaseRow
from engine.tables import cases
from tests import scenario_files, scenarios
from tests.scenario_database import DatabaseStage

FOLDER = Path(__file__).parent / "histories"


def write(app: Application, name: str, case_id: str) -> None:
    """Write one case's history and the files it rests on."""
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
        assert row is not None
        pins = store.get_pins(tx, row.pins)
        entries = [
            {"body": one.body.decode(), "digest": one.digest}
            for one in store.read_entries(tx, case_id)
        ]
        files = [file for pin in pins["processes"].values() for file in pin["files"]]
        for file in files:
            kept = FOLDER / "files" / file["sha256"]
            kept.parent.mkdir(exist_ok=True)
            kept.write_bytes(store.get_blob(tx, file["sha256"]))
    document = {
        "case": case_id,
        "process": row.process,
        "version": row.version,
        "state": row.state,
        "pins": pins,
        "entries": entries,
    }
    text = json.dumps(document, ensure_ascii=False, indent=1)
    (FOLDER / f"{name}.json").write_text(text + "\n", "utf-8")


def read(app: Application, path: Path) -> str:
    """Put a kept history into a database; return the case's id."""
    document = json.loads(path.read_text("utf-8"))
    entries = [
        Entry(position, one["body"].encode(), one["digest"])
        for position, one in enumerate(document["entries"], start=1)
    ]
    first, last = entries[0].document(), entries[-1]
    with app.database.writing() as tx:
        for pin in document["pins"]["processes"].values():
            for file in pin["files"]:
                store.put_blob(tx, (FOLDER / "files" / file["sha256"]).read_bytes())
        digest = store.digest_of(document["pins"])
        store.put_pins(tx, digest, document["pins"])
        for entry in entries:
            content = entry.document()
            store.append(
                tx,
                document["case"],
                entry,
                at=parse(content["at"]),
                actor=content["actor"],
                kind=content["command"]["type"],
            )
        row = CaseRow(
            id=document["case"], process=document["process"], version=document["version"],
            pins=digest, executor=first["versions"]["executor"].partition("/")[0], business_key=None, unit=None, starter=None,
            state=document["state"], end_state=None, lists="{}", created_at=parse(first["at"]),
            ended_at=None, at=parse(last.document()["at"]), position=last.position,
            head=last.digest, semantics=1, control=b"{}", data=b"{}",
        )  # fmt: skip
        tx.run(sa.insert(cases), row._asdict())
        # Personal values are not kept here: to the database they were erased.
        ids = [one for entry in entries for one, _ in find_sealed(entry.document()["command"])]
        store.put_sealed(tx, row.id, [(one, b"", b"") for one in ids])
        store.erase_sealed(tx, row.id, ids, parse(first["at"]))
    return str(document["case"])


def play(url: str, story: str) -> tuple[DatabaseStage, str]:
    """Play a scenario (``NAME.A``) on a copy of a SQLite file; return the stage and the case."""
    name, _, letter = story.partition(".")
    scenario = scenario_files.load(scenario_files.FOLDER / f"{name}.yaml")
    copy = Path(mkdtemp()) / "played.db"
    shutil.copy(url.removeprefix("sqlite:///"), copy)
    stage = DatabaseStage(f"sqlite:///{copy}", Sandbox(), scenarios._start(scenario))
    scenarios.Play(scenario, stage).run()
    return stage, stage.cases()[scenarios.NAMES.index(letter)]


if __name__ == "__main__":
    url, *named = sys.argv[1:]
    for pair in named:
        name, _, found = pair.partition("=")
        if "." in found:
            stage, case_id = play(url, found)
            write(stage.app, name, case_id)
            stage.close()
            continue
        with open_application(Settings(database_url=url)) as opened:
            write(opened, name, found)
