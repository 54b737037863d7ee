"""Rates to the printed digit, ranks, and score rules: against published bulletins."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine import rates, score_rules
from engine.rates import Rate
from engine.score_rules import Rule

D = Decimal


@pytest.mark.parametrize(
    ("place", "numerator", "denominator", "printed"),
    [
        ("福州 2015-05 立案率", 33928, 36314, "93.43"),
        ("天门 结案率", 911, 972, "93.72"),
        ("天门 按期结案率", 737, 972, "75.82"),
    ],
)
def test_published_rates_come_out_to_the_printed_digit(place, numerator, denominator, printed):
    rate = Rate(D(numerator), D(denominator))

    assert str(rate.percent()) == printed, place
    assert rate.text == f"{numerator}/{denominator}"


def test_halves_are_rounded_up_where_binary_fractions_would_fall():
    assert str(Rate(D(1), D(8)).percent(0)) == "13"
    assert str(rates.half_up(D("2.675"), 2)) == "2.68"
    assert str(rates.half_up(D("12.795"), 2)) == "12.80"
    assert round(2.675, 2) == 2.67


def test_a_rate_of_nothing_is_no_rate():
    assert Rate(D(0), D(0)).percent() is None
    assert Rate(D(0), D(3)).percent() == D("0.00")
    assert (rates.mean([]), rates.median([]), rates.percentile([], 90)) == (None, None, None)


def test_means_medians_and_percentiles():
    values = [D(value) for value in (9, 1, 4, 2)]

    assert rates.mean(values) == D("4.00")
    assert rates.median(values) == D("3.00")
    assert rates.median(values[:3]) == D("4.00")
    assert rates.percentile([D(one) for one in range(1, 11)], 90) == D("9.00")
    assert rates.percentile([D(7)], 90) == D("7.00")


def test_ties_share_a_rank_and_few_cases_are_not_ranked():
    values = {
        "D01": (D("90.00"), 12),
        "D02": (D("95.00"), 5),
        "D03": (D("90.00"), 40),
        "D04": (D("100.00"), 4),
        "D05": (D("80.00"), 6),
        "D06": (None, 9),
    }

    assert rates.ranks(values) == {"D02": 1, "D01": 2, "D03": 2, "D05": 4}
    assert rates.ranks(values, high_first=False) == {"D05": 1, "D01": 2, "D03": 2, "D02": 4}


def rule(**values):
    row = {
        "ruleset": "r", "metric": "m", "kind": "rate", "full": 25, "threshold": 98, "slope": 1,
        "floor": None, "zero_below": None, "least": None, "once": None, "places": None,
    }  # fmt: skip
    return Rule.of({**row, **values})


@pytest.mark.parametrize(
    ("values", "value", "points"),
    [
        ({"full": 50, "threshold": 70}, "70", "50.00"),
        ({"full": 50, "threshold": 70}, "99.5", "50.00"),
        ({"full": 50, "threshold": 70}, "64.5", "44.50"),
        ({"full": 50, "threshold": 70}, "10", "0.00"),
        ({"full": 20, "threshold": 90}, "90", "20.00"),
        ({"full": 20, "threshold": 90}, "87", "17.00"),
        ({"slope": 0.5, "floor": 12.5}, "87.5", "19.75"),
        ({"slope": 0.5, "floor": 12.5}, "83.33", "17.67"),
        ({"slope": 0.5, "floor": 12.5}, "50", "12.50"),
        ({"slope": 0.5, "floor": 12.5, "threshold": 95}, "70.59", "12.80"),
        ({"slope": 0.5, "floor": 12.5, "threshold": 95}, "66.67", "12.50"),
        ({"threshold": 100}, "89.82", "14.82"),
        ({"threshold": 100}, "66.67", "0.00"),
    ],
)
def test_points_of_published_bulletins(values, value, points):
    assert str(rule(**values).points(D(value))) == points


def test_below_a_bound_there_is_nothing_at_all():
    strict = rule(full=20, threshold=90, floor=10, zero_below=60)

    assert [str(strict.points(D(one))) for one in (60, 85, "59.99")] == ["10.00", "15.00", "0.00"]


def test_failed_checks_take_points_and_what_leaders_brought_twice():
    checks = [
        rule(kind="each", slope=0.2),
        rule(kind="each", slope=0.5, least=3, once=True),
    ]

    assert score_rules.taken_off(checks, [(1, False), (2, False)]) == D("0.60")
    assert score_rules.taken_off(checks, [(3, False), (7, False)]) == D("1.00")
    assert score_rules.taken_off(checks, [(1, True), (3, True), (0, True)]) == D("1.40")
    assert score_rules.taken_off([], [(3, False)]) == D("0.00")


def test_a_sheet_adds_up_and_nobody_loses_for_what_was_never_asked():
    sheet = [
        rule(metric="on_time", full=50, threshold=70),
        rule(metric="closed", full=20, threshold=90),
        rule(metric="checks", kind="each", slope=0.2),
    ]

    assert score_rules.score(sheet, {"on_time": D("64.5"), "closed": D(95)}) == D("64.50")
    assert score_rules.score(sheet, {"on_time": D("64.5"), "closed": None}) == D("64.50")
    assert score_rules.score(sheet, {"on_time": None}) is None


def test_a_rule_reads_as_it_counts():
    assert rule(slope=0.5, floor=12.5).explained() == "25 - 0.5 x (98 - x), >= 12.5"
    assert rule(kind="each", slope=0.5, least=3, once=True).explained() == "-0.5 once (n >= 3)"
    assert rule(zero_below=60).explained() == "25 - 1 x (98 - x), >= 0; x < 60: 0"
