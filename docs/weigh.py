"""Weigh the pages: when the first of them is painted, and how much script they carry.

    python docs/weigh.py [NAME …] [--times N]

Prints a table for ``docs/benchmarks.md``. The server, the city and the pages are those of
``screens.py``; each page is opened anew N times with an empty cache in headless Chromium, and
the median of first contentful paint is shown. A machine that does other work says more.
"""

# ruff: noqa: INP001, T201 - a program beside the packages; it prints what it has measured

from __future__ import annotations

import argparse
import gzip
import statistics
import sys

from photograph import City, chromium, served, signed_in
from playwright.sync_api import Page, Response
from screens import DESK, SCREENS, Screen, cases

_PAINT = """() => new Promise((found) => new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    if (one.name === "first-contentful-paint") found(one.startTime);
  }
}).observe({ type: "paint", buffered: true }))"""
_SHIFT = """() => new Promise((found) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => found(sum), 200);
})"""


def main() -> int:
    """Measure every page of ``SCREENS`` that somebody signs in for once per path, in Chinese."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--times", type=int, default=5)
    arguments = parser.parse_args()
    print("| page | first contentful paint | script, gzip | layout shift |\n|---|---|---|---|")
    seen = set()
    with served() as city, chromium() as browser:
        names = cases(city)
        for screen in SCREENS:
            wanted = not arguments.names or screen.name in arguments.names
            if not (wanted and screen.user) or screen.path in seen:
                continue
            seen.add(screen.path)
            page = signed_in(browser, city, "zh", "zh-CN", screen.user, size=DESK)
            print(_line(page, city, screen, names, arguments.times))
            page.context.close()
    return 0


def _line(page: Page, city: City, screen: Screen, names: dict[str, str], times: int) -> str:
    path = screen.path.format_map(names)
    session = page.context.new_cdp_session(page)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    scripts: dict[str, int] = {}

    def weigh(answer: Response) -> None:
        if answer.request.resource_type == "script" and answer.ok:
            scripts[answer.url] = len(gzip.compress(answer.body()))

    paints, shifts = [], []
    for number in range(times):
        if number == 0:
            page.on("response", weigh)
        # Else what stands behind a # is looked for in the page that is open.
        page.goto("about:blank")
        page.goto(f"{city.address}{path}")
        page.wait_for_load_state("networkidle")
        paints.append(page.evaluate(_PAINT))
        shifts.append(page.evaluate(_SHIFT))
        page.remove_listener("response", weigh) if number == 0 else None
    paint, shift = statistics.median(paints), max(shifts)
    weight = sum(scripts.values()) / 1000
    return f"| `{screen.path}` | {paint:.0f} ms | {weight:.1f} kB | {shift:.3f} |"


if __name__ == "__main__":
    sys.exit(main())
