"""Evaluates decisions and shapes what they give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine import feel
from engine.calendar import LOCAL
from engine.decisions.functions import NAMES, functions
from engine.decisions.logic import FunctionDefinition
from engine.decisions.model import (
    Decision,
    DecisionResult,
    Element,
    InputData,
    Key,
    Knowledge,
    Model,
    Required,
    Service,
)
from engine.decisions.running import Run
from engine.decisions.tables import SINGLE, Hits
from engine.errors import DecisionFailed
from engine.scripts import Lookups

SHAPES = ("singleEntry", "singleResult", "collectEntries", "resultList")


def evaluate(
    decision: Decision | Service,
    inputs: Mapping[str, Any],
    *,
    now: datetime | None = None,
    lookups: Lookups | None = None,
    strict: bool = True,
) -> DecisionResult:
    """Return what a decision gives for these inputs.

    Args:
        decision: from ``read``.
        inputs: data by name, in plain JSON; only those that the decision reads are read.
        now: the moment of FEEL's ``now()`` and ``today()``; without one they are null.
        lookups: answers what lists and the organisation are asked.
        strict: a datum that is missing or of another type than its column, and two
            rules where one may match, are errors; else null with a note, as DMN has it.

    Raises:
        DecisionFailed: of a strict evaluation, see above. Its ``kind`` is ``limit`` when
            the evaluation took too many steps, strict or not.
    """
    if strict:
        demand(decision, inputs)
    run = Run(None if now is None else now.astimezone(LOCAL), strict=strict)
    return Asking(decision.model, run, inputs, lookups).result(decision)


def demand(decision: Decision | Service, inputs: Mapping[str, Any]) -> None:
    """Refuse inputs among which a datum is missing.

    Raises:
        DecisionFailed: it names the datum.
    """
    for name in sorted(decision.needs):
        if name not in inputs:
            raise DecisionFailed(
                f"Decision {decision.key!r} reads {name!r}, which is not among the data.",
                hint=f'Set it before, or make the input expression value("{name}").',
            )


class Asking:
    """One evaluation of a decision and of all that it requires.

    Args:
        model: of the file that the decision is in.
        found: values that are given for elements, by namespace and id.
    """

    def __init__(
        self,
        model: Model | None,
        run: Run,
        data: Mapping[str, Any],
        lookups: Lookups | None = None,
        found: Mapping[Key, Any] | None = None,
    ) -> None:
        self.model, self.run, self.data, self.lookups = model, run, data, lookups
        self.elements: Mapping[Key, Element] = {} if model is None else model.elements
        self.found: dict[Key, Any] = dict(found or {})
        self._imports: dict[str, Asking] = {}

    def result(self, asked: Decision | Service) -> DecisionResult:
        """Return what the decision or service gives.

        Raises:
            DecisionFailed: see ``evaluate``.
        """
        try:
            found = self._result(asked)
        except (feel.FeelLimit, RecursionError) as reason:
            said = str(reason) if isinstance(reason, feel.FeelLimit) else "It is nested too deep."
            message = f"Decision {asked.key!r}: {said}"
            raise DecisionFailed(message, kind="limit", hint=None) from reason
        if self.run.failure is not None:
            raise self.run.failure
        return found

    def _result(self, asked: Decision | Service) -> DecisionResult:
        hits: Hits | None = None
        if isinstance(asked, Service):
            return self._answer(asked)
        if asked.table is not None:
            hits = self._hits(asked)
            value = self.run.fitted(hits.value, asked.type, f"Decision {asked.key!r}")
        else:
            value = self._decided(asked)
        notes = tuple(self.run.notes)
        if hits is not None and len(hits.rows) == 1 and value is hits.value is not None:
            return self._one_row(hits, value, notes)
        shown = feel.to_json(value)
        if hits is None or (hits.value is not None and value is None):
            return DecisionResult(
                [] if shown is None else [_as_row(asked, shown)], [], shown, notes
            )
        rows = [] if hits.value is None and not hits.rows else list(hits.rows)
        outputs: list[dict[str, Any]] = feel.to_json(rows)
        return DecisionResult(outputs, [one.key for one in hits.rules], shown, notes)

    def _answer(self, service: Service) -> DecisionResult:
        value, matched = self.inside(service).answered(service)
        shown = feel.to_json(value)
        rows = [] if shown is None else [_as_row(service, shown)]
        return DecisionResult(rows, matched, shown, tuple(self.run.notes))

    def inside(self, service: Service) -> Asking:
        """Return what the decisions of a service that is asked by name are evaluated in."""
        # Where a service says what goes in, its decisions see nothing else.
        data = {} if service.inputs else self.data
        return Asking(self.model, self.run, data, self.lookups, self._inputs(service))

    @staticmethod
    def _one_row(hits: Hits, value: Any, notes: tuple[str, ...]) -> DecisionResult:
        """Return the same of a single row, which is written as JSON but once."""
        row: dict[str, Any] = feel.to_json(hits.rows[0])
        shown = row if value is hits.rows[0] else feel.to_json(value)
        return DecisionResult([row], [one.key for one in hits.rules], shown, notes)

    def explained(self, decision: Decision) -> tuple[dict[str, Any], list[Any]]:
        """Return the scope of a decision's table and the values of its input columns."""
        table = decision.table
        assert table is not None
        scope = self.scope(decision)
        where = f"Decision {decision.key!r}"
        return scope, [one.value(scope, self.run, where) for one in table.inputs]

    # -- scopes -----------------------------------------------------------------------

    def scope(self, element: Decision | Knowledge) -> dict[str, Any]:
        """Return what an element's logic sees by name."""
        scope: dict[str, Any] = {}
        wanted = element.reads
        if isinstance(element, Decision) and element.perhaps:
            wanted |= element.perhaps
        if not wanted.isdisjoint(NAMES):
            scope.update(functions(self.run, self.data, self.lookups, wanted))
        if element.requires:
            self._prepare(element.requires)
        if isinstance(element, Decision) and element.is_open:
            scope.update(
                {name: feel.from_json(self.data[name]) for name in wanted if name in self.data}
            )
        for one in element.requires:
            _put(scope, one.path, (self._within(one) or self).found.get(one.target))
        return scope

    def _within(self, one: Required) -> Asking | None:
        """Return what a requirement is evaluated in whose data stand under its import's name.

        Two imports may lead to one file, each with data of its own. None where the data
        are given as those of the file itself.
        """
        given = self.data.get(one.path[0]) if len(one.path) == 2 else None
        if not isinstance(given, Mapping) or not _holds(given, self.elements.get(one.target)):
            return None
        if one.path[0] not in self._imports:
            self._imports[one.path[0]] = Asking(self.model, self.run, given, self.lookups)
        return self._imports[one.path[0]]

    def _prepare(self, requires: tuple[Required, ...]) -> None:
        """Find the values of requirements, those first that others build on."""
        waiting = []
        for one in reversed(requires):
            inner = self._within(one)
            if inner is None:
                waiting.append((one.target, False))
            else:
                inner._prepare((Required(one.target, one.path[1:]),))  # noqa: SLF001 - its own
        while waiting:
            key, is_ready = waiting.pop()
            if key in self.found:
                continue
            element = self.elements.get(key)
            if not is_ready and isinstance(element, Decision):
                waiting.append((key, True))
                waiting += [
                    (one.target, False)
                    for one in reversed(element.requires)
                    if self._within(one) is None
                ]
                continue
            if isinstance(element, Knowledge):
                self._function(key, element)
            else:
                self.found[key] = self._value(element)

    def _value(self, element: Element | None) -> Any:
        if isinstance(element, InputData):
            return self._given(element)
        if isinstance(element, Decision):
            return self._decided(element)
        return self._callable(element) if isinstance(element, Service) else None

    def _given(self, element: Element) -> Any:
        if element.name not in self.data:
            self.run.note(f"Input {element.name!r}", "it is not given")
            return None
        value = element.type.read(self.data[element.name])
        return self.run.fitted(value, element.type, f"Input {element.name!r}")

    def _decided(self, decision: Decision) -> Any:
        if decision.logic is None:
            return None
        found = decision.logic.evaluate(self.scope(decision), self.run)
        return self.run.fitted(found, decision.type, f"Decision {decision.key!r}")

    def _hits(self, decision: Decision) -> Hits:
        table = decision.table
        assert table is not None
        return table.decide(self.scope(decision), self.run)

    # -- functions --------------------------------------------------------------------

    def _function(self, key: Key, element: Knowledge) -> None:
        if not isinstance(element.logic, FunctionDefinition):
            self.found[key] = None
            return
        scope: dict[str, Any] = {}
        # Known before what it requires is: functions may call themselves and each other.
        self.found[key] = function = element.logic.closure(scope, self.run)
        scope.update(self.scope(element))
        scope[element.name] = function

    def _callable(self, service: Service) -> feel.Function:
        def call(*values: Any) -> Any:
            given = {}
            for one, value in zip(service.inputs, values, strict=True):
                kind = self.elements[one.target].type
                given[one.target] = self.run.fitted(value, kind, f"Input {one.path[-1]!r}")
            return Asking(self.model, self.run, {}, self.lookups, given).answered(service)[0]

        names = tuple(self.elements[one.target].name for one in service.inputs)
        return feel.Function(names, call, service.name)

    def _inputs(self, service: Service) -> dict[Key, Any]:
        """Return what the data give for the inputs of a service that is asked by name."""
        found = {}
        for one in service.inputs:
            element = self.elements[one.target]
            if element.name in self.data or isinstance(element, InputData):
                found[one.target] = self._given(element)
        return found

    def answered(self, service: Service) -> tuple[Any, list[str]]:
        """Return the values of a service's decisions, a single one as it is, and what matched."""
        self._prepare(tuple(Required(one, ("",)) for one in service.outputs))
        values, matched = {}, []
        for key in service.outputs:
            element = self.elements.get(key)
            if element is not None:
                values[element.name] = self.found.get(key)
            if isinstance(element, Decision) and element.table is not None:
                matched += [one.key for one in self._hits(element).rules]
        value = next(iter(values.values())) if len(values) == 1 else values or None
        return self.run.fitted(value, service.type, f"Decision service {service.key!r}"), matched


def _holds(given: Mapping[str, Any], element: Element | None) -> bool:
    """Whether data under the name of an import are those that an element of it needs."""
    if isinstance(element, InputData):
        return element.name in given
    if not isinstance(element, Decision) or not element.needs:
        return False
    return not element.needs.isdisjoint(given) or any(
        isinstance(one, Mapping) for one in given.values()
    )


def _put(scope: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Put a value under a name, or under the names of imports and its own."""
    if len(path) == 1:
        scope[path[0]] = value
        return
    inner = scope.get(path[0])
    scope[path[0]] = {**(inner if isinstance(inner, dict) else {}), path[1]: value}


def _as_row(asked: Decision | Service, value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {asked.name: value}


def shape(result: DecisionResult, decision: Decision | Service, mode: str | None = None) -> Any:
    """Return a result in the shape that ``camunda:mapDecisionResult`` asks for.

    Args:
        result: from ``evaluate``.
        decision: the same one.
        mode: ``singleEntry`` (the value of the one output), ``singleResult`` (an
            object), ``collectEntries`` (a list of values) or ``resultList`` (a list
            of objects). Without one the value as DMN has it: for a table where one
            rule counts the one output, or an object of all. The single shapes are None
            where no rule matched.

    Raises:
        DecisionFailed: there is no such shape, or the result does not fit it.
    """
    if mode is not None and mode not in SHAPES:
        raise DecisionFailed(
            f"There is no result shape {mode!r}.", hint=f"Use one of {', '.join(SHAPES)}."
        )
    table = None if isinstance(decision, Service) else decision.table
    if isinstance(decision, Service) or table is None:
        return _shaped(result.value, mode, decision)
    if mode is None and table.policy not in SINGLE:
        return result.value
    single = len(decision.outputs) == 1
    mode = mode or ("singleEntry" if single else "singleResult")
    if mode in ("singleEntry", "collectEntries") and not single:
        raise DecisionFailed(
            f"Decision {decision.key!r} has {len(decision.outputs)} outputs, but {mode} takes one.",
            hint="Use singleResult or resultList.",
        )
    if mode == "resultList":
        return result.outputs
    if mode == "collectEntries":
        return [next(iter(row.values())) for row in result.outputs]
    if table.policy not in SINGLE:
        return result.value
    row = result.outputs[0] if result.outputs else None
    return row if row is None or mode == "singleResult" else next(iter(row.values()))


def _shaped(value: Any, mode: str | None, decision: Decision | Service) -> Any:
    """Return what is no table in a shape: a list where one is asked for, else as it is."""
    if isinstance(decision, Service):
        single = len(decision.outputs) == 1
        if mode in ("singleEntry", "collectEntries") and not single:
            raise DecisionFailed(
                f"Decision service {decision.key!r} has {len(decision.outputs)} outputs, but "
                f"{mode} takes one.",
                hint="Use singleResult.",
            )
        if mode == "singleResult" and single and value is not None:
            return _as_row(decision, value)
    if mode in ("collectEntries", "resultList") and not isinstance(value, list):
        return [] if value is None else [value]
    return value


__all__ = ["SHAPES", "Asking", "demand", "evaluate", "shape"]
