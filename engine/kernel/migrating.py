"""A running case goes on with other versions of its definitions.

By element id, with a mapping where ids have changed. First it is looked whether all
that goes on has its place in the new version; then the marking is written anew, and
what is waited for, due and offered follows the new texts; last, the search for
deadlocks goes on from where the case then stands. Anything against it refuses the
whole: a case is moved as it is, or not at all.
"""

from __future__ import annotations

from itertools import groupby

from engine.bpmn.soundness import way
from engine.commands import MigrateCase
from engine.errors import InvalidRequest, MigrationRefused
from engine.kernel import migration_data, migration_tasks, migration_waits
from engine.kernel.firing import fire
from engine.kernel.merging import fire_filled
from engine.kernel.migration_checks import refusals
from engine.kernel.migration_map import Map
from engine.kernel.migration_tables import rewrite
from engine.kernel.migration_words import Refusal
from engine.kernel.outlook import Trouble, troubles
from engine.kernel.run import Run


def migrate(run: Run, command: MigrateCase) -> None:
    """Let the case go on with the definitions that ``Bundle.onto`` names.

    Raises:
        MigrationRefused: it cannot; the findings say why.
    """
    onto = run.bundle.onto
    if onto is None:
        raise InvalidRequest("The versions to go on with are missing.")
    both = Map(run.bundle, onto, command.mapping or {}, run.visits)
    _demand(refusals(run, both))
    run.emit_case("case_migrated", version=command.version, reason=command.reason)
    run.reason = command.reason
    changes, tasks = migration_waits.prepare(run, both), migration_tasks.opened(run)
    rewrite(run, both)
    _demand([_told(run, one) for one in troubles(run)])
    failures: list[Refusal] = []
    if command.defaults:
        migration_data.bring(run, failures)
    fulfilled = migration_waits.bring(run, changes, failures)
    migration_tasks.bring(run, tasks, failures)
    _demand(failures)
    fire_filled(run)
    for number in fulfilled:
        if number in run.subs:
            fire(run, number)


def _demand(found: list[Refusal]) -> None:
    """Refuse the migration if there is anything against it."""
    if not found:
        return
    told = [one.to_json() for one in found]
    more = f" There are {len(told) - 1} more reasons." if len(told) > 1 else ""
    raise MigrationRefused(
        told[0]["message"] + more, hint=told[0]["hint"], element=found[0].element, findings=told
    )


def _told(run: Run, one: Trouble) -> Refusal:
    nodes = run.bundle.processes[one.process].nodes
    name = nodes[one.element].name if one.element in nodes else ""
    flows = ", ".join(repr(flow) for flow in one.missing)
    path = [*one.path, one.element] if one.kind == "deadlock" else [*one.path]
    values = {
        "way": way(tuple(element for element, _ in groupby(path))),
        "missing": f", since nothing comes over {flows} any more" if flows else "",
        "missing_zh": f"，因为 {flows} 上不会再有令牌" if flows else "",
    }
    return Refusal(one.kind, one.process, one.element, name, values)
