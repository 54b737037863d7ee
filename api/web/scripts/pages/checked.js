// Checked files: each drawing with a mark where something was found; a mark leads to its
// findings, a finding to its element.

import { viewerIn } from "../viewer.js";

const sheets = JSON.parse(document.getElementById("sheets")?.textContent ?? "[]");
const place = document.getElementById("diagram");
const tabs = document.getElementById("diagram-tabs");
const failed = document.getElementById("diagram-failed");
let viewer;
let shown = -1;

async function show(number) {
  if (number === shown) return;
  shown = number;
  delete place.dataset.shown;
  viewer?.destroy();
  viewer = viewerIn(place);
  try {
    await viewer.importXML(textOf(number), sheets[number].diagram || undefined);
  } catch {
    failed.hidden = false;
    place.hidden = true;
    return;
  }
  failed.hidden = true;
  place.hidden = false;
  mark(sheets[number]);
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  // On a phone the whole of a long diagram is too small to read.
  if (canvas.zoom() < 0.3) {
    canvas.zoom(0.6);
    const first = Object.keys(sheets[number].marks).find((id) => viewer.get("elementRegistry").get(id));
    if (first) canvas.scrollToElement(first, { top: 120, bottom: 120, left: 120, right: 120 });
  }
  viewer.get("eventBus").on("element.click", ({ element }) => pickFindings(element.labelTarget?.id ?? element.id));
  for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.dataset.number === String(number)));
  place.dataset.shown = String(number);
}

function textOf(number) {
  // The text stands with the first page of its file.
  while (sheets[number].xml === null) number -= 1;
  return sheets[number].xml;
}

function mark(sheet) {
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const registry = viewer.get("elementRegistry");
  for (const [id, found] of Object.entries(sheet.marks)) {
    const element = registry.get(id);
    if (!element) continue;
    canvas.addMarker(id, `found-${found.severity}`);
    const spot = document.createElement("button");
    spot.type = "button";
    spot.className = `spot spot-${found.severity}`;
    spot.textContent = `${found.sign} ${found.count}`;
    const name = element.businessObject?.name || id;
    spot.setAttribute("aria-label", `${name}: ${found.label} ${found.count}`);
    spot.addEventListener("click", (event) => {
      event.stopPropagation();
      pickElement(element);
      pickFindings(id);
    });
    overlays.add(id, "finding", { position: corner(element), html: spot, scale: { min: 0.8, max: 1.3 } });
  }
}

// Where a mark sits: at the upper right of a shape, at the middle of a flow.
function corner(element) {
  if (!element.waypoints) return { top: -12, right: 16 };
  const points = element.waypoints;
  const [a, b] = [points[Math.floor((points.length - 1) / 2)], points[Math.ceil((points.length - 1) / 2)]];
  const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  const left = Math.min(...points.map((one) => one.x));
  const top = Math.min(...points.map((one) => one.y));
  return { left: middle.x - left - 18, top: middle.y - top - 12 };
}

function pickElement(element) {
  const canvas = viewer.get("canvas");
  const root = canvas.findRoot(element);
  if (root && root !== canvas.getRootElement()) canvas.setRootElement(root);
  if (canvas.zoom() < 0.5) canvas.zoom(0.8);
  canvas.scrollToElement(element, { top: 120, bottom: 120, left: 120, right: 120 });
  viewer.get("selection").select(element);
  place.dataset.picked = element.id;
}

function pickFindings(id) {
  const found = [...document.querySelectorAll(".found[data-at]")];
  const mine = found.filter((one) => one.dataset.at === id && sameFile(Number(one.dataset.sheet)));
  for (const one of found) one.classList.toggle("picked", mine.includes(one));
  if (!mine.length) return;
  mine[0].scrollIntoView({ block: "nearest" });
  mine[0].querySelector(".go")?.focus({ preventScroll: true });
}

function sameFile(number) {
  return sheets[number].file === sheets[shown].file;
}

// Where the element is drawn: on the sheet that is shown, or on another one of its file.
async function find(id, first) {
  const numbers = sheets.map((_, number) => number).filter((one) => sheets[one].file === sheets[first].file);
  if (numbers.includes(shown)) numbers.unshift(shown);
  for (const number of numbers) {
    await show(number);
    const element = viewer.get("elementRegistry").get(id);
    if (element) return element;
  }
  return null;
}

async function go(event) {
  event.preventDefault();
  const item = event.currentTarget.closest(".found");
  const element = await find(item.dataset.at, Number(item.dataset.sheet));
  for (const one of document.querySelectorAll(".found")) one.classList.toggle("picked", one === item);
  if (!element) return;
  pickElement(element);
  place.scrollIntoView({ block: "nearest" });
}

function addTab(sheet, number) {
  const tab = document.createElement("button");
  tab.className = "quiet";
  tab.type = "button";
  tab.dataset.number = String(number);
  tab.textContent = sheet.name;
  tab.addEventListener("click", () => show(number));
  tabs.append(tab);
}

for (const one of document.querySelectorAll(".found .go")) one.addEventListener("click", go);
if (sheets.length > 1) sheets.forEach(addTab);
if (sheets.length && place) show(0);
