"""Event logs for the tools of process mining: XES, OCEL 2.0, CSV.

    count = write_xes(app, Path("log.xes"), selection)

What happened is told element by element out of the histories, case by case: memory does
not grow with the number of cases. Who did it is told by a pseudonym that is good for one
log, unless personal values are asked for; what people wrote is in no log. A file appears
under its name when all of it is there.
"""

from __future__ import annotations

from pathlib import Path

from engine.event_logs import objects, sheets, traces, whole, xes
from engine.event_logs.traces import Selected
from engine.ports import Application

__all__ = ["Selected", "write_csv", "write_ocel", "write_xes"]


def write_xes(app: Application, path: Path, selection: Selected) -> int:
    """Write a log as XES (IEEE 1849-2016); return how many cases are in it."""
    with (
        whole.appearing(path) as part,
        app.database.reading() as tx,
        part.open("w", encoding="utf-8") as file,
    ):
        return xes.write(file, traces.traces(app, tx, selection, _salt(app)))


def write_csv(app: Application, path: Path, selection: Selected) -> int:
    """Write a log as a table for spreadsheets, a row for each visit; return how many cases."""
    with (
        whole.appearing(path) as part,
        app.database.reading() as tx,
        part.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        return sheets.write(file, traces.traces(app, tx, selection, _salt(app)))


def write_ocel(app: Application, path: Path, selection: Selected) -> int:
    """Write a log as OCEL 2.0: SQLite where the name ends in ``.sqlite``, else JSON.

    Returns how many cases are in it.
    """
    write = objects.write_sqlite if path.suffix == ".sqlite" else objects.write_json
    with whole.appearing(path) as part, app.database.reading() as tx:
        app.references.refresh(tx)
        today = app.references.calendar.local(app.clock.now()).date()

        def about(code: str) -> tuple[str, dict[str, str]]:
            row = app.references.organisation.unit(code, today) or {}
            kind = "department" if row.get("unit_kind") == "department" else "unit"
            return kind, {"name": row.get("name_zh", code), "level": row.get("level", "")}

        return write(part, traces.traces(app, tx, selection, _salt(app)), about)


def _salt(app: Application) -> bytes:
    return app.clock.secret(traces.SALT)
