"""One whistle through the pages of everybody: from a resident's phone to the published notice.

Nobody here calls anything but pages; only the days pass by themselves. At the end an auditor
plays the history back, and it is the one that they have made.
"""

from datetime import datetime
from pathlib import Path

import pytest

from engine import deployments, identities, timers
from engine.calendar import LOCAL
from engine.cli.diagrams import read_files
from engine.demo.city import PASSWORD
from tests.test_pages import PHONE, address, chromium, expect, people, shows

__all__ = ["address", "chromium", "people"]

PROCESSES = Path(__file__).parent.parent / "processes"
GRID = "99010100100101002"

STEPS = (
    # who, title of the task, the button that ends it, what is filled in
    (
        "RY003",
        "平台受理",
        "受理",
        {"item_code": "ZL-03-004", "urgency": "normal", "self_test": "no"},
    ),
    (
        "RY005",
        "分析研判",
        "吹哨",
        {
            "variant": "joint_enforcement",
            "lead": "S01-001",
            "co_codes": ["D04"],
            "agreed_slot": "2026-09-14T15:00",
        },
    ),
    ("RY001", "吹哨审批", "同意", {}),
    ("RY022", "签收", "签收", {}),
    ("RY149", "签收", "签收", {}),
    ("RY022", "报到", "已到场", {"persons": "3"}),
    ("RY150", "报到", "已到场", {"persons": "2"}),
    ("RY150", "协办回复", "已回复", {"co_result": "已配合处置"}),
    ("RY022", "处置", "办结", {"measures": "已劝离并清理"}),
    ("RY026", "部门自查", "通过", {}),
    ("RY022", "提交", "办结", {"reply": "已清离"}),
    ("RY022", "汇总", "汇总完成", {"reply": "各单位已处置完毕"}),
    ("RY057", "现场核查", "通过", {}),
    ("RY217", "回访", "已答复", {"solved": "yes", "satisfied": "satisfied"}),
    ("RY202", "区级评价街道单位", "好", {}),
    ("RY001", "街道评价部门（评哨）", "好", {}),
    ("RY022", "事实更正申请", "无异议", {}),
    ("RY149", "事实更正申请", "无异议", {}),
    (
        "RY054",
        "拟稿",
        "送脱敏",
        {
            "public_title": "东门外占道摆摊已清理",
            "draft_text": "摊贩已劝离，路面已清扫。",
            "channels": "board",
            "legal_effect_at": "2026-09-15T00:00",
        },
    ),
    ("RY002", "公开审核", "同意", {"public_text": "摊贩已劝离，路面已清扫。"}),
)


@pytest.fixture
def office(app):
    """Every process of the office, and a login for each who works on the whistle."""
    deployments.deploy(app, identities.operator(), read_files([PROCESSES]))
    for one in sorted({who for who, *_ in STEPS}):
        identities.add_user(app, f"of_{one}", person_id=one, password=PASSWORD, by="@operator")


def give(page, name, value):
    """Fill in a field as a person does, whatever it is drawn as."""
    field = page.locator(f"[name='{name}']").first
    kind, suggestions = field.evaluate("one => [one.type, one.getAttribute('list')]")
    if kind == "radio":
        page.check(f"[name='{name}'][value='{value}']")
    elif kind == "checkbox":
        for one in page.locator(f"[name='{name}'][type=checkbox]").all():
            one.set_checked(one.get_attribute("value") in value)
    elif kind.startswith("select"):
        field.select_option(value)
    elif suggestions:
        wanted = value if isinstance(value, str) else value[0]
        option = page.locator(f"#{suggestions} option[value*='{wanted}']").first
        field.fill(option.get_attribute("value"))
    else:
        field.fill(value)


def do(page, title, button, data):
    """Open the task of this title that is offered, fill it in and end it with a button."""
    page.goto("/tasks?view=pool")
    page.locator(".item .title", has_text=title).first.click()
    page.wait_for_url("**/tasks/*.*")
    for name, value in data.items():
        give(page, name, value)
    page.click(f"button[name=outcome]:text-is('{button}')")
    shows(page, ".done", f"“{title}”已办理。")


@pytest.mark.browser
@pytest.mark.slow
def test_a_whistle_goes_from_a_phone_to_the_board_through_everybodys_pages(
    people, office, app, chromium, address
):
    context = chromium.new_context(base_url=address, viewport=PHONE)
    resident = context.new_page()
    # The address stands as a square code on the board of the grid.
    resident.goto(f"/public/report/whistle_report?location={GRID}")
    give(resident, "title", "东门外占道摆摊")
    give(resident, "description", "每天傍晚摆到路中间")
    give(resident, "reporter_name", "样某某")
    give(resident, "reporter_phone", "000-0000-1001")
    resident.click("main button.main")
    number = resident.locator("#number").inner_text()
    code = resident.locator("#code").inner_text()

    pages = {}
    for who, title, button, data in STEPS:
        if who not in pages:
            pages[who] = people(f"of_{who}")
        do(pages[who], title, button, data)
    timers.advance(app, to=datetime(2026, 10, 13, 18, 0, tzinfo=LOCAL))

    # The resident follows by the code, then reads what everybody may read.
    resident.goto("/public/follow")
    give(resident, "number", number)
    give(resident, "code", code)
    resident.click("main button.main")
    expect(resident.locator("main")).to_contain_text("各单位已处置完毕")
    resident.goto("/public/notices")
    resident.click("text=东门外占道摆摊已清理")
    expect(resident.locator("main")).to_contain_text("摊贩已劝离，路面已清扫。")
    context.close()

    auditor = people("auditor")
    auditor.goto(f"/search?words={number}")
    auditor.click(f".item .title:has-text('{number}')")
    auditor.click("a[href$='/replay']")
    auditor.click("button:text-is('重新验证并重放')")
    expect(auditor.locator(".proved [role=status]")).to_contain_text("重放结果一致")
