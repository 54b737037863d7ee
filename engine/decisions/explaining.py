"""Why a decision came out as it did: which rules matched, and why each other did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from engine import feel
from engine.calendar import LOCAL
from engine.decisions.evaluation import Asking
from engine.decisions.model import Decision, DecisionResult, Key, Service
from engine.decisions.running import Run
from engine.errors import DecisionFailed
from engine.scripts import Lookups

MOST = 200
"""Rules that did not match, told one by one."""


def explain(
    decision: Decision | Service,
    inputs: Mapping[str, Any],
    *,
    now: datetime | None = None,
    lookups: Lookups | None = None,
) -> dict[str, Any]:
    """Return why a decision gives what it gives, in plain JSON.

    It is computed from the decision and its inputs, and so needs no record: a case has
    pinned the one and its history leads to the other.

    Returns:
        ``{decision, result, matched, notes}``; of a table also ``inputs``, a list of
        ``{label, value}``, ``outputs``, their labels, and ``rules``, a list of ``{rule, row,
        matched, cells, gives}``, the last two the texts of its cells, that for a rule that
        did not match has the first cell that did not pass: ``input``, its label, ``cell``,
        its text, and the ``value``; annotations as ``says``. ``requires``
        has the same of the decisions it builds on; of a decision service, of those that it
        asks.

    Raises:
        DecisionFailed: it takes too many steps.
    """
    run = Run(None if now is None else now.astimezone(LOCAL))
    try:
        return _explained(Asking(decision.model, run, inputs, lookups), decision)
    except feel.FeelLimit as reason:
        raise DecisionFailed(f"Decision {decision.key!r}: {reason}", kind="limit") from reason


def _explained(asking: Asking, decision: Decision | Service) -> dict[str, Any]:
    result = asking.result(decision)
    if isinstance(decision, Service):
        found = _head(decision, result)
        # What is given from outside is not explained: it was not decided here.
        seen = {one.target for one in decision.inputs}
        required = _required(asking.inside(decision), decision.outputs, seen)
    else:
        found = _of(asking, decision, result)
        seen = {(decision.model.namespace, decision.key)} if decision.model else set()
        required = _required(asking, [one.target for one in decision.requires], seen)
    if required:
        found["requires"] = required
    return found


def _required(asking: Asking, keys: Iterable[Key], seen: set[Key]) -> list[dict[str, Any]]:
    """Return why the decisions of these keys gave what they gave, and those they build on."""
    found = []
    waiting = list(keys)
    while waiting:
        key = waiting.pop(0)
        target = asking.elements.get(key)
        if isinstance(target, Decision) and key not in seen:
            seen.add(key)
            waiting += [one.target for one in target.requires]
            found.append(_of(asking, target, asking.result(target)))
    return found


def _head(decision: Decision | Service, result: DecisionResult) -> dict[str, Any]:
    return {
        "decision": decision.key,
        "name": decision.called,
        "result": result.value,
        "matched": result.matched,
        "notes": list(result.notes),
    }


def _of(asking: Asking, decision: Decision, result: DecisionResult) -> dict[str, Any]:
    found = _head(decision, result)
    table = decision.table
    if table is None:
        return found
    scope, values = asking.explained(decision)
    shown = [feel.to_json(one) for one in values]
    found["inputs"] = [
        {"label": one.label, "value": value} for one, value in zip(table.inputs, shown, strict=True)
    ]
    found["outputs"] = [one.label for one in table.outputs]
    rules: list[dict[str, Any]] = []
    for rule in table.rules:
        told: dict[str, Any] = {
            "rule": rule.key,
            "row": rule.row,
            "matched": True,
            "cells": ["-" if cell is None else cell.text for cell in rule.tests],
            "gives": [getattr(cell, "text", "") for cell in rule.cells],
        }
        for number, cell in enumerate(rule.tests):
            if cell is not None and not cell.holds(values[number], scope, asking.run):
                told |= {
                    "matched": False,
                    "input": table.inputs[number].label,
                    "cell": cell.text,
                    "value": shown[number],
                }
                break
        if rule.annotations:
            told["says"] = [text for _, text in rule.annotations]
        rules.append(told)
    matched = [one for one in rules if one["matched"]]
    others = [one for one in rules if not one["matched"]]
    found["rules"] = sorted(matched + others[:MOST], key=lambda one: int(one["row"]))
    return found


def sentences(found: Mapping[str, Any], language: str = "zh") -> list[str]:
    """Return an explanation as lines that people read.

    Args:
        found: from ``explain``.
        language: ``zh`` or ``en``.
    """
    lines = [_line(_RESULT, language, found["name"], feel_text(found["result"]))]
    for one in found.get("rules", ()):
        says = _line(_SAYS, language, "; ".join(one["says"])) if one.get("says") else ""
        if one["matched"]:
            lines.append(_line(_MATCHED, language, one["row"]) + says)
        else:
            lines.append(
                _line(
                    _DIFFERS, language, one["row"], one["input"], feel_text(one["value"]),
                    one["cell"],
                )
            )  # fmt: skip
    for one in found.get("requires", ()):
        lines += sentences(one, language)
    return lines


_RESULT = {"zh": "{}：结果是 {}", "en": "{}: the result is {}"}
_MATCHED = {"zh": "  第 {} 行符合", "en": "  row {} matches"}
_SAYS = {"zh": "（{}）", "en": " ({})"}
_DIFFERS = {
    "zh": "  第 {} 行不符合：{} 是 {}，要求 {}",
    "en": "  row {} does not match: {} is {}, where {} is asked for",
}


def _line(forms: Mapping[str, str], language: str, *values: object) -> str:
    return forms[language].format(*values)


def feel_text(value: Any) -> str:
    """Return plain JSON as a designer would write it in a cell."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(feel_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {feel_text(one)}" for name, one in value.items()) + "}"
    return str(value)
