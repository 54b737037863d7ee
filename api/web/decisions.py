"""Why the decisions of a case came out as they did, on a page: 为什么派给城管局."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from api.current import actor, application
from api.web import diagrams, language, times, values
from engine import views
from engine.commands import JsonObject
from engine.decisions import feel_text

pages = Blueprint("decision_pages", __name__)


@pages.get("/cases/<case_id>/decisions")
def show(case_id: str) -> str:
    """Show each decision of a case: what it read, which rules matched, why no other did."""
    app, who = application(), actor()
    found = views.decisions(app, who, case_id)
    parts = diagrams.parts_of(diagrams.of_case(case_id))
    return render_template(
        "decisions.html",
        case_id=case_id,
        shown=[_shown(one, parts) for one in reversed(found)],
        text_of=feel_text,
    )


def _shown(one: JsonObject, parts: values.Parts) -> JsonObject:
    """Return a decision with its place on the page and the data it read by their labels."""
    data = [
        (values.label_of(name, parts), times.plain(value)) for name, value in one["data"].items()
    ]
    whole = {} if one.get("withheld") else _told(one)
    return {
        **one,
        **whole,
        "place": f"{one['process']}.{one['element']}.{one['nth']}",
        "title": language.pick(one["title"], one["title_en"]),
        "data": data,
    }


def _told(one: JsonObject) -> JsonObject:
    """Return what a decision and those below it say, its result column by column."""
    rules = [
        rule if rule["matched"] else {**rule, "input": _label(rule["input"])}
        for rule in one.get("rules", [])
    ]
    inputs = [{**column, "label": _label(column["label"])} for column in one.get("inputs", [])]
    labels = [column["label"] for column in inputs]
    outputs = [_label(label) for label in one.get("outputs", [])]
    others = [rule for rule in rules if not rule["matched"]]
    return {
        "name": one["name"],
        "is_table": "rules" in one,
        "inputs": inputs,
        "outputs": outputs,
        "rules": rules,
        "results": _results(one["result"], outputs),
        "matching": [rule for rule in rules if rule["matched"]],
        "others": others,
        "failing": {rule["row"]: labels.index(rule["input"]) for rule in others},
        "requires": [{**below, **_told(below)} for below in one.get("requires", [])],
    }


def _label(label: str) -> str:
    """Return the half of a label such as ``六类 / variant`` that is in the chosen language."""
    chinese, slash, english = label.partition(" / ")
    return language.pick(chinese, english) if slash else label


def _results(result: Any, outputs: list[str]) -> list[tuple[str, str]]:
    """Return the result as (label, value): by the labels of the output columns, if it has them."""
    if isinstance(result, dict):
        names = list(result)
        shown = outputs if len(outputs) == len(names) else names
        return [(label, _value(result[name])) for label, name in zip(shown, names, strict=True)]
    return [(outputs[0] if len(outputs) == 1 else "", _value(result))]


def _value(value: Any) -> str:
    if value is None:
        return language.text("why_nothing")
    return value if isinstance(value, str) else feel_text(value)
