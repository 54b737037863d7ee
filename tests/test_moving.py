"""``bihuan move-cases``, as an operator runs it."""

from __future__ import annotations

import json

import pytest

from engine import cases, cli, deployments, identities, replay, views
from engine.commands import CompleteTask
from tests.memory import flows, process
from tests.moved_versions import line

OLD, NEW = line("a", "b"), line("a", "c")
CALLER = process(
    '<startEvent id="s"/><callActivity id="k" calledElement="p"/><endEvent id="e"/>'
    + flows("s > k > e"),
    key="main",
)


@pytest.fixture
def moving(app, sqlite_url, monkeypatch):
    """Two cases of version 1, at ``a`` and at ``b``; version 2 has no ``b``."""
    for name in ("HOST", "PORT", "CLOCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("LC_ALL", "C")
    by = identities.operator()
    deployments.deploy(app, by, {"p.bpmn": process(OLD)})
    found = [cases.start(app, by, process="p", data={}).case_id for _ in range(2)]
    cases.handle(app, by, found[1], CompleteTask("p.a.1"))
    deployments.deploy(app, by, {"p.bpmn": process(NEW)})
    return found


def run(capsys, *words):
    capsys.readouterr()
    status = cli.run(["move-cases", "p", "--from", "1", "--to", "2", *words])
    return status, capsys.readouterr().out


def versions(app, found):
    return [views.case(app, identities.operator(), one)["version"] for one in found]


REFUSAL = {
    "process": "p",
    "element": "b",
    "code": "element-gone",
    "message": "'b' is under way, and the new version has no such element.",
    "hint": "Keep its id in the new diagram, or name in the mapping what takes its place.",
    "message_zh": "“b” 正在办理，新版本里没有这个环节。",
    "hint_zh": "在新图中保留它的编号，或在对照表中写明由哪个环节接替。",
}


def test_a_dry_run_moves_nothing_and_says_what_stays(app, moving, capsys):
    status, out = run(capsys, "--dry-run", "--json")

    assert status == 1
    assert json.loads(out) == {
        "process": "p",
        "from": 1,
        "to": 2,
        "dry_run": True,
        "cases": 2,
        "moved": 1,
        "refused": [{"case": moving[1], "business_key": None, "reasons": [REFUSAL]}],
    }
    assert versions(app, moving) == [1, 1]


def test_what_can_be_moved_is_and_the_rest_stays_with_its_reason(app, moving, capsys):
    status, out = run(capsys)

    assert status == 1
    assert out == (
        f"{moving[1]}\n"
        f"  element-gone: {REFUSAL['message']} {REFUSAL['hint']}\n"
        "1 of 2 cases moved.\n"
    )
    assert versions(app, moving) == [2, 1]


def test_a_mapping_moves_the_rest(app, moving, capsys, tmp_path):
    mapping = tmp_path / "mapping.json"
    mapping.write_text('{"b": "c"}', "utf-8")

    status, out = run(capsys, "--mapping", str(mapping))

    assert (status, out) == (0, "2 of 2 cases moved.\n")
    assert versions(app, moving) == [2, 2]
    assert list(replay.replay(app, moving)) == [None, None]


def test_only_the_chosen_case_is_moved_and_an_unknown_one_refused(app, moving, capsys):
    assert run(capsys, "--case", moving[0]) == (0, "1 of 1 cases moved.\n")
    assert versions(app, moving) == [2, 1]
    assert run(capsys, "--case", moving[0])[0] == 1


def test_a_case_that_calls_the_process_keeps_its_own_version(app, moving, capsys):
    by = identities.operator()
    deployments.choose(app, by, "p", 1)
    deployments.deploy(app, by, {"main.bpmn": CALLER})
    caller = cases.start(app, by, process="main", data={}).case_id

    assert run(capsys, "--case", caller)[0] == 0

    case = views.case(app, by, caller)
    last = views.history(app, by, caller)[-1]
    assert case["version"] == 1
    assert last["command"]["processes"] == {"main": 1, "p": 2}
    assert list(replay.replay(app, [caller])) == [None]


def test_what_is_no_mapping_is_wrong_usage(moving, capsys, tmp_path):
    mapping = tmp_path / "mapping.json"
    mapping.write_text("[]", "utf-8")

    assert run(capsys, "--mapping", str(mapping))[0] == 2


def test_going_back_is_one_more_migration(app, moving, capsys):
    run(capsys, "--case", moving[0])
    before = views.case(app, identities.operator(), moving[0])["tasks"]

    status = cli.run(["move-cases", "p", "--from", "2", "--to", "1"])

    assert (status, versions(app, moving)) == (0, [1, 1])
    assert views.case(app, identities.operator(), moving[0])["tasks"] == before
    kinds = [one["command"]["type"] for one in views.history(app, identities.operator(), moving[0])]
    assert kinds == ["start_case", "migrate_case", "migrate_case"]
