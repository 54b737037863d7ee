"""A reporter is erased: the proof stays, the person is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import cases, deployments, erasure, identities, replay, store, views
from engine.errors import NotAllowed

PROCESSES = Path(__file__).parent.parent / "processes"
NAME, PHONE = "赵样甲寻找我", "13912345678"


@pytest.fixture
def case_id(app):
    files = {
        path.name: path.read_bytes()
        for folder in (PROCESSES, PROCESSES / "forms", PROCESSES / "decisions")
        for path in folder.iterdir()
        if path.suffix in {".bpmn", ".json", ".dmn"}
    }
    deployments.deploy(app, identities.operator(), files)
    data = {
        "title": "楼道堆物",
        "description": "二楼楼道堆放纸箱",
        "location": "99010100100101001",
        "item_code": "ZL-02-001",
        "reporter_name": NAME,
        "reporter_phone": PHONE,
    }
    actor = identities.actor(app, "grid_worker")
    return cases.start(app, actor, process="whistle_report", data=data).case_id


def in_the_file(app, text: str) -> bool:
    folder = Path(app.database.url.database).parent
    return any(text.encode() in path.read_bytes() for path in folder.glob("bihuan.db*"))


def test_the_reporter_is_never_in_the_history(app, case_id):
    with app.database.reading() as tx:
        history = b"".join(entry.body for entry in store.read_entries(tx, case_id))

    assert (NAME.encode() in history, PHONE.encode() in history) == (False, False)
    assert in_the_file(app, PHONE)


def test_an_erased_reporter_is_found_nowhere_and_the_case_stays_proved(app, case_id):
    officer = identities.actor(app, "privacy_officer")

    assert erasure.erase(app, officer, case_id, reason="request") == 2

    app.database.settle()
    assert (in_the_file(app, NAME), in_the_file(app, PHONE)) == (False, False)
    assert list(replay.verify_cases(app, [case_id])) == [None]
    assert list(replay.replay(app, [case_id])) == [None]
    assert list(replay.verify_rest(app)) == []
    shown = views.case(app, identities.actor(app, "street_dispatcher"), case_id)["data"]
    assert sorted(shown["reporter_name"]) == ["$sealed", "commitment"]
    # What else was reported is still there for who works on the case.
    assert shown["title"] == "楼道堆物"


def test_only_the_privacy_officer_erases(app, case_id):
    with pytest.raises(NotAllowed):
        erasure.erase(app, identities.actor(app, "street_leader"), case_id, reason="request")
