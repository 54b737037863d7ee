"""What may be done with a task or a case beside completing it: buttons, and what they send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import request

from api.current import actor, application
from api.web import diagrams, language, times
from engine import access, cases, store
from engine.commands import (
    AddSignature,
    CancelCase,
    Command,
    CopyTask,
    ExtendTask,
    JsonObject,
    RemindTask,
    RemoveSignature,
    ResumeCase,
    ResumeTask,
    SuspendCase,
    SuspendTask,
    TransferTask,
)
from engine.commands.inbox import DELEGATE
from engine.errors import InvalidData
from engine.facts import case_facts
from engine.projection import CLOSED

MOST_COLLEAGUES = 300


@dataclass(frozen=True, slots=True)
class Act:
    """A button with what it asks for.

    Attributes:
        name: what the form sends as ``act``; its words are ``act_NAME``.
        asks: ``to`` (a colleague), ``whom`` (anybody), ``readers``, ``kind``, moments,
            ``other`` (a case), ``reason``, in this order.
        is_required: names of those that must be answered.
    """

    name: str
    asks: tuple[str, ...]
    is_required: frozenset[str] = frozenset()


_TASK = {
    "transfer": Act("transfer", ("to", "reason"), frozenset({"to"})),
    "cosign": Act("cosign", ("whom", "kind", "by_when", "reason"), frozenset({"whom", "kind"})),
    "delegate": Act("delegate", ("whom", "by_when", "reason"), frozenset({"whom"})),
    "remind": Act("remind", ("reason",)),
    "copy": Act("copy", ("readers", "reason"), frozenset({"readers"})),
    "extend": Act("extend", ("due_at", "reason"), frozenset({"due_at"})),
    "suspend_task": Act(
        "suspend_task", ("review_at", "reason"), frozenset({"review_at", "reason"})
    ),
    "resume_task": Act("resume_task", ("reason",)),
}
_CASE = {
    "suspend": Act("suspend", ("reason",), frozenset({"reason"})),
    "resume": Act("resume", ("reason",)),
    "withdraw": Act("withdraw", ("reason",), frozenset({"reason"})),
    "terminate": Act("terminate", ("reason",), frozenset({"reason"})),
    "void": Act("void", ("reason",), frozenset({"reason"})),
    "merge": Act("merge", ("other", "reason"), frozenset({"other", "reason"})),
    "link": Act("link", ("other", "reason"), frozenset({"other"})),
}
_UNLINK = Act("unlink", ("other",), frozenset({"other"}))
_SPLIT = Act("split", ("reason",), frozenset({"reason"}))
_REOPEN = Act("reopen", ("reason",), frozenset({"reason"}))
RELATIONS = {"merge": _CASE["merge"], "link": _CASE["link"], "unlink": _UNLINK, "reopen": _REOPEN}
"""Acts that concern two cases (``relations``)."""
_ENDS = {"withdraw": "withdrawn", "terminate": "terminated", "void": "voided"}
_RIGHTS = {"delegate": "cosign"}
_MOMENTS = frozenset({"due_at", "by_when", "review_at"})
TASK_ACTS, CASE_ACTS = frozenset({*_TASK, "uncosign"}), frozenset(_CASE)


def of_task(task: JsonObject) -> list[Act]:
    """Return the acts that a person is offered with a task."""
    left = "suspend_task" if task["held"] else "resume_task"
    allowed = task["actions"]
    return [
        one for name, one in _TASK.items() if _RIGHTS.get(name, name) in allowed and name != left
    ]


def withheld(task: JsonObject) -> list[tuple[str, list[str]]]:
    """Return (act, roles) of what is not offered with an open task: who may do it instead.

    Without roles it is for whoever has signed for the task.
    """
    allowed, left = task["actions"], "suspend_task" if task["held"] else "resume_task"
    found = []
    for name in _TASK:
        right = _RIGHTS.get(name, name)
        if right in allowed or name == left or task["of"]:
            continue
        roles = {role for row in access.RIGHTS[right] for role in row.roles} - {"*"}
        found.append((name, sorted(diagrams.person(role) for role in roles)))
    return found


def of_case(case: JsonObject) -> list[Act]:
    """Return the acts that a person is offered with a whole case."""
    app, who = application(), actor()
    if case["state"] in CLOSED:
        return [_REOPEN] if cases.is_reopenable(app, who, case["id"]) else []
    with app.database.reading() as tx:
        row = store.read_case(tx, case["id"])
        if row is None:
            return []
        facts = case_facts(tx, row)
    left = "suspend" if case["state"] == "suspended" else "resume"
    organisation = app.references.organisation
    return [
        one
        for name, one in {**_CASE, "split": _SPLIT}.items()
        if name != left and access.may(who, name, facts, organisation=organisation)
    ]


def colleagues(task: JsonObject) -> list[tuple[str, str]]:
    """Return (user, name) of the people in the units that a task is offered to."""
    return _people({one.get("unit") for one in task["candidates"]} - {None})


def advisers(task: JsonObject) -> list[tuple[str, str]]:
    """Return (user, name) of the people who may be asked about a task: colleagues, and above."""
    app, who = application(), actor()
    around = app.references.organisation.around(task["unit"], who.as_of) if task["unit"] else []
    units = {one.get("unit") for one in task["candidates"]} - {None}
    return _people(units | set(around))


def _people(units: set[str]) -> list[tuple[str, str]]:
    app, who = application(), actor()
    organisation, day = app.references.organisation, who.as_of
    found = [
        person
        for person in organisation.people()
        if person != who.person_id
        and any(unit in units for _, unit in organisation.posts(person, day))
    ]
    return [(one, _called(one)) for one in found[:MOST_COLLEAGUES]]


def _called(person: str) -> str:
    row = application().references.organisation.person(person, actor().as_of)
    name = language.pick(row["name_zh"], row.get("name_en")) if row else person
    return f"{name} {person}"


def of_task_sent(name: str, task: str) -> Command:
    """Return the command that a button of a task has sent.

    Raises:
        InvalidData: something that it asks for is missing or cannot be read.
    """
    if name == "uncosign":
        number = request.form.get("signature", "")
        return RemoveSignature(f"{task}~{number}")
    asked = _asked(_TASK[name])
    reason, whom = asked["reason"], asked.get("whom") or ""
    if name in {"cosign", "delegate"}:
        kind = asked.get("kind") or DELEGATE
        return AddSignature(task, whom, kind, asked["by_when"], reason)
    if name == "remind":
        return RemindTask(task, reason)
    if name == "copy":
        return CopyTask(task, (asked["readers"] or "").split(), reason)
    if name == "transfer":
        return TransferTask(task, asked["to"] or "", asked["reason"], None)
    if name == "extend":
        return ExtendTask(task, asked["due_at"] or "", asked["reason"])
    if name == "suspend_task":
        return SuspendTask(task, reason, asked["review_at"])
    return ResumeTask(task, reason)


def of_case_sent(name: str) -> Command:
    """Return the command that a button of a case has sent.

    Raises:
        InvalidData: the reason is missing.
    """
    reason = _asked(_CASE[name])["reason"]
    if name in _ENDS:
        return CancelCase(end=_ENDS[name], reason=reason)
    return SuspendCase(reason=reason) if name == "suspend" else ResumeCase(reason=reason)


def asked_of(name: str) -> dict[str, str | None]:
    """Return what the form of an act that concerns two cases was filled in with.

    Raises:
        InvalidData: something that it asks for is missing.
    """
    return _asked(_SPLIT if name == "split" else RELATIONS[name])


def _asked(act: Act) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in act.asks:
        text = request.form.get(name, "").strip()[:10_000] or None
        if text is None and name in act.is_required:
            said = language.text("act_needs", name=language.text(f"ask_{name}"))
            raise InvalidData(said, findings=[{"code": "act", "key": "", "message": said}])
        found[name] = _moment(text) if name in _MOMENTS and text else text
    return found


def _moment(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as reason:
        said = language.text("fault_not-a-moment")
        findings = [{"code": "not-a-moment", "key": "", "message": said}]
        raise InvalidData(said, findings=findings) from reason
    return (at if at.tzinfo else at.replace(tzinfo=times.zone())).isoformat()
