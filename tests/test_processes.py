"""What can be said of the delivered diagrams without running them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from engine import decisions, deployments, forms
from engine.bpmn import reader
from engine.bpmn.model import Kind
from tests.scenario_city import city

ROOT = Path(__file__).resolve().parent.parent / "processes"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
KEYS = (
    "admission_review",
    "care_visit",
    "case_conference",
    "consultation",
    "department_handling",
    "department_score",
    "dispute_mediation",
    "grid_event",
    "hotline_request",
    "meeting",
    "patrol",
    "performance_review",
    "project_cycle",
    "promise_tracking",
    "proposal_reply",
    "publication",
    "reference_change",
    "return_visit",
    "supervision",
    "survey",
    "volunteer_claim",
    "whistle_report",
)
# Built into the engine, or run by the application.
TOPICS = {
    "activate-list-change",
    "add-instance",
    "cancel-instance",
    "case-file-digest",
    "check-list-change",
    "collect-figures",
    "erase-sealed",
    "find-cases",
    "find-duplicates",
    "find-unattended",
    "hold-scope",
    "hold-siblings",
    "next-number",
    "notify",
    "open-cases",
    "redact",
    "register",
    "release-scope",
    "release-siblings",
    "start-case",
    "tally",
}
# Step tables of the domain report, sections 2.1 and 2.4.
STEPS = {
    "proposal_reply": """receive_proposal assign_lead co_opinion talk draft_reply approve_reply
        send_reply satisfaction public_reply street_opinion""",
    "project_cycle": """need design gate tender review_board register_org run pilot
        evaluate_project pay award fund_vote""",
    "reference_change": """propose check_change consult_units review_change publish_change
        take_effect handover elect staffing admit_item""",
    "admission_review": """apply cancelled_check list_check seal_rule street_review fund_review
        publish_list verify_support community_reject monitor complain cleanup""",
    "meeting": """start agenda invite attend review_promises discuss_items minutes issue
        bulletin""",
    "volunteer_claim": "checkin claim do_claim confirm_done points post redeem report_joint",
    "case_conference": """convene confirm facts discuss decide sign_minutes track
        close_meeting""",
    "promise_tracking": "keep sign_off",
    "survey": "check_list correct_list asking answer count raise_topic",
    "consultation": """raise accept_topic grid_talk meeting notice joint_action evaluate
        publish_call archive""",
    "whistle_report": """start_report dup_check accept analyse approve_whistle dispatch dept_call
        join_check street_check visit_call review_dissat publish_call archive""",
    "department_score": "street_eval eval_facts",
    "department_handling": """sign return_rule duty_objection arrive handle extend suspend co_reply
        dept_check submit cancelled""",
    "grid_event": """collect locate onsite triage head_coord patch_coord consult_call dept_exit
        coord_task work_exit check_done feedback publish_call supervise_exit no_overnight""",
    "care_visit": """list_targets morning evening visit match agreement deliver_care review_care
        station""",
    "dispute_mediation": """request risk consent persuade mediate help sign_agreement followup
        reverse_review close_dispute""",
    "hotline_request": """receive prefill route duty back_office provider substitute deliver
        visit_call catalogue""",
    "patrol": "plan_patrol walk campaign revisit coverage mode data_fix report_patrol",
    "performance_review": """set_targets plan_task collect_facts self_review third_party
        score_standard residents_rate quota_rule training publish_draft appeal_review grade""",
    "return_visit": "pick ask assist classify close_visit questionnaire",
    "supervision": """open assign plan work instruct reply_note warn verify signoff report
        appeal""",
    "publication": "draft redact review second committee release objection answer expire",
}
TIMERS = {
    "proposal_reply": {
        "speak_over": "10 日",
        "co_over": "1 个月",
        "reply_warn": "15日前",
        "reply_late": "到期",
        "feedback_over": "逾期未反馈",
        "opinion_late": "15 工作日",
    },
    "performance_review": {
        "year_due": "年度目标到期",
        "quarter_over": "季度",
        "plan_over": "期末",
        "period_end": "期末",
        "self_late": "5 日未评",
        "third_late": "15 日未报",
        "standard_late": "10 日未评",
        "residents_late": "10 日期满",
        "draft_over": "5 日期满",
        "appeal_late": "5 日未裁",
    },
    "project_cycle": {
        "design_late": "15 工作日",
        "board_over": "10 工作日",
        "tender_late": "20 工作日",
        "votes_over": "15 工作日",
        "gate_late": "关口逾期",
        "run_late": "按计划",
        "pilot_late": "按计划",
        "evaluate_late": "15 工作日",
        "pay_late": "10 工作日",
    },
    "reference_change": {
        "consult_over": "5 工作日",
        "admit_late": "5 工作日",
        "review_late": "10 工作日",
        "publish_late": "3 工作日",
        "staffing_due": "生效前 1 日",
        "day_of_effect": "生效日",
        "handover_late": "10 工作日",
        "elect_late": "法定期限",
    },
    "admission_review": {
        "complaint_late": "3 工作日",
        "reject_late": "3 工作日",
        "uphold_over": "3 工作日",
        "review_late": "5 工作日",
        "seal_late": "1 工作日",
        "fund_late": "5 工作日",
        "publish_late": "3 工作日",
        "support_due": "保障到位期限",
        "month_over": "每月",
        "year_over": "每年",
    },
    "meeting": {
        "morning_due": "早晨会到期",
        "weekly_due": "周例会到期",
        "monthly_due": "月点评到期",
        "routine_due": "街道例会到期",
        "agenda_over": "会前 1 工作日",
        "attend_over": "会后一刻钟",
        "bulletin_late": "月后 3 工作日",
    },
    "volunteer_claim": {
        "checkin_late": "3 工作日",
        "post_late": "1 工作日",
        "unclaimed": "7 日无人认领",
        "offers_over": "7 日",
        "quarter": "一刻钟",
        "serve_late": "到时",
        "confirm_late": "3 工作日",
        "joint_due": "每季",
    },
    "case_conference": {"confirm_over": "应约期满", "sign_over": "会签期满"},
    "promise_tracking": {"keep_warn": "到期前 1 工作日", "keep_over": "到期未办"},
    "consultation": {
        "cosign_over": "15 日",
        "accept_late": "3 工作日",
        "talk_late": "5 工作日",
        "meeting_late": "15 工作日",
        "quorum_reminder": "会前 1 日",
        "notice_over": "5 工作日",
        "item_due": "到期",
        "evaluate_over": "5 工作日",
    },
    "whistle_report": {"info_late": "T8 逾期"},
    "department_handling": {
        "sign_warn": "T1",
        "sign_breach": "T2",
        "arrive_sign_warn": "T1",
        "arrive_sign_breach": "T2",
        "arrival_late": "T7",
        "due_warn": "T3 预警",
        "due_breach": "T4 超期",
        "esc2": "T5 二级",
        "esc3": "T6 三级",
    },
    "grid_event": {
        "onsite_late": "一刻钟",
        "triage_late": "1 工作时",
        "head_late": "1 工作日",
        "patch_late": "2 工作日",
        "consult_late": "5 工作日",
        "coord_overdue": "2 工作日",
        "check_late": "1 工作日",
        "midnight": "24:00",
    },
    "care_visit": {
        "morning_over": "10:00 未看",
        "evening_over": "20:00 未看",
        "station_late": "2 工作日",
        "list_late": "3 工作日",
        "visit_late": "3 工作日",
        "match_late": "3 工作日",
        "agreement_late": "5 工作日",
        "slot_over": "预约时段已过",
        "month_over": "一月未评",
        "visit_due": "走访到期",
        "term_over": "协议到期",
        "year_over": "年度复核",
    },
    "dispute_mediation": {
        "request_late": "2 工作日",
        "risk_late": "1 工作日",
        "consent_over": "3 工作日",
        "persuade_over": "5 工作日",
        "mediate_late": "15 工作日",
        "help_late": "30 日",
        "followup_wait": "30 日",
        "quarter_over": "季末未评",
    },
    "hotline_request": {
        "receive_absent": "1 工作时",
        "substitute_late": "1 工作时",
        "shift_over": "交班",
        "papers_late": "逾期未补",
        "promise_late": "承诺期满",
        "slot_over": "预约时段已过",
        "deliver_late": "1 工作日",
        "catalogue_late": "5 工作日",
    },
    "return_visit": {"visit_window": "T9 三日期满"},
    "supervision": {
        "warn_half": "过半催办",
        "warn_full": "到期预警",
        "warn_late": "逾期未改",
        "progress_due": "阶段反馈",
        "reply_late": "逾期未回复",
        "appeal_over": "申辩期满",
        "month_end": "次月第一日",
    },
    "department_score": {"appeal_over": "T10 期满"},
    "patrol": {
        "walk_due": "每日",
        "data_due": "每周",
        "report_due": "每月",
        "plan_late": "提前 1 工作日",
        "midnight": "24:00",
        "assess_late": "24:00 不过夜",
        "campaign_late": "按计划",
        "revisit_late": "3 日",
        "coverage_daily": "每日",
        "mode_over": "到期",
    },
}


def process(key):
    diagram, findings = reader.read_cached((ROOT / f"{key}.bpmn").read_bytes(), f"{key}.bpmn")
    assert [one for one in findings if one.severity == "error"] == []
    return diagram.processes[key]


def all_nodes():
    return [(key, node) for key in KEYS for node in process(key).nodes.values()]


def user_tasks():
    return [(key, node) for key, node in all_nodes() if node.kind is Kind.USER]


def form_keys():
    drawn = "".join(file.read_text(encoding="utf-8") for file in ROOT.glob("*.bpmn"))
    printed = re.findall(r'name="prints" value="([^"]+)"', drawn)
    return {node.form for _, node in all_nodes() if node.form} | set(" ".join(printed).split())


def tables():
    found = {}
    for file in sorted((ROOT / "decisions").glob("*.dmn")):
        read, findings = decisions.read(file.read_bytes(), filename=file.name)
        assert findings == []
        found.update({one.key: one for one in read})
    return found


def test_every_diagram_here_is_one_that_is_known():
    assert tuple(sorted(file.stem for file in ROOT.glob("*.bpmn"))) == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_a_diagram_is_read_without_any_finding(key):
    _, findings = reader.read((ROOT / f"{key}.bpmn").read_bytes(), f"{key}.bpmn")

    assert [one.to_json() for one in findings] == []


def test_nothing_is_left_to_say_of_what_is_delivered(app):
    """What ``bihuan check processes`` says: roles, forms, scripts, deadlocks, second tokens."""
    folders = (ROOT, ROOT / "forms", ROOT / "decisions")
    files = {
        one.name: one.read_bytes()
        for folder in folders
        for one in sorted(folder.iterdir())
        if one.suffix in {".bpmn", ".dmn", ".json"}
    }

    assert [one.to_json() for one in deployments.check(app, files)] == []


@pytest.mark.parametrize("key", KEYS)
def test_every_step_of_the_step_tables_is_there_under_its_id(key):
    assert set(STEPS[key].split()) - set(process(key).nodes) == set()


@pytest.mark.parametrize("key", list(TIMERS))
def test_every_timer_of_the_table_is_there_and_says_its_number(key):
    nodes = process(key).nodes

    assert {one: nodes[one].name for one in TIMERS[key]} == TIMERS[key]


def test_the_five_step_names_of_the_source_stand_on_the_diagram():
    names = {node.name for node in process("whistle_report").nodes.values()}
    wanted = {"问题排查", "平台受理", "分析研判", "分流交办", "评价反馈"}

    assert wanted - names == set()


def test_the_five_step_names_of_the_grid_loop_stand_on_its_diagram():
    names = {node.name for node in process("grid_event").nodes.values()}
    wanted = {"信息采集", "源头发现", "分层处置", "联动联治", "监督考核"}

    assert wanted - names == set()


def test_every_user_task_has_a_form():
    assert [(key, node.id) for key, node in user_tasks() if node.form is None] == []


def test_every_user_task_names_who_does_it():
    nobody = [
        (key, node.id)
        for key, node in user_tasks()
        if not (node.assignment.groups or node.assignment.users or node.assignment.assignee)
    ]

    assert nobody == []


def test_every_role_is_one_of_the_list():
    known = {row["code"] for row in city().lists["roles"].rows}
    named = {group.role for _, node in user_tasks() for group in node.assignment.groups}
    lanes = {role for key in KEYS for role in process(key).lane_roles.values()}

    assert (named | lanes) - known == set()


def test_every_lane_but_the_systems_has_a_role():
    without = set()
    for key in KEYS:
        tree = etree.parse(ROOT / f"{key}.bpmn")
        lanes = {lane.get("name") for lane in tree.iter(f"{BPMN}lane")}
        without |= lanes - set(process(key).lane_roles)

    assert without == {"系统"}


def test_every_task_has_an_english_name_and_labels_for_both_languages():
    incomplete = [
        (key, node.id)
        for key, node in user_tasks()
        if not node.properties.get("name_en") or list(node.outcomes) != list(node.outcomes_en)
    ]

    assert incomplete == []


def test_every_form_that_is_named_exists_and_every_form_is_named():
    assert {file.stem for file in (ROOT / "forms").glob("*.json")} == form_keys()


@pytest.mark.parametrize("file", sorted((ROOT / "forms").glob("*.json")), ids=lambda one: one.stem)
def test_a_form_is_read_without_any_finding_and_is_short(file):
    form, findings = forms.read(file.read_bytes(), filename=file.name)
    asked = [one for one in form.components if not one.readonly]

    assert findings == []
    assert form.key == file.stem
    assert len([one for one in asked if one.required and one.hide is None]) <= 3


def test_identity_is_shown_by_forms_of_acceptance_and_visits_alone():
    shown = {
        file.stem
        for file in (ROOT / "forms").glob("*.json")
        if '"reporter_' in file.read_text(encoding="utf-8")
    }

    assert shown == {
        "dispute_start",
        "grid_start",
        "hotline_start",
        "visit_ask",
        "visit_assist",
        "visit_questionnaire",
        "whistle_accept",
        "whistle_first_contact",
        "whistle_start",
    }


@pytest.mark.parametrize(
    "key",
    [
        "reporter_name",
        "reporter_phone",
        "title",
        "description",
        "location_text",
        "lat",
        "lon",
        "photos",
    ],
)
def test_what_a_reporter_writes_is_personal(key):
    form, _ = forms.read(
        (ROOT / "forms" / "whistle_start.json").read_bytes(), filename="whistle_start"
    )
    component = next(one for one in form.components if one.key == key)

    assert component.personal
    assert component.field_class == ("reporter" if key.startswith("reporter_") else "working")


def test_outcomes_in_forms_are_outcomes_of_their_task():
    unknown = []
    for key, node in user_tasks():
        text = (ROOT / "forms" / f"{node.form}.json").read_text(encoding="utf-8")
        hidden = set(re.findall(r'outcome != \\"(\w+)\\"', text))
        sharing = {
            outcome
            for _, other in user_tasks()
            if other.form == node.form
            for outcome in other.outcomes
        }
        unknown += [(key, node.id, one) for one in sorted(hidden - sharing)]

    assert unknown == []


def test_every_decision_that_is_asked_exists_and_every_decision_is_asked():
    asked = {one for key in KEYS for one in process(key).decisions}

    assert set(tables()) == asked


def test_decisions_have_one_answer():
    assert {one.hit_policy for one in tables().values()} == {"U", "F"}


def test_calls_name_diagrams_that_are_here():
    called = {one for key in KEYS for one in process(key).calls}

    assert called == {
        "case_conference",
        "consultation",
        "department_handling",
        "department_score",
        "promise_tracking",
        "publication",
        "return_visit",
        "supervision",
    }


def test_calls_pass_single_data_and_never_everything():
    everything = [node.id for _, node in all_nodes() if node.all_in or node.all_out]

    assert everything == []


def test_topics_are_those_that_engine_and_application_know():
    named = {node.topic for _, node in all_nodes() if node.topic}

    assert named - TOPICS == set()


def test_escalation_adds_tasks_and_never_takes_the_departments():
    work = process("department_handling").nodes["work"]
    nodes = process("department_handling").nodes
    interrupting = [one for one in work.boundary if nodes[one].interrupting]

    assert interrupting == ["cancelled"]


@pytest.mark.parametrize(
    ("key", "task", "others"),
    [
        ("whistle_report", "approve_whistle", {"accept", "analyse", "choose_unit"}),
        ("whistle_report", "countersign", {"accept", "choose_unit"}),
        ("whistle_report", "cosign_objective", {"review_dissat"}),
        ("department_handling", "dept_check", {"handle"}),
        ("publication", "second", {"review", "draft"}),
        ("publication", "review", {"draft"}),
        ("consultation", "weigh", {"resolve"}),
        ("consultation", "verify_item", {"do_item"}),
        ("consultation", "evaluate", {"do_item", "grid_talk"}),
        ("supervision", "verify", {"plan", "work"}),
        ("supervision", "appeal_rule", {"assign", "report"}),
        ("project_cycle", "evaluate_project", {"run", "pilot"}),
        ("volunteer_claim", "checkin", {"wish_posted"}),
        ("volunteer_claim", "confirm_done", {"do_claim"}),
        ("case_conference", "district_decide", {"decide"}),
        ("promise_tracking", "sign_off", {"keep"}),
        ("proposal_reply", "approve_reply", {"draft_reply"}),
        ("meeting", "sign_minutes", {"minutes"}),
    ],
)
def test_another_person_does_what_must_be_checked(key, task, others):
    assert set(process(key).nodes[task].assignment.not_same_as) == others


@pytest.mark.parametrize(
    ("key", "task"),
    [
        ("return_visit", "ask"),
        ("return_visit", "classify"),
        ("department_score", "street_eval"),
        ("department_score", "district_eval"),
    ],
)
def test_another_unit_visits_and_scores_than_handled(key, task):
    assert set(process(key).nodes[task].assignment.not_same_unit_as) == {
        "department_handling.handle",
        "department_handling.co_reply",
    }


def test_every_user_task_has_a_limit_that_the_inbox_shows():
    assert [(key, node.id) for key, node in user_tasks() if node.assignment.due is None] == []


def test_what_is_chosen_from_data_is_offered_by_some_diagram():
    sources = set()
    for file in (ROOT / "forms").glob("*.json"):
        sources |= set(re.findall(r'"valuesKey": "(\w+)"', file.read_text(encoding="utf-8")))
    written = "".join((ROOT / f"{key}.bpmn").read_text(encoding="utf-8") for key in KEYS)

    assert sources == {
        "absent_choices",
        "agenda_choices",
        "applicant_choices",
        "check_choices",
        "co_choices",
        "dept_choices",
        "door_choices",
        "forum_choices",
        "grid_choices",
        "handled_choices",
        "item_choices",
        "lead_choices",
        "provider_choices",
        "review_choices",
        "roll_choices",
        "same_choices",
        "standard_choices",
        "topic_choices",
        "unit_choices",
        "watcher_choices",
    }
    assert {one for one in sources if f"\n{one} = " not in written} == set()


def test_limits_that_may_be_continuous_are_kept_on_their_own_clock():
    nodes = process("department_handling").nodes
    clocks = {
        one.id: one.properties["clock"] for one in nodes.values() if "clock" in one.properties
    }

    assert clocks == {
        "sign": "sign_unit",
        "sign_warn": "sign_unit",
        "sign_breach": "sign_unit",
        "arrive": "arrival_unit",
        "arrive_sign_warn": "sign_unit",
        "arrive_sign_breach": "sign_unit",
        "arrival_late": "continuous",
        "situation_due": "continuous",
        "handle": "limit_unit",
        "co_reply": "limit_unit",
        "submit": "limit_unit",
        "due_warn": "limit_unit",
        "due_breach": "limit_unit",
        "esc2": "limit_unit",
        "esc3": "limit_unit",
        "instruct_head": "ruling_unit",
        "instruct": "ruling_unit",
        "return_rule": "ruling_unit",
        "return_rule_district": "ruling_unit",
        "duty_objection": "ruling_unit",
        "cannot_review": "ruling_unit",
        "extend": "ruling_unit",
        "extend_district": "ruling_unit",
        "suspend": "ruling_unit",
    }


def test_the_five_steps_of_a_supervision_stand_on_its_diagram():
    names = "".join(node.name or "" for node in process("supervision").nodes.values())

    assert [one for one in ("立项", "交办", "反馈", "核实", "销号") if one not in names] == []


def test_the_six_steps_of_a_consultation_stand_on_its_diagram():
    names = {node.name for node in process("consultation").nodes.values()}
    wanted = {"居民提事", "网格议事", "会议定事", "联动办事", "群众评事", "公开晒事"}

    assert wanted - names == set()


def test_every_step_of_a_consultation_is_played_by_some_scenario():
    folder = ROOT.parent / "tests" / "scenarios"
    files = [*folder.glob("consult_*.yaml"), *folder.glob("08*.yaml")]
    lines = "".join(file.read_text(encoding="utf-8") for file in files)
    entered = set(re.findall(r"^ {6}(\w+) \d", lines, re.MULTILINE))

    assert set(process("consultation").nodes) - entered == set()


def test_a_vote_is_secret_and_nothing_else_is_called_a_ballot():
    classes = {}
    for file in (ROOT / "forms").glob("*.json"):
        form, _ = forms.read(file.read_bytes(), filename=file.name)
        classes |= {(form.key, key): name for key, name in form.field_classes.items()}
    nodes = process("consultation").nodes

    assert [where for where, name in classes.items() if name == "ballot"] == [
        ("consult_vote", "ballot")
    ]
    # Not by an outcome either: that one is public.
    assert set(nodes["vote"].outcomes) == {"vote", "recuse"}
    assert {
        one.id: one.topic for one in nodes.values() if one.topic in {"tally", "erase-sealed"}
    } == {
        "counting": "tally",
        "erase_ballots": "erase-sealed",
    }


def test_lateness_and_rework_call_the_supervision_into_the_same_case():
    called = {
        key: process(key).nodes["supervise"].called
        for key in ("department_handling", "whistle_report")
    }

    assert called == {"department_handling": "supervision", "whistle_report": "supervision"}


def test_every_end_of_a_whistle_is_told_to_an_origin_that_waits():
    scope = process("whistle_report").root
    before = {flow.source for flow in scope.flows.values() if flow.target == "ended_how_joined"}
    ends = {flow.target for flow in scope.flows.values() if flow.source == "ended_how"}

    assert before == {"origin_waits", "tell_origin"}
    assert ends == {
        "merged",
        "info_expired",
        "not_accepted",
        "not_approved",
        "handed_to_grid",
        "handed_to_mediation",
        "handed_to_talk",
        "closed",
    }


def test_what_another_case_is_started_with_is_read_as_started():
    """``case`` names the running case in every expression."""
    kept = {
        (key, node.id, mapping.target): mapping.value.text
        for key, node in all_nodes()
        if node.topic == "start-case"
        for mapping in node.outputs
        if mapping.target.endswith("_case")
    }

    assert set(kept.values()) == {"started"}


def test_reports_are_numbered_and_found_again_by_what_they_are_about():
    assert process("whistle_report").business_key == "report_no"
    assert process("return_visit").business_key == "report_no"
    assert process("whistle_report").keys == ("item_code", "external_no")
