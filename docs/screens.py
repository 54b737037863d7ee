"""Photograph every page for ``docs/screens``, from a server that it starts itself.

    python docs/screens.py [NAME …] [--to FOLDER]

The table ``SCREENS`` says what is photographed: a page of a new kind gets its line there.
The city is that of ``photograph.py``: four whistles, one of them late; ``{late}`` in a path
is that case, ``{case}`` another, ``{task}`` and ``{late_task}`` what their department does.
Needs Chromium and the browser assets.
"""

# ruff: noqa: INP001, T201 - a program beside the packages; it says what it photographs

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from photograph import ROOT, City, chromium, live, served, signed_in
from playwright.sync_api import Browser, Page

DESK, PHONE = (1280, 800), (360, 700)
MOST_BYTES = 150_000


class Screen(NamedTuple):
    """One picture.

    Attributes:
        name: of the file, without its ending.
        user: who is signed in; empty = nobody.
        path: of the page, with the names of ``cases`` in braces.
        width: in pixels, of a desk (1280) or a phone (360).
        language: ``zh`` or ``en``.
    """

    name: str
    user: str
    path: str
    width: int = DESK[0]
    language: str = "zh"


SCREENS = (
    Screen("sign-in", "", "/sign-in"),
    Screen("inbox", "dept_handler", "/tasks?view=pool"),
    Screen("inbox.en", "dept_handler", "/tasks?view=pool", language="en"),
    Screen("inbox.phone", "dept_handler", "/tasks?view=pool", PHONE[0]),
    Screen("inbox-empty", "publisher", "/tasks?view=mine"),
    Screen("task", "dept_handler", "/tasks/{task}"),
    Screen("task.phone", "dept_handler", "/tasks/{late_task}", PHONE[0]),
    Screen("board", "district_coordinator", "/board"),
    Screen("board.phone", "district_coordinator", "/board", PHONE[0], "en"),
    Screen("board-process", "district_coordinator", "/board/process"),
    Screen("board-bulletin", "district_coordinator", "/board/bulletin"),
    Screen("case", "street_dispatcher", "/cases/{late}"),
    Screen("case.phone", "street_dispatcher", "/cases/{late}", PHONE[0], "en"),
    Screen("replay", "auditor", "/cases/{late}/replay?position=4"),
    Screen("replay.phone", "auditor", "/cases/{late}/replay?position=4&with=2", PHONE[0], "en"),
    Screen("case-file", "auditor", "/cases/{late}/file"),
    Screen("designs", "designer", "/designs"),
    Screen("designer", "deployer", "/designs/whistle_report/edit"),
    Screen("designer-form", "deployer", "/designs/admission_review/edit#admission_apply.json"),
    Screen(
        "designer-table", "deployer", "/designs/admission_review/edit#admission.dmn", DESK[0], "en"
    ),
    Screen("designer.phone", "designer", "/designs/whistle_report/edit", PHONE[0], "en"),
    Screen("admin", "admin", "/admin"),
    Screen("admin-people", "admin", "/admin/people?q=grid_worker"),
    Screen("admin-units", "admin", "/admin/units/990101001"),
    Screen("admin-lists", "admin", "/admin/lists"),
    Screen("admin-row", "admin", "/admin/lists/duty_roster/row"),
    Screen("admin-calendar", "admin", "/admin/calendar"),
    Screen("admin-calendar.phone", "admin", "/admin/calendar", PHONE[0], "en"),
    Screen("admin-rosters", "admin", "/admin/rosters"),
    Screen("admin-user", "admin", "/admin/users/data_officer"),
    Screen("admin-state", "admin", "/admin/state"),
    Screen("admin-audit.en", "admin", "/admin/audit", language="en"),
    Screen("public.phone", "", "/public", PHONE[0]),
    Screen("public-report.phone", "", "/public/report/grid_event", PHONE[0]),
    Screen("public-whistle.en", "", "/public/report/whistle_report", language="en"),
    Screen("public-large.phone", "", "/public/grids?community=990101001002&print=large", PHONE[0]),
    Screen("public-notices", "", "/public/notices"),
    Screen("public-topics.phone", "", "/public/topics?print=normal", PHONE[0]),
    Screen("not-found", "dept_handler", "/tasks/none"),
    Screen("forbidden", "dept_handler", "/designs"),
)


def main() -> int:
    """Take the pictures that the command line names; all of them by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "screens")
    arguments = parser.parse_args()
    wanted = [one for one in SCREENS if not arguments.names or one.name in arguments.names]
    arguments.to.mkdir(parents=True, exist_ok=True)
    with served() as city, chromium() as browser:
        camera = Camera(browser, city)
        large = [one.name for one in wanted if not camera.take(one, arguments.to)]
    for name in large:
        print(f"{name}.png is larger than {MOST_BYTES} bytes.", file=sys.stderr)
    return int(bool(large))


def cases(city: City) -> dict[str, str]:
    """Let whistles come in; return what the paths of ``SCREENS`` name."""
    late = live(city)
    found = city.call("dept_handler", "GET", "/tasks?view=pool&limit=100")["items"]
    by_case = {one["case"]: one["id"] for one in found}
    case = next(one for one in by_case if one != late)
    return {"late": late, "case": case, "task": by_case[case], "late_task": by_case[late]}


class Camera:
    """Opens each person's browser once and photographs in it."""

    def __init__(self, browser: Browser, city: City) -> None:
        self._browser, self._city = browser, city
        self._names = cases(city)
        self._pages: dict[tuple[str, int, str], Page] = {}

    def take(self, screen: Screen, to: Path) -> bool:
        """Write one picture; say whether it is small enough."""
        key = (screen.user, screen.width, screen.language)
        if key not in self._pages:
            self._pages[key] = self._opened(screen)
        page = self._pages[key]
        page.goto(screen.path.format_map(self._names))
        page.wait_for_load_state("networkidle")
        path = to / f"{screen.name}.png"
        page.screenshot(path=path, animations="disabled")
        return path.stat().st_size <= MOST_BYTES

    def _opened(self, screen: Screen) -> Page:
        size = PHONE if screen.width == PHONE[0] else DESK
        locale = {"zh": "zh-CN"}.get(screen.language, screen.language)
        if screen.user:
            return signed_in(
                self._browser, self._city, screen.language, locale, screen.user, size=size
            )
        page = self._browser.new_context(
            base_url=self._city.address,
            locale=locale,
            viewport={"width": size[0], "height": size[1]},
        ).new_page()
        page.goto(f"/sign-in?lang={screen.language}")
        return page


if __name__ == "__main__":
    sys.exit(main())
