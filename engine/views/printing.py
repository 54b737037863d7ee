"""A case on paper: which fields stand where is a form, as data; what they hold goes through access.

The process names its papers (property ``prints``): keys of deployed forms. The newest
form of a key is taken, so that a corrected layout prints older cases too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import forms, store
from engine.access import Actor
from engine.bpmn.model import Process
from engine.database import Transaction
from engine.errors import NotFound
from engine.forms import Form
from engine.ports import Application
from engine.store import CaseRow
from engine.tables import resources
from engine.views.cases import brief, shown, visible

Document = dict[str, Any]

_FORM = sa.select(resources.c.sha256).where(resources.c.kind == "form", resources.c.key == p("key"))


class Paper(NamedTuple):
    """What is printed.

    Attributes:
        case: the case, briefly.
        schema: the form's own document, for its title.
        form: its components, in the order in which they are printed.
        data: what the reader may see of the case.
        position, digest: of the last entry, which the paper shows as its proof.
    """

    case: Document
    schema: Document
    form: Form
    data: Document
    position: int
    digest: str


def papers(app: Application, actor: Actor, case_id: str) -> list[Document]:
    """Return what may be printed of a case: ``{key, title, title_en}`` of each paper.

    Raises:
        CaseNotFound: it does not exist, or not for this actor.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = visible(app, tx, actor, case_id)
        found = [(key, _schema(tx, key)) for key in _named(_process(app, tx, row))]
    return [
        {"key": key, "title": _title(schema, key), "title_en": schema.get("title_en")}
        for key, schema in found
        if schema is not None
    ]


def paper(app: Application, actor: Actor, case_id: str, key: str) -> Paper:
    """Return a paper of a case, as the actor may read it.

    Raises:
        CaseNotFound: the case does not exist, or not for this actor.
        NotFound: its process has no such paper.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        row = visible(app, tx, actor, case_id)
        schema = _schema(tx, key) if key in _named(_process(app, tx, row)) else None
        if schema is None:
            raise NotFound(
                f"The process {row.process!r} prints no {key!r}.",
                hint="Its property prints names the forms that are printed.",
            )
        offered = app.references.offered(tx, orjson.loads(row.lists), app.clock.now())
        form = forms.filled(forms.load(schema), offered)
        whole = store.read_case(tx, case_id)
        assert whole is not None, "it was read before"
        held = whole.snapshot().data.get("", {})
        wanted = {name: held[name] for name in sorted(form.readable) if name in held}
        data = shown(app, tx, actor, row, wanted, place="print")
    return Paper(brief(row), schema, form, data, row.position, row.head)


def _process(app: Application, tx: Transaction, row: CaseRow) -> Process:
    return app.library.pinned(tx, row.pins).main


def _named(process: Process) -> list[str]:
    return process.properties.get("prints", "").replace(";", " ").split()


def _schema(tx: Transaction, key: str) -> Document | None:
    found = tx.one(_FORM, {"key": key})
    if found is None:
        return None
    document: Document = orjson.loads(store.get_blob(tx, found[0]))
    return document


def _title(schema: Document, key: str) -> str:
    return str(schema.get("title") or key)
