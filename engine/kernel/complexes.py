"""Complex gateways: they go on when their activation condition holds (BPMN 2.0, 13.4.5).

Such a gateway waits for its start until the condition holds, which may look at the
tokens on its flows, and takes one of each flow that has some. Then it waits for its
reset: until each other flow has brought a token or nothing can come over it any more,
judged as at an inclusive join. These late tokens are absorbed, and it begins anew. At
the reset outgoing flows with a condition are asked once more; ``waitingForStart`` tells
the two times apart.

What it holds lies with the inclusive joins: flow -> tokens. ``-flow`` marks a flow that
was taken from at the start; the empty name is a token that keeps the scope open for
what the reset may still send.
"""

from __future__ import annotations

from engine.kernel.incidents import raise_incident
from engine.kernel.merging import forget_empty, hold, nothing_comes, owned
from engine.kernel.names import names_at
from engine.kernel.plan import Place
from engine.kernel.rows import I_ARGUMENTS, I_STEP, RESETTING
from engine.kernel.run import Run
from engine.questions import Stuck, ask, truth

_TAKEN = "-"
_KEEPS_OPEN = ""


def arrive_complex(run: Run, scope: str, gateway: Place, flow: str | None) -> None:
    """Hold a token; where the gateway waits for its start, see whether it may go on."""
    held = hold(run, run.merges, scope, gateway, flow)
    if not _taken(held):
        run.perform("meet", scope, gateway.id)


def fire_complex(run: Run) -> bool:
    """Look again at the gateways that wait; return whether something happened.

    Called when nothing else moves: those reset to which nothing comes any more, and
    those are judged anew whose condition mentions a datum written since.
    """
    due = [
        (scope, key)
        for scope in sorted(run.merges)
        for key in sorted(run.merges[scope])
        if (place := run.area(scope).places[key]).special == "meet" and _is_due(run, scope, place)
    ]
    for scope, key in due:
        run.perform("meet", scope, key)
    return bool(due)


def meet(run: Run, scope: str, key: str) -> None:
    """Let a gateway start or reset, if it may."""
    if key not in run.merges.get(scope, ()):
        return
    gateway = run.area(scope).places[key]
    held = owned(run, run.merges, scope, key)
    if _taken(held):
        if _may_reset(run, scope, gateway):
            _reset(run, scope, gateway, held)
    elif _is_active(run, scope, gateway, held):
        _start(run, scope, gateway, held)


def _taken(held: dict[str, int]) -> list[str]:
    return [flow[1:] for flow in held if flow.startswith(_TAKEN)]


def _is_due(run: Run, scope: str, gateway: Place) -> bool:
    if _taken(run.merges[scope][gateway.id]):
        return _may_reset(run, scope, gateway)
    code = gateway.node.activation
    if code is None:
        return False
    since = 0 if run.judged is None else run.judged.get((scope, gateway.id), 0)
    return any(
        event["type"] == "data_written" and not code.names.isdisjoint(event["names"])
        for event in run.events[since:]
    )


def _may_reset(run: Run, scope: str, gateway: Place) -> bool:
    held = run.merges[scope][gateway.id]
    filled = {*held, *_taken(held)}
    mask = sum(1 << bit for bit, flow in enumerate(gateway.node.incoming) if flow in filled)
    return nothing_comes(run, scope, gateway.id, mask)


def _is_active(run: Run, scope: str, gateway: Place, held: dict[str, int]) -> bool:
    """Whether the activation condition holds; one that fails is an incident at the gateway."""
    code = gateway.node.activation
    if code is None:
        return True
    run.judged = {**(run.judged or {}), (scope, gateway.id): len(run.events)}
    own = [scope, gateway.id]
    if any((row[I_STEP], row[I_ARGUMENTS]) == ("meet", own) for row in run.incidents.values()):
        return False
    counts = {flow: held.get(flow, 0) for flow in gateway.node.incoming}
    names = names_at(run, scope, None, **counts, activationCount=sum(counts.values()))
    try:
        return truth(ask(run, run.site(scope, "condition"), [code], names)[0], code)
    except Stuck as stuck:
        raise_incident(
            run,
            scope,
            stuck.code,
            stuck.message,
            step="meet",
            arguments=own,
            expression=stuck.expression,
            element=gateway.id,
        )
        return False


def _start(run: Run, scope: str, gateway: Place, held: dict[str, int]) -> None:
    taken = [flow for flow in gateway.node.incoming if held.get(flow)]
    more = 1
    _take(held, taken)
    for flow in taken:
        held[_TAKEN + flow] = 0
    if gateway.conditions:
        held[_KEEPS_OPEN] = 1
        more += 1
    run.count(scope, more - len(taken))
    run.perform("exit", run.enter(scope, gateway), None)


def _reset(run: Run, scope: str, gateway: Place, held: dict[str, int]) -> None:
    taken = _taken(held)
    late = [flow for flow in gateway.node.incoming if held.get(flow) and flow not in taken]
    _take(held, late)
    for flow in taken:
        del held[_TAKEN + flow]
    asks = held.pop(_KEEPS_OPEN, 0)
    forget_empty(run.merges, scope, gateway.id, held)
    if asks:
        # The token that kept the scope open is the one that leaves.
        run.count(scope, -len(late))
        run.perform("exit", run.enter(scope, gateway, RESETTING), None)
    elif run.count(scope, -len(late)) == 0:
        run.perform("complete", scope)
    if held and gateway.id in run.merges.get(scope, ()):
        run.perform("meet", scope, gateway.id)


def _take(held: dict[str, int], flows: list[str]) -> None:
    for flow in flows:
        held[flow] -= 1
        if not held[flow]:
            del held[flow]
