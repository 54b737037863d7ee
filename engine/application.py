"""One running installation, wired together from its settings."""

from __future__ import annotations

from engine import identities, outbox, store
from engine.access import Actor
from engine.clock import Clock, SteppingClock, SystemClock, parse
from engine.database import Database
from engine.errors import EngineError, WrongState
from engine.kernel import Kernel
from engine.ports import Application
from engine.scripts import Sandbox
from engine.settings import Settings
from engine.spiff import Spiff

__all__ = ["CLOCK_FACT", "Application", "open_application"]

CLOCK_FACT = "manual-clock"


def open_application(
    settings: Settings,
    *,
    clock: Clock | None = None,
    sandbox: Sandbox | None = None,
    durable: bool = True,
) -> Application:
    """Return the application on the database that ``settings`` name.

    Args:
        clock: taken as it is; without one the clock that ``settings`` name. The
            manual clock's moment lies in the database.
        sandbox: shared with other applications of this process; closed with this one.
        durable: False only for simulations, see ``Database``.

    Raises:
        WrongState: the database was moved beyond wall time by the manual clock,
            and the system clock is asked for.
    """
    database = Database(settings.database_url, durable=durable)
    try:
        chosen = clock or _clock(database, settings)
    except BaseException:
        database.close()
        raise
    return Application(
        settings=settings,
        clock=chosen,
        database=database,
        sandbox=sandbox or Sandbox(),
        executors={one.name: one for one in (Kernel(), Spiff())},
        deliver=outbox.deliver,
        find_actor=_find_actor,
    )


def _clock(database: Database, settings: Settings) -> Clock:
    wall = SystemClock()
    with database.reading() as tx:
        moved = store.get_fact(tx, CLOCK_FACT)
    if settings.clock == "manual":
        return SteppingClock(parse(moved)) if moved else SteppingClock(wall.now())
    if moved is not None and parse(moved) > wall.now():
        raise WrongState(
            f"This database was moved to {moved} by the manual clock; wall time is behind it.",
            hint="Start with --clock manual, or use another database.",
        )
    return wall


def _find_actor(app: Application, name: str) -> Actor | None:
    try:
        return identities.actor(app, name)
    except EngineError:
        return None
