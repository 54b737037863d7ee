"""Uploads that are no diagram, hostile or damaged: a finding, never an exception."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from engine.bpmn.reader import read
from tests.snippets import DEFINITIONS, file, flow, found

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("xml", "findings"),
    [
        (b"", [("not-xml", None, 1)]),
        (b"\x00\x01\x02", [("not-xml", None, 1)]),
        (b"BPMN", [("not-xml", None, 1)]),
        (b"<definitions>\n<a></b>", [("not-xml", None, 2)]),
        (b"<definitions/>", [("wrong-root", None, 1)]),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"/>', [("wrong-root", None, 1)]),
        (b"x" * 5_000_001, [("file-too-large", None, None)]),
        (b"<a>" + b"<b/>" * 500_000 + b"</a>", [("file-too-large", None, None)]),
        (b"<a>" * 101 + b"</a>" * 101, [("too-deep", None, 1)]),
        (b"<a>" * 100_000, [("too-deep", None, 1)]),
        (b"<!DOCTYPE a><a/>", [("dtd", None, 1)]),
        (b"\n<!DOCTYPE a SYSTEM 'http://h/d'><a/>".lstrip(), [("external-dtd", None, 1)]),
        (b"<!-- <!DOCTYPE -->\n<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", [("entities", None, 2)]),
        (b"<a>&b;</a>", [("not-xml", None, 1)]),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-', [("bad-encoding", None, 1)]),
        (b"<a>\n\xff</a>", [("bad-encoding", None, 2)]),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>".encode("utf-16"), [("entities", None, 1)]),
        (f"{DEFINITIONS}</definitions>".encode(), [("no-process", None, 1)]),
        (
            f'{DEFINITIONS}\n<message id="m"/></definitions>'.encode(),
            [("no-process", None, 1)],
        ),
    ],
)
def test_a_file_that_is_no_diagram_is_refused(xml, findings):
    assert found(xml) == findings
    assert read(xml, "x.bpmn")[0] is None


def test_an_entity_bomb_costs_nothing():
    inner = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30))
    xml = f'<!DOCTYPE a [<!ENTITY e0 "x">{inner}]><a>&e29;</a>'.encode()

    assert found(xml) == [("entities", None, 1)]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        *((one, "吹哨") for one in ("utf-8-sig", "utf-16", "gbk", "gb18030", "big5")),
        *(("iso-8859-15", "Prüfung"), ("windows-1250", "Kontrola ž"), ("windows-1251", "Проверка")),
    ],
)
def test_a_diagram_in_another_encoding_is_read(encoding, name):
    declared = f'<?xml version="1.0" encoding="{encoding.replace("utf-8-sig", "utf-8")}"?>'
    xml = declared + file(f'<startEvent id="s" name="{name}"/>').decode()

    diagram, findings = read(xml.encode(encoding), "x.bpmn")

    assert findings == []
    assert diagram.processes["p"].nodes["s"].name == name


def test_a_flood_of_findings_is_cut_and_keeps_the_errors():
    tasks = "".join(f'<userTask id="t{n}"/>' for n in range(400))
    lost = "".join(flow(f"f{n}", "gone", "t0") for n in range(300))
    notes = "".join(f'<dataStoreReference id="d{n}"/>' for n in range(400))

    codes = [code for code, _, _ in found(file(f'<startEvent id="s"/>{tasks}{notes}{lost}'))]

    assert codes == ["too-many-findings"] + ["dangling-reference"] * 300 + ["ignored"] * 200


def test_thousands_of_nodes_are_read_in_seconds():
    nodes = "".join(f'<exclusiveGateway id="t{n}"/>' for n in range(3000))
    flows = "".join(flow(f"f{n}", f"t{n}", f"t{n + 1}", "outcome == 'x'") for n in range(2999))

    diagram, _ = read(
        file(f'{nodes}<endEvent id="t3000"/>{flows}{flow("z", "t2999", "t3000")}'), "x"
    )

    assert len(diagram.processes["p"].nodes) == 3001


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_diagram_never_raises(seed):
    xml = (ROOT / "tests" / "processes" / "five_steps.bpmn").read_bytes()
    chance = random.Random(seed)
    tokens = re.findall(rb'[\w-]+="|[\w:]+|[<>/"]|\s+|.', xml, re.DOTALL)

    for _ in range(25):
        damaged = list(tokens)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(damaged))
            damaged[place] = chance.choice(
                [b"", damaged[place] * 2, chance.choice(tokens), b"\x00", b"${", b"&x;", b"\xff"]
            )
        diagram, findings = read(b"".join(damaged), "x.bpmn")
        assert (diagram is None) == any(one.severity == "error" for one in findings)
