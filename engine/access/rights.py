"""Which role may do what, as data: the table that access judges by.

One row = an action, the roles that may do it, and how the actor must stand to
the case. The relations are

* ``anywhere``  the role in any unit;
* ``around``    the role in the case's unit or in one above it;
* ``candidate`` the task is offered to a role the actor holds, in that unit;
* ``assignee``  the actor has claimed the task;
* ``heads``     the role in a unit the task is offered to, or in one above it;
* ``starter``   the actor started the case;
* ``involved``  the actor sees the case otherwise than as auditor.

``ANYBODY`` stands for every role. ``admin`` is not listed: it may do everything
here, but separation of duties binds it too. An ``auditor`` reads everything and
acts in nothing, so the role stands in no row.
"""

from __future__ import annotations

from typing import NamedTuple

ANYBODY = frozenset({"*"})


class Right(NamedTuple):
    """Who may do something; ``why`` says where the rule comes from."""

    roles: frozenset[str]
    relation: str
    why: str


def _roles(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _right(roles: str, relation: str, why: str) -> Right:
    return Right(_roles(roles), relation, why)


_CHIEFS = "street_leader street_secretary district_coordinator district_leader"
CHIEFS = _roles(_CHIEFS)
"""Who leads at the street and in the district."""

_HEADS = (
    "dept_head community_secretary community_director street_leader street_secretary "
    "district_coordinator"
)

RIGHTS: dict[str, tuple[Right, ...]] = {
    # -- tasks
    "claim": (_right("*", "candidate", "签收: whoever it is offered to; the first one wins"),),
    "complete": (
        _right("*", "assignee", "办理: who has signed for it"),
        _right("*", "candidate", "completing an unclaimed task claims it"),
    ),
    "unclaim": (
        _right("*", "assignee", "取消签收"),
        _right(_HEADS, "heads", "a head gives back what an absent colleague holds"),
    ),
    "transfer": (
        _right("*", "assignee", "转办"),
        _right(_HEADS, "heads", "a head moves what an absent colleague holds"),
    ),
    "suspend_task": (_right("district_coordinator", "around", "挂起 is the district's decision"),),
    "resume_task": (_right("district_coordinator", "around", "as suspending"),),
    "extend": (_right(_CHIEFS, "around", "延期 is granted by the street or the district"),),
    "cosign": (
        _right("*", "assignee", "加签、委派: who has signed for the task asks others"),
        _right(_HEADS, "heads", "or a head of the unit, for one who is absent"),
    ),
    "uncosign": (
        _right("*", "assignee", "减签: who has signed for the task"),
        _right(_HEADS, "heads", "or a head of the unit, for one who is absent"),
    ),
    "sign": (_right("*", "assignee", "会签意见: the person who was asked, nobody else"),),
    "copy": (
        _right("*", "assignee", "抄送 shows the case to others: who handles it decides that"),
        _right("*", "candidate", "or will"),
        _right(_CHIEFS, "around", "or leads those who do"),
    ),
    "comment": (_right("*", "involved", "沟通 between those who work on the case"),),
    "attach": (
        _right("*", "assignee", "proof comes from who handles the task"),
        _right("*", "candidate", "or will"),
    ),
    "remind": (_right("*", "involved", "催办"),),
    "start_activity": (
        _right(
            "*", "candidate", "即席: whoever an ad-hoc sub-process is offered to starts its work"
        ),
    ),
    "add_instance": (
        _right(
            "street_dispatcher " + _CHIEFS,
            "around",
            "加签: one more of several, where the diagram gives something to add",
        ),
    ),
    "cancel_instance": (
        _right(
            "street_dispatcher " + _CHIEFS,
            "around",
            "减签: one of several that has not begun, where the diagram lets it go",
        ),
    ),
    "return_any": (
        _right(
            "street_dispatcher " + _CHIEFS,
            "around",
            "退回 to any earlier step, where the diagram does not let who does the task",
        ),
    ),
    "take_back": (
        _right("*", "involved", "撤回: who did it, while nobody has signed for what follows"),
    ),
    # -- cases
    "start": (_right("*", "anywhere", "the start event names roles where not everybody may"),),
    "suspend": (_right(_CHIEFS, "around", "缓办 of a whole case"),),
    "resume": (_right(_CHIEFS, "around", "as suspending"),),
    "cancel": (_right("district_coordinator", "around", "终止 ends other people's work"),),
    "terminate": (_right("district_coordinator", "around", "终止 ends other people's work"),),
    "void": (_right("street_dispatcher street_leader", "around", "作废: entered by mistake"),),
    "withdraw": (_right("*", "starter", "撤销 by the reporter"),),
    "merge": (_right("street_dispatcher street_analyst", "around", "并案"),),
    "split": (_right("street_dispatcher street_analyst", "around", "拆案"),),
    "link": (_right("street_dispatcher street_analyst", "around", "关联"),),
    "reopen": (
        _right("*", "starter", "重开 by the reporter within 30 days"),
        _right("street_dispatcher street_analyst", "around", "重开 after a check"),
    ),
    "give_code": (
        _right("*", "starter", "查询码: for who reported, from who took the report"),
        _right("street_dispatcher window_clerk", "around", "or from acceptance"),
    ),
    "retry": (_right("district_coordinator", "around", "an incident stops one case only"),),
    "move": (_right("admin", "anywhere", "moving tokens is a repair"),),
    "migrate": (_right("admin", "anywhere", "changing a running case's version is a repair"),),
    "message": (
        _right("street_dispatcher window_clerk", "around", "news from upper systems and callers"),
        _right("district_coordinator data_officer", "anywhere", "connectors of the district"),
        _right("*", "starter", "补正: the reporter sends what was asked for"),
    ),
    "keep_message": (
        _right(
            "street_dispatcher window_clerk district_coordinator data_officer",
            "anywhere",
            "what nobody awaits yet is kept for those who bring news, not for everybody",
        ),
    ),
    "signal": (_right("district_coordinator district_leader", "anywhere", "reaches every case"),),
    "work": (_right("data_officer", "anywhere", "external tasks are done by programs"),),
    # -- the district's own affairs
    "check": (_right("designer deployer", "anywhere", "a draft is checked before it is deployed"),),
    "deploy": (_right("deployer", "anywhere", "designer and deployer are two people (四眼)"),),
    "activate_list": (_right("list_owner data_officer", "anywhere", "lists have owners"),),
    "see_administration": (
        _right(
            "list_owner data_officer organisation_officer privacy_officer auditor",
            "anywhere",
            "who looks after lists, people and calendar, or over those who do",
        ),
    ),
    "read_people": (
        _right("data_officer privacy_officer organisation_officer auditor", "anywhere", "names"),
    ),
    "erase": (_right("privacy_officer", "anywhere", "个人信息保护负责人"),),
    "manage_users": (_right("admin", "anywhere", "rights are given by one hand"),),
    "operate": (_right("admin", "anywhere", "the machine's state is its operator's"),),
    "set_clock": (_right("admin", "anywhere", "time is everybody's"),),
    "read_accesses": (
        _right("auditor privacy_officer", "anywhere", "查阅记录: who watches over the reading"),
    ),
    "figures": (
        _right(
            "dept_head dept_liaison station_officer grid_head community_secretary "
            "community_director supervision_member street_dispatcher street_analyst "
            "street_leader street_secretary",
            "around",
            "numbers of one's own unit and those below it; no person stands in them",
        ),
        _right(
            "auditor district_coordinator district_inspector district_leader district_secretary "
            "appraisal_officer organisation_officer third_party_assessor",
            "anywhere",
            "the district compares all of them",
        ),
    ),
    "audit": (_right("auditor district_inspector", "anywhere", "verify and export"),),
}

EVERY_CASE = _roles(
    "admin auditor district_coordinator district_inspector district_leader district_secretary "
    "duty_ruler appraisal_officer privacy_officer"
)
"""Roles whose work is the whole district: they see every case.

Other district roles (experts, deputies, assessors, visitors, fund or proposal
officers) see what is offered to them: a person's trouble is not their reading.
"""

OUTSIDE = _roles("resident auditor")
"""Roles that are no office: who holds no other is not asked about tasks or shown them."""

SECRET_CASES = _roles("auditor district_inspector district_leader district_secretary")
"""Roles that see secret cases in which they have no part."""

UNIT_CASES = _roles(
    "street_dispatcher street_analyst street_leader street_secretary street_duty window_clerk "
    "publisher patch_head community_secretary community_director community_worker "
    "supervision_member grid_head grid_worker parttime_grid_worker"
)
"""Roles that see the cases of their unit and of the units below it."""

DEPARTMENT_CASES = _roles("dept_head dept_liaison dept_handler station_officer")
"""Roles that see the cases in which their department has or had a task."""

REPORTER_AROUND = frozenset({"street_dispatcher"})
"""Acceptance: sees who reported, in the cases of its street."""

REPORTER_OFFERED = frozenset({"visitor"})
"""Return visit: sees who reported, in the cases it is asked to visit."""
