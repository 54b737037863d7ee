"""The topic ``collect-figures`` in memory: nothing has been counted there."""

from __future__ import annotations

from typing import Any

from engine.calendar import LOCAL
from engine.clock import text
from engine.figures.freezing import codes_of
from engine.score_rules import RATED
from tests.scenario_stages import Stage

NOTHING = {"value": None, "text": "–", "numerator": "0", "denominator": "0", "n": 0}


def collect(stage: Stage, rules: list[dict[str, Any]], data: dict[str, Any]) -> dict[str, Any]:
    """Return every figure as it is where nothing has happened yet."""
    metrics = [
        one["metric"]
        for one in rules
        if one["ruleset"] == data.get("ruleset") and one["kind"] in RATED
    ]
    codes = dict.fromkeys([*codes_of(data.get("codes")), *metrics])
    return {
        "figures": {code: dict(NOTHING) for code in codes},
        "points": dict.fromkeys(metrics),
        "score": None,
        "collected_at": text(stage.now().astimezone(LOCAL)),
    }
