"""What data and units are called on pages: never by a code where there is a name."""

import re

import pytest

from api import create_app
from api.web import diagrams, values
from api.web.titles import Parts
from engine.demo.city import PASSWORD
from tests.callers import callers

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def page(app):
    """Return a function from an address and a language to the words of the auditor's page."""
    client = create_app(app).test_client()
    client.post("/sign-in", data={"name": "auditor", "password": PASSWORD}, headers=OURS)

    def words(path, language="zh"):
        return client.get(f"{path}?lang={language}").get_data(as_text=True)

    return words


@pytest.fixture
def case(app):
    """A case whose first task is completed."""
    call = callers(app)("street_dispatcher")
    found = call.post("/cases", {"process": "five_steps"}).get_json()["id"]
    call.post(f"/tasks/{found}.five_steps.accept.1/complete", {"outcome": "accept"})
    return found


@pytest.mark.parametrize(
    ("language", "name", "value"),
    [("zh", "平台受理：结果", "受理"), ("en", "Accept: outcome", "Accept")],
)
def test_the_case_file_calls_what_a_task_leaves_after_the_task(page, case, language, name, value):
    file = page(f"/cases/{case}/file", language)
    rows = dict(re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', file))

    assert rows.get(name) == value
    assert [name for name in rows if re.fullmatch(r"[a-z]+_[a-z_]+", name)] == []


def test_who_did_a_task_and_where_are_called_by_name(app, case):
    data = {"accept_by": "street_dispatcher", "accept_unit": "990101001", "nothing_by": "x"}
    with create_app(app).test_request_context("/cases"):
        parts = diagrams.parts_of(diagrams.of_case(case))
        told = {one.label: one.text for one in values.listed(data, parts)}

    assert told == {
        "平台受理：办理人": "街道受理员 (street_dispatcher)",
        "平台受理：办理单位": "砚禾街道 (990101001)",
        "nothing_by": "x",
    }


def test_data_are_called_by_the_list_of_names(app):
    data = {"community": "990101001", "facts": {"quick": True, "found_at": "2026-09-14T09:00:00+08:00"},
            "tries": [1, 2], "item_choices": [{"value": n, "label": f"L{n}"} for n in range(11)], "new_to_the_list": "x"}  # fmt: skip

    with app.database.reading() as tx:
        app.references.refresh(tx)

    def told(language):
        with create_app(app).test_request_context(f"/cases?lang={language}"):
            return {one.label: one.text for one in values.listed(data, Parts({}, []))}

    assert told("zh") == {
        "社区": "砚禾街道 (990101001)",
        "事实": "快速处置：是；发现时间：2026-09-14 09:00",
        "尝试次数": "1、2",
        "可选事项": "L0、L1、L2、L3、L4、L5、L6、L7、L8、L9 等 11 项",
        "new_to_the_list": "x",
    }
    assert list(told("en")) == [
        "Community",
        "Facts",
        "Tries",
        "Items to choose from",
        "new_to_the_list",
    ]


@pytest.mark.parametrize(
    ("language", "level", "below"), [("zh", "街道", "社区"), ("en", "Street", "Community")]
)
def test_the_page_of_a_unit_names_its_level(page, language, level, below):
    found = page("/admin/units/990101001", language)

    assert f"<code>990101001</code> · {level}" in found
    assert f"<dd>{level}</dd>" in found
    assert f"· {below}</span>" in found


@pytest.mark.parametrize(("language", "kind"), [("zh", "驻地站所"), ("en", "Resident station")])
def test_the_kind_of_a_department_is_none_of_the_levels(page, language, kind):
    assert f"<code>K01</code> · {kind}" in page("/admin/units/K01", language)


@pytest.mark.parametrize(("language", "step"), [("zh", "平台受理"), ("en", "Accept")])
def test_the_open_steps_of_a_case_are_called_in_the_language_of_the_page(app, page, language, step):
    case = callers(app)("street_dispatcher").post("/cases", {"process": "five_steps"}).get_json()
    found = page(f"/cases/{case['id']}", language)

    assert f'href="/tasks/{case["id"]}.five_steps.accept.1">{step}</a>' in found
