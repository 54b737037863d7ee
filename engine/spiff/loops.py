"""Multi-instance activities and standard loops.

SpiffWorkflow holds the activity as a whole as a started task and its instances as
its children. The collection is read once. What the instances leave is gathered by
their number beside the tree: ``{items: {number: item}, outputs: {number: value}}``.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.model import Kind, Loop, LoopKind
from engine.questions import ask, items_of, run_script, truth, values
from engine.scripts import Code
from engine.spiff import incidents
from engine.spiff.books import ACTIVE, DONE_COUNT, FRAME, MULTI, NEXT, TOTAL, Scope
from engine.spiff.data import assign, names_at, write
from engine.spiff.kinds import DONE
from engine.spiff.limits import MAX_INSTANCES
from engine.spiff.machine import READY, Token, rank
from engine.spiff.run import Run
from engine.spiff.waits import close


def start(run: Run, host: str) -> None:
    """Open the whole of a loop, and its first instances.

    Raises:
        Stuck: its collection or condition cannot be evaluated.
    """
    token = run.tokens[host]
    loop = _loop(token)
    if loop.before is not None:
        _script(run, token, loop.before, None)
    site, names = run.site(token, "collection"), names_at(run, token.scope)
    items = items_of(run, loop, site, names, most=MAX_INSTANCES)
    standard = loop.kind is LoopKind.STANDARD
    again = not standard or not loop.test_before or _goes_on(run, token, token.scope, 0)
    process, element = run.scopes[token.scope].process, token.task_spec.element
    total = len(items)
    token.run()
    counters = [total, 0, 0, 0]
    run.scopes[host] = Scope(MULTI, process, element, token.scope, token.nth, loop=counters)
    if loop.collection is not None:
        run.data.own(host)["items"] = {str(index): item for index, item in enumerate(items)}
    if not again or (not standard and not total):
        _finish(run, token, None)
        return
    _begin(run, token, total if loop.kind is LoopKind.PARALLEL else 1)


def _loop(token: Token) -> Loop:
    loop: Loop | None = token.task_spec.node.loop
    assert loop is not None
    return loop


def _counters(run: Run, token: Token) -> list[int]:
    counters = run.scopes[token.name].loop
    assert counters is not None
    return counters


def _begin(run: Run, token: Token, more: int) -> None:
    """Let the next instances become ready."""
    counters = list(_counters(run, token))
    for index in range(counters[NEXT], counters[NEXT] + more):
        child = token.branch(token.task_spec.inner)
        child.scope, child.nth, child.instance = token.name, token.nth, index
        child.proceed()
    counters[NEXT] += more
    counters[ACTIVE] += more
    run.scopes[token.name].loop = counters


def begin_instance(run: Run, token: Token) -> None:
    """Open the frame of an instance and start the activity in it."""
    run.make_room()
    whole = token.parent
    index = token.instance
    frame = f"{whole.name}.{index}"
    own: dict[str, Any] = {}
    key: str | None = None
    items = run.data.get(whole.name).get("items")
    if items is not None and str(index) in items:
        items = dict(items)
        item = items.pop(str(index))
        run.data.own(whole.name)["items"] = items
        own = {_loop(token).item or "item": item}
        key = key_of(item)
    row = run.scopes[whole.name]
    label = str(index) if key is None else key
    run.scopes[frame] = Scope(FRAME, row.process, row.element, whole.name, whole.nth, index, label)
    if own:
        run.data.write(frame, own)
    run.tell(token, "element_entered")
    token.scope, token.name = frame, frame
    run.tokens[frame] = token
    run.perform("body", frame)


def key_of(item: Any) -> str | None:
    """Return how an item is named in paths; None: by its number."""
    if isinstance(item, dict):
        item = item.get("code", item.get("id"))
    if isinstance(item, str | int) and not isinstance(item, bool):
        return str(item)
    return None


def gather(run: Run, host: str, outcome: str | None) -> None:
    """End an instance: take its result, then see whether the whole goes on.

    Raises:
        Stuck: its result or a condition cannot be evaluated.
    """
    token = run.tokens[host]
    whole, frame = token.parent, token.scope
    loop = _loop(token)
    counters = list(_counters(run, whole))
    counters[DONE_COUNT] += 1
    counters[ACTIVE] -= 1
    # A sub-process still shows its own data to the result; a called process never does.
    net = run.top.subprocesses.get(token.id)
    inside = net.scope if net is not None and loop_body(token) else frame
    outputs = _outputs(run, token, inside, outcome)
    ends = _ends(run, token, inside, outputs, outcome)
    again = loop.kind is LoopKind.STANDARD and _goes_on(run, token, frame, counters[DONE_COUNT])
    if outputs is not None:
        run.data.own(whole.name)["outputs"] = outputs
    close(run, token)
    token.put(READY)
    token.run()
    run.top.subprocesses.pop(token.id, None)
    if net is not None:
        run.drop_scope(net.scope)
    token.scope = whole.name
    run.tell(token, "element_left")
    run.forget(token)
    run.scopes[whole.name].loop = counters
    if ends:
        for child in sorted(whole.children, key=rank):
            child.cancel()
        incidents.drop(run, whole.name)
        _finish(run, whole, outcome)
    else:
        _go_on(run, whole, outcome, again=again)


def loop_body(token: Token) -> bool:
    """Whether an instance is an embedded sub-process."""
    kind: Kind = token.task_spec.node.kind
    return kind is Kind.SUB_PROCESS


def _go_on(run: Run, whole: Token, outcome: str | None, *, again: bool) -> None:
    """Begin the next instance of a loop or end it, if nothing is going on in it."""
    counters = _counters(run, whole)
    sequential = _loop(whole).kind is LoopKind.SEQUENTIAL
    more = again or (sequential and counters[NEXT] < counters[TOTAL])
    if whole.children:
        return
    if more:
        _begin(run, whole, 1)
    else:
        _finish(run, whole, outcome)


def _outputs(run: Run, token: Token, scope: str, outcome: str | None) -> dict[str, Any] | None:
    loop = _loop(token)
    if loop.output is None:
        return None
    names = names_at(run, scope, outcome)
    found = values(run, run.site(token, "output"), [loop.output[1]], names)
    gathered = run.data.get(token.parent.name).get("outputs", {})
    return {**gathered, str(token.instance): found[0]}


def _ends(
    run: Run, token: Token, scope: str, outputs: dict[str, Any] | None, outcome: str | None
) -> bool:
    """Whether the completion condition holds, this instance counted as done."""
    loop, counters = _loop(token), _counters(run, token.parent)
    if loop.completion is None:
        return False
    special: dict[str, Any] = {
        "nrOfInstances": counters[TOTAL],
        "nrOfActiveInstances": counters[ACTIVE] - 1,
        "nrOfCompletedInstances": counters[DONE_COUNT] + 1,
    }
    if loop.output is not None and outputs is not None:
        special[loop.output[0]] = _ordered(outputs)
    names = names_at(run, scope, outcome, **special)
    answer = ask(run, run.site(token, "condition"), [loop.completion], names)[0]
    return truth(answer, loop.completion)


def _goes_on(run: Run, token: Token, scope: str, rounds: int) -> bool:
    """Whether a standard loop goes on after so many rounds."""
    loop = _loop(token)
    if loop.maximum is not None and rounds >= loop.maximum:
        return False
    if loop.condition is None:
        return loop.maximum is not None
    # A test before the round sees the number of that round, one after it its own.
    counter = rounds + 1 if loop.test_before else rounds
    names = names_at(run, scope, None, loopCounter=counter)
    answer = ask(run, run.site(token, "condition"), [loop.condition], names)[0]
    return truth(answer, loop.condition)


def _finish(run: Run, whole: Token, outcome: str | None) -> None:
    """Write the gathered results of a loop and leave it."""
    loop = _loop(whole)
    if loop.output is not None:
        outputs = run.data.get(whole.name).get("outputs", {})
        write(run, whole.scope, {loop.output[0]: _ordered(outputs)}, whole)
    whole.phase = DONE
    run.perform("exit" if loop.after is None else "around", whole.name, outcome)


def around(run: Run, host: str, outcome: str | None) -> None:
    """Run the script that follows the whole of a loop, then leave it."""
    whole = run.tokens[host]
    loop = _loop(whole)
    if loop.after is not None:
        _script(run, whole, loop.after, outcome)
    run.perform("exit", host, outcome)


def _script(run: Run, token: Token, code: Code, outcome: str | None) -> None:
    names = names_at(run, token.scope, outcome)
    found = run_script(run, run.site(token, "script"), code, names)
    assign(run, token.scope, token, found, code)


def _ordered(outputs: dict[str, Any]) -> list[Any]:
    return [outputs[number] for number in sorted(outputs, key=int)]
