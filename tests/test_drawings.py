"""What is legal BPMN and not to run is a drawing: deployed, numbered and shown, never started."""

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from api import create_app
from engine import cases, definitions, deployments, identities, views
from engine.bpmn.model import Drawing
from engine.bpmn.reader import read
from engine.cli import program
from engine.errors import NotDeployable, NotStartable
from engine.tables import starts
from tests.snippets import DEFINITIONS

STEP = '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/><task id="t"/>'
DRAWN = f'<process id="p" name="Repair" isExecutable="false">{STEP}</process>'
RUNNING = f'<process id="p" name="Repair" isExecutable="true">{STEP}</process>'
PARTNERS = '<participant id="a" name="Resident"/><participant id="b" name="Street"/>'
POOLS = (
    f'<collaboration id="c">{PARTNERS}<messageFlow id="m" sourceRef="a" targetRef="b"/>'
    "</collaboration>"
)
TALK = (
    f'<collaboration id="c" name="Talk">{PARTNERS}<conversation id="v" name="the matter">'
    "<participantRef>a</participantRef><participantRef>b</participantRef></conversation>"
    '<conversationLink id="l" sourceRef="a" targetRef="v"/></collaboration>'
)
DANCE = (
    f'<choreography id="h" name="Dance">{PARTNERS}<messageFlow id="m" sourceRef="a" targetRef="b"/>'
    '<startEvent id="s"/><choreographyTask id="t" initiatingParticipantRef="a">'
    "<participantRef>a</participantRef><participantRef>b</participantRef>"
    "<messageFlowRef>m</messageFlowRef></choreographyTask>"
    '<sequenceFlow id="f" sourceRef="s" targetRef="t"/></choreography>'
)


POOL = '<collaboration id="c"><participant id="a" name="Street" processRef="p"/></collaboration>'
UNFIT = (
    # an expression, a delegate, a timer and gateways that no executor could run
    f'<process id="p" isExecutable="false">{STEP}<exclusiveGateway id="g"/>'
    '<scriptTask id="x"><script>a +</script></scriptTask>'
    '<serviceTask id="y" camunda:class="org.example.Send"/>'
    '<intermediateCatchEvent id="z"><timerEventDefinition/></intermediateCatchEvent>'
    '<complexGateway id="k"/><adHocSubProcess id="w"/><callActivity id="v"/></process>'
)
OUTWARD = '<subProcess id="u"><task id="w"/></subProcess><sequenceFlow id="x" sourceRef="t" targetRef="w"/>'


def of(body):
    return f"{DEFINITIONS}{body}</definitions>".encode()


def found(body):
    _, findings = read(of(body), "x.bpmn")
    return [(one.severity, one.code, one.element) for one in findings]


# -- what is one -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "drawings", "findings"),
    [
        (DRAWN, {"p": ("Repair", "process")}, [("warning", "not-executable", "p")]),
        (
            DRAWN.replace('isExecutable="false"', 'processType="Public"'),
            {"p": ("Repair", "process")},
            [("warning", "not-executable", "p")],
        ),
        (POOLS, {"c": ("Resident, Street", "collaboration")}, [("note", "drawn-only", "c")]),
        (TALK, {"c": ("Talk", "collaboration")}, [("note", "drawn-only", "c")]),
        (DANCE, {"h": ("Dance", "choreography")}, [("note", "drawn-only", "h")]),
        (
            '<globalConversation id="g"/>',
            {"g": ("g", "globalConversation")},
            [("note", "drawn-only", "g")],
        ),
        # a pool gives its process the name that it has not itself
        (
            DRAWN.replace(' name="Repair"', "") + POOL,
            {"p": ("Street", "process")},
            [("warning", "not-executable", "p")],
        ),
    ],
)
def test_a_file_of_which_nothing_runs_is_a_drawing(body, drawings, findings):
    diagram, _ = read(of(body), "x.bpmn")

    assert diagram.is_drawing
    assert {key: (one.name, one.kind) for key, one in diagram.drawings.items()} == drawings
    assert found(body) == findings


def test_a_process_that_does_not_say_runs():
    diagram, findings = read(of(RUNNING.replace('isExecutable="true"', "")), "x.bpmn")

    assert (list(diagram.processes), dict(diagram.drawings), findings) == (["p"], {}, [])


@pytest.mark.parametrize("body", [UNFIT, '<extension mustUnderstand="false"/>' + DRAWN])
def test_nothing_is_asked_of_a_drawing_that_only_an_execution_needs(body):
    assert found(body) == [("warning", "not-executable", "p")]


def test_what_a_drawing_does_not_understand_is_told():
    body = '<extension definition="x:y" mustUnderstand="true"/>' + DRAWN

    assert found(body) == [("warning", "ignored", "file"), ("warning", "not-executable", "p")]


@pytest.mark.parametrize(
    ("body", "code", "element"),
    [
        (DRAWN.replace('targetRef="t"', 'targetRef="u"'), "dangling-reference", "f"),
        (DRAWN.replace(' targetRef="t"', ""), "dangling-reference", "f"),
        (DRAWN.replace('<task id="t"/>', '<task id="s"/>'), "duplicate-id", "s"),
        (DRAWN.replace('id="p"', 'id="1 p"'), "bad-id", "1 p"),
        (DRAWN.replace('id="p" ', ""), "no-id", "file"),
        (TALK.replace('targetRef="v"', 'targetRef="w"'), "dangling-reference", "l"),
        (TALK.replace("<participantRef>a", "<participantRef>z"), "dangling-reference", "v"),
        (DANCE.replace('initiatingParticipantRef="a"', 'initiatingParticipantRef="z"'),
         "dangling-reference", "t"),
        (DANCE.replace("<messageFlowRef>m", "<messageFlowRef>z"), "dangling-reference", "t"),
        (DANCE.replace('targetRef="b"/>', 'targetRef="z"/>'), "dangling-reference", "m"),
        (POOLS.replace('targetRef="b"', 'targetRef="z"'), "dangling-reference", "m"),
    ],
)  # fmt: skip
def test_what_a_drawing_names_must_be_there(body, code, element):
    assert ("error", code, element) in found(body)


@pytest.mark.parametrize(
    ("more", "code", "element"),
    [
        ('<sequenceFlow id="x" sourceRef="t" targetRef="s"/>', "flow-not-allowed", "s"),
        ('<endEvent id="e"/><sequenceFlow id="x" sourceRef="e" targetRef="t"/>',
         "flow-not-allowed", "e"),
        (OUTWARD, "flow-crosses-border", "x"),
        ('<boundaryEvent id="b"/>', "attached-to-nothing", "b"),
        ('<boundaryEvent id="b" attachedToRef="s"/>', "attached-to-no-activity", "b"),
        ('<task id="x" isForCompensation="yes"/>', "bad-value", "x"),
        ('<task id="x" colour="red"/>', "ignored", "x"),
    ],
)  # fmt: skip
def test_what_bpmn_forbids_to_draw_is_a_warning(more, code, element):
    body = DRAWN.replace("</process>", f"{more}</process>")

    assert [one for one in found(body) if one[1] != "not-executable"] == [
        ("warning", code, element)
    ]


def test_what_stands_in_an_imported_file_is_not_missed():
    body = DANCE.replace("<participantRef>b<", '<participantRef xmlns:o="urn:other">o:b<').replace(
        '<participant id="b" name="Street"/>', '<participant id="d" name="Street"/>'
    )
    body = body.replace('targetRef="b"', 'targetRef="d"')
    imported = '<import importType="x" location="other.bpmn" namespace="urn:other"/>'

    assert ("error", "dangling-reference", "t") in found(body)
    assert found(imported + body) == [("note", "drawn-only", "h")]


def test_what_is_drawn_beside_a_process_that_runs_is_no_definition():
    beside = DRAWN.replace('"p"', '"q"').replace('"s"', '"s2"').replace('"t"', '"t2"')
    diagram, _ = read(of(RUNNING + beside.replace('id="f"', 'id="f2"') + TALK), "x.bpmn")

    assert list(diagram.processes) == ["p"]
    assert diagram.drawings["q"] == Drawing("q", "Repair", "process", "", 1)
    assert found(RUNNING + TALK) == [("note", "drawn-only", "v")]


# -- deployed --------------------------------------------------------------------------


def deploy(app, **bodies):
    files = {f"{name}.bpmn": of(body) for name, body in bodies.items()}
    return deployments.deploy(app, identities.operator(), files)


@pytest.mark.parametrize(
    ("body", "key", "kind"),
    [(DRAWN, "p", "process"), (POOLS, "c", "collaboration"), (DANCE, "h", "choreography")],
)
def test_a_drawing_is_deployed_numbered_and_listed(any_app, body, key, kind):
    first, again = deploy(any_app, a=body), deploy(any_app, a=body)
    second = deploy(any_app, a=body.replace('"f"', '"f1"').replace('"m"', '"m1"')
                    .replace(">m<", ">m1<"))  # fmt: skip

    assert [one.status for one in (first, again, second)] == [201, 200, 201]
    assert [one["executable"] for one in first.body["definitions"]] == [False]
    assert [one["version"] for one in second.body["definitions"]] == [2]
    listed = {one["key"]: one for one in views.all_definitions(any_app)["items"]}
    shown = [listed[key][name] for name in ("version", "executable", "executor", "kind", "starts")]
    assert shown == [2, False, None, kind, []]
    versions = views.definition(any_app, key)["versions"]
    assert [(one["version"], one["executable"]) for one in versions] == [(1, False), (2, False)]
    assert views.xml(any_app, key, 1) == of(body)


def test_no_case_starts_on_a_drawing(app, who):
    deploy(app, a=DRAWN)
    client = create_app(app).test_client()
    headers = {"Authorization": f"Bearer {identities.create_token(app, 'admin', by='@test')}"}

    answer = client.post("/api/v1/cases", json={"process": "p", "data": {}}, headers=headers)

    assert (answer.status_code, answer.json["code"]) == (409, "not-startable")
    assert "isExecutable" in answer.json["hint"]
    for address in ("/start/p",):
        assert client.get(address, headers=headers).status_code == 409
        assert client.post(address, headers=headers).status_code == 409
    assert "/start/p" not in client.get("/start", headers=headers).text
    choose = client.post("/api/v1/definitions/p/versions/1/default", json={}, headers=headers)
    assert (choose.status_code, choose.json["code"]) == (409, "not-startable")
    with pytest.raises(NotStartable):
        cases.start(app, who("admin"), process="p", data={}, version=1)


def test_a_drawing_never_takes_the_place_of_what_runs(app, who):
    deploy(app, a=RUNNING)
    found = deploy(app, a=DRAWN).body

    assert [one["code"] for one in found["findings"]] == ["not-executable", "drawing-of-process"]
    assert found["definitions"] == [
        {"key": "p", "version": 1, "executable": True, "name": "Repair",
         "sha256": found["definitions"][0]["sha256"]}
    ]  # fmt: skip
    assert cases.start(app, who("admin"), process="p", data={}).body["version"] == 1
    with app.database.reading() as tx:
        assert definitions.version(tx, "p", 2).executable is False
    # The same files again change nothing, whichever came last.
    assert [deploy(app, a=one).status for one in (RUNNING, DRAWN)] == [200, 200]


def test_a_drawing_that_is_made_to_run_runs(app, who):
    deploy(app, a=DRAWN)
    deploy(app, a=RUNNING)

    assert cases.start(app, who("admin"), process="p", data={}).body["version"] == 2


CALLING = (
    '<process id="q" isExecutable="true"><startEvent id="s1"/>'
    '<sequenceFlow id="f1" sourceRef="s1" targetRef="call"/>'
    '<callActivity id="call" calledElement="p"/></process>'
)


@pytest.mark.parametrize("together", ["before", "with it", "in one file"])
def test_a_call_of_a_drawing_is_refused(app, together):
    if together == "before":
        deploy(app, a=DRAWN)
    files = {"before": {"b": CALLING}, "with it": {"a": DRAWN, "b": CALLING},
             "in one file": {"b": CALLING + DRAWN}}[together]  # fmt: skip

    with pytest.raises(NotDeployable) as refusal:
        deploy(app, **files)

    wrong = [(one["code"], one["element"]) for one in refusal.value.findings
             if one["severity"] == "error"]  # fmt: skip
    assert wrong == [("calls-a-drawing", "call")]


def test_what_runs_goes_before_a_drawing_of_the_same_name(app):
    deploy(app, a=RUNNING)
    deploy(app, a=DRAWN)

    assert deploy(app, b=CALLING).status == 201


TIMED = RUNNING.replace(
    '<startEvent id="s"/>',
    '<startEvent id="s"><timerEventDefinition><timeCycle>R/P1D</timeCycle></timerEventDefinition>'
    "</startEvent>",
)


def test_nothing_begins_by_itself_on_a_drawing_and_what_began_by_itself_goes_on(app):
    def armed():
        with app.database.reading() as tx:
            return [row[0] for row in tx.all(sa.select(starts.c.version), {})]

    deploy(app, a=TIMED.replace('isExecutable="true"', 'isExecutable="false"'))
    assert armed() == []
    deploy(app, a=TIMED)
    assert armed() == [2]
    deploy(app, a=DRAWN)
    assert armed() == [2]


def test_no_case_is_moved_to_a_drawing(app, who):
    deploy(app, a=RUNNING.replace('<task id="t"/>', '<userTask id="t"/>'))
    deploy(app, a=DRAWN)
    case_id = cases.start(app, who("admin"), process="p", data={}).case_id
    headers = {"Authorization": f"Bearer {identities.create_token(app, 'admin', by='@test')}"}

    answer = (
        create_app(app)
        .test_client()
        .post(
            f"/api/v1/cases/{case_id}/migrate", json={"version": 2, "reason": "x"}, headers=headers
        )
    )

    assert (answer.status_code, answer.json["code"]) == (409, "not-startable")


def test_who_runs_the_others_makes_no_difference_to_a_drawing(app):
    files = {"a.bpmn": of(DRAWN)}
    answers = [
        deployments.deploy(app, identities.operator(), files, executor=one)
        for one in ("kernel", "spiff")
    ]

    assert [one.status for one in answers] == [201, 200]


# -- on the command line ---------------------------------------------------------------


def test_the_command_line_counts_notes_and_names_drawings(sqlite_url, tmp_path):
    path = tmp_path / "dance.bpmn"
    path.write_bytes(of(DANCE))
    lines = {
        words: CliRunner()
        .invoke(program, [*words, str(path)], env={"DATABASE_URL": sqlite_url})
        .stdout.splitlines()
        for words in (("check", "--lang", "en"), ("check", "--lang", "zh"), ("deploy",))
    }

    assert lines["check", "--lang", "en"][-1] == "1 files: 0 errors, 0 warnings, 1 notes."
    says = "这个编排是图示：只显示，不能发起。要运行的部分，请画成带任务和消息事件的流程。"
    assert lines["check", "--lang", "zh"] == [
        f"dance.bpmn:1: 提示 drawn-only: h (Dance): {says}",
        "1 个文件：0 个错误，0 个警告，1 个提示。",
    ]
    assert lines[("deploy",)] == ["h version 1: Dance (a drawing)", "Deployed."]
