"""The first page of the administration: what there is, and what wants attention."""

from __future__ import annotations

from flask import redirect, render_template
from werkzeug.wrappers import Response

from api.current import actor, application
from api.web.admin.frame import (
    SEE,
    may_change,
    may_open,
    menu,
    of_kinds,
    pages,
    require,
    today,
)
from engine import access, unattended, views


@pages.app_context_processor
def _menu() -> dict[str, object]:
    return {"admin_menu": menu}


@pages.get("/admin")
def home() -> str | Response:
    """Show what there is to look after; who may open one page alone goes there."""
    if not access.may(actor(), SEE):
        if not may_open():
            require(SEE)
        return redirect(menu()[0]["path"], code=303)
    app, day = application(), today()
    found = {one["name"]: one for one in views.list_overview(app)}
    organisation, calendar = app.references.organisation, app.references.calendar
    return render_template(
        "admin/home.html",
        lists=found,
        newest=sorted(found.values(), key=lambda one: one["at"], reverse=True)[:5],
        in_office=sum(1 for one in organisation.people() if organisation.posts(one, day)),
        units=sum(1 for version in of_kinds("units", "departments") for _ in version.in_force(day)),
        years=calendar.years(),
        next_year=calendar.year(day.year + 1),
        warnings=organisation.check(day),
        alone=unattended.tasks_of(app, actor()),
        may_change=may_change(),
    )
