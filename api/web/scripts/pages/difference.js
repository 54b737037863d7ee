// Two versions of a diagram: the new one with what is new, other or moved, the old one with what is gone.

import { viewerIn } from "../viewer.js";

const given = JSON.parse(document.getElementById("given").textContent);
const place = document.getElementById("diagram");
const tabs = [...document.querySelectorAll("[data-side]")];
const MARKS = { new: ["added", "changed", "moved"], old: ["removed", "changed", "moved"] };
let viewer;

async function show(side) {
  viewer?.destroy();
  viewer = viewerIn(place);
  delete place.dataset.shown;
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.side === side));
  await viewer.importXML(given[side]);
  const canvas = viewer.get("canvas");
  for (const kind of MARKS[side]) {
    for (const id of given[kind]) if (viewer.get("elementRegistry").get(id)) canvas.addMarker(id, `diff-${kind}`);
  }
  canvas.zoom("fit-viewport", "auto");
  place.dataset.shown = side;
}

async function go(event) {
  event.preventDefault();
  const line = event.currentTarget.closest("[data-at]");
  const id = line.dataset.at;
  const side = given.removed.includes(id) ? "old" : "new";
  if (place.dataset.shown !== side) await show(side);
  for (const one of document.querySelectorAll(".found")) one.classList.toggle("picked", one === line);
  const element = viewer.get("elementRegistry").get(id);
  if (!element) return;
  const canvas = viewer.get("canvas");
  const root = canvas.findRoot(element);
  if (root && root !== canvas.getRootElement()) canvas.setRootElement(root);
  if (canvas.zoom() < 0.5) canvas.zoom(0.8);
  canvas.scrollToElement(element, { top: 100, bottom: 100, left: 100, right: 100 });
}

for (const tab of tabs) tab.addEventListener("click", () => show(tab.dataset.side));
for (const one of document.querySelectorAll(".found .go")) one.addEventListener("click", go);
show("new");
