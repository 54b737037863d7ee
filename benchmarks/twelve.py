"""The case that both engines run: twelve user tasks, 1 KB of data.

Both sides complete the same tasks in the same order with the same data, and
both are held to ``demand``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.bpmn import reader
from engine.bpmn.model import Process
from engine.execution import Answer, Bundle, Site
from engine.scripts import Code

MODELS = Path(__file__).parent / "models"
FILE = MODELS / "twelve_steps.bpmn"
PROCESS = "twelve_steps"
STEPS = tuple(f"step_{number:02}" for number in range(1, 13))
ROLE = "street_dispatcher"
NOW = datetime(2026, 9, 14, 1, 0, tzinfo=UTC)
"""Monday 2026-09-14 09:00 in Shanghai."""

START: dict[str, Any] = {
    "title": "占道经营影响通行",
    "address": "示范市示范区第一街道和平社区幸福路 18 号门前",
    "category": "城市管理/市容环境/占道经营",
    "source": "网格员巡查",
    "urgency": 2,
    "location": {"grid": "990101001001", "longitude": 116.397, "latitude": 39.909},
    "photos": [f"sha256:{number:064x}" for number in range(3)],
    "description": "早晚高峰期间有六个流动摊位占用人行道和非机动车道，行人被迫走机动车道，"
    "已有居民反映三次，劝导后当日撤离、次日复现。附近小学放学时段风险较大。" * 2,
    "history": [{"on": f"2026-09-{day:02}", "by": "网格员", "found": "复现"} for day in (8, 10)],
}
"""About 1,000 bytes of JSON."""


def written(step: str) -> dict[str, Any]:
    """Return what completing a task writes."""
    number = step.removeprefix("step_")
    return {f"note_{number}": "已核实，按职责处理", f"minutes_{number}": 15}


def result() -> dict[str, Any]:
    """Return the data of a case in which every task was completed."""
    data = dict(START)
    for step in STEPS:
        data.update(written(step))
    return data


def demand(order: Sequence[str], data: Mapping[str, Any], *, ended: bool) -> None:
    """Assert that a case went the whole way; what the engines add of their own is theirs.

    Raises:
        AssertionError: it did not.
    """
    assert ended, "the case has not ended"
    assert list(order) == list(STEPS), f"tasks were completed in the order {order}"
    expected = result()
    found = {name: data.get(name) for name in expected}
    assert found == expected, "the data are not what was written"


def process_of(xml: bytes, key: str) -> Process:
    """Return a process of a BPMN file, compiled."""
    diagram, findings = reader.read_cached(xml, f"{key}.bpmn")
    assert diagram is not None, findings
    return diagram.processes[key]


def bundle_of(xml: bytes, key: str) -> Bundle:
    """Return what a case of the file's process runs on."""
    return Bundle(key, {key: process_of(xml, key)}, {})


class Desk:
    """A world of plain answers, for the kernel alone: no sandbox, no organisation.

    A condition is the name of a datum.
    """

    def evaluate(
        self, site: Site, codes: Sequence[Code], names: Mapping[str, Any]
    ) -> Sequence[Answer]:
        """Return the data that the codes name."""
        return [Answer(names[code.text]) for code in codes]

    def run(self, site: Site, code: Code, names: Mapping[str, Any]) -> Answer:
        """Refuse: there is no script in these diagrams."""
        raise NotImplementedError

    def decide(
        self, site: Site, decision: str, shape: str | None, names: Mapping[str, Any]
    ) -> Answer:
        """Refuse: there is no decision in these diagrams."""
        raise NotImplementedError

    def find_unit(self, site: Site, role: str, unit: str | None) -> Answer:
        """Return one street for every role."""
        return Answer("990101001")

    def remaining(self, site: Site, due_at: str) -> Answer:
        """Refuse: nothing is held."""
        raise NotImplementedError

    def resume(self, site: Site, remaining: Any) -> Answer:
        """Refuse: nothing is held."""
        raise NotImplementedError
