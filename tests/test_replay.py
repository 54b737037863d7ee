"""Histories prove themselves: what was changed is found, what was lost is made anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import backtest, identities, replay, store, verification
from engine import definitions as definitions_of
from engine.application import Application, open_application
from engine.clock import ManualClock
from engine.errors import HistoryBroken
from engine.history import canonical, digest, genesis
from engine.settings import Settings
from engine.tables import blobs, cases, definitions, entries, list_versions, metadata, pins, sealed
from tests import rows
from tests.conftest import MONDAY, _count
from tests.population import populate


@pytest.fixture(scope="module")
def sqlite_population(tmp_path_factory, city, sandbox) -> Path:
    path = tmp_path_factory.mktemp("population") / "population.db"
    shutil.copy(city, path)
    populate(f"sqlite:///{path}", sandbox)
    return path


@pytest.fixture(scope="module")
def postgres_population(server, postgres_city, sandbox) -> str:
    populate(server.create("population", postgres_city), sandbox)
    return "population"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def app(request, tmp_path, sandbox) -> Iterator[Application]:
    """The application on a copy of the population, on SQLite and then on PostgreSQL."""
    with ExitStack() as house:
        if request.param == "sqlite":
            shutil.copy(request.getfixturevalue("sqlite_population"), tmp_path / "copy.db")
            url = f"sqlite:///{tmp_path / 'copy.db'}"
        else:
            template = request.getfixturevalue("postgres_population")
            lent = request.getfixturevalue("server").lent(f"copy_{next(_count)}", template)
            url = house.enter_context(lent)
        settings = Settings(database_url=url)
        opened = open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)
        house.callback(opened.database.close)
        yield opened


def change(app: Application, clause: Any) -> None:
    """Change something past the engine, as somebody with access to the database would."""
    with app.database.engine.connect() as connection:
        connection.execute(clause)
        connection.commit()


def ask(app: Application, clause: Any) -> list[Any]:
    with app.database.engine.connect() as connection:
        return [tuple(one) for one in connection.execute(clause)]


def different(app: Application) -> list[tuple[str, int | None]]:
    found = replay.replay(app, replay.case_ids(app))
    return [(one.case, one.position) for one in found if one is not None]


def broken(app: Application) -> list[tuple[str, int | None, str]]:
    found = [*replay.verify_cases(app, replay.case_ids(app)), *replay.verify_rest(app)]
    return [(one.case, one.position, one.what) for one in found if one is not None]


def a_long_case(app: Application) -> str:
    """The case with the most entries."""
    count = sa.func.count().label("n")
    clause = (
        sa.select(entries.c.stream)
        .where(entries.c.stream.in_(sa.select(cases.c.id)))
        .group_by(entries.c.stream)
        .order_by(count.desc(), entries.c.stream)
        .limit(1)
    )
    return str(ask(app, clause)[0][0])


def at(case_id: str, position: int) -> Any:
    return sa.and_(entries.c.stream == case_id, entries.c.position == position)


def history(app: Application, case_id: str) -> list[dict[str, Any]]:
    with app.database.reading() as tx:
        return [one.document() for one in store.read_entries(tx, case_id)]


def rewrite(
    app: Application,
    case_id: str,
    documents: list[dict[str, Any]],
    bodies: list[bytes] | None = None,
) -> None:
    """Write a whole history anew, with digests and head that fit."""
    previous = genesis(case_id)
    written = bodies or [canonical(document) for document in documents]
    for document, body in zip(documents, written, strict=True):
        previous = digest(previous, body)
        where = at(case_id, document["position"])
        change(app, sa.update(entries).where(where).values(body=body, digest=previous))
    change(app, sa.update(cases).where(cases.c.id == case_id).values(head=previous))


# -- identical ---------------------------------------------------------------------------


def test_a_bit_of_everything_has_happened(app):
    # Otherwise nothing would be tried below.
    found = rows.everything(app)

    # What is left belongs to people or to checkpoints, not to cases.
    assert [name for name, one in found.items() if not one] == [
        "accesses", "attempts", "bookmarks", "checkpoints", "contacts", "dispatches", "drafts",
            "leaves",
        "offers", "saved_views", "sealed_index", "stamps", "standings", "subtrees", "tokens", "unsent",
    ]  # fmt: skip
    assert {one["state"] for one in found["cases"]} == {
        "open", "completed", "cancelled", "suspended", "incident",
    }  # fmt: skip
    assert {one["erased_at"] is None for one in found["sealed"]} == {True, False}


def test_every_case_replays_and_verifies_and_nothing_is_written(app):
    before = rows.everything(app)

    assert (different(app), broken(app)) == ([], [])

    assert rows.everything(app) == before


def test_every_case_is_identical_when_its_own_diagram_is_back_tested(app):
    by, found = identities.operator(), {}
    for process in ("whistle_report", "odd"):
        with app.database.reading() as tx:
            deployed = definitions_of.version(tx, process)
            files = {
                one["filename"]: store.get_blob(tx, one["sha256"])
                for one in deployed.files
                if one["kind"] == "bpmn"
            }
        report = backtest.run(app, by, process, files, backtest.Plan())
        counts = {name: one["count"] for name, one in report["classes"].items()}
        assert counts.pop("identical") == report["cases"], report["classes"]
        assert set(counts.values()) == {0}
        found[process] = report["cases"]

    assert found == {"whistle_report": 5, "odd": 1}


def test_a_rebuild_changes_no_row(app):
    before = rows.everything(app)

    assert list(replay.rebuild(app, replay.case_ids(app))) == replay.case_ids(app)

    assert rows.everything(app) == before


def test_a_rebuild_refills_whatever_was_lost(app):
    before = rows.everything(app)
    for name in rows.DERIVED:
        if name != "cases":
            change(app, sa.delete(metadata.tables[name]))
    change(
        app,
        sa.update(cases).values(
            state="lost", end_state="merged", unit="nowhere", lists="[]", ended_at=MONDAY,
            business_key="lost", control=b"{}", data=b"{}", semantics=99, at=MONDAY,
        ),
    )  # fmt: skip

    list(replay.rebuild(app, replay.case_ids(app)))

    assert rows.everything(app) == before


def test_a_broken_history_is_not_built_upon(app):
    case_id = a_long_case(app)
    change(app, sa.update(entries).where(at(case_id, 2)).values(body=b"{}"))
    before = rows.everything(app)

    with pytest.raises(HistoryBroken) as refusal:
        list(replay.rebuild(app, [case_id]))

    assert (refusal.value.stream, refusal.value.position) == (case_id, 2)
    assert rows.everything(app) == before


# -- changed entries -------------------------------------------------------------------------


def another_body(app: Application, case_id: str, position: int) -> bytes:
    document = history(app, case_id)[position - 1]
    return canonical({**document, "actor": "somebody"})


def swap(app: Application, case_id: str) -> None:
    for old, new in ((2, 1000), (3, 2), (1000, 3)):
        change(app, sa.update(entries).where(at(case_id, old)).values(position=new))


CHAINS: dict[str, tuple[Callable[[Application, str], None], int | None]] = {
    "an entry was changed": (
        lambda app, one: change(
            app,
            sa.update(entries).where(at(one, 2)).values(body=another_body(app, one, 2)),
        ),
        2,
    ),
    "an entry was changed with its digest": (
        lambda app, one: change(
            app,
            sa.update(entries)
            .where(at(one, 2))
            .values(
                body=another_body(app, one, 2),
                digest=digest(
                    ask(app, sa.select(entries.c.digest).where(at(one, 1)))[0][0],
                    another_body(app, one, 2),
                ),
            ),
        ),
        3,
    ),
    "a digest was changed": (
        lambda app, one: change(app, sa.update(entries).where(at(one, 2)).values(digest="0" * 64)),
        2,
    ),
    "an entry was taken out": (
        lambda app, one: change(app, sa.delete(entries).where(at(one, 2))),
        2,
    ),
    "the first entry was taken out": (
        lambda app, one: change(app, sa.delete(entries).where(at(one, 1))),
        1,
    ),
    "the end was cut off": (
        lambda app, one: change(
            app, sa.delete(entries).where(entries.c.stream == one, entries.c.position > 3)
        ),
        4,
    ),
    "two entries were swapped": (swap, 2),
    "the head was changed": (
        lambda app, one: change(
            app, sa.update(cases).where(cases.c.id == one).values(head="0" * 64)
        ),
        None,
    ),
    "the history of another case was put there": (
        lambda app, one: change(app, sa.update(cases).where(cases.c.id == one).values(id="x")),
        1,
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_broken_chain_is_found_at_its_position(app, name):
    tamper, where = CHAINS[name]
    case_id = a_long_case(app)
    position = where or len(history(app, case_id)) + 1

    tamper(app, case_id)

    changed = "x" if "another case" in name else case_id
    found = [one for one in broken(app) if one[2] != "case"]
    assert found == [(changed, position, "entry")]
    assert different(app) == [(changed, position)]


@pytest.mark.parametrize(
    ("column", "value"), [("at", MONDAY), ("actor", "somebody"), ("type", "claim_task")]
)
def test_a_column_beside_the_bytes_is_compared(app, column, value):
    case_id = a_long_case(app)

    change(app, sa.update(entries).where(at(case_id, 1)).values({column: value}))

    assert broken(app) == [(case_id, 1, "column")]


def test_a_case_that_claims_more_entries_than_it_has_is_found(app):
    case_id = a_long_case(app)
    last = len(history(app, case_id))

    change(app, sa.update(cases).where(cases.c.id == case_id).values(position=last + 1))

    assert broken(app) == [(case_id, last, "entry")]


def test_events_that_do_not_follow_are_found_by_replay_alone(app):
    # Somebody who can rewrite entries, digests and head passes verify; exported heads show it.
    case_id = a_long_case(app)
    documents = history(app, case_id)
    opened = next(
        event
        for document in documents
        for event in document["events"]
        if event["type"] == "task_opened"
    )
    opened["name"] = "something else"

    rewrite(app, case_id, documents)

    assert broken(app) == []
    assert [case for case, _ in different(app)] == [case_id]


def test_a_difference_says_which_event_it_is_and_what_of_it_is_another():
    opened = {"type": "task_opened", "element": "accept", "name": "受理", "due_at": "9", "nth": 1}
    left = {"type": "element_left", "element": "accept"}
    once = {name: opened[name] for name in ("type", "element", "name", "nth")}

    found = [
        replay.first_difference([left, opened], [left, {**once, "name": "登记"}]),
        replay.first_difference([left], [{"element": "begun"}]),
        replay.first_difference(["?"], [left]),
        replay.first_difference([left, opened], [left]),
    ]

    assert found == [
        (
            'event 2, task_opened of accept: due_at was "9" and is now missing; name was "受理" and '
            'is now "登记"'
        ),
        'event 1 was {"element":"accept","type":"element_left"} and is now {"element":"begun"}',
        'event 1 was "?" and is now {"element":"accept","type":"element_left"}',
        "2 events were recorded and 1 follow now",
    ]


def test_an_outcome_of_a_script_that_was_changed_is_found_by_replay(app):
    case_id = a_long_case(app)
    documents = history(app, case_id)
    document = next(one for one in documents if one["evaluations"])
    document["evaluations"].pop()

    rewrite(app, case_id, documents)

    assert different(app) == [(case_id, document["position"])]


LOOK_ALIKES = [
    {"evaluations": [], "x": {"type": "claim_task"}},
    {"x": [{"a": 1, "evaluations": [{"type": "claim_task"}]}, {"type": "claim_task"}]},
    {"x": '"},"evaluations":[],"events":[],"position":1,"versions":{}'},
    {"a": {"events": [], "position": 1, "versions": {}}, "evaluations": {"events": []}},
]


@pytest.mark.parametrize("data", LOOK_ALIKES)
def test_data_that_look_like_parts_of_an_entry_hide_no_changed_column(app, data):
    case_id = a_long_case(app)
    documents = history(app, case_id)
    for document in documents:
        document["command"].setdefault("data", {}).update(data)
    rewrite(app, case_id, documents)
    assert broken(app) == []

    where = sa.and_(entries.c.stream == case_id, entries.c.position == len(documents))
    for column, value in {"type": "claim_task", "actor": "x", "at": MONDAY}.items():
        (was,) = ask(app, sa.select(entries.c[column]).where(where))
        change(app, sa.update(entries).where(where).values({column: value}))
        assert broken(app) == [(case_id, len(documents), "column")]
        change(app, sa.update(entries).where(where).values({column: was[0]}))
    assert broken(app) == []


NO_ENTRIES = {
    "no JSON": (lambda _: b"not JSON", "its bytes are no entry"),
    "nothing": (lambda _: b"{}", "its bytes are no entry"),
    "a list": (lambda _: b"[]", "its bytes are no entry"),
    "no command": (lambda one: canonical({**one, "command": None}), "its bytes are no entry"),
    "another command": (
        lambda one: canonical({**one, "command": {"type": "paint_task"}}),
        "its bytes are no entry",
    ),
    "no moment": (lambda one: canonical({**one, "at": "yesterday"}), "its bytes are no entry"),
    "no versions": (lambda one: canonical({**one, "versions": {}}), "its bytes are no entry"),
    "an element that is no name": (
        lambda one: canonical({**one, "command": {**one["command"], "task": [1]}}),
        "its command cannot be applied",
    ),
    "keys in another order": (
        lambda one: json.dumps(dict(reversed(one.items())), separators=(",", ":")).encode(),
        "",
    ),
}  # fmt: skip


def test_what_was_never_an_entry_is_named_where_its_digests_fit(app):
    # Nothing stops there: the next case is looked at all the same.
    case_id, ids = a_long_case(app), list(replay.case_ids(app))
    documents = history(app, case_id)
    bodies = [canonical(one) for one in documents]
    number = next(n for n, one in enumerate(documents) if one["command"]["type"] == "complete_task")
    found, reasons = {}, {}

    for name, (written, _) in NO_ENTRIES.items():
        body = written(documents[number])
        rewrite(app, case_id, documents, [*bodies[:number], body, *bodies[number + 1 :]])
        replayed = [one for one in replay.replay(app, ids) if one is not None]
        judged = [one for some in verification.cases(app, ids) for one in some]
        found[name] = [[(one.case, one.position) for one in some] for some in (replayed, judged)]
        reasons[name] = replayed[0].reason

    assert found == {name: [[(case_id, number + 1)]] * 2 for name in NO_ENTRIES}
    for name, (_, told) in NO_ENTRIES.items():
        assert told in reasons[name], name


# -- what lies beside the histories -------------------------------------------------------------


def a_sealed_value(app: Application) -> tuple[str, str]:
    clause = sa.select(sealed.c.case_id, sealed.c.id).where(sealed.c.value.is_not(None))
    return tuple(ask(app, clause.order_by(sealed.c.case_id, sealed.c.id).limit(1))[0])


@pytest.mark.parametrize(
    "tamper",
    [
        lambda where: sa.update(sealed).where(where).values(value=b'"another"'),
        lambda where: sa.update(sealed).where(where).values(salt=b"another"),
        lambda where: sa.delete(sealed).where(where),
        lambda where: sa.update(sealed).where(where).values(value=None, salt=None),
    ],
    ids=["value", "salt", "gone", "emptied"],
)
def test_a_sealed_value_that_is_not_the_one_entered_is_found(app, tamper):
    case_id, one = a_sealed_value(app)

    change(app, tamper(sa.and_(sealed.c.case_id == case_id, sealed.c.id == one)))

    assert [(case, what) for case, _, what in broken(app)] == [(case_id, "sealed value")]


def a_file(app: Application) -> str:
    """The hash of a diagram that cases run on."""
    found = ask(app, sa.select(definitions.c.files).where(definitions.c.process == "five_steps"))
    return str(json.loads(found[0][0])[0]["sha256"])


def test_a_file_that_was_changed_is_found(app):
    sha256 = a_file(app)

    change(app, sa.update(blobs).where(blobs.c.sha256 == sha256).values(content=b"<x/>"))

    assert broken(app) == [(sha256, None, "file")]


def test_a_file_that_is_gone_is_found_by_both(app):
    sha256 = a_file(app)
    process_of_case = sa.select(cases.c.id).where(cases.c.process == "five_steps")
    runs = sorted(one[0] for one in ask(app, process_of_case))

    change(app, sa.delete(blobs).where(blobs.c.sha256 == sha256))

    assert broken(app) == [("five_steps version 1", None, "definition")]
    assert sorted(different(app)) == [(one, 1) for one in runs]


def test_a_list_whose_file_is_gone_is_found(app):
    name, content = ask(app, sa.select(list_versions.c.name, list_versions.c.content))[0]

    change(app, sa.delete(blobs).where(blobs.c.sha256 == content))

    assert [(case.split()[0], what) for case, _, what in broken(app)] == [(name, "list")]


def test_a_version_that_names_other_files_than_were_deployed_is_found(app):
    clause = sa.update(definitions).where(definitions.c.process == "five_steps")

    change(app, clause.values(sha256="0" * 64))

    assert broken(app) == [("five_steps version 1", None, "definition")]


def test_pins_that_were_changed_are_found(app):
    found = ask(app, sa.select(pins.c.digest, pins.c.versions).order_by(pins.c.digest))[0]

    change(
        app,
        sa.update(pins)
        .where(pins.c.digest == found[0])
        .values(versions=found[1].replace('"version":1', '"version":2')),
    )

    assert broken(app) == [(found[0], None, "pins")]


def test_a_case_without_its_row_is_found(app):
    case_id = a_long_case(app)

    change(app, sa.delete(cases).where(cases.c.id == case_id))

    assert broken(app) == [(case_id, None, "case")]


@pytest.mark.parametrize("stream", ["@deployments", "@identities", "@lists", "@erasures"])
def test_an_act_of_an_administrator_that_was_changed_is_found(app, stream):
    document = history(app, stream)[0]
    body = canonical({**document, "actor": "somebody"})

    change(app, sa.update(entries).where(at(stream, 1)).values(body=body))

    assert broken(app) == [(stream, 1, "entry")]
