"""A case begins."""

from __future__ import annotations

from engine.commands import JsonObject, StartCase
from engine.errors import InvalidRequest
from engine.questions import Stuck, values
from engine.spiff.activities import defaults
from engine.spiff.books import CASE, Scope
from engine.spiff.data import write
from engine.spiff.run import Run


def start_case(run: Run, command: StartCase) -> None:
    """Found a case and begin it at its start event.

    Raises:
        InvalidRequest: the process has no such start.
    """
    found_case(run, command)
    run.perform("begin_case", "", command.data, command.start)


def found_case(run: Run, command: StartCase) -> None:
    """Open the scope of a case, in which nothing goes on yet.

    Raises:
        InvalidRequest: the process has no such start.
    """
    process = run.bundle.processes[run.bundle.main]
    _demand_start(run, command.start)
    run.case = {
        "id": run.case_id,
        "process": process.key,
        "business_key": command.business_key,
        "unit": command.unit,
        "starter": command.starter,
        "started_at": run.moment,
    }
    run.scopes[""] = Scope(CASE, process.key, process.key, "", 1)
    run.data.write("", {})
    run.state = "open"
    run.emit_case(
        "case_started",
        business_key=command.business_key,
        unit=command.unit,
        starter=command.starter,
        links=command.links,
    )
    for number, one in enumerate(command.attachments or ()):
        start = command.start or run.top.spec.starts[0].node.id
        more = {**one, "by": run.actor, "number": number or None}
        run.emit("attachment_added", "", start, 1, task=f"{run.bundle.main}.{start}.1", **more)


def _demand_start(run: Run, start: str | None) -> None:
    spec = run.top.spec
    key, starts = run.bundle.main, spec.area.starts
    if start is not None and start not in starts:
        raise InvalidRequest(f"Process {key!r} has no start event {start!r}.")
    if start is None and not spec.starts:
        raise InvalidRequest(
            f"Process {key!r} has no start event without a trigger.",
            hint="Name the start event that has happened.",
        )
    if start is None and starts and len(spec.starts) > 1:
        raise InvalidRequest(f"Process {key!r} has several start events.", hint="Name one of them.")


def begin_case(run: Run, host: str, data: JsonObject, start: str | None) -> None:
    """Write the start data and begin.

    Raises:
        Stuck: the expression for the unit, or for a declared datum, fails.
    """
    process = run.bundle.processes[run.bundle.main]
    # At a second try what was corrected meanwhile is there already.
    data = {**data, **run.data.get("")}
    names = {"case": run.case, **data}
    if process.unit is not None:
        unit = values(run, run.site(None, "unit"), [process.unit], names)[0]
        if unit is not None and not isinstance(unit, str):
            message = "The unit of a case is a code."
            raise Stuck("unit-failed", message, expression=process.unit.text)
        run.case = {**run.case, "unit": unit or run.case["unit"]}
    if process.root.data:
        run.data.write("", defaults(run, None, process.root.data, names))
    write(run, "", data, None)
    run.perform("starts", host, start)
