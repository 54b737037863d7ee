"""Why the decisions of a case came out as they did: 为什么派给城管局.

A history records which rules matched. Why each other did not is not recorded: the case
has pinned the decision, and its inputs follow from the history, so that both are there
again whenever somebody asks.
"""

from __future__ import annotations

from typing import Any

from engine import replay, store
from engine.clock import parse
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import CaseNotFound
from engine.ports import Application
from engine.worlds import ExplainingWorld, TapeWorld


def explain(app: Application, case_id: str) -> list[dict[str, Any]]:
    """Return why each decision that a case asked gave what it gave, in their order.

    Raises:
        CaseNotFound: there is no such case.
        EngineError: its history cannot be applied again; ``replay`` says where.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        return explained(app, tx, case_id)


def explained(app: Application, tx: Transaction, case_id: str) -> list[dict[str, Any]]:
    """Return the same, within a transaction that reads.

    Returns:
        ``{position, at, process, element, nth, agrees, data}`` of each, with what
        ``decisions.explain`` gives. ``agrees`` is false where the rules that match now
        are not those that were recorded, as after a change of FEEL itself; ``data`` are
        those of the case that the decision could read.

    Raises:
        CaseNotFound: there is no such case.
        EngineError: its history cannot be applied again; ``replay`` says where.
    """
    entries = list(store.read_entries(tx, case_id))
    if not entries:
        raise CaseNotFound(case_id)
    worlds: list[tuple[dict[str, Any], ExplainingWorld]] = []
    lists: dict[str, str] = {}

    def world_of(entry: dict[str, Any], pinned: Pinned) -> TapeWorld:
        lists.update(entry["versions"].get("lists", {}))
        app.references.load(tx, lists)
        at = parse(entry["at"])
        world = ExplainingWorld(
            entry["evaluations"],
            now=at,
            decisions=pinned.decisions,
            reference=app.references.for_case(lists, at),
        )
        worlds.append((entry, world))
        return world

    for _ in replay.steps(app, tx, case_id, entries, world_of):
        continue
    return [
        {"position": entry["position"], "at": entry["at"], **one}
        for entry, world in worlds
        for one in world.told
    ]
