"""The month bulletin: what it says, and that it is written the same as HTML and DOCX."""

from __future__ import annotations

import csv
import io
import re
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from engine import bulletin, cases, cli, deployments, figures, identities, imports
from engine.application import open_application
from engine.clock import ManualClock
from engine.commands import CompleteTask
from engine.errors import InvalidData, NotAllowed, NotFound
from engine.settings import Settings
from tests.callers import callers, problem_of
from tests.conftest import MONDAY
from tests.scenario_city import files_of
from tests.test_figures import SHARE

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PROCESSES = Path(__file__).parent.parent / "processes"
NOVEMBER = datetime(2026, 11, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(city: Path, sandbox, tmp_path_factory) -> Path:
    """A database with seven shares of D04 and one of D05, none answered, and a promise."""
    path = tmp_path_factory.mktemp("bulletin") / "filled.db"
    shutil.copy(city, path)
    clock = ManualClock(MONDAY)
    settings = Settings(database_url=f"sqlite:///{path}")
    app = open_application(settings, clock=clock, sandbox=sandbox)
    admin = identities.operator()
    deployments.deploy(app, admin, files_of("department_handling"))
    for number in range(7):
        data = {**SHARE, "whistle_no": f"whistle-2026-{number:06d}", "description": "王样乙电话"}
        case = cases.start(app, admin, process="department_handling", data=data).case_id
        if number == 0:
            sign = CompleteTask("department_handling.sign.1", outcome="sign")
            cases.handle(app, admin, case, sign)
    cases.start(app, admin, process="department_handling", data={**SHARE, "dept_code": "D05"})
    app.database.close()
    return path


@pytest.fixture
def sqlite_url(filled: Path, tmp_path: Path) -> str:
    """The URL of a copy of it."""
    path = tmp_path / "bihuan.db"
    shutil.copy(filled, path)
    return f"sqlite:///{path}"


@pytest.fixture
def late(app, clock):
    """The same, seven weeks later."""
    clock.set(NOVEMBER)
    return app


def texts(written: bulletin.Bulletin) -> list[str]:
    """Every text of a bulletin, in order."""
    found = [written.title, written.lead]
    for section in written.sections:
        found.append(section.title)
        for part in section.parts:
            if isinstance(part, bulletin.Paragraph):
                found.append(part.text)
            else:
                found += [*part.head, *(cell for row in part.rows for cell in row)]
    return found


def rows(written: bulletin.Bulletin, number: int) -> list[tuple[str, ...]]:
    """The rows of the first table of a section."""
    tables = [one for one in written.sections[number].parts if isinstance(one, bulletin.Table)]
    return list(tables[0].rows) if tables else []


def test_a_bulletin_has_its_six_parts(late, who):
    written = bulletin.draft(late, who("district_inspector"), unit="990101", month="2026-09")

    assert written.title == "示范区 2026年9月治理工作点评"
    assert [one.title for one in written.sections] == [
        "一、数字", "二、部门排位与红黑榜", "三、超期未结清单", "四、高频事项", "五、上月承诺", "六、另列",
    ]  # fmt: skip


def test_numbers_stand_beside_those_of_the_month_before(late, who):
    written = bulletin.draft(late, who("district_inspector"), unit="990101", month="2026-09")

    (signing,) = [row for row in rows(written, 0) if row[0] == "及时签收率＊"]
    (on_time,) = [row for row in rows(written, 0) if row[0] == "按时率（含超期未结）＊"]
    assert signing == ("及时签收率＊", "12.50 %（1/8）", "按时签收数 / 应签收数", "–", "–")
    assert on_time[1] == "0.00 %（0/8）"


def test_what_rests_on_an_unchecked_sample_says_so_until_it_is_checked(late, who):
    inspector = who("district_inspector")
    note = "标＊的，其口径、权重或分值为样例，尚未与依据核对。"

    marked = bulletin.draft(late, inspector, unit="990101", month="2026-09")
    assert marked.lead.endswith(note)
    assert next(one for one in marked.sections[1].parts if isinstance(one, bulletin.Table)).head == (
        "位次", "单位", "件数", "得分＊", "按时率（含超期未结）＊", "解决率＊", "满意率＊",
    )  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(bulletin.write(marked, "docx"))) as archive:
        assert note in archive.read("word/document.xml").decode()

    # All rows are compared with the district's own rules, but for the weights of 解决率.
    files = {}
    for name in ("figures", "figure_weights", "score_rules"):
        descriptor, table = (PROCESSES / "lists" / f"{name}.{one}" for one in ("json", "csv"))
        lines = list(csv.reader(io.StringIO(table.read_text("utf-8-sig"))))
        at = lines[0].index("checked")
        done = [[*one[:at], str(int(one[0] != "solved" or name == "figures")), *one[at + 1 :]]
                for one in lines[1:]]  # fmt: skip
        text = io.StringIO()
        csv.writer(text).writerows([lines[0], *done])
        files |= {descriptor.name: descriptor.read_bytes(), table.name: text.getvalue().encode()}
    imports.activate(late, identities.operator(), imports.prepare(late, files))
    written = bulletin.draft(late, inspector, unit="990101", month="2026-09")
    titles = [row[0] for row in rows(written, 0)]
    assert [one for one in titles if one.endswith("＊")] == ["解决率＊"]
    assert written.lead.endswith(note)


def test_departments_with_few_cases_are_not_ranked_and_overdue_ones_are_listed(late, who):
    written = bulletin.draft(late, who("district_inspector"), unit="990101", month="2026-09")

    assert [row[:3] for row in rows(written, 1)] == [("1", "区城市管理局(综合执法局)", "7")]
    told = [one.text for one in written.sections[1].parts if isinstance(one, bulletin.Paragraph)]
    assert told == ["红榜：无。黑榜：无。同分不分先后。", "不足 5 件，不排位：公安分局（1 件）。"]
    assert [row[:2] for row in rows(written, 2)] == [
        ("区城市管理局(综合执法局)", "7"),
        ("公安分局", "1"),
    ]


def ranked(*ranks):
    return [{"unit": f"D{at}", "name": f"D{at}", "rank": rank} for at, rank in enumerate(ranks)]


@pytest.mark.parametrize(
    ("ranks", "red", "black"),
    [
        ((1, 2, 3, 4), [1, 2], [3, 4]),
        ((1, 2, 3), [1], [3]),
        ((1,), [], []),
        ((1, 1, 1, 1), [], []),
        ((1, 2, 2, 4), [1], [4]),
        (tuple(range(1, 13)), [1, 2, 3, 4, 5], [8, 9, 10, 11, 12]),
    ],
)
def test_nobody_stands_on_both_lists_and_equals_stand_together(ranks, red, black):
    first, last = figures.lists(ranked(*ranks))

    assert ([one["rank"] for one in first], [one["rank"] for one in last]) == (red, black)


def test_no_person_stands_in_a_bulletin(late, who):
    written = bulletin.draft(late, who("district_inspector"), unit="990101", month="2026-09")

    people = {row["name_zh"] for row in late.references.active["people"].rows}
    said = "\n".join(texts(written))
    assert [name for name in sorted(people) if name in said] == []
    assert re.findall(r"王样|RY\d+|1\d{10}", said) == []


def test_html_and_docx_say_the_same_and_are_the_same_bytes_again(late, who):
    written = bulletin.draft(late, who("district_inspector"), unit="990101", month="2026-09")

    html, docx = (bulletin.write(written, one) for one in ("html", "docx"))
    again = bulletin.draft(late, who("district_inspector"), unit="990101", month="2026-09")

    assert [bulletin.write(again, one) for one in ("html", "docx")] == [html, docx]
    page = etree.HTML(html)
    shown = [one.text or "" for one in page.iter("h1", "h2", "p", "th", "td")]
    with zipfile.ZipFile(io.BytesIO(docx)) as archive:
        assert archive.testzip() is None
        parts = {name: etree.fromstring(archive.read(name)) for name in archive.namelist()}
    document = parts["word/document.xml"]
    paragraphs = ["".join(p.itertext()) for p in document.iter(f"{WORD}p")]
    assert shown == texts(written)
    assert [one for one in paragraphs if one] == [one for one in texts(written) if one]
    assert sorted(parts) == [
        "[Content_Types].xml", "_rels/.rels", "word/_rels/document.xml.rels", "word/document.xml",
        "word/styles.xml",
    ]  # fmt: skip


def test_what_units_are_called_is_no_markup():
    nasty = '<b>&"]]>'
    written = bulletin.Bulletin(nasty, nasty, ())

    page = etree.HTML(bulletin.write(written, "html"))
    with zipfile.ZipFile(io.BytesIO(bulletin.write(written, "docx"))) as archive:
        document = etree.fromstring(archive.read("word/document.xml"))

    assert [one.text for one in page.iter("h1", "p")] == [nasty, nasty]
    assert [one.text for one in document.iter(f"{WORD}t")] == [nasty, nasty]


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026", "2026-8", "9999-12", "2026-08-01"])
def test_what_is_no_month_is_refused(app, who, month):
    with pytest.raises(InvalidData):
        bulletin.draft(app, who("auditor"), unit="990101", month=month)


def test_january_is_compared_with_december(app, who, clock):
    clock.set(clock.now() + timedelta(days=150))

    written = bulletin.draft(app, who("auditor"), unit="990101", month="2027-01")

    assert written.title == "示范区 2027年1月治理工作点评"


def test_a_bulletin_is_for_who_reads_the_figures_of_the_unit(late, who):
    with pytest.raises(NotAllowed):
        bulletin.draft(late, who("resident"), unit="990101001", month="2026-09")
    with pytest.raises(NotFound):
        bulletin.draft(late, who("auditor"), unit="990109", month="2026-09")
    with pytest.raises(InvalidData):
        bulletin.write(bulletin.Bulletin("", "", ()), "pdf")


def test_a_bulletin_over_http(app):
    leader, resident = callers(app)("street_leader"), callers(app)("resident")
    asked = "/bulletin?unit=990101001&month=2026-09"

    page, paper = leader.get(asked), leader.get(f"{asked}&format=docx")

    assert (page.content_type, paper.content_type) == (
        bulletin.MEDIA_TYPES["html"],
        bulletin.MEDIA_TYPES["docx"],
    )
    assert page.headers["Content-Disposition"] == 'attachment; filename="bulletin-2026-09.html"'
    assert paper.get_data()[:2] == b"PK"
    assert problem_of(resident.get(asked)) == (403, "not-allowed")
    assert problem_of(leader.get("/bulletin?unit=990101001&month=9")) == (422, "invalid-data")


def test_a_bulletin_at_the_command_line(app, sqlite_url, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    asked = ["bulletin", "--unit", "990101", "--month", "2026-09"]

    assert cli.run([*asked, str(tmp_path / "b.docx")]) == 0
    assert cli.run([*asked, str(tmp_path / "b.html")]) == 0
    assert cli.run([*asked, str(tmp_path / "b.pdf")]) == 2
    assert (tmp_path / "b.docx").read_bytes()[:2] == b"PK"
    assert (tmp_path / "b.html").read_text("utf-8").startswith("<!doctype html>")
