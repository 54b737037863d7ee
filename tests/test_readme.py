"""Every command of the READMEs is run, as it stands, against a real server."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
LADDER = ("due_warn", "due_breach", "instruct_head", "esc2", "instruct")

# What `make run` does after the installation, which has happened; `make test` runs this test.
MAKE = """
set -uo pipefail
SERVER=
stop() { [ -z "$SERVER" ] || { kill "$SERVER"; wait "$SERVER"; }; SERVER=; } 2> /dev/null
trap stop EXIT
make() {
  case "$1" in
    test) ;;
    run)
      stop
      bihuan migrate && bihuan demo --cases 0 || exit 1
      bihuan serve > server.log 2>&1 &
      SERVER=$!
      for _ in $(seq 1200); do
        curl -fs "http://127.0.0.1:$PORT/readyz" > /dev/null && return
        sleep 0.1
      done
      echo 'the server does not answer'; exit 1 ;;
    *) echo "no such target: $1"; exit 1 ;;
  esac
}
"""
THEN = """
as auditor GET "/cases/$CASE" > case.json
as auditor GET "/cases/$CASE/history" > history.json
bihuan replay --all --json > replay.json 2> /dev/null
bihuan verify --all --json > verify.json 2> /dev/null
as admin GET /definitions/whistle_report > definition.json
"""


def blocks_of(name):
    text = (ROOT / name).read_text("utf-8")
    return re.findall(r"^```bash\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def commands_of(name):
    """The lines that do something, without what they say about themselves."""
    lines = [
        re.sub(r"(^| {2,})# .*", "", line).rstrip()
        for line in "".join(blocks_of(name)).splitlines()
    ]
    return [line for line in lines if line]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    """The folder in which the English README was followed, and what the terminal showed."""
    folder = tmp_path_factory.mktemp("tour")
    shutil.copytree(ROOT / "processes", folder / "processes")
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "CLOCK"}
        },
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(free_port()),
        "PYTHONUTF8": "1",
    }
    script = "\n".join([MAKE, *blocks_of("README.md"), THEN])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    return folder, f"{done.stdout}\n{done.stderr}"


def read(tour, name):
    return json.loads((tour[0] / name).read_text("utf-8"))


def test_both_readmes_give_the_same_commands():
    english, chinese = map(commands_of, READMES)

    assert chinese == english


@pytest.mark.slow
def test_no_command_of_the_readme_is_refused(tour):
    _, shown = tour

    wrong = [
        line
        for line in shown.splitlines()
        if re.search(
            r"urn:bihuan:problem|Traceback|bihuan: |no token|command not found|: error ", line
        )
    ]

    assert wrong == []


@pytest.mark.slow
def test_the_tour_ends_with_a_published_case(tour):
    case = read(tour, "case.json")

    published = case["data"]["published"]

    assert (case["state"], case["tasks"], case["incidents"]) == ("completed", [], [])
    assert (published["level"], published["withdrawn"]) == ("public", False)


@pytest.mark.slow
def test_the_escalation_of_the_tour_stands_in_its_history(tour):
    entries = read(tour, "history.json")["items"]

    rungs = [
        (event["type"], event["element"])
        for entry in entries
        for event in entry["events"]
        if event["element"] in LADDER
        and event["type"] in {"timer_fired", "task_opened", "task_completed"}
    ]

    assert rungs == [
        ("timer_fired", "due_warn"),
        ("timer_fired", "due_breach"),
        ("task_opened", "instruct_head"),
        ("timer_fired", "esc2"),
        ("task_opened", "instruct"),
        ("task_completed", "instruct_head"),
        ("task_completed", "instruct"),
    ]


@pytest.mark.slow
def test_what_the_tour_did_replays_and_verifies(tour):
    replayed, verified = read(tour, "replay.json"), read(tour, "verify.json")
    # The whistle, the question four weeks later that it started, and what the calendar began.
    count = replayed["cases"]
    assert count >= 2
    assert replayed == {"cases": count, "identical": count, "different": []}
    assert verified == {"cases": count, "sound": count, "broken": []}


@pytest.mark.slow
def test_the_running_case_keeps_the_version_that_it_began_with(tour):
    case, definition = read(tour, "case.json"), read(tour, "definition.json")

    assert (case["version"], definition["version"]) == (1, 2)
