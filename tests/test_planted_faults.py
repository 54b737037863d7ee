"""Faults planted into the kernel while it is read: the exact traces must notice every one of them.

A suite of traces is worth what it notices. Each fault is one that an engine of this kind has
had: a join that fires too early, a timer that outlives its task, a result in the wrong order.
Of the search for deadlocks likewise: a token that is not counted, a wait that nobody sees.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parent.parent


class Fault(NamedTuple):
    """An edit of one place: what stands there, and what is put instead.

    Attributes:
        file: of the kernel, or ``soundness/`` and a file of that.
        traces: the tests that must notice it.
    """

    file: str
    right: str
    wrong: str
    traces: tuple[str, ...]


FAULTS = {
    "a parallel join fires at its first token": Fault(
        "merging",
        "if len(held) == join.incoming:",
        "if len(held) >= 1:",
        ("kernel_flows",),
    ),
    "a parallel join swallows what comes twice": Fault(
        "merging",
        "        if not held[flow]:\n            del",
        "        if True:\n            del",
        ("kernel_flows",),
    ),
    "an inclusive join waits for what can come again": Fault(
        "merging",
        "bool(ahead & empty) and not ahead & filled",
        "bool(ahead & empty)",
        ("kernel_traps",),
    ),
    "an inclusive join forgets what is inside of sub-processes": Fault(
        "merging",
        "    return not any(blocks(row[ELEMENT]) for row in inside)",
        "    return True",
        ("kernel_flows",),
    ),
    "an exclusive gateway takes every flow that is true": Fault(
        "flows",
        "            if place.kind is Kind.EXCLUSIVE:\n                return chosen\n",
        "",
        ("kernel_flows",),
    ),
    "the default flow is taken beside a condition that is true": Fault(
        "flows",
        "if not conditional and (verdicts or not chosen):",
        "if verdicts or not chosen:",
        ("kernel_flows",),
    ),
    "boundary events wait on after their activity": Fault(
        "flows",
        "        if subs:\n            close(run, subs)\n",
        "",
        ("kernel_events",),
    ),
    "an interrupting boundary event does not interrupt": Fault(
        "catching",
        "    if event.node.interrupting:\n        kill(",
        "    if False:\n        kill(",
        ("kernel_events",),
    ),
    "an event sub-process lets its siblings wait on": Fault(
        "catching",
        "        close_starts(run, scope)\n        kill_content(run, scope)\n    nth",
        "        kill_content(run, scope)\n    nth",
        ("kernel_traps",),
    ),
    "a cycle fires once": Fault(
        "firing",
        "repeats = row[U_TEXT] is not None or definition_of(run, row).timer is TimerKind.CYCLE",
        "repeats = False",
        ("kernel_events",),
    ),
    "a condition fires as long as it holds": Fault(
        "firing",
        "    if holds == row[U_VALUE]:\n        return\n",
        "",
        ("kernel_events",),
    ),
    "a catch-all goes before the code itself": Fault(
        "throwing",
        "        if caught is not None and caught == code:",
        "        if caught is None:",
        ("kernel_events",),
    ),
    "an error is thrown to a sibling within an event sub-process": Fault(
        "throwing",
        "if run.scopes.get(activity, [None])[KIND] != EVENT and",
        "if True and",
        ("kernel_events",),
    ),
    "a message goes to whoever waits for its name": Fault(
        "throwing",
        "if all(key in keys and keys[key] == value for key, value in wanted.items()):",
        "if wanted is not None:",
        ("kernel_events",),
    ),
    "instances end, and are counted as active": Fault(
        "loops",
        "    counters[DONE] += 1\n    counters[ACTIVE] -= 1\n",
        "    counters[DONE] += 1\n",
        ("kernel_loops",),
    ),
    "results are gathered in the order they came": Fault(
        "loops",
        "for number in sorted(outputs, key=int)]",
        "for number in outputs]",
        ("kernel_loops",),
    ),
    "the instance that is done last does not end the whole": Fault(
        "loops",
        "    elif left == 0:\n        _finish(",
        "    elif left < 0:\n        _finish(",
        ("kernel_loops",),
    ),
    "a release forgets the time that was left": Fault(
        "holds",
        'row[U_VALUE], row[U_LEFT] = value_of(answer, "hold"), None',
        "row[U_LEFT] = None",
        ("kernel_traps",),
    ),
    "what is completed first is undone first": Fault(
        "keeping",
        "kept = [*table(run, KEPT).get(scope, ()), *records]",
        "kept = [*records, *table(run, KEPT).get(scope, ())]",
        ("kernel_compensation",),
    ),
    "what is undone can be undone again": Fault(
        "keeping",
        "left = [one for one in kept if element not in (None, one[C_ELEMENT])]",
        "left = kept",
        ("kernel_compensation",),
    ),
    "an event sub-process undoes what was cut off, too": Fault(
        "compensation",
        "run.area(name).undo if record[C_WHOLE] else None",
        "run.area(name).undo",
        ("kernel_transactions",),
    ),
    "a compensation is not waited for": Fault(
        "compensation",
        "        run.set_state(name, COMPENSATING)\n",
        "        pass\n",
        ("kernel_compensation",),
    ),
    "what is being undone catches its errors": Fault(
        "throwing",
        "            catches = []\n",
        "            pass\n",
        ("kernel_compensation",),
    ),
    "a limit on a transaction outlives its cancelling": Fault(
        "compensation",
        "    close(run, row[SUBS])\n    run.set_scope(activity, SUBS, [])\n",
        "",
        ("kernel_transactions",),
    ),
    "what a sweep had not begun is forgotten with it": Fault(
        "ending",
        "    if run.undo:\n        give_back(run, scope)\n",
        "",
        ("kernel_compensation",),
    ),
    "what is done goes on in an ad-hoc sub-process": Fault(
        "adhoc",
        "        leave(run, name, place, (), outcome)\n        return\n",
        "        leave(run, name, place, ways_out(run, place, name, outcome), outcome)\n"
        "        return\n",
        ("kernel_adhoc",),
    ),
    "what waits for its turn is forgotten": Fault(
        "adhoc",
        "    if rules.sequential:\n        next_turn(run, scope)\n",
        "",
        ("kernel_adhoc",),
    ),
    "a limit that stays is set again": Fault(
        "clocks",
        "if (due.due_at, due.cycle) != (known, row[U_TEXT]):",
        "if True:",
        ("kernel_traps",),
    ),
    "one token leaves, whatever the completion quantity": Fault(
        "flows",
        "return chosen if place.times == 1 else [one for one in chosen for _ in range(place.times)]",
        "return chosen",
        ("kernel_quantities",),
    ),
    "a complex gateway begins anew with each late token": Fault(
        "complexes",
        '    if not _taken(held):\n        run.perform("meet"',
        '    if True:\n        run.perform("meet"',
        ("kernel_complexes",),
    ),
    "a complex gateway keeps late tokens for its next start": Fault(
        "complexes",
        "    late = [flow for flow in gateway.node.incoming if held.get(flow) and flow not in taken]\n",
        "    late = []\n",
        ("kernel_complexes",),
    ),
    "an inclusive join waits for a complex gateway that holds nothing": Fault(
        "merging",
        "if any(blocks(other) for other, held in merges if other != join and any(held.values())):",
        "if any(blocks(other) for other, held in merges if other != join):",
        ("kernel_complexes",),
    ),
    "what is thrown goes before the inclusive joins": Fault(
        "dispatch",
        "elif run.merges and (fire_inclusive(run)",
        "elif not run.thrown and run.merges and (fire_inclusive(run)",
        ("kernel_events",),
    ),
    "an event of several together happens with the first": Fault(
        "firing",
        "    together = place.node.parallel_multiple and len(place.node.events) > 1\n",
        "    together = False\n",
        ("event_positions",),
    ),
    "an event of several together that stays waits once": Fault(
        "firing",
        "        if together and stays:\n",
        "        if False:\n",
        ("kernel_instantiating",),
    ),
    "every instance throws what the first is to throw": Fault(
        "behavior", "if not one.first or counters[DONE] == 1]", "]", ("kernel_behavior",)
    ),
    "a parallel gateway that begins a case forgets its other events": Fault(
        "instantiating",
        "        if target is not place and not together:",
        "        if target is not place:",
        ("kernel_instantiating",),
    ),
    "a signal reaches the one who waits longest": Fault(
        "throwing", "            reached += 1\n", "            return 1\n", ("kernel_events",)
    ),
    "tokens on their way outlive their scope": Fault(
        "ending",
        "        left = [item for item in run.queue if item[0] != scope]\n",
        "        left = [*run.queue]\n",
        ("kernel_traps",),
    ),
    "the search allows a flow one token more": Fault(
        "soundness/search",
        "            if count > size and",
        "            if count > size + 1 and",
        ("kernel_quantities",),
    ),
    "the search gives one token for each flow": Fault(
        "soundness/net",
        "        return low * ((1 << given) - 1)\n",
        "        return low\n",
        ("kernel_quantities",),
    ),
    "the search lets an inclusive join wait for what has another way": Fault(
        "soundness/search",
        "        if ahead & ~filled and not ahead & filled:",
        "        if ahead & ~filled:",
        ("oracle_soundness",),
    ),
    "the search leaves an event armed after its activity": Fault(
        "soundness/net",
        "self._step(replace(step, clears=sum(armed)))",
        "self._step(step)",
        ("oracle_soundness",),
    ),
    "the search forgets what comes back from a branch beside the rest": Fault(
        "soundness/net",
        "            if back:\n",
        "            if False:\n",
        ("soundness",),
    ),
    "the search takes a branch beside the rest for the end of it all": Fault(
        "soundness/search",
        "        if not self._last or not (self.net.apart or self.net.undoing):\n",
        "        if True:\n",
        ("soundness",),
    ),
    "the search takes for done what never ends": Fault(
        "soundness/search",
        "            report.faults = self._endless()\n",
        "            pass\n",
        ("soundness",),
    ),
    "the search takes a flow without condition only beside a condition that holds": Fault(
        "soundness/choices",
        "    if otherwise or always:",
        "    if otherwise:",
        ("oracle_soundness",),
    ),
    "the search does not see that a complex gateway waits": Fault(
        "soundness/search",
        "        waits += [one.element for one in self.net.joins if marking & sum(one.flows)]\n",
        "",
        ("kernel_complexes",),
    ),
}


class Planter:
    """The process that runs traces against a fault: ``tests.planting``."""

    def __init__(self) -> None:
        # No trace needs a plugin, and loading them takes longer than the traces.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.planting"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        )

    def run(self, traces: Iterable[str], **fault: str) -> dict[str, Any]:
        """Return what pytest said (``said``) and its status (``code``)."""
        tests = [f"tests/test_{name}.py" for name in traces]
        self._process.stdin.write(json.dumps({**fault, "tests": tests}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.stdin.close()
        assert self._process.wait(60) == 0
        self._process.stdout.close()


@pytest.fixture(scope="module")
def planter() -> Iterator[Planter]:
    found = Planter()
    yield found
    found.stop()


@pytest.mark.slow
def test_the_traces_hold_without_a_fault(planter):
    done = planter.run(sorted({name for fault in FAULTS.values() for name in fault.traces}))

    assert done["code"] == 0, done["said"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_caught(name, planter):
    fault = FAULTS[name]
    room = "bpmn" if fault.file.startswith("soundness/") else "kernel"
    text = (ROOT / "engine" / room / f"{fault.file}.py").read_text()
    assert text.count(fault.right) == 1, f"where is it in {fault.file}.py now?"
    module = f"engine.{room}.{fault.file}".replace("/", ".")

    done = planter.run(fault.traces, module=module, right=fault.right, wrong=fault.wrong)

    # 1 = a trace failed; anything else would mean that nothing was looked at.
    assert done["code"] == 1, done["said"]
    assert " failed" in done["said"].splitlines()[-1]
