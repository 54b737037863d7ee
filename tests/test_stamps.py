"""Time-stamps of checkpoints: an authority stamps them, and what it said is held against them."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import archive, checkpoints, cli, notices, post, settings, timers, verification
from engine.application import Application
from engine.archive import Selection
from engine.checkpoints import papers, stamping, stamps
from engine.errors import WrongState
from engine.tables import dispatches
from engine.tables import stamps as table
from tests.authority import Authority, authority, established, forged, ran, replied, token_of
from tests.test_archives import ALONE
from tests.test_checkpoints import OTHER, public, started, with_key

OLD = Path(__file__).parent / "stamps"
"""A stamp whose signer's certificate has expired 20 seconds after it was made."""

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs OpenSSL")
pytestmark = needs_openssl


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return established(tmp_path_factory.mktemp("authority")).parent


@pytest.fixture(scope="module")
def stranger(tmp_path_factory) -> Path:
    return established(tmp_path_factory.mktemp("stranger")).parent


@pytest.fixture
def tsa(folder) -> Iterator[Authority]:
    with authority(folder) as here:
        yield here


def stamping_app(app: Application, tmp_path: Path, tsa: Authority, **more: str) -> Application:
    return with_key(
        app, tmp_path, checkpoint_to=str(tmp_path / "out"), checkpoint_tsa=tsa.setting(), **more
    )


def kept(app: Application, number: int = 1) -> bytes | None:
    with app.database.reading() as tx:
        return stamping.kept(tx, number)


def failures(app: Application) -> list[str | None]:
    with app.database.reading() as tx:
        rows = tx.all(sa.select(dispatches.c.failure).where(dispatches.c.channel == "stamp"), {})
    return [row[0] for row in rows]


def later(app: Application, minutes: int = 1) -> None:
    app.clock.set(app.clock.now() + timedelta(minutes=minutes))


# -- asking --------------------------------------------------------------------------------


def test_a_checkpoint_is_stamped_and_openssl_finds_the_same(any_app, tmp_path, tsa):
    found = stamping_app(any_app, tmp_path, tsa)
    made = checkpoints.make(found)

    assert notices.send_due(found) == 1
    assert notices.send_due(found) == 0

    headers, query = tsa.calls[0]
    assert (headers["Content-Type"], len(tsa.calls)) == ("application/timestamp-query", 1)
    assert hashlib.sha256(made.note.encode()).digest() in query
    beside = tmp_path / "out" / "000001.tsr"
    assert beside.read_bytes() == kept(found)
    said = stamps.check(beside.read_bytes(), made.note, stamping.trusted(found.settings))
    assert (said.by, said.proven) == ("CN=Stamps", True)
    assert abs(said.at - datetime.now(UTC)) < timedelta(minutes=10)
    (tmp_path / "note").write_text(made.note)
    root = str(tsa.folder / "root.pem")
    told = ran(tmp_path, "ts", "-verify", "-data", "note", "-in", str(beside), "-CAfile", root)
    assert told.strip() == "Verification: OK"


def test_the_scheduler_waits_for_no_authority(app, tmp_path, tsa):
    found = stamping_app(app, tmp_path, tsa)

    timers.tick(found)

    with app.database.reading() as tx:
        made = checkpoints.last(tx)
    assert made is not None
    assert (made.number, tsa.calls, kept(found)) == (1, [], None)
    assert notices.send_due(found) == 1


def another(query: bytes) -> bytes:
    """The same request for the stamp of something else."""
    imprint = query.index(b"\x04\x20") + 2
    return query[:imprint] + b"\0" * 32 + query[imprint + 32 :]


def dripping(query: bytes) -> Iterator[bytes]:
    while True:
        time.sleep(0.02)
        yield b"\x30"


WRONG = {
    "rubbish": (lambda _, __: [b"<html>Welcome</html>"], "it is no time-stamp"),
    "nothing": (lambda _, __: [], "it is no time-stamp"),
    "cut short": (lambda good, _: [good[:-9]], "it is no time-stamp"),
    "a rejection": (lambda _, __: [b"\x30\x05\x30\x03\x02\x01\x02"], "the authority refused: rejection"),
    "longer than stamps are": (
        lambda good, _: [good, b"\0" * post.MOST_STAMP],
        "an answer longer than stamps are",
    ),
    "out of order": (lambda _, __: 503, "http 503"),
    "elsewhere": (lambda _, __: 302, "http 302"),
    "never done": (lambda _, query: dripping(query), "no answer in time"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_no_answer_but_a_stamp_is_kept_and_the_authority_is_asked_again(
    app, tmp_path, tsa, monkeypatch, name
):
    monkeypatch.setattr(post, "LONGEST_SECONDS", 0.3 if name == "never done" else 30.0)
    answer, failure = WRONG[name]
    tsa.answers.append(lambda query: answer(replied(tsa.folder, query), query))
    found = stamping_app(app, tmp_path, tsa)
    checkpoints.make(found)

    assert (notices.send_due(found), kept(found), failures(found)) == (0, None, [failure])
    assert not (tmp_path / "out" / "000001.tsr").exists()
    assert notices.send_due(found) == 0
    later(found)
    assert notices.send_due(found) == 1
    assert (len(tsa.calls), kept(found) is None, failures(found)) == (2, False, [None])


def test_a_stamp_of_something_else_or_of_before_or_by_a_stranger_is_not_kept(
    app, tmp_path, tsa, stranger
):
    found = stamping_app(app, tmp_path, tsa)
    checkpoints.make(found)
    before = []

    def remembered(query: bytes) -> list[bytes]:
        before.append(replied(tsa.folder, query))
        return [b""]

    tsa.answers += [
        lambda query: [replied(tsa.folder, another(query))],
        remembered,
        lambda _: before,
        lambda query: [replied(stranger, query)],
    ]
    found_failures = []
    for minutes in (1, 3, 11, 61):
        assert notices.send_due(found) == 0
        found_failures += failures(found)
        later(found, minutes)

    assert found_failures == [
        "it is the time-stamp of something else",
        "it is no time-stamp",
        "it answers another request",
        "nobody who is trusted has made it (its signer: certificate signature failure)",
    ]
    assert kept(found) is None
    assert notices.send_due(found) == 1


def test_an_authority_that_is_away_is_asked_once_and_stamps_all_when_it_is_back(app, tmp_path, tsa):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{closed.getsockname()[1]} {tsa.folder / 'root.pem'}"
        found = stamping_app(app, tmp_path, tsa)
        lost = replace(found, settings=replace(found.settings, checkpoint_tsa=away))
        for _ in range(3):
            checkpoints.make(lost)
        assert notices.send_due(lost) == 0
    assert sorted(failures(found), key=str) == [None, None, "not reachable"]

    later(found)

    assert notices.send_due(found) == 3
    with found.database.reading() as tx:
        assert stamping.numbers(tx) == [1, 2, 3]


def test_a_folder_that_was_away_gets_the_stamp_with_the_next_checkpoint(app, tmp_path, tsa):
    found = stamping_app(app, tmp_path, tsa)
    out = tmp_path / "out"
    out.write_bytes(b"no folder")
    checkpoints.make(found)
    assert notices.send_due(found) == 1
    out.unlink()

    checkpoints.make(found)

    assert sorted(one.name for one in out.iterdir()) == [
        "000001.checkpoint", "000001.tsr", "000002.checkpoint",
    ]  # fmt: skip


def test_name_and_password_of_the_authority_are_sent_and_not_kept(app, tmp_path, tsa):
    found = with_key(app, tmp_path, checkpoint_tsa=tsa.setting("office:geheim%2F@"))
    checkpoints.make(found)

    assert notices.send_due(found) == 1

    told = tsa.calls[0][0]["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(told) == b"office:geheim/"
    with found.database.reading() as tx:
        assert "geheim" not in str(tx.all(sa.select(dispatches), {}))


def test_certificates_that_are_gone_are_said_and_cost_no_stamp(app, tmp_path, tsa):
    file = tmp_path / "root.pem"
    found = with_key(app, tmp_path, checkpoint_tsa=f"http://127.0.0.1:{tsa.port} {file}")
    checkpoints.make(found)

    assert notices.send_due(found) == 0
    assert failures(found)[0].startswith(f"The certificates in {file} cannot be read")
    shutil.copy(tsa.folder / "root.pem", file)
    later(found)
    assert notices.send_due(found) == 1


@pytest.mark.parametrize("value", ["https://tsa", "ftp://tsa a.pem", "a.pem", "http:// a.pem"])
def test_a_setting_that_names_no_authority_is_refused(value):
    with pytest.raises(ValueError, match="CHECKPOINT_TSA names no authority"):
        settings.from_environment({"CHECKPOINT_TSA": value})


def test_the_setting_is_read_and_a_password_goes_over_tls_only():
    def read(text: str) -> str:
        return settings.from_environment({"CHECKPOINT_TSA": text}).checkpoint_tsa

    assert read(" https://a:b@tsa/x   /etc/my ca.pem ") == "https://a:b@tsa/x /etc/my ca.pem"
    assert read(" ") == ""
    with pytest.raises(ValueError, match="sends its password over https:// only"):
        read("http://a:b@tsa.example.org/ ca.pem")


# -- what a stamp says ---------------------------------------------------------------------


def test_a_stamp_outlives_the_certificate_it_was_made_with():
    said = stamps.check(
        (OLD / "000001.tsr").read_bytes(),
        (OLD / "000001.note").read_text(),
        stamps.certificates(OLD / "root.pem"),
    )

    assert said == stamps.Stamp(datetime(2026, 11, 23, 3, 47, 43, tzinfo=UTC), "CN=Stamps", True)


def test_who_may_not_stamp_or_not_yet_or_no_more_proves_nothing(tmp_path, folder):
    note = (OLD / "000001.note").read_text()
    info = token_of(folder, (OLD / "000001.tsr").read_bytes())
    reasons = []
    for name, how in {
        "web": {"usage": None},
        "past": {"days": (-2, -1)},
        "sound": {},
    }.items():
        root = established(tmp_path / name, **how)
        try:
            made = stamps.check(forged(root.parent, info), note, stamps.certificates(root))
            reasons.append(str(made.proven))
        except ValueError as reason:
            reasons.append(str(reason))

    # The last shows that nothing but the certificate was wrong with the others.
    assert reasons == [
        "who has signed it may not make time-stamps",
        "nobody who is trusted has made it (its signer: certificate has expired)",
        "True",
    ]


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_no_changed_byte_gives_another_moment_or_an_error_of_its_own():
    sound = (OLD / "000001.tsr").read_bytes()
    note, known = (OLD / "000001.note").read_text(), stamps.certificates(OLD / "root.pem")
    due = stamps.check(sound, note, known)
    refused = 0
    for place in range(len(sound)):
        changed = bytearray(sound)
        changed[place] ^= 0x15
        try:
            said = stamps.check(bytes(changed), note, known)
        except ValueError:
            refused += 1
        else:
            # Some bytes are signed by nobody: how the parts are called, whom it names beside.
            assert said == due

    assert refused > len(sound) * 0.9


def test_a_file_without_certificates_is_refused(tmp_path):
    (tmp_path / "none.pem").write_bytes(b"nothing")

    for path in (tmp_path / "none.pem", tmp_path / "gone.pem"):
        with pytest.raises(WrongState, match=r"The certificates in .* cannot be read"):
            stamps.certificates(path)


# -- held against the checkpoints -----------------------------------------------------------


def stamped_twice(app: Application, tmp_path: Path, tsa: Authority) -> Application:
    found = stamping_app(app, tmp_path, tsa)
    for _ in range(2):
        started(found)
        checkpoints.make(found)
        assert notices.send_due(found) == 1
    return found


@pytest.fixture
def verify(any_url, monkeypatch, capsys) -> Callable[..., tuple[int, dict]]:
    def run(*words: str) -> tuple[int, dict]:
        monkeypatch.setenv("DATABASE_URL", any_url)
        capsys.readouterr()
        status = cli.run(["verify", *words, "--json"])
        return status, json.loads(capsys.readouterr().out)

    return run


def test_verify_says_the_moment_and_finds_a_stamp_of_another(
    any_app, verify, tmp_path, tsa, stranger
):
    found = stamped_twice(any_app, tmp_path, tsa)
    out, key = tmp_path / "out", str(tmp_path / "key.pem.pub")
    words = ("--all", "--checkpoint", str(out / "000002.checkpoint"), "--key", key)
    root, other = (str(one / "root.pem") for one in (tsa.folder, stranger))

    status, told = verify(*words, "--tsa-certificates", root)
    (said,) = told["stamps"]
    assert (status, told["broken"]) == (0, [])
    assert (said["checkpoint"], said["by"], said["proven"]) == ("2", "CN=Stamps", True)
    status, told = verify(*words)
    assert (status, told["stamps"]) == (0, [{**said, "proven": False}])
    status, told = verify(*words, "--tsa-certificates", other)
    assert status == 1
    assert {one["case"] for one in told["broken"]} == {"checkpoint 1", "checkpoint 2"}
    assert "nobody who is trusted has made it" in told["broken"][0]["reason"]

    shutil.copy(out / "000001.tsr", out / "000002.tsr")
    status, told = verify(*words)
    assert (status, "stamps" in told) == (1, False)
    assert told["broken"] == [
        {
            "case": "checkpoint 2",
            "what": "stamp",
            "reason": "its time-stamp in 000002.tsr proves nothing: "
            "it is the time-stamp of something else",
        }
    ]
    assert kept(found, 1) != kept(found, 2)


def test_a_stamp_that_was_changed_in_the_database_is_found(any_app, tmp_path, tsa):
    found = stamped_twice(any_app, tmp_path, tsa)
    assert verification.rest(found) == []
    first = base64.b64encode(kept(found, 1) or b"").decode()

    def broken(**row: object) -> list[tuple[str, str]]:
        with found.database.writing() as tx:
            tx.run(sa.update(table).where(table.c.checkpoint == 2).values(**row), {})
        return [(one.case, one.reason) for one in verification.rest(found)]

    proves_nothing = "its time-stamp proves nothing: {}"
    assert broken(response=first) == [
        ("checkpoint 2", proves_nothing.format("it is the time-stamp of something else"))
    ]
    assert broken(response="AAAA") == [
        ("checkpoint 2", proves_nothing.format("it is no time-stamp"))
    ]
    assert broken(response="*") == [("checkpoint 2", "its time-stamp cannot be read")]
    assert broken(checkpoint=7, response=first) == [
        ("checkpoint 7", "it is gone; its time-stamp is there")
    ]


def test_certificates_that_are_gone_are_a_finding_and_hide_nothing_else(app, tmp_path, tsa):
    found = stamped_twice(app, tmp_path, tsa)
    gone = f"http://127.0.0.1:{tsa.port} {tmp_path / 'gone.pem'}"
    with found.database.writing() as tx:
        tx.run(sa.delete(table).where(table.c.checkpoint == 1), {})
        tx.run(sa.update(table).values(response="AAAA"), {})
    lost = replace(found, settings=replace(found.settings, checkpoint_tsa=gone))

    assert [(one.case, one.what) for one in verification.rest(lost)] == [
        ("the authority's certificates", "stamp"), ("checkpoint 2", "stamp"),
    ]  # fmt: skip


def test_a_countersignature_leaves_the_stamp_as_it_is(app, tmp_path, tsa):
    found = stamped_twice(app, tmp_path, tsa)
    path = tmp_path / "out" / "000002.checkpoint"
    checkpoints.countersign(path, OTHER)

    paper = papers.read(path, [OTHER.public])
    said = stamps.check(
        (tmp_path / "out" / "000002.tsr").read_bytes(),
        paper.note.write(),
        stamping.trusted(found.settings),
    )

    assert (len(paper.note.signatures), said.proven) == (2, True)


def test_an_archive_carries_the_stamp_of_its_checkpoint(app, tmp_path, tsa, capsys):
    found = stamping_app(app, tmp_path, tsa)
    started(found)
    file = tmp_path / "archive.jsonl"

    assert archive.write(found, file, Selection()) == 1

    known = stamping.trusted(found.settings)
    for trusted in (known, []):
        checked = archive.check(file, [public(found)], authorities=trusted)
        assert (checked.broken, checked.sound) == ([], 1)
        assert checked.stamp is not None
        assert checked.stamp.said.proven == bool(trusted)
    alone = [sys.executable, str(ALONE), str(file), str(tmp_path / "key.pem.pub")]
    assert subprocess.run(alone, capture_output=True, check=False).returncode == 0
    words = ["verify", "--export", str(file), "--key", str(tmp_path / "key.pem.pub")]
    assert cli.run([*words, "--tsa-certificates", str(tsa.folder / "root.pem")]) == 0
    assert ": CN=Stamps." in capsys.readouterr().out


def test_an_archive_with_the_stamp_of_another_checkpoint_says_so(app, tmp_path, tsa):
    found = stamped_twice(app, tmp_path, tsa)
    with found.database.writing() as tx:
        tx.run(sa.update(table).where(table.c.checkpoint == 2).values(checkpoint=3), {})
    file = tmp_path / "archive.jsonl"
    archive.write(found, file, Selection())

    checked = archive.check(file, [public(found)])

    assert [(one.case, one.what) for one in checked.broken] == [("checkpoint 3", "stamp")]
    assert (checked.stamp, checked.sound) == (None, 0)


# -- the command -----------------------------------------------------------------------------


def test_the_command_says_whether_it_was_stamped(sqlite_url, tmp_path, tsa, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("CHECKPOINT_KEY", str(tmp_path / "key.pem"))
    monkeypatch.setenv("CHECKPOINT_TSA", tsa.setting())
    assert cli.run(["checkpoint", "--new-key"]) == 0
    capsys.readouterr()

    assert cli.run(["checkpoint"]) == 0
    assert "by CN=Stamps." in capsys.readouterr().out
    tsa.answers.append(lambda _: 503)
    assert cli.run(["checkpoint", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["number"], told["stamped_at"]) == (2, None)
    assert cli.run(["verify", "--all"]) == 0
    assert "Checkpoint 1 existed at" in capsys.readouterr().out
    one = str(tsa.folder / "root.pem")
    assert cli.run(["verify", "--tsa-certificates", one]) == 2
