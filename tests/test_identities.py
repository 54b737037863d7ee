from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import history, identities, migrations, references, store
from engine.clock import ManualClock
from engine.database import Database
from engine.errors import InvalidUser, NotAllowed, NotFound, NotSignedIn, UserExists
from engine.ports import Application
from engine.settings import Settings

LISTS = Path(__file__).parent.parent / "processes" / "lists"
START = datetime(2026, 9, 18, 1, 0, tzinfo=UTC)
BY = "admin"


def bare(settings, clock, database):
    """An application that runs no case."""
    return Application(
        settings=settings,
        clock=clock,
        database=database,
        sandbox=None,
        executors={},
        deliver=None,
        find_actor=None,
    )


@pytest.fixture
def app(tmp_path):
    url = f"sqlite:///{tmp_path}/test.db"
    migrations.upgrade(url)
    app = bare(Settings(database_url=url), ManualClock(START), Database(url))
    yield app
    app.database.close()


def activate(app, name, content=None):
    with app.database.writing() as tx:
        references.activate(
            tx,
            descriptor=(LISTS / f"{name}.json").read_bytes(),
            content=content or (LISTS / f"{name}.csv").read_bytes(),
            actor=BY,
            at=app.clock.now(),
        )


def test_a_user_signs_in_with_the_right_password(app):
    identities.add_user(app, "wang", roles=[("visitor", "990101")], password="open sesame", by=BY)

    token = identities.login(app, "wang", "open sesame")

    actor = identities.actor_of_token(app, token)
    assert (actor.name, actor.grants) == ("wang", {("visitor", "990101")})


@pytest.mark.parametrize(
    ("name", "password"), [("wang", "wrong"), ("nobody", "open sesame"), ("by_token", "")]
)
def test_a_wrong_name_and_a_wrong_password_are_refused_in_the_same_words(app, name, password):
    identities.add_user(app, "wang", password="open sesame", by=BY)
    identities.add_user(app, "by_token", by=BY)

    with pytest.raises(NotSignedIn) as refusal:
        identities.login(app, name, password)

    assert refusal.value.message == "User name or password is wrong."


def test_a_session_ends_after_twelve_hours(app):
    identities.add_user(app, "wang", password="open sesame", by=BY)
    token = identities.login(app, "wang", "open sesame")

    app.clock.set(START + timedelta(hours=12) - timedelta(seconds=1))
    assert identities.actor_of_token(app, token).name == "wang"

    app.clock.set(START + timedelta(hours=12))
    with pytest.raises(NotSignedIn):
        identities.actor_of_token(app, token)


def test_signing_out_ends_the_session(app):
    identities.add_user(app, "wang", password="open sesame", by=BY)
    token = identities.login(app, "wang", "open sesame")

    identities.logout(app, token)

    with pytest.raises(NotSignedIn):
        identities.actor_of_token(app, token)


def test_a_token_speaks_for_its_user_without_an_end(app):
    identities.add_user(app, "worker", by=BY)
    token = identities.create_token(app, "worker", by=BY)

    app.clock.set(START + timedelta(days=3650))

    assert identities.actor_of_token(app, token).name == "worker"


def test_a_disabled_user_loses_tokens_and_roles_at_once(app):
    identities.add_user(app, "wang", roles=[("visitor", "990101")], password="open sesame", by=BY)
    token = identities.create_token(app, "wang", by=BY)

    identities.disable_user(app, "wang", by=BY)

    for attempt in (
        lambda: identities.actor_of_token(app, token),
        lambda: identities.login(app, "wang", "open sesame"),
        lambda: identities.actor(app, "wang"),
    ):
        with pytest.raises(NotSignedIn):
            attempt()
    with pytest.raises(NotAllowed):
        identities.create_token(app, "wang", by=BY)


def test_the_name_of_a_disabled_user_stays_taken(app):
    identities.add_user(app, "wang", by=BY)
    identities.disable_user(app, "wang", by=BY)

    with pytest.raises(UserExists):
        identities.add_user(app, "wang", by=BY)


def test_of_several_users_all_are_added_or_none(app):
    identities.add_user(app, "wang", by=BY)

    with pytest.raises(UserExists):
        identities.add_users(app, [identities.NewUser("li"), identities.NewUser("wang")], by=BY)

    assert [one.name for one in identities.users(app)] == ["wang"]


@pytest.mark.parametrize("name", ["", "@operator", "a b", "王", "a" * 65, "-a", "a\n"])
def test_a_name_that_cannot_stand_in_a_history_is_refused(app, name):
    with pytest.raises(InvalidUser):
        identities.add_user(app, name, by=BY)


def test_a_short_password_is_refused(app):
    with pytest.raises(InvalidUser):
        identities.add_user(app, "wang", password="1234567", by=BY)


def test_unknown_users_are_named_as_such(app):
    for attempt in (identities.disable_user, identities.create_token):
        with pytest.raises(NotFound):
            attempt(app, "nobody", by=BY)


def test_a_user_has_the_roles_of_its_person_as_long_as_the_list_says_so(app):
    for name in ("roles", "org_units", "departments"):
        activate(app, name)
    header = (LISTS / "people.csv").read_text("utf-8-sig").splitlines()[0]
    row = "RY900,样,Y,000-0000-0900,visitor,990101,org,1,,,2026-01-01,2026-09-18,"
    activate(app, "people", f"{header}\n{row}\n".encode("utf-8-sig"))
    identities.add_user(app, "visitor", person_id="RY900", by=BY)
    token = identities.create_token(app, "visitor", by=BY)

    assert identities.actor_of_token(app, token).grants == {("visitor", "990101")}

    # The last day in office is over at midnight in Shanghai.
    app.clock.set(datetime(2026, 9, 18, 16, 0, tzinfo=UTC))
    with pytest.raises(NotSignedIn) as refusal:
        identities.actor_of_token(app, token)
    assert refusal.value.message == "User 'visitor' holds no post on 2026-09-19."


def test_who_has_left_signs_in_no_more_and_who_has_not_come_not_yet(app):
    for name in ("roles", "org_units", "departments"):
        activate(app, name)
    header = (LISTS / "people.csv").read_text("utf-8-sig").splitlines()[0]
    rows = [
        "RY900,样,Y,000-0000-0900,visitor,990101,org,1,,,2026-01-01,2026-09-18,",
        "RY901,样,Y,000-0000-0901,visitor,990101,org,1,,,2026-09-19,,",
    ]
    activate(app, "people", "\n".join([header, *rows]).encode("utf-8-sig"))
    for name, person in (("leaver", "RY900"), ("comer", "RY901")):
        identities.add_user(app, name, person_id=person, password="open sesame", by=BY)

    def gets_in():
        found = set()
        for name in ("leaver", "comer"):
            try:
                identities.login(app, name, "open sesame")
                found.add(name)
            except NotSignedIn:
                pass
        return found

    assert gets_in() == {"leaver"}
    app.clock.set(datetime(2026, 9, 18, 16, 0, tzinfo=UTC))
    assert gets_in() == {"comer"}


def test_demo_users_are_refused_where_demo_logins_are_off(app):
    identities.add_user(app, "admin", password="bihuan-demo", demo=True, by=BY)
    token = identities.create_token(app, "admin", by=BY)
    outside = bare(Settings(demo_logins=False), app.clock, app.database)

    with pytest.raises(NotSignedIn):
        identities.login(outside, "admin", "bihuan-demo")
    with pytest.raises(NotSignedIn):
        identities.actor_of_token(outside, token)


def test_every_act_stands_in_the_history_without_secrets(app):
    identities.add_user(app, "wang", roles=[("visitor", "990101")], password="open sesame", by=BY)
    token = identities.create_token(app, "wang", by=BY)
    session = identities.login(app, "wang", "open sesame")
    identities.disable_user(app, "wang", by="li")

    with app.database.reading() as tx:
        found = list(store.read_entries(tx, identities.STREAM))
        _, head = store.stream_head(tx, identities.STREAM)
    assert history.verify(identities.STREAM, found, head=head) == 3
    documents = [one.document() for one in found]
    assert [(one["actor"], one["command"]["type"]) for one in documents] == [
        ("admin", "add_user"),
        ("admin", "create_token"),
        ("li", "disable_user"),
    ]
    whole = b"".join(one.body for one in found).decode()
    assert [one for one in (token, session, "argon2", "open sesame") if one in whole] == []


def test_neither_password_nor_token_lies_in_the_database_file(app, tmp_path):
    identities.add_user(app, "wang", password="open sesame", by=BY)
    token = identities.create_token(app, "wang", by=BY)

    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert [one for one in (token, "open sesame") if one.encode() in content] == []
