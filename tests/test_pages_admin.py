"""The administration in a browser: a post changed, a substitute, a password, a first run."""

import pytest

from api import create_app
from engine import credentials, identities
from engine.application import open_application
from engine.migrations import upgrade
from engine.settings import Settings
from tests.accessibility import accessible, fits
from tests.test_pages import PHONE, address, chromium, expect, people, serving, shows

__all__ = ["address", "chromium", "people"]

pytestmark = pytest.mark.browser

LOOKED = ("/admin", "/admin/people/RY003", "/admin/units/990101001", "/admin/calendar",
          "/admin/lists/people/row", "/admin/users/data_officer", "/admin/state")  # fmt: skip
FITTED = ("/admin/people", "/admin/units", "/admin/roles", "/admin/lists", "/admin/lists/people",
          "/admin/rosters", "/admin/import", "/admin/users", "/admin/audit")  # fmt: skip


def test_pages_can_be_used_by_everybody_and_fit_a_desk(people):
    page = people("admin")
    page.goto("/admin")
    shows(page, ".admin h1", "系统管理")
    for path in LOOKED:
        page.goto(path)
        expect(page.locator(".admin h1")).to_be_visible()
        accessible(page)


def test_every_page_fits_a_phone_in_english(people):
    page = people("admin", viewport=PHONE)
    page.goto("/admin?lang=en")
    shows(page, ".admin h1", "Administration")
    for path in (*LOOKED, *FITTED):
        page.goto(path)
        expect(page.locator(".admin h1")).to_be_visible()
        fits(page)


def test_a_post_ends_on_a_day_after_its_difference_was_shown(people):
    page = people("data_officer")
    page.click("nav >> text=管理")
    page.click(".admin-menu >> text=人员与岗位")
    page.fill("#q", "RY003")
    page.click(".search button")
    page.locator(".register tbody tr a:text-is('修改')").first.click()
    page.fill("#from", "2026-11-01")
    page.click("button:text-is('自该日起结束')")

    shows(page, "h3", "变更 1 行")
    expect(page.locator(".diff-changed ins")).to_have_text("2026-10-31")
    accessible(page)
    page.click("button:text-is('确认生效')")
    shows(page, ".done", "已生效：people。")
    expect(page.locator("#versions ~ .wide tbody tr")).to_have_count(2)
    page.click("text=与上一版比较")
    expect(page.locator(".diff-changed ins")).to_have_text("2026-10-31")


def test_a_substitute_is_arranged_and_a_bad_day_is_said(people):
    page = people("data_officer", viewport=PHONE)
    page.goto("/admin/people/RY002?lang=en")
    page.fill("#who", "RY004")
    page.fill("#first", "2026-10-01")
    page.fill("#last", "2026-09-01")
    page.click("button:text-is('Show the difference')")
    shows(page, "[role=alert]", "Say who stands in, and from when to when.")

    page.fill("#who", "RY004")
    page.fill("#first", "2026-10-01")
    page.fill("#last", "2026-10-07")
    page.click("button:text-is('Show the difference')")
    page.click("button:text-is('Put in force')")
    shows(page, ".done", "In force: people.")
    page.goto("/admin/rosters")
    expect(page.locator("#substitutes ~ .items")).to_contain_text("2026-10-01 – 2026-10-07")


def test_files_with_a_bad_cell_are_named_and_a_good_one_comes_into_force(people):
    page = people("data_officer")
    page.goto("/admin/import")
    page.click("button:text-is('查看差别')")
    shows(page, "[role=alert]", "请选择文件。")

    def choose(text):
        file = {"name": "roles.csv", "mimeType": "text/csv", "buffer": text.encode("gb18030")}
        page.set_input_files("#files", files=[file])
        page.click("button:text-is('查看差别')")

    choose("岗位代码,岗位名称,英文名称,层级\nx,,x,district\n")
    shows(page, "td.number", "2")
    expect(page.locator("[role=alert] tbody")).to_contain_text("name_zh")
    expect(page.locator("button:text-is('确认生效')")).to_have_count(0)


def test_a_reset_password_leads_to_a_password_of_ones_own(people, address, chromium):
    page = people("admin")
    page.goto("/admin/users/street_analyst")
    page.click("button:text-is('重置密码')")
    temporary = page.locator("#password").inner_text()
    page.goto("/admin/users/street_analyst")
    expect(page.locator("#password")).to_have_count(0)

    context = chromium.new_context(base_url=address, viewport=PHONE, locale="zh-CN")
    other = context.new_page()
    other.goto("/sign-in")
    other.fill("#name", "street_analyst")
    other.fill("#password", temporary)
    other.click("button.main")
    other.wait_for_url("**/password")
    accessible(other)
    other.fill("#old", temporary)
    other.fill("#new", "a-password-of-my-own")
    other.fill("#again", "a-password-of-my-own")
    other.click("button:text-is('修改')")
    shows(other, ".done", "密码已修改。")
    context.close()


@pytest.fixture
def fresh(tmp_path, sandbox, clock):
    """The application on a database with tables and nothing else."""
    url = f"sqlite:///{tmp_path}/fresh.db"
    upgrade(url)
    opened = open_application(Settings(database_url=url), clock=clock, sandbox=sandbox)
    yield opened
    opened.database.close()


def test_the_first_administrator_is_made_in_a_browser(fresh, chromium):
    with serving(create_app(fresh, setup="once")) as address:
        context = chromium.new_context(base_url=address, viewport=PHONE, locale="zh-CN")
        page = context.new_page()
        page.goto("/setup/once?lang=en")
        shows(page, "h1", "The first administrator")
        accessible(page)
        page.fill("#name", "first")
        page.fill("#password", "a-good-password")
        page.fill("#again", "a-good-password")
        page.click("button.main")
        shows(page, "h1", "To begin with")
        accessible(page)
        page.goto("/admin")
        shows(page, ".admin .card h2", "There are no lists yet")
        page.goto("/setup/once")
        expect(page.locator("h1")).not_to_have_text("The first administrator")
        context.close()
    assert [one.name for one in identities.users(fresh)] == ["first"]
    assert not credentials.is_empty(fresh)
