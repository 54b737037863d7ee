"""Open tasks, brought in line with another version.

Whoever has signed for one keeps it. What the task is called, what it asks and offers,
who may sign for it and by when it is due is what the new version says; a due moment is
counted from when the task was opened, and one that a person has set stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.assignments import candidates_of, priority_of, text_of
from engine.bpmn.model import Assignment
from engine.kernel.clocks import redue, set_due
from engine.kernel.migration_words import Refusal, failed
from engine.kernel.names import names_at
from engine.kernel.plan import Place
from engine.kernel.rows import ASSIGNEE, CANDIDATES, DUE, EXTENDED, T_SCOPE, WARN
from engine.kernel.run import Run
from engine.kernel.subscriptions import clock_of, unwatch, watch_task
from engine.kernel.tasks import emit_task
from engine.questions import Stuck, ask


class Open(NamedTuple):
    """An open task as the old version has it."""

    task: str
    place: Place


def opened(run: Run) -> list[Open]:
    """Return the open tasks; the old definitions still hold."""
    return [Open(one, run.place(one)) for one in sorted(run.tasks)]


def bring(run: Run, tasks: Sequence[Open], failures: list[Refusal]) -> None:
    """Let open tasks be what the new version says, and tell what of each has changed.

    Args:
        failures: gets the texts that fail.
    """
    for one in tasks:
        try:
            _bring(run, one)
        except Stuck as stuck:
            failures.append(failed(run, one.task, stuck))


def _bring(run: Run, one: Open) -> None:
    task, was = one
    now = run.place(task)
    _describe(run, task, was, now)
    if was.limits != now.limits:
        for datum in was.limits:
            unwatch(run, "d:" + datum, task)
        watch_task(run, task)
    _limit(run, task, was.node.assignment, now.node.assignment)


def _describe(run: Run, task: str, was: Place, now: Place) -> None:
    told: dict[str, Any] = {}
    if _who(was) != _who(now):
        told = _assigned(run, task, now)
    old, new = was.node, now.node
    if old.properties.get("clock") != new.properties.get("clock"):
        told["continuous"] = clock_of(run, new, run.tokens[task][T_SCOPE]) == "MIN"
    same = (old.id, old.name, old.form, was.outcomes) == (new.id, new.name, new.form, now.outcomes)
    if same and not told:
        return
    emit_task(
        run,
        task,
        "task_changed",
        name=new.name,
        form=new.form,
        outcomes=list(now.outcomes) or None,
        **{"candidates": run.tasks[task][CANDIDATES], **told},
    )


def _who(place: Place) -> tuple[Any, ...]:
    who = place.node.assignment
    return place.groups, who.users, who.assignee, who.priority


def _assigned(run: Run, task: str, place: Place) -> dict[str, Any]:
    """Offer a task anew; return what of it is told."""
    who = place.node.assignment
    codes = [one for one in (who.assignee, who.priority, *who.users) if one is not None]
    codes += [group.unit for group in place.groups if group.unit is not None]
    names = names_at(run, run.tokens[task][T_SCOPE])
    found = ask(run, run.site(task, "assignment"), codes, names) if codes else []
    answers = dict(zip(codes, found, strict=True))
    candidates = candidates_of(
        run, who.users, place.groups, answers, lambda: run.site(task, "unit")
    )
    row = run.tasks[task].copy()
    row[CANDIDATES] = candidates
    told: dict[str, Any] = {
        "candidates": candidates,
        "priority": priority_of(answers, who.priority) or 0,
    }
    if row[ASSIGNEE] is None and who.assignee is not None:
        row[ASSIGNEE] = told["assignee"] = text_of(answers, who.assignee, "user")
    run.tasks[task] = row
    return told


def _limit(run: Run, task: str, was: Assignment, now: Assignment) -> None:
    if (was.due, was.warn) == (now.due, now.warn) or run.tasks[task][EXTENDED]:
        return
    if now.due is not None or now.warn is not None:
        redue(run, task)
    elif (run.tasks[task][DUE], run.tasks[task][WARN]) != (None, None):
        set_due(run, task, None, None)
