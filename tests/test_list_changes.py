"""Changes of lists that a case decides: checked, put in force, and the work they leave alone."""

from __future__ import annotations

import io
from datetime import date

import pytest

from engine import cases, identities, list_changes, references, store
from engine.commands import CompleteTask
from engine.errors import InvalidList, NotAllowed
from engine.lists import ReferenceData
from tests.callers import callers

NOVEMBER = "2026-11-01"
ITEM = {"code": "ZL-04-001", "area_class": "all"}


@pytest.fixture
def case(any_app):
    """A case in which a list owner has acted: it is started by one."""
    owner = identities.actor(any_app, "list_owner")
    return cases.start(any_app, owner, process="five_steps", data={}).case_id


@pytest.fixture
def check(any_app, case):
    return lambda **data: list_changes.check(any_app, case, data)


@pytest.fixture
def activate(any_app, case):
    return lambda **data: list_changes.activate(any_app, case, {"by": "list_owner", **data})


def active(app, name):
    with app.database.reading() as tx:
        app.references.refresh(tx)
    return app.references.active[name]


def look(app, day, name, **key):
    version = active(app, name)
    day = date.fromisoformat(day)
    return ReferenceData(app.references.organisation, {name: version}, as_of=day).lookup(
        name, **key
    )


def a_row(app, **filters):
    rows = active(app, "admission_list").rows
    return next(r for r in rows if all(r[name] == value for name, value in filters.items()))


def test_a_row_names_what_changes_and_keeps_the_rest_from_the_day_on(any_app, check, activate):
    before = a_row(any_app, code="XZ-01-01")
    change = {"list": "admission_list", "from": NOVEMBER}
    change["rows"] = [{"code": "XZ-01-01", "funds_yuan_per_year": "9000"}]

    found = check(**change)
    done = activate(**change)

    assert (found["valid"], found["added"], found["changed"], found["removed"]) == (True, 1, 1, 0)
    assert (done["activated"], done["unattended"]) == (True, [])
    old = {**before, "effective_to": "2026-10-31"}
    new = {**before, "funds_yuan_per_year": 9000, "effective_from": NOVEMBER}
    assert look(any_app, "2026-10-31", "admission_list", code="XZ-01-01") == old
    assert look(any_app, NOVEMBER, "admission_list", code="XZ-01-01") == new


def test_a_row_ends_on_the_day_before_and_a_new_one_begins(any_app, activate):
    fresh = {"code": "ZJ-01", "version": "2026.3", "list_kind": "temporary", "item_zh": "临时"}
    fresh["policy_basis"] = "《社区工作者管理办法(试行)》"
    change = {"list": "admission_list", "from": NOVEMBER, "ends": [{"code": "XZ-01-02"}]}
    change["rows"] = [{**fresh, "effective_to": "2026-12-31"}]

    activate(**change)

    days = ("2026-10-31", NOVEMBER, "2026-12-31", "2027-01-01")
    known = [[look(any_app, day, "admission_list", code=code) is not None for day in days]
             for code in ("XZ-01-02", "ZJ-01")]  # fmt: skip
    assert known == [[True, False, False, False], [False, True, True, False]]


def test_the_same_change_again_changes_nothing(activate):
    change = {"list": "admission_list", "from": NOVEMBER, "ends": [{"code": "XZ-01-02"}]}
    first = activate(**change)
    # The row ended the day before, so naming it once more is a slip; a row is not.
    rows = {"list": "admission_list", "from": NOVEMBER, "rows": [{"code": "XZ-01-01"}]}

    assert first["activated"] is True
    assert activate(**rows)["activated"] is False
    with pytest.raises(InvalidList, match="not in force on that day"):
        activate(**change)


def test_a_pasted_file_is_the_whole_list_of_that_day(any_app, check):
    file = "code,text_zh,text_en\nonly,只此一条,Only this"

    found = check(list="notice_texts", file=file)

    kept = active(any_app, "notice_texts").rows
    assert (found["valid"], found["added"], found["removed"]) == (True, 1, len(kept))
    assert len(found["difference"]["removed"]) == min(len(kept), 50)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"code": "XZ-01-01", "colour": "red"}, "the list does not know this column"),
        ({"funds_yuan_per_year": 3}, "the key is not named"),
        ({"code": "XZ-01-01", "funds_yuan_per_year": "many"}, "'many' is no number"),
        ({"code": "XZ-99-99"}, "the cell is empty"),
        ({"code": "XZ-01-01", "policy_basis": ""}, "the cell is empty"),
        ({"code": "XZ-01-01", "policy_basis": "口头通知"}, "'口头通知' is not in policy_bases"),
    ],
)
def test_what_is_wrong_is_said_and_keeps_the_list_as_it_is(any_app, row, message, check, activate):
    before = active(any_app, "admission_list")
    change = {"list": "admission_list", "rows": [row]}

    found = check(**change)

    assert found["valid"] is False
    assert message in found["errors"][0]
    with pytest.raises(InvalidList, match=message):
        activate(**change)
    assert active(any_app, "admission_list") is before


def test_rows_may_be_a_table_as_a_spreadsheet_copies_it(check):
    rows = "code\tguidance_promised\tfunds_yuan_per_year\nXZ-01-01\t培训,指导\t9000\n"
    ends = "code\nXZ-01-02"

    found = check(list="admission_list", rows=rows, ends=ends, **{"from": NOVEMBER})

    (added,) = found["difference"]["added"]
    changed = sorted(one["key"][0] for one in found["difference"]["changed"])
    assert (added["guidance_promised"], added["funds_yuan_per_year"]) == ("培训,指导", 9000)
    assert (found["valid"], changed) == (True, ["XZ-01-01", "XZ-01-02"])


def test_who_may_not_put_it_in_force_is_told_when_it_is_checked(check):
    change = {"list": "admission_list", "rows": [{"code": "XZ-01-01"}]}

    told = [
        check(by=by, **change)["errors"] for by in ("list_owner", "data_officer", "auditor", "")
    ]

    refused = "{!r} may not put lists in force."
    assert told == [[], [refused.format("data_officer")], [refused.format("auditor")], []]


@pytest.mark.parametrize(
    "data",
    [
        {"list": "nothing"},
        {"list": "admission_list", "rows": {"code": "XZ"}},
        {"list": "admission_list", "file": ["one", "two"]},
        {"list": "admission_list", "rows": [{"code": "XZ-01-01"}] * 501},
        {"list": "admission_list", "from": "tomorrow"},
    ],
)
def test_input_that_is_no_change_is_refused(data, check):
    with pytest.raises((TypeError, ValueError)):
        check(**data)


@pytest.mark.parametrize("by", ["street_leader", "deployer", "nobody", "", "data_officer"])
def test_only_who_looks_after_lists_and_has_acted_puts_them_in_force_through_a_case(
    any_app, by, activate
):
    before = active(any_app, "admission_list")

    with pytest.raises(NotAllowed):
        activate(by=by, list="admission_list", ends=[{"code": "XZ-01-02"}])

    assert active(any_app, "admission_list") is before


def test_the_record_names_the_user_and_the_case(any_app, activate, case):
    activate(list="admission_list", ends=[{"code": "XZ-01-02"}], **{"from": NOVEMBER})

    with any_app.database.reading() as tx:
        *_, last = store.read_entries(tx, references.STREAM)
    act = last.document()
    assert (act["actor"], act["command"]["name"], act["command"]["case"]) == (
        "list_owner", "admission_list", case,
    )  # fmt: skip


# -- open work ------------------------------------------------------------------------


def opened(app, case):
    """Bring the case to where its department task offers itself to D04."""
    admin = identities.actor(app, "admin")
    for task, outcome, data in (("accept", "accept", {}), ("assign", None, {"lead": "D04"})):
        command = CompleteTask(f"five_steps.{task}.1", outcome, data)
        cases.handle(app, admin, case, command)


def leaving(app, role, unit):
    """The rows of all who hold a role in a unit; nobody else can stand in for them."""
    identities.disable_user(app, "admin", by="@test")
    rows = active(app, "people").rows
    return [{name: row[name] for name in ("person_id", "role", "unit_id")}
            for row in rows if (row["role"], row["unit_id"]) == (role, unit)]  # fmt: skip


def test_tasks_that_nobody_is_left_to_do_are_named_before_and_found_after(
    any_app, check, activate, case
):
    opened(any_app, case)
    today = any_app.clock.now().date().isoformat()
    change = {"list": "people", "ends": leaving(any_app, "dept_liaison", "D04"), "from": today}

    found = check(**change)
    assert list_changes.find_unattended(any_app, case, {})["count"] == 0
    done = activate(**change)
    left = list_changes.find_unattended(any_app, case, {})

    assert [(one["case"], one["reason"]) for one in found["unattended"]] == [(case, "nobody")]
    assert done["unattended"] == found["unattended"] == left["tasks"]
    assert sorted(left["tasks"][0]) == ["business_key", "case", "due_at", "id", "name", "reason"]


def test_unattended_tasks_are_those_of_the_units_asked_for(any_app, activate, case):
    opened(any_app, case)
    activate(list="people", ends=leaving(any_app, "dept_liaison", "D04"))

    counts = [list_changes.find_unattended(any_app, case, {"units": units})["count"]
              for units in ("990101", ["990101002", "990101"], "990101002", [])]  # fmt: skip
    assert counts == [1, 1, 0, 0]


def test_a_change_says_how_many_open_cases_keep_the_version_in_force(check):
    assert check(list="admission_list")["open_cases"] == 0


def test_a_file_that_was_attached_to_the_case_is_read(app):
    call = callers(app)
    dispatcher = call("street_dispatcher")
    case = dispatcher.post("/cases", {"process": "five_steps"}).get_json()["id"]
    (task,) = [one["id"] for one in dispatcher.tasks() if one["case"] == case]
    content = "code,text_zh,text_en\r\nonly,只此一条,Only this\r\n".encode("gb18030")
    file = ("file", (io.BytesIO(content), "notice_texts.csv", "text/csv"))
    attached = dispatcher.upload(f"/tasks/{task}/attachments", [file]).get_json()["attachment"]

    found = list_changes.check(app, case, {"list": "notice_texts", "file": [attached]})

    (row,) = found["difference"]["added"]
    assert row == {"code": "only", "text_zh": "只此一条", "text_en": "Only this"}


def test_who_a_list_lets_decide_changes_the_rows_of_the_own_unit_alone(any_app):
    secretary = identities.actor(any_app, "street_secretary")
    case = cases.start(any_app, secretary, process="five_steps", data={}).case_id
    row = {"unit_id": "990101002", "mode": "emergency", "reason_zh": "台风"}
    change = {"list": "modes", "by": "street_secretary", "from": "2026-09-14",
              "rows": [{**row, "effective_from": "2026-09-14", "effective_to": "2026-09-17"}]}  # fmt: skip
    own = {"by": "street_secretary", "from": "2026-09-15", "list": "modes"}

    assert list_changes.check(any_app, case, change)["errors"] == []
    assert list_changes.activate(any_app, case, change)["activated"] is True
    days = ("2026-09-13", "2026-09-14", "2026-09-15", "2026-09-17", "2026-09-18")
    modes = [(look(any_app, day, "modes", unit_id="990101002") or {}).get("mode") for day in days]
    assert modes == [None, "emergency", "emergency", "emergency", None]
    # The switch is taken back: the list reads as before from that day on.
    list_changes.activate(any_app, case, {**own, "ends": [{"unit_id": "990101002"}]})
    modes = [(look(any_app, day, "modes", unit_id="990101002") or {}).get("mode") for day in days]
    assert modes == [None, "emergency", None, None, None]
    with any_app.database.reading() as tx:
        acts = [one.document() for one in store.read_entries(tx, references.STREAM)][-2:]
    assert [(one["actor"], one["command"]["case"]) for one in acts] == [
        ("street_secretary", case)
    ] * 2
    for wrong in (
        {**change, "rows": [{**change["rows"][0], "unit_id": "990101001"}]},
        {**change, "rows": [*change["rows"], {**change["rows"][0], "unit_id": "990101001"}]},
        {**own, "ends": [{"unit_id": "990101001"}]},
        {**own, "file": "unit_id,mode,reason_zh,effective_from\n990101002,emergency,x,2026-09-14"},
        {**own, "list": "notice_texts", "rows": [{"code": "mode_on", "text_zh": "x"}]},
    ):
        with pytest.raises(NotAllowed):
            list_changes.activate(any_app, case, wrong)
        assert any(
            "may not put" in one for one in list_changes.check(any_app, case, wrong)["errors"]
        )
