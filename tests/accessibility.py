"""Whether a page can be used by everybody: axe-core on it as it stands, and its width.

    accessible(page)

after the page shows what the test has waited for. The rules are those of WCAG 2.2, levels A
and AA. axe-core is handed to the browser by the driver, so the pages' own policy on scripts
stays as it is.
"""

from functools import cache
from pathlib import Path

import pytest

AXE = Path(__file__).parent.parent / "api/web/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
GRAVE = ("serious", "critical")
_RUN = """async (tags) => {
  const found = await axe.run(document, {
    runOnly: {type: "tag", values: tags}, resultTypes: ["violations"],
  });
  return found.violations.map((one) => ({
    rule: one.id, impact: one.impact, help: one.help,
    at: one.nodes.map((node) => `${node.target.join(" ")}: ${node.html.slice(0, 160)}`),
  }));
}"""
_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll("body *")].filter(
    (one) => one.getBoundingClientRect().right > width + 1,
  );
  return wide.slice(0, 8).map((one) => `${one.outerHTML.slice(0, 120)}`);
}"""


@cache
def _axe():
    if not AXE.exists():
        pytest.skip(f"{AXE} is missing: make api/web/static/built/.done")
    return AXE.read_text("utf-8")


def accessible(page):
    """Fail with what is wrong where, if somebody could not use the page; it must fit, too."""
    # A click returns when the next document has begun, before there is anything in it.
    page.wait_for_load_state("load")
    if page.evaluate("typeof window.axe") != "object":
        page.evaluate(_axe())
    found = page.evaluate(_RUN, TAGS)
    grave = [
        f"{one['rule']} ({one['impact']}): {one['help']}\n    " + "\n    ".join(one["at"])
        for one in found
        if one["impact"] in GRAVE
    ]
    assert grave == [], f"{page.url} is not accessible:\n" + "\n".join(grave)
    fits(page)


def fits(page):
    """Fail with what sticks out, if the page must be scrolled sideways in its window."""
    page.wait_for_load_state("load")
    wide = page.evaluate(_WIDE)
    assert wide == [], f"{page.url} is wider than its window:\n" + "\n".join(wide)
