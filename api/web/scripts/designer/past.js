// Past cases lived again on what is drawn: how far it is, a button that stops it, and what came of it.

import { lines } from "./calls.js";

export class Past {
  constructor({ address, collect, findings, texts, place }) {
    Object.assign(this, { address, collect, findings, texts });
    for (const name of ["run", "stop", "cases", "progress", "says", "report"]) {
      this[name] = place.querySelector(`#past-${name}`);
    }
    this.run.addEventListener("click", () => this.begin());
    this.stop.addEventListener("click", () => this.stopping.abort());
  }

  async begin() {
    this.stopping = new AbortController();
    this.busy(true);
    this.report.replaceChildren();
    this.tell(this.texts.past_wait);
    try {
      await this.follow();
    } catch (refusal) {
      this.refused(refusal);
    }
    this.busy(false);
  }

  async follow() {
    const { files } = await this.collect();
    const fields = { cases: this.cases.value };
    let last = {};
    for await (last of lines(this.address("draft/backtest"), files, fields, this.stopping.signal)) {
      if (last.done) this.far(last);
    }
    if (last.classes) this.show(last);
    else this.tell(last.refused ?? this.texts.past_broke, true);
  }

  refused(refusal) {
    if (refusal.name === "AbortError") return this.tell(this.texts.past_stopped);
    this.tell(refusal.problem?.says ?? refusal.problem?.detail ?? this.texts.past_broke, true);
    if (refusal.problem?.findings) this.findings.show(refusal.problem.findings);
  }

  busy(is) {
    this.run.disabled = is;
    this.stop.hidden = this.progress.hidden = !is;
    this.progress.removeAttribute("value");
  }

  far({ done, of }) {
    Object.assign(this.progress, { max: of, value: done });
    this.tell(`${done} / ${of}`);
  }

  tell(text, isWrong = false) {
    this.says.textContent = text;
    this.says.classList.toggle("wrong", isWrong);
  }

  show({ says, classes, more, file }) {
    this.tell(says);
    const items = [...classes.map(oneClass), ...more.map((one) => made("li", one))];
    const link = made("a", this.texts.past_file);
    link.href = URL.createObjectURL(new Blob([file], { type: "text/html" }));
    link.download = "backtest.html";
    const item = made("li", "");
    item.append(link);
    this.report.replaceChildren(...items, item);
  }
}

function oneClass({ says, examples }) {
  const item = made("li", says);
  if (!examples.length) return item;
  const list = document.createElement("ul");
  for (const { name, href, reason } of examples) {
    const one = document.createElement("li");
    const link = Object.assign(made("a", name), { href, target: "_blank", rel: "noopener" });
    one.append(link, reason ? ` · ${reason}` : "");
    list.append(one);
  }
  item.append(list);
  return item;
}

function made(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}
