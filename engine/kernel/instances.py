"""Which instances of multi-instance activities are open: what people may take out of a case."""

from __future__ import annotations

from engine.bpmn.model import LoopKind
from engine.execution import Bundle, Instance, Snapshot
from engine.kernel.keeping import SWEEPS
from engine.kernel.marking import Look
from engine.kernel.names import names_at
from engine.kernel.plan import plan_of
from engine.kernel.rows import (
    DONE,
    ELEMENT,
    FRAME,
    INSTANCE,
    KIND,
    LABEL,
    LOOP,
    MODE,
    MULTI,
    NTH,
    PARENT,
    PROCESS,
    T_SCOPE,
    TOTAL,
)


def open_ones(bundle: Bundle, snapshot: Snapshot) -> list[Instance]:
    """Return the open instances, activity by activity in the order of their names."""
    look = Look(bundle, snapshot)
    swept = snapshot.control.get("undo", {}).get(SWEEPS, ())
    wholes = {
        name
        for name, row in look.scopes.items()
        if row[KIND] == MULTI and row[LOOP][MODE] != LoopKind.STANDARD and name not in swept
    }
    frames = [
        name for name, row in look.scopes.items() if row[KIND] == FRAME and row[PARENT] in wholes
    ]
    ranked = sorted(frames, key=lambda one: (look.scopes[one][PARENT], look.scopes[one][INSTANCE]))
    return [_instance(look, one) for one in ranked]


def _instance(look: Look, frame: str) -> Instance:
    row = look.scopes[frame]
    whole = look.scopes[row[PARENT]]
    place = plan_of(look.bundle.processes[row[PROCESS]]).places[row[ELEMENT]]
    loop = place.node.loop
    item = None if loop is None else loop.item
    choices = None
    if loop is not None and loop.adding is not None:
        choices = names_at(look, whole[PARENT]).get(loop.adding[0])
    return Instance(
        activity=row[PARENT],
        process=row[PROCESS],
        element=row[ELEMENT],
        nth=row[NTH],
        instance=row[INSTANCE],
        key=row[LABEL],
        item=look.data.get(frame).get(item or "item"),
        held=look.is_held(frame) or any(_lies_in(look, one, frame) for one in look.held),
        total=whole[LOOP][TOTAL],
        done=whole[LOOP][DONE],
        choices=choices,
    )


def _lies_in(look: Look, name: str, frame: str) -> bool:
    """Whether what is on hold, a task or a scope, lies in an instance."""
    token = look.tokens.get(name)
    scope = name if token is None else token[T_SCOPE]
    while scope not in ("", frame):
        scope = look.scopes[scope][PARENT]
    return bool(scope == frame)
