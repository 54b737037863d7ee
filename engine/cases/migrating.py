"""What a migration would do to a case, without doing it."""

from __future__ import annotations

from engine import intake
from engine.access import Actor
from engine.cases import migrations
from engine.cases.desks import at_desk
from engine.cases.turns import Request, Turn, execute
from engine.commands import JsonObject, MigrateCase
from engine.errors import MigrationRefused
from engine.ports import Application
from engine.sealing import Sealer


def preview(app: Application, actor: Actor, case_id: str, command: MigrateCase) -> JsonObject:
    """Return what the migration of a case would cancel, open and change; nothing is kept.

    Returns:
        ``{case, version, processes, cancels, opens, changes}``; where the case cannot be
        migrated the lists are empty and ``refused`` says why, as ``migrating`` words it.

    Raises:
        CaseNotFound, NotAllowed, NotFound, NotOnExecutor, WrongState: as ``handle``.
    """
    sealer = Sealer(app.clock.new_id, app.clock.secret)
    with app.database.reading() as tx:
        desk = at_desk(app, tx, actor, case_id)
        row, pinned = desk.row, desk.pinned
        allowed, _ = intake.prepare(desk, command, sealer)
        assert isinstance(allowed, MigrateCase)
        full, onto = migrations.prepare(app, tx, row, pinned, allowed)
    request, at = Request(actor, full), max(app.clock.now(), row.at)
    turn = Turn(row, desk.snapshot, pinned, request, full, sealer, at, onto=onto)
    try:
        applied, _, _ = execute(app, turn)
    except MigrationRefused as refusal:
        told = migrations.told([], onto)
        return {"case": case_id, **told, "refused": refusal.findings}
    return {"case": case_id, **migrations.told(applied.events, onto)}
