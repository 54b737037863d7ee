"""An office's own files: what they would change, what is refused, what comes into force."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine import (
    accounts,
    cases,
    cli,
    identities,
    imports,
    references,
    store,
    unattended,
    workbooks,
)
from engine.application import CLOCK_FACT
from engine.columns import Descriptor
from engine.commands import ClaimTask, CompleteTask
from engine.errors import InvalidList, NotAllowed, Stale
from engine.lists.office import shown
from engine.workbooks import Held
from tests.callers import callers, problem_of

LISTS = Path(__file__).parent.parent / "processes" / "lists"
DELIVERED = [path.read_bytes() for path in sorted(LISTS.glob("*.json"))]
NOVEMBER = date(2026, 11, 1)


def table(name):
    """The header and the rows of a list of the demo city."""
    text = (LISTS / f"{name}.csv").read_text("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    return header, [dict(zip(header, row, strict=True)) for row in rows]


def written(header, rows, encoding="utf-8-sig"):
    text = io.StringIO()
    writer = csv.DictWriter(text, header)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def changed(name, change, encoding="utf-8-sig"):
    """The file of a list of the demo city after ``change(rows)``."""
    header, rows = table(name)
    return written(header, change(rows), encoding)


def prepared(app, as_of=None, kind=None, /, **files):
    named = {f"{name}.csv": content for name, content in files.items()}
    return imports.prepare(app, named, as_of=as_of, kind=kind, delivered=DELIVERED)


def activated(app, as_of=None, /, **files):
    plan = prepared(app, as_of, **files)
    assert plan.valid, plan.findings
    return imports.activate(app, identities.operator(), plan)


def active(app, name):
    """The version of a list that is in force."""
    with app.database.reading() as tx:
        app.references.refresh(tx)
    return app.references.active[name]


def said(plan):
    """What is wrong: (file, row, column, message without its place)."""
    return [
        (one["file"], one["line"], one["element"], one["message"].partition(": ")[2])
        for one in plan.findings
        if one["severity"] == "error"
    ]


def moved(rows, **cells):
    """The rows with cells of P-person rows of one id replaced."""
    person = cells.pop("person_id")
    return [{**row, **cells} if row["person_id"] == person else row for row in rows]


# -- what files change ----------------------------------------------------------------


def test_the_same_file_changes_nothing(any_app):
    content = (LISTS / "people.csv").read_bytes()

    plan = prepared(any_app, people=content)

    (sheet,) = plan.to_json()["files"]
    assert (sheet["added"], sheet["changed"], sheet["removed"], plan.findings) == ([], [], [], [])
    assert imports.activate(any_app, identities.operator(), plan)[0]["changed"] is False


def test_looking_at_a_difference_writes_nothing(any_app):
    before = active(any_app, "people")

    prepared(any_app, NOVEMBER, people=changed("people", lambda rows: rows[:-1]))

    assert active(any_app, "people") is before


def test_a_file_from_a_day_on_leaves_what_holds_before(any_app):
    _, rows = table("people")
    leaver = next(row for row in rows if row["role"] == "grid_worker" and not row["effective_to"])

    plan = prepared(
        any_app,
        NOVEMBER,
        people=changed("people", lambda rows: [r for r in rows if r != leaver]),
    )

    (sheet,) = plan.to_json()["files"]
    key = [leaver["person_id"], leaver["role"], leaver["unit_id"]]
    assert sheet["changed"] == [
        {"key": key, "from": "2025-10-01", "columns": {"effective_to": [None, "2026-10-31"]}}
    ]
    assert (sheet["added"], sheet["removed"]) == ([], [])
    assert [one["message"] for one in plan.findings] == [
        f"Unit {leaver['unit_id']}: it has 0 grid workers, not exactly one."
    ]


def test_a_file_without_dates_begins_on_its_day(any_app):
    header, rows = table("people")
    undated = [name for name in header if not name.startswith("effective_")]
    staying = [{n: row[n] for n in undated} for row in rows if not row["effective_to"]]
    fresh = {**staying[0], "person_id": "P900", "role": "visitor", "unit_id": "990101"}

    plan = prepared(any_app, NOVEMBER, people=written(undated, [*staying, fresh]))

    (sheet,) = plan.to_json()["files"]
    assert [(row["person_id"], row["effective_from"]) for row in sheet["added"]] == [
        ("P900", "2026-11-01")
    ]
    # Who had an end in sight is not in the file, and so ends before.
    assert [one["columns"] for one in sheet["changed"]] == [
        {"effective_to": ["2027-06-30", "2026-10-31"]}
    ]


def test_personal_columns_are_named_but_never_printed(any_app, monkeypatch, tmp_path, capsys):
    path = tmp_path / "people.csv"
    _, rows = table("people")
    somebody = rows[0]["person_id"]
    path.write_bytes(
        changed("people", lambda rows: moved(rows, person_id=somebody, name_zh="张秘密"))
    )
    monkeypatch.setenv("DATABASE_URL", any_app.settings.database_url)

    assert cli.run(["import", "people", str(path)]) == 0
    shown = capsys.readouterr()
    assert cli.run(["import", "people", str(path), "--json"]) == 0
    document = capsys.readouterr()

    everything = shown.out + shown.err + document.out + document.err
    assert "张秘密" not in everything
    assert rows[0]["name_zh"] not in everything
    assert "name_zh (personal)" in shown.out
    change = json.loads(document.out)["files"][0]["changed"][0]
    assert change["columns"] == {"name_zh": [None, None]}


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "UTF-8"), ("gb18030", "GB18030")])
def test_a_file_is_read_in_the_encoding_of_the_office(any_app, encoding, name):
    content = changed("people", lambda rows: rows, encoding)

    (sheet,) = prepared(any_app, people=content).to_json()["files"]

    assert (sheet["encoding"], sheet["added"], sheet["changed"]) == (name, [], [])


def test_a_workbook_is_read_like_the_csv_file_that_it_would_be_saved_as(app):
    header, rows = table("people")
    sheet = [header, [], *([row[name] for name in header] for row in rows)]
    content = workbooks.write(sheet, sheet="people", head=1)

    plan = imports.prepare(app, {"people.xlsx": content}, delivered=DELIVERED)

    (read,) = plan.to_json()["files"]
    assert (read["encoding"], read["added"], read["changed"], read["removed"]) == (
        "XLSX", [], [], [],
    )  # fmt: skip
    assert plan.sheets[0].version.numbers[0] == 3


def test_a_header_may_have_the_titles_of_the_columns(app):
    described = Descriptor.read((LISTS / "people.json").read_bytes())
    header, rows = table("people")
    titles = [described.columns[name].title_zh for name in header]
    named = dict(zip(header, titles, strict=True))
    content = written(titles, [{named[n]: cell for n, cell in row.items()} for row in rows])

    activated(app, 某区人员=content)

    assert titles[:2] == ["人员编号", "姓名"]
    assert active(app, "people").rows[0]["name_zh"] == rows[0]["name_zh"]


def test_cells_of_a_workbook_that_hold_no_value_or_a_spoilt_id_are_named(app):
    def cell(held):
        return shown(held)

    assert cell(Held("99010100100101000", "number")) == "9.90101001001010E+16"
    assert cell(Held("3.5", "number")) == "3.5"
    assert cell(Held("08:30:00", "time")) == "08:30"
    with pytest.raises(ValueError, match="turned into a number"):
        Descriptor.read((LISTS / "org_units.json").read_bytes()).columns["id"].value(
            cell(Held("99010100100101000", "number"))
        )


def test_a_file_of_another_name_is_known_by_its_header(any_app):
    plan = prepared(any_app, **{"我们的人员 2026": (LISTS / "people.csv").read_bytes()})

    assert [sheet.version.name for sheet in plan.sheets] == ["people"]


def test_a_list_of_ones_own_comes_with_its_descriptor(any_app):
    described = {
        "name": "grid_phones", "title_zh": "网格电话", "title_en": "Phones of grids",
        "file": "grid_phones.csv", "kind": "list", "key": ["grid"], "effective": None,
        "columns": {"grid": {"type": "text", "required": True, "references": ["org_units"]},
                    "phone": {"type": "text"}},
    }  # fmt: skip
    files = {
        "grid_phones.csv": b"grid,phone\n990101001,0000-1\n",
        "grid_phones.json": json.dumps(described).encode(),
    }

    plan = imports.prepare(any_app, files)
    imports.activate(any_app, identities.operator(), plan)

    assert active(any_app, "grid_phones").rows == ({"grid": "990101001", "phone": "0000-1"},)


# -- what is refused ------------------------------------------------------------------


def test_every_bad_cell_is_named_with_file_row_and_column(any_app):
    def spoil(rows):
        rows[0]["role"] = "king"
        rows[1]["unit_id"] = "S99-999"
        rows[2]["effective_from"] = "soon"
        rows[3]["is_primary"] = "maybe"
        rows[4]["person_id"] = ""
        return rows

    first = prepared(any_app, people=changed("people", spoil))
    assert said(first) == [
        ("people.csv", 4, "effective_from", "'soon' is no date; write it as 2026-10-01."),
        ("people.csv", 5, "is_primary", "'maybe' is neither 1 (yes) nor 0 (no)."),
        ("people.csv", 6, "person_id", "the cell is empty"),
    ]

    def spoil_names(rows):
        rows[0]["role"] = "king"
        rows[1]["unit_id"] = "S99-999"
        return rows

    second = prepared(any_app, people=changed("people", spoil_names))
    assert said(second) == [
        ("people.csv", 2, "role", "'king' is not in roles"),
        ("people.csv", 3, "unit_id", "'S99-999' is not in org_units or departments"),
    ]


def test_rows_are_numbered_as_in_the_file_also_from_a_day_on(any_app):
    header, rows = table("people")
    rows[5]["unit_id"] = "S99-999"
    lines = written(header, rows).decode("utf-8-sig").splitlines()
    content = "\r\n".join([*lines[:3], "," * (len(header) - 1), *lines[3:]]).encode()

    for day in (None, NOVEMBER):
        assert said(prepared(any_app, day, people=content)) == [
            ("people.csv", 8, "unit_id", "'S99-999' is not in org_units or departments")
        ]


def test_nothing_is_half_imported(any_app):
    units = changed("org_units", lambda rows: [*rows, {**rows[-1], "id": "990101009"}])
    people = changed("people", lambda rows: moved(rows, person_id=rows[0]["person_id"], role="x"))

    plan = prepared(any_app, org_units=units, people=people)

    with pytest.raises(InvalidList):
        imports.activate(any_app, identities.operator(), plan)
    assert "990101009" not in {row["id"] for row in active(any_app, "org_units").rows}


def test_files_that_need_each_other_come_into_force_together(any_app):
    header, rows = table("org_units")
    grid = next(row for row in rows if row["level"] == "grid2")
    units = written(header, [*rows, {**grid, "id": "99010100100101099"}])
    _, people = table("people")
    worker = next(row for row in people if row["role"] == "grid_worker")
    fresh = {**worker, "person_id": "P900", "unit_id": "99010100100101099"}
    both = {"org_units": units, "people": changed("people", lambda rows: [*rows, fresh])}

    activated(any_app, **both)

    organisation = any_app.references.organisation
    assert organisation.people_with("grid_worker", "99010100100101099", NOVEMBER) == ["P900"]


def test_a_plan_made_before_others_changed_the_lists_is_not_activated(any_app):
    plan = prepared(any_app, people=changed("people", lambda rows: rows[:-1]))
    activated(
        any_app, roles=changed("roles", lambda rows: [{**rows[0], "name_en": "X"}, *rows[1:]])
    )

    with pytest.raises(Stale):
        imports.activate(any_app, identities.operator(), plan)


def test_a_file_that_is_no_known_list_is_refused_with_the_names_there_are(any_app):
    plan = prepared(any_app, None, "calendar", weather=b"day,rain\n2026-10-01,1\n")

    assert said(plan) == [("weather.csv", 1, None, "it is no list that is known")]
    assert plan.findings[0]["hint"].startswith("Name the file after its list (calendar, office_h")


def test_a_file_of_another_group_is_refused(any_app):
    plan = prepared(any_app, None, "units", people=(LISTS / "people.csv").read_bytes())

    assert said(plan) == [("people.csv", 1, None, "it is no list that is known")]


def test_who_looks_after_lists_may_activate_and_nobody_else(any_app):
    plan = prepared(any_app, people=changed("people", lambda rows: rows))

    refused = set()
    for name in ("list_owner", "data_officer", "admin", "street_leader", "auditor", "deployer"):
        try:
            imports.activate(any_app, identities.actor(any_app, name), plan)
        except NotAllowed:
            refused.add(name)

    assert refused == {"street_leader", "auditor", "deployer"}


def test_an_import_is_an_act_that_verifies(any_app):
    activated(any_app, people=changed("people", lambda rows: rows[:-1]))

    with any_app.database.reading() as tx:
        *_, last = store.read_entries(tx, references.STREAM)
    command = last.document()["command"]
    assert (command["type"], command["name"]) == ("activate_list", "people")
    assert last.document()["actor"] == identities.OPERATOR


# -- open work ------------------------------------------------------------------------


def opened(app):
    """A case of the five steps whose department task offers itself to D04."""
    dispatcher = identities.actor(app, "street_dispatcher")
    case = cases.start(app, dispatcher, process="five_steps", data={}).case_id
    accept = CompleteTask("five_steps.accept.1", "accept")
    cases.handle(app, dispatcher, case, accept)
    assign = CompleteTask("five_steps.assign.1", None, {"lead": "D04"})
    cases.handle(app, dispatcher, case, assign)
    return case


def without(role, unit):
    return changed(
        "people", lambda rows: [r for r in rows if (r["role"], r["unit_id"]) != (role, unit)]
    )


def test_an_import_names_the_open_tasks_that_it_would_leave_alone(any_app):
    case = opened(any_app)
    with any_app.database.reading() as tx:
        work = unattended.reading(tx)
        role, unit = next(one for one in work.offered if one[1] == "D04")
    local = accounts_with(any_app, role, unit)

    plan = prepared(any_app, people=without(role, unit))

    assert local == ["admin"]
    identities.disable_user(any_app, "admin", by="@test")
    plan = prepared(any_app, people=without(role, unit))
    (task,) = plan.tasks
    assert (task["case"], task["reason"]) == (case, "nobody")
    assert task["candidates"] == [{"role": role, "unit": unit}]


def accounts_with(app, role, unit):
    with app.database.reading() as tx:
        return [one.name for one in accounts.read_users(tx) if (role, unit) in one.grants]


# -- the command ----------------------------------------------------------------------


@pytest.fixture
def office(tmp_path, monkeypatch):
    """An empty database, and a folder with the demo city's files."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/office.db")
    assert cli.run(["migrate"]) == 0
    return tmp_path


def imported(capsys, *words):
    capsys.readouterr()
    status = cli.run(["import", *map(str, words), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_an_office_without_anything_imports_its_files_one_group_after_another(office, capsys):
    kinds = {path.stem: json.loads(path.read_bytes())["kind"] for path in LISTS.glob("*.json")}
    groups = {
        name: sorted(one for one, kind in kinds.items() if kind in imports.KINDS[name])
        for name in ("units", "people", "lists", "calendar")
    }
    found = {}
    for kind, names in groups.items():
        files = [LISTS / f"{name}.csv" for name in names]
        status, document = imported(capsys, kind, *files, "--activate")
        assert status == 0
        found |= {one["name"]: one["rows"] for one in document["activated"]}

    assert found == {path.stem: len(table(path.stem)[1]) for path in LISTS.glob("*.csv")}


def test_errors_end_with_status_1_and_change_nothing(office, capsys):
    bad = office / "roles.csv"
    bad.write_text("code,name_zh,name_en,level\nvisitor,,Visitor,district\n", "utf-8")

    status, document = imported(capsys, "people", bad, "--activate")

    assert (status, document["activated"]) == (1, [])
    assert document["findings"][0]["message"] == "Row 2, column 'name_zh': the cell is empty"


def test_people_read_what_changes_row_by_row(office, capsys):
    roles = office / "roles.csv"
    roles.write_text("code,name_zh,name_en,level\na,甲,A,district\nb,乙,B,district\n", "utf-8")
    cli.run(["import", "people", str(roles), "--activate"])
    roles.write_text("code,name_zh,name_en,level\na,甲方,A,street\nc,丙,C,district\n", "utf-8")
    capsys.readouterr()

    assert cli.run(["import", "people", str(roles)]) == 0

    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "roles.csv (UTF-8) is roles 角色: 2 rows; 1 added, 1 changed, 1 removed.",
        "  + c 丙 C district",
        "  ~ a: name_zh 甲 → 甲方; level district → street",
        "  - b 乙 B district",
    ]
    assert shown.err == "Nothing was changed yet; --activate puts it in force.\n"


def test_a_day_that_is_none_is_wrong_usage(office):
    assert cli.run(["import", "people", str(LISTS / "people.csv"), "--as-of", "soon"]) == 2


def test_a_task_whose_holder_left_is_listed_by_the_command(town_with_a_leaver, capsys):
    case, person = town_with_a_leaver

    assert cli.run(["unattended", "--json"]) == 0

    items = json.loads(capsys.readouterr().out)["items"]
    assert [(one["case"], one["assignee"], one["reason"]) for one in items] == [
        (case, person, "left")
    ]


@pytest.fixture
def town_with_a_leaver(any_app, clock, monkeypatch):
    """A case whose task is claimed by somebody who has left since: (case, person)."""
    monkeypatch.setenv("DATABASE_URL", any_app.settings.database_url)
    monkeypatch.setenv("CLOCK", "manual")
    dispatcher = identities.actor(any_app, "street_dispatcher")
    case = cases.start(any_app, dispatcher, process="five_steps", data={}).case_id
    organisation = any_app.references.organisation
    unit = next(unit for role, unit in dispatcher.grants if role == "street_dispatcher")
    person = organisation.people_with("street_dispatcher", unit, clock.now().date())[0]
    cases.handle(any_app, identities.actor(any_app, person), case, ClaimTask("five_steps.accept.1"))
    gone = changed("people", lambda rows: [row for row in rows if row["person_id"] != person])
    activated(any_app, date(2026, 9, 15), people=gone)
    clock.set(datetime(2026, 9, 15, 1, 0, tzinfo=UTC))
    with any_app.database.writing() as tx:
        store.put_fact(tx, CLOCK_FACT, "2026-09-15T01:00:00Z")
    return case, person


# -- over HTTP ------------------------------------------------------------------------


def upload(caller, path, **files):
    named = [
        ("files", (io.BytesIO(content), f"{name}.csv", "text/csv"))
        for name, content in files.items()
    ]
    return caller.upload(path, named)


def test_an_owner_of_lists_looks_at_a_difference_and_activates_it(any_app):
    owner = callers(any_app)("list_owner")
    before = active(any_app, "services").version
    shorter = changed("services", lambda rows: rows[:-1])

    looked = upload(owner, "/lists/check?as_of=2026-11-01", services=shorter)

    assert looked.status_code == 200
    (file,) = looked.get_json()["files"]
    assert [one["columns"] for one in file["changed"]] == [{"effective_to": [None, "2026-10-31"]}]
    assert active(any_app, "services").version == before

    done = upload(owner, "/lists?as_of=2026-11-01", services=shorter)
    assert (done.status_code, done.get_json()["activated"][0]["changed"]) == (201, True)
    assert upload(owner, "/lists?as_of=2026-11-01", services=shorter).status_code == 200


def test_files_with_errors_are_refused_with_all_of_them(any_app):
    owner = callers(any_app)("list_owner")
    before = active(any_app, "roles").version

    refused = upload(owner, "/lists", roles=b"code,name_zh,name_en,level\n,,,\na,,,\n")

    assert problem_of(refused) == (422, "invalid-list")
    assert [one["element"] for one in refused.get_json()["findings"]] == [
        "name_zh",
        "name_en",
        "level",
    ]
    assert active(any_app, "roles").version == before


def test_only_owners_of_lists_see_a_difference(any_app):
    analyst = callers(any_app)("street_analyst")

    for path in ("/lists", "/lists/check"):
        assert problem_of(upload(analyst, path, roles=b"x")) == (403, "not-allowed")


def test_the_same_key_activates_once(any_app):
    owner = callers(any_app)("list_owner")
    files = [("files", (io.BytesIO(changed("roles", list)), "roles.csv", "text/csv"))]
    again = [("files", (io.BytesIO(changed("roles", list)), "roles.csv", "text/csv"))]

    first = owner.upload("/lists", files, Idempotency_Key="k")
    second = owner.upload("/lists", again, Idempotency_Key="k")

    assert (first.status_code, second.get_json()) == (second.status_code, first.get_json())


def test_a_head_finds_unattended_tasks_in_the_inbox(town_with_a_leaver, any_app):
    case, person = town_with_a_leaver
    leader = callers(any_app)("street_leader")

    (item,) = leader.tasks("unattended")

    assert (item["case"], item["assignee"], item["reason"]) == (case, person, "left")
    assert leader.get(f"/tasks/{item['id']}").get_json()["actions"].count("transfer") == 1
    assert callers(any_app)("grid_worker").tasks("unattended") == []
