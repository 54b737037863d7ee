"""What pages need of diagrams and forms: those a case has pinned, or those for new cases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from api.current import application
from api.web import language
from api.web.titles import Parts
from engine import cases, definitions, forms, intake, store
from engine.bpmn.model import Node, Process
from engine.definitions import Pinned
from engine.errors import CaseNotFound, NotFound
from engine.forms import Component, Form
from engine.references import References


def of_case(case_id: str) -> Pinned:
    """Return the diagrams and forms that a case runs on.

    Whether the reader may see the case was asked before, by reading it.
    """
    app = application()
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
        if row is None:
            raise CaseNotFound(case_id)
        return app.library.pinned(tx, row.pins)


def of_entry(entry: dict[str, Any]) -> Pinned:
    """Return the diagrams and forms that an entry of a history rests on."""
    app = application()
    with app.database.reading() as tx:
        return app.library.pinned(tx, entry["versions"]["definitions"])


def start_form(key: str) -> Form | None:
    """Return the form of the plain start event of the version for new cases, as of today."""
    app = application()
    with app.database.reading() as tx:
        app.references.refresh(tx)
        form = definitions.start_form(tx, definitions.version(tx, key))
        return form and forms.filled(form, app.references.offered(tx, {}, app.clock.now()))


def task_form(case_id: str, pinned: Pinned, process: str, element: str) -> Form | None:
    """Return the form of a task, with the choices that lists offer the case today."""
    form = pinned.form_of(process, element)
    if form is None or not forms.has_sources(form):
        return form
    app = application()
    with app.database.reading() as tx:
        row = store.read_case(tx, case_id)
        return form if row is None else intake.filled(app, tx, row, form)


def parts_of(pinned: Pinned) -> Parts:
    """Return the fields of all forms by key, where they can be chosen if they can be."""
    app = application()
    day = app.references.calendar.local(app.clock.now()).date()
    known, stands = _parts.get(pinned.digest), (app.references.position, day)
    if known is not None and known[0] is app.references and known[1] == stands:
        return known[2]
    parts = _parts_on_offer(pinned)
    if len(_parts) >= definitions.KEPT:
        _parts.clear()
    _parts[pinned.digest] = (app.references, stands, parts)
    return parts


_parts: dict[str, tuple[References, tuple[int, date], Parts]] = {}
"""Pins -> for which lists and day they were filled, and the fields. A page asks twice."""


def _parts_on_offer(pinned: Pinned) -> Parts:
    app = application()
    with app.database.reading() as tx:
        rows = app.references.offered(tx, {}, app.clock.now())
    parts: dict[str, Component] = {}
    for form in pinned.forms.values():
        for part in forms.filled(form, rows).fields():
            # Where it can be chosen its values have labels; where it is only shown they do not.
            if part.key not in parts or (part.choices and not parts[part.key].choices):
                parts[part.key] = part
    return Parts(parts, pinned.bundle.processes.values())


def name_tasks(items: Iterable[dict[str, Any]]) -> None:
    """Give each task of an inbox its ``title``, and its process's name as ``process_name``."""
    known: dict[str, Any] = {}
    for item in items:
        for name in (item["process"], item.get("called", item["process"])):
            if name not in known:
                known[name] = _process(name)
        main, own = known[item["process"]], known[item.get("called", item["process"])]
        item["process_name"] = process_name(main) if main else item["process"]
        node = own.nodes.get(item.get("element")) if own else None
        item["title"] = title(node) if node else item.get("name", "")
        item["batch"] = _batch(node) if node else []
        item["signs"] = signs(node) in dict(item["batch"]) if node else False


def _batch(node: Node) -> list[tuple[str, str]]:
    """Return (outcome, label) of those with which a task is completed together with others."""
    return [
        (one, language.pick(node.outcomes.get(one, one), node.outcomes_en.get(one)))
        for one in cases.named_outcomes(node)
    ]


def signs(node: Node) -> str | None:
    """Return the outcome that is called as claiming is (签收): pressing it does both."""
    claim = language.catalogue(language.LANGUAGES[0]).gettext("claim")
    return next((one for one, label in node.outcomes.items() if label == claim), None)


def _process(key: str) -> Any:
    with application().database.reading() as tx:
        try:
            return definitions.process_of(tx, definitions.version(tx, key))
        except NotFound:
            return None


def name_of_process(key: str) -> str:
    """Return the name of a process as it is for new cases; its key if there is none."""
    process = _process(key)
    return process_name(process) if process else key


def process_name(process: Process) -> str:
    """Return the name of a process in the chosen language."""
    return language.pick(process.name or process.key, process.properties.get("name_en"))


def title(node: Node) -> str:
    """Return the name of an element in the chosen language."""
    return language.pick(node.name or node.id, node.properties.get("name_en"))


def named(pinned: Pinned, place: str) -> str:
    """Return the name of the element ``process.element``; its id if there is none."""
    process, _, element = place.rpartition(".")
    found = pinned.bundle.processes.get(process)
    node = None if found is None else found.nodes.get(element)
    return element if node is None else title(node)


def unit(code: str | None) -> str:
    """Return the name of a unit today; empty for none."""
    if not code:
        return ""
    app = application()
    today = app.references.calendar.local(app.clock.now()).date()
    organisation = app.references.organisation
    row = organisation.unit(code, today) if language.chosen() == "en" else None
    english = None if row is None else row.get("name_en")
    return language.pick(organisation.name(code, today), english)


def person(name: str | None) -> str:
    """Return how a user is called: demo users carry the name of their role."""
    roles = application().references.active.get("roles")
    for row in roles.rows if roles is not None and name else ():
        if row["code"] == name:
            return language.pick(str(row["name_zh"]), str(row["name_en"]))
    return name or ""
