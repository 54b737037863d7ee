"""Who sees and does what in the demo district."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from engine import access, cases, erasure, facts, identities, lists, replay, store, views
from engine.access import (
    Actor,
    CaseFacts,
    TaskFacts,
    check_separation,
    may,
    reading,
    require,
    sees,
)
from engine.access.rights import (
    DEPARTMENT_CASES,
    EVERY_CASE,
    REPORTER_AROUND,
    REPORTER_OFFERED,
    RIGHTS,
    SECRET_CASES,
    UNIT_CASES,
)
from engine.columns import Descriptor
from engine.commands import ClaimTask, CompleteTask, SuspendCase, TransferTask
from engine.errors import AlreadyClaimed, CaseNotFound, NotAllowed, SameHand
from engine.organisation import Organisation

FOLDER = Path(__file__).parent.parent / "processes" / "lists"
TODAY = date(2026, 3, 2)
STREET, COMMUNITY, GRID = "990101001", "990101001001", "99010100100101001"


def read(name: str) -> lists.ListVersion:
    descriptor = Descriptor.read((FOLDER / f"{name}.json").read_bytes())
    return lists.read(descriptor, (FOLDER / descriptor.file).read_bytes())


LISTS = {n: read(n) for n in ("org_units", "departments", "people", "roles")}
CITY = Organisation(LISTS)


def person(number: int, day: date = TODAY) -> Actor:
    return Actor.of(f"RY{number:03}", CITY, day, person_id=f"RY{number:03}")


SECRETARY, LEADER, DISPATCHER, ANALYST = person(1), person(2), person(3), person(5)
OTHER_DISPATCHER, OTHER_LEADER = person(29), person(28)
COMMUNITY_SECRETARY, GRID_WORKER, PATCH_HEAD = person(53), person(56), person(2)
RESIDENT, NEIGHBOUR = person(70), person(71)
LIAISON, HANDLER, DEPT_HEAD, OTHER_HANDLER = person(149), person(150), person(151), person(142)
COORDINATOR, INSPECTOR, VISITOR, EXPERT = person(202), person(205), person(217), person(223)
AUDITOR, DESIGNER, DEPLOYER, ADMIN = person(227), person(228), person(229), person(230)

CASE = CaseFacts(
    "c-1",
    unit=GRID,
    starter="RY070",
    participants=frozenset({"RY003"}),
    candidates=frozenset({("street_dispatcher", STREET), ("dept_handler", "D04")}),
    start_fields=frozenset({"title", "reporter_phone"}),
)
ACCEPT = TaskFacts(None, [{"role": "street_dispatcher", "unit": STREET}])
HANDLE = TaskFacts(None, [{"role": "dept_handler", "unit": "D04"}])


# -- sight ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "seen"),
    [
        (DISPATCHER, True),
        (LEADER, True),
        (COMMUNITY_SECRETARY, True),
        (GRID_WORKER, True),
        (person(58), False),  # the next grid's worker
        (RESIDENT, True),  # reported it
        (NEIGHBOUR, False),
        (HANDLER, True),
        (LIAISON, True),  # a colleague of the department
        (DEPT_HEAD, True),
        (OTHER_HANDLER, False),
        (OTHER_DISPATCHER, False),
        (COORDINATOR, True),
        (INSPECTOR, True),
        (AUDITOR, True),
        (ADMIN, True),
        (VISITOR, False),
        (EXPERT, False),
        (DEPLOYER, False),
        (Actor("nobody"), False),
        (Actor.system("@scheduler"), True),
    ],
)
def test_a_case_is_seen_by(actor, seen):
    assert sees(actor, CASE, CITY) is seen


SECRET = replace(CASE, is_secret=True)


@pytest.mark.parametrize(
    ("actor", "seen"),
    [
        (RESIDENT, True),  # reported it
        (DISPATCHER, True),  # takes part
        (HANDLER, True),  # has a task
        (LIAISON, False),  # a colleague alone
        (LEADER, False),
        (GRID_WORKER, False),
        (COORDINATOR, False),
        (ADMIN, False),
        (INSPECTOR, True),
        (AUDITOR, True),
    ],
)
def test_a_secret_case_is_seen_by(actor, seen):
    assert sees(actor, SECRET, CITY) is seen
    assert may(actor, "comment", SECRET, organisation=CITY) is (seen and actor is not AUDITOR)


def test_who_took_part_sees_the_case_for_good():
    case = CaseFacts("c-1", unit=GRID, participants=frozenset({"RY142"}))

    assert sees(OTHER_HANDLER, case, CITY)


def test_a_visitor_sees_the_case_once_asked_to_visit():
    case = CaseFacts("c-1", unit=GRID, candidates=frozenset({("visitor", "990101")}))

    assert sees(VISITOR, case, CITY)


def test_what_the_tasks_say_shows_a_case_to_more_people_and_never_to_fewer():
    offers = {("visitor", "990101"), ("dept_liaison", "S01-001")}
    full = [CASE, SECRET, replace(CASE, candidates=frozenset(offers))]
    people = [Actor.of(one, CITY, TODAY, person_id=one) for one in CITY.people()]
    shown_by_tasks, read_by_offers = set(), set()

    for case in full:
        brief = replace(case, participants=frozenset(), candidates=frozenset())
        for actor in people:
            assert sees(actor, case, CITY) >= sees(actor, brief, CITY)
            same = reading(actor, case, CITY) == reading(actor, brief, CITY)
            assert same or access.reads_what_is_offered(actor)
            shown_by_tasks.add(sees(actor, case, CITY) > sees(actor, brief, CITY))
            read_by_offers.add(same)

    assert shown_by_tasks == read_by_offers == {True, False}


def test_who_left_office_sees_nothing_the_day_after():
    assert sees(person(232, date(2026, 6, 30)), CASE, CITY)
    assert not sees(person(232, date(2026, 7, 1)), CASE, CITY)


def test_a_database_query_by_scope_shows_the_same_cases():
    units = [
        COMMUNITY,
        GRID,
        STREET,
        "990101",
        "990101002001",
        "PL-001",
        "XQ-001-001-01",
        "S01-001",
    ]
    cases = [CaseFacts(u, unit=u) for u in units] + [
        CASE,
        CaseFacts("d", unit="990101002", candidates=frozenset({("dept_liaison", "S01-001")})),
        CaseFacts("s", starter="RY071"),
    ]
    people = [Actor.of(p, CITY, TODAY, person_id=p) for p in CITY.people()]

    for actor in people:
        scope = access.scope(actor, CITY)
        by_scope = [
            case.id
            for case in cases
            if scope.everything
            or case.unit in scope.units
            or scope.name in {case.starter, *case.participants}
            or scope.grants & case.candidates
            or scope.departments & {unit for _, unit in case.candidates}
        ]

        assert by_scope == [case.id for case in cases if sees(actor, case, CITY)]


def test_what_lies_below_a_unit_is_what_lies_within_it():
    everything = {
        row[key]
        for n, key in (("org_units", "id"), ("departments", "code"))
        for row in LISTS[n].rows
    }
    for above in ("990101001", "PA-001-01", "XQ-001-001-01", "PT-001", GRID, "S09-001"):
        below = {u for u in everything if CITY.within(u, above, date(2026, 7, 1))}

        assert CITY.below(above, date(2026, 7, 1)) == below


# -- tasks ------------------------------------------------------------------------


def test_a_candidate_claims_as_the_role_and_unit_of_the_offer():
    assert require(DISPATCHER, "claim", CASE, ACCEPT, organisation=CITY) == (
        "street_dispatcher",
        STREET,
    )
    assert require(HANDLER, "complete", CASE, HANDLE, organisation=CITY) == ("dept_handler", "D04")


def test_a_substitute_claims_for_the_colleague():
    task = TaskFacts(None, [{"role": "street_analyst", "unit": "S09-001"}])

    assert require(person(6), "claim", CASE, task, organisation=CITY) == (
        "street_analyst",
        "S09-001",
    )


def test_a_named_user_claims_without_a_role():
    task = TaskFacts(None, [{"user": "RY070"}])

    assert require(RESIDENT, "claim", CASE, task, organisation=CITY) is None
    assert not may(DISPATCHER, "claim", CASE, task, organisation=CITY)


def test_a_higher_unit_sees_the_task_but_does_not_do_it():
    with pytest.raises(NotAllowed) as refusal:
        require(LEADER, "complete", CASE, ACCEPT, organisation=CITY)

    assert refusal.value.message == "'RY002' may not complete here."
    assert refusal.value.hint == (
        "This needs to have signed for the task; or "
        "street_dispatcher (街道受理员) in 990101001 (砚禾街道)."
    )


def test_who_may_not_see_the_case_is_told_that_there_is_none():
    with pytest.raises(CaseNotFound) as refusal:
        require(OTHER_DISPATCHER, "claim", CASE, ACCEPT, organisation=CITY)

    assert (refusal.value.status, refusal.value.code) == (404, "case-not-found")


def test_a_claimed_task_is_a_conflict_for_the_second():
    taken = TaskFacts("RY003", ACCEPT.candidates)

    for action in ("claim", "complete"):
        with pytest.raises(AlreadyClaimed):
            require(person(4), action, CASE, taken, organisation=CITY)
    assert may(DISPATCHER, "complete", CASE, taken, organisation=CITY)


def test_the_admin_acts_for_every_role_but_not_over_somebody():
    taken = TaskFacts("RY003", ACCEPT.candidates)

    assert require(ADMIN, "claim", CASE, ACCEPT, organisation=CITY) == ("street_dispatcher", STREET)
    assert not may(ADMIN, "complete", CASE, taken, organisation=CITY)
    assert may(ADMIN, "transfer", CASE, taken, organisation=CITY)


def test_an_auditor_reads_every_case_and_acts_in_none():
    open_to_all = TaskFacts(None, [])
    done = [
        action
        for action in RIGHTS
        if may(AUDITOR, action, CASE, open_to_all, organisation=CITY)
        or may(AUDITOR, action, organisation=CITY)
    ]

    assert done == ["see_administration", "read_people", "read_accesses", "figures", "audit"]


def test_the_task_in_hand_is_reason_enough_to_comment():
    unread = CaseFacts("c-1", unit=GRID)

    assert may(HANDLER, "comment", unread, HANDLE, organisation=CITY)
    assert may(OTHER_HANDLER, "comment", unread, TaskFacts("RY142", []), organisation=CITY)
    assert not may(OTHER_HANDLER, "comment", unread, HANDLE, organisation=CITY)


def test_who_was_shown_a_case_reads_it_and_acts_in_nothing():
    shown = replace(CASE, readers=frozenset({NEIGHBOUR.name, OTHER_HANDLER.name}))

    assert access.sees(OTHER_HANDLER, shown, CITY)
    assert not access.sees(OTHER_HANDLER, shown, CITY, as_auditor=False)
    assert access.task_actions(OTHER_HANDLER, shown, ACCEPT, CITY) == []
    assert not may(OTHER_HANDLER, "take_back", shown, organisation=CITY)


def test_a_secret_case_is_shown_only_to_who_sees_it_already():
    secret = replace(CASE, is_secret=True)
    access.require_reader(OTHER_HANDLER, CASE, CITY)

    resident = Actor.of("reader", CITY, TODAY, posts=[("resident", COMMUNITY)])
    for reader, case in ((OTHER_HANDLER, secret), (resident, CASE), (resident, secret)):
        with pytest.raises(NotAllowed):
            access.require_reader(reader, case, CITY)


def test_a_signature_is_given_by_who_was_asked_alone():
    asked = TaskFacts("RY142", [{"user": "RY142"}])

    assert may(OTHER_HANDLER, "sign", CASE, asked, organisation=CITY)
    assert not may(ADMIN, "sign", CASE, asked, organisation=CITY)


def test_a_task_offered_to_nobody_is_open_to_whoever_sees_the_case():
    task = TaskFacts(None, [])

    assert may(LEADER, "complete", CASE, task, organisation=CITY)
    assert not may(NEIGHBOUR, "complete", CASE, task, organisation=CITY)


def test_who_left_office_keeps_no_task():
    gone = person(232, date(2026, 7, 1))
    task = TaskFacts("RY232", HANDLE.candidates)

    assert not may(gone, "complete", CASE, task, organisation=CITY)
    assert may(DEPT_HEAD, "transfer", CASE, task, organisation=CITY)


def test_a_task_goes_to_a_colleague_of_the_same_unit():
    access.require_receiver(LIAISON, HANDLE)

    with pytest.raises(NotAllowed):
        access.require_receiver(OTHER_HANDLER, HANDLE)


@pytest.mark.parametrize(
    ("actor", "assignee", "actions"),
    [
        (DISPATCHER, None, ["claim", "complete", "comment", "attach", "remind", "copy"]),
        (
            DISPATCHER,
            "RY003",
            ["complete", "unclaim", "transfer", "cosign", "comment", "attach", "remind", "copy"],
        ),
        (person(4), "RY003", ["comment", "remind"]),
        (
            LEADER,
            "RY003",
            ["unclaim", "transfer", "extend", "cosign", "comment", "remind", "copy"],
        ),
        (HANDLER, None, ["comment", "remind"]),
        (AUDITOR, None, []),
        (
            COORDINATOR,
            None,
            ["transfer", "suspend_task", "resume_task", "extend", "comment", "remind", "copy"],
        ),
    ],
)
def test_the_actions_offered_with_a_task(actor, assignee, actions):
    task = TaskFacts(assignee, ACCEPT.candidates)

    assert access.task_actions(actor, CASE, task, CITY) == actions


# -- cases and the district's own affairs -------------------------------------------


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("suspend", {"SECRETARY", "LEADER", "COORDINATOR", "ADMIN"}),
        ("terminate", {"COORDINATOR", "ADMIN"}),
        ("void", {"SECRETARY", "LEADER", "DISPATCHER", "ADMIN"}),
        ("withdraw", {"RESIDENT", "ADMIN"}),
        ("merge", {"DISPATCHER", "ANALYST", "ADMIN"}),
        ("retry", {"COORDINATOR", "ADMIN"}),
        ("move", {"ADMIN"}),
    ],
)
def test_a_case_is_acted_on_by(action, allowed):
    names = ("SECRETARY", "LEADER", "DISPATCHER", "ANALYST", "OTHER_LEADER", "COMMUNITY_SECRETARY")
    names += ("RESIDENT", "HANDLER", "COORDINATOR", "AUDITOR", "ADMIN")

    found = {n for n in names if may(globals()[n], action, CASE, organisation=CITY)}

    assert found == allowed


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("deploy", {"DEPLOYER", "ADMIN"}),
        ("check", {"DEPLOYER", "DESIGNER", "ADMIN"}),
        ("activate_list", {"COORDINATOR", "ADMIN"}),  # the coordinator owns a list
        ("set_clock", {"ADMIN"}),
        ("manage_users", {"ADMIN"}),
        ("start", {"DEPLOYER", "DESIGNER", "COORDINATOR", "RESIDENT", "ADMIN"}),
    ],
)
def test_the_district_is_run_by(action, allowed):
    names = ("DEPLOYER", "DESIGNER", "COORDINATOR", "RESIDENT", "AUDITOR", "ADMIN")

    assert {n for n in names if may(globals()[n], action)} == allowed


def test_a_start_event_may_name_roles():
    with pytest.raises(NotAllowed) as refusal:
        require(RESIDENT, "start", start_roles=["grid_worker", "steward"], organisation=CITY)

    assert refusal.value.hint == "This needs grid_worker (网格员) or steward (小巷管家)."
    assert may(GRID_WORKER, "start", start_roles=["grid_worker"])


def test_a_refusal_without_the_list_of_roles_names_the_codes():
    with pytest.raises(NotAllowed) as refusal:
        require(RESIDENT, "deploy")

    assert refusal.value.hint == "This needs deployer."


def test_the_engine_itself_may_do_everything():
    assert require(Actor.system("@scheduler"), "move", CASE) is None
    with pytest.raises(ValueError, match="begin with @"):
        Actor.system("RY001")


def test_every_role_in_the_table_is_a_role_of_the_list():
    named = {role for rights in RIGHTS.values() for right in rights for role in right.roles} - {"*"}
    named |= (
        EVERY_CASE
        | SECRET_CASES
        | UNIT_CASES
        | DEPARTMENT_CASES
        | REPORTER_AROUND
        | REPORTER_OFFERED
    )

    assert sorted(named - set(CITY.roles())) == []


def test_every_row_of_the_table_has_a_known_relation_and_a_reason():
    relations = {right.relation for rights in RIGHTS.values() for right in rights}

    assert relations == {
        "anywhere", "around", "candidate", "assignee", "heads", "starter", "involved",
    }  # fmt: skip
    assert all(right.why for rights in RIGHTS.values() for right in rights)


# -- separation of duties -------------------------------------------------------------


def test_the_same_person_may_not_do_both_steps():
    with pytest.raises(SameHand) as refusal:
        check_separation(LEADER, [{"element": "accept", "user": "RY002", "unit": STREET}])

    assert refusal.value.message == "'RY002' has done 'accept' in this case already."
    assert (refusal.value.status, refusal.value.code) == (403, "separation-of-duties")


def test_separation_binds_the_admin_too():
    with pytest.raises(SameHand):
        check_separation(ADMIN, [{"element": "accept", "user": "RY230", "unit": STREET}])


def test_a_step_that_nobody_did_separates_nobody():
    check_separation(LEADER, [{"element": "accept", "user": None, "unit": None}])
    check_separation(
        LEADER, not_same_unit_as=[{"element": "handle", "user": None, "unit": None}], unit=STREET
    )


def test_the_same_person_under_another_user_name_is_recognised():
    other = Actor.of("zhao", CITY, TODAY, person_id="RY002")

    with pytest.raises(SameHand):
        check_separation(other, [{"element": "accept", "user": "RY002"}])


@pytest.mark.parametrize("step", [{"unit": "D04"}, {"units": ["D01", "D04"]}])
def test_the_unit_that_handled_may_not_check(step):
    with pytest.raises(SameHand) as refusal:
        check_separation(
            DEPT_HEAD, not_same_unit_as=[{"element": "handle", "user": "RY150", **step}], unit=None
        )

    assert refusal.value.message == "Unit 'D04' has done 'handle' in this case already."


def test_another_unit_may_check():
    step = {"element": "handle", "user": "RY150", "unit": "D04"}

    check_separation(VISITOR, not_same_unit_as=[step], unit="990101")


# -- fields ---------------------------------------------------------------------------

SEALED = {"$sealed": "s-1", "commitment": "ab12"}
OTHER = {"$sealed": "s-2", "commitment": "cd34"}
DATA = {
    "title": SEALED,
    "reporter_phone": OTHER,
    "item_code": "ZL-01-001",
    "results": [{"measures": SEALED, "code": "D04"}],
    "notice": "lamp repaired",
}
CLASSES = {"reporter_phone": "reporter", "notice": "public"}
PLAIN = {"s-1": "dark lamp", "s-2": "138"}


def shown(actor: Actor, case: CaseFacts = CASE, task_fields=()) -> list:
    reader = access.reading(actor, case, CITY, task_fields=task_fields)
    data = access.withhold(reader, DATA, CLASSES, reveal=PLAIN.get)
    return [
        data["title"], data["reporter_phone"], data["item_code"],
        data["results"][0]["measures"], data["notice"],
    ]  # fmt: skip


VISITED = CaseFacts(
    "c-1", unit=GRID, starter="RY070", candidates=frozenset({("visitor", "990101")})
)
HIDDEN = {"$withheld": "working"}


@pytest.mark.parametrize(
    ("actor", "case", "fields", "expected"),
    [
        # Acceptance of the own street sees who reported.
        (DISPATCHER, CASE, (), ["dark lamp", "138", "ZL-01-001", "dark lamp", "lamp repaired"]),
        # Other offices of the street and the district see the work, not the reporter.
        (ANALYST, CASE, (), ["dark lamp", OTHER, "ZL-01-001", "dark lamp", "lamp repaired"]),
        (COORDINATOR, CASE, (), ["dark lamp", OTHER, "ZL-01-001", "dark lamp", "lamp repaired"]),
        (AUDITOR, CASE, (), ["dark lamp", OTHER, "ZL-01-001", "dark lamp", "lamp repaired"]),
        (ADMIN, CASE, (), ["dark lamp", OTHER, "ZL-01-001", "dark lamp", "lamp repaired"]),
        # A department sees what the forms of its tasks show, never the reporter.
        (HANDLER, CASE, (), [SEALED, OTHER, "ZL-01-001", SEALED, "lamp repaired"]),
        (
            HANDLER,
            CASE,
            ("title", "reporter_phone"),
            ["dark lamp", OTHER, "ZL-01-001", SEALED, "lamp repaired"],
        ),
        # The return visit sees whom to call once it is asked to.
        (VISITOR, VISITED, ("title",), ["dark lamp", "138", HIDDEN, SEALED, "lamp repaired"]),
        (VISITOR, CASE, ("title",), ["dark lamp", OTHER, HIDDEN, SEALED, "lamp repaired"]),
        # The reporter reads what the reporter gave.
        (RESIDENT, CASE, (), ["dark lamp", "138", HIDDEN, SEALED, "lamp repaired"]),
    ],
)
def test_a_reader_is_shown(actor, case, fields, expected):
    assert shown(actor, case, fields) == expected


def test_without_a_key_every_sealed_value_stays_sealed():
    reader = access.reading(DISPATCHER, CASE, CITY)

    assert access.withhold(reader, DATA, CLASSES) == DATA


def test_an_erased_value_shows_its_commitment():
    reader = access.reading(DISPATCHER, CASE, CITY)

    found = access.withhold(reader, {"title": SEALED}, CLASSES, reveal={}.get)

    assert found == {"title": SEALED}


def test_a_reporter_field_inside_an_object_keeps_its_class():
    reader = access.reading(ANALYST, CASE, CITY)
    data = {"people": [{"reporter_phone": OTHER, "age": 40}]}

    found = access.withhold(reader, data, CLASSES, reveal=PLAIN.get)

    assert found == {"people": [{"reporter_phone": OTHER, "age": 40}]}


def test_a_plain_reporter_value_is_withheld_without_a_trace():
    reader = access.reading(ANALYST, CASE, CITY)

    assert access.withhold(reader, {"reporter_phone": "138"}, CLASSES) == {
        "reporter_phone": {"$withheld": "reporter"}
    }


# -- reasons of acts ------------------------------------------------------------------


def remarks(app, name: str, case_id: str) -> list:
    entries = views.history(app, identities.actor(app, name), case_id)
    return [one.get("remark") for one in entries]


def test_a_reason_is_read_by_those_who_read_the_case_and_stays_sealed_in_the_entry(app, who):
    case_id = cases.start(app, who("grid_worker"), process="five_steps", data={}).case_id
    task = "five_steps.accept.1"
    leader = who("street_leader")
    cases.handle(app, who("street_dispatcher"), case_id, ClaimTask(task))
    cases.handle(app, leader, case_id, SuspendCase(reason="materials are missing"))

    for name in ("street_leader", "street_dispatcher", "district_coordinator", "auditor"):
        assert remarks(app, name, case_id) == [None, None, "materials are missing"], name
    (entry,) = views.history(app, leader, case_id)[2:]
    assert sorted(entry["command"]["reason"]) == ["$sealed", "commitment"]


def test_who_is_handed_a_task_reads_why_and_a_stranger_does_not(app, who):
    case_id = cases.start(app, who("street_dispatcher"), process="five_steps", data={}).case_id
    complete(app, who("street_dispatcher"), case_id, "accept", outcome="accept")
    complete(app, who("street_dispatcher"), case_id, "assign", data={"lead": "D04"})
    cases.handle(app, who("dept_liaison"), case_id, ClaimTask("five_steps.handle.1"))
    command = TransferTask("five_steps.handle.1", "dept_handler", "I am ill", None)
    cases.handle(app, who("dept_liaison"), case_id, command)

    assert remarks(app, "dept_liaison", case_id)[-1] == "I am ill"
    assert remarks(app, "dept_handler", case_id)[-1] == "I am ill"
    # The department's head is at work on the case, and reads no sealed value of it.
    assert remarks(app, "dept_head", case_id)[-1] is None


def test_a_resident_reads_no_reason_of_the_officials(app, who):
    case_id = cases.start(app, who("resident"), process="five_steps", data={}).case_id
    cases.handle(app, who("street_leader"), case_id, SuspendCase(reason="waits for the court"))

    assert remarks(app, "resident", case_id) == [None, None]


def test_an_erased_reason_is_read_by_nobody(app, who):
    case_id = cases.start(app, who("grid_worker"), process="five_steps", data={}).case_id
    cases.handle(app, who("street_leader"), case_id, SuspendCase(reason="a secret"))
    erasure.erase(app, identities.operator(), case_id, classes=(), reason="request")

    assert remarks(app, "street_leader", case_id) == [None, None]


def complete(app, actor, case_id, element, **given):
    command = CompleteTask(f"five_steps.{element}.1", given.get("outcome"), given.get("data", {}))
    cases.handle(app, actor, case_id, command)


# -- secret cases ---------------------------------------------------------------------


def test_a_case_is_secret_while_its_datum_says_so(any_app):
    from engine import deployments
    from tests.memory import flows, process

    diagram = process(
        '<extensionElements><camunda:properties><camunda:property name="secret" value="hidden"/>'
        '</camunda:properties></extensionElements><startEvent id="s"/>'
        '<userTask id="work" name="Work" camunda:candidateGroups="street_dispatcher"/>'
        '<endEvent id="e"/>' + flows("s > work", "work > e"),
        "matter",
    )
    deployments.deploy(any_app, identities.operator(), {"matter.bpmn": diagram})
    worker = identities.actor(any_app, "grid_worker")
    started = {
        hidden: cases.start(any_app, worker, process="matter", data={"hidden": hidden}).case_id
        for hidden in (True, False)
    }

    def seen_by(name):
        who = identities.actor(any_app, name)
        found = [one["id"] for one in views.cases_page(any_app, who)["items"]]
        return [hidden for hidden, one in started.items() if one in found]

    assert seen_by("street_leader") == seen_by("district_coordinator") == [False]
    assert seen_by("district_inspector") == seen_by("street_dispatcher") == [True, False]
    leader = identities.actor(any_app, "street_leader")
    with pytest.raises(CaseNotFound):
        cases.handle(any_app, leader, started[True], SuspendCase(reason="x"))

    # What the work has found makes it a matter like others.
    command = CompleteTask("matter.work.1", None, {"hidden": False})
    dispatcher = identities.actor(any_app, "street_dispatcher")
    cases.handle(any_app, dispatcher, started[True], command)
    assert seen_by("street_leader") == [True, False]
    assert list(replay.replay(any_app, list(started.values()))) == [None, None]

    with any_app.database.reading() as tx:
        organisation = any_app.references.organisation
        rows = [store.read_case(tx, one) for one in started.values()]
        for name in ("resident", "grid_worker", "street_leader", "visitor", "dept_liaison",
                     "district_inspector", "street_dispatcher", "admin"):  # fmt: skip
            actor = identities.actor(any_app, name)
            assert [facts.sees(tx, actor, one, organisation) for one in rows] == [
                sees(actor, facts.case_facts(tx, one), organisation) for one in rows
            ]
