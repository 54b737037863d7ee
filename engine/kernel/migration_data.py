"""Data that a new version declares and a case does not have yet: each gets its default.

As if the scope began now. A datum that is there stays as it is, whether the old version
declared it or somebody wrote it.
"""

from __future__ import annotations

from engine.kernel.activities import defaults
from engine.kernel.migration_words import Refusal, failed
from engine.kernel.names import names_at, write_own
from engine.kernel.rows import BODY, CALL, CASE, I_HOST, I_STEP, KIND, PARENT
from engine.kernel.run import Run
from engine.questions import Stuck


def bring(run: Run, failures: list[Refusal]) -> None:
    """Write the defaults of new data, from the outermost scope inwards; the new version holds.

    Args:
        failures: gets the texts that fail.
    """
    not_begun = {row[I_HOST] for row in run.incidents.values() if row[I_STEP] == "begin_case"}
    for scope in sorted(run.scopes, key=lambda name: (_depth(run, name), name)):
        if run.scopes[scope][KIND] in (CASE, CALL, BODY) and scope not in not_begun:
            try:
                _declare(run, scope)
            except Stuck as stuck:
                failures.append(failed(run, scope, stuck))


def _depth(run: Run, scope: str) -> int:
    depth = 0
    while (around := run.scopes[scope][PARENT]) is not None:
        scope, depth = around, depth + 1
    return depth


def _declare(run: Run, scope: str) -> None:
    known = run.data.get(scope)
    new = {key: code for key, code in run.area(scope).scope.data.items() if key not in known}
    if new:
        write_own(run, scope, defaults(run, scope, new, names_at(run, scope)), scope)
