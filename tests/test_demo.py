import json
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from engine import cases, demo, forms, identities, views
from engine.access import Actor
from engine.bpmn import reader
from engine.commands import CompleteTask
from engine.demo.crowd import Crowd, Post
from engine.demo.papers import Papers
from engine.demo.plans import Plans

PLANS = Path(__file__).parent.parent / "processes" / "demo"
STARTER = Post("RY001", "street_leader", "990101001")

PLAN = {
    "process": "five_steps",
    "start": "start_report",
    "first": "2026-09-14",
    "last": "2026-09-30",
    "starters": {"street_dispatcher": 1},
    "arrivals": {"weekdays": [1, 1, 0, 0, 0, 0, 0], "hours": [0] * 10 + [1] + [0] * 13},
    "traits": {},
    "after": [0.1, 1, "WH"],
    "elements": {
        "assign": {"fields": {"lead": {"constant": "D04"}}},
        "handle": {
            "share": [0.1, 0.8],
            "late": {"trait": "late", "by": [1, 2, "WH"]},
            "fields": {"reply": {"constant": "好"}},
        },
        "evaluate": {"outcomes": {"good": 1}},
    },
}


def elements_of(path):
    diagram, _ = reader.read_cached(path.read_bytes(), path.name)
    return {element for one in diagram.processes.values() for element in one.nodes}


def simulate(app, tmp_path, count=2, seed=1, **changes):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**PLAN, **changes}), "utf-8")
    return demo.simulate(app, count, seed, plan=path)


def visits(app):
    """How many tasks of each element the cases had."""
    found = Counter()
    actor = identities.actor(app, "admin")
    for one in views.cases_page(app, actor)["items"]:
        for entry in views.history(app, actor, one["id"]):
            found.update(e["element"] for e in entry["events"] if e["type"] == "task_opened")
    return found


def test_a_simulated_case_goes_the_whole_way(app, tmp_path):
    report = simulate(app, tmp_path)

    assert report == {"started": 2, "steps": 10, "timers": 0, "cases completed": 2}
    assert visits(app) == {"accept": 2, "assign": 2, "handle": 2, "evaluate": 2, "publish": 2}


def test_a_late_department_is_late_once_and_its_leader_instructs(app, tmp_path):
    report = simulate(app, tmp_path, traits={"late": 1})

    assert report["timers"] == 2
    assert visits(app)["instruct"] == 2


def test_a_trait_picks_its_outcome_only_once(app, tmp_path):
    elements = {**PLAN["elements"], "accept": {"once": {"returned": "refuse"}}}

    report = simulate(app, tmp_path, traits={"returned": 1}, elements=elements)

    assert report == {"started": 2, "steps": 2, "cases completed": 2}


def test_cases_arrive_on_the_days_and_hours_of_the_plan(app, tmp_path):
    simulate(app, tmp_path, count=20)

    actor = identities.actor(app, "admin")
    arrived = [one["created_at"] for one in views.cases_page(app, actor)["items"]]
    assert len(arrived) == 20
    local = [datetime.fromisoformat(at).astimezone(UTC) for at in arrived]
    # Mondays and Tuesdays from 10 to 11 in Shanghai, which is 02 UTC.
    assert {(at.weekday() in (0, 1), at.hour) for at in local} == {(True, 2)}


def test_work_that_is_not_done_by_the_last_day_stays_open(app, tmp_path):
    report = simulate(app, tmp_path, last="2026-09-15", after=[90, 100, "WH"])

    assert report["cases open"] == 2


def test_a_refusal_is_counted_by_step_and_reason(app, tmp_path):
    elements = {**PLAN["elements"], "assign": {"fields": {"boss": {"constant": 1}}}}

    report = simulate(app, tmp_path, count=1, elements=elements)

    assert report["refused at assign: invalid-data"] == 1


# -- forms -----------------------------------------------------------------------------


@pytest.fixture
def papers(app):
    return make_papers(app, PLAN)


def make_papers(app, plan):
    with app.database.reading() as tx:
        app.references.refresh(tx)
    return Papers(app, Plans((plan,)), Crowd(app, "admin"), random.Random(1))


def form(*components):
    document = {"type": "default", "id": "test", "components": list(components)}
    found, findings = forms.read(orjson.dumps(document), filename="test.json")
    assert findings == []
    return found


def component(kind, key, **more):
    return {"type": kind, "key": key, "label": key, "label_en": key, **more}


REQUIRED = {"validate": {"required": True}}
CHOICES = {"values": [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]}


def test_whatever_a_form_requires_is_filled_in_acceptably(papers):
    everything = form(
        component("textfield", "text", **REQUIRED),
        component("textarea", "long", validate={"required": True, "maxLength": 5}),
        component("number", "number", validate={"required": True, "min": 3}),
        component("checkbox", "box", **REQUIRED),
        component("select", "select", **CHOICES, **REQUIRED),
        component("radio", "radio", **CHOICES, **REQUIRED),
        component("checklist", "list", **CHOICES, **REQUIRED),
        component("datetime", "day", subtype="date", **REQUIRED),
        component("textfield", "not_needed"),
    )

    values = papers._fill(everything, {}, {}, set(), STARTER)

    assert forms.validate(everything, values) == values
    assert sorted(values) == sorted(
        ["text", "long", "number", "box", "select", "radio", "list", "day"]
    )


def test_a_hidden_field_stays_empty(papers):
    hiding = form(
        component("select", "kind", **CHOICES, **REQUIRED),
        component("textfield", "why", conditional={"hide": '=kind = "a"'}, **REQUIRED),
    )

    values = papers._fill(hiding, {"kind": {"constant": "a"}}, {}, set(), STARTER)

    assert values == {"kind": "a"}


@pytest.mark.parametrize(
    ("rules", "traits", "value"),
    [
        ({"constant": "x"}, set(), "x"),
        ({"datum": "known"}, set(), "k"),
        ({"weights": {"3": 1}, "number": True}, set(), 3),
        ({"after": [1, "WD"]}, set(), "2026-09-15T17:30:00+08:00"),
        ({"place": "street"}, set(), "990101001"),
        ([{"constant": "late", "when": "late"}, {"constant": "on time"}], set(), "on time"),
        ([{"constant": "late", "when": "late"}, {"constant": "on time"}], {"late"}, "late"),
        ([{"datum": "unknown"}, {"constant": "else"}], set(), "else"),
        (
            {"row": "departments", "column": "code", "where": {"name_zh": "区应急管理局"}},
            set(),
            "D01",
        ),
    ],
)
def test_a_rule_gives_a_value(papers, rules, traits, value):
    assert papers._by_rules(rules, {"known": "k"}, traits, STARTER) == value


def test_a_place_below_the_starter_is_of_the_level_asked_for(papers, app):
    unit = papers._place("grid2", "990101001")

    today = datetime(2026, 9, 14, tzinfo=UTC).date()
    assert app.references.organisation.unit(unit, today)["level"] == "grid2"
    assert app.references.organisation.within(unit, "990101001", today)


def test_a_rule_for_starters_of_one_role_is_not_used_for_others(papers):
    rules = [{"constant": "resident", "of": ["resident"]}, {"constant": "patrol"}]

    assert papers._by_rules(rules, {}, set(), STARTER) == "patrol"
    assert papers._by_rules(rules, {}, set(), Post("RY070", "resident", "x")) == "resident"
    assert papers._by_rules(rules, {}, set(), None) == "patrol"


def test_people_around_the_case_are_drawn_once_each(papers):
    rule = {"people": ["resident", "volunteer"], "within": "community", "count": 4, "as": "person"}

    drawn = papers._by_rule(rule, {"@unit": "99010100100101002"}, None)

    assert len({one["person"] for one in drawn}) == 4
    assert papers._by_rule({**rule, "count": 90}, {"@unit": "99010100100101002"}, None) is None


def test_an_answer_may_bring_up_a_question_that_stands_before_it(papers):
    late = form(
        component("textfield", "why", conditional={"hide": '=kind != "a"'}, **REQUIRED),
        component("select", "kind", **CHOICES, **REQUIRED),
    )

    values = papers._fill(late, {"kind": {"constant": "a"}}, {}, set(), STARTER)

    assert sorted(values) == ["kind", "why"]


def test_a_required_photo_is_taken(papers):
    taking = form(component("filepicker", "photos", **REQUIRED))

    values = papers._fill(taking, {}, {}, set(), STARTER)

    assert [len(one) for one in values["photos"]] == [len(papers._app.clock.new_id())]


# -- plans -----------------------------------------------------------------------------


def test_every_case_is_of_exactly_one_kind():
    plans = Plans(({**PLAN, "traits": {"late": 1}, "kinds": {"a": 1, "b": 1}},))
    chance = random.Random(1)

    drawn = [plans.traits("five_steps", chance) for _ in range(50)]

    assert {frozenset(one) for one in drawn} == {frozenset({"late", "a"}), frozenset({"late", "b"})}
    assert plans.traits("another", chance) == set()


def test_a_plan_says_for_what_its_cases_start_what_it_leaves_open(tmp_path):
    own = {**PLAN, "with": ["other.json"], "elements": {"accept": {"a": 1}, "p.accept": {"p": 1}}}
    other = {
        "process": "p",
        "elements": {"accept": {"b": 1}, "check": {"c": 1}},
        "traits": {"x": 1},
    }
    (tmp_path / "own.json").write_text(json.dumps(own), "utf-8")
    (tmp_path / "other.json").write_text(json.dumps(other), "utf-8")

    plans = Plans.read(tmp_path / "own.json")

    assert plans.rule("five_steps", "accept") == {"a": 1}
    assert plans.rule("p", "accept") == {"p": 1}
    assert (plans.rule("p", "check"), plans.rule("p", "none")) == ({"c": 1}, {})
    assert plans.traits("p", random.Random(1)) == {"x"}


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.json")), ids=lambda one: one.stem)
def test_the_plans_of_the_office_name_elements_of_its_diagrams(path):
    plans = Plans.read(path)
    known = {element for diagram in PLANS.parent.glob("*.bpmn") for element in elements_of(diagram)}

    assert {
        one.rpartition(".")[2] for plan in plans.all for one in plan["elements"]
    } - known == set()


# -- the crowd -------------------------------------------------------------------------


def test_only_who_holds_the_role_in_the_unit_is_handed_a_task(app, papers):
    crowd = Crowd(app, "admin")
    task = {"assignee": None, "candidates": [{"role": "dept_liaison", "unit": "D04"}]}

    first = crowd.hand(task, [], random.Random(1))
    assert ("dept_liaison", "D04") in first.grants

    able = app.references.organisation.people_with("dept_liaison", "D04", crowd.today)
    assert crowd.hand(task, [Actor(one) for one in able], random.Random(1)) is None


def test_who_has_signed_for_a_task_does_it(app, papers):
    task = {"assignee": "RY001", "candidates": [{"role": "dept_liaison", "unit": "D04"}]}

    assert Crowd(app, "admin").hand(task, [], random.Random(1)).name == "RY001"


def test_a_role_that_nobody_has_is_named(app, papers):
    with pytest.raises(LookupError, match="Nobody is astronaut"):
        Crowd(app, "admin").someone({"astronaut": 1}, random.Random(1))


def test_the_users_named_by_roles_are_different_people(app):
    bound = [one.person_id for one in identities.users(app) if "_" in one.name and one.demo]
    twice = {person for person, count in Counter(bound).items() if count > 1}

    # The sample list has fewer people for some roles than roles that they hold.
    assert len(twice) <= 3


def test_the_users_named_by_roles_can_take_a_case_to_its_end(app):
    steps = [
        ("street_dispatcher", "accept", "accept", {}),
        ("street_dispatcher", "assign", None, {"lead": "D04"}),
        ("dept_liaison", "handle", "done", {"reply": "已处置"}),
        ("street_leader", "evaluate", "good", {}),
        ("publisher", "publish", None, {"public_text": "已办结"}),
    ]
    starter = identities.actor(app, "grid_worker")
    case_id = cases.start(app, starter, process="five_steps", data={}).body["id"]

    for name, element, outcome, data in steps:
        command = CompleteTask(task=f"five_steps.{element}.1", outcome=outcome, data=data)
        answer = cases.handle(app, identities.actor(app, name), case_id, command)

    assert answer.body["state"] == "completed"
