"""What a decision costs: a large table, its first reading, and a small one.

The large table is the kind that an office has by the dozen: who is responsible for an
item of a given urgency and size. SpiffWorkflow gets the same rows as its own cells are
written, and its engine alone, without a workflow around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser

from benchmarks.measure import Meter, Row, take_turns
from engine import decisions
from engine.decisions import Decision

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
URGENCIES = ("normal", "urgent", "critical")
_HELD = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="t"/><endEvent id="e"/>
<sequenceFlow id="a" sourceRef="s" targetRef="t"/><sequenceFlow id="b" sourceRef="t"
targetRef="e"/></process></definitions>"""

Cells = Sequence[Sequence[str]]
_numbers = count(1)


def large(rows: int) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the large table: four inputs, two outputs."""
    items = -(-rows // len(URGENCIES))
    for at in range(rows):
        low = at % 7
        yield (
            f'"item-{at % items}"',
            f'"{URGENCIES[at // items]}"',
            f"[{low}..{low + 90}]",
            "true" if at % 2 else "-",
            f'"department-{at % 40}"',
            str(at % 20),
        )


def small() -> Iterator[tuple[str, ...]]:
    """Yield ten rows of the same columns."""
    for at in range(10):
        yield ('"a","b"', "-", f"[{at * 10}..{at * 10 + 9}]", "true", f'"d-{at}"', str(at))


def file_of(rows: Cells, write: Callable[[str], str] = str) -> bytes:
    """Return a DMN file with these rows, unlike every other."""
    kinds = ("item:string", "urgency:string", "size:number", "open:boolean")
    columns = "".join(
        f'<input id="i_{name}"><inputExpression id="e_{name}" typeRef="{kind}"><text>{name}</text>'
        "</inputExpression></input>"
        for name, kind in (one.split(":") for one in kinds)
    )
    columns += '<output id="o1" name="department" typeRef="string"/>'
    columns += '<output id="o2" name="days" typeRef="number"/>'
    body = "".join(_row(at, row, write) for at, row in enumerate(rows))
    number = next(_numbers)
    return (
        f'<definitions xmlns="{NAMESPACE}" id="f{number}" name="f" namespace="n{number}">'
        f'<decision id="d" name="d"><decisionTable id="t" hitPolicy="UNIQUE">{columns}{body}'
        "</decisionTable></decision></definitions>"
    ).encode()


def _row(at: int, row: Sequence[str], write: Callable[[str], str]) -> str:
    cells = "".join(
        f'<{kind} id="r{at}c{number}"><text>{write(text)}</text></{kind}>'
        for number, text in enumerate(row)
        for kind in ["inputEntry" if number < 4 else "outputEntry"]
    )
    return f'<rule id="r{at}">{cells}</rule>'


def python(cell: str) -> str:
    """Return a cell as SpiffWorkflow has it."""
    if cell.startswith("["):
        low, _, high = cell[1:-1].partition("..")
        return f"{low} &lt;= ? &lt;= {high}"
    words = {"true": "True", "-": ""}
    return f"? in [{cell}]" if "," in cell else words.get(cell, cell)


def _ours(rows: Cells) -> Decision:
    found, findings = decisions.read(file_of(rows), filename="large.dmn")
    assert findings == []
    return found[0]


def _theirs(rows: Cells) -> Callable[[dict[str, Any]], dict[str, Any]]:
    parser = SpiffBpmnParser()
    parser.add_bpmn_str(_HELD.encode())
    parser.add_dmn_str(file_of(rows, python))
    engine = parser.get_engine("d", "t") if hasattr(parser, "get_engine") else None
    assert engine is not None
    workflow = BpmnWorkflow(parser.get_spec("p"), {})
    workflow.do_engine_steps()
    task = next(iter(workflow.get_tasks(manual=True)))

    def decide(data: dict[str, Any]) -> dict[str, Any]:
        task.data = dict(data)
        found: dict[str, Any] = engine.result(task)
        return found

    return decide


def _deciding(
    rows: Cells, given: Sequence[dict[str, Any]], turns: int, theirs_each: int
) -> dict[str, float]:
    table, other = _ours(rows), _theirs(rows)
    for data in given[:2]:
        assert decisions.evaluate(table, data).outputs == [other(data)]

    def ours(meter: Meter) -> int:
        with meter.running():
            for data in given:
                decisions.evaluate(table, data)
        return len(given)

    def theirs(meter: Meter) -> int:
        with meter.running():
            for data in given[:theirs_each]:
                other(data)
        return theirs_each

    return take_turns({"ours": ours, "theirs": theirs}, turns)


def _reading(rows: Cells, turns: int) -> dict[str, float]:
    def ours(meter: Meter) -> int:
        content = file_of(rows)
        with meter.running():
            found, _ = decisions.read(content, filename="large.dmn")
        assert len(found[0].rules) == len(rows)
        return 1

    def theirs(meter: Meter) -> int:
        content = file_of(rows, python)
        parser = SpiffBpmnParser()
        with meter.running():
            parser.add_dmn_str(content)
            table = parser.get_engine("d", "t").decision_table
        assert len(table.rules) == len(rows)
        return 1

    return take_turns({"ours": ours, "theirs": theirs}, turns)


def dmn(*, rows: int = 1_101, each: int = 200, turns: int = 7) -> list[Row]:
    """A decision of a large table and of a small one, and the large one's first reading."""
    many, few = list(large(rows)), list(small())
    items = -(-rows // len(URGENCIES))
    given = [
        {
            "item": f"item-{at * 37 % items}",
            "urgency": URGENCIES[at % 2],
            "size": 20 + at % 60,
            "open": True,
        }
        for at in range(each)
    ]
    short = [{**one, "item": "b", "size": at % 100} for at, one in enumerate(given)]
    big = _deciding(many, given, turns, max(1, each // 50))
    ten = _deciding(few, short, turns, each)
    read = _reading(many, turns)
    unread = "SpiffWorkflow's parser, which reads no cell"
    said = "SpiffWorkflow's, the same rows as its cells are written"
    return [
        _figure(f"dmn: a decision of {rows:,} rows by 6 columns", big, said, "<= 2 ms"),
        _figure("dmn: a decision of ten rows", ten, said, "<= 50 µs"),
        _figure(f"dmn: reading the table of {rows:,} rows", read, unread, "<= 200 ms"),
    ]


def _figure(name: str, cost: dict[str, float], against: str, target: str) -> Row:
    unit = target.rsplit(maxsplit=1)[-1]
    times = {"ms": 1e3, "µs": 1e6}[unit]
    ours, theirs = cost["ours"], cost["theirs"]
    return Row(name, ours * times, unit, against, theirs * times, theirs / ours, target)


FIGURES: dict[str, Callable[[], list[Row]]] = {"dmn": dmn}
