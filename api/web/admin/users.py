"""Users: who may sign in, with which password, tokens and sessions."""

from __future__ import annotations

from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api.current import actor, application
from api.web import language, spoken
from api.web.admin.frame import number_of, of_kinds, pager, pages, require, today, words
from engine import credentials, identities
from engine.accounts import Account, in_office
from engine.clock import text
from engine.errors import InvalidUser, NotAllowed, UserExists

RIGHT = "manage_users"
PAGE = 50


@pages.get("/admin/users")
def user_index() -> str:
    """Show all users, and the form of a new one."""
    require(RIGHT)
    return _index()


@pages.post("/admin/users")
def user_add() -> Response:
    """Add a user with a temporary password, or none."""
    require(RIGHT)
    app, form, by = application(), request.form, actor().name
    name = form.get("name", "").strip()[:100]
    person = form.get("person", "").strip()[:100] or None
    role, unit = form.get("role", "").strip()[:100], form.get("unit", "").strip()[:100]
    roles = [(role, unit)] if role else []
    if not (person or roles):
        return make_response(_index(language.text("adm_user_needs")), 422)
    try:
        identities.add_user(app, name, roles=roles, person_id=person, by=by)
    except (InvalidUser, UserExists) as refusal:
        return make_response(_index(spoken.refusal(refusal)), refusal.status)
    return make_response(_one(name, password=credentials.reset_password(app, name, by=by)))


@pages.get("/admin/users/<user>")
def user_one(user: str) -> str:
    """Show a user: roles, tokens, sessions, and what was done to it."""
    require(RIGHT)
    return _one(user)


@pages.post("/admin/users/<user>")
def user_act(user: str) -> Response:
    """Do one thing to a user; what is shown once stands on the page that answers."""
    require(RIGHT)
    app, by, act = application(), actor().name, request.form.get("act", "")
    try:
        if act == "reset":
            password = credentials.reset_password(app, user, by=by)
            return make_response(_one(user, password=password))
        if act == "token":
            return make_response(_one(user, token=identities.create_token(app, user, by=by)))
        if act == "revoke":
            credentials.revoke_token(app, user, request.form.get("token", "")[:100], by=by)
        elif act == "sessions":
            credentials.end_sessions(app, user, by=by)
        elif act == "disable" and user != by:
            identities.disable_user(app, user, by=by)
        else:
            return make_response(_one(user, said=language.text("adm_user_not")), 422)
    except NotAllowed as refusal:
        return make_response(_one(user, said=spoken.refusal(refusal)), refusal.status)
    return redirect(f"/admin/users/{user}?done=adm_{act}", code=303)


def _index(said: str = "") -> str:
    wanted = words().casefold()
    found = [
        one
        for one in identities.users(application())
        if wanted in f"{one.name} {one.person_id or ''}".casefold()
    ]
    at = number_of(request.args.get("at"))
    return render_template(
        "admin/users.html",
        users=[_shown(one) for one in found[at : at + PAGE]],
        pager=pager(len(found), at, PAGE),
        roles=[row for version in of_kinds("roles") for row in version.rows],
        q=words(),
        said=said,
        typed=request.form,
    )


def _one(name: str, *, password: str = "", token: str = "", said: str = "") -> str:
    app = application()
    account, tokens = credentials.about(app, name)
    now = app.clock.now()
    return render_template(
        "admin/user.html",
        user=_shown(account),
        grants=sorted(account.grants),
        posts=_posts(account),
        tokens=[
            {
                "sha256": one.sha256,
                "kind": one.kind,
                "created_at": text(one.created_at),
                "used_at": text(one.last_used_at) if one.last_used_at else None,
                "expires_at": text(one.expires_at) if one.expires_at else None,
            }
            for one in tokens
            if one.expires_at is None or one.expires_at > now
        ],
        acts=credentials.acts(app, name),
        password=password,
        token=token,
        said=said,
        oneself=name == actor().name,
    )


def _posts(account: Account) -> list[tuple[str, str]]:
    organisation = application().references.organisation
    return organisation.posts(account.person_id, today()) if account.person_id else []


def _shown(account: Account) -> dict[str, Any]:
    organisation = application().references.organisation
    return {
        "name": account.name,
        "person": account.person_id,
        "demo": account.demo,
        "has_password": account.password is not None,
        "reset": account.reset_at is not None,
        "disabled_at": text(account.disabled_at) if account.disabled_at else None,
        "absent": not in_office(account, organisation, today()),
    }
