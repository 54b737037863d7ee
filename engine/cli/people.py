"""``bihuan user`` and ``bihuan token``: who may sign in."""

from __future__ import annotations

import sys

import click

from engine import clock, contacts, credentials, identities
from engine.cli import terminal
from engine.cli.installation import opened
from engine.settings import Settings


@click.group()
def user() -> None:
    """Add, list, reset and disable users."""


@user.command("add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, metavar="R", help="A role code; may be repeated.")
@click.option("--unit", metavar="U", help="The unit in which the user has these roles.")
@click.option("--person", metavar="P", help="A person of the people list, whose roles it has.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_obj
def add(
    settings: Settings,
    *,
    name: str,
    roles: tuple[str, ...],
    unit: str | None,
    person: str | None,
    password_stdin: bool,
) -> None:
    """Add the user NAME. Without a password it signs in by token alone."""
    if roles and not unit:
        raise click.UsageError("Name the unit in which the user has these roles: --unit U.")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with opened(settings) as app:
        identities.add_user(
            app,
            name,
            roles=[(role, unit or "") for role in roles],
            person_id=person,
            password=password,
            by=identities.OPERATOR,
        )
    terminal.say(f"Added {name}.")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.pass_obj
def list_users(settings: Settings, *, as_json: bool) -> None:
    """List all users."""
    with opened(settings) as app:
        found = identities.users(app)
    document = [
        {
            "name": one.name,
            "person": one.person_id,
            "roles": [{"role": role, "unit": unit} for role, unit in one.grants],
            "password": one.password is not None,
            "demo": one.demo,
            "disabled_at": None if one.disabled_at is None else clock.text(one.disabled_at),
        }
        for one in found
    ]
    lines = [
        (
            one.name,
            one.person_id,
            ", ".join(f"{role}@{unit}" for role, unit in one.grants),
            "demo" if one.demo else "",
            "disabled" if one.disabled_at else "",
        )
        for one in found
    ]
    text = terminal.rows(("name", "person", "roles", "", ""), lines)
    terminal.answer(document, as_json=as_json, text=text)


@user.command("email")
@click.argument("name")
@click.argument("address", required=False)
@click.pass_obj
def email(settings: Settings, *, name: str, address: str | None) -> None:
    """Tell the user NAME of work at ADDRESS; without one, no more."""
    with opened(settings) as app:
        identities.actor(app, name)
        with app.database.writing() as tx:
            contacts.put(tx, name, email=address, by_mail=True)
    terminal.say(f"{name} is told by e-mail." if address else f"{name} is told no more.")


@user.command("reset")
@click.argument("name")
@click.pass_obj
def reset(settings: Settings, *, name: str) -> None:
    """Print a temporary password of the user NAME, alone on stdout, this once."""
    with opened(settings) as app:
        password = credentials.reset_password(app, name, by=identities.OPERATOR)
    click.echo(password)
    terminal.say("It must be changed at the first sign-in; all sessions have ended.")


@user.command("disable")
@click.argument("name")
@click.pass_obj
def disable(settings: Settings, *, name: str) -> None:
    """Take sessions, tokens and roles from the user NAME, as of now."""
    with opened(settings) as app:
        identities.disable_user(app, name, by=identities.OPERATOR)
    terminal.say(f"Disabled {name}.")


@click.group()
def token() -> None:
    """Create tokens for the API."""


@token.command("create")
@click.argument("name")
@click.pass_obj
def create(settings: Settings, *, name: str) -> None:
    """Print a bearer token of the user NAME, alone on stdout, this once."""
    with opened(settings) as app:
        secret = identities.create_token(app, name, by=identities.OPERATOR)
    click.echo(secret)
    terminal.say("Keep it: only its hash is stored, so it cannot be shown again.")
