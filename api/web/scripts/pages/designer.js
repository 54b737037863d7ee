// The designer: a diagram with its forms and decisions, kept on the server as it is drawn.

import { Bench } from "../designer/bench.js";
import { get, post } from "../designer/calls.js";
import { missing } from "../designer/chinese.js";
import { Findings } from "../designer/findings.js";
import { Keeper } from "../designer/keeper.js";
import { withComments } from "../designer/lossless.js";
import { Past } from "../designer/past.js";
import { Trial } from "../designer/trial.js";
import { modelerIn } from "../designer/modeler.js";

const given = JSON.parse(document.getElementById("given").textContent);
const t = given.texts;
const by = (id) => document.getElementById(id);
const files = { ...given.files };
const address = (rest) => `/designs/${encodeURIComponent(given.process)}/${rest}`;

const modeler = modelerIn(by("canvas"), by("panel"), {
  ...given,
  forms: () => [...new Set([...given.forms, ...keysOf(".json")])].sort(),
  decisions: () => [...new Set([...given.decisions, ...decisionsIn().map(([key]) => key)])].sort(),
  openForm: (key) => openFile("form", key, `${key}.json`),
  openDecision: (key) => openFile("decision", key, decisionsIn().find(([one]) => one === key)?.[1]),
  preview: (text, kind) => get("/designs/draft/preview", { text, kind }).catch((refusal) => ({ wrong: refusal.message })),
  removing: (act) => (event) => {
    event?.stopPropagation?.();
    act({ commandStack: modeler.get("commandStack"), bpmnFactory: modeler.get("bpmnFactory") });
  },
});
const bench = new Bench({ given, files, texts: t, address, changed: soon, shown: () => findings.beside() });
const findings = new Findings(modeler, by("findings"), by("counts"), t, bench);
const trial = new Trial({ modeler, address, collect, findings, texts: t, place: by("trial") });
new Past({ address, collect, findings, texts: t, place: by("trial") });
const keeper = new Keeper({ given, address, collect, texts: t, load });

function keysOf(ending) {
  return Object.keys(files).filter((one) => one.endsWith(ending)).map((one) => one.slice(0, -ending.length));
}

function decisionsIn() {
  const found = [];
  for (const [name, text] of Object.entries(files)) {
    if (!name.endsWith(".dmn")) continue;
    const tree = new DOMParser().parseFromString(text, "application/xml");
    for (const one of tree.getElementsByTagNameNS("*", "decision")) found.push([one.id, name]);
  }
  return found;
}

/** Put a form or a decision on the bench that a task names; a deployed one comes into the draft. */
async function openFile(kind, key, name) {
  try {
    if (!(name in files)) Object.assign(files, (await get(address("draft/deployed"), { kind, key })).files);
    await bench.open(kind === "form" ? `${key}.json` : decisionsIn().find(([one]) => one === key)?.[1] ?? given.diagram);
  } catch (refusal) {
    keeper.say(refusal.message);
  }
}

/** Return all files as they stand now, with the name of the process. */
async function collect() {
  await bench.keep();
  const { xml } = await modeler.saveXML({ format: true });
  files[given.diagram] = withComments(files[given.diagram], xml);
  return { files: { ...files }, title: titleOf() };
}

function titleOf() {
  const root = modeler.getDefinitions().rootElements.find((one) => one.$type === "bpmn:Process" && one.id === given.process);
  return root?.name || given.name;
}

/** Show other files than before: those of somebody else, or a version. */
async function load(next) {
  bench.isChanged = false;
  await bench.open(given.diagram);
  for (const name of Object.keys(files)) delete files[name];
  Object.assign(files, next.files);
  bench.list();
  await open();
  check();
}

async function open() {
  try {
    await modeler.importXML(files[given.diagram]);
    by("unreadable").hidden = true;
  } catch {
    by("unreadable").hidden = false;
    return;
  }
  fit();
  by("canvas").dataset.shown = given.diagram;
}

/** Show the whole, beside the palette; what is too large to be read begins at its left. */
function fit() {
  const canvas = modeler.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  const scale = Math.min(canvas.zoom(), 1);
  const { inner } = canvas.viewbox();
  const { clientWidth: width, clientHeight: height } = by("canvas");
  const room = width > 700 ? 130 : 20;
  const zoom = Math.max(0.5, Math.min(scale, (width - room - 20) / inner.width, (height - 90) / inner.height));
  canvas.viewbox({ x: inner.x - room / zoom, y: inner.y - 70 / zoom, width: width / zoom, height: height / zoom });
}

let waiting = 0;
let asking = 0;

/** Check what is drawn once nothing has changed for a moment. */
function soon() {
  keeper.changed();
  clearTimeout(waiting);
  waiting = setTimeout(check, 600);
}

async function check() {
  const number = ++asking;
  by("counts").setAttribute("aria-busy", "true");
  try {
    const { files: now } = await collect();
    const answer = await post(address("draft/check"), now);
    if (number === asking) findings.show(answer.findings);
  } catch (refusal) {
    if (number === asking) keeper.say(refusal.message || t.no_server);
  }
  if (number === asking) by("counts").removeAttribute("aria-busy");
}

async function layOut() {
  const { files: now } = await collect();
  try {
    const { xml } = await post("/designs/draft/laid-out", { [given.diagram]: now[given.diagram] });
    files[given.diagram] = withComments(now[given.diagram], xml);
    await open();
    soon();
  } catch (refusal) {
    keeper.say(refusal.message);
  }
}

async function deploy(event) {
  event.preventDefault();
  const refused = by("deploy-refused");
  refused.hidden = true;
  if (!(await keeper.save(true))) return;
  try {
    const { go } = await post(address("draft/deploy"), {}, { revision: keeper.revision, note: by("note").value });
    keeper.close();
    location.assign(go);
  } catch (refusal) {
    refused.hidden = false;
    if (refusal.problem?.findings) {
      findings.show(refusal.problem.findings);
      refused.textContent = t.deploy_refused;
    } else {
      refused.textContent = t[`refused_${refusal.problem?.code?.replaceAll("-", "_")}`] ?? refusal.message;
    }
  }
}

modeler.on("commandStack.changed", () => { trial.mark({}); soon(); });
by("save").addEventListener("click", () => keeper.save(true));
by("undo").addEventListener("click", () => bench.undo(modeler.get("commandStack")));
by("redo").addEventListener("click", () => bench.redo(modeler.get("commandStack")));
by("lay-out").addEventListener("click", layOut);
by("open-deploy")?.addEventListener("click", () => by("deploying").showModal());
by("deploy-form")?.addEventListener("submit", deploy);
for (const one of document.querySelectorAll("dialog .close")) {
  one.addEventListener("click", () => one.closest("dialog").close());
}
modeler.on("propertiesPanel.updated", () => { document.body.dataset.untranslated = [...missing].join("|"); });

/** Open the file that the address names behind its #. */
function asked() {
  const name = Object.keys(files).find((one) => `#${encodeURIComponent(one)}` === location.hash);
  return name && bench.open(name);
}

open().then(asked).then(check);
