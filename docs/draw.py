"""Draw every diagram of ``processes/`` into ``docs/diagrams`` with bpmn-js.

    python docs/draw.py [FILE.bpmn …] [--to FOLDER]

One PNG per page of a diagram: ``name.png`` for the process itself and
``name.sub.png`` for each collapsed sub-process. What bpmn-js warns about while
importing ends the run with status 1: a picture with warnings is not a picture of
the file. Needs the browser assets (``npm ci`` in ``api/web``) and Chromium.
"""

# ruff: noqa: INP001, T201 - a program beside the packages; it says what it draws

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "api" / "web"
BPMN_JS = WEB / "node_modules" / "bpmn-js" / "dist"
MARGIN = 20
MARK = 16
"""Room below for the mark that bpmn-js leaves in the corner, in pixels."""

_PAGE = """<!doctype html><meta charset="utf-8">
<style>
  html, body { margin: 0; background: white; }
  #canvas { width: 100vw; height: 100vh; font-family: 'WenQuanYi Zen Hei', sans-serif; }
  .bjs-breadcrumbs, .bjs-drilldown { display: none !important; }
</style><div id="canvas"></div>"""

_IMPORT = """async xml => {
  window.viewer?.destroy();
  const textRenderer = { defaultStyle: { fontFamily: 'WenQuanYi Zen Hei, sans-serif' } };
  window.viewer = new BpmnJS({ container: '#canvas', textRenderer });
  const { warnings } = await viewer.importXML(xml);
  const roots = viewer.get('canvas').getRootElements().map(one => one.id);
  return { warnings: warnings.map(one => one.message), roots };
}"""

_SHOW = """([root, margin, mark]) => {
  const canvas = viewer.get('canvas');
  canvas.setRootElement(canvas.getRootElements().find(one => one.id === root));
  canvas.resized();
  const inner = canvas.viewbox().inner;
  return { x: inner.x - margin, y: inner.y - margin,
           width: Math.ceil(inner.width + 2 * margin),
           height: Math.ceil(inner.height + 2 * margin + mark) };
}"""

_FIT = """box => {
  const canvas = viewer.get('canvas');
  canvas.resized();
  canvas.viewbox(box);
}"""


def main() -> int:
    """Draw what the command line names; everything by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "diagrams")
    arguments = parser.parse_args()
    files = arguments.files or sorted((ROOT / "processes").glob("*.bpmn"))
    arguments.to.mkdir(parents=True, exist_ok=True)
    _install()
    warned = False
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_content(_PAGE)
        for asset in ("diagram-js.css", "bpmn-js.css", "bpmn-font/css/bpmn-embedded.css"):
            page.add_style_tag(path=BPMN_JS / "assets" / asset)
        page.add_script_tag(path=BPMN_JS / "bpmn-viewer.production.min.js")
        for file in files:
            warned = _draw(page, file, arguments.to) or warned
        browser.close()
    return int(warned)


def _install() -> None:
    """Fetch the browser assets once."""
    if not BPMN_JS.exists():
        npm = shutil.which("npm", path=str(Path(sys.executable).parent)) or shutil.which("npm")
        if npm is None:
            sys.exit("npm is missing; `make docs` installs it from PyPI with the dev extra.")
        arguments = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(arguments, cwd=WEB, check=True)  # noqa: S603 - npm, found above


def _draw(page: Page, file: Path, folder: Path) -> bool:
    """Write one PNG per page of a file; say whether bpmn-js warned."""
    found = page.evaluate(_IMPORT, file.read_text(encoding="utf-8"))
    for warning in found["warnings"]:
        print(f"{file.name}: {warning}", file=sys.stderr)
    for number, root in enumerate(found["roots"]):
        name = file.stem if number == 0 else f"{file.stem}.{root.removesuffix('_plane')}"
        box = page.evaluate(_SHOW, [root, MARGIN, MARK])
        page.set_viewport_size({"width": box["width"], "height": box["height"]})
        page.evaluate(_FIT, box)
        page.screenshot(path=folder / f"{name}.png")
        print(f"{name}.png  {box['width']} x {box['height']}")
    return bool(found["warnings"])


if __name__ == "__main__":
    sys.exit(main())
