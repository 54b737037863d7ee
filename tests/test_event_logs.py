"""Event logs: valid by their standards, complete, streamed, and without what is personal."""

from __future__ import annotations

import csv
import io
import itertools
import json
import resource
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import jsonschema_rs
import pytest
from lxml import etree

from engine import cases, cli, deployments, event_logs, identities, store
from engine.bpmn.model import ACTIVITIES
from engine.commands import ClaimTask, CompleteTask
from engine.event_logs import objects, sheets, traces, xes
from tests.memory import flows, process

HERE = Path(__file__).parent / "event_logs"
NAMESPACE = "{http://www.xes-standard.org/}"
LOOP = process(
    '<startEvent id="start"/><userTask id="a" name="甲"/><parallelGateway id="split"/>'
    '<userTask id="b" name="乙"/><userTask id="c" name="丙"/><parallelGateway id="join"/>'
    '<exclusiveGateway id="again"/><userTask id="d" name="丁" camunda:dueDate="2026-09-20T17:30:00+08:00"/><endEvent id="end"/>'
    + flows(
        "start > a > split > b > join > again", "split > c > join", "again > a : more",
        "again > d : not more", "d > end",
    ),
    key="loop",
)  # fmt: skip


WRITERS = {
    ".xes": event_logs.write_xes, ".csv": event_logs.write_csv,
    ".json": event_logs.write_ocel, ".sqlite": event_logs.write_ocel,
}  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    process: str | None = None
    since: datetime | None = None
    personal: bool = False


@pytest.fixture
def played(app):
    return play(app)


def play(app):
    """Three cases of a diagram of tasks and gateways: straight, round again, and going on."""
    deployments.deploy(app, identities.operator(), {"loop.bpmn": LOOP})
    admin = identities.actor(app, "admin")
    ways = (
        [("a", 1), ("b", 1), ("c", 1), ("d", 1)],
        [("a", 1), ("c", 1), ("b", 1), ("a", 2), ("b", 2), ("c", 2), ("d", 1)],
        [("a", 1), ("c", 1)],
    )
    found = []
    for way in ways:
        case = cases.start(app, admin, process="loop", data={"who": "王样乙"}).case_id
        for element, nth in way:
            more = len(way) > 4 and nth == 1
            if element == "b":
                cases.handle(app, admin, case, ClaimTask(f"loop.b.{nth}"))
            done = CompleteTask(f"loop.{element}.{nth}", data={"more": more})
            cases.handle(app, admin, case, done)
        found.append(case)
    return found


def written(app, tmp_path, name, **chosen):
    path = tmp_path / name
    return path, WRITERS[path.suffix](app, path, Chosen(**chosen))


# -- XES ---------------------------------------------------------------------------------


def values(node):
    return {one.get("key"): one.get("value") for one in node if one.get("key")}


def test_a_log_is_valid_xes_with_a_trace_for_each_case(app, played, tmp_path):
    path, count = written(app, tmp_path, "log.xes", process="loop")
    log = etree.parse(str(path))
    etree.XMLSchema(etree.parse(str(HERE / "xes.xsd"))).assertValid(log)

    assert count == 3
    assert [values(one)["concept:name"] for one in log.iter(f"{NAMESPACE}trace")] == played
    steps = [
        [
            values(event)["concept:name"]
            for event in trace.iter(f"{NAMESPACE}event")
            if values(event)["lifecycle:transition"] == "complete"
        ]
        for trace in log.iter(f"{NAMESPACE}trace")
    ]
    assert steps == [list("甲乙丙丁"), list("甲丙乙甲乙丙丁"), list("甲丙")]


def test_an_event_says_which_visit_it_is_of_and_by_whom(app, played, tmp_path):
    path, _ = written(app, tmp_path, "log.xes", process="loop")
    (first, *_) = etree.parse(str(path)).iter(f"{NAMESPACE}trace")
    mine = [
        values(one)
        for one in first.iter(f"{NAMESPACE}event")
        if values(one)["bihuan:element"] == "loop.b"
    ]

    assert [one["lifecycle:transition"] for one in mine] == ["schedule", "start", "complete"]
    assert {one["concept:instance"] for one in mine} == {f"{played[0]}.loop.b.1"}
    assert "org:resource" not in mine[0]
    assert mine[1]["org:resource"] == mine[2]["org:resource"]
    assert mine[1]["org:resource"].startswith("p-")


def test_what_no_xml_may_hold_is_replaced_and_what_has_a_meaning_is_escaped():
    line = xes._line(("string", "k", 'a"<&\x00\ud800\uffffb'), 0)

    assert line == '<string key="k" value="a&quot;&lt;&amp;\ufffd\ufffd\ufffdb"/>\n'
    kept = "甲\u3000乙\u00a0👩\u200d🔧]]'"
    assert xes._legal(kept) == kept


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('xes.version="1849.2016"', 'xes.version="1849-2016"'),
        ('name="Element"', 'name="An element"'),
        ('prefix="time"', 'prefix="org"'),
        ('scope="event"', 'scope="trace"'),
        ('key="bihuan:state"', 'key="bihuan state"'),
        ('key="bihuan:kind"', 'key="concept:name"'),
        ('value="2026-', 'value="on 2026-'),
        ('<string key="bihuan:kind"', '<text key="bihuan:kind"'),
    ],
)
def test_the_schema_refuses_what_the_standard_forbids(app, played, tmp_path, was, becomes):
    path, _ = written(app, tmp_path, "log.xes", process="loop")
    log = path.read_text("utf-8")
    schema = etree.XMLSchema(etree.parse(str(HERE / "xes.xsd")))
    assert was in log

    assert schema.validate(etree.fromstring(log.encode()))
    assert not schema.validate(etree.fromstring(log.replace(was, becomes).encode()))


def test_a_log_of_strange_values_is_valid_xes(app, tmp_path):
    strange = {"a b": "\x00\n\t<&\"'", "a:b": 1, "a_b": True, "数": 2.5, "": -1}
    trace = traces.Trace(
        "c1", "p", 1, "=1", None, "open", None, "2026-09-14T01:00:00Z", None, strange, (), (),
    )  # fmt: skip
    path = tmp_path / "log.xes"
    with path.open("w", encoding="utf-8") as file:
        xes.write(file, [trace])

    log = etree.parse(str(path))
    etree.XMLSchema(etree.parse(str(HERE / "xes.xsd"))).assertValid(log)
    (found,) = log.iter(f"{NAMESPACE}trace")
    data = {key: value for key, value in values(found).items() if key.startswith("bihuan:data:")}
    assert data == {
        "bihuan:data:a_b": "\ufffd\n\t<&\"'", "bihuan:data:a_b_": "1",
        "bihuan:data:a_b__": "true", "bihuan:data:数": "2.5", "bihuan:data:": "-1",
    }  # fmt: skip


# -- OCEL --------------------------------------------------------------------------------


def test_a_log_is_valid_ocel_and_every_relation_has_its_ends(app, played, tmp_path):
    path, count = written(app, tmp_path, "log.json", process="loop")
    log = json.loads(path.read_text("utf-8"))
    schema = json.loads((HERE / "ocel.schema.json").read_text("utf-8"))

    assert [str(one) for one in jsonschema_rs.validator_for(schema).iter_errors(log)] == []
    assert count == 3
    ids = [one["id"] for one in log["objects"]]
    assert len(ids) == len(set(ids))
    related = {
        (one["objectId"])
        for thing in log["objects"] + log["events"]
        for one in thing["relationships"]
    }
    assert related <= set(ids)
    assert Counter(one["type"] for one in log["objects"]) == {
        "case": 3,
        "task": 14,
        "person": 1,
        "unit": 1,
    }
    assert Counter(one["type"] for one in log["events"]) == {
        "loop.a": 4, "loop.b": 3, "loop.c": 4, "loop.d": 2,
    }  # fmt: skip
    kinds = {one["name"] for one in log["eventTypes"]}, {one["name"] for one in log["objectTypes"]}
    assert kinds[0] == {one["type"] for one in log["events"]}
    assert {one["type"] for one in log["objects"]} <= kinds[1]


def test_the_database_holds_the_same_log(app, played, tmp_path):
    path, count = written(app, tmp_path, "log.sqlite", process="loop")
    told, _ = written(app, tmp_path, "log.json", process="loop")
    log = json.loads(told.read_text("utf-8"))

    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA foreign_keys = ON")
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        events = dict(database.execute("SELECT ocel_id, ocel_type FROM event"))
        kinds = dict(database.execute("SELECT ocel_type, ocel_type_map FROM event_map_type"))
        table = f"event_{kinds['loop.b']}"
        rows = database.execute(f'SELECT ocel_id, activity, started_at FROM "{table}"').fetchall()
        touched = database.execute("SELECT count(*) FROM event_object").fetchone()[0]
    assert count == 3
    assert events == {one["id"]: one["type"] for one in log["events"]}
    assert touched == sum(len(one["relationships"]) for one in log["events"])
    assert sorted(row[:2] for row in rows) == sorted(
        (one["id"], "乙") for one in log["events"] if one["type"] == "loop.b"
    )
    assert all(row[2] for row in rows)


# -- CSV ---------------------------------------------------------------------------------


def test_a_table_has_a_row_for_each_visit(app, played, tmp_path):
    path, count = written(app, tmp_path, "log.csv", process="loop")
    content = path.read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))

    assert (content[:3], count, len(rows)) == (b"\xef\xbb\xbf", 3, 14)
    assert list(rows[0]) == list(sheets.HEAD)
    assert [row["element"] for row in rows if row["case"] == played[2]] == ["a", "b", "c"]
    assert [row["ended_at"] != "" for row in rows if row["case"] == played[2]] == [
        True, False, True,
    ]  # fmt: skip


def test_every_format_is_written_at_the_command_line(app, played, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("CLOCK", "manual")
    asked = ("--process", "loop", "--since", "2026-09-01T00:00+08:00", "--json")
    found = []
    for kind, name in (
        ("xes", "a.xes"),
        ("ocel", "a.json"),
        ("ocel", "a.sqlite"),
        ("csv", "a.csv"),
    ):
        file = tmp_path / name
        assert cli.run(["export", "--format", kind, *asked, str(file)]) == 0
        report = json.loads(capsys.readouterr().out)
        found.append((report["format"], report["cases"], report["bytes"] == file.stat().st_size))

    assert found == [("xes", 3, True), ("ocel", 3, True), ("ocel", 3, True), ("csv", 3, True)]
    assert cli.run(["export", "--format", "csv", str(tmp_path / "a.csv")]) == 2


class Stopped:
    """What somebody chose who presses Ctrl-C at the third case."""

    process = since = None

    def __init__(self):
        self.looks = itertools.count(1)

    @property
    def personal(self):
        if next(self.looks) == 3:
            raise KeyboardInterrupt
        return False


@pytest.mark.parametrize("name", ["log.xes", "log.csv", "log.json", "log.sqlite"])
def test_a_log_that_is_stopped_leaves_nothing_behind(app, played, tmp_path, name):
    with pytest.raises(KeyboardInterrupt):
        WRITERS[name[3:]](app, tmp_path / name, Stopped())
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("log")] == []

    path, count = written(app, tmp_path, name)
    assert (count, path.stat().st_mode & 0o777) == (3, 0o600)


@pytest.mark.parametrize("name", ["log.xes", "log.csv", "log.json", "log.sqlite"])
def test_a_disk_without_room_is_told_and_keeps_no_half_log(app, played, tmp_path, name):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(
            OSError, match=r"log\.\w+ cannot be written: .+ Nothing of it is left\."
        ):
            written(app, tmp_path, name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("log")] == []


class Busy:
    """What somebody chose while others work: as the first case is told, the third goes on."""

    process, since = "loop", None

    def __init__(self, work):
        self.work = work

    @property
    def personal(self):
        work, self.work = self.work, None
        if work is not None:
            other = threading.Thread(target=work)
            other.start()
            other.join()
        return True


def ended(path):
    """The elements of the third case that have ended, as a log of any kind tells them."""
    if path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as database:
            rows = database.execute("SELECT ocel_id FROM event").fetchall()
        found = [one[0] for one in rows]
    elif path.suffix == ".json":
        found = [one["id"] for one in json.loads(path.read_text("utf-8"))["events"]]
    elif path.suffix == ".xes":
        events = map(values, etree.parse(str(path)).iter(f"{NAMESPACE}event"))
        done = [one for one in events if one["lifecycle:transition"] == "complete"]
        found = [one["concept:instance"] for one in done]
    else:
        rows = csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))
        found = [f"{one['case']}.loop.{one['element']}.1" for one in rows if one["ended_at"]]
    return sorted(one.split(".")[2] for one in found if one.startswith(max(found)[:32]))


@pytest.mark.parametrize("name", ["log.xes", "log.csv", "log.json", "log.sqlite"])
def test_a_log_is_one_state_of_the_database_while_work_goes_on(any_app, tmp_path, name):
    (*_, third), admin = play(any_app), identities.actor(any_app, "admin")
    busy = Busy(lambda: cases.handle(any_app, admin, third, CompleteTask("loop.b.1")))

    assert WRITERS[name[3:]](any_app, tmp_path / name, busy) == 3
    assert ended(tmp_path / name) == ["a", "c"]
    assert ended(written(any_app, tmp_path, f"after-{name}", process="loop")[0]) == ["a", "b", "c"]


# -- what is told ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["log.xes", "log.csv", "log.json", "log.sqlite"])
def test_no_log_names_a_person_or_tells_what_was_written(app, played, tmp_path, name):
    path, _ = written(app, tmp_path, name, process="loop")
    named, _ = written(app, tmp_path, f"named-{name}", process="loop", personal=True)

    content = path.read_bytes()
    assert (b"admin" in content, "王样乙".encode() in content) == (False, False)
    assert b"admin" in named.read_bytes()


def test_a_pseudonym_is_good_for_one_log():
    assert traces.pseudonym("RY003", b"a") == traces.pseudonym("RY003", b"a")
    assert traces.pseudonym("RY003", b"a") != traces.pseudonym("RY003", b"b")
    assert [traces.pseudonym(one, b"a") for one in (None, "@outbox")] == [None, "@outbox"]


def test_cases_are_chosen_by_process_and_beginning(app, clock, played, tmp_path):
    later = clock.now().replace(year=2027)

    assert written(app, tmp_path, "all.csv")[1] == 3
    assert written(app, tmp_path, "none.csv", process="five_steps")[1] == 0
    assert written(app, tmp_path, "later.csv", since=later)[1] == 0


def test_a_log_is_written_before_all_of_it_is_read():
    """What was read when each trace was written: none is waited for, and none is kept."""
    read, at_write = [], []

    class Sink(io.StringIO):
        def writelines(self, lines):
            at_write.append(len(read))
            return super().writelines(lines)

    def many():
        for number in range(50):
            read.append(number)
            yield traces.Trace(
                f"c{number}", "p", 1, None, None, "open", None, "2026-09-14T01:00:00Z", None,
                {}, (), (),
            )  # fmt: skip

    assert xes.write(Sink(), many()) == 50
    assert at_write == list(range(1, 51))
    walked = objects.walked(many(), lambda _: ("unit", {}))
    assert [one.id for _, one in itertools.islice(walked, 2)] == ["c0", "c1"]
    assert len(read) == 52


# -- the log and the diagram -------------------------------------------------------------


def silent(model, marking):
    """Every marking that gateways and events alone lead to."""
    for node in model.nodes.values():
        if node.kind in ACTIVITIES:
            continue
        joins = node.kind == "parallelGateway"
        ways_in = [tuple(node.incoming)] if joins else [(one,) for one in node.incoming]
        ways_out = [tuple(node.outgoing)] if joins else [(one,) for one in node.outgoing] or [()]
        for taken, given in itertools.product(ways_in, ways_out):
            if taken and all(marking[one] for one in taken):
                yield marking - Counter(taken) + Counter(given)


def fits(model, steps, *, is_over):
    """Replay a trace on the diagram with tokens: whether no step lacks one, and none is left."""
    start = next(one for one in model.nodes.values() if one.kind == "startEvent")
    found = [Counter(start.outgoing)]
    for step in [*steps, None]:
        reached, waiting = [], list(found)
        while waiting:
            marking = waiting.pop()
            if marking not in reached:
                reached.append(marking)
                waiting += silent(model, marking)
        if step is None:
            return not is_over or Counter() in reached
        node = model.nodes[step]
        found = [
            marking - Counter([one]) + Counter(node.outgoing)
            for marking in reached
            for one in node.incoming
            if marking[one]
        ]
    return False


def test_every_trace_fits_the_diagram_and_a_wrong_one_does_not(app, played):
    with app.database.reading() as tx:
        pins = store.read_case(tx, played[0]).pins
        model = app.library.pinned(tx, pins).main
        logged = list(traces.traces(app, tx, Chosen(process="loop"), b"salt"))

    def done(trace):
        ended = [one.visit for one in trace.steps if one.visit.left_at is not None]
        return [one.element for one in sorted(ended, key=lambda one: one.ended)]

    fitness = [fits(model, done(one), is_over=one.ended_at is not None) for one in logged]
    assert fitness == [True, True, True]
    assert fits(model, ["a", "b", "d"], is_over=True) is False  # c was left out
    assert fits(model, ["a", "c", "b"], is_over=True) is False  # a token is left
