"""Archives: what a stranger verifies and replays with nothing but the file and a public key."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import archive, cases, checkpoints, cli, erasure, identities, store
from engine.application import Application, open_application
from engine.archive import Selection
from engine.checkpoints import keys
from engine.clock import ManualClock
from engine.commands import AddComment, ClaimTask, CompleteTask
from engine.errors import InvalidRequest, WrongState
from engine.notary import Private, Public
from engine.settings import Settings
from engine.tables import entries, pins
from tests.conftest import MONDAY, ROOT
from tests.test_checkpoints import started, with_key

ALONE = ROOT / "docs" / "verify_archive.py"
SECRET = "张三的电话"


def fill(app: Application) -> list[str]:
    """Begin three cases; one has personal values, one goes on for a while."""
    actor = identities.actor(app, "street_dispatcher")
    accept = "five_steps.accept.1"
    ids = [started(app) for _ in range(3)]
    cases.handle(app, actor, ids[0], ClaimTask(accept))
    cases.handle(app, actor, ids[0], AddComment(accept, SECRET))
    cases.handle(app, actor, ids[1], CompleteTask(accept, "accept"))
    cases.handle(app, actor, ids[1], CompleteTask("five_steps.assign.1", None, {"lead": "D04"}))
    return ids


def written(app: Application, path: Path, **selection: Any) -> Path:
    archive.write(app, path, Selection(**selection))
    return path


def key_of(app: Application) -> Public:
    return keys.own(app.settings).public


def kinds(path: Path) -> list[str]:
    return [orjson.loads(line)["kind"] for line in path.read_bytes().splitlines()]


def alone(path: Path, key: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the stand-alone program in a folder of its own, isolated from ours."""
    folder.mkdir(exist_ok=True)
    shutil.copy(ALONE, folder / "verify.py")
    return subprocess.run(
        [sys.executable, "-I", "verify.py", str(path), str(key)],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def sample(tmp_path_factory, city, sandbox) -> tuple[Path, Path, list[str]]:
    """An archive with personal values, the public key, and the ids of its cases."""
    folder = tmp_path_factory.mktemp("archive")
    shutil.copy(city, folder / "city.db")
    chosen = Settings(
        database_url=f"sqlite:///{folder / 'city.db'}", checkpoint_key=str(folder / "key.pem")
    )
    app = open_application(chosen, clock=ManualClock(MONDAY), sandbox=sandbox)
    ids = fill(app)
    checkpoints.renew_key(app)
    path = written(app, folder / "all.jsonl", personal=True)
    app.database.close()
    return path, folder / "key.pem.pub", ids


# -- what is in it ----------------------------------------------------------------------


def test_an_archive_is_checked_and_replayed_without_the_database(any_app, tmp_path):
    found = with_key(any_app, tmp_path)
    ids = fill(found)
    path = written(found, tmp_path / "all.jsonl")

    checked = archive.check(path, [key_of(found)])

    assert (checked.cases, checked.sound, checked.broken) == (3, 3, [])
    assert (checked.entries, checked.personal) == (3 + 3 + 1, False)
    assert checked.head.fact("number") == "1"
    assert sorted(
        orjson.loads(line)["id"]
        for line in path.read_bytes().splitlines()
        if b'"kind":"case"' in line
    ) == sorted(ids)


def test_its_entries_are_the_bytes_that_are_stored(app, tmp_path):
    found = with_key(app, tmp_path)
    (one, *_) = fill(found)
    path = written(found, tmp_path / "all.jsonl")

    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    at = next(number for number, line in enumerate(lines) if line.get("id") == one)
    bodies = [line["body"].encode() for line in lines[at + 1 : at + 4]]
    with app.database.reading() as tx:
        assert bodies == [entry.body for entry in store.read_entries(tx, one)]


def test_personal_values_are_in_it_only_where_they_are_asked_for(app, tmp_path):
    found = with_key(app, tmp_path)
    fill(found)

    plain = written(found, tmp_path / "plain.jsonl")
    full = written(found, tmp_path / "full.jsonl", personal=True)

    assert SECRET not in plain.read_text("utf-8")
    assert SECRET in full.read_text("utf-8")
    assert [archive.check(one, [key_of(found)]).personal for one in (plain, full)] == [False, True]
    assert [kinds(one).count("value") for one in (plain, full)] == [0, 1]
    assert full.stat().st_mode & 0o077 == 0


def test_what_was_erased_is_in_no_archive_and_the_rest_still_proves_itself(app, tmp_path):
    found = with_key(app, tmp_path)
    (one, *_) = fill(found)
    officer = identities.actor(app, "privacy_officer")
    erasure.erase(app, officer, one, classes=(), reason="request")

    path = written(found, tmp_path / "all.jsonl", personal=True)

    assert SECRET not in path.read_text("utf-8")
    assert archive.check(path, [key_of(found)]).sound == 3


def test_a_selection_is_all_that_is_in_it(app, tmp_path):
    found = with_key(app, tmp_path)
    fill(found)
    found.clock.set(found.clock.now() + timedelta(days=2))
    late = started(found)

    since = written(found, tmp_path / "late.jsonl", since=found.clock.now() - timedelta(days=1))
    none = written(found, tmp_path / "none.jsonl", process="another")
    both = written(found, tmp_path / "both.jsonl", process="five_steps", since=found.clock.now())

    counted = [archive.check(one, [key_of(found)]) for one in (since, none, both)]
    assert [(one.cases, one.broken) for one in counted] == [(1, []), (0, []), (1, [])]
    assert late in since.read_text("utf-8")


def test_an_archive_under_a_later_key_is_trusted_by_the_first(app, tmp_path):
    found = with_key(app, tmp_path)
    first, pem = key_of(found), (tmp_path / "key.pem.pub").read_bytes()
    fill(found)
    checkpoints.make(found)
    checkpoints.renew_key(found)
    path = written(found, tmp_path / "all.jsonl")
    (tmp_path / "first.pem").write_bytes(pem)

    assert archive.check(path, [first]).broken == []
    assert alone(path, tmp_path / "first.pem", tmp_path / "x").returncode == 0
    (told,) = archive.check(path, [Private(b"x" * 32).public]).broken
    assert (told.case, told.reason) == ("archive", "none of the keys has signed its checkpoint")


def test_without_a_key_there_is_no_archive(app, tmp_path):
    with pytest.raises(WrongState, match="No key"):
        archive.write(app, tmp_path / "all.jsonl", Selection())

    assert list(tmp_path.glob("*.jsonl*")) == []


def test_what_is_gone_or_cannot_be_read_is_exported_by_nobody(any_app, tmp_path):
    found = with_key(any_app, tmp_path)
    fill(found)
    path = tmp_path / "all.jsonl"

    for clause in (
        sa.update(entries).where(entries.c.position == 2).values(body=b"{"),
        sa.delete(pins),
    ):
        with any_app.database.engine.connect() as connection:
            connection.execute(clause)
            connection.commit()
        with pytest.raises(WrongState, match="gone or cannot be read"):
            archive.write(found, path, Selection())

    assert list(tmp_path.glob("*.jsonl*")) == []


# -- the stand-alone program -----------------------------------------------------------------


def test_the_program_for_strangers_is_short_and_imports_nothing_of_ours():
    lines = ALONE.read_text("utf-8").splitlines()
    imported = {line.split()[1].partition(".")[0] for line in lines if line[:6] in
                {"import", "from b", "from c"}}  # fmt: skip

    assert len(lines) < 200
    assert imported - sys.stdlib_module_names == {"cryptography"}


def test_the_program_for_strangers_needs_the_file_and_the_key_alone(sample, tmp_path):
    path, key, _ = sample

    done = alone(path, key, tmp_path / "x")

    assert (done.returncode, done.stderr) == (0, "")
    assert "3 cases, 7 entries, as they were signed" in done.stdout


# -- changed archives ----------------------------------------------------------------------------


def both_of(sample: Any) -> tuple[list[bytes], Public]:
    path, key, _ = sample
    return path.read_bytes().splitlines(keepends=True), keys.read_public(key)


def findings(lines: list[bytes], folder: Path, key: Public) -> list[tuple[str, Any, str, str]]:
    path = folder / "changed.jsonl"
    path.write_bytes(b"".join(lines))
    found = archive.check(path, [key]).broken
    return [(one.case, one.position, one.what, one.reason) for one in found]


def changed(line: bytes, **values: Any) -> bytes:
    return orjson.dumps({**orjson.loads(line), **values}, option=orjson.OPT_SORT_KEYS) + b"\n"


def of_kind(lines: list[bytes], kind: str) -> int:
    return next(n for n, line in enumerate(lines) if orjson.loads(line)["kind"] == kind)


def test_each_kind_of_change_is_named_at_its_place(sample, tmp_path):
    lines, key = both_of(sample)
    first, second = sample[2][0], sample[2][1]
    at = {
        kind: of_kind(lines, kind)
        for kind in ("file", "definition", "list", "pins", "case", "entry", "value", "end")
    }
    entry = orjson.loads(lines[at["entry"]])
    begun = next(n for n, line in enumerate(lines) if orjson.loads(line).get("id") == second)

    def put(kind: str, **values: Any) -> list[bytes]:
        return [
            changed(line, **values) if number == at[kind] else line
            for number, line in enumerate(lines)
        ]

    definition = orjson.loads(lines[at["definition"]])
    facts = [*definition["facts"][:2], "another", *definition["facts"][3:]]
    pins = orjson.loads(lines[at["pins"]])["versions"].replace('"version":1', '"version":2')
    listed = orjson.loads(lines[at["list"]])["facts"]
    kept = {
        "a payload": put("entry", body=entry["body"].replace("case_started", "case_resumed")),
        "an entry taken out": lines[: at["entry"] + 1] + lines[at["entry"] + 2 :],
        "the last entry of a case": lines[: begun - 2] + lines[begun - 1 :],
        "two entries swapped": [
            *lines[: at["entry"]], lines[at["entry"] + 1], lines[at["entry"]],
            *lines[at["entry"] + 2 :],
        ],
        "a case taken out": lines[:begun] + lines[begun + 4 :],
        "a definition": put("definition", facts=facts),
        "pins": put("pins", versions=pins),
        "a list": put("list", facts=[listed[0], "x", *listed[2:]]),
        "a file": put("file", content="AAAA"),
        "a value": put("value", value='"another"'),
        "the manifest": [changed(lines[0], made_at="2020-01-01T00:00:00Z"), *lines[1:]],
        "cut off": lines[:-1],
        "longer": [*lines, lines[-1]],
        "another end": put("end", key=Private(b"x" * 32).public.text),
    }  # fmt: skip

    found = {kind: findings(one, tmp_path, key)[0][:3] for kind, one in kept.items()}

    (named, *_) = [orjson.loads(line)["facts"][:2] for line in lines if b'"kind":"list"' in line]
    assert named == listed[:2]
    pinned = found.pop("pins")
    assert (pinned[1], pinned[2]) == (None, "pins")
    at_file = found.pop("a file")
    assert at_file[2] in {"list", "definition"}
    assert found == {
        "a payload": (first, 1, "entry"),
        "an entry taken out": (first, 2, "entry"),
        "the last entry of a case": (first, 3, "entry"),
        "two entries swapped": (first, 1, "entry"),
        "a case taken out": ("archive", None, "archive"),
        "a definition": ("five_steps version 1", None, "definition"),
        "a list": (f"{listed[0]} x", None, "list"),
        "a value": (first, 3, "sealed value"),
        "the manifest": ("archive", None, "archive"),
        "cut off": ("archive", None, "archive"),
        "longer": ("archive", None, "archive"),
        "another end": ("archive", None, "archive"),
    }
    assert findings(lines, tmp_path, key) == []


@settings(derandomize=True, deadline=None, max_examples=30, database=None)
@given(st.data())
def test_no_single_change_goes_unnoticed_by_either(sample, tmp_path_factory, data):
    lines, key = both_of(sample)
    folder = tmp_path_factory.getbasetemp()
    # Files are long and alike: one of them stands for all.
    short = [n for n, line in enumerate(lines) if len(line) < 20_000]
    at = data.draw(st.sampled_from(short))
    way = data.draw(st.sampled_from(["letter", "gone", "twice", "swapped"]))
    new = list(lines)
    if way == "letter":
        line = bytearray(lines[at])
        place = data.draw(st.integers(0, len(line) - 1))
        line[place] = data.draw(
            st.sampled_from(b'0az"{}\n\xff').filter(lambda one: one != line[place])
        )
        new[at] = bytes(line)
    elif way == "gone":
        del new[at]
    elif way == "twice":
        new.insert(at, lines[at])
    else:
        other = data.draw(st.sampled_from([n for n in short if lines[n] != lines[at]]))
        new[at], new[other] = lines[other], lines[at]

    found = findings(new, folder, key)

    assert found != []
    assert all(reason for *_, reason in found)


def test_strangers_notice_what_we_notice(sample, tmp_path):
    path, key, _ = sample
    lines = path.read_bytes().splitlines(keepends=True)
    program = {}
    exec(compile(ALONE.read_text("utf-8"), "alone", "exec"), program)
    changes = {
        "manifest": [changed(lines[0], made_at="x"), *lines[1:]],
        **{
            kind: [
                changed(line, **values) if number == of_kind(lines, kind) else line
                for number, line in enumerate(lines)
            ]
            for kind, values in {
                "file": {"content": "AAAA"},
                "definition": {"facts": ["a", 1, "b", "c", "kernel", []]},
                "list": {"facts": ["a", "b", "c", "d"]},
                "pins": {"versions": '{"processes":{"a":{"version":1,"sha256":"","files":[]}}}'},
                "case": {"id": "x"},
                "entry": {"digest": "0" * 64},
                "value": {"value": "1"},
                "end": {"cases": 2},
            }.items()
        },
        **{f"without {n}": lines[:n] + lines[n + 1 :] for n in range(0, len(lines), 3)},
    }
    told = {}

    for kind, one in changes.items():
        (tmp_path / "changed.jsonl").write_bytes(b"".join(one))
        told[kind] = program["main"](tmp_path / "changed.jsonl", key)

    assert told == dict.fromkeys(changes, 1)
    assert program["main"](path, key) == 0


def ends(line: bytes) -> dict[str, bytes]:
    """The ways to change the last line, which nothing signs, and leave what it says."""
    said = orjson.loads(line)
    return {
        "more in it": changed(line, more=1),
        "a number of another kind": line.replace(b'"cases":3', b'"cases":3.0'),
        "a blank": line.replace(b":", b": ", 1),
        "a key twice": line[:-2] + b',"cases":3}\n',
        "no end of line": line[:-1],
        "a signature with more": changed(line, signature=said["signature"] + "="),
        "a key with more": changed(line, key=" " + said["key"]),
        "another manifest": changed(line, manifest="0" * 64),
    }


def refused(content: bytes, folder: Path, key: Path, program: dict[str, Any]) -> tuple[Any, Any]:
    """Return how many findings there are, and the exit status of the program."""
    path = folder / "changed.jsonl"
    path.write_bytes(content)
    found = archive.check(path, [keys.read_public(key)]).broken
    assert all(one.reason for one in found)
    return len(found), program["main"](path, key)


def test_both_say_the_same_of_a_file_that_came_in_another_form(sample, tmp_path, capsys):
    path, key, _ = sample
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    program = {}
    exec(compile(ALONE.read_text("utf-8"), "alone", "exec"), program)
    begun = next(n for n, line in enumerate(lines) if orjson.loads(line).get("id") == sample[2][0])
    contents = {
        "other ends of lines": whole.replace(b"\n", b"\r\n"),
        "a mark of order": b"\xef\xbb\xbf" + whole,
        "packed": gzip.compress(whole),
        "two of them": whole + whole,
        "more lines": whole + b"\n",
        "a key twice": b'{"format":"x",' + whole[1:],
        "no number": lines[0][:-2] + b',"z":NaN}\n',
        "too large a number": lines[0][:-2] + b',"z":' + b"9" * 40 + b"}\n",
        "too deep": b"[" * 100_000 + b"\n",
        "of no kind": b'{"kind":[]}\n',
        "a case that is called nothing": b"".join(lines[:begun])
        + changed(lines[begun], id=None)
        + b"".join(lines[begun + 1 :]),
        "nothing": b"",
        **{f"the end: {kind}": b"".join(lines[:-1]) + one for kind, one in ends(lines[-1]).items()},
    }

    told = {kind: refused(one, tmp_path, key, program) for kind, one in contents.items()}
    said = capsys.readouterr().out.splitlines()

    assert told == dict.fromkeys(contents, (1, 1))
    assert [one.partition(": line ")[0] for one in said] == [str(tmp_path / "changed.jsonl")] * len(
        contents
    )


def test_the_program_for_strangers_says_what_is_wrong_with_a_key_or_a_name(
    sample, tmp_path, capsys
):
    path, key, _ = sample
    program = {}
    exec(compile(ALONE.read_text("utf-8"), "alone", "exec"), program)
    (tmp_path / "letter").write_text("Dear office", "utf-8")

    told = {
        str(one): program["main"](str(file), str(one))
        for file, one in ((path, tmp_path / "letter"), (path, tmp_path / "gone"),
                          (tmp_path / "gone", key))
    }  # fmt: skip

    assert told == {str(tmp_path / "letter"): 1, str(tmp_path / "gone"): 1, str(key): 1}
    letter, *gone = capsys.readouterr().out.splitlines()
    assert letter == f"{tmp_path / 'letter'}: it cannot be read"
    assert ["No such file" in one for one in gone] == [True, True]


def test_a_line_without_an_end_is_not_read_whole(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(b'{"kind":"' + b" " * 4096)
    monkeypatch.setattr("engine.archive.checking.LONGEST", 1024)

    (one,) = archive.check(tmp_path / "x", [Private(b"x" * 32).public]).broken

    assert one.reason == "line 1 cannot be read"


def test_what_is_no_archive_is_refused(tmp_path):
    key = Private(b"x" * 32).public
    for content in (b"", b"\n", b"[]\n", b'{"kind":"end"}\n', b'{"kind":"manifest"}\n', b"\xff"):
        (tmp_path / "x").write_bytes(content)
        (one,) = archive.check(tmp_path / "x", [key]).broken
        assert one.what == "archive"
    with pytest.raises(InvalidRequest, match="cannot be read"):
        archive.check(tmp_path / "gone", [key])


# -- the commands ------------------------------------------------------------------------------


def test_the_commands_write_an_archive_and_check_it_elsewhere(
    app, sqlite_url, tmp_path, monkeypatch, capsys
):
    with_key(app, tmp_path)
    fill(app)
    path, key = tmp_path / "all.jsonl", tmp_path / "key.pem.pub"
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("CHECKPOINT_KEY", str(tmp_path / "key.pem"))

    def bihuan(*words: str) -> tuple[int, dict[str, Any]]:
        status = cli.run([*words, "--json"])
        return status, json.loads(capsys.readouterr().out)

    status, told = bihuan("export", str(path), "--format", "jsonl", "--process", "five_steps")
    assert (status, told["cases"], told["bytes"]) == (0, 3, path.stat().st_size)
    assert cli.run(["export", str(path), "--format", "jsonl"]) == 2
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none' / 'none.db'}")
    held = ("verify", "--export", str(path), "--key", str(key))
    assert bihuan(*held) == (0, {"cases": 3, "sound": 3, "broken": []})
    path.write_bytes(path.read_bytes().replace(b"case_started", b"case_resumed", 1))
    status, told = bihuan(*held)
    assert (status, told["sound"], told["broken"][0]["position"]) == (1, 0, 1)
    assert cli.run(["verify", "--export", str(path)]) == 2
    assert cli.run(["verify", "--all", *held[1:]]) == 2
