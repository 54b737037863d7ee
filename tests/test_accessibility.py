"""Every page of an office, looked at by axe-core and in its width, at a desk and on a phone."""

import pytest

from engine import cases
from tests.accessibility import accessible, fits
from tests.test_pages import PHONE, address, chromium, expect, formed, people

__all__ = ["address", "chromium", "formed", "people"]

pytestmark = pytest.mark.browser

PAGES = (
    "/", "/?view=pool", "/?view=done", "/?view=started", "/?view=cc", "/?view=followed",
    "/?view=supervised", "/?view=unattended", "/start", "/start/formed", "/search", "/search?q=x",
    "/registers", "/designs", "/designs/check", "/incidents", "/me", "/accesses",
    "/cases/{case}", "/cases/{case}/relations", "/tasks/{case}.formed.fill.1", "/api/v1/docs",
    "/tasks/none", "/nowhere",
)  # fmt: skip
"""Addresses that `admin` opens."""
WIDE = {"width": 1280, "height": 800}


def test_every_page_can_be_used_by_everybody(people, formed, app, who):
    data = {"title": "很长的标题" * 30}
    case = cases.start(app, who("street_dispatcher"), process="formed", data=data).case_id
    page = people("admin", viewport=WIDE)
    for path in PAGES:
        page.set_viewport_size(WIDE)
        page.goto(path.format(case=case))
        expect(page.locator("main h1")).to_have_count(1)
        accessible(page)
        page.set_viewport_size(PHONE)
        fits(page)
