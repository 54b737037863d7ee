"""The scope for what is an activity's own: input mappings, a job's result."""

from __future__ import annotations

from engine.kernel.rows import FRAME, KIND, PROCESS, T_NTH, T_SCOPE, T_SUBS
from engine.kernel.run import Run


def frame_of(run: Run, name: str) -> str:
    """Return the frame that a token stands in, opened at the first need.

    It takes the place of the token in the count, and its boundary subscriptions.
    """
    token = run.tokens[name]
    scope = str(token[T_SCOPE])
    if run.scopes[scope][KIND] == FRAME:
        return scope
    element, process, nth = run.place(name).id, run.scopes[scope][PROCESS], token[T_NTH]
    run.remove_token(name)
    row = [FRAME, process, element, scope, 1, nth, None, token[T_SUBS], [], None, None]
    run.add_scope(name, row)
    run.add_token(name, element, name, nth)
    return name
