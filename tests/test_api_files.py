import hashlib
import io

import pytest

from tests.callers import callers, problem_of


@pytest.fixture
def call(app):
    return callers(app)


@pytest.fixture
def task(call):
    call("street_dispatcher").post("/cases", {"process": "five_steps"})
    return call("street_dispatcher").tasks()[0]["id"]


def attach(caller, task, content=b"photo", name="灯.jpg", kind="image/jpeg", **headers):
    return caller.upload(
        f"/tasks/{task}/attachments", [("file", (io.BytesIO(content), name, kind))], **headers
    )


def test_a_file_comes_back_byte_for_byte(call, task):
    dispatcher = call("street_dispatcher")
    content = bytes(range(256))

    attached = attach(dispatcher, task, content)

    case = task.partition(".")[0]
    (shown,) = dispatcher.get(f"/tasks/{task}/attachments").get_json()["items"]
    file = dispatcher.get(f"/cases/{case}/attachments/{attached.get_json()['attachment']}")
    assert shown["name"] == "灯.jpg"
    assert (shown["size"], shown["media_type"]) == (256, "image/jpeg")
    assert shown["sha256"] == hashlib.sha256(content).hexdigest()
    assert file.get_data() == content
    # What somebody uploaded must not run as a page of ours.
    assert file.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%E7%81%AF.jpg"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_a_repeated_upload_with_one_key_is_one_file(call, task):
    dispatcher = call("street_dispatcher")

    first = attach(dispatcher, task, Idempotency_Key="k")
    again = attach(dispatcher, task, Idempotency_Key="k")

    assert (first.status_code, again.status_code) == (200, 200)
    assert len(dispatcher.get(f"/tasks/{task}/attachments").get_json()["items"]) == 1
    assert problem_of(attach(dispatcher, task, b"other", Idempotency_Key="k"))[0] == 422


def test_a_file_of_5_mb_goes_and_one_byte_more_does_not(call, task):
    dispatcher = call("street_dispatcher")
    limit = 5 * 1024 * 1024

    assert attach(dispatcher, task, b"x" * limit).status_code == 200
    assert problem_of(attach(dispatcher, task, b"x" * (limit + 1))) == (413, "too-large")
    assert problem_of(attach(dispatcher, task, b"x" * (2 * limit))) == (413, "too-large")


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 201, ".." + "/" * 3])
def test_a_file_without_a_usable_name_is_refused(call, task, name):
    assert problem_of(attach(call("street_dispatcher"), task, name=name))[0] in (400, 415)


def test_folders_in_a_name_are_dropped(call, task):
    dispatcher = call("street_dispatcher")

    attach(dispatcher, task, name="..\\..\\etc/passwd")

    (shown,) = dispatcher.get(f"/tasks/{task}/attachments").get_json()["items"]
    assert shown["name"] == "passwd"


def test_one_file_at_a_time(call, task):
    two = [("file", (io.BytesIO(b"a"), "a", "")), ("file", (io.BytesIO(b"b"), "b", ""))]
    dispatcher = call("street_dispatcher")

    assert problem_of(dispatcher.upload(f"/tasks/{task}/attachments", two)) == (
        400,
        "invalid-request",
    )
    assert problem_of(dispatcher.post(f"/tasks/{task}/attachments", {}))[0] == 415


def test_a_file_of_a_case_one_may_not_see_is_not_there(call, task):
    attachment = attach(call("street_dispatcher"), task).get_json()["attachment"]
    case = task.partition(".")[0]

    assert problem_of(call("resident").get(f"/cases/{case}/attachments/{attachment}"))[0] == 404
    assert problem_of(call("street_dispatcher").get(f"/cases/{case}/attachments/none"))[0] == 404
