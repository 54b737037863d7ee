"""What an expression that a designer types would give: checked as typed, limits on the calendar."""

from __future__ import annotations

from dataclasses import dataclass

from engine import questions
from engine.bpmn import expressions
from engine.bpmn.findings import Finding
from engine.bpmn.translation import TextError
from engine.execution import Site
from engine.ports import Application
from engine.questions import Stuck
from engine.scripts import Code
from engine.worlds import LiveWorld

_PLACE = "@preview"


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of an expression before it runs in a case.

    Attributes:
        wrong: why it could not be deployed; None = it could.
        needs: names of data that it reads, in order.
        due_at: for a limit that reads no data: when it would end if it began now,
            RFC 3339 in local time; None also where it gives none.
        provisional: the calendar of that year is not official yet.
    """

    wrong: Finding | None = None
    needs: tuple[str, ...] = ()
    due_at: str | None = None
    provisional: bool = False


def preview(app: Application, text: str, *, is_limit: bool) -> Preview:
    """Check an expression as it is typed, and count a limit from now.

    Args:
        is_limit: whether it is a timer or due date, where ISO 8601 stands as it is.

    Raises:
        SandboxUnavailable: the machine failed, not the expression.
    """
    try:
        code = (expressions.moment if is_limit else expressions.expression)(text)
    except TextError as wrong:
        return Preview(_wrong(wrong.code, str(wrong), wrong.hint))
    problem = app.sandbox.check(code)
    if problem is not None:
        return Preview(_wrong(f"bad-{code.mode}", problem.message, problem.hint))
    needs = tuple(sorted(code.names))
    return Preview(needs=needs) if needs or not is_limit else _counted(app, code)


def _wrong(code: str, message: str, hint: str | None) -> Finding:
    return Finding(code, "error", "", None, None, message, hint)


def _counted(app: Application, code: Code) -> Preview:
    with app.database.reading() as tx:
        app.references.refresh(tx)
    now = app.clock.now()
    world = LiveWorld(
        case=_PLACE,
        now=now,
        sandbox=app.sandbox,
        calendar=app.references.calendar,
        reference=app.references.for_case({}, now),
        decisions={},
    )
    [answer] = world.evaluate(Site(_PLACE, _PLACE, 1, "timer"), [code], {})
    try:
        found = questions.moment(answer, code, since=now, now=now, purpose="timer")
    except Stuck as stuck:
        return Preview(_wrong("bad-expression", str(stuck), None))
    if found is None:
        return Preview()
    return Preview(due_at=found.due_at, provisional=found.provisional)
