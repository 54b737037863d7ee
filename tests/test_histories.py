"""Old histories replay for ever: every event, byte for byte, from the commands alone."""

from __future__ import annotations

import pytest

from engine import replay
from engine.events import FIELDS
from engine.history import Entry
from tests.stored_histories import FOLDER, read

KEPT = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", KEPT, ids=[path.stem for path in KEPT])
def test_a_kept_history_replays_as_it_was_written(app, path):
    case_id = read(app, path)

    assert list(replay.replay(app, [case_id])) == [None]
    assert list(replay.verify_cases(app, [case_id])) == [None]


@pytest.mark.parametrize("path", KEPT, ids=[path.stem for path in KEPT])
def test_a_rebuild_brings_a_kept_case_back_to_where_it_stood(app, path):
    case_id = read(app, path)
    with app.database.reading() as tx:
        recorded = tx.one(replay._HEAD, {"stream": case_id})

    assert list(replay.rebuild(app, [case_id])) == [case_id]

    with app.database.reading() as tx:
        assert tx.one(replay._HEAD, {"stream": case_id}) == recorded


@pytest.mark.parametrize("path", KEPT, ids=[path.stem for path in KEPT])
def test_every_recorded_event_has_the_fields_of_its_type(app, path):
    import json

    bodies = [one["body"].encode() for one in json.loads(path.read_text("utf-8"))["entries"]]
    events = [
        event
        for position, body in enumerate(bodies, start=1)
        for event in Entry(position, body, "").document()["events"]
    ]

    for event in events:
        fields = FIELDS[event["type"]]
        needed = {name for name in fields if not name.endswith("?")}
        allowed = {name.rstrip("?") for name in fields}
        given = set(event) - {"type"}
        assert (needed - given, given - allowed) == (set(), set()), event["type"]


def test_there_is_a_kept_history_of_every_process():
    processes = {path.stem.partition("-")[0] for path in KEPT}

    assert {"whistle_report", "return_visit"} <= processes
