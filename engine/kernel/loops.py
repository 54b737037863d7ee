"""Multi-instance activities and standard loops.

The activity as a whole is a scope with counters; each instance or round is a
frame inside it. The collection is read once. Items that wait for their instance
and results that were gathered lie in the data of the whole, where no expression
sees them: ``{items: {number: item}, outputs: {number: value}}``.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.model import Loop, LoopKind
from engine.kernel.behavior import LATER, completed, due_throws, is_pending, throw_all
from engine.kernel.completion import take_out
from engine.kernel.ending import kill, kill_content
from engine.kernel.keeping import retain
from engine.kernel.names import assign, names_at, write
from engine.kernel.plan import Place
from engine.kernel.rows import (
    ACTIVE,
    BODY,
    COUNT,
    DONE,
    ELEMENT,
    FRAME,
    INSTANCE,
    KIND,
    LABEL,
    LOOP,
    MODE,
    MULTI,
    NEXT,
    NTH,
    PARENT,
    PROCESS,
    T_NTH,
    T_SUBS,
    TOTAL,
    Row,
)
from engine.kernel.run import Run
from engine.kernel.semantics import MAX_INSTANCES
from engine.questions import Stuck, ask, items_of, run_script, truth, values
from engine.scripts import Code


def start(run: Run, name: str) -> None:
    """Open the whole of a loop where its token stands, and queue its first instances."""
    place = run.place(name)
    loop = _loop(place)
    if loop.before is not None:
        _script(run, name, loop.before, None)
    site, names = run.site(name, "collection"), names_at(run, run.surroundings(name))
    items = items_of(run, loop, site, names, most=MAX_INSTANCES)
    standard = loop.kind is LoopKind.STANDARD
    again = not standard or not loop.test_before or _goes_on(run, name, loop, 0)
    scope = run.surroundings(name)
    token = run.remove_token(name)
    total = len(items)
    mode = loop.kind.value
    process = run.scopes[scope][PROCESS]
    counters: Row = [mode, total, 0, 0, 0]
    row: Row = [MULTI, process, place.id, scope, 0, token[T_NTH], None, token[T_SUBS], [], None]
    run.add_scope(name, [*row, counters])
    if loop.collection is not None:
        run.data.own(name)["items"] = {str(index): item for index, item in enumerate(items)}
    if not again or (not standard and not total):
        _finish(run, name, None)
        return
    _begin(run, name, total if loop.kind is LoopKind.PARALLEL else 1)


def _loop(place: Place) -> Loop:
    assert place.node.loop is not None
    return place.node.loop


def _begin(run: Run, name: str, more: int) -> None:
    """Queue the next instances."""
    counters = run.scopes[name][LOOP].copy()
    for index in range(counters[NEXT], counters[NEXT] + more):
        run.queue.append((name, index))
    counters[NEXT] += more
    counters[ACTIVE] += more
    run.set_scope(name, LOOP, counters)
    run.count(name, more)


def begin_instance(run: Run, name: str, index: int) -> None:
    """Open the frame of an instance and start the activity in it."""
    run.room -= 1
    if run.room < 0:
        run.make_room()
    place = run.place(name)
    whole = run.scopes[name]
    frame = f"{name}.{index}"
    element, nth = place.id, whole[NTH]
    key: str | None = None
    own = {}
    items = run.data.get(name).get("items")
    if items is not None and str(index) in items:
        items = dict(items)
        item = items.pop(str(index))
        run.data.own(name)["items"] = items
        own = {_loop(place).item or "item": item}
        key = key_of(item)
    label = str(index) if key is None else key
    run.add_scope(frame, [FRAME, whole[PROCESS], element, name, 1, nth, index, [], [], label, None])
    if own:
        run.data.write(frame, own)
    run.emit("element_entered", name, element, nth, index)
    run.add_token(frame, element, frame, nth, instance=index)
    run.perform("body", frame)


def key_of(item: Any) -> str | None:
    """Return how an item is named in paths; None: by its number."""
    if isinstance(item, dict):
        item = item.get("code", item.get("id"))
    if isinstance(item, str | int) and not isinstance(item, bool):
        return str(item)
    return None


def gather(run: Run, inner: str, outcome: str | None) -> None:
    """End an instance: take its result, then see whether the whole goes on."""
    frame = run.surroundings(inner)
    row = run.scopes[frame]
    name, index = row[PARENT], row[INSTANCE]
    loop = _loop(run.place(name))
    counters = run.scopes[name][LOOP].copy()
    counters[DONE] += 1
    counters[ACTIVE] -= 1
    # A sub-process still shows its own data to the result; a called process never does.
    is_body = inner not in run.tokens and run.scopes[inner][KIND] == BODY
    names_in = inner if is_body else frame
    outputs = _outputs(run, name, names_in, index, outcome)
    ends = _ends(run, names_in, counters, outputs, outcome)
    again = loop.kind is LoopKind.STANDARD and _goes_on(run, frame, loop, counters[DONE])
    due = due_throws(run, names_in, loop, counters, outcome) if loop.throws else None
    if outputs is not None:
        run.data.own(name)["outputs"] = outputs
    place = run.place(name)
    if place.remembered:
        retain(run, inner, place, name)
    take_out(run, inner)
    run.remove_scope(frame)
    run.emit("element_left", name, row[ELEMENT], row[NTH], index)
    run.set_scope(name, LOOP, counters)
    left = run.count(name, -1)
    if due or is_pending(run, name):
        announce(run, name, due or [], ends, outcome)
    elif ends:
        kill_content(run, name)
        _finish(run, name, outcome)
    else:
        go_on(run, name, left, outcome, again=again)


def announce(run: Run, name: str, due: list[int], ends: bool, outcome: str | None) -> None:
    """Throw what the completion of an instance throws: at once, or when its turn has come."""
    throws = _loop(run.place(name)).throws
    later = any(throws[one].event.trigger in LATER for one in due)
    if later or is_pending(run, name):
        if ends:
            # What has not completed by now does not begin any more.
            kill_content(run, name)
        run.thrown.append((name, due, ends, outcome))
    else:
        run.perform("announce", name, due, ends, outcome)


def announced(run: Run, name: str, due: list[int], ends: bool, outcome: str | None) -> None:
    """Throw what the completion of an instance throws, then go on unless that ended it all.

    Raises:
        Stuck: see ``throw_all``.
    """
    if not throw_all(run, name, _loop(run.place(name)), due) or is_pending(run, name):
        return
    if ends:
        kill_content(run, name)
        _finish(run, name, outcome)
    else:
        go_on(run, name, run.scopes[name][COUNT], outcome)


def go_on(run: Run, name: str, left: int, outcome: str | None, *, again: bool = False) -> None:
    """Begin the next instance of a loop or end it, if nothing is going on in it."""
    counters = run.scopes[name][LOOP]
    more = again or (counters[MODE] == LoopKind.SEQUENTIAL and counters[NEXT] < _planned(counters))
    if left == 0 and more:
        _begin(run, name, 1)
    elif left == 0:
        _finish(run, name, outcome)


def _planned(counters: Row) -> int:
    # Cancelled instances were begun, but are no longer counted in the total.
    return int(counters[TOTAL] + counters[NEXT] - counters[DONE] - counters[ACTIVE])


def _outputs(
    run: Run, name: str, scope: str, index: int, outcome: str | None
) -> dict[str, Any] | None:
    loop = _loop(run.place(name))
    if loop.output is None:
        return None
    found = values(run, run.site(scope, "output"), [loop.output[1]], names_at(run, scope, outcome))
    return {**run.data.get(name).get("outputs", {}), str(index): found[0]}


def _ends(
    run: Run,
    scope: str,
    counters: Row,
    outputs: dict[str, Any] | None,
    outcome: str | None,
) -> bool:
    loop = _loop(run.place(scope))
    if loop.completion is None:
        return False
    special = completed(counters)
    if loop.output is not None and outputs is not None:
        special[loop.output[0]] = _ordered(outputs)
    names = names_at(run, scope, outcome, **special)
    answer = ask(run, run.site(scope, "condition"), [loop.completion], names)[0]
    return truth(answer, loop.completion)


def _goes_on(run: Run, at: str, loop: Loop, rounds: int) -> bool:
    """Whether a standard loop goes on after so many rounds."""
    if loop.maximum is not None and rounds >= loop.maximum:
        return False
    if loop.condition is None:
        return loop.maximum is not None
    scope = at if at in run.scopes else run.surroundings(at)
    # A test before the round sees the number of that round, one after it its own.
    counter = rounds + 1 if loop.test_before else rounds
    names = names_at(run, scope, None, loopCounter=counter)
    answer = ask(run, run.site(at, "condition"), [loop.condition], names)[0]
    return truth(answer, loop.condition)


def _finish(run: Run, name: str, outcome: str | None) -> None:
    """Write the gathered results of a loop and leave it."""
    loop = _loop(run.place(name))
    run.set_scope(name, COUNT, 0)
    if loop.output is not None:
        outputs = run.data.get(name).get("outputs", {})
        write(run, run.surroundings(name), {loop.output[0]: _ordered(outputs)}, name)
    run.perform("exit" if loop.after is None else "around", name, outcome)


def around(run: Run, name: str, outcome: str | None) -> None:
    """Run the script that follows the whole of a loop, then leave it."""
    loop = _loop(run.place(name))
    if loop.after is not None:
        _script(run, name, loop.after, outcome)
    run.perform("exit", name, outcome)


def _script(run: Run, name: str, code: Code, outcome: str | None) -> None:
    scope = run.surroundings(name)
    found = run_script(run, run.site(name, "script"), code, names_at(run, scope, outcome))
    assign(run, scope, name, found, code)


def _ordered(outputs: dict[str, Any]) -> list[Any]:
    return [outputs[number] for number in sorted(outputs, key=int)]


# -- changing a running one ------------------------------------------------------


def enclosing(run: Run, scope: str) -> tuple[str, str] | None:
    """Return the nearest multi-instance around ``scope`` and its instance there.

    Calls are no border here: a department's own process asks for one more department.
    """
    while scope:
        parent = run.scopes[scope][PARENT]
        row = run.scopes[parent]
        if row[KIND] == MULTI and row[LOOP][MODE] != LoopKind.STANDARD:
            return parent, scope
        scope = parent
    return None


def chosen(run: Run, name: str, key: str) -> Any:
    """Return the item of an instance that a person adds: what the diagram makes of a choice.

    Raises:
        Stuck: its expression fails or gives none, or such an instance is open.
    """
    loop, item = _loop(run.place(name)), key
    if loop.adding is not None and loop.adding[1] is not None:
        names = names_at(run, run.surroundings(name), None, **{loop.item or "item": key})
        item = values(run, run.site(name, "collection"), [loop.adding[1]], names)[0]
    label = key_of(item)
    if item is None:
        raise Stuck("instance-failed", f"The diagram does not let {key!r} be added.")
    if label is not None and instance_of(run, name, label) is not None:
        raise Stuck("instance-failed", f"{label!r} is there already.")
    return item


def add(run: Run, name: str, item: Any, reason: Any = None) -> None:
    """Add an instance to a running multi-instance activity.

    Raises:
        Stuck: it has as many as are allowed.
    """
    counters = run.scopes[name][LOOP].copy()
    index = _planned(counters) if counters[MODE] == LoopKind.SEQUENTIAL else counters[NEXT]
    if index >= MAX_INSTANCES:
        raise Stuck("limit", f"At most {MAX_INSTANCES:,} instances are allowed.")
    data = run.data.own(name)
    data["items"] = {**data.get("items", {}), str(index): item}
    counters[TOTAL] += 1
    run.set_scope(name, LOOP, counters)
    place = run.place(name)
    more = {"item": item, "reason": reason}
    run.emit("instance_added", name, place.id, run.scopes[name][NTH], index, **more)
    if counters[MODE] == LoopKind.PARALLEL:
        _begin(run, name, 1)


def cancel(run: Run, frame: str, reason: Any) -> None:
    """Cancel one instance; the whole goes on without it."""
    row = run.scopes[frame]
    name, index = row[PARENT], row[INSTANCE]
    place = run.place(name)
    run.emit("instance_cancelled", name, place.id, row[NTH], index, reason=reason)
    kill(run, frame)
    counters = run.scopes[name][LOOP].copy()
    counters[TOTAL] -= 1
    counters[ACTIVE] -= 1
    run.set_scope(name, LOOP, counters)
    go_on(run, name, run.count(name, -1), None)


def instance_of(run: Run, name: str, key: str) -> str | None:
    """Return the frame of the open instance with that key."""
    for child, is_token in run.children(name):
        if not is_token and run.scopes[child][LABEL] == key:
            return child
    return None
