"""The machine and its histories: schedulers, deliveries, database, checkpoints, acts."""

from __future__ import annotations

import json
from typing import Any

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from api.current import actor, application
from api.web import language
from api.web.admin.frame import number_of, pager, pages, require
from engine import checkpoints, incidents, machinery, store, verification
from engine.database import Transaction
from engine.errors import NotFound

RIGHT = "operate"
MOST_CASES = 2_000
"""How many cases are verified while somebody waits; more belong on the command line."""
PAGE = 50
STREAMS = ("@lists", "@identities", "@deployments", "@erasures", "@operations")
"""The administrators' histories that there may be."""


@pages.get("/admin/state")
def state() -> str:
    """Show who fires timers, what waits, how large the database is, and the last checkpoint."""
    require(RIGHT)
    return _state()


@pages.post("/admin/state")
def act() -> Response | str:
    """Deliver once more what is in trouble, or verify all histories now."""
    require(RIGHT)
    app = application()
    if "verify" in request.form:
        return _state(report=verification.everything(app))
    machinery.deliver_again(app, actor(), request.form.get("delivery", "")[:500])
    return redirect("/admin/state?done=adm_again", code=303)


def _state(report: Any = None) -> str:
    app = application()
    about = machinery.about(app)
    with app.database.reading() as tx:
        checkpoint = checkpoints.last(tx)
    return render_template(
        "admin/state.html",
        about={**about, "size": _size(about["bytes"])},
        schedulers=machinery.schedulers(app),
        due=machinery.due(app),
        deliveries=machinery.deliveries(app),
        causes=incidents.causes(app, actor())["items"],
        checkpoint=checkpoint,
        report=report,
        may_verify=about["cases"] <= MOST_CASES,
        most=MOST_CASES,
    )


def _size(count: int) -> str:
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count} {unit}"
        count //= 1024
    return f"{count} GB"


# -- acts of administrators ------------------------------------------------------------


@pages.get("/admin/audit")
def audit() -> str:
    """Show what administrators did, the newest first, with the digests of the entries."""
    require("audit")
    app = application()
    with app.database.reading() as tx:
        lengths = store.stream_positions(tx)
        there = [one for one in STREAMS if one in lengths] or [STREAMS[0]]
        stream = request.args.get("stream", there[0])
        if stream not in STREAMS:
            raise NotFound(f"There is no history {stream!r} of administrators.")
        count = lengths.get(stream, 0)
        at = number_of(request.args.get("at"))
        positions = range(count - at, max(count - at - PAGE, 0), -1)
        found = [entry for one in positions if (entry := _entry(tx, stream, one))]
    return render_template(
        "admin/audit.html",
        streams=[(one, lengths.get(one, 0)) for one in there],
        stream=stream,
        entries=found,
        pager=pager(count, at, PAGE),
    )


def _entry(tx: Transaction, stream: str, position: int) -> dict[str, Any] | None:
    entry = store.read_entry(tx, stream, position)
    if entry is None:
        return None
    document = entry.document()
    command = dict(document["command"])
    kind = command.pop("type")
    named = f"adm_did_{kind}"
    return {
        "position": position,
        "at": document["at"],
        "by": document["actor"],
        "kind": language.text(named) if language.known(named) else kind,
        "about": str(command.get("name") or command.get("case") or command.get("delivery") or ""),
        "list": command.get("name") if kind == "activate_list" else None,
        "command": json.dumps(command, ensure_ascii=False, indent=1, sort_keys=True),
        "digest": entry.digest,
    }
