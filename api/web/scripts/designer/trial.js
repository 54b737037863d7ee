// A trial run of what is drawn: tasks are completed here, the clock goes on by hand, tokens stand
// on the drawing. The server is sent all steps each time and keeps nothing.

import { post } from "./calls.js";

export class Trial {
  constructor({ modeler, address, collect, findings, texts, place }) {
    Object.assign(this, { modeler, address, collect, findings, texts, place });
    this.marked = [];
    place.querySelector("#trial-begin").addEventListener("click", () => this.begin());
  }

  async begin() {
    this.steps = [];
    this.beganAt = "";
    this.files = (await this.collect()).files;
    await this.ask([]);
  }

  async ask(steps) {
    const fields = { steps: JSON.stringify(steps), began_at: this.beganAt };
    let found;
    try {
      found = await post(this.address("draft/trial"), this.files, fields);
    } catch (refusal) {
      this.say(refusal.problem?.says ?? refusal.message, true);
      if (refusal.problem?.findings) this.findings.show(refusal.problem.findings);
      return;
    }
    this.steps = steps;
    this.beganAt = found.began_at;
    this.show(found);
  }

  say(text, isWrong = false) {
    const said = this.place.querySelector("#trial-says");
    said.textContent = text;
    said.classList.toggle("wrong", isWrong);
  }

  show(found) {
    const t = this.texts;
    this.say(this.steps.length ? `${found.now} · ${found.says}` : t.trial_start);
    this.mark(found.tokens);
    const open = this.place.querySelector("#trial-open");
    const ended = found.state === "completed" || found.state === "cancelled";
    const parts = this.steps.length
      ? [...found.tasks.map((one) => this.task(one)), ...found.jobs.map((one) => this.job(one)), ...found.incidents.map(incident)]
      : [this.form(found.fields, [["", t.trial_go]], (_, data) => this.step({ do: "start", data }))];
    if (this.steps.length && !ended) parts.push(this.clock(found.timers));
    open.replaceChildren(...parts);
    this.place.querySelector("#trial-log").replaceChildren(...found.log.map(({ at, says }) => made("li", `${at} ${says}`)));
    const data = Object.entries(found.data).map(([name, value]) => made("li", `${name} = ${value}`));
    this.place.querySelector("#trial-data").replaceChildren(...data);
    this.place.querySelector("#trial-more").hidden = !this.steps.length;
  }

  step(step) {
    return this.ask([...this.steps, step]);
  }

  task(one) {
    const box = made("div", "");
    box.className = "card";
    box.append(made("h3", one.name));
    const who = one.candidates.map((each) => [each.role ?? each.user, each.unit].filter(Boolean).join("@")).join("、");
    box.append(made("p", [who, one.due && `${this.texts.trial_due} ${one.due}`].filter(Boolean).join(" · ")));
    const outcomes = Object.entries(one.outcomes);
    const buttons = outcomes.length ? outcomes : [["", this.texts.trial_complete]];
    box.append(this.form(one.fields, buttons, (outcome, data) => this.step({ do: "complete", task: one.task, outcome, data })));
    return box;
  }

  job({ job, topic }) {
    const box = made("div", "");
    box.className = "card";
    box.append(made("h3", `${this.texts.trial_job} ${topic}`));
    box.append(this.form([], [["", this.texts.trial_complete]], () => this.step({ do: "job", job, data: {} })));
    return box;
  }

  clock(timers) {
    const t = this.texts;
    const box = made("div", "");
    box.className = "card";
    box.append(made("h3", t.trial_clock), ...timers.map(({ due, name }) => made("p", `${due} ${name}`)));
    const amount = Object.assign(document.createElement("input"), { type: "number", min: "0", step: "0.5", value: "1" });
    amount.setAttribute("aria-label", t.trial_amount);
    const unit = document.createElement("select");
    unit.setAttribute("aria-label", t.trial_unit);
    for (const one of ["WD", "WH", "EH"]) unit.append(new Option(t[`trial_${one}`], one));
    const go = button(t.trial_advance, () => this.step({ do: "advance", amount: Number(amount.value), unit: unit.value }));
    const row = made("p", "");
    row.className = "buttons";
    row.append(amount, unit, go);
    if (timers.length) row.append(button(t.trial_next, () => this.step({ do: "next" })));
    box.append(row);
    return box;
  }

  /** Return a form of fields with a button for each way out. */
  form(fields, ways, send) {
    const form = document.createElement("form");
    const reads = fields.map((one) => field(form, one)).filter(Boolean);
    const row = made("p", "");
    row.className = "buttons";
    for (const [code, label] of ways) {
      const data = () => Object.fromEntries(reads.map((read) => read()).filter(([, value]) => value !== undefined));
      row.append(button(label, () => send(code, data())));
    }
    form.append(row);
    form.addEventListener("submit", (event) => event.preventDefault());
    return form;
  }

  mark(tokens) {
    const canvas = this.modeler.get("canvas");
    const overlays = this.modeler.get("overlays");
    const registry = this.modeler.get("elementRegistry");
    overlays.remove({ type: "trial" });
    for (const id of this.marked) if (registry.get(id)) canvas.removeMarker(id, "trial-here");
    this.marked = Object.keys(tokens).filter((id) => registry.get(id));
    for (const id of this.marked) {
      canvas.addMarker(id, "trial-here");
      overlays.add(id, "trial", { position: { bottom: 12, left: -10 }, html: Object.assign(made("span", tokens[id]), { className: "token" }) });
    }
  }
}

function made(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}

function incident({ element, message }) {
  return Object.assign(made("p", `${element}: ${message}`), { className: "refused" });
}

function button(label, act) {
  const one = Object.assign(made("button", label), { type: "button", className: "quiet" });
  one.addEventListener("click", act);
  return one;
}

/** Add a field to a form; return what reads it: () => [key, value], undefined where it is empty. */
function field(form, { key, label, type, required, choices }) {
  if (type === "filepicker") return null;
  const box = made("label", `${label}${required ? " *" : ""} `);
  let input;
  if (choices.length) {
    input = document.createElement("select");
    input.multiple = type === "checklist" || type === "taglist";
    if (!input.multiple) input.append(new Option("", ""));
    for (const [value, shown] of choices) input.append(new Option(shown || value, value));
  } else {
    input = document.createElement("input");
    input.type = { number: "number", checkbox: "checkbox" }[type] ?? "text";
  }
  input.name = key;
  box.append(input);
  form.append(box);
  return () => {
    if (input.type === "checkbox") return [key, input.checked];
    if (input.multiple) return [key, [...input.selectedOptions].map((one) => one.value)];
    if (input.value === "") return [key, undefined];
    return [key, input.type === "number" ? Number(input.value) : input.value];
  };
}
