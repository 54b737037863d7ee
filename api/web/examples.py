"""The examples of a decision table, tried in the designer as the table is typed."""

from __future__ import annotations

from flask import Blueprint

from api import uploads
from api.web import judged, language, spoken
from api.web.designs import demand
from engine import decisions
from engine.bpmn.findings import Finding
from engine.commands import JsonObject

pages = Blueprint("example_pages", __name__)
pages.before_request(demand)

_FAILED = "dmn-example"


@pages.post("/designs/<key>/draft/examples")
def tried(key: str) -> JsonObject:
    """Try the examples beside one of the tables sent; say which pass, and what each gives."""
    files, table = uploads.diagrams(None), uploads.field("table")
    beside = table.removesuffix(".dmn") + decisions.EXAMPLES
    content = files.pop(beside, b"")
    models, _ = decisions.read_files(files)
    tries, found = decisions.tried_examples(content, models.get(table), beside)
    came = {one.line: one for one in tries}
    blocks = decisions.example_blocks(content)
    passed = sum(not one.wrong for one in tries)
    return {
        "process": key,
        "blocks": [_block(one, came) for one in blocks],
        "passed": passed,
        "failed": sum(len(one.lines) for one in blocks) - passed,
        "wrong": [_says(one) for one in found if one.code != _FAILED] if content else [],
    }


def _block(one: decisions.Block, came: dict[int, decisions.Try]) -> JsonObject:
    lines = [{"cells": cells, **_came(came.get(number))} for number, cells in one.lines]
    return {"line": one.line, "names": one.names, "lines": lines}


def _came(one: decisions.Try | None) -> JsonObject:
    """Return whether a line passes and what it gives; a line that cannot be read does not."""
    if one is None:
        return {"passed": False, "says": ""}
    if one.got:
        got = ", ".join(f"{name} = {value}" for name, value in one.got.items())
        return {"passed": not one.wrong, "says": language.text("design_example_got", got=got)}
    return {"passed": False, "says": spoken.sentence(one.wrong)}


def _says(one: Finding) -> str:
    says: str = judged.told(one.to_json())["says"]
    return says
