"""The beginning of a case."""

from __future__ import annotations

from engine.commands import JsonObject, StartCase
from engine.errors import InvalidRequest
from engine.kernel.activities import defaults
from engine.kernel.names import Names, write
from engine.kernel.rows import CASE
from engine.kernel.run import Run
from engine.questions import Stuck, values
from engine.sheets import Sheets


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
    run.case = {
        "id": run.case_id,
        "process": process.key,
        "business_key": command.business_key,
        "unit": command.unit,
        "starter": command.starter,
        "started_at": run.moment,
    }
    run.add_scope("", [CASE, process.key, process.key, None, 0, 1, None, [], [], None, None])
    run.data.write("", {})
    _demand_start(run, command.start)
    run.state = "open"
    run.emit_case(
        "case_started",
        business_key=command.business_key,
        unit=command.unit,
        starter=command.starter,
        links=command.links,
    )
    _attach(run, command)


def _attach(run: Run, command: StartCase) -> None:
    """Note the files that came with the start form, under the start event's first visit."""
    for number, one in enumerate(command.attachments or ()):
        start = command.start or run.area("").starts[0].id
        task = f"{run.bundle.main}.{start}.1"
        more = {**one, "by": run.actor, "number": number or None}
        run.emit("attachment_added", "", start, 1, task=task, **more)


def _demand_start(run: Run, start: str | None) -> None:
    area = run.area("")
    if run.process("").is_task:
        raise InvalidRequest(
            f"{area.id!r} is a global task, which begins no case.",
            hint="Start a process that calls it.",
        )
    if start is not None and start not in area.scope.beginnings:
        raise InvalidRequest(f"Process {area.id!r} has no start event {start!r}.")
    if start is None and not area.starts:
        raise InvalidRequest(
            f"Process {area.id!r} has no start event without a trigger.",
            hint="Name the start event that has happened.",
        )
    if start is None and area.scope.starts and len(area.starts) > 1:
        raise InvalidRequest(
            f"Process {area.id!r} has several start events.", hint="Name one of them."
        )


def begin_case(run: Run, scope: str, data: JsonObject, start: str | None) -> None:
    """Write the start data and begin.

    Raises:
        Stuck: the expression for the unit, or for a declared datum, fails.
    """
    process = run.process(scope)
    # At a second try what was corrected meanwhile is there already.
    data = {**data, **run.data.get(scope)}
    names = Names({"case": run.case}, Sheets({scope: data}), [scope])
    if process.unit is not None:
        site = run.site(scope, "unit")
        unit = values(run, site, [process.unit], names)[0]
        if unit is not None and not isinstance(unit, str):
            message = "The unit of a case is a code."
            raise Stuck("unit-failed", message, expression=process.unit.text)
        run.case = {**run.case, "unit": unit or run.case["unit"]}
    if process.root.data:
        run.data.write(scope, defaults(run, scope, process.root.data, names))
    write(run, scope, data, scope)
    run.perform("starts", scope, start)
