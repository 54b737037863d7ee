// The diagrams of a case, lit: which steps are done, current, overdue, returned or undone.

import { viewerIn } from "../viewer.js";

const place = document.getElementById("diagram");
const tabs = document.getElementById("diagram-tabs");
let viewer;

async function show(diagram) {
  viewer?.destroy();
  viewer = viewerIn(place);
  await viewer.importXML(diagram.xml);
  light(diagram);
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  // On a phone the whole of a long diagram is too small to read: begin where it stands.
  if (canvas.zoom() < 0.45) {
    canvas.zoom(0.6);
    const current = Object.keys(diagram.marks).find((id) => diagram.marks[id].includes("current"));
    const first = current ?? Object.keys(diagram.marks)[0];
    if (first && viewer.get("elementRegistry").get(first)) canvas.scrollToElement(first);
  }
  place.dataset.shown = diagram.key;
  for (const tab of tabs.children) {
    tab.setAttribute("aria-selected", String(tab.dataset.key === diagram.key));
  }
}

function light(diagram) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  for (const [id, marks] of Object.entries(diagram.marks)) {
    const element = registry.get(id);
    if (!element) continue;
    for (const mark of marks) canvas.addMarker(id, `lit-${mark}`);
    // What is drawn around others keeps its ground, or they could not be told apart.
    if (element.children?.some((one) => one.businessObject?.$type !== "bpmn:Lane")) canvas.addMarker(id, "lit-frame");
  }
  for (const [id, lines] of Object.entries(diagram.notes)) {
    const graphics = registry.getGraphics(id);
    if (!graphics) continue;
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = lines.join("\n");
    graphics.prepend(title);
  }
  for (const [id, said] of Object.entries(diagram.visits ?? {})) {
    if (!registry.get(id) || !said) continue;
    const badge = document.createElement("span");
    badge.className = "visits-of";
    badge.textContent = said;
    viewer.get("overlays").add(id, { position: { bottom: 4, left: 2 }, html: badge });
  }
}

function addTab(diagram) {
  const tab = document.createElement("button");
  tab.className = "quiet";
  tab.type = "button";
  tab.role = "tab";
  tab.dataset.key = diagram.key;
  tab.textContent = diagram.name;
  tab.addEventListener("click", () => show(diagram));
  tabs.append(tab);
}

async function begin() {
  const answer = await fetch(place.dataset.source);
  if (!answer.ok) return;
  const { items } = await answer.json();
  if (items.length > 1) {
    tabs.hidden = false;
    tabs.setAttribute("role", "tablist");
    if (tabs.dataset.label) tabs.setAttribute("aria-label", tabs.dataset.label);
    items.forEach(addTab);
  }
  if (items.length) await show(items[0]);
  else place.closest("section").hidden = true;
}

begin();
