"""Checkpoints: what they cover, who signs them, where they go."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from engine import (
    cases,
    checkpoints,
    cli,
    dispatches,
    identities,
    merkle,
    notices,
    timers,
    verification,
)
from engine.application import Application
from engine.checkpoints import keys, log, papers
from engine.commands import CompleteTask
from engine.errors import InvalidRequest, WrongState
from engine.notary import Head, Note, Private, Public
from engine.tables import leaves, subtrees
from tests.mailbox import hook, mailbox

KEY = Private(bytes(range(32)))
OTHER = Private(b"o" * 32)


def with_key(app: Application, folder: Path, **settings: str) -> Application:
    """The same installation with a key in ``folder``."""
    path = folder / "key.pem"
    found = replace(app, settings=replace(app.settings, checkpoint_key=str(path), **settings))
    if not path.exists():
        checkpoints.renew_key(found)
    return found


def started(app: Application) -> str:
    actor = identities.actor(app, "street_dispatcher")
    return str(cases.start(app, actor, process="five_steps", data={}).case_id)


def accepted(app: Application, case_id: str) -> None:
    actor = identities.actor(app, "street_dispatcher")
    cases.handle(app, actor, case_id, CompleteTask("five_steps.accept.1", "accept"))


def logged(app: Application) -> list[log.Leaf]:
    with app.database.reading() as tx:
        return [log.Leaf.read(body) for _, body in log.bodies(tx, 0, log.size_of(tx))]


def public(app: Application) -> Public:
    return keys.own(app.settings).public


# -- keys and notes -----------------------------------------------------------------------


def test_a_note_says_what_it_signs_and_is_read_as_it_was_written():
    head = Head("bihuan/x", 3, b"\1" * 32, (("number", "1"), ("at", "2026-09-14T01:00:00Z")))
    note = Note(head.text(), ()).signed(KEY, "bihuan/x").signed(OTHER, "witness")

    assert note.text.splitlines()[:2] == ["bihuan/x", "3"]
    assert Note.read(note.write()) == note
    assert note.head() == head
    assert head.fact("number") == "1"


def test_only_who_has_signed_is_a_signer_and_no_letter_may_change():
    note = Note(Head("bihuan/x", 3, b"\1" * 32).text(), ()).signed(KEY, "bihuan/x")

    assert note.signer([OTHER.public, KEY.public]) == KEY.public
    assert note.signer([OTHER.public]) is None
    assert Note(note.text.replace("3", "4"), note.signatures).signer([KEY.public]) is None
    renamed = Note(note.text, (("another", note.signatures[0][1]),))
    assert renamed.signer([KEY.public]) is None


@pytest.mark.parametrize(
    "text",
    ["", "bihuan\n3\nAAAA\n", "bihuan\n3\nAAAA\n\nno signature\n", "bihuan\n3\nAAAA\n\n— a *\n"],
)
def test_what_is_no_note_is_refused(text):
    with pytest.raises(ValueError, match="signature"):
        Note.read(text)


@pytest.mark.parametrize(
    "text", ["bihuan\n", "bihuan\nx\nAAAA\n", "bihuan\n3\n*\n", "bihuan\n03\nAAAA\n"]
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(ValueError, match=r"^(it is|its root)"):
        Note(text, ()).head()


def test_the_key_is_a_file_that_its_owner_alone_reads(app, tmp_path):
    found = with_key(app, tmp_path)

    path = tmp_path / "key.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Public.read((tmp_path / "key.pem.pub").read_bytes()) == public(found)
    path.chmod(0o640)
    with pytest.raises(WrongState, match="Others than its owner"):
        checkpoints.make(found)


def test_without_a_key_it_is_said_what_to_do(app, tmp_path):
    with pytest.raises(WrongState, match="No key for checkpoints"):
        checkpoints.make(app)
    named = replace(app, settings=replace(app.settings, checkpoint_key=str(tmp_path / "none")))
    with pytest.raises(WrongState, match="There is no key"):
        checkpoints.make(named)
    (tmp_path / "none").write_bytes(b"no key")
    (tmp_path / "none").chmod(0o600)
    with pytest.raises(WrongState, match="cannot be read"):
        checkpoints.make(named)


def test_another_program_checks_a_signature_too(app, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("OpenSSL is not installed")
    note = Note.read(checkpoints.make(with_key(app, tmp_path)).note)
    (tmp_path / "text").write_bytes(note.text.encode())
    (tmp_path / "signature").write_bytes(note.signatures[0][1][4:])

    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem.pub", "-rawin",
         "-in", "text", "-sigfile", "signature"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


def test_what_is_no_key_of_ours_is_refused():
    none = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
    locked = Ed25519PrivateKey.from_private_bytes(KEY.seed).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    other = X25519PrivateKey.from_private_bytes(KEY.seed)
    private = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    for pem in (b"", none, locked, private, public):
        with pytest.raises(ValueError, match="it holds no Ed25519 key without a password"):
            Public.read(pem)


# -- the log -----------------------------------------------------------------------------


def test_the_log_names_every_history_definition_and_list_once(any_app, tmp_path):
    found = with_key(any_app, tmp_path)
    case_id = started(found)

    checkpoints.make(found)

    kinds = [one.kind for one in logged(found)]
    mine = [one for one in logged(found) if one.kind == "case"]
    assert [(one.name, one.position) for one in mine] == [(case_id, 1)]
    assert {one.name for one in logged(found) if one.kind == "stream"} == {
        "@deployments", "@identities", "@lists",
    }  # fmt: skip
    assert [one.name for one in logged(found) if one.kind == "definition"] == ["five_steps 1"]
    assert any(one.name.startswith("calendar ") for one in logged(found) if one.kind == "list")
    assert set(kinds) == {"case", "stream", "definition", "list"}


def test_the_log_grows_by_what_has_changed_and_by_nothing_else(any_app, tmp_path):
    found = with_key(any_app, tmp_path)
    case_id = started(found)
    first = checkpoints.make(found)
    other = started(found)
    accepted(found, case_id)

    second = checkpoints.make(found)
    third = checkpoints.make(found)

    new = logged(found)[first.size :]
    assert sorted((one.kind, one.name, one.position) for one in new) == sorted(
        [("case", case_id, 2), ("case", other, 1)]
    )
    assert (third.size, third.root, third.number) == (second.size, second.root, 3)


def test_each_checkpoint_continues_the_one_before_it(any_app, tmp_path):
    found = with_key(any_app, tmp_path)
    made = []
    for _ in range(3):
        started(found)
        made.append(checkpoints.make(found))

    hashed = [merkle.leaf(one.body()) for one in logged(found)]
    edge = merkle.Edge()
    for one in hashed:
        edge.add(one)
    assert edge.root().hex() == made[-1].root
    with found.database.reading() as tx:
        node = log.node_of(tx)
        for old, new in pairwise(made):
            proof = merkle.consistency(old.size, new.size, node)
            roots = bytes.fromhex(old.root), bytes.fromhex(new.root)
            assert merkle.continues(old.size, roots[0], new.size, roots[1], proof)
        proof = merkle.inclusion(4, made[-1].size, node)
    root = bytes.fromhex(made[-1].root)
    assert merkle.leads(hashed[4], 4, made[-1].size, proof, root)


def test_more_leaves_than_are_read_at_a_time_are_all_logged(app, tmp_path, monkeypatch):
    monkeypatch.setattr(log, "CHUNK", 2)
    monkeypatch.setitem(log._UNLOGGED, "case", log._unlogged(log.cases, "case"))
    found = with_key(app, tmp_path)
    ids = [started(found) for _ in range(5)]

    made = checkpoints.make(found)

    assert sorted(one.name for one in logged(found) if one.kind == "case") == sorted(ids)
    assert len(logged(found)) == made.size


def test_nothing_is_signed_over_a_log_that_was_changed(any_app, tmp_path):
    found = with_key(any_app, tmp_path)
    checkpoints.make(found)
    with any_app.database.engine.connect() as connection:
        connection.execute(sa.update(subtrees).where(subtrees.c.level > 0).values(hash="00" * 32))
        connection.commit()

    with pytest.raises(WrongState, match="no longer leads to checkpoint 1"):
        checkpoints.make(found)


# -- another key ----------------------------------------------------------------------------


def test_a_new_key_is_vouched_for_and_both_sign_the_turn(any_app, tmp_path):
    found = with_key(any_app, tmp_path)
    old = public(found)
    checkpoints.make(found)

    new, turn = checkpoints.renew_key(found)

    assert turn is not None
    note = Note.read(turn.note)
    assert (note.signer([old]), note.signer([new])) == (old, new)
    assert keys.own(found.settings).public == new
    assert keys.read(tmp_path / f"key.pem.{old.name}").public == old
    assert keys.read_public(tmp_path / f"key.pem.{old.name}.pub") == old
    assert note.head().origin == Note.read(checkpoints.make(found).note).head().origin


def test_whoever_trusts_the_first_key_trusts_the_last_one(app, tmp_path):
    found = with_key(app, tmp_path / "a", checkpoint_to=str(tmp_path / "out"))
    first = public(found)
    for _ in range(2):
        checkpoints.renew_key(found)
    made = checkpoints.make(found)

    paper = papers.read(papers.place(tmp_path / "out", made.number), [first])

    assert paper.by == public(found) != first
    with pytest.raises(InvalidRequest, match="none of the keys has signed it"):
        papers.read(paper.path, [OTHER.public])


def test_a_change_of_keys_that_was_cut_short_is_finished_by_the_next(app, tmp_path):
    found = with_key(app, tmp_path)
    waiting = keys.coming(tmp_path / "key.pem", b"x" * 32)

    new, _ = checkpoints.renew_key(found)

    assert new == waiting.public == keys.own(found.settings).public
    assert not (tmp_path / "key.pem.new").exists()


def test_a_key_that_was_lost_is_followed_by_one_that_nobody_vouches_for(
    app, sqlite_url, tmp_path, monkeypatch, capsys
):
    found = with_key(app, tmp_path)
    first = public(found)
    checkpoints.make(found)
    (tmp_path / "key.pem").unlink()
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("CHECKPOINT_KEY", str(tmp_path / "key.pem"))

    assert cli.run(["checkpoint", "--new-key"]) == 0
    assert "whoever checks needs both public keys" in capsys.readouterr().out
    second = public(found)
    checkpoints.make(found)

    assert verification.rest(found, trusted=[first, second]) == []
    told = [(one.case, one.reason) for one in verification.rest(found, trusted=[second])]
    assert told == [("checkpoint 1", "none of the keys has signed it")]


def test_a_key_that_others_may_read_is_told_when_signing_and_not_when_checking(app, tmp_path):
    found = with_key(app, tmp_path)
    checkpoints.make(found)
    (tmp_path / "key.pem").chmod(0o644)

    assert verification.rest(found) == []
    (tmp_path / "key.pem").write_text("Dear office", "utf-8")
    (told,) = verification.rest(found)
    assert (told.case, told.what) == ("the installation's key", "key")
    assert "cannot be read" in told.reason


# -- where they go ---------------------------------------------------------------------------


def test_a_file_proves_the_leaves_in_it(any_app, tmp_path):
    out = tmp_path / "out"
    found = with_key(any_app, tmp_path, checkpoint_to=str(out))
    first = checkpoints.make(found)
    case_id = started(found)
    second = checkpoints.make(found)

    read = [papers.read(out / f"00000{one}.checkpoint", [public(found)]) for one in (1, 2)]

    assert [one.first for one in read] == [0, first.size]
    assert [(n, leaf.name) for n, leaf in read[1].leaves()] == [(first.size, case_id)]
    assert read[1].head.root.hex() == second.root
    assert len(list(read[0].leaves())) == first.size


def test_a_folder_that_was_away_gets_what_it_missed(app, tmp_path):
    out = tmp_path / "out"
    found = with_key(app, tmp_path)
    checkpoints.make(found)
    checkpoints.make(found)
    out.write_bytes(b"no folder")
    kept = with_key(found, tmp_path, checkpoint_to=str(out))
    checkpoints.make(kept)
    out.unlink()

    checkpoints.make(kept)

    assert sorted(one.name for one in out.iterdir()) == [
        f"00000{number}.checkpoint" for number in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize("line", [0, 1, -1])
def test_a_file_that_was_changed_proves_nothing(app, tmp_path, line):
    out = tmp_path / "out"
    found = with_key(app, tmp_path, checkpoint_to=str(out))
    checkpoints.make(found)
    path = out / "000001.checkpoint"
    lines = path.read_bytes().splitlines()
    changed = orjson.loads(lines[line])
    changed["first" if line == 0 else "digest"] = 1 if line == 0 else "0" * 64
    lines[line] = orjson.dumps(changed)
    path.write_bytes(b"\n".join(lines) + b"\n")

    with pytest.raises(InvalidRequest, match="proves nothing"):
        papers.read(path, [public(found)])


def test_what_is_no_checkpoint_is_said_to_be_none(tmp_path):
    for content in (b"", b"{}\n", b"[1]\n", b'{"format":"bihuan checkpoint 1"}\n', b"\xff"):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(InvalidRequest, match="proves nothing"):
            papers.read(tmp_path / "x", [KEY.public])
        with pytest.raises(InvalidRequest, match="is no checkpoint"):
            checkpoints.countersign(tmp_path / "x", KEY)
    with pytest.raises(InvalidRequest, match="proves nothing"):
        papers.read(tmp_path / "gone", [KEY.public])


def test_somebody_else_signs_beside_us(app, tmp_path):
    out = tmp_path / "out"
    found = with_key(app, tmp_path, checkpoint_to=str(out))
    checkpoints.make(found)
    path = out / "000001.checkpoint"

    checkpoints.countersign(path, OTHER)

    assert papers.read(path, [OTHER.public]).by == OTHER.public
    assert papers.read(path, [public(found)]).by == public(found)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(InvalidRequest, match="other leaves"):
        checkpoints.countersign(path, OTHER)


def test_a_checkpoint_goes_out_by_mail_and_webhook_and_says_no_secret(app, tmp_path):
    with mailbox() as box, hook() as other:
        to = f"mailto:auditor@example.org {other.url('geheim')}"
        found = with_key(app, tmp_path, checkpoint_to=to, smtp_url=box.url())
        made = checkpoints.make(found)
        with app.database.reading() as tx:
            kept = dispatches.due(tx, "checkpoint", app.clock.now(), 9)
        other.statuses.append(503)

        assert notices.send_due(found) == 1
        found.clock.set(found.clock.now() + timedelta(minutes=1))
        assert (notices.send_due(found), notices.send_due(found)) == (1, 0)

    assert len(kept) == 2
    assert "geheim" not in str(kept)
    (to, letter), (_, headers, body) = box.mails[0], other.calls[-1]
    assert (to, len(box.mails), len(other.calls)) == ("auditor@example.org", 1, 2)
    assert made.note.strip() in letter.get_content().replace("\r\n", "\n")
    assert json.loads(body)["note"] == made.note
    assert headers["Bihuan-Signature"].startswith("t=")


def test_a_receiver_that_is_named_no_more_gets_nothing(app, tmp_path):
    found = with_key(app, tmp_path, checkpoint_to="mailto:auditor@example.org")
    checkpoints.make(found)
    elsewhere = with_key(found, tmp_path, checkpoint_to="mailto:another@example.org")

    assert notices.send_due(elsewhere) == 0
    assert notices.send_due(found) == 0


# -- once a day ------------------------------------------------------------------------------


def test_the_scheduler_makes_one_a_day_where_there_is_a_key(app, tmp_path):
    def numbers(of: Application) -> list[int]:
        with of.database.reading() as tx:
            return [one.number for one in checkpoints.everyone(tx)]

    timers.tick(app)
    assert numbers(app) == []
    found = with_key(app, tmp_path)
    for _ in range(2):
        timers.tick(found)
    assert numbers(found) == [1]
    found.clock.set(found.clock.now() + timedelta(days=1))
    timers.tick(found)
    assert numbers(found) == [1, 2]


def test_a_key_that_cannot_be_read_holds_no_timer(app, tmp_path):
    found = with_key(app, tmp_path)
    (tmp_path / "key.pem").chmod(0o644)

    assert checkpoints.daily(found) is None
    assert timers.tick(found) == 0


# -- the command ----------------------------------------------------------------------------


def test_the_command_makes_keys_and_checkpoints_and_countersigns(
    sqlite_url, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("CHECKPOINT_KEY", str(tmp_path / "k" / "key.pem"))
    monkeypatch.setenv("CHECKPOINT_TO", str(tmp_path / "out"))
    (tmp_path / "auditor.pem").write_bytes(OTHER.pem())
    (tmp_path / "auditor.pem").chmod(0o600)

    def bihuan(*words: str) -> tuple[int, dict]:
        status = cli.run(["checkpoint", *words, "--json"])
        return status, json.loads(capsys.readouterr().out)

    status, told = bihuan("--new-key")
    assert (status, told["checkpoint"]) == (0, None)
    status, told = bihuan()
    assert (status, told["number"]) == (0, 1)
    file = tmp_path / "out" / "000001.checkpoint"
    status, told = bihuan("--countersign", str(file), "--key", str(tmp_path / "auditor.pem"))
    assert (status, told["key"]) == (0, OTHER.public.text)
    assert papers.read(file, [OTHER.public]).by == OTHER.public
    assert cli.run(["checkpoint", "--countersign", str(file)]) == 2
    monkeypatch.setenv("CHECKPOINT_TO", "ftp://somewhere")
    assert cli.run(["checkpoint"]) == 2


def test_leaves_are_only_ever_added(any_app, tmp_path):
    found = with_key(any_app, tmp_path)
    started(found)
    checkpoints.make(found)
    before = logged(found)
    started(found)
    checkpoints.make(found)

    assert logged(found)[: len(before)] == before
    with any_app.database.engine.connect() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(leaves)).scalar()
    assert count == len(logged(found))
