"""A program of its own: reads event logs with PM4Py and tells what it found, as JSON.

    .venv-pm4py/bin/python read_with_pm4py.py TASKS ANSWERS

TASKS is a JSON object of name -> [function below, its arguments…]; ANSWERS gets one of
name -> what came back. (A file, because PM4Py prints on stdout as it is imported.)
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pm4py
from pm4py.algo.filtering.log.attributes import attributes_filter
from pm4py.objects.ocel.validation import ocel20_rel_validation

STEPS = ["task", "userTask", "manualTask", "receiveTask", "callActivity"]


def log(path):
    """Return the attributes of each trace and of its events, in their order."""
    return [
        [_plain(trace.attributes), [_plain(event) for event in trace]]
        for trace in pm4py.read_xes(path, return_legacy_log_object=True)
    ]


def fitness(path, bpmn):
    """Return how well the ended cases of a log fit a diagram, both read by PM4Py."""
    found = [one for one in _completed(path) if "bihuan:ended_at" in one.attributes]
    ended = pm4py.objects.log.obj.EventLog(found)
    net = pm4py.convert_to_petri_net(pm4py.read_bpmn(bpmn))
    return {
        "traces": len(ended),
        "tokens": pm4py.fitness_token_based_replay(ended, *net)["log_fitness"],
        "alignments": pm4py.fitness_alignments(ended, *net)["average_trace_fitness"],
    }


def variants(path, process):
    """Return how many traces began the same steps of a process in the same order.

    Steps are what people and called processes do; what has instances counts once.
    """
    read = pm4py.read_xes(path, return_legacy_log_object=True)
    begun = pm4py.filter_event_attribute_values(
        read, "lifecycle:transition", ["schedule"], level="event"
    )
    work = attributes_filter.apply_events(
        begun, STEPS, parameters={attributes_filter.Parameters.ATTRIBUTE_KEY: "bihuan:kind"}
    )
    found = pm4py.get_variants(_of_process(work, process), activity_key="bihuan:element")
    return sorted(
        [[one.partition(".")[2] for one in way], len(runs)] for way, runs in found.items()
    )


def objects(path):
    """Return what an object-centric log holds, and what of its tables is not as specified."""
    read = pm4py.read_ocel2(path)
    wrong = ocel20_rel_validation.apply(path)[1] if path.endswith(".sqlite") else []
    return {
        "events": sorted([one["ocel:eid"], one["ocel:activity"]] for one in _rows(read.events)),
        "objects": sorted([one["ocel:oid"], one["ocel:type"]] for one in _rows(read.objects)),
        "touched": _related(read.relations, "ocel:eid", "ocel:oid"),
        "related": _related(read.o2o, "ocel:oid", "ocel:oid_2"),
        "values": _values(read),
        "wrong": sorted(wrong),
    }


def _completed(path):
    read = pm4py.read_xes(path, return_legacy_log_object=True)
    return pm4py.filter_event_attribute_values(
        read, "lifecycle:transition", ["complete"], level="event"
    )


def _of_process(log, process):
    """Return a log with the visits of one process only, without the instances of a visit."""
    found = pm4py.objects.log.obj.EventLog()
    for trace in log:
        mine = [
            event
            for event in trace
            if event["bihuan:element"].startswith(f"{process}.")
            and event["concept:instance"].count(".") == 3
        ]
        if mine:
            found.append(pm4py.objects.log.obj.Trace(mine, attributes=trace.attributes))
    return found


def _rows(frame):
    return frame.to_dict("records")


def _related(frame, one, other):
    return sorted([row[one], row[other], row["ocel:qualifier"]] for row in _rows(frame))


def _values(read):
    """Return the attributes of every event and object by its id, without those it has not."""
    rows = [(row.pop("ocel:eid"), row) for row in _rows(read.events)]
    rows += [(row.pop("ocel:oid"), row) for row in _rows(read.objects)]
    return {
        key: {
            name: _told(value)
            for name, value in row.items()
            if not name.startswith("ocel:") and not pd.isna(value)
        }
        for key, row in rows
    }


def _plain(attributes):
    return {key: _told(value) for key, value in attributes.items()}


def _told(value):
    """Return a value as JSON has it: moments in UTC, numbers of any library as plain ones."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.item() if hasattr(value, "item") else value


if __name__ == "__main__":
    tasks = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    known = {one.__name__: one for one in (log, fitness, variants, objects)}
    told = {name: known[what](*given) for name, (what, *given) in tasks.items()}
    Path(sys.argv[2]).write_text(json.dumps(told), "utf-8")
