"""What a multi-instance activity throws when one of its instances completes.

It is thrown from the activity as a whole, so that its boundary events catch it; one that
interrupts ends the activity there. Errors and escalations walk outward at once; messages
and signals wait their turn, as those of throw events do. The activity goes on, and may be
left, when what it throws is thrown.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.model import Loop, Trigger
from engine.kernel.names import names_at
from engine.kernel.rows import ACTIVE, DONE, TOTAL, Row
from engine.kernel.run import Run
from engine.kernel.throwing import throw_definition
from engine.questions import ask, truth


def due_throws(run: Run, scope: str, loop: Loop, counters: Row, outcome: str | None) -> list[int]:
    """Return which of its events the completion of an instance throws.

    Args:
        scope: whose data the conditions see.
        counters: as they are with this instance completed.

    Raises:
        Stuck: a condition fails; nothing has happened then.
    """
    due = [one for one in loop.throws if not one.first or counters[DONE] == 1]
    asked = [one.condition for one in due if one.condition is not None]
    if asked:
        site = run.site(scope, "condition")
        answers = ask(run, site, asked, names_at(run, scope, outcome, **completed(counters)))
        false = {
            code for code, answer in zip(asked, answers, strict=True) if not truth(answer, code)
        }
        due = [one for one in due if one.condition not in false]
    return [loop.throws.index(one) for one in due]


LATER = frozenset({Trigger.MESSAGE, Trigger.SIGNAL})
"""What waits until all that moves in the command has subscribed."""


def is_pending(run: Run, name: str) -> bool:
    """Whether an activity still has something to throw, before which it must not go on."""
    return any(not isinstance(one, str) and one[0] == name for one in run.thrown)


def completed(counters: Row) -> dict[str, Any]:
    """Return what conditions call the counters of a multi-instance."""
    return {
        "nrOfInstances": counters[TOTAL],
        "nrOfActiveInstances": counters[ACTIVE],
        "nrOfCompletedInstances": counters[DONE],
    }


def throw_all(run: Run, name: str, loop: Loop, due: list[int]) -> bool:
    """Throw events from an activity as a whole; return whether it is still there.

    Raises:
        Stuck: an error that nobody catches, or a payload that cannot be evaluated.
    """
    for index in due:
        throw_definition(run, name, loop.throws[index].event)
        if name not in run.scopes:
            return False
    return True
