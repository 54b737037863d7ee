"""Files that come with a start form: part of the one command that starts the case."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import cases, deployments, erasure, identities, replay, views
from engine.cli.diagrams import read_files
from engine.errors import NotFound

ROOT = Path(__file__).parent.parent / "processes"


def photo(number: int) -> dict[str, object]:
    content = f"photo {number}".encode()
    return {
        "attachment": f"f000000{number}",
        "name": {"name": f"楼道{number}.jpg", "content": content.hex()},
        "media_type": "image/jpeg",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def begin(app, *photos, executor="kernel"):
    deployments.deploy(app, identities.operator(), read_files([ROOT]), executor=executor)
    data = {
        "item_code": "ZL-03-001",
        "photos_after": [one["attachment"] for one in photos],
        "result": "solved",
    }
    by = identities.actor(app, "RY057")
    return cases.start(app, by, process="grid_event", data=data, attachments=photos).case_id


def files(app, case_id):
    by = identities.actor(app, "RY057")
    return views.attachments(app, by, case_id, "grid_event.collect.1")


def test_files_of_a_start_belong_to_the_start_event(any_app):
    case_id = begin(any_app, photo(1), photo(2))

    assert [(one["attachment"], one["name"], one["by"]) for one in files(any_app, case_id)] == [
        ("f0000001", "楼道1.jpg", "RY057"),
        ("f0000002", "楼道2.jpg", "RY057"),
    ]
    by = identities.actor(any_app, "RY057")
    assert views.attachment(any_app, by, case_id, "f0000002") == (
        "楼道2.jpg",
        "image/jpeg",
        b"photo 2",
    )
    assert list(replay.replay(any_app, [case_id])) == [None]
    assert list(replay.verify_cases(any_app, [case_id])) == [None]


def test_neither_name_nor_bytes_stand_in_the_history(app):
    case_id = begin(app, photo(1))

    with app.database.reading() as tx:
        query = sa.text("SELECT body FROM entries WHERE stream = :case")
        history = b"".join(row[0] for row in tx.all(query, {"case": case_id}))
    assert ("楼道".encode() in history, b"photo 1".hex().encode() in history) == (False, False)
    assert photo(1)["sha256"].encode() in history


def test_files_of_a_start_are_rebuilt_and_erased(app):
    case_id = begin(app, photo(1), photo(2))
    before = files(app, case_id)

    assert list(replay.rebuild(app, [case_id])) == [case_id]
    assert files(app, case_id) == before

    by = identities.actor(app, "privacy_officer")
    erasure.erase(app, by, case_id, classes=(), reason="request")
    with pytest.raises(NotFound):
        views.attachment(app, identities.actor(app, "RY057"), case_id, "f0000001")
