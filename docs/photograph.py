"""Photograph the pages for ``docs/images``, from a server that it starts itself.

    python docs/photograph.py [--to FOLDER]

Four whistles are sent to one department in the demo city; one of them is late.
Needs Chromium. The pictures show the pages as they are: take them anew when
those change.
"""

# ruff: noqa: INP001, S310, S603 - a program beside the packages; it starts and opens our server

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
BIHUAN = str(Path(sys.executable).parent / "bihuan")
PASSWORD = "bihuan-demo"  # noqa: S105 - that of the demo city, refused beyond this machine
WIDTH, HEIGHT = 960, 610
REPORTS = (
    ("东门坡道破损", "ZL-08-003"),
    ("夜间施工噪声扰民", "ZL-02-003"),
    ("餐饮油烟扰民", "ZL-02-001"),
    ("露天焚烧秸秆", "ZL-02-002"),
)

MISTAKES = (
    ('name="四周复问？" default="visit_mode_to_pick"', 'name="四周复问？"'),
    ("tries &gt;= 3</conditionExpression>", "</conditionExpression>"),
    ('candidateGroups="visitor"', 'candidateGroups="visitor" camunda:initiator="who"'),
    ('name="需上门？"', 'name="需上门？" colour="red"'),
)
"""(what stands in a diagram, what a designer might have written)."""


class City:
    """A demo city of its own, and people who act in it over HTTP.

    Args:
        address: where it is served.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._tokens: dict[str, str] = {}

    def call(self, role: str, method: str, path: str, body: Any = None) -> Any:
        """Return the answer to a call in the name of a role."""
        if role not in self._tokens and path != "/login":
            login = self.call(role, "POST", "/login", {"name": role, "password": PASSWORD})
            self._tokens[role] = login["token"]
        headers = {"Content-Type": "application/json"}
        if role in self._tokens:
            headers["Authorization"] = f"Bearer {self._tokens[role]}"
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}",
            method=method,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def sign_out(self) -> None:
        """Let everybody sign in anew."""
        self._tokens.clear()

    def finish(self, role: str, case: str, element: str, outcome: str, data: Any = None) -> None:
        """Complete the open task of an element."""
        tasks = self.call(role, "GET", f"/cases/{case}")["tasks"]
        task = next(one["id"] for one in tasks if one["element"] == element)
        body = {"outcome": outcome, "data": data or {}}
        self.call(role, "POST", f"/tasks/{task}/complete", body)

    def whistle(self, title: str, item: str) -> str:
        """Report a matter and whistle for the department; return the case's id."""
        data = {"title": title, "description": "巡查发现，现场已拍照", "item_code": item}
        data |= {"location": "99010100100101001", "channel": "patrol", "whistle_level": "street"}
        started = self.call(
            "grid_worker", "POST", "/cases", {"process": "whistle_report", "data": data}
        )
        case: str = started["id"]
        accepted = {"item_code": item, "urgency": "normal", "self_test": "no"}
        self.finish("street_dispatcher", case, "accept", "accept", accepted)
        routed = {"variant": "quick_response", "lead": "D04", "co_codes": ""}
        self.finish("street_analyst", case, "analyse", "whistle", routed)
        self.finish("dept_liaison", case, "sign", "sign")
        return case


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "images")
    arguments = parser.parse_args()
    with served() as city, chromium() as browser:
        _photograph(browser, city, live(city), arguments.to)
    return 0


@contextmanager
def served() -> Iterator[City]:
    """Serve a demo city of its own until the end of the block."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder}/city.db",
            "CLOCK": "manual",
            "PORT": str(port),
        }
        for words in (["migrate"], ["demo", "--cases", "0"]):
            subprocess.run([BIHUAN, *words], cwd=ROOT, env=environment, check=True)
        server = subprocess.Popen([BIHUAN, "serve"], cwd=ROOT, env=environment)
        try:
            city = City(f"http://127.0.0.1:{port}")
            _await(city)
            yield city
        finally:
            server.terminate()
            server.wait()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the Chromium of this machine until the end of the block."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def _await(city: City) -> None:
    for _ in range(600):
        try:
            city.call("auditor", "GET", "/me")
        except OSError:
            time.sleep(0.1)
        else:
            return


def live(city: City) -> str:
    """Let the first whistle come late by a working day; return its case's id."""
    (title, item), *others = REPORTS
    late = city.whistle(title, item)
    timers = city.call("admin", "GET", f"/cases/{late}")["timers"]
    second = next(one["due_at"] for one in timers if one["element"] == "esc2")
    city.call("admin", "POST", "/clock", {"to": second})
    # Days have passed, and a session lasts twelve hours.
    city.sign_out()
    for title, item in others:
        city.whistle(title, item)
    return late


def _photograph(browser: Browser, city: City, late: str, to: Path) -> None:
    for language, locale, name in (("en", "en", "inbox.png"), ("zh", "zh-CN", "inbox.zh.png")):
        page = signed_in(browser, city, language, locale)
        page.screenshot(path=to / name)
    # The timeline of the late case, in the language of the diagrams.
    page.goto(f"/cases/{late}")
    page.wait_for_load_state("networkidle")
    heading = page.get_by_role("heading", name="流转记录")
    heading.evaluate("one => one.scrollIntoView()")
    page.screenshot(path=to / "timeline.png")
    _photograph_check(browser, city, to)


def _photograph_check(browser: Browser, city: City, to: Path) -> None:
    """A diagram with four mistakes in it, and where they stand."""
    drawn = (ROOT / "processes" / "return_visit.bpmn").read_text("utf-8")
    for right, wrong in MISTAKES:
        drawn = drawn.replace(right, wrong, 1)
    page = signed_in(browser, city, "en", "en", who="designer")
    page.set_viewport_size({"width": 1280, "height": 760})
    page.goto("/designs/check")
    file = {"name": "return_visit.bpmn", "mimeType": "application/xml", "buffer": drawn.encode()}
    page.set_input_files("#files", files=[file])
    page.click("form[action='/designs/check'] button")
    page.wait_for_selector("#diagram[data-shown]")
    page.screenshot(path=to / "findings.png")


def signed_in(
    browser: Browser,
    city: City,
    language: str,
    locale: str,
    who: str = "dept_handler",
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Page:
    """Return a page of somebody who has signed in and sees the inbox."""
    viewport: Any = dict(zip(("width", "height"), size, strict=True))
    context = browser.new_context(base_url=city.address, locale=locale, viewport=viewport)
    page = context.new_page()
    page.goto(f"/sign-in?lang={language}")
    page.fill("[name=name]", who)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.goto(f"/tasks?lang={language}")
    page.wait_for_load_state("networkidle")
    return page


if __name__ == "__main__":
    sys.exit(main())
