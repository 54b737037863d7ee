"""When the work of an activity is done: scripts after it, mappings out, then on.

The name of a step's token or scope is that of the innermost thing that was
working: a task's token, or the body of a sub-process or call.
"""

from __future__ import annotations

from engine.bpmn.model import Kind
from engine.kernel.flows import leave
from engine.kernel.keeping import retain
from engine.kernel.names import assign, data_at, names_at, write, write_own
from engine.kernel.plan import Place
from engine.kernel.rows import COUNT, FRAME, INSTANCE, KIND, PARENT, T_SCOPE, T_SUBS
from engine.kernel.run import Run
from engine.kernel.subscriptions import close
from engine.questions import mapped, run_script


def finish(run: Run, name: str, outcome: str | None) -> None:
    """Run the script that follows the work of an activity."""
    place = run.place(name)
    if place.plain:
        hand_on(run, name, place, outcome)
        return
    after = place.node.after
    if after is not None:
        scope = run.surroundings(name)
        names = names_at(run, scope, outcome)
        found = run_script(run, run.site(name, "script"), after, names)
        assign(run, scope, name, found, after)
    run.perform("map", name, outcome)


def map_out(run: Run, name: str, outcome: str | None) -> None:
    """Copy data over the border of an activity, then leave it or end the instance."""
    place = run.place(name)
    node = place.node
    around = run.surroundings(name)
    if node.outputs or (node.all_out and name in run.scopes):
        inside = around if name in run.tokens else name
        names = names_at(run, inside, outcome)
        found = mapped(run, run.site(name, "mapping"), node.outputs, names)
        if node.all_out and node.kind is Kind.CALL:
            found = {**data_at(run, name), **found}
        _write_out(run, around, found, name)
    hand_on(run, name, place, outcome)


def _write_out(run: Run, around: str, found: dict[str, object], name: str) -> None:
    row = run.scopes[around]
    if row[KIND] == FRAME and row[INSTANCE] is not None:
        # What the mappings of an instance name is its own.
        write_own(run, around, found, name)
    elif row[KIND] == FRAME:
        # The frame and what stands in it share a name: its parent is in its own row.
        write(run, run.scopes[around][PARENT], found, name)
    else:
        write(run, around, found, name)


def hand_on(run: Run, name: str, place: Place, outcome: str | None) -> None:
    """Leave an activity whose work is done, or end the instance that it is."""
    around = run.tokens[name][T_SCOPE] if name in run.tokens else run.scopes[name][PARENT]
    row = run.scopes[around]
    if row[KIND] != FRAME:
        if place.only is not None:
            leave(run, name, place, place.exits, outcome)
        else:
            run.perform("exit", name, outcome)
    elif row[INSTANCE] is not None:
        run.perform("gather", name, outcome)
    else:
        if place.remembered:
            retain(run, name, place, around)
        take_out(run, name)
        run.perform("exit", around, outcome)


def take_out(run: Run, name: str) -> None:
    """Take what was working out of its frame."""
    frame = run.surroundings(name)
    token = run.tokens.get(name)
    if token is not None:
        close(run, token[T_SUBS])
        run.remove_token(name)
    else:
        run.remove_scope(name)
    run.set_scope(frame, COUNT, 0)
