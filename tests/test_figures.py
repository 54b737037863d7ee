"""Figures: what counts, what stands apart, and that they follow from the histories alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from engine import cases, deployments, figures, identities, replay
from engine.clock import ManualClock
from engine.commands import CancelCase, CompleteTask
from engine.errors import InvalidList, InvalidRequest, NotFound
from engine.figures import counting
from engine.figures.counting import Window
from engine.figures.definitions import KINDS, Figure
from engine.figures.facts import EVERYWHERE, Fact
from engine.figures.reading import REGISTER, SUBJECTS
from engine.projection import milestones
from engine.tables import milestones as table
from tests.scenario_city import files_of

D = Decimal
SEPTEMBER = {"since": date(2026, 9, 1), "until": date(2026, 10, 1)}
AT = datetime(2026, 9, 14, 1, tzinfo=UTC)


def figure(**values):
    given = {
        "code": "f", "title_zh": "", "title_en": "", "chapter": "", "subject": "shares",
        "counted_by": "due", "kind": "rate", "numerator": ("on_time",), "denominator": ("live",),
        "number": "", "per": "", "places": 2, "better": "high", "low": None, "high": None,
        "formula_zh": "", "formula_en": "",
    }  # fmt: skip
    return Figure(**{**given, **values})


def fact(*marks, at=AT, unit="U", bodies=(), **numbers):
    kept = {name: D(str(value)) for name, value in numbers.items()}
    return Fact("c", None, unit, frozenset(bodies), frozenset(marks), {"due": at}, kept)


ALL = Window(None, AT - timedelta(days=1), AT + timedelta(days=1))


# -- counting ---------------------------------------------------------------------------


def test_overdue_and_open_is_in_the_base_and_what_is_deferred_stands_apart():
    facts = [
        fact("live", "judged", "on_time"),
        fact("live", "judged"),
        fact("live", "judged", "overdue"),
        fact("live", "deferred"),
        fact("excluded", "judged", "on_time"),
    ]

    found = counting.count(figure(denominator=("live", "judged")), facts, ALL)

    assert (found.parts, found.text, found.n) == ("1/3", "33.33 %", 3)
    assert found.apart == {"deferred": 1, "excluded": 1}


def test_a_mark_with_an_exclamation_mark_must_not_be_there():
    facts = [fact("live"), fact("live", "deferred", "on_time")]

    found = counting.count(figure(denominator=("live", "!deferred")), facts, ALL)

    assert found.parts == "0/1"


def test_a_fact_counts_in_the_period_of_its_moment_the_end_left_out():
    window = Window(None, AT, AT + timedelta(days=1))
    facts = [fact("live", "on_time", at=AT + timedelta(hours=one)) for one in (-1, 0, 23, 24)]

    assert counting.count(figure(), facts, window).parts == "2/2"
    assert counting.count(figure(counted_by=""), facts, window).parts == "4/4"
    assert counting.count(figure(counted_by="closed_at"), facts, window).parts == "0/0"


def test_a_fact_belongs_to_its_place_and_to_who_answers_for_it():
    facts = [
        fact("live", unit="S1", bodies={"D1"}),
        fact("live", unit="S2", bodies={"D1"}),
        fact("live", unit=EVERYWHERE),
        fact("live", unit=None),
    ]

    counts = {
        unit: counting.count(figure(), facts, Window(frozenset({unit}), ALL.since, ALL.until)).n
        for unit in ("S1", "D1", "D2")
    }

    assert counts == {"S1": 2, "D1": 3, "D2": 1}


def test_weights_are_added_up_where_the_figure_names_a_number():
    facts = [fact("live", solved=1), fact("live", solved="0.5"), fact("live")]

    found = counting.count(figure(numerator=(), number="solved"), facts, ALL)

    assert (found.parts, found.text) == ("1.5/3", "50.00 %")


@pytest.mark.parametrize(
    ("kind", "text", "parts"),
    [
        ("count", "3", "3"),
        ("sum", "16", "16"),
        ("mean", "5", "16"),
        ("median", "4", "16"),
        ("percentile", "10", "16"),
    ],
)
def test_numbers_that_are_no_rates(kind, text, parts):
    facts = [fact("live", "on_time", hours=one) for one in (2, 4, 10)] + [fact("live", hours=99)]
    number = "" if kind == "count" else "hours"

    found = counting.count(figure(kind=kind, number=number, places=0), facts, ALL)

    assert (found.text, found.parts, found.n) == (text, parts, 3)


def test_a_ratio_is_divided_by_the_number_of_units():
    found = counting.count(
        figure(kind="ratio", per="@community"), [fact("live", "on_time")], ALL, per=4
    )

    assert (found.text, found.parts) == ("0.25", "1/4")


def test_a_band_says_whether_a_rate_lies_in_it():
    bounds = {"low": D(5), "high": D(40)}

    def inside(on_time, n):
        facts = [fact("live", "on_time")] * on_time + [fact("live")] * (n - on_time)
        return counting.count(figure(**bounds), facts, ALL).within_band

    assert [inside(1, 50), inside(1, 20), inside(2, 5), inside(3, 5)] == [False, True, True, False]
    assert counting.count(figure(**bounds), [], ALL).within_band is None
    assert counting.count(figure(), [fact("live")], ALL).within_band is None


def test_the_cases_behind_a_figure_are_told_part_by_part():
    good, bad, out = fact("live", "on_time"), fact("live"), fact("excluded")
    facts = [good, bad, out]

    assert counting.behind(figure(), facts, ALL, "denominator") == [(good, True), (bad, False)]
    assert counting.behind(figure(), facts, ALL, "numerator") == [(good, True)]
    assert counting.behind(figure(), facts, ALL, "missing") == [(bad, False)]
    assert counting.behind(figure(), facts, ALL, "apart") == [(out, False)]


# -- the lists --------------------------------------------------------------------------


def test_every_figure_of_the_list_names_a_subject_and_a_kind_that_there_are(app):
    with app.database.reading() as tx:
        book = figures.Reading(app, tx).book

    registers = {row["register"] for row in app.references.active["registers"].rows}
    for one in book.figures.values():
        known = one.subject in SUBJECTS or one.subject.removeprefix(REGISTER) in registers
        assert known or one.kind == "composite", one.code
        assert one.kind in KINDS, one.code
        assert one.better in {"", "high", "low"}, one.code
        assert "" not in {one.formula_zh, one.formula_en}, one.code
    assert sum(book.weights["composite"].values()) == 1
    assert set(book.weights["composite"]) <= set(book.figures)
    rate_rules = [rule for rules in book.rules.values() for rule in rules if rule.kind == "rate"]
    assert {rule.metric for rule in rate_rules} <= set(book.figures)


def test_published_bulletins_are_scored_by_rows_of_the_list(app):
    with app.database.reading() as tx:
        rules = figures.Reading(app, tx).book.rules

    def points(ruleset, metric, value):
        (rule,) = [one for one in rules[ruleset] if (one.metric, one.kind) == (metric, "rate")]
        return str(rule.points(D(value)))

    assert points("jinhua", "on_schedule", "64.5") == "44.50"
    assert points("jinhua", "closing", "93.72") == "20.00"
    assert points("lianyungang_2023", "satisfied", "83.33") == "17.67"
    assert points("lianyungang_2022", "satisfied", "70.59") == "12.80"
    assert points("lianyungang_2023", "on_schedule", "66.67") == "0.00"


def test_a_figure_or_a_unit_that_is_not_there_is_refused(app):
    with pytest.raises(NotFound):
        figures.one(app, "luck", unit="D04", **SEPTEMBER)
    with pytest.raises(NotFound):
        figures.one(app, "on_time", unit="D99", **SEPTEMBER)
    with pytest.raises(InvalidRequest):
        figures.one(app, "on_time", unit="D04", since=date(2026, 9, 2), until=date(2026, 9, 2))


def test_a_row_that_cannot_be_counted_is_named(app):
    with app.database.reading() as tx:
        reading = figures.Reading(app, tx)
        window = reading.window("D04", *SEPTEMBER.values())

        for wrong in ({"subject": "luck"}, {"kind": "guess"}):
            with pytest.raises(InvalidList) as refused:
                reading.count(figure(**wrong), "D04", window)
            assert next(iter(wrong.values())) in str(refused.value)


# -- from histories ---------------------------------------------------------------------

SHARE = {
    "dept_code": "D04", "dept_role": "lead", "lead_code": "D04", "siblings": [],
    "dispatched_at": "2026-09-14T09:00:00+08:00", "item_code": "ZL-12-011", "area_class": "A",
    "urgency": "normal", "variant": "routine", "location": "99010100100101001",
    "street": "990101001", "subject": "道路破损", "whistle_no": "whistle-2026-000001",
    "rework_count": 0, "under_supervision": False,
}  # fmt: skip


def kept_rows(app):
    with app.database.reading() as tx:
        return tx.all(sa.select(*table.c).order_by(*table.primary_key.columns), {})


def test_figures_follow_from_the_histories_and_are_made_anew_by_rebuild(
    any_app, clock: ManualClock
):
    app = any_app
    deployments.deploy(app, identities.operator(), files_of("department_handling"))
    admin = identities.operator()
    started = [cases.start(app, admin, process="department_handling", data=SHARE).case_id]
    started.append(cases.start(app, admin, process="department_handling", data=SHARE).case_id)
    for case in started:
        cases.handle(app, admin, case, CompleteTask("department_handling.sign.1", outcome="sign"))

    def shown(code, unit="990101001"):
        return figures.one(
            app, code, unit=unit, since=date(2026, 9, 1), until=date(2026, 12, 1)
        ).parts

    assert (shown("signing"), shown("on_time"), shown("on_schedule")) == ("2/2", "0/0", "0/2")
    clock.set(clock.now() + timedelta(days=8))
    assert (shown("on_time"), shown("backlog"), shown("on_time", "D04")) == ("0/2", "2", "0/2")
    cases.handle(app, admin, started[1], CancelCase(end="voided", reason="入错"))
    assert (shown("on_time"), shown("backlog"), shown("on_time", "D05")) == ("0/1", "1", "0/0")

    before = kept_rows(app)
    assert [row[1] for row in before] == ["department_handling"] * 2
    with app.database.writing() as tx:
        tx.run(sa.delete(table), {})
    assert shown("on_time") == "0/0"
    list(replay.rebuild(app, started))
    assert kept_rows(app) == before
    assert shown("on_time") == "0/1"


def test_nothing_that_people_wrote_is_kept_for_figures():
    sealed = {"$sealed": "01a2", "commitment": "9ef3"}

    assert milestones._plain({"reply": sealed, "steps": [{"by": sealed, "n": 1}]}) == {
        "reply": None,
        "steps": [{"by": None, "n": 1}],
    }


def test_without_the_list_nothing_is_kept():
    assert milestones.kept(None) == {}


# -- frozen into a case -----------------------------------------------------------------


def test_figures_are_frozen_with_the_points_of_a_rule_set(app):
    data = {"unit": "D04", "since": "2026-09-01", "until": "2026-10-01T00:00:00+08:00"}

    found = figures.collect(app, "", {**data, "codes": "on_time; backlog", "ruleset": "jinhua"})

    nothing = {"value": None, "text": "–", "numerator": "0", "denominator": "0", "n": 0}
    assert found == {
        "figures": {
            "on_time": nothing,
            "backlog": {**nothing, "value": 0.0, "text": "0", "denominator": "1"},
            "on_schedule": nothing,
            "closing": nothing,
        },
        "points": {"on_schedule": None, "closing": None},
        "score": None,
        "collected_at": "2026-09-14T01:00:00Z",
    }
    with pytest.raises(TypeError):
        figures.collect(app, "", {"unit": "D04", "until": "2026-10-01"})
