"""Two versions of a design beside each other: in colour on the drawing, and in words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, render_template, request

from api import uploads
from api.current import actor, application
from api.web import language, lit, spoken, times
from api.web.designs import demand
from engine import decisions, drafts, views
from engine.bpmn import differences, sentences
from engine.bpmn.differences import Change, Fact
from engine.commands import JsonObject
from engine.drafts import Draft
from engine.errors import EngineError, NotFound

pages = Blueprint("difference_pages", __name__)
pages.before_request(demand)

DRAFT = "draft"
_LONG = 160


@pages.get("/designs/<key>/differences")
def show(key: str) -> str:
    """Show what has changed from one version, or the draft, to another."""
    app = application()
    versions = [one["version"] for one in _versions(key)]
    newest = drafts.opened(app, actor(), key)
    asked = request.args.get("to", DRAFT if newest.revision else _last(versions, 1))
    since = request.args.get("from", _last(versions, 1 if asked == DRAFT else 2))
    old, new = _of(key, since), _of(key, asked)
    return render_template(
        "design_differences.html",
        name=new.name,
        process=key,
        versions=[*map(str, versions), *([DRAFT] if newest.revision else [])],
        since=since,
        until=asked,
        told=tell(old.files, new.files),
        given={"old": old.files[old.diagram], "new": new.files[new.diagram], **_marks(old, new)},
        has_viewer=lit.has_viewer(),
    )


@pages.post("/designs/<key>/draft/differences")
def unsaved(key: str) -> JsonObject:
    """Say in words what the files sent differ in from the draft as it is kept."""
    files = {
        name: content.decode(errors="replace") for name, content in uploads.diagrams(None).items()
    }
    kept = drafts.opened(application(), actor(), key)
    return {"told": tell(kept.files, files)}


def _versions(key: str) -> list[JsonObject]:
    try:
        found: list[JsonObject] = views.definition(application(), key)["versions"]
    except NotFound:
        return []
    return found


def _last(versions: list[int], place: int) -> str:
    return str(versions[-min(place, len(versions))]) if versions else DRAFT


def _of(key: str, asked: str) -> Draft:
    if asked.isdecimal() and len(asked) < 10:
        return drafts.deployed(application(), actor(), key, int(asked))
    return drafts.opened(application(), actor(), key)


def _marks(old: Draft, new: Draft) -> JsonObject:
    found = differences.compare(old.files[old.diagram].encode(), new.files[new.diagram].encode())
    return {
        "added": [one.element for one in found if one.kind == "added"],
        "removed": [one.element for one in found if one.kind == "removed"],
        "changed": [one.element for one in found if one.kind == "changed"],
        "moved": [one.element for one in found if one.kind == "moved"],
    }


# -- in words --------------------------------------------------------------------------------


def tell(old: Mapping[str, str], new: Mapping[str, str]) -> list[JsonObject]:
    """Return ``{kind, element, says, facts}`` of each change of diagram, decisions and forms."""
    before, after = _diagram(old), _diagram(new)
    found = [_told(one) for one in differences.compare(before.encode(), after.encode())]
    for name in sorted({*old, *new}):
        if name.endswith((".bpmn", ".xml")) or old.get(name) == new.get(name):
            continue
        found.append(_file(name, old.get(name), new.get(name)))
    return found


def _diagram(files: Mapping[str, str]) -> str:
    return next((files[one] for one in files if one.endswith((".bpmn", ".xml"))), "")


def _told(one: Change) -> JsonObject:
    kind = sentences.phrases().get(one.tag, one.tag) if language.chosen() == "zh" else one.tag
    name = f"{kind} “{one.name}”" if one.name else f"{kind} {one.element}"
    return {
        "kind": one.kind,
        "element": one.element,
        "says": language.text(f"difference_{one.kind}", name=name),
        "facts": [_fact(each) for each in one.facts],
    }


def _fact(one: Fact) -> str:
    key = f"fact_{one.what.rpartition('.')[2].lower()}"
    what = language.text(key) if language.known(key) else one.what
    if one.before is None:
        return language.text("fact_new", what=what, after=_short(one.after))
    if one.after is None:
        return language.text("fact_gone", what=what, before=_short(one.before))
    return language.text(
        "fact_other", what=what, before=_short(one.before), after=_short(one.after)
    )


def _short(text: str | None) -> str:
    text = text or times.plain(None)
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def _file(name: str, old: str | None, new: str | None) -> JsonObject:
    kind = "added" if old is None else "removed" if new is None else "changed"
    facts: list[str] = []
    if old is not None and new is not None:
        if name.endswith(".dmn"):
            facts = _rules(name, old, new)
        elif name.endswith(decisions.EXAMPLES):
            facts = list(_examples(old, new))
        else:
            facts = list(_fields(old, new))
    says = language.text(f"difference_{kind}", name=name)
    return {"kind": kind, "element": None, "says": says, "facts": facts}


def _rules(name: str, old: str, new: str) -> list[str]:
    before, after = (decisions.Version(name, {name: one.encode()}) for one in (old, new))
    try:
        return decisions.differing(decisions.compare(before, after), language.chosen())
    except EngineError as refusal:
        return [spoken.refusal(refusal)]


def _examples(old: str, new: str) -> Iterator[str]:
    """Yield which lines of examples are gone and which are new."""
    before, after = (
        Counter(", ".join(cells) for one in _blocks(text) for _, cells in one.lines)
        for text in (old, new)
    )
    for line in before - after:
        yield language.text("difference_removed", name=line)
    for line in after - before:
        yield language.text("difference_added", name=line)


def _blocks(text: str) -> list[decisions.Block]:
    return decisions.example_blocks(text.encode())


def _fields(old: str, new: str) -> Iterator[str]:
    """Yield what fields of a form are new, gone or other, and what of them is other."""
    before, after = _components(old), _components(new)
    for key in dict.fromkeys((*after, *before)):
        if before.get(key) == after.get(key):
            continue
        shown = after.get(key) or before.get(key) or {}
        label = str(shown.get("label") or key or language.text("dz_f_form"))
        name = language.pick(label, str(shown.get("label_en") or label))
        if key not in before or key not in after:
            kind = "added" if key not in before else "removed"
            yield language.text(f"difference_{kind}", name=name)
        else:
            facts = "; ".join(_members(before[key], after[key]))
            yield f"{language.text('difference_changed', name=name)}: {facts}"
    known = [key for key in before if key in after]
    if known != [key for key in after if key in before]:
        yield language.text("difference_order")


def _members(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a component says otherwise, member by member."""
    old, new = _flat(before), _flat(after)
    for member in dict.fromkeys((*old, *new)):
        if old.get(member) != new.get(member):
            key = f"dz_f_{member}"
            fact = Fact(
                language.text(key) if language.known(key) else member,
                _member(old.get(member)),
                _member(new.get(member)),
            )
            yield _fact(fact)


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a component, those of its inner objects beside them."""
    found: dict[str, Any] = {}
    for name, value in one.items():
        is_inner = name in {"validate", "conditional"} and isinstance(value, dict)
        found.update(value if is_inner else {name: value})
    return found


def _member(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return language.text("dz_yes" if value else "dz_no")
    return json.dumps(value, ensure_ascii=False)


def _components(text: str) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    found: dict[str, dict[str, Any]] = {
        # The form itself.
        "": {name: value for name, value in document.items() if name != "components"}
    }
    waiting: list[dict[str, Any]] = [document]
    while waiting:
        inner = waiting.pop(0).get("components")
        for part in inner if isinstance(inner, list) else ():
            if isinstance(part, dict):
                key = str(part.get("key") or part.get("id") or part.get("path") or len(found))
                found[key] = {name: value for name, value in part.items() if name != "components"}
                waiting.append(part)
    return found
