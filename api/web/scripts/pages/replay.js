// The replay of a case: the slider, the play button and the tokens on the diagram. Each moment
// is drawn by the server; this asks for it, puts it in place and moves the tokens.

import { viewerIn } from "../viewer.js";

const SVG = "http://www.w3.org/2000/svg";
const PAUSE = 1400; // milliseconds between two moments when it plays
const STEP = 260; // milliseconds that a token takes for one flow
const MOST = 5; // so many flows of one entry are walked; more would make people wait

const player = document.querySelector(".player");
const slider = document.getElementById("slider");
const play = document.getElementById("play");
const canvasPlace = document.getElementById("diagram");
const tabs = document.getElementById("diagram-tabs");
const failed = document.getElementById("replay-failed");
const last = Number(player.dataset.last);
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

let position = Number(player.dataset.position);
let playing = 0;
let asked = 0;
let viewer; // of the diagram that is shown
let sheet = ""; // KEY@VERSION of it
let chosen = ""; // the process that somebody has chosen to look at
const files = new Map();

// -- moments ---------------------------------------------------------------------------

async function go(to, { walk = false } = {}) {
  const wanted = Math.min(Math.max(to, 1), last);
  const turn = ++asked;
  const query = new URLSearchParams(location.search);
  query.set("position", wanted);
  query.set("part", "1");
  let text;
  try {
    const answer = await fetch(`${location.pathname}?${query}`);
    // What is not sound, or signed out: the whole page says so.
    if (!answer.ok) return leave(query);
    text = await answer.text();
  } catch {
    failed.hidden = false;
    stop();
    return;
  }
  if (turn !== asked) return;
  failed.hidden = true;
  position = wanted;
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("moment");
  if (!fresh) return leave(query);
  const old = document.getElementById("moment");
  const folded = (one) => [...one.querySelectorAll(".moment > details")];
  const wasOpen = folded(old).map((one) => one.open);
  folded(fresh).forEach((one, at) => (one.open = wasOpen[at] ?? false));
  old.replaceWith(document.adoptNode(fresh));
  query.delete("part");
  history.replaceState(null, "", `?${query}`);
  mark();
  await draw({ walk });
}

function leave(query) {
  query.delete("part");
  location.assign(`?${query}`);
}

function mark() {
  slider.value = position;
  player.dataset.position = position;
  const steps = { first: 1, previous: position - 1, next: position + 1, last };
  for (const one of player.querySelectorAll("[data-step]")) {
    const to = steps[one.dataset.step];
    const can = to >= 1 && to <= last && to !== position;
    const fresh = document.createElement(can ? "a" : "span");
    fresh.className = "step";
    fresh.dataset.step = one.dataset.step;
    fresh.textContent = one.textContent;
    if (can) fresh.href = `?position=${to}`;
    else fresh.setAttribute("aria-disabled", "true");
    const focused = document.activeElement === one;
    one.replaceWith(fresh);
    if (focused && can) fresh.focus();
  }
}

function stop() {
  clearTimeout(playing);
  playing = 0;
  play.textContent = player.dataset.play;
}

async function run() {
  const turn = ++asked;
  await go(position < last ? position + 1 : 1, { walk: true });
  if (!playing || turn + 1 < asked) return;
  if (position >= last) stop();
  else playing = setTimeout(run, PAUSE);
}

player.addEventListener("click", (event) => {
  const step = event.target.closest("a[data-step]");
  if (!step || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  stop();
  const to = Number(new URL(step.href).searchParams.get("position"));
  go(to, { walk: to === position + 1 });
});
slider.addEventListener("input", () => {
  stop();
  go(Number(slider.value));
});
play.addEventListener("click", () => {
  if (playing) return stop();
  play.textContent = player.dataset.pause;
  playing = -1;
  run();
});

// -- the diagram -----------------------------------------------------------------------

function moment() {
  const drawn = document.getElementById("moment")?.dataset.drawn;
  return drawn ? JSON.parse(drawn) : null;
}

async function draw({ walk }) {
  const drawn = moment();
  if (!drawn || !canvasPlace || !drawn.diagrams.length) return;
  const wanted = drawn.diagrams.find((one) => one.key === chosen) ?? drawn.diagrams[0];
  fillTabs(drawn, wanted);
  await open(wanted);
  if (!viewer) return;
  clear();
  light(drawn, wanted.key);
  if (walk && !calm.matches) await walkFlows(drawn.flows[wanted.key] ?? []);
  stand();
  canvasPlace.dataset.shown = wanted.key;
  canvasPlace.dataset.position = drawn.position;
}

function fillTabs(drawn, wanted) {
  tabs.replaceChildren();
  tabs.hidden = drawn.diagrams.length < 2;
  if (tabs.hidden) return;
  tabs.setAttribute("role", "tablist");
  tabs.setAttribute("aria-label", tabs.dataset.label);
  for (const one of drawn.diagrams) {
    const tab = document.createElement("button");
    tab.className = "quiet";
    tab.type = "button";
    tab.role = "tab";
    tab.dataset.key = one.key;
    tab.textContent = one.name;
    tab.setAttribute("aria-selected", String(one.key === wanted.key));
    tab.addEventListener("click", () => {
      chosen = one.key;
      draw({ walk: false });
    });
    tabs.append(tab);
  }
}

async function open(wanted) {
  const name = `${wanted.key}@${wanted.version}`;
  if (sheet === name) return;
  if (!files.has(name)) {
    const answer = await fetch(`/api/v1/definitions/${encodeURIComponent(wanted.key)}/versions/${wanted.version}/xml`);
    files.set(name, answer.ok ? await answer.text() : "");
  }
  const xml = files.get(name);
  // One that was written as text and never laid out has no picture.
  const canBeDrawn = xml.includes("BPMNShape");
  canvasPlace.hidden = !canBeDrawn;
  viewer?.destroy();
  viewer = undefined;
  sheet = "";
  if (!canBeDrawn) return;
  viewer = viewerIn(canvasPlace);
  await viewer.importXML(xml);
  fit();
  // Somebody looks into a collapsed sub-process, or comes back.
  viewer.on("root.set", stand);
  sheet = name;
}

function fit() {
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  // On a phone the whole of a long diagram is too small to read.
  if (canvas.zoom() < 0.45) canvas.zoom(0.6);
}

function clear() {
  const canvas = viewer.get("canvas");
  viewer.get("elementRegistry").forEach((one) => {
    for (const name of ["rp-here", "rp-frame", "rp-touched", "rp-taken"]) canvas.removeMarker(one, name);
  });
  layer().replaceChildren();
}

function layer() {
  return viewer.get("canvas").getLayer("tokens", 10);
}

function light(drawn, key) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  const mark = (ids, name) => ids.forEach((id) => registry.get(id) && canvas.addMarker(id, name));
  const here = Object.keys(drawn.tokens[key] ?? {});
  const touched = drawn.touched[key] ?? [];
  mark(touched, "rp-touched");
  mark(drawn.flows[key] ?? [], "rp-taken");
  mark(here, "rp-here");
  // What is drawn around others keeps its ground.
  mark(here.filter((id) => registry.get(id)?.children?.length), "rp-frame");
  const order = [...touched.filter((id) => here.includes(id)).reverse(), ...here.reverse(), ...touched.reverse()];
  const focus = registry.get(order.find((id) => registry.get(id)));
  if (!focus) return;
  const plane = canvas.findRoot(focus);
  if (plane !== canvas.getRootElement()) {
    canvas.setRootElement(plane);
    fit();
  }
  if (!isSeen(focus)) center(focus);
}

function center(element) {
  const canvas = viewer.get("canvas");
  const { width, height } = canvas.viewbox();
  const x = element.x + (element.width ?? 0) / 2 - width / 2;
  canvas.viewbox({ x, y: element.y + (element.height ?? 0) / 2 - height / 2, width, height });
}

function isSeen(element) {
  const { x, y, width, height } = viewer.get("canvas").viewbox();
  const right = element.x + (element.width ?? 0);
  const below = element.y + (element.height ?? 0);
  return element.x >= x && element.y >= y && right <= x + width && below <= y + height;
}

function token(count = 1) {
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", "token");
  const circle = document.createElementNS(SVG, "circle");
  circle.setAttribute("r", count > 1 ? 11 : 9);
  group.append(circle);
  if (count > 1) {
    const text = document.createElementNS(SVG, "text");
    text.textContent = count;
    group.append(text);
  }
  layer().append(group);
  return group;
}

/** Put a token at each element of the plane that is shown; around others there is none. */
function stand() {
  const drawn = moment();
  if (!drawn || !viewer) return;
  layer().replaceChildren();
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  const shown = Object.entries(drawn.tokens[sheet.split("@")[0]] ?? {})
    .map(([id, count]) => ({ element: registry.get(id), count }))
    .filter(({ element }) => element && canvas.findRoot(element) === canvas.getRootElement());
  for (const { element, count } of shown) {
    if (shown.some((other) => other.element.parent === element)) continue;
    const x = element.x + Math.min(element.width, 24) / 2;
    put(token(count), { x, y: element.y + Math.min(element.height, 24) / 2 });
  }
}

function put(group, { x, y }) {
  group.setAttribute("transform", `translate(${x} ${y})`);
}

async function walkFlows(ids) {
  const registry = viewer.get("elementRegistry");
  const walking = viewer;
  for (const id of ids.slice(-MOST)) {
    const flow = registry.get(id);
    const points = flow?.waypoints;
    if (!points || viewer.get("canvas").findRoot(flow) !== viewer.get("canvas").getRootElement()) continue;
    const group = token();
    await along(points, (at) => put(group, at), () => walking === viewer);
    group.remove();
    if (walking !== viewer) return;
  }
}

function along(points, move, goes) {
  const lengths = points.slice(1).map((to, at) => Math.hypot(to.x - points[at].x, to.y - points[at].y));
  const whole = lengths.reduce((sum, one) => sum + one, 0) || 1;
  const began = performance.now();
  return new Promise((done) => {
    const frame = (now) => {
      const part = Math.min((now - began) / STEP, 1);
      let rest = part * whole;
      let at = 0;
      while (at < lengths.length - 1 && rest > lengths[at]) rest -= lengths[at++];
      const [from, to] = [points[at], points[at + 1]];
      const share = lengths[at] ? Math.min(rest / lengths[at], 1) : 1;
      move({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share });
      if (part < 1 && goes()) requestAnimationFrame(frame);
      else done();
    };
    requestAnimationFrame(frame);
  });
}

play.hidden = last < 2;
draw({ walk: false });
