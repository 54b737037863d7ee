"""What bpmnlint's recommended rules say of the delivered diagrams."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from engine.bpmn.layout import lay_out

ROOT = Path(__file__).resolve().parent.parent
LINT = ROOT / "api" / "web" / "lint.mjs"
BIN = Path(sys.executable).parent
FILES = sorted((ROOT / "processes").glob("*.bpmn"))
BPMN = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'


def said(*files: Path) -> tuple[int, list[str]]:
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    ended = subprocess.run(
        ["node", str(LINT), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path},
    )
    assert ended.stderr == ""
    return ended.returncode, ended.stdout.splitlines()


def test_the_delivered_diagrams_keep_the_recommended_rules_and_a_bad_one_does_not(tmp_path):
    bad = tmp_path / "bad.bpmn"
    flows = (("begun", "work"), ("again", "work"), ("work", "which"), ("work", "which"))
    xml = f"""<definitions {BPMN} id="file" targetNamespace="urn:bad"><process id="bad" name="坏">
        <startEvent id="begun"/><startEvent id="again" name="重来"/><task id="work" name="办理"/>
        <exclusiveGateway id="which" name="通过？"/><endEvent id="over" name="办结"/>
        {"".join(f'<sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>' for n, (a, b) in enumerate(flows))}
        <sequenceFlow id="yes" sourceRef="which" targetRef="over"/>
        <sequenceFlow id="no" sourceRef="which" targetRef="work"/></process></definitions>"""
    bad.write_bytes(lay_out(xml.encode()))

    assert said(*FILES, bad) == (
        1,
        [
            "bad.bpmn: begun: Element is missing label/name (label-required)",
            "bad.bpmn: f3: SequenceFlow is a duplicate (no-duplicate-sequence-flows)",
            "bad.bpmn: work: Duplicate outgoing sequence flows (no-duplicate-sequence-flows)",
            "bad.bpmn: which: Duplicate incoming sequence flows (no-duplicate-sequence-flows)",
            "bad.bpmn: which: Gateway forks and joins (no-gateway-join-fork)",
            "bad.bpmn: work: Flow splits implicitly (no-implicit-split)",
            "bad.bpmn: bad: Process has multiple blank start events (single-blank-start-event)",
        ],
    )
