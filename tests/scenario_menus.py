"""The stage in memory: what is open in a unit, as ``engine.agendas`` tells it of the rows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from engine import agendas
from engine.clock import parse, text
from tests.scenario_traces import Board

if TYPE_CHECKING:
    from tests.scenario_memory import Memo, MemoryStage

Json = dict[str, Any]


def open_cases(stage: MemoryStage, case: str, data: Json) -> Json:
    """What the topic ``open-cases`` gives."""
    now = stage.now()
    since = parse(data["since"]) if data.get("since") else now - timedelta(days=1)
    limit = int(data.get("limit") or agendas.LIMIT)
    seen = [(one, memo) for one, memo in stage.memos.items() if one != case]
    inside = [(one, memo) for one, memo in seen if _asked(stage, memo, data)]
    open_ones = [(one, memo) for one, memo in inside if memo.snapshot.state == "open"]
    due = {one: _late(stage, memo) for one, memo in open_ones}
    overdue = sorted((at, one) for one, at in due.items() if at is not None)
    new = [
        (memo.created_at, one)
        for one, memo in open_ones
        if due[one] is None and memo.created_at is not None and memo.created_at >= since
    ]
    month = now - timedelta(days=float(data.get("days") or agendas.DAYS))
    counted = Counter(
        str(memo.snapshot.data[""]["item_code"])
        for _, memo in inside
        if memo.created_at and memo.created_at >= month and _item(memo)
    )
    return {
        "overdue": [_told(stage, one, at, data) for at, one in overdue[:limit]],
        "new": [_told(stage, one, None, data) for _, one in sorted(new, reverse=True)[:limit]],
        "frequent": agendas.frequent(counted, int(data.get("times") or agendas.TIMES), limit),
    }


def _asked(stage: MemoryStage, memo: Memo, data: Json) -> bool:
    main = memo.pinned.main
    secret = main.properties.get("secret")
    if main.key not in data["processes"] or memo.unit is None:
        return False
    if secret and memo.snapshot.data.get("", {}).get(secret):
        return False
    day = stage.city.day(stage.now())
    return stage.city.organisation.within(memo.unit, data["unit"], day)


def _item(memo: Memo) -> Any:
    named = "item_code" in memo.pinned.main.keys
    return memo.snapshot.data.get("", {}).get("item_code") if named else None


def _late(stage: MemoryStage, memo: Memo) -> Any:
    tasks = Board(memo.entries).tasks.values()
    due = [parse(one["due_at"]) for one in tasks if one.get("due_at") and not one.get("held")]
    return min((at for at in due if at <= stage.now()), default=None)


def number(memo: Memo) -> Any:
    """What numbers a case: the datum that its process names, else what it was started with."""
    datum = memo.pinned.main.properties.get("business_key")
    own = memo.snapshot.data.get("", {})
    return own.get(datum, memo.business_key) if datum else memo.business_key


def _told(stage: MemoryStage, case: str, due_at: Any, data: Json) -> Json:
    memo = stage.memos[case]
    shown = memo.snapshot.data.get("", {}).get(str(data.get("show")))
    return {
        "case": case,
        "number": number(memo),
        "process": memo.pinned.main.key,
        "unit": memo.unit,
        "started_at": text(memo.created_at),
        "due_at": None if due_at is None else text(due_at),
        "shown": None if isinstance(shown, dict | list) else shown,
    }
