"""Evaluates decision tables, through the sandbox alone, and shapes the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.decisions.model import Cell, Decision, DecisionResult, Rule
from engine.errors import DecisionFailed
from engine.scripts import Code, Outcome, truth

Evaluate = Callable[[Sequence[Code], Mapping[str, Any]], Sequence[Outcome]]
"""Answers expressions: the sandbox, or the record of an entry."""

SHAPES = ("singleEntry", "singleResult", "collectEntries", "resultList")


def evaluate(decision: Decision, inputs: Mapping[str, Any], evaluate: Evaluate) -> DecisionResult:
    """Return what a decision gives for these inputs.

    The conditions of all rules are one batch; output cells that are expressions are
    another one, only for the rule that counts.

    Args:
        decision: from ``read``.
        inputs: data by name; only those that the decision mentions are read.
        evaluate: answers expressions.

    Raises:
        DecisionFailed: a datum is missing, a cell fails, or two rules match where
            one may. Its ``kind`` is ``limit`` when the sandbox ran out of time.
    """
    for name in sorted(decision.needs):
        if name not in inputs:
            raise DecisionFailed(
                f"Decision {decision.key!r} reads {name!r}, which is not among the data.",
                hint=f'Set it before, or make the input expression value("{name}").',
            )
    rule = _matching(decision, inputs, evaluate)
    if rule is not None:
        where = _where(decision, rule)
        return DecisionResult([_row(decision, rule.cells, where, inputs, evaluate)], [rule.key])
    if all(output.default is None for output in decision.outputs):
        return DecisionResult([], [])
    defaults = [output.default or Cell() for output in decision.outputs]
    where = f"Decision {decision.key!r}, default"
    return DecisionResult([_row(decision, defaults, where, inputs, evaluate)], [])


def _matching(decision: Decision, inputs: Mapping[str, Any], evaluate: Evaluate) -> Rule | None:
    codes = [rule.condition for rule in decision.rules if rule.condition is not None]
    answers = iter(evaluate(codes, inputs) if codes else ())
    found: Rule | None = None
    for rule in decision.rules:
        if rule.condition is not None and not _true(decision, rule, next(answers)):
            continue
        if decision.hit_policy == "F":
            return rule
        if found is not None:
            raise DecisionFailed(
                f"Decision {decision.key!r}: the rules {found.key!r} (row {found.row}) and "
                f"{rule.key!r} (row {rule.row}) both match, but its hit policy is unique.",
                hint="Make their conditions exclude each other, or use the hit policy first.",
            )
        found = rule
    return found


def _true(decision: Decision, rule: Rule, outcome: Outcome) -> bool:
    answer = truth(outcome)
    if answer.error is not None:
        raise _failed(_where(decision, rule), answer)
    return bool(answer.value)


def _row(
    decision: Decision,
    cells: Sequence[Cell],
    where: str,
    inputs: Mapping[str, Any],
    evaluate: Evaluate,
) -> dict[str, Any]:
    codes = [cell.code for cell in cells if cell.code is not None]
    answers = iter(evaluate(codes, inputs) if codes else ())
    row: dict[str, Any] = {}
    for output, cell in zip(decision.outputs, cells, strict=True):
        if cell.code is None:
            row[output.name] = cell.value
            continue
        answer = next(answers)
        if answer.error is not None:
            raise _failed(f"{where}, output {output.name!r}", answer)
        row[output.name] = answer.value
    return row


def _where(decision: Decision, rule: Rule) -> str:
    return f"Decision {decision.key!r}, rule {rule.key!r} (row {rule.row})"


def _failed(where: str, answer: Outcome) -> DecisionFailed:
    assert answer.error is not None
    error = answer.error
    return DecisionFailed(f"{where}: {error.message}", kind=error.kind, hint=None)


def shape(result: DecisionResult, decision: Decision, mode: str | None = None) -> Any:
    """Return a result in the shape that ``camunda:mapDecisionResult`` asks for.

    Args:
        result: from ``evaluate``.
        decision: the same one.
        mode: ``singleEntry`` (the value of the one output), ``singleResult`` (an
            object), ``collectEntries`` (a list of values) or ``resultList`` (a list
            of objects). Without one: ``singleEntry`` for one output, else
            ``singleResult``. The single shapes are None where no rule matched.

    Raises:
        DecisionFailed: there is no such shape, or the result does not fit it.
    """
    single = len(decision.outputs) == 1
    mode = mode or ("singleEntry" if single else "singleResult")
    if mode not in SHAPES:
        raise DecisionFailed(
            f"There is no result shape {mode!r}.", hint=f"Use one of {', '.join(SHAPES)}."
        )
    if mode in ("singleEntry", "collectEntries") and not single:
        raise DecisionFailed(
            f"Decision {decision.key!r} has {len(decision.outputs)} outputs, but {mode} takes one.",
            hint="Use singleResult or resultList.",
        )
    if mode == "resultList":
        return result.outputs
    if mode == "collectEntries":
        return [next(iter(row.values())) for row in result.outputs]
    row = result.outputs[0] if result.outputs else None
    return row if row is None or mode == "singleResult" else next(iter(row.values()))
