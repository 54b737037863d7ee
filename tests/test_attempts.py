"""Passwords cannot be tried out: attempts are counted, per user and per address."""

from dataclasses import replace

import pytest

from api import create_app
from engine import attempts, identities, retention
from engine.application import open_application
from engine.demo.city import PASSWORD
from engine.errors import NotSignedIn, TooManyAttempts
from tests.at_once import at_once

LIMIT = 10
MINUTE = 60


def fail(app, name="street_dispatcher", address="203.0.113.7"):
    with pytest.raises(NotSignedIn):
        identities.login(app, name, "wrong", address=address)


def wait_of(app, name="street_dispatcher", address="203.0.113.7", password=PASSWORD):
    with pytest.raises(TooManyAttempts) as refusal:
        identities.login(app, name, password, address=address)
    return refusal.value.retry_seconds


def step(app, seconds):
    from datetime import timedelta

    app.clock.set(app.clock.now() + timedelta(seconds=seconds))


def test_after_too_many_failures_even_the_right_password_waits(any_app):
    for _ in range(LIMIT):
        fail(any_app)

    assert wait_of(any_app) == 15 * MINUTE
    step(any_app, 14 * MINUTE)
    assert wait_of(any_app) == MINUTE
    step(any_app, MINUTE)
    assert identities.login(any_app, "street_dispatcher", PASSWORD).startswith("bihuan_")


def test_other_users_at_the_same_address_are_not_shut_out(app):
    for _ in range(LIMIT):
        fail(app)

    assert identities.login(app, "dept_handler", PASSWORD, address="203.0.113.7")


def test_one_address_cannot_try_all_users(app):
    for number in range(5 * LIMIT):
        fail(app, name=f"user{number}")

    assert wait_of(app, name="never_tried") == 15 * MINUTE
    assert identities.login(app, "street_dispatcher", PASSWORD, address="203.0.113.8")


def test_signing_in_clears_the_user_and_does_not_count_for_the_address(app):
    for _ in range(5 * LIMIT + 5):
        identities.login(app, "street_dispatcher", PASSWORD, address="203.0.113.7")

    for _ in range(LIMIT - 1):
        fail(app)
    identities.login(app, "street_dispatcher", PASSWORD, address="203.0.113.7")
    fail(app)
    assert identities.login(app, "street_dispatcher", PASSWORD, address="203.0.113.7")


def test_two_servers_count_together(any_app, any_url, clock, sandbox):
    other = open_application(any_app.settings, clock=clock, sandbox=sandbox)
    for app in [any_app, other] * (LIMIT // 2):
        fail(app)

    assert wait_of(other) == 15 * MINUTE
    other.database.close()


def test_attempts_that_arrive_at_once_are_all_counted(any_app):
    def guess():
        return identities.login(any_app, "street_dispatcher", "wrong", address="203.0.113.7")

    said = at_once(*[guess] * (LIMIT + 6))

    assert sorted(type(one).__name__ for one in said) == (
        ["NotSignedIn"] * LIMIT + ["TooManyAttempts"] * 6
    )


def test_who_is_turned_away_leaves_no_rows_behind(app):
    for number in range(5 * LIMIT):
        fail(app, name=f"user{number}")
    for number in range(20):
        wait_of(app, name=f"other{number}")

    step(app, 15 * MINUTE)
    with app.database.writing() as tx:
        assert retention.tidy(tx, app.clock.now())["attempts"] == 5 * LIMIT + 1
    assert attempts.WINDOW.total_seconds() == 15 * MINUTE


def test_the_limit_is_a_setting(app):
    strict = replace(app, settings=replace(app.settings, sign_in_limit=2))
    for _ in range(2):
        fail(strict)

    assert wait_of(strict) == 15 * MINUTE


def test_the_call_answers_429_with_the_seconds_to_wait(app):
    client = create_app(app).test_client()
    body = {"name": "street_dispatcher", "password": "wrong"}
    said = [client.post("/api/v1/login", json=body) for _ in range(LIMIT + 1)]

    assert [one.status_code for one in said] == [401] * LIMIT + [429]
    assert said[-1].headers["Retry-After"] == "900"
    problem = said[-1].get_json()
    assert (problem["code"], problem["detail"]) == (
        "too-many-attempts",
        "Too many attempts have failed here; the next is taken in 15 minutes.",
    )


def test_the_page_says_how_long_to_wait(app):
    client = create_app(app).test_client()
    form = {"name": "street_dispatcher", "password": "wrong"}
    said = [client.post("/sign-in", data=form) for _ in range(LIMIT + 1)]

    assert [one.status_code for one in said] == [401] * LIMIT + [429]
    assert said[-1].headers["Retry-After"] == "900"
    assert "请 15 分钟后再试" in said[-1].get_data(as_text=True)


def test_the_address_behind_a_proxy_on_this_machine_is_the_one_it_names(app):
    client = create_app(app).test_client()

    def guess(number, **peer):
        headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
        body = {"name": f"user{number}", "password": "wrong"}
        return client.post("/api/v1/login", json=body, headers=headers, **peer).status_code

    said = [guess(number) for number in range(5 * LIMIT + 1)]
    assert said == [401] * (5 * LIMIT) + [429]

    # The same header from elsewhere is what the sender likes to say.
    assert guess(0, environ_base={"REMOTE_ADDR": "192.0.2.1"}) == 401
