"""Sign in, sign out, choose a language."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api import sessions
from api.current import application
from api.web import language
from engine import credentials, identities
from engine.accounts import Account
from engine.demo.city import PASSWORD
from engine.errors import InvalidUser, NotSignedIn, TooManyAttempts
from engine.settings import is_loopback

pages = Blueprint("signing", __name__)

MAX_DEMO_USERS = 200


@pages.get("/sign-in")
def form() -> str:
    """Show the sign-in page."""
    return _page(error=None, name="")


@pages.post("/sign-in")
def sign_in() -> Response:
    """Begin a session and go where the person wanted to go."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        token = identities.login(
            application(), name[:200], password[:1_000], address=sessions.address()
        )
    except NotSignedIn:
        return make_response(_page(error=language.text("wrong_password"), name=name), 401)
    except TooManyAttempts as refusal:
        error = language.text("too_many_attempts", n=-(-refusal.retry_seconds // 60))
        response = make_response(_page(error=error, name=name), 429)
        response.headers["Retry-After"] = str(refusal.retry_seconds)
        return response
    return sessions.keep(redirect(_target(), code=303), token)


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    identities.logout(application(), sessions.token())
    return sessions.forget(redirect("/sign-in?left=1", code=303))


@pages.get("/password")
def ask_password() -> str:
    """Show the form for another password; a temporary one leads here."""
    account = identities.account_of_token(application(), sessions.token(), changing=True)
    return _password(account)


@pages.post("/password")
def change_password() -> Response:
    """Keep another password of the signed-in person."""
    app, form, token = application(), request.form, sessions.token()
    account = identities.account_of_token(app, token, changing=True)
    old, new = form.get("old", "")[:1_000], form.get("new", "")[:1_000]
    try:
        if new != form.get("again", "")[:1_000]:
            return make_response(_password(account, language.text("password_differs")), 422)
        credentials.change_password(app, token, old, new, address=sessions.address())
    except NotSignedIn:
        return make_response(_password(account, language.text("password_wrong")), 422)
    except InvalidUser:
        return make_response(_password(account, language.text("password_unfit")), 422)
    except TooManyAttempts as refusal:
        error = language.text("too_many_attempts", n=-(-refusal.retry_seconds // 60))
        return make_response(_password(account, error), 429)
    return redirect("/?done=password", code=303)


def _password(account: Account, error: str = "") -> str:
    return render_template(
        "password.html", user=account.name, temporary=account.reset_at is not None, error=error
    )


@pages.after_app_request
def keep_language(response: Response) -> Response:
    """Remember the language that the address asked for."""
    asked = request.args.get("lang", "")
    if asked in language.offered():
        response.set_cookie(
            language.COOKIE, asked, max_age=365 * 86_400, samesite="Lax", httponly=True
        )
    return response


def _page(*, error: str | None, name: str) -> str:
    return render_template(
        "sign_in.html",
        error=error,
        name=name,
        next=_target(),
        demo_users=_demo_users(),
        demo_password=PASSWORD,
    )


def _target() -> str:
    """Return the page to go to: one of ours, whatever the address says."""
    asked = request.values.get("next", "/")
    parts = urlsplit(asked.replace("\\", "/"))
    plain = asked.isprintable() and not parts.netloc and not parts.scheme
    return asked if plain and asked.startswith("/") and not asked.startswith("//") else "/"


def _demo_users() -> list[tuple[str, str]]:
    """Return (user, what the role is called) of the demo users that may sign in here."""
    app = application()
    if not app.settings.demo_logins or not is_loopback(app.settings.host):
        return []
    users = [one for one in identities.users(app) if one.demo and one.password]
    named = [(one.name, _role_name(one.name)) for one in users if one.disabled_at is None]
    return named[:MAX_DEMO_USERS]


def _role_name(role: str) -> str:
    app = application()
    with app.database.reading() as tx:
        app.references.refresh(tx)
    name = app.references.organisation.role_name(role)
    return "" if name == role else name
