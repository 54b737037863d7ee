"""``bihuan serve``, ``schedule`` and ``tick``: the processes that stay up."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace

import click

from api import create_app
from engine import compiled, credentials, notices, timers
from engine.cli import terminal
from engine.cli.installation import opened
from engine.cli.listener import Listener
from engine.settings import Settings, is_loopback


@click.command()
@click.option("--host", metavar="H", help="The address to listen on (default 127.0.0.1).")
@click.option("--port", metavar="P", type=click.IntRange(0, 65535), help="Default 8080.")
@click.option("--clock", type=click.Choice(["system", "manual"]), help="Default: system.")
@click.option("--no-scheduler", is_flag=True, help="Another node fires timers and delivers.")
@click.pass_obj
def serve(
    settings: Settings,
    *,
    host: str | None,
    port: int | None,
    clock: str | None,
    no_scheduler: bool,
) -> None:
    """Serve the API and the pages, and run the scheduler, in one process.

    With --clock manual time stands still until POST /api/v1/clock moves it.
    """
    host = host or settings.host
    settings = replace(
        settings,
        host=host,
        port=settings.port if port is None else port,
        clock=clock or settings.clock,
        demo_logins=settings.demo_logins and is_loopback(host),
    )
    with opened(settings) as app:
        scheduler = None if no_scheduler else timers.Scheduler(app)
        setup = credentials.setup_secret(app)
        looks = None if scheduler is None else scheduler.looks
        web = create_app(app, is_scheduling=looks, setup=setup)
        listener = Listener(web, host=settings.host, port=settings.port, threads=settings.threads)
        stopping = _stopped_by_signals()
        if scheduler is not None:
            scheduler.start()
        _announce(settings, listener.port, setup)
        listener.run(stopping)
        terminal.say("Stopping.")
        listener.close()
        if scheduler is not None:
            scheduler.stop()


def _stopped_by_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; nothing is interrupted half-way."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # In a thread of its own: the signal may come while the main thread, about to
        # wait, holds the very lock that setting the event takes.
        signal.signal(number, lambda *_: threading.Thread(target=stopping.set).start())
    return stopping


def _announce(settings: Settings, port: int, setup: str) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    terminal.say(f"Bihuan serves http://{host}:{port}/ (API: /api/v1/docs)")
    if setup:
        terminal.say("There are no users yet. Make the first administrator, this once, at")
        terminal.say(f"  http://{host}:{port}/setup/{setup}")
    if compiled.state() == "stale":
        terminal.say("What `bihuan compile` made is older than the sources, which are taken.")
    if settings.clock == "manual":
        terminal.say("The clock is manual: POST /api/v1/clock moves it.")
    if not is_loopback(settings.host):
        terminal.say("Listening beyond this machine: users of the demo city may not sign in.")


_LOOK_SECONDS = 0.5


@click.command()
@click.pass_obj
def schedule(settings: Settings) -> None:
    """Run a scheduler alone, for more nodes on one PostgreSQL, until it is stopped."""
    stopping = _stopped_by_signals()
    with opened(settings) as app:
        scheduler = timers.Scheduler(app)
        scheduler.start()
        terminal.say(f"Looking for due timers every {settings.poll_seconds:g} seconds.")
        while not stopping.wait(_LOOK_SECONDS):
            # A signal that comes just before the wait is seen when this thread runs again.
            continue
        terminal.say("Stopping.")
        scheduler.stop()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def tick(settings: Settings, *, as_json: bool) -> None:
    """Fire every timer that is due, deliver and send what waits, once, then stop (for cron)."""
    with opened(settings) as app:
        fired = timers.tick(app)
        notices.send_due(app)
    terminal.answer({"fired": fired}, as_json=as_json, text=f"Fired {fired} timers.")
