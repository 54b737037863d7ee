"""The pages for residents, asked by the test client: what they show, take and refuse."""

import hashlib
import re
import shutil
from io import BytesIO

import pytest
from PIL import Image
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from api import create_app
from api.web import language
from engine import deployments, following, identities, public
from engine.application import open_application
from engine.clock import ManualClock
from engine.public import Search
from engine.settings import Settings
from tests.callers import callers
from tests.conftest import MONDAY
from tests.test_public import COMMUNITY, DIAGRAM, FORMS, STREET, post, with_place, work

ADDRESSES = (
    "/public", "/public/report", "/public/report/asked", "/public/follow", "/public/notices", "/public/lists",
    "/public/topics", "/public/grids", "/public/grids?community=" + COMMUNITY,
)  # fmt: skip


FORMS_WITH_PHOTOS = {
    **FORMS,
    "ask.json": FORMS["ask.json"].replace(
        b'{"type": "textfield", "key": "reporter_name"',
        b'{"type": "textarea", "key": "story", "label": "Story"},'
        b'{"type": "filepicker", "key": "photos", "label": "Photos", "multiple": true},'
        b'{"type": "textfield", "key": "reporter_name"',
    ),
}
WITH_PHOTOS = DIAGRAM.replace(b"place reporter_name", b"place story photos reporter_name")


@pytest.fixture(scope="module")
def app(city, sandbox, tmp_path_factory):
    """The demo city with one small process for residents; no test here counts on another."""
    path = tmp_path_factory.mktemp("pages") / "city.db"
    shutil.copy(city, path)
    settings = Settings(database_url=f"sqlite:///{path}", sign_in_limit=3)
    opened = open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)
    files = {"asked.bpmn": WITH_PHOTOS, **FORMS_WITH_PHOTOS}
    deployments.deploy(opened, identities.operator(), files)
    yield opened
    opened.database.close()


@pytest.fixture(scope="module")
def server(app):
    return create_app(app)


_addresses = iter(range(1, 255))


@pytest.fixture
def client(server):
    """A browser with an address of its own: reports and codes are counted by address."""
    found = server.test_client()
    found.environ_base["REMOTE_ADDR"] = f"192.0.2.{next(_addresses)}"
    return found


def read(response):
    return response.get_data(as_text=True)


def receipt_of(page):
    number, code = (re.search(rf'id="{one}">([^<]+)', page)[1] for one in ("number", "code"))
    return {"number": number, "code": code}


def sent(client, photos=(), **more):
    data = MultiDict({"place": STREET, "reporter_name": "李小样", **more})
    for name, content in photos:
        data.add("photos", FileStorage(BytesIO(content), name))
    # Encoded here, because the test client leaves its temporary files open.
    boundary, content = encode_multipart(data)
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post("/public/report/asked", data=content, content_type=kind)


@pytest.mark.parametrize("tongue", language.PUBLIC)
def test_every_page_is_open_to_everybody_in_each_language(client, tongue):
    client.set_cookie("bihuan_language", tongue)

    answers = {address: client.get(address) for address in ADDRESSES}

    assert {one.status_code for one in answers.values()} == {200}
    assert {one.headers["X-Content-Type-Options"] for one in answers.values()} == {"nosniff"}
    begun = f'<html lang="{language.TAGS[tongue]}"'
    assert [address for address, one in answers.items() if begun not in read(one)] == []


def test_traditional_characters_are_for_residents_alone(client):
    client.set_cookie("bihuan_language", "zh_Hant")

    assert "反映問題" in read(client.get("/public"))
    assert 'lang="zh-CN"' in read(client.get("/sign-in"))


def test_what_comes_from_the_database_is_converted_too(app, client):
    post(app, "路灯已修好，请放心")
    (item,) = public.notices(app, Search())["items"]

    page = read(client.get(f"/public/notices/{item['id']}?lang=zh_Hant"))

    assert "路燈已修好，請放心" in page
    assert "路灯" not in page


def test_large_print_is_remembered(client):
    assert 'class="normal"' in read(client.get("/public"))
    assert 'class="large"' in read(client.get("/public?print=large"))
    assert 'class="large"' in read(client.get("/public/notices"))
    assert 'class="normal"' in read(client.get("/public/notices?print=normal"))
    assert 'class="normal"' in read(client.get("/public/notices?print=huge"))


# -- reporting -------------------------------------------------------------------------


def test_a_report_gives_a_number_and_a_code_and_the_code_opens_it(client):
    response = sent(client, story="路灯坏了")

    assert response.status_code == 201
    page = client.post("/public/follow", data=receipt_of(read(response)))
    assert page.status_code == 200
    assert [one for one in ("街道办理", "砚禾街道", "路灯坏了") if one not in read(page)] == []
    assert [one for one in ("Secret step", "street_dispatcher") if one in read(page)] == []


def test_no_page_shows_the_id_of_a_case(app, client):
    receipt = receipt_of(read(sent(client)))
    row = following.follow(app, receipt["number"], receipt["code"])
    assert receipt["number"] == row["case"]  # this process numbers none of its cases

    work(app, row["case"])
    shown = read(client.post("/public/follow", data=receipt))

    assert "gossip" not in shown
    assert "always complains" not in shown


def test_a_report_that_is_refused_keeps_what_was_typed(client):
    response = sent(client, place="", story="写了很久")

    assert response.status_code == 422
    assert "写了很久" in read(response)
    assert 'role="alert"' in read(response)


def test_a_program_that_fills_in_everything_reports_nothing(app, client):
    before = callers(app)("admin").get("/cases?limit=200").get_json()["items"]

    response = sent(client, website="https://example.com")

    assert response.status_code == 200
    assert 'id="code"' not in read(response)
    assert callers(app)("admin").get("/cases?limit=200").get_json()["items"] == before


def test_a_form_of_another_site_is_refused(client):
    response = client.post(
        "/public/report/asked", data={"place": STREET}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert response.status_code == 403


def test_a_file_that_is_no_picture_is_refused_and_the_rest_is_kept(client):
    response = sent(client, story="留着", photos=[("a.jpg", b"%PDF-1.7")])

    assert response.status_code == 400
    assert "留着" in read(response)


def test_more_photos_than_are_taken_are_refused(client):
    photos = [(f"{n}.jpg", with_place()) for n in range(4)]

    assert sent(client, photos=photos).status_code == 422


def test_a_report_that_is_too_large_is_refused(client):
    response = sent(client, photos=[("a.jpg", b"\xff\xd8\xff" + b"0" * 17_000_000)])

    assert response.status_code == 413
    assert "/public" in read(response)


# -- following -------------------------------------------------------------------------


def test_a_wrong_code_and_a_wrong_number_are_answered_alike(client):
    receipt = receipt_of(read(sent(client)))

    wrong = client.post("/public/follow", data={**receipt, "code": "AAAAA-AAAAA"})
    nowhere = client.post("/public/follow", data={"number": "none", "code": "AAAAA-AAAAA"})

    assert (wrong.status_code, nowhere.status_code) == (404, 404)
    assert read(wrong).replace(receipt["number"], "none") == read(nowhere)


def test_too_many_codes_are_told_kindly_when_to_come_back(app, server):
    client = server.test_client()
    tried = [client.post("/public/follow", data={"number": "R-0", "code": "x"}) for _ in range(31)][
        -1
    ]

    assert (tried.status_code, tried.headers["Retry-After"]) == (429, "900")
    assert "15 分钟" in read(tried)


def test_the_result_is_evaluated_by_the_code(app, client):
    receipt = receipt_of(read(sent(client)))
    case_id = following.follow(app, **receipt)["case"]
    work(app, case_id)
    asked = {**receipt, "place": "asked.rate.1"}

    assert "请评价" in read(client.post("/public/follow", data=receipt))
    assert client.post("/public/follow", data=asked).status_code == 422
    done = client.post("/public/follow", data={**asked, "solved": "yes"})
    assert (done.status_code, 'role="status"' in read(done)) == (200, True)
    assert client.post("/public/follow", data={**asked, "solved": "no"}).status_code == 404
    again = {**receipt, "place": "not_solved"}
    assert client.post("/public/follow", data={**again, "words": " "}).status_code == 422
    assert client.post("/public/follow", data={**again, "words": "又坏了"}).status_code == 200
    assert "已办结" in read(client.post("/public/follow", data=receipt))


def test_the_old_address_leads_to_the_new(client):
    response = client.get("/follow")

    assert (response.status_code, response.headers["Location"]) == (308, "/public/follow")


# -- what there is not -----------------------------------------------------------------


def test_wrong_addresses_have_a_page_of_their_own(client):
    for address in ("/public/none", "/public/notices/none", "/public/report/none"):
        response = client.get(address)
        assert (response.status_code, 'class="public"' in read(response)) == (404, True)
    assert client.get("/public/notices?month=soon").status_code == 400
    assert client.get("/public/notices?cursor=x").status_code == 400


def test_what_people_write_is_never_markup(app, client):
    post(app, "<script>alert(1)</script>" + "长" * 3_000)

    page = read(client.get("/public/notices?words=script"))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


# -- photographs that officials send ---------------------------------------------------


def test_a_photograph_of_an_official_loses_its_place_too(app, client):
    receipt = receipt_of(read(sent(client)))
    case_id = following.follow(app, **receipt)["case"]
    call = callers(app)("street_dispatcher")
    file = ("file", (BytesIO(with_place()), "IMG_1.jpg", "image/jpeg"))

    assert call.upload(f"/tasks/{case_id}.asked.work.1/attachments", [file]).status_code == 200

    (kept,) = call.get(f"/tasks/{case_id}.asked.work.1/attachments").get_json()["items"]
    content = call.get(f"/cases/{case_id}/attachments/{kept['attachment']}").get_data()
    with Image.open(BytesIO(content)) as seen:
        assert (seen.size, dict(seen.getexif())) == ((300, 400), {})
    assert (kept["size"], kept["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
