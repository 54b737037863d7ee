"""Which definitions a case goes on with when it is migrated.

As a new case of that version would be pinned now, unless other versions are named for
what it calls. The pins name those before them: how strictly a field is kept from people
must not be lost with the form that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine import definitions
from engine.commands import JsonObject, MigrateCase
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import InvalidRequest, NotOnExecutor, WrongState
from engine.events import Event
from engine.ports import Application
from engine.store import CaseRow


def prepare(
    app: Application, tx: Transaction, row: CaseRow, pinned: Pinned, command: MigrateCase
) -> tuple[MigrateCase, Pinned]:
    """Return the command as it will be recorded, and what the case goes on with.

    Raises:
        NotFound: there is no such version.
        NotOnExecutor: the version runs on another executor than the case.
        WrongState: the case runs on all of that already.
        InvalidRequest: a version is named for a process that is not called.
    """
    main, versions = definitions.pins_for(tx, row.process, command.version, command.processes)
    if main.executor != row.executor:
        raise NotOnExecutor(
            f"Version {main.number} of {row.process!r} runs on {main.executor!r}, "
            f"the case on {row.executor!r}.",
            hint="Deploy the version for the executor of the case.",
        )
    numbers = {key: int(pin["version"]) for key, pin in versions["processes"].items()}
    for key in sorted(command.processes):
        if key not in numbers and key in pinned.versions["processes"]:
            # It was called until now.
            continue
        if numbers.get(key) != command.processes[key]:
            message = f"Version {main.number} of {row.process!r} does not call {key!r}."
            raise InvalidRequest(message, hint="Name versions of processes that it calls.")
    if versions["processes"] == pinned.versions["processes"] and not command.mapping:
        raise WrongState(
            f"Case {row.id!r} runs on version {main.number} already.",
            hint="See GET /definitions for the versions there are.",
        )
    before = dict.fromkeys([*pinned.versions.get("before", ()), pinned.digest])
    onto = app.library.draft(tx, {**versions, "before": list(before)})
    return replace(command, processes=numbers, defaults=True), onto


def normal(process: str, mapping: JsonObject | None) -> dict[str, dict[str, str]] | None:
    """Return a mapping by process, as the command has it.

    Args:
        process: what plain ids belong to: ``{old: new}`` or ``{process: {old: new}}``.

    Raises:
        InvalidRequest: it is neither.
    """
    found: dict[str, dict[str, str]] = {}
    for key, value in (mapping or {}).items():
        if isinstance(value, str):
            found.setdefault(process, {})[key] = value
        elif isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
            found.setdefault(key, {}).update(value)
        else:
            raise InvalidRequest(
                f"The mapping says {str(value)[:80]!r} for {key!r}.",
                hint='Write {"old id": "new id"}, or {"process": {"old id": "new id"}}.',
            )
    return found or None


def migration_to(
    main: str,
    versions: Mapping[str, int],
    process: str,
    number: int,
    *,
    mapping: dict[str, dict[str, str]] | None,
    reason: Any,
) -> MigrateCase:
    """Return the command that puts a case on a version of one process.

    What the case calls goes along with a version of its own process, as for new cases;
    one that it calls is changed alone.

    Args:
        main: the case's own process.
        versions: of all that it runs on now.
    """
    if process == main:
        return MigrateCase(number, mapping=mapping, reason=reason)
    kept = {key: one for key, one in versions.items() if key != main}
    return MigrateCase(versions[main], {**kept, process: number}, mapping, reason)


_CANCELS = {
    "timer_cancelled": "timer",
    "message_abandoned": "message",
    "signal_abandoned": "signal",
    "task_cancelled": "task",
    "job_cancelled": "job",
}
_OPENS = {
    "timer_armed": "timer",
    "message_awaited": "message",
    "signal_awaited": "signal",
    "task_opened": "task",
    "job_opened": "job",
}
_CHANGES = frozenset({"task_changed", "task_due_changed", "element_migrated", "data_written"})
_TOLD = ("process", "element", "nth", "instance", "task", "due_at", "names")


def told(events: list[Event], onto: Pinned) -> JsonObject:
    """Return what a migration cancels, opens and changes, for people.

    Returns:
        ``{version, processes, cancels, opens, changes}``; each of the lists holds
        ``{what, process, element, nth, name, …}``.
    """
    pins: Any = onto.versions["processes"]
    return {
        "version": pins[onto.bundle.main]["version"],
        "processes": {key: pin["version"] for key, pin in pins.items()},
        "cancels": [_item(e, _CANCELS[e["type"]], onto) for e in events if e["type"] in _CANCELS],
        "opens": [_item(e, _OPENS[e["type"]], onto) for e in events if e["type"] in _OPENS],
        "changes": [_item(e, e["type"], onto) for e in events if e["type"] in _CHANGES],
    }


def _item(event: Event, what: str, onto: Pinned) -> JsonObject:
    process = onto.bundle.processes.get(event["process"])
    node = None if process is None else process.nodes.get(event["element"])
    item: JsonObject = {"what": what, "name": "" if node is None else node.name}
    item.update({name: event[name] for name in _TOLD if name in event})
    if "was" in event:
        item["was"] = event["was"]
    return item
