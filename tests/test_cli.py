import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import structlog

from engine import cli
from engine.settings import is_loopback

ROOT = Path(__file__).parent.parent
FIVE_STEPS = ROOT / "tests" / "processes" / "five_steps.bpmn"

PLAN = {
    "process": "five_steps",
    "start": "start_report",
    "first": "2025-10-01",
    "last": "2025-12-31",
    "starters": {"street_dispatcher": 1},
    "arrivals": {"weekdays": [1, 1, 1, 1, 1, 0.2, 0.2], "hours": [0] * 8 + [1] * 10 + [0] * 6},
    "traits": {"late": 0.4},
    "after": [0.1, 2, "WH"],
    "elements": {
        "accept": {"outcomes": {"accept": 9, "refuse": 1}},
        "assign": {"fields": {"lead": {"one_of": ["D01", "D03", "D04"]}}},
        "handle": {
            "share": [0.1, 0.8],
            "late": {"trait": "late", "by": [1, 2, "WH"]},
            "outcomes": {"done": 1},
            "fields": {"reply": {"constant": "已处置"}},
        },
        "evaluate": {"outcomes": {"good": 8, "fair": 2}},
    },
}


@pytest.fixture
def plain(monkeypatch):
    """No setting of the machine's own."""
    for name in ("DATABASE_URL", "HOST", "PORT", "CLOCK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def town(plain, sqlite_url, monkeypatch):
    """The file of a database with the demo city, which DATABASE_URL names."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def source(tmp_path):
    """A folder like processes/, with one small process."""
    folder = tmp_path / "source"
    shutil.copytree(ROOT / "processes" / "lists", folder / "lists")
    shutil.copy(FIVE_STEPS, folder)
    (folder / "demo").mkdir()
    (folder / "demo" / "grid_events.json").write_text(json.dumps(PLAN), "utf-8")
    return folder


def bihuan(*words):
    """The command line of a process of its own."""
    return [sys.executable, "-c", "from engine.cli import main; main()", *words]


def fresh(words, *, hash_seed="0", stdin=""):
    """Run the command in a fresh process; return what it did."""
    return subprocess.run(
        bihuan(*words),
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def json_of(capsys, words):
    """Run a command with --json; return its status and the one document on stdout."""
    capsys.readouterr()
    status = cli.run([*words, "--json"])
    return status, json.loads(capsys.readouterr().out)


# -- the command itself -----------------------------------------------------------


def test_the_help_lists_every_command(capsys):
    assert cli.run(["--help"]) == 0

    listed = re.findall(r"^  ([\w-]+)  ", capsys.readouterr().out.partition("Commands:")[2], re.M)
    assert listed == list(cli.COMMANDS)


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_explains_itself(name, capsys):
    assert cli.run([name, "--help"]) == 0

    assert capsys.readouterr().out.startswith(f"Usage: bihuan {name} ")


@pytest.mark.parametrize(
    "words",
    [
        ["nothing-like-this"],
        ["due", "2026-09-18T09:00+08:00", "1", "YEARS"],
        ["due", "tomorrow", "1", "WD"],
        ["check", "no/such/file.bpmn"],
        ["replay"],
        ["verify", "a-case", "--all"],
        ["user", "add", "wang", "--role", "visitor"],
        ["demo", "--cases", "-1"],
    ],
)
def test_wrong_usage_ends_with_status_2_and_says_why(words, town, capsys):
    assert cli.run(words) == 2

    assert "Error: " in capsys.readouterr().err


def test_a_wrong_setting_is_wrong_usage(plain, monkeypatch, capsys):
    monkeypatch.setenv("PORT", "eighty")

    assert cli.run(["tick"]) == 2

    assert "PORT='eighty' is not a positive number." in capsys.readouterr().err


def test_a_database_without_tables_ends_with_what_to_do(plain, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")

    assert cli.run(["user", "list"]) == 1

    error = capsys.readouterr().err
    assert error == "bihuan: The database has no tables yet. Run `bihuan migrate`.\n"


def test_the_demo_gives_an_empty_database_its_tables(plain, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new/city.db")

    assert cli.run(["demo"]) == 0
    assert cli.run(["verify", "--all"]) == 0

    lists = len(list((ROOT / "processes" / "lists").glob("*.json")))
    assert f"The demo city: {lists} new lists" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["migrate", "demo", "tick"])
def test_a_database_out_of_reach_is_named(plain, tmp_path, monkeypatch, capsys, command):
    url = f"postgresql+psycopg://test@/city?host={tmp_path}"
    monkeypatch.setenv("DATABASE_URL", url)

    assert cli.run([command]) == 1

    error = capsys.readouterr().err
    assert error.startswith("bihuan: The database cannot be reached")


def test_a_refusal_with_json_is_one_problem_document(town, capsys):
    status, problem = json_of(capsys, ["replay", "no-such-case"])

    assert (status, problem["code"]) == (1, "case-not-found")


def test_a_server_does_not_load_what_migrates_databases():
    look = "import sys, engine.cli.server; print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_migrating_makes_the_folder_and_again_changes_nothing(plain, tmp_path, monkeypatch, capsys):
    path = tmp_path / "new" / "folder" / "bihuan.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")

    assert cli.run(["migrate"]) == 0
    assert path.exists()
    assert cli.run(["migrate"]) == 0

    assert capsys.readouterr().err.endswith("The database was up to date.\n")


# -- due -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("2026-09-18T09:00+08:00 1 WD", "2026-09-20T17:30:00+08:00"),
        ("2026-09-18T01:00:00Z 1 WD", "2026-09-20T17:30:00+08:00"),
        ("2026-02-14T16:30+08:00 4 WH", "2026-02-24T11:30:00+08:00"),
        ("2026-09-30T17:00+08:00 4 EH", "2026-09-30T21:00:00+08:00"),
        ("2026-09-30T17:00+08:00 5 MIN", "2026-09-30T17:05:00+08:00"),
    ],
)
def test_due_prints_the_moment_a_limit_ends(town, capsys, words, end):
    assert cli.run(["due", *words.split()]) == 0

    assert capsys.readouterr().out == f"{end}\n"


def test_due_counts_before_there_is_a_database(plain, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    monkeypatch.chdir(ROOT)

    assert cli.run(["due", "2026-09-18T09:00+08:00", "1", "WD"]) == 0

    assert capsys.readouterr().out == "2026-09-20T17:30:00+08:00\n"


def test_due_says_where_the_calendar_is_not_yet_known(town, capsys):
    status, answer = json_of(capsys, ["due", "2027-01-04T09:00+08:00", "1", "WD"])

    assert (status, answer) == (
        0,
        {"due_at": "2027-01-05T17:30:00+08:00", "provisional": True},
    )


def test_due_counts_with_the_hours_of_a_unit(town, capsys):
    words = ["due", "2026-09-18T09:00+08:00", "1", "WD", "--unit-code"]

    assert cli.run([*words, "D04"]) == 0
    assert cli.run([*words, "nowhere"]) == 1


# -- users and tokens -------------------------------------------------------------


def test_a_user_is_added_listed_and_disabled(town, capsys):
    words = ["user", "add", "wang", "--role", "visitor", "--role", "auditor", "--unit", "990101"]
    assert cli.run(words) == 0
    assert cli.run(["user", "disable", "wang"]) == 0

    _, listed = json_of(capsys, ["user", "list"])
    found = next(one for one in listed if one["name"] == "wang")
    assert found.pop("disabled_at") is not None
    assert found == {
        "name": "wang",
        "person": None,
        "roles": [{"role": "visitor", "unit": "990101"}, {"role": "auditor", "unit": "990101"}],
        "password": False,
        "demo": False,
    }


def test_a_token_stands_alone_on_stdout(town, capsys):
    assert cli.run(["token", "create", "admin"]) == 0

    out = capsys.readouterr().out
    assert re.fullmatch(r"bihuan_[A-Za-z0-9_-]{43}\n", out)


def test_a_password_is_read_from_standard_input(town):
    done = fresh(["user", "add", "wang", "--password-stdin"], stdin="short\n")

    assert (done.returncode, done.stderr) == (
        1,
        "bihuan: A password needs at least 8 characters.\n",
    )


# -- diagrams -------------------------------------------------------------------------


def test_check_finds_nothing_wrong_with_a_good_diagram(town, capsys):
    status, answer = json_of(capsys, ["check", str(FIVE_STEPS)])

    errors = [one for one in answer["findings"] if one["severity"] == "error"]
    assert (status, errors) == (0, [])


def test_check_needs_no_database(plain, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")

    status, answer = json_of(capsys, ["check", str(FIVE_STEPS)])

    assert (status, [one for one in answer["findings"] if one["severity"] == "error"]) == (0, [])


def test_check_names_file_line_and_element_of_an_error(town, tmp_path, capsys):
    broken = tmp_path / "broken.bpmn"
    text = FIVE_STEPS.read_text("utf-8").replace('targetRef="accept"', 'targetRef="nowhere"')
    broken.write_text(text, "utf-8")

    status, answer = json_of(capsys, ["check", str(broken)])

    error = next(one for one in answer["findings"] if one["severity"] == "error")
    assert status == 1
    assert (error["file"], error["element"]) == ("broken.bpmn", "to_accept")
    assert text.splitlines()[error["line"] - 1].strip().startswith('<sequenceFlow id="to_accept"')


def test_deploy_adds_a_version_only_of_what_changed(town, tmp_path, capsys):
    changed = tmp_path / "five_steps.bpmn"
    text = FIVE_STEPS.read_text("utf-8").replace('name="公开"', 'name="信息公开"')
    changed.write_text(text, "utf-8")

    _, first = json_of(capsys, ["deploy", str(FIVE_STEPS)])
    _, second = json_of(capsys, ["deploy", str(changed)])
    _, third = json_of(capsys, ["deploy", str(changed)])

    versions = [one["definitions"][0]["version"] for one in (first, second, third)]
    assert versions == [1, 2, 2]


def test_a_diagram_with_errors_is_not_deployed(town, tmp_path, capsys):
    broken = tmp_path / "broken.bpmn"
    broken.write_text("<definitions/>", "utf-8")

    status, answer = json_of(capsys, ["deploy", str(broken)])

    assert (status, answer["code"]) == (1, "not-deployable")


def test_layout_draws_a_diagram_once(tmp_path, capsys):
    copy = tmp_path / "five_steps.bpmn"
    picture = re.compile(r"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", re.DOTALL)
    copy.write_text(picture.sub("", FIVE_STEPS.read_text("utf-8")), "utf-8")

    assert cli.run(["layout", str(copy)]) == 0
    drawn = copy.read_bytes()
    assert cli.run(["layout", str(copy)]) == 0

    assert drawn.count(b"BPMNShape") > 12
    assert copy.read_bytes() == drawn
    assert capsys.readouterr().err.splitlines() == [
        f"{copy}: drawn",
        f"{copy}: is drawn already",
    ]


# -- the demo city ------------------------------------------------------------------------


def test_the_demo_city_has_a_user_for_every_role_and_admin_has_them_all(town, capsys):
    _, users = json_of(capsys, ["user", "list"])
    names = {one["name"] for one in users}
    lines = (ROOT / "processes" / "lists" / "roles.csv").read_text("utf-8-sig").splitlines()[1:]
    roles = {line.split(",")[0] for line in lines}

    admin = next(one for one in users if one["name"] == "admin")
    assert roles - names == set()
    assert {one["role"] for one in admin["roles"]} == roles


def test_the_city_is_loaded_into_an_empty_database(plain, source, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    assert cli.run(["migrate"]) == 0
    capsys.readouterr()

    assert cli.run(["demo", "--from", str(source)]) == 0

    lists = len(list((source / "lists").glob("*.json")))
    said = capsys.readouterr().err.splitlines()
    assert re.fullmatch(rf"The demo city: {lists} new lists, \d+ new users\.", said[0])
    assert said[1] == "Processes: 1 deployed."
    assert said[-1] == "their password is bihuan-demo."


def test_loading_the_city_again_changes_nothing(town, source, capsys):
    assert cli.run(["demo", "--from", str(source)]) == 0

    said = capsys.readouterr().err.splitlines()
    assert said[:2] == ["The demo city: 0 new lists, 0 new users.", "No new processes."]


def heads(path):
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT id, head, state FROM cases ORDER BY id").fetchall()
    connection.close()
    return found


def test_the_same_seed_gives_the_same_histories(town, source, tmp_path, monkeypatch):
    words = ["demo", "--cases", "6", "--from", str(source)]
    other = tmp_path / "other.db"
    shutil.copy(town, other)
    assert cli.run(words) == 0
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{other}")
    assert fresh(words, hash_seed="7").returncode == 0

    assert len(heads(town)) == 6
    assert {state for _, _, state in heads(town)} == {"completed"}
    assert heads(other) == heads(town)


def test_a_seed_is_simulated_once(town, source, capsys):
    words = ["demo", "--cases", "2", "--from", str(source)]
    assert cli.run(words) == 0
    assert cli.run(words) == 0
    assert cli.run([*words, "--seed", "2"]) == 0

    assert len(heads(town)) == 4


# -- proof --------------------------------------------------------------------------------


@pytest.fixture
def lived(town, source, capsys):
    assert cli.run(["demo", "--cases", "3", "--from", str(source)]) == 0
    capsys.readouterr()
    return town


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_replay_in_a_fresh_process_finds_every_case_identical(lived, jobs):
    done = fresh(["replay", "--all", "--jobs", jobs, "--json"], hash_seed="99")

    assert json.loads(done.stdout) == {"cases": 3, "identical": 3, "different": []}
    assert done.returncode == 0


CLUSTER = """
import sys
from distributed import LocalCluster
from engine import cli
with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://",
                  dashboard_address=None) as cluster:
    status = cli.run([*sys.argv[1:], "--scheduler", cluster.scheduler_address, "--json"])
sys.exit(status)
"""


def test_a_cluster_replays_and_back_tests_with_the_same_code(lived):
    def on_cluster(*words):
        command = [sys.executable, "-W", "ignore", "-c", CLUSTER, *words]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert on_cluster("replay", "--all") == {"cases": 3, "identical": 3, "different": []}


def test_a_diagram_is_back_tested_in_processes_and_told_as_text_json_and_page(
    lived, tmp_path, capsys
):
    words = ["backtest", "five_steps", str(FIVE_STEPS), "--html", str(tmp_path / "out.html")]
    status, alone = json_of(capsys, words)
    assert (status, alone["cases"], alone["classes"]["identical"]["count"]) == (0, 3, 3)
    assert (tmp_path / "out.html").read_text("utf-8").count("<figure") == 2

    done = fresh([*words, "--jobs", "2", "--json"])
    assert (done.returncode, json.loads(done.stdout)) == (0, alone)

    changed = ["backtest", "five_steps", "--set", "accept=1MIN", "--map", "evaluate=evaluate"]
    assert cli.run(changed) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "3 cases of five_steps."
    assert told[1].split() == ["0", "identical"]
    assert told[2].split() == ["3", "same", "outcome", "by", "another", "way"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--set", "accept"], "bihuan: 'accept' sets nothing."),
        (["--map", "accept"], "bihuan: 'accept' maps nothing."),
        (["--list", "x=nowhere.csv"], "Error: --list x=nowhere.csv"),
        (["--since", "2026-09-02", "--until", "2026-09-01"], "Error: --since must lie before"),
        (["--html", "nowhere/out.html"], "Error: --html nowhere/out.html: nothing can be written"),
        (
            ["--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"],
            "Error: --jobs N is for this machine",
        ),
        (["--scheduler", "nonsense"], "Error: --scheduler nonsense: write its address"),
    ],
)
def test_a_back_test_that_cannot_be_done_says_why(town, source, capsys, words, says):
    assert cli.run(["backtest", "five_steps", *words]) in {1, 2}
    assert says in capsys.readouterr().err


def test_verify_finds_every_history_sound(lived, capsys):
    assert json_of(capsys, ["verify", "--all"]) == (0, {"cases": 3, "sound": 3, "broken": []})


def test_an_altered_entry_is_reported_with_its_position(lived, capsys):
    case_id = heads(lived)[1][0]
    connection = sqlite3.connect(lived)
    connection.execute(
        "UPDATE entries SET body = CAST(replace(body, 'accept', 'accepT') AS BLOB) "
        "WHERE stream = ? AND position = 2",
        (case_id,),
    )
    connection.commit()
    connection.close()

    status, verified = json_of(capsys, ["verify", "--all"])
    assert (status, verified["sound"]) == (1, 2)
    assert [(one["case"], one["position"]) for one in verified["broken"]] == [(case_id, 2)]

    status, replayed = json_of(capsys, ["replay", case_id])
    assert (status, replayed["identical"]) == (1, 0)


def rows(path, table):
    connection = sqlite3.connect(path)
    found = connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
    connection.close()
    return found


def test_rebuild_refills_what_was_lost(lived):
    before = rows(lived, "tasks")
    connection = sqlite3.connect(lived)
    connection.execute("DELETE FROM tasks")
    connection.commit()
    connection.close()

    assert cli.run(["rebuild", "--all"]) == 0

    assert rows(lived, "tasks") == before


def test_tick_fires_what_is_due_and_tidy_keeps_histories(lived, capsys):
    status, answer = json_of(capsys, ["tick"])
    assert (status, answer) == (0, {"fired": 0})

    before = heads(lived)
    assert cli.run(["tidy"]) == 0
    assert heads(lived) == before


# -- serving --------------------------------------------------------------------------------


def serve(*words):
    """Start the server; return its process and address once it answers."""
    process = subprocess.Popen(
        bihuan("serve", "--port", "0", *words), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    while line := process.stderr.readline():
        if found := re.search(r"serves http://[^:]+:(\d+)/", line):
            return process, f"http://127.0.0.1:{found[1]}"
    raise AssertionError(f"The server ended with {process.wait()}.")


def stop(process):
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=120)
    return process.returncode, error.splitlines()[-1]


def ask(url, body=None):
    """Return the HTTP status of a GET, or of a POST with a JSON body."""
    request = urllib.request.Request(url)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


DEMO_LOGIN = {"name": "admin", "password": "bihuan-demo"}


def test_the_server_answers_and_stops_cleanly(town):
    process, url = serve()
    try:
        assert ask(f"{url}/api/v1/healthz") == 200
        assert ask(f"{url}/api/v1/login", DEMO_LOGIN) == 200
    finally:
        ended = stop(process)

    assert ended == (0, "Stopping.")


def test_demo_logins_are_refused_when_others_can_reach_the_server(town):
    process, url = serve("--host", "0.0.0.0", "--no-scheduler")
    try:
        assert ask(f"{url}/api/v1/login", DEMO_LOGIN) == 401
    finally:
        stop(process)


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.7", False),
        ("bihuan.example", False),
    ],
)
def test_only_loopback_addresses_keep_others_out(host, alone):
    assert is_loopback(host) is alone


def test_a_scheduler_alone_stops_cleanly(town):
    process = subprocess.Popen(bihuan("schedule"), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline() == "Looking for due timers every 2 seconds.\n"

    assert stop(process) == (0, "Stopping.")


def test_what_is_logged_after_a_command_goes_where_stderr_is_then(plain, monkeypatch, capsys):
    # As when a command runs inside another program, which hands it a stream of its own.
    with io.StringIO() as stream, monkeypatch.context() as inside:
        inside.setattr(sys, "stderr", stream)
        cli.run(["--version"])

    structlog.get_logger().warning("later")

    written = capsys.readouterr()
    assert "later" in written.err
    assert "later" not in written.out


WAITING = """
import os, signal
from engine.cli.server import _stopped_by_signals
stopping = _stopped_by_signals()
with stopping._cond:  # as the main thread holds it when it begins to wait
    os.kill(os.getpid(), signal.SIGTERM)
assert stopping.wait(60)
"""


def test_a_signal_may_come_just_when_the_wait_begins():
    done = subprocess.run([sys.executable, "-c", WAITING], cwd=ROOT, timeout=120, check=False)

    assert done.returncode == 0
