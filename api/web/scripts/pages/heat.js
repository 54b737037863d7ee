// A diagram as a heat map: each element shaded by what was measured, with its number beside it.

import { viewerIn } from "../viewer.js";

const place = document.getElementById("diagram");
const heat = JSON.parse(document.getElementById("heat-data").textContent);

async function show() {
  const viewer = viewerIn(place);
  await viewer.importXML(heat.xml);
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const registry = viewer.get("elementRegistry");
  for (const [id, one] of Object.entries(heat.elements)) {
    const element = registry.get(id);
    if (!element) continue;
    // What is drawn around others keeps its ground, or they could not be told apart.
    if (element.children?.length) canvas.addMarker(id, "heat-frame");
    else canvas.addMarker(id, `heat-${one.shade}`);
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = one.title;
    registry.getGraphics(id).prepend(title);
    const number = document.createElement("span");
    number.className = "heat-number";
    number.textContent = one.label;
    overlays.add(id, { position: { top: -10, right: 18 }, html: number });
  }
  canvas.zoom("fit-viewport", "auto");
  // On a phone the whole of a long diagram is too small to read: begin where it is hottest.
  if (canvas.zoom() < 0.35) {
    canvas.zoom(0.6);
    const [hottest] = Object.entries(heat.elements).sort((a, b) => b[1].shade - a[1].shade);
    if (hottest && registry.get(hottest[0])) canvas.scrollToElement(hottest[0]);
  }
  place.dataset.shown = "heat";
}

show();
