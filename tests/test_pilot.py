"""Every command of the page about a pilot is run, as it stands, from an empty database."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_readme import free_port

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "pilot.md"

HEAD = """
set -uo pipefail
trap 'kill ${SERVER:-} 2> /dev/null' EXIT
"""
# What the page shows, for the tests to read.
TAIL = """
bihuan replay --all --json > var/pilot/replay.json 2> /dev/null
bihuan verify --all --json > var/pilot/verify.json 2> /dev/null
"""


@pytest.fixture(scope="module")
def pilot(tmp_path_factory):
    """The folder in which the page was followed, and what the terminal showed."""
    folder = tmp_path_factory.mktemp("pilot")
    shutil.copytree(ROOT / "processes", folder / "processes")
    shutil.copytree(ROOT / "docs" / "pilot", folder / "docs" / "pilot")
    (folder / "var").mkdir()
    environment = {
        **{n: v for n, v in os.environ.items() if n not in {"DATABASE_URL", "CLOCK"}},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(free_port()),
        "PYTHONUTF8": "1",
    }
    blocks = re.findall(
        r"^```bash\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    done = subprocess.run(
        ["bash", "-c", "\n".join([HEAD, *blocks, TAIL])],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    return folder / "var" / "pilot", f"{done.stdout}\n{done.stderr}"


def read(pilot, name):
    return json.loads((pilot[0] / name).read_text("utf-8"))


@pytest.mark.slow
def test_no_command_of_the_pilot_is_refused(pilot):
    wrong = [
        line
        for line in pilot[1].splitlines()
        if re.search(
            r"urn:bihuan:problem|Traceback|bihuan: |Error|command not found|: (error|warning) ",
            line,
        )
    ]

    assert wrong == []


@pytest.mark.slow
def test_all_cases_of_the_pilot_end_published(pilot):
    cases = [read(pilot, name) for name in ("whistle.json", "taps.json", "event.json")]

    assert [(one["state"], one["tasks"], one["incidents"]) for one in cases] == [
        ("completed", [], [])
    ] * 3
    assert [one["data"]["public_text"] for one in cases] == [
        "居民反映的南门坡道已修复。",
        "垃圾已清运",
        "大件垃圾已清运",
    ]


@pytest.mark.slow
def test_the_changes_of_the_pilot_stand_in_the_history(pilot):
    entries = read(pilot, "history.json")["items"]

    moved = [
        event["due_at"] > event["original_due_at"]
        for entry in entries
        if entry["actor"] == "@calendar"
        for event in entry["events"]
        if event["type"] == "task_due_changed" and event["element"] == "handle"
    ]
    handed = [
        (entry["actor"], event["was"], event["assignee"])
        for entry in entries
        for event in entry["events"]
        if event["type"] == "task_transferred"
    ]
    assert (moved, handed) == ([True], [("ZX15", "ZX14", "ZX16")])


@pytest.mark.slow
def test_what_the_pilot_did_replays_and_verifies(pilot):
    replayed, verified = read(pilot, "replay.json"), read(pilot, "verify.json")

    assert (replayed["different"], verified["broken"]) == ([], [])
    assert replayed["cases"] == replayed["identical"] == verified["sound"] >= 3
