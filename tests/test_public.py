"""What residents do without a login: report, follow, answer, read the board."""

from __future__ import annotations

import shutil
import zlib
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from api import create_app
from api.web import times
from engine import (
    access,
    cases,
    deployments,
    following,
    identities,
    pictures,
    public,
    replay,
    timers,
)
from engine.access import Actor
from engine.application import open_application
from engine.cli.diagrams import read_files
from engine.clock import ManualClock
from engine.errors import (
    AlreadyClaimed,
    InvalidData,
    InvalidRequest,
    NotAllowed,
    NotFound,
    TooLarge,
    TooManyAttempts,
)
from engine.public import Search
from engine.settings import Settings
from tests.callers import callers
from tests.conftest import MONDAY, ROOT
from tests.memory import flows, process

STREET, COMMUNITY, GRID = "990101001", "990101001002", "99010100100201001"
REPORT = {
    "title": "路灯不亮",
    "description": "三号楼前的路灯坏了一周",
    "location": COMMUNITY,
    "reporter_name": "李样",
    "reporter_phone": "13800000000",
}


@pytest.fixture(scope="module")
def installed(city, sandbox, tmp_path_factory):
    """The demo city with all its processes; what one test reports disturbs no other."""
    path = tmp_path_factory.mktemp("public") / "city.db"
    shutil.copy(city, path)
    settings = Settings(database_url=f"sqlite:///{path}", sign_in_limit=4)
    app = open_application(settings, clock=ManualClock(MONDAY), sandbox=sandbox)
    deployments.deploy(app, identities.operator(), read_files([ROOT / "processes"]))
    yield app
    app.database.close()


def sent(app, process="whistle_report", **more):
    return public.report(app, public.offer(app, process), {**REPORT, **more})


def case_of(app, receipt):
    return following.follow(app, receipt["number"], receipt["code"])["case"]


def start_of(app, case_id):
    return callers(app)("admin").get(f"/cases/{case_id}/history").get_json()["items"][0]


# -- reporting -------------------------------------------------------------------------


def test_diagrams_say_what_residents_may_report_and_in_which_order(installed):
    found = public.offers(installed)

    assert [(one.process, one.place) for one in found] == [
        ("grid_event", "location"),
        ("whistle_report", "location"),
        ("consultation", "area"),
    ]
    assert [one.key for one in found[1].form.components] == [
        "title", "description", "location", "location_text", "photos",
        "anonymous", "reporter_name", "reporter_phone", "lat", "lon",
    ]  # fmt: skip


def test_a_process_that_offers_nothing_to_residents_is_not_there(installed):
    with pytest.raises(NotFound):
        public.offer(installed, "supervision")
    with pytest.raises(NotFound):
        public.offer(installed, "no_such_process")


@pytest.mark.parametrize("process", ["grid_event", "whistle_report", "consultation"])
def test_a_report_starts_a_case_that_its_code_opens(installed, process):
    about = {
        "grid_event": {"item_code": "ZL-03-001", "location": GRID},
        "whistle_report": {},
        "consultation": {"topic": "停车", "category": "parking", "area": COMMUNITY},
    }[process]
    offered = public.offer(installed, process)
    given = {one: REPORT[one] for one in offered.form.editable & REPORT.keys()}

    receipt = public.report(installed, offered, {**given, **about})

    shown = following.follow(installed, receipt["number"], receipt["code"])
    assert (shown["process"], shown["state"], shown["number"]) == (
        process, "open", receipt["number"],
    )  # fmt: skip
    assert start_of(installed, shown["case"])["actor"] == access.PUBLIC


def test_what_was_not_offered_is_not_taken_and_what_is_given_stays_given(installed):
    receipt = sent(installed, channel="hotline", source_system="12345", external_no="7")

    data = following.follow(installed, receipt["number"], receipt["code"])["data"]
    assert (data["channel"], data["whistle_level"]) == ("resident", "street")
    assert not {"source_system", "external_no"} & data.keys()


def test_who_wants_no_name_leaves_none(installed):
    receipt = sent(installed, anonymous=True)

    data = following.follow(installed, receipt["number"], receipt["code"])["data"]
    assert not {"reporter_name", "reporter_phone"} & data.keys()
    given = start_of(installed, case_of(installed, receipt))["command"]["data"]
    assert not {"reporter_name", "reporter_phone"} & given.keys()


def test_name_and_number_are_sealed(installed):
    receipt = sent(installed)

    given = start_of(installed, case_of(installed, receipt))["command"]["data"]
    assert {name: sorted(given[name]) for name in ("reporter_name", "reporter_phone", "title")} == {
        name: ["$sealed", "commitment"] for name in ("reporter_name", "reporter_phone", "title")
    }


def test_a_report_that_does_not_fit_starts_nothing(installed):
    with pytest.raises(InvalidData):
        sent(installed, reporter_phone="none")
    with pytest.raises(InvalidData):
        sent(installed, location="")


def test_the_public_identity_may_start_what_is_offered_and_nothing_else(installed):
    with pytest.raises(NotAllowed):
        cases.start(installed, Actor.public(), process="supervision", data={})
    receipt = sent(installed)
    row = start_of(installed, case_of(installed, receipt))
    assert (Actor.public().is_system, row["actor"]) == (False, "@public")
    for action in ("deploy", "read_people", "erase", "keep_message", "audit", "figures"):
        assert not access.may(Actor.public(), action)


def test_reports_are_limited_by_address(installed):
    offered = public.offer(installed, "whistle_report")
    for _ in range(8):
        public.report(installed, offered, REPORT, address="192.0.2.1")

    with pytest.raises(TooManyAttempts):
        public.report(installed, offered, REPORT, address="192.0.2.1")
    assert public.report(installed, offered, REPORT, address="192.0.2.2")["code"] != ""


def test_a_second_press_of_the_button_is_no_second_report(installed):
    offered = public.offer(installed, "whistle_report")
    once = cases.Once("page", "a1b2", b"the same")

    first = public.report(installed, offered, REPORT, once=once)
    second = public.report(installed, offered, REPORT, once=once)

    assert first["number"] == second["number"]
    assert case_of(installed, second) != ""


# -- following and answering -----------------------------------------------------------

FORMS = {
    "ask.json": b"""{"id": "ask", "type": "default", "components": [
      {"type": "textfield", "key": "place", "label": "Place", "personal": false},
      {"type": "textfield", "key": "reporter_name", "label": "Name", "field_class": "reporter"}]}""",
    "work.json": b"""{"id": "work", "type": "default", "components": [
      {"type": "textarea", "key": "reply", "label": "Reply"},
      {"type": "textarea", "key": "gossip", "label": "Internal"}]}""",
    "rate.json": b"""{"id": "rate", "type": "default", "components": [
      {"type": "group", "components": [
        {"type": "radio", "key": "solved", "label": "Solved?", "validate": {"required": true},
         "values": [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]}]},
      {"type": "textfield", "key": "contacted", "label": "Telephoned", "personal": false}]}""",
}


def _properties(**named):
    inside = "".join(f'<camunda:property name="{n}" value="{v}"/>' for n, v in named.items())
    return (
        f"<extensionElements><camunda:properties>{inside}</camunda:properties></extensionElements>"
    )


DIAGRAM = process(
    _properties(unit="place", public_reply="reply")
    + '<startEvent id="s" camunda:formKey="ask">'
    + _properties(public="place reporter_name", public_place="place", public_name="测试")
    + '</startEvent><userTask id="work" name="Secret step" camunda:formKey="work"'
    ' camunda:candidateGroups="street_dispatcher">'
    + _properties(public_step="街道办理", public_step_en="The street acts")
    + '</userTask><userTask id="rate" name="Rate" camunda:formKey="rate"'
    ' camunda:candidateGroups="street_dispatcher">'
    + _properties(
        by_code="solved", by_code_outcome="said", by_code_name="请评价",
        outcomes="said=Said;no_answer=None",
    )
    + '</userTask><intermediateCatchEvent id="again" name="Again">'
    + _properties(by_code="reason", correlate="place", variable="words")
    + '<messageEventDefinition messageRef="M"/></intermediateCatchEvent><endEvent id="e"/>'
    + flows("s > work", "work > rate", "rate > again", "again > e"),
    "asked",
    '<message id="M" name="not_solved"/>',
)  # fmt: skip


@pytest.fixture
def asked(app):
    """A case of a small process whose diagram asks the reporter."""
    deployments.deploy(app, identities.operator(), {"asked.bpmn": DIAGRAM, **FORMS})
    data = {"place": STREET, "reporter_name": "李小样"}
    receipt = public.report(app, public.offer(app, "asked"), data)
    return case_of(app, receipt)


def work(app, case_id):
    reply = "李小样您好，路灯已修好，有事打 13812345678 找王工"
    body = {"data": {"reply": reply, "gossip": "always complains"}}
    done = callers(app)("street_dispatcher").post(f"/tasks/{case_id}.asked.work.1/complete", body)
    assert done.status_code == 200


def test_steps_name_offices_and_only_what_the_diagram_declares(app, asked):
    found = public.progress(app, asked)

    assert found == {
        "steps": [
            {
                "name": "街道办理",
                "name_en": "The street acts",
                "unit": "砚禾街道",
                "state": "open",
                "at": "2026-09-14T01:00:00Z",
                "due_at": None,
                "ended_at": None,
            }
        ],
        "questions": [],
        "replies": [],
    }


def test_the_reply_is_told_without_names_and_numbers(app, asked):
    work(app, asked)

    (reply,) = public.progress(app, asked)["replies"]

    assert "路灯已修好" in reply
    assert [one for one in ("李小样", "13812345678", "complains") if one in reply] == []


def test_the_reporter_answers_the_task_and_history_says_by_code(app, asked):
    work(app, asked)
    (question,) = public.progress(app, asked)["questions"]

    public.answer(app, asked, question.place, {"solved": "yes", "contacted": "no"})

    entry = callers(app)("admin").get(f"/cases/{asked}/history").get_json()["items"][-1]
    command = entry["command"]
    assert (entry["actor"], command["outcome"], command["data"]) == (
        "@code", "said", {"solved": "yes"},
    )  # fmt: skip
    with pytest.raises(NotFound):
        public.answer(app, asked, question.place, {"solved": "no"})


def test_an_answer_that_does_not_fit_is_refused(app, asked):
    work(app, asked)
    (question,) = public.progress(app, asked)["questions"]

    with pytest.raises(InvalidData):
        public.answer(app, asked, question.place, {"solved": "maybe"})


def test_while_somebody_telephones_the_reporter_the_page_asks_nothing(app, asked):
    work(app, asked)
    (question,) = public.progress(app, asked)["questions"]
    callers(app)("street_dispatcher").post(f"/tasks/{asked}.asked.rate.1/claim")

    with pytest.raises(AlreadyClaimed):
        public.answer(app, asked, question.place, {"solved": "yes"})


def test_what_is_not_asked_is_not_answered(app, asked):
    for place in ("asked.work.1", "asked.rate.1", "not_solved"):
        with pytest.raises(NotFound):
            public.answer(app, asked, place, {"gossip": "x"})
        with pytest.raises(NotFound):
            public.ask_again(app, asked, place, "x")


def test_a_message_takes_the_reporters_words_sealed(app, asked):
    work(app, asked)
    public.answer(app, asked, "asked.rate.1", {"solved": "no"})
    (question,) = public.progress(app, asked)["questions"]

    public.ask_again(app, asked, question.place, "又坏了")

    entry = callers(app)("admin").get(f"/cases/{asked}/history").get_json()["items"][-1]
    assert (entry["actor"], entry["command"]["name"]) == ("@code", "not_solved")
    assert sorted(entry["command"]["data"]["reason"]) == ["$sealed", "commitment"]


# -- the board -------------------------------------------------------------------------


def publishing(text):
    return process(
        '<startEvent id="s"/><serviceTask id="up" camunda:type="external" camunda:topic="notify">'
        "<extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="to">board</camunda:inputParameter>'
        '<camunda:inputParameter name="text">published</camunda:inputParameter>'
        '<camunda:inputParameter name="board"><camunda:script scriptFormat="python">'
        f"{text}</camunda:script></camunda:inputParameter>"
        '</camunda:inputOutput></extensionElements></serviceTask><userTask id="t"/>'
        '<serviceTask id="down" camunda:type="external" camunda:topic="notify">'
        "<extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="to">board</camunda:inputParameter>'
        '<camunda:inputParameter name="text">withdrawn</camunda:inputParameter>'
        '<camunda:inputParameter name="board"><camunda:script scriptFormat="python">'
        "{'withdrawn': True}</camunda:script></camunda:inputParameter>"
        '</camunda:inputOutput></extensionElements></serviceTask><endEvent id="e"/>'
        + flows("s > up", "up > t", "t > down", "down > e"),
        "posted",
    )


NOTICE = (
    "{'kind': 'case', 'level': 'public', 'title': '居民王小明反映路灯不亮', 'text': text, "
    "'category': '市政设施', 'unit': place, 'until': until, 'votes': '同意 3', 'more': [1]}"
)


def post(app, text="路灯已修好", place=COMMUNITY, until=None):
    deployments.deploy(app, identities.operator(), {"posted.bpmn": publishing(NOTICE)})
    data = {"text": text, "place": place, "until": until}
    return cases.start(app, identities.operator(), process="posted", data=data).case_id


def titles(app, **search):
    return [one["text"] for one in public.notices(app, Search(**search))["items"]]


def test_what_is_published_stands_on_the_board_without_its_case(any_app):
    case_id = post(any_app)

    (item,) = public.notices(any_app, Search())["items"]

    assert item == {
        "id": item["id"],
        "kind": "case",
        "level": "public",
        "title": item["title"],
        "text": "路灯已修好",
        "category": "市政设施",
        "unit": any_app.references.organisation.name(COMMUNITY, MONDAY.date()),
        "at": "2026-09-14T01:00:00Z",
        "votes": "同意 3",
        "photos": 0,
    }
    assert "王小明" not in item["title"]
    assert case_id not in str(item)
    assert public.notice(any_app, item["id"]) == item
    assert public.categories(any_app) == ["市政设施"]


def test_the_board_is_searched_by_community_month_category_and_words(any_app):
    post(any_app, "路灯")
    post(any_app, "垃圾", place="990101002")
    any_app.clock.set(datetime.fromisoformat("2026-10-02T09:00+08:00"))
    post(any_app, "井盖")

    assert set(titles(any_app)) == {"井盖", "垃圾", "路灯"}
    assert set(titles(any_app, unit=STREET)) == {"井盖", "路灯"}
    assert titles(any_app, month="2026-10") == ["井盖"]
    assert titles(any_app, words="垃 圾") == ["垃圾"]
    assert titles(any_app, category="绿化") == []
    assert titles(any_app, kind="consultation") == []
    with pytest.raises(InvalidRequest):
        public.notices(any_app, Search(month="2026-13"))


def test_pages_of_the_board_follow_one_another(app):
    for n in range(3):
        app.clock.set(app.clock.now() + timedelta(minutes=1))
        post(app, f"第{n}件")

    first = public.notices(app, Search(), limit=2)
    second = public.notices(app, Search(), first["next"], limit=2)

    assert [one["text"] for one in first["items"]] == ["第2件", "第1件"]
    assert ([one["text"] for one in second["items"]], second["next"]) == (["第0件"], None)


def test_what_is_withdrawn_or_past_its_day_is_gone(any_app):
    case_id = post(any_app, until="2026-09-15T00:00:00+08:00")
    other = post(any_app, "井盖")
    (name,) = [
        one["id"] for one in public.notices(any_app, Search())["items"] if one["text"] == "井盖"
    ]

    any_app.clock.set(any_app.clock.now() + timedelta(days=2))
    assert titles(any_app) == ["井盖"]

    task = cases.split_task(f"{other}.posted.t.1")
    callers(any_app)("admin").post(f"/tasks/{task[0]}.{task[1]}/complete")
    assert titles(any_app) == []
    with pytest.raises(NotFound):
        public.notice(any_app, name)
    assert case_id != other


def test_the_board_is_rebuilt_from_the_histories(app):
    case_id = post(app)
    before = public.notices(app, Search())

    replay.rebuild(app, [case_id])

    assert public.notices(app, Search()) == before


def test_a_sealed_text_is_never_put_up(app):
    form = b"""{"id": "given", "type": "default", "components": [
      {"type": "textarea", "key": "text", "label": "T"},
      {"type": "textfield", "key": "place", "label": "P", "personal": false}]}"""
    diagram = publishing(NOTICE.replace("until", "None", 1).replace(": until", ": None"))
    diagram = diagram.replace(
        b'<startEvent id="s"/>', b'<startEvent id="s" camunda:formKey="given"/>'
    )
    deployments.deploy(app, identities.operator(), {"posted.bpmn": diagram, "given.json": form})

    cases.start(
        app, identities.operator(), process="posted", data={"text": "王小明", "place": COMMUNITY}
    )

    assert titles(app) == []


def test_lists_that_their_descriptor_makes_public_are_read_by_everybody(installed):
    client = create_app(installed).test_client()
    known = [one["name"] for one in public.public_lists(installed)]
    found = public.public_list(installed, "admission_list")
    page = client.get("/public/lists/admission_list").get_data(as_text=True)
    english = client.get("/public/lists/admission_list?lang=en").get_data(as_text=True)

    assert known == ["admission_list", "grid_items"]
    assert len(found["rows"]) == page.count("<tr>") - 1
    assert [one["version"] for one in found["versions"]] == [
        installed.references.active["admission_list"].version
    ]
    assert (page.count('<th scope="col">类别</th>'), page.count("Category")) == (1, 0)
    assert english.count('<th scope="col">Category in English</th>') == 1
    assert client.get("/public/lists").get_data(as_text=True).count("/public/lists/") == 2
    for name in ("people", "none"):
        assert client.get(f"/public/lists/{name}").status_code == 404


# -- who is responsible here -----------------------------------------------------------


def test_the_grid_of_an_address_names_who_stands_on_its_board(installed):
    found = public.grounds(installed, "990101001001")[0]

    assert (found.unit, found.board) == (
        "99010100100101001",
        {
            "worker_zh": "严样乙",
            "work_no": "000-0000-0056",
            "duties": "巡查、走访、采集、宣传、调解",
            "phone": "社区值班电话",
            "board_place": "小区入口公告栏",
        },
    )


def test_a_grid_without_a_board_shows_its_office_and_nobody(installed):
    found = public.grounds(installed, COMMUNITY)

    boards = [one for one in found if one.board]
    assert len(boards) < len(found)
    assert {one.street for one in found} == {"砚禾街道"}


def test_an_address_is_found_by_words_and_nothing_by_none(installed):
    (_, (_, (community, name), *_)), *_ = public.places(installed)

    assert community == "990101001001"
    assert [one.unit for one in public.find_grids(installed, name)] == [community]
    assert public.find_grids(installed, " ") == []
    assert public.find_grids(installed, "火星") == []


# -- photographs -----------------------------------------------------------------------


def photo(size=(400, 300), kind="JPEG", **more):
    written = BytesIO()
    Image.new("RGB", size, (30, 120, 60)).save(written, kind, **more)
    return written.getvalue()


def with_place():
    """A photograph as a phone takes it: lying on its side, with where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "13800000000"
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 1.0), 3: "E", 4: (116.0, 23.0, 1.0)})
    return photo(exif=exif)


def test_a_photograph_keeps_its_pixels_and_loses_its_place():
    before = with_place()
    assert Image.open(BytesIO(before)).getexif().get_ifd(0x8825)[1] == "N"

    kind, after = pictures.cleaned(before)

    with Image.open(BytesIO(after)) as seen:
        assert (kind, seen.size, dict(seen.getexif())) == ("image/jpeg", (300, 400), {})
    assert b"13800000000" not in after
    assert b"Exif" not in after
    assert pictures.cleaned(before).content == after


def published_with_photos(installed, **decided):
    """A notice whose reviewer has decided so of two photographs; its id and the case's."""
    calls = callers(installed)
    admin, publisher = calls("admin"), calls("publisher")
    installed.clock.set(installed.clock.now() + timedelta(minutes=1))
    data = {"kind": "list", "subject": "井盖已更换", "location": COMMUNITY}
    case_id = admin.post("/cases", {"process": "publication", "data": data}).get_json()["id"]

    def attach(caller, element, content, name="p.jpg", kind="image/jpeg"):
        path = f"/tasks/{case_id}.{element}.1/attachments"
        answer = caller.upload(path, [("file", (BytesIO(content), name, kind))])
        return answer.get_json()["attachment"]

    def complete(caller, element, outcome, **data):
        body = {"outcome": outcome, "data": data}
        answer = caller.post(f"/tasks/{case_id}.{element}.1/complete", body)
        assert answer.status_code == 200, answer.get_data(as_text=True)

    drafted = [
        attach(admin, "publication.draft", with_place()),
        attach(admin, "publication.draft", photo()),
    ]
    complete(admin, "publication.draft", "to_redact", public_title="井盖", draft_text="井盖已更换。",
             public_photos=drafted)  # fmt: skip
    if decided.get("photos_shown") == "redacted":
        covered = attach(publisher, "publication.review", photo((200, 100)))
        text = attach(publisher, "publication.review", b"no picture", "a.txt", "text/plain")
        decided["redacted_photos"] = [covered, text]
    complete(publisher, "publication.review", "approve", public_title="井盖", public_text="井盖已更换。",
             **decided)  # fmt: skip
    timers.tick(installed)
    return public.notices(installed, Search())["items"][0], case_id


def test_photographs_stand_at_a_notice_as_its_reviewer_has_decided(installed):
    client = create_app(installed).test_client()

    def seen(item, number):
        answer = client.get(f"/public/notices/{item['id']}/photos/{number}")
        picture = answer.mimetype == "image/jpeg" and Image.open(BytesIO(answer.data))
        return answer.status_code, picture and (picture.size, dict(picture.getexif()))

    none, _ = published_with_photos(installed)
    assert (none["photos"], seen(none, 1)) == (0, (404, False))

    every, case_id = published_with_photos(installed, photos_shown="all")
    page = client.get(f"/public/notices/{every['id']}").get_data(as_text=True)
    assert (every["photos"], page.count('<img src="/public/notices/'), case_id in page) == (
        2,
        2,
        False,
    )
    assert seen(every, 1) == (200, ((300, 400), {}))
    assert seen(every, 2) == (200, ((400, 300), {}))
    assert [seen(every, number) for number in (0, 3)] == [(404, False)] * 2

    covered, _ = published_with_photos(installed, photos_shown="redacted")
    assert seen(covered, 1) == (200, ((200, 100), {}))
    # What is no picture is never given, whatever was named.
    assert seen(covered, 2) == (404, False)


def test_texts_in_a_png_go_and_large_pictures_become_small():
    info = PngInfo()
    info.add_text("Comment", "13800000000")
    kind, after = pictures.cleaned(photo((4000, 100), "PNG", pnginfo=info))

    with Image.open(BytesIO(after)) as seen:
        assert (kind, seen.size, seen.text) == ("image/png", (2560, 64), {})


def test_a_webp_becomes_a_jpeg():
    assert pictures.cleaned(photo(kind="WEBP")).media_type == "image/jpeg"


@pytest.mark.parametrize(
    "content", [b"", b"x", b"GIF89a" + b"0" * 40, b"\xff\xd8\xff" + b"0" * 40, photo()[:-200]]
)
def test_what_is_no_whole_picture_is_refused(content):
    with pytest.raises(InvalidRequest):
        pictures.cleaned(content)


def test_a_small_file_that_claims_a_million_pixels_a_side_is_refused():
    content = bytearray(photo((10, 10), "PNG"))
    content[16:24] = (100_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")

    with pytest.raises(TooLarge):
        pictures.cleaned(bytes(content))


def test_a_picture_that_cannot_be_cleaned_is_refused_with_the_formats_that_are_taken(installed):
    heic = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100)
    form = {**REPORT, "photos": (BytesIO(heic), "IMG_0001.HEIC", "image/heic")}
    answer = create_app(installed).test_client().post("/public/report/whistle_report", data=form)
    page = answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert page.count("请改用 JPEG、PNG 或 WebP") == 2
    assert page.count(REPORT["description"]) == 1


def test_a_picture_is_known_by_how_it_begins():
    assert [
        pictures.is_picture(one) for one in (photo(), photo(kind="PNG"), photo(kind="WEBP"))
    ] == [True] * 3
    assert not pictures.is_picture(b"%PDF-1.7")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-11-23T04:49:49.026000+08:00", "2026-11-23 04:49"),
        ("2026-11-22T20:49:49Z", "2026-11-23 04:49"),
        ("2026-13-40T99:99:99Z", "2026-13-40T99:99:99Z"),
        ("0001-01-01T00:00:00+08:00", "0001-01-01T00:00:00+08:00"),
        ("2026-11-23", "2026-11-23"),
        (["2026-11-22T20:49:49Z", 3], "2026-11-23 04:49、3"),
    ],
)
def test_a_moment_in_data_is_told_as_people_read_it(installed, value, text):
    with create_app(installed).test_request_context("/public"):
        assert times.plain(value) == text
