"""Changes to a diagram, and what the histories of simulated cases say that they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from engine import backtest, identities, store
from engine.application import Application
from engine.backtest import Plan
from engine.clock import parse
from tests.conftest import FIVE_STEPS
from tests.test_backtest import copied
from tests.test_demo import simulate

FIVE = FIVE_STEPS.read_text("utf-8")
EVALUATE = FIVE[FIVE.index('    <userTask id="evaluate"'):FIVE.index('    <userTask id="publish"')]  # fmt: skip


@dataclass
class Simulated:
    """Simulated cases, and what their histories say: of each the record, by its id."""

    app: Application
    late: int
    records: dict[str, list[dict[str, Any]]]

    def decided(self, element: str) -> set[str]:
        """The cases in which somebody completed a task of an element."""
        return {
            case for case, record in self.records.items()
            if any(f".{element}." in one["command"].get("task", "") for one in record
                   if one["command"]["type"] == "complete_task")
        }  # fmt: skip

    def hours(self, element: str) -> dict[str, float]:
        """The working hours that each case spent at an element that it came to."""
        found = {}
        for case, record in self.records.items():
            moments = [parse(one["at"]) for kind in ("element_entered", "element_left")
                       for one in record for event in one["events"]
                       if (event["type"], event["element"]) == (kind, element)]  # fmt: skip
            if moments:
                end = moments[1] if len(moments) == 2 else parse(record[-1]["at"])
                spent = self.app.references.calendar.working_time(moments[0], end)
                found[case] = spent / 3_600_000_000
        return found

    def told(self, *pairs: tuple[str, str]) -> dict[str, set[str]]:
        """Class -> the cases of it, on the diagram with changes."""
        text = FIVE
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        job = backtest.Job("five_steps", {"five_steps.bpmn": text.encode()}, Plan())
        results = [one for one in backtest.Backtest(self.app, job).results(self.records) if one]
        assert len(results) == len(self.records)
        kinds = sorted({one.verdict for one in results})
        return {kind: {one.case for one in results if one.verdict == kind} for kind in kinds}


@pytest.fixture(scope="module")
def simulated(city, tmp_path_factory, sandbox) -> Iterator[Simulated]:
    folder = tmp_path_factory.mktemp("simulated")
    with copied(city, folder, sandbox) as app:
        found = simulate(app, folder, count=30, traits={"late": 0.4})
        with app.database.reading() as tx:
            records = {
                case: [one.document() for one in store.read_entries(tx, case)]
                for case in backtest.case_ids(app, "five_steps", Plan())
            }
        yield Simulated(app, found["timers"], records)


def test_every_simulated_case_is_identical_on_its_own_diagram(simulated):
    files = {"five_steps.bpmn": FIVE.encode()}
    report = backtest.run(simulated.app, identities.operator(), "five_steps", files, Plan())

    counts = {name: one["count"] for name, one in report["classes"].items()}
    assert counts == {**dict.fromkeys(backtest.CLASSES, 0), "identical": 30}
    assert simulated.late > 5
    assert report["escalations"] == {"then": simulated.late, "now": simulated.late}


def test_changes_do_to_simulated_cases_what_their_histories_predict(simulated):
    cases_there, hours = set(simulated.records), simulated.hours("handle")

    # A limit made shorter: who now is late waits for an instruction that nobody gave.
    limit = sorted(hours.values())[5] + 0.01
    soon = {case for case, spent in hours.items() if spent > limit}
    waiting = soon - simulated.decided("instruct")
    assert waiting
    assert waiting < soon
    shorter = ("working_hours(4)", f"working_hours({limit:.4f})")
    assert simulated.told(shorter) == {"same_outcome": cases_there - waiting, "stuck": waiting}

    # An approval removed.
    gone = (
        (EVALUATE, ""), ("<flowNodeRef>evaluate</flowNodeRef>", ""),
        ('targetRef="evaluate"', 'targetRef="publish"'),
        ('<sequenceFlow id="to_publish" sourceRef="evaluate" targetRef="publish" />', ""),
    )  # fmt: skip
    assert simulated.told(*gone) == {"diverged": simulated.decided("evaluate")}

    # A condition inverted: what was accepted is refused.
    turned = ("accept_outcome == 'refuse'", "accept_outcome == 'accept'")
    assert simulated.told(turned) == {"different_outcome": simulated.decided("assign")}

    # An element renamed.
    assert simulated.told(('"evaluate"', '"rate"'), (">evaluate<", ">rate<")) == {
        "same_outcome": simulated.decided("evaluate")
    }
