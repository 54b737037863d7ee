import io
from pathlib import Path

import pytest

from engine import deployments, identities
from tests.callers import callers, problem_of
from tests.memory import flows, process

FIVE_STEPS = (Path(__file__).parent / "processes" / "five_steps.bpmn").read_bytes()


@pytest.fixture
def call(app):
    return callers(app)


def xml(caller, path, content):
    return caller.post(path, content, Content_Type="application/xml")


def test_the_same_file_again_changes_nothing(call):
    answer = xml(call("deployer"), "/definitions?filename=five_steps.bpmn", FIVE_STEPS)

    assert answer.status_code == 200
    assert [(one["key"], one["version"]) for one in answer.get_json()["definitions"]] == [
        ("five_steps", 1)
    ]


def test_a_changed_file_is_a_new_version_and_an_older_one_can_be_chosen(call):
    deployer = call("deployer")
    changed = FIVE_STEPS.replace(b"working_hours(4)", b"working_hours(8)")

    answer = xml(deployer, "/definitions?filename=five_steps.bpmn", changed)

    assert answer.status_code == 201
    assert [one["version"] for one in answer.get_json()["definitions"]] == [2]
    assert deployer.get("/definitions/five_steps/versions/2/xml").get_data() == changed
    assert deployer.post("/definitions/five_steps/versions/1/default").status_code == 200
    assert deployer.get("/definitions/five_steps").get_json()["version"] == 1
    assert [one["version"] for one in deployer.get("/definitions").get_json()["items"]] == [1]


def test_a_deployment_repeated_with_its_key_answers_the_same(call):
    deployer = call("deployer")
    changed = FIVE_STEPS.replace(b"working_hours(4)", b"working_hours(8)")
    files = [("f", (io.BytesIO(changed), "five_steps.bpmn", "text/xml"))]
    other = [("f", (io.BytesIO(FIVE_STEPS), "five_steps.bpmn", "text/xml"))]

    first = deployer.upload("/definitions", files, Idempotency_Key="k")
    files = [("f", (io.BytesIO(changed), "five_steps.bpmn", "text/xml"))]
    again = deployer.upload("/definitions", files, Idempotency_Key="k")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    refused = deployer.upload("/definitions", other, Idempotency_Key="k")
    assert problem_of(refused) == (422, "idempotency-key-reused")


def test_files_that_belong_together_come_as_parts(call):
    files = [("files", (io.BytesIO(FIVE_STEPS), "five_steps.bpmn", "application/xml"))]

    answer = call("deployer").upload("/definitions/check", files)

    assert answer.status_code == 200
    assert set(answer.get_json()) == {"findings"}


@pytest.mark.parametrize(
    "content", [b"", b"no xml", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"\xff"]
)
def test_a_file_that_is_no_diagram_is_findings(call, content):
    deployer = call("deployer")

    checked = xml(deployer, "/definitions/check?filename=x.bpmn", content)
    deployed = xml(deployer, "/definitions?filename=x.bpmn", content)

    assert checked.status_code == 200
    assert {one["file"] for one in checked.get_json()["findings"]} == {"x.bpmn"}
    assert problem_of(deployed) == (422, "not-deployable")
    assert deployed.get_json()["findings"] == checked.get_json()["findings"]


def test_deploying_needs_the_right(call):
    answer = xml(call("street_dispatcher"), "/definitions?filename=x.bpmn", FIVE_STEPS)

    assert problem_of(answer) == (403, "not-allowed")


def test_a_body_that_is_no_file_is_refused(call):
    deployer = call("deployer")

    assert problem_of(deployer.post("/definitions", {})) == (415, "unsupported-media-type")
    assert problem_of(deployer.upload("/definitions", [("a", (io.BytesIO(b""), "", ""))]))[0] in (
        400,
        415,
    )
    twice = [("f", (io.BytesIO(b"<a/>"), "x.bpmn", "text/xml"))] * 1 + [
        ("f", (io.BytesIO(b"<b/>"), "x.bpmn", "text/xml"))
    ]
    assert problem_of(deployer.upload("/definitions", twice)) == (400, "invalid-request")


def test_an_unknown_definition_or_version_is_404(call):
    deployer = call("deployer")

    for path in (
        "/definitions/nothing",
        "/definitions/five_steps/versions/9",
        "/definitions/five_steps/versions/9/xml",
        "/forms/nothing",
        "/lists/nothing",
    ):
        assert problem_of(deployer.get(path)) == (404, "not-found"), path
    assert problem_of(deployer.post("/definitions/five_steps/versions/9/default")) == (
        404,
        "not-found",
    )


def test_lists_are_read_as_of_a_day(call):
    someone = call("street_dispatcher")

    lists = {one["name"] for one in someone.get("/lists").get_json()["items"]}
    roles = someone.get("/lists/roles?as_of=2026-09-14").get_json()

    assert {"roles", "responsibility", "org_units"} <= lists
    assert roles["as_of"] == "2026-09-14"
    assert problem_of(someone.get("/lists/roles?as_of=soon")) == (422, "invalid-data")


CHOSEN = b"""{"id": "chosen", "type": "default", "components": [
  {"type": "select", "key": "certificate", "label": "Certificate",
   "valuesList": {"list": "certificates", "value": "code", "label": "item_zh"}}]}"""
CHOOSING = process(
    '<startEvent id="s" camunda:formKey="chosen"/>'
    '<userTask id="look" camunda:candidateGroups="street_dispatcher"/><endEvent id="e"/>'
    + flows("s > look > e"),
    "choosing",
)


def test_a_list_says_who_reads_it_and_which_rows_nobody_has_checked(app, call):
    def read(name):
        answer = call(name).get("/lists/base_objects?as_of=2026-09-14")
        if answer.status_code != 200:
            return problem_of(answer)
        return sorted(one["code"] for one in answer.get_json()["items"])

    everything = read("data_officer")
    assert (len(everything), everything == read("auditor") == read("admin")) == (8, True)
    # A street reads what lies in it, a grid what lies around it; others nothing at all.
    assert read("RY056") == ["JC-D-0001", "JC-R-0001", "JC-R-0002", "JC-S-0001", "JC-W-0001"]
    assert [read(one) for one in ("dept_handler", "resident", "visitor")] == [
        (403, "not-allowed")
    ] * 3

    files = {"choosing.bpmn": CHOOSING, "chosen.json": CHOSEN}
    deployments.deploy(app, identities.operator(), files)
    caller = call("street_dispatcher")
    body = {"process": "choosing", "data": {"certificate": "ZM-01"}}
    case = caller.post("/cases", body).get_json()["id"]
    client = caller.server.test_client(use_cookies=False)

    def page(who, path):
        return client.get(path, headers=who.headers).get_data(as_text=True)

    shown = page(caller, f"/tasks/{case}.choosing.look.1")
    listed = page(call("list_owner"), "/admin/lists/certificates?q=ZM-01")
    assert [one.count("样例，未核对") for one in (shown, listed)] == [1, 1]
