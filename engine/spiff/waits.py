"""What a case waits for: timers, messages, signals and conditions.

Nothing here waits by itself. A timer fires because a command says so, at the
moment that the command has; a message comes by name and keys to the oldest that
fits. All that one token opens is evaluated before the first is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.bpmn.model import EventDefinition, Node, Trigger
from engine.execution import Site
from engine.questions import Awaited, awaited, value_of
from engine.spiff.books import Sub
from engine.spiff.data import Names, names_at
from engine.spiff.kinds import Lean, Wanted
from engine.spiff.machine import Token
from engine.spiff.run import Run


def open_all(run: Run, token: Token, wanted: Sequence[Wanted], scope: str) -> list[str]:
    """Open subscriptions of ``token`` for events that lie in ``scope``.

    Returns:
        The numbers of the conditions that hold already, in order.

    Raises:
        Stuck: one of them cannot be evaluated; none is open then.
    """
    fulfilled = []
    for one in _prepare(run, token, wanted, scope):
        number = run.number()
        _open(run, number, token, scope, one)
        if one[1].value is True:
            fulfilled.append(number)
    return fulfilled


def _prepare(
    run: Run, token: Token, wanted: Sequence[Wanted], scope: str
) -> list[tuple[Wanted, Awaited]]:
    def at(purpose: str) -> tuple[Site, Names]:
        return run.site(token, purpose), names_at(run, scope)

    found = awaited(run, [definition for _, _, definition in wanted], at)
    return [(one, held) for one, held in zip(wanted, found, strict=True) if held is not None]


def _open(run: Run, number: str, token: Token, scope: str, one: tuple[Wanted, Awaited]) -> None:
    (spec, index, definition), held = one
    row = Sub(definition.trigger.value, token.name, scope, spec.element, index, held.value)
    if definition.trigger is Trigger.TIMER:
        row.since, row.text = run.moment, held.cycle
    run.subs[number] = row
    token.subs.append(number)
    if definition.trigger is Trigger.TIMER and held.value is not None:
        arm(run, number, provisional=held.provisional)
    elif definition.trigger is Trigger.MESSAGE:
        tell(run, number, "message_awaited", name=definition.name, correlation=held.value)
    elif definition.trigger is Trigger.SIGNAL:
        tell(run, number, "signal_awaited", name=definition.name)


def close(run: Run, token: Token, numbers: Sequence[str] | None = None) -> None:
    """Close what a token waits for, all of it or ``numbers``."""
    for number in list(token.subs if numbers is None else numbers):
        kind = run.subs[number].type
        if kind == "timer":
            if run.subs[number].value is not None:
                tell_timer(run, number, "timer_cancelled")
        elif kind != "conditional":
            tell(run, number, f"{kind}_abandoned")
        forget(run, number)


def forget(run: Run, number: str) -> None:
    """Take a subscription away without a word."""
    row = run.subs.pop(number)
    run.tokens[row.host].subs.remove(number)


def arm(run: Run, number: str, *, provisional: bool = False) -> None:
    """Write that a timer is armed; it is held at once where its place is on hold."""
    row = run.subs[number]
    tell_timer(
        run, number, "timer_armed", due_at=row.value, provisional=True if provisional else None
    )
    if run.is_held(row.host):
        hold_timer(run, number)


def hold_timer(run: Run, number: str) -> None:
    """Stop a timer's clock and keep the working time that is left."""
    row = run.subs[number]
    site = run.site(run.tokens[row.host], "hold")
    unit = clock_of(run, spec_of(run, row).node, row.scope)
    row.left = value_of(run.world.remaining(site, row.value, unit), "timer")
    tell_timer(run, number, "timer_held", remaining=row.left)


def clock_of(run: Run, node: Node, scope: str) -> str:
    """Return the unit that a limit is kept in while on hold: WH or, day and night, MIN."""
    text = node.properties.get("clock")
    if text is None:
        return "WH"
    unit = text if text == "continuous" else names_at(run, scope).get(text)
    return "MIN" if unit in ("continuous", "EH", "MIN") else "WH"


def tell_timer(run: Run, number: str, kind: str, /, **more: Any) -> None:
    """Write what happens to a timer."""
    row = run.subs[number]
    nth = run.tokens[row.host].nth
    run.emit(kind, row.scope, row.element, nth, timer=int(number), **more)


def tell(run: Run, number: str, kind: str, /, **more: Any) -> None:
    """Write what happens to any other subscription."""
    row = run.subs[number]
    nth = run.tokens[row.host].nth
    run.emit(kind, row.scope, row.element, nth, subscription=int(number), **more)


def definition_of(run: Run, row: Sub) -> EventDefinition:
    """Return the event definition that a subscription is about."""
    return spec_of(run, row).node.events[row.index]


def spec_of(run: Run, row: Sub) -> Lean:
    """Return the element that a subscription is about."""
    spec: Lean = run.area(row.scope).by_id[row.element]
    return spec
