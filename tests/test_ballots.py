"""A vote stays secret: nobody reads a choice, totals are all that is told, then it is gone."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api import create_app
from engine import (
    ballots,
    cases,
    deployments,
    erasure,
    identities,
    replay,
    store,
    timers,
    topics,
    unsent,
)
from engine import views as seen
from engine.access import Reading, withhold
from engine.application import open_application
from engine.clock import SteppingClock
from engine.commands import CancelCase, ClaimTask, CompleteTask
from engine.demo.city import PASSWORD
from engine.errors import InvalidData
from engine.forms import read
from engine.history import canonical
from engine.sealing import Sealer, commitment
from engine.settings import Settings
from engine.tables import idempotency, sealed
from engine.unsent import Desk
from tests.callers import callers
from tests.conftest import MONDAY

FOLDER = Path(__file__).parent / "processes"
ALSO = "不进合计的人选丁"
VOTERS = [
    {"id": "RY070", "key": "1-101", "area": "89.5"},
    {"id": "RY071", "key": "1-102", "area": "120"},
    {"id": "RY072", "key": "1-102", "area": "120"},
    {"id": "RY068", "key": "1-103", "area": "60.25"},
    {"id": "RY067", "key": "1-104", "area": "75"},
]
CHOICES = {"RY070": "甲", "RY071": "甲", "RY072": "乙", "RY068": ALSO}
"""The fifth does not vote; 1-102 votes twice; 1-103 voted on paper too."""


def begin(app):
    files = {one.name: one.read_bytes() for one in FOLDER.glob("ballots*")}
    deployments.deploy(app, identities.operator(), files)
    by = identities.actor(app, "community_secretary")
    data = {"voters": VOTERS, "on_paper": ["1-103"]}
    return cases.start(app, by, process="ballots", data=data).case_id


def vote(app, case_id):
    for number, voter in enumerate(VOTERS, start=1):
        if voter["id"] in CHOICES:
            data = {"ballot": CHOICES[voter["id"]], "read_text": True}
            by, task = identities.actor(app, voter["id"]), f"ballots.vote.{number}"
            cases.handle(app, by, case_id, ClaimTask(task=task))
            cases.handle(app, by, case_id, CompleteTask(task=task, outcome=None, data=data))


def later(app, **much):
    timers.advance(app, to=app.clock.now() + timedelta(**much))


def data_of(app, case_id):
    return seen.case(app, identities.actor(app, "admin"), case_id)["data"]


READERS = (
    "admin",
    "auditor",
    "privacy_officer",
    "district_inspector",
    "community_secretary",
    "RY070",
)


def everything(app, case_id):
    """All that anybody can get of a case, as one text."""
    found = []
    for name in READERS:
        by = identities.actor(app, name)
        entries = seen.history(app, by, case_id)
        found += [seen.case(app, by, case_id), entries, seen.inbox_page(app, by, view="done")]
        found += [seen.state_at(app, by, case_id, one["position"]) for one in entries]
        found += [seen.task(app, by, case_id, f"ballots.vote.{one}") for one in range(1, 6)]
    return json.dumps(found, ensure_ascii=False)


def test_a_ballot_is_read_by_nobody_and_told_as_totals_alone(any_app):
    case_id = begin(any_app)
    vote(any_app, case_id)

    told = everything(any_app, case_id)
    assert [one in told for one in ('"甲"', '"乙"', ALSO)] == [False, False, False]
    # Who voted is told, and that it was sealed.
    acts = seen.history(any_app, identities.actor(any_app, "auditor"), case_id)
    cast = [
        (one["actor"], one["command"]["data"])
        for one in acts
        if one["command"]["type"] == "complete_task"
    ]
    assert [name for name, _ in cast] == list(CHOICES)
    assert [sorted(data["ballot"]) for _, data in cast] == [["$sealed", "commitment"]] * 4
    assert [data["read_text"] for _, data in cast] == [True] * 4

    later(any_app, hours=3)
    after = data_of(any_app, case_id)
    assert (after["totals"], after["areas"], after["twice"]) == ({"甲": 2}, {"甲": "209.5"}, 1)
    told = everything(any_app, case_id)
    assert [one in told for one in ('"乙"', ALSO)] == [False, False]
    # A diagram may carry a ballot under another name: it stays as closed.
    assert [sorted(one) for one in after["loose"]] == [["$sealed", "commitment"]] * 4

    later(any_app, days=6)
    assert data_of(any_app, case_id)["erased"] == 4
    with any_app.database.reading() as tx:
        rows = tx.all(sa.select(sealed.c.ballot, sealed.c.salt, sealed.c.value), {})
        assert [tuple(one) for one in rows] == [(1, None, None)] * 4
    assert list(replay.verify_cases(any_app, [case_id])) == [None]
    assert list(replay.replay(any_app, [case_id])) == [None]
    assert list(replay.verify_rest(any_app)) == []


PATHS = ("/tasks", "/cases/{case}", "/cases/{case}/diagrams", "/tasks/{case}.ballots.vote.1")
CALLS = (
    "/cases/{case}",
    "/cases/{case}/history",
    "/cases/{case}/state?position=9",
    "/tasks?view=done",
    "/tasks/{case}.ballots.vote.1",
)


@pytest.mark.parametrize("name", READERS)
def test_no_page_and_no_call_shows_a_choice(app, name):
    case_id = begin(app)
    vote(app, case_id)
    call, browser = callers(app)(name), create_app(app).test_client()
    signed_in = browser.post("/sign-in", data={"name": name, "password": PASSWORD})

    # A voter of the demo city has no password, only a program's token.
    pages = [browser.get(one.format(case=case_id)) for one in PATHS if name[:2] != "RY"]
    answers = [call.get(one.format(case=case_id)) for one in CALLS]

    assert (signed_in.status_code == 303) == (name != "RY070")
    assert {one.status_code for one in pages + answers} == {200}
    told = "".join(one.get_data(as_text=True) for one in pages + answers)
    escaped = [json.dumps(one)[1:-1] for one in CHOICES.values()]
    found = [one for one in (">甲<", ">乙<", '"甲"', '"乙"', ALSO, *escaped) if one in told]
    assert found == []


def in_the_files(app, content):
    folder = Path(app.database.url.database).parent
    return any(content in path.read_bytes() for path in folder.glob("bihuan.db*"))


@pytest.fixture
def random_app(sqlite_url, sandbox):
    """The application with salts as random as a served one's."""
    clock, settings = SteppingClock(MONDAY), Settings(database_url=sqlite_url)
    opened = open_application(settings, clock=clock, sandbox=sandbox)
    yield opened
    opened.database.close()


def test_an_erased_ballot_is_found_in_no_file(random_app):
    app = random_app
    case_id = begin(app)
    vote(app, case_id)
    with app.database.reading() as tx:
        salts = [salt for salt, _ in store.get_ballots(tx, case_id).values()]
    app.database.settle()
    assert [in_the_files(app, one) for one in (ALSO.encode(), *salts)] == [True] * 5

    later(app, days=6)

    app.database.settle()
    assert [in_the_files(app, one) for one in (ALSO.encode(), *salts)] == [False] * 5


def test_a_commitment_cannot_be_guessed_from_the_few_choices(app):
    case_id = begin(app)
    vote(app, case_id)
    with app.database.reading() as tx:
        kept = store.get_ballots(tx, case_id)
    entries = seen.history(app, identities.actor(app, "auditor"), case_id)
    cast = [
        one["command"]["data"]["ballot"]
        for one in entries
        if one["command"]["type"] == "complete_task"
    ]

    # Two have chosen the same, and nothing in the history shows it.
    assert len({one["commitment"] for one in cast}) == 4
    guesses = {hashlib.sha256(canonical(one)).hexdigest() for one in CHOICES.values()}
    assert guesses.isdisjoint({one["commitment"] for one in cast})
    # Only the salt proves it, and the salt goes with the choice.
    assert [commitment(*kept[one["$sealed"]]) for one in cast] == [
        one["commitment"] for one in cast
    ]


def test_a_ballot_that_was_changed_in_the_database_is_not_counted(app):
    case_id = begin(app)
    vote(app, case_id)
    with app.database.writing() as tx:
        changed = sa.update(sealed).where(
            sealed.c.value == sa.bindparam("old", type_=sa.LargeBinary)
        )
        tx.run(
            changed.values(value=sa.bindparam("new", type_=sa.LargeBinary)),
            {"old": canonical("乙"), "new": canonical("甲")},
        )

    later(app, hours=3)

    (incident,) = seen.case(app, identities.actor(app, "admin"), case_id)["incidents"]
    assert incident["code"] == "job-failed"
    assert incident["message"] == (
        "The topic 'tally' cannot use its input: a ballot is not the one that was cast; verify the case."
    )
    (difference,) = replay.verify_cases(app, [case_id])
    assert difference.what == "sealed value"


def test_the_key_of_a_repeated_request_keeps_no_hash_of_the_choice(app):
    case_id = begin(app)
    call = callers(app)("RY070")
    task, body = f"{case_id}.ballots.vote.1", {"data": {"ballot": "甲"}}

    first = call.post(f"/tasks/{task}/complete", body, Idempotency_Key="k-1")
    again = call.post(f"/tasks/{task}/complete", body, Idempotency_Key="k-1")

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.get_json() == first.get_json()
    with app.database.reading() as tx:
        kept = tx.all(sa.select(idempotency.c.body).where(idempotency.c.key == "k-1"), {})
    assert [row[0] for row in kept] == [""]


def test_no_topic_opens_a_ballot(app):
    case_id = begin(app)
    vote(app, case_id)
    carried = data_of(app, case_id)
    with app.database.reading() as tx:
        one = next(iter(store.get_ballots(tx, case_id)))
    ballot = {"$sealed": one, "commitment": "0" * 64}

    redacted = topics.run(app, case_id, "redact", {"text": ballot}, key="k-1")
    started = topics.run(
        app, case_id, "start-case", {"process": "five_steps", "data": {"note": ballot}}, key="k-2"
    )

    assert redacted["text"].value == ""
    assert data_of(app, started["case"])["note"] == ballot
    assert "totals" not in carried


def test_what_is_erased_twice_is_erased_once(app):
    case_id, other = begin(app), begin(app)
    vote(app, case_id)
    vote(app, other)
    with app.database.reading() as tx:
        mine, theirs = store.get_ballots(tx, case_id), store.get_ballots(tx, other)

    counts = [erasure.erase_for(app, case_id, ids=[*mine, *theirs]) for _ in range(2)]
    by_name = erasure.erase_for(app, other, fields=["ballot"])

    assert (counts, by_name) == ([4, 4], 4)
    with app.database.reading() as tx:
        acts = [one.document()["command"] for one in store.read_entries(tx, erasure.STREAM)]
    assert [(one["case"], one["ids"], one["reason"]) for one in acts] == [
        (case_id, sorted(mine), "diagram"),
        (other, sorted(theirs), "diagram"),
    ]


def test_what_somebody_has_begun_to_type_goes_with_the_fields_that_it_may_repeat(app):
    case_id, other = begin(app), begin(app)
    vote(app, case_id)
    desks = [Desk("admin", one, "consultation.voting.1") for one in (case_id, other)]
    with app.database.writing() as tx:
        for desk in desks:
            sealer = Sealer(app.clock.new_id, app.clock.secret)
            unsent.put(tx, desk, [("reason", "王某投了反对票")], app.clock.now(), sealer)

    erasure.erase_for(app, case_id, fields=["ballot"])

    with app.database.reading() as tx:
        assert [unsent.read(tx, desk) is None for desk in desks] == [True, False]
    # A choice is never kept before it is cast.
    voter = identities.actor(app, VOTERS[0]["id"])
    seen.keep_draft(app, voter, other, "ballots.vote.1", [("ballot", "yes"), ("read_text", "1")])
    assert seen.draft(app, voter, other, "ballots.vote.1").pairs == [("read_text", "1")]


def test_the_ballots_of_a_case_that_was_ended_in_mid_vote_go_30_days_later(any_app):
    case_id = begin(any_app)
    vote(any_app, case_id)
    by = identities.actor(any_app, "admin")
    cases.handle(any_app, by, case_id, CancelCase(end="terminated", reason=None))

    later(any_app, days=29)
    early = erasure.clear(any_app)
    later(any_app, days=2)

    assert (early, erasure.clear(any_app), erasure.clear(any_app)) == (0, 4, 0)
    with any_app.database.reading() as tx:
        assert store.get_ballots(tx, case_id) == {}
    assert list(replay.verify_cases(any_app, [case_id])) == [None]


def test_the_files_are_cleared_once_after_an_erasure_by_a_diagram(any_app):
    case_id = begin(any_app)
    vote(any_app, case_id)
    later(any_app, days=6)

    with any_app.database.reading() as tx:
        waits = store.get_fact(tx, "erased:unsettled")
    erasure.clear(any_app)

    # SQLite overwrites at once; PostgreSQL does it with the daily tidying.
    assert waits == ("0" if any_app.database.is_sqlite else "1")
    with any_app.database.reading() as tx:
        assert store.get_fact(tx, "erased:unsettled") == "0"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "name fields, or give values"),
        ({"fields": ""}, "name fields, or give values"),
    ],
)
def test_erasing_needs_to_be_told_what(app, data, message):
    with pytest.raises(InvalidData, match=message):
        topics.run(app, begin(app), "erase-sealed", data, key="k")


def test_whoever_reads_everything_else_reads_no_ballot():
    reader = Reading(
        reporter=True, working=True, personal=True, fields=frozenset({"ballot", "odd"})
    )
    data = {
        "ballot": {"$sealed": "b0", "commitment": "c"},
        "odd": "agree",
        "note": {"$sealed": "n"},
    }
    classes = {"ballot": "ballot", "odd": "ballot"}

    shown = withhold(reader, data, classes, reveal={"b0": "agree", "n": "seen"}.get)

    assert shown == {
        "ballot": {"$sealed": "b0", "commitment": "c"},
        "odd": {"$withheld": "ballot"},
        "note": "seen",
    }


# -- counting -------------------------------------------------------------------------


def cast(*choices):
    """Ballots and what is kept of them."""
    kept = {f"b{n}": (bytes([n]) * 16, canonical(one)) for n, one in enumerate(choices)}
    given = [{"$sealed": one, "commitment": commitment(*kept[one])} for one in kept]
    return given, kept


def test_choices_without_a_vote_have_a_total_too_and_others_are_invalid():
    given, kept = cast("agree", "agree", "else", None)

    found = ballots.count([*given, None], kept, choices=["agree", "against"])

    assert found == {
        "totals": {"agree": 2, "against": 0},
        "counted": 2,
        "twice": 0,
        "excluded": 0,
        "invalid": 2,
    }


def test_one_household_counts_once_and_paper_before_a_vote_online():
    given, kept = cast("agree", "against", "against", "agree")
    keyed = [
        {"ballot": one, "key": key} for one, key in zip(given, [101, 101, 102, 103], strict=True)
    ]

    found = ballots.count(keyed, kept, exclude=[102], add={"agree": 3, "against": 1})

    assert found == {
        "totals": {"agree": 5, "against": 1},
        "counted": 6,
        "twice": 1,
        "excluded": 1,
        "invalid": 0,
    }


def test_several_may_be_chosen_and_areas_weigh():
    given, kept = cast(["甲", "乙"], ["乙"], [])
    areas = ["89.50", 60, "12"]
    found = ballots.count(
        [{"ballot": one, "weight": area} for one, area in zip(given, areas, strict=True)], kept
    )

    assert (found["totals"], found["weights"]) == (
        {"甲": 1, "乙": 2},
        {"甲": "89.50", "乙": "149.50"},
    )
    assert (found["counted"], found["invalid"]) == (2, 1)


@pytest.mark.parametrize(
    ("given", "more", "message"),
    [
        (["agree"], {}, "a ballot is"),
        ([{"ballot": "agree"}], {}, "not sealed"),
        ([{"$sealed": "gone", "commitment": ""}], {}, "cannot be read"),
        ([{"$sealed": "b0", "commitment": "0" * 64}], {}, "not the one that was cast"),
        ([cast("agree")[0][0]] * 2, {}, "there twice"),
        ([], {"add": {"agree": -1}}, "no whole number"),
        ([], {"add": {"agree": True}}, "no whole number"),
        ([], {"add": {"other": 1}, "choices": ["agree"]}, "cannot be chosen"),
        ([{"ballot": None, "weight": "many"}], {}, "a weight is no number"),
        ([{"ballot": None, "weight": -1}], {}, "a weight is no number"),
        ([{"ballot": None, "weight": True}], {}, "a weight is no number"),
    ],
)
def test_what_cannot_be_counted_is_refused(given, more, message):
    _, kept = cast("agree")
    with pytest.raises(ValueError, match=message):
        ballots.count(given, kept, **more)


@pytest.mark.parametrize("data", [{"ballots": "all"}, {}, {"ballots": [], "add": []}])
def test_a_tally_says_what_its_input_must_be(data):
    with pytest.raises(TypeError, match="must be"):
        topics.count_ballots(data, {})


# -- forms ------------------------------------------------------------------------------

BALLOT = {"type": "radio", "key": "ballot", "values": [{"value": "a"}], "field_class": "ballot"}


def form(*components):
    content = {"type": "default", "id": "f", "components": list(components)}
    return read(json.dumps(content).encode(), filename="f.json")


def test_a_ballot_is_sealed_whatever_its_type():
    found, findings = form(BALLOT)

    assert findings == []
    assert (found.personal, found.ballots) == ({"ballot"}, {"ballot"})


@pytest.mark.parametrize(
    ("components", "element"),
    [
        ([{**BALLOT, "personal": False}], "ballot"),
        (
            [BALLOT, {"type": "number", "key": "why", "conditional": {"hide": '=ballot != "a"'}}],
            "why",
        ),
        ([{"type": "dynamiclist", "key": "papers", "components": [BALLOT]}], "papers"),
    ],
)
def test_a_form_that_would_give_a_ballot_away_is_refused(components, element):
    found, findings = form(*components)

    assert found is None
    assert [(one.code, one.severity, one.element) for one in findings] == [
        ("form-ballot", "error", element)
    ]
