"""What an actor may do: the table of rights, applied to a case and a task."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from engine.access.actor import PUBLIC, Actor, CaseFacts, Task
from engine.access.rights import ANYBODY, OUTSIDE, RIGHTS, Right
from engine.access.sight import around, sees
from engine.errors import AlreadyClaimed, CaseNotFound, NotAllowed
from engine.organisation import Grant, Organisation

NOBODY = Organisation({})


def require(
    actor: Actor,
    action: str,
    case: CaseFacts | None = None,
    task: Task | None = None,
    *,
    organisation: Organisation = NOBODY,
    start_roles: Collection[str] = (),
    is_offered_to_all: bool = False,
) -> Grant | None:
    """Let an action pass, or refuse it.

    Args:
        actor: who asks.
        action: a key of ``rights.RIGHTS``.
        case: the case it is about, if any; looked at first.
        task: the open task it is about, if any.
        organisation: of the actor's day; needed wherever a case is given.
        start_roles: for ``start``: the roles its start event names; none = everybody.
        is_offered_to_all: for ``start``: the start event is offered to residents without
            a login, too.

    Returns:
        The (role, unit) the actor acts in, for the record; None where it is not one
        that decides (the engine itself, a named user, the assignee of another role).

    Raises:
        CaseNotFound: the actor may not see the case.
        AlreadyClaimed: the task is somebody else's already.
        NotAllowed: names the roles and the unit that would be needed.
    """
    if actor.is_system or (is_offered_to_all and actor.name == PUBLIC):
        return None
    if case is not None and not _may_meet(actor, case, task, organisation):
        raise CaseNotFound(case.id)
    taken = task is not None and task.assignee not in {None, actor.name}
    for right in RIGHTS[action]:
        if right.relation == "candidate" and taken:
            continue
        if start_roles and action == "start":
            right = right._replace(roles=frozenset(start_roles))  # noqa: PLW2901
        passed, pair = _passes(actor, right, case, task, organisation)
        if passed:
            return pair
    if "admin" in actor.roles and not (taken and action in {"claim", "complete", "sign"}):
        return _first_pair(task)
    if taken and action in {"claim", "complete"} and _offered(actor, task)[0]:
        raise AlreadyClaimed(
            "Somebody else has signed for this task already (已被签收).",
            hint="Reload the inbox; its holder or a head of the unit can transfer it.",
        )
    raise _refusal(
        actor, action, case=case, task=task, organisation=organisation, start_roles=start_roles
    )


def require_unit(actor: Actor, action: str, unit: str, organisation: Organisation) -> None:
    """Let an action pass that is about a unit and no case, or refuse it.

    Raises:
        NotAllowed: names the roles and the unit that would be needed.
    """
    if not may_of_unit(actor, action, unit, organisation):
        facts = CaseFacts(unit, unit=unit)
        raise _refusal(
            actor, action, case=facts, task=None, organisation=organisation, start_roles=()
        )


def may_of_unit(actor: Actor, action: str, unit: str, organisation: Organisation) -> bool:
    """Return whether ``require_unit`` would let the action pass."""
    facts = CaseFacts(unit, unit=unit)
    passes = (_passes(actor, right, facts, None, organisation)[0] for right in RIGHTS[action])
    return actor.is_system or "admin" in actor.roles or any(passes)


def may(
    actor: Actor,
    action: str,
    case: CaseFacts | None = None,
    task: Task | None = None,
    *,
    organisation: Organisation = NOBODY,
    start_roles: Collection[str] = (),
) -> bool:
    """Return whether ``require`` would let the action pass."""
    try:
        require(actor, action, case, task, organisation=organisation, start_roles=start_roles)
    except (NotAllowed, CaseNotFound, AlreadyClaimed):
        return False
    return True


def may_somewhere(actor: Actor, action: str) -> bool:
    """Return whether the actor holds a role that does this in some unit: what menus offer."""
    roles = {role for right in RIGHTS[action] for role in right.roles}
    return bool(actor.roles & (roles | {"admin"})) or roles >= ANYBODY


TASK_ACTIONS = (
    "claim",
    "complete",
    "unclaim",
    "transfer",
    "suspend_task",
    "resume_task",
    "extend",
    "cosign",
    "comment",
    "attach",
    "remind",
    "copy",
)
"""What may be done with a task, in the order it is offered."""


def task_actions(
    actor: Actor, case: CaseFacts, task: Task, organisation: Organisation
) -> list[str]:
    """Return what an actor may do with a task, in the order of ``TASK_ACTIONS``."""
    allowed = [
        one for one in TASK_ACTIONS if may(actor, one, case, task, organisation=organisation)
    ]
    drop = {"claim"} if task.assignee is not None else {"unclaim", "cosign"}
    return [one for one in allowed if one not in drop]


def require_receiver(receiver: Actor, task: Task) -> None:
    """Let a task be transferred (转办) to a user, or refuse.

    Raises:
        NotAllowed: the receiver holds no role in any unit the task is offered to.
    """
    units = {one.get("unit") for one in task.candidates}
    known = not units or any(unit in units for _, unit in receiver.grants)
    if not known and not _offered(receiver, task)[0]:
        raise NotAllowed(
            f"{receiver.name!r} works in none of the units that the task is offered to.",
            hint="Choose a colleague of the same unit, or return the task.",
        )


def require_reader(receiver: Actor, case: CaseFacts, organisation: Organisation) -> None:
    """Let a case be shown (抄送) to a user or its task signed by one (加签), or refuse.

    Raises:
        NotAllowed: the receiver has no office; of a secret case, who does not see it already.
    """
    if sees(receiver, case, organisation):
        return
    if case.is_secret or not receiver.roles - OUTSIDE:
        raise NotAllowed(
            f"The case may not be shown to {receiver.name!r}.",
            hint="Choose somebody with an office; of a secret case, who sees it already.",
        )


def _may_meet(
    actor: Actor,
    case: CaseFacts,
    task: Task | None,
    organisation: Organisation,
    *,
    as_auditor: bool = True,
) -> bool:
    """The task in hand is itself a reason to see its case."""
    if task is not None and task.assignee == actor.name:
        return True
    if task is not None and task.candidates and _offered(actor, task)[0]:
        return True
    return sees(actor, case, organisation, as_auditor=as_auditor)


def _passes(
    actor: Actor,
    right: Right,
    case: CaseFacts | None,
    task: Task | None,
    organisation: Organisation,
) -> tuple[bool, Grant | None]:
    """Whether one row of the table lets the actor pass, and by which pair."""
    everybody = right.roles == ANYBODY
    if right.relation == "anywhere":
        pairs = sorted(pair for pair in actor.grants if everybody or pair[0] in right.roles)
        acting = [pair for pair in pairs if pair[0] != "auditor" or not everybody]
        return bool(acting), acting[0] if acting else None
    if right.relation == "candidate" and task is not None:
        return _offered(actor, task)
    if right.relation == "assignee" and task is not None:
        # Whoever has left office keeps no task, even where the account still works.
        in_office = bool(actor.grants) or actor.person_id is None
        return task.assignee == actor.name and in_office, _offered(actor, task)[1]
    if case is None:
        return False, None
    if right.relation == "starter":
        return actor.name == case.starter, None
    if right.relation == "involved":
        return _may_meet(actor, case, task, organisation, as_auditor=False), None
    if right.relation == "heads" and task is not None:
        units = [one["unit"] for one in task.candidates if one.get("unit")]
        found = (around(actor, right.roles, unit, organisation) for unit in units)
        pair = next((one for one in found if one), None)
        return pair is not None, pair
    if right.relation == "around":
        pair = around(actor, right.roles, case.unit, organisation)
        return pair is not None, pair
    return False, None


def is_offered(actor: Actor, task: Task) -> bool:
    """Whether a task is offered to the actor, by role or name."""
    return _offered(actor, task)[0]


def _offered(actor: Actor, task: Task | None) -> tuple[bool, Grant | None]:
    """Whether a task is offered to the actor, and as what.

    A task that is offered to nobody in particular is open to whoever sees its case;
    that was looked at before.
    """
    if task is None:
        return False, None
    if not task.candidates:
        return any(role != "auditor" for role, _ in actor.grants), None
    for one in task.candidates:
        pair = (one.get("role", ""), one.get("unit", ""))
        if pair in actor.grants:
            return True, pair
        if one.get("user") == actor.name:
            return True, None
    return False, None


def _first_pair(task: Task | None) -> Grant | None:
    pairs = [(one["role"], one["unit"]) for one in task.candidates if "role" in one] if task else []
    return pairs[0] if pairs else None


def _refusal(
    actor: Actor,
    action: str,
    *,
    case: CaseFacts | None,
    task: Task | None,
    organisation: Organisation,
    start_roles: Collection[str],
) -> NotAllowed:
    """Say which role in which unit would be needed."""
    ways = []
    for right in RIGHTS[action]:
        roles = start_roles or sorted(right.roles - ANYBODY)
        names = " or ".join(_role(role, organisation) for role in roles)
        if right.relation == "candidate" and task is not None:
            ways += [_place(one, organisation, actor.as_of) for one in task.candidates]
        elif right.relation in {"around", "heads"}:
            unit = (case and case.unit) or ""
            ways.append(f"{names} in {_unit(unit, organisation, actor.as_of)} or above")
        elif right.relation == "anywhere":
            ways.append(names or "a role")
        else:
            ways.append(_WORDS[right.relation])
    needed = "; or ".join(dict.fromkeys(ways))
    return NotAllowed(
        f"{actor.name!r} may not {action.replace('_', ' ')} here.",
        hint=f"This needs {needed}.",
    )


_WORDS = {
    "assignee": "to have signed for the task",
    "starter": "to have started the case",
    "involved": "a part in the case other than auditing it",
    "candidate": "a task",
}


def _place(one: Mapping[str, Any], organisation: Organisation, as_of: date) -> str:
    if "role" not in one:
        return f"to be {one.get('user')!r}"
    role = one["role"]
    unit = _unit(one.get("unit") or "", organisation, as_of)
    return f"{_role(role, organisation)} in {unit}"


def _role(role: str, organisation: Organisation) -> str:
    name = organisation.role_name(role)
    return role if name == role else f"{role} ({name})"


def _unit(unit: str, organisation: Organisation, as_of: date) -> str:
    return f"{unit} ({organisation.name(unit, as_of)})" if unit else "the case's unit"
