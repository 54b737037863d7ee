"""The first run: the first administrator by a link that is good once, then what to begin with.

The link is printed where the server was started and lies in its memory alone. It is dead
as soon as there is any user; who comes second finds no page.
"""

from __future__ import annotations

import hmac
from pathlib import Path

from flask import current_app, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from api import sessions
from api.current import application
from api.web import language, spoken
from api.web.admin.frame import pages, require
from engine import credentials, demo, deployments, identities, uploads, views
from engine.access import Actor
from engine.errors import InvalidUser, NotFound, UserExists
from engine.settings import is_loopback

DELIVERED = Path("processes")
"""Where the processes and the demo city lie that come with Bihuan."""


@pages.get("/setup/<setup>")
def first(setup: str) -> str:
    """Ask for the first administrator."""
    _require_open(setup)
    return render_template("admin/first.html", refusal="", name="")


@pages.post("/setup/<setup>")
def first_made(setup: str) -> Response:
    """Make the first administrator, and sign in."""
    _require_open(setup)
    app, form = application(), request.form
    name, password = form.get("name", "").strip()[:100], form.get("password", "")[:1_000]
    if password != form.get("again", "")[:1_000]:
        said = language.text("password_differs")
        return make_response(render_template("admin/first.html", refusal=said, name=name), 422)
    try:
        credentials.add_first(app, name, password)
    except InvalidUser as refusal:
        said = spoken.refusal(refusal)
        return make_response(render_template("admin/first.html", refusal=said, name=name), 422)
    except UserExists as taken:
        raise NotFound("This link is used up.", hint="Sign in.") from taken
    token = identities.login(app, name, password, address=sessions.address())
    return sessions.keep(redirect("/admin/setup", code=303), token)


def _require_open(setup: str) -> None:
    """Let pass who has the link, while there is no user.

    Raises:
        NotFound: another link, none, or one that is used up.
    """
    secret = str(current_app.extensions["bihuan-setup"])
    fits = hmac.compare_digest(setup.encode(), secret.encode())
    if not (secret and fits and credentials.is_empty(application())):
        raise NotFound("There is no such page.", hint="The link is good once; sign in.")


@pages.get("/admin/setup")
def begin() -> str:
    """Offer what an installation begins with: own files, the processes, the demo city."""
    require("manage_users")
    app = application()
    return render_template(
        "admin/begin.html",
        lists=views.all_lists(app)["items"],
        processes=views.all_definitions(app)["items"],
        delivered=DELIVERED.is_dir(),
        loopback=is_loopback(app.settings.host),
    )


@pages.post("/admin/setup")
def begun() -> Response:
    """Load the demo city, or deploy the processes that come with Bihuan."""
    require("manage_users")
    app, who = application(), Actor.system(identities.OPERATOR)
    if not DELIVERED.is_dir():
        raise NotFound("The folder of processes is not here.", hint="Start in its folder.")
    if "demo" in request.form and not views.all_lists(app)["items"]:
        demo.load_city(app, DELIVERED / "lists")
    if not {"demo", "processes"} & set(request.form):
        return redirect("/admin/setup", code=303)
    files = {one.name: one.read_bytes() for one in uploads.inside(DELIVERED)}
    deployments.deploy(app, who, files)
    return redirect("/admin/setup?done=adm_begun", code=303)
