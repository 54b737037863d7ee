// Which file of the draft stands on the bench: the diagram, a form, or a table with its examples.
// The editors of forms and tables are fetched when the first of each is opened.

import { Examples } from "./examples.js";
import { emptyForm, emptyTable } from "./schema.js";

export const EXAMPLES = ".examples.csv";
const by = (id) => document.getElementById(id);
const KINDS = { form: ".json", table: ".dmn" };
const KEY = /^[a-z][a-z0-9_]{1,60}$/;
const here = (name) => new URL(name, import.meta.url).href;

export class Bench {
  constructor({ given, files, texts, address, changed, shown }) {
    Object.assign(this, { given, files, texts, changed, shown });
    this.name = given.diagram;
    this.editors = {};
    this.isChanged = false;
    this.keeping = Promise.resolve();
    this.opening = Promise.resolve();
    this.examples = new Examples({ place: by("examples"), files, texts, address, changed: () => changed() });
    by("file").addEventListener("change", () => this.open(by("file").value));
    for (const kind of Object.keys(KINDS)) by(`new-${kind}`).addEventListener("click", () => this.ask(kind));
    by("adding-form").addEventListener("submit", (event) => this.add(event));
    by("take-out").addEventListener("click", () => this.takeOut());
    by("as-text").addEventListener("click", () => this.turn());
    by("file-text").addEventListener("input", () => { this.isChanged = true; changed(); });
    this.list();
  }

  /** The kind of a file on the bench; undefined for the diagram and for what is not edited here. */
  kindOf(name) {
    return Object.keys(KINDS).find((one) => name.endsWith(KINDS[one]) && name !== this.given.diagram);
  }

  list() {
    const groups = Object.keys(KINDS).map((kind) => {
      const group = document.createElement("optgroup");
      group.label = this.texts[`b_${kind}s`];
      const names = Object.keys(this.files).filter((one) => this.kindOf(one) === kind).sort();
      group.append(...names.map((one) => new Option(`${this.titleOf(one)}${one}`, one)));
      return group;
    });
    const filled = groups.filter((one) => one.children.length);
    by("file").replaceChildren(new Option(`${this.texts.b_diagram} ${this.given.diagram}`, this.given.diagram), ...filled);
    by("file").value = this.name;
  }

  titleOf(name) {
    if (!name.endsWith(".json")) return "";
    try {
      const { title, title_en: english } = JSON.parse(this.files[name]);
      const said = this.given.language === "zh" ? title : english || title;
      return said ? `${said} ` : "";
    } catch {
      return "";
    }
  }

  async editor(kind) {
    if (this.editors[kind]) return this.editors[kind];
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: here(`${kind}_editor.css`) });
    const styled = new Promise((done) => { style.onload = style.onerror = done; });
    // Before the page's own, which have the last word.
    document.head.prepend(style);
    // A name made here: what it leads to is built beside this script, not into it.
    const { editorIn } = await import(here(`${kind}_editor.js`));
    await styled;
    const given = {
      texts: this.texts, language: this.given.language,
      changed: () => { this.isChanged = true; this.changed(); },
    };
    this.editors[kind] = editorIn(by(`${kind}-canvas`), by(kind === "form" ? "form-panel" : "table-tabs"), given);
    return this.editors[kind];
  }

  /** Put a file on the bench, one after the other; `element` is what is looked for in it. */
  open(asked, element = "") {
    this.opening = this.opening.catch(() => {}).then(() => this.put(asked, element));
    return this.opening;
  }

  async put(asked, element) {
    const name = asked.endsWith(EXAMPLES) ? asked.replace(EXAMPLES, KINDS.table) : asked;
    if (!(name in this.files)) return;
    const kind = this.kindOf(name);
    if (name !== this.name) {
      await this.keep();
      this.name = name;
      for (const one of ["diagram", ...Object.keys(KINDS)]) by(`bench-${one}`).hidden = one !== (kind ?? "diagram");
      this.asText(false);
      if (kind) await this.load(kind, name);
      by("lay-out").disabled = Boolean(kind);
      for (const one of ["take-out", "as-text"]) by(one).hidden = !kind;
      const others = this.given.shared[name] ?? [];
      by("shared").textContent = others.length ? this.texts.b_shared.replace("{processes}", others.join("、")) : "";
      by("bench").dataset.shown = name;
      this.list();
      this.shown();
    }
    if (kind && element && !this.isText) this.editors[kind]?.pick(element);
  }

  /** Show a file in its editor; what the editor cannot show, or would lose, is edited as text. */
  async load(kind, name) {
    const editor = await this.editor(kind);
    let wrong = "";
    try {
      await editor.load(this.files[name]);
    } catch (reason) {
      wrong = `${this.texts.b_unreadable} ${reason.message ?? ""}`;
    }
    this.asText(Boolean(wrong), wrong);
    if (kind === "table") this.examples.show(name);
  }

  /** Turn between the editor and the text of the file. */
  async turn() {
    const kind = this.kindOf(this.name);
    await this.keep();
    if (this.isText) await this.load(kind, this.name);
    else this.asText(true);
    by(this.isText ? "file-text" : "as-text").focus();
  }

  asText(isText, wrong = "") {
    const kind = this.kindOf(this.name);
    this.isText = isText;
    by("file-unreadable").hidden = !wrong;
    by("file-unreadable").textContent = wrong;
    by("bench-text").hidden = !isText;
    by("as-text").setAttribute("aria-pressed", String(isText));
    if (isText) by("file-text").value = this.files[this.name];
    by("bench-form").hidden = isText || kind !== "form";
    by("table-bench").hidden = isText;
  }

  /** Take what was changed on the bench into the files; who asks meanwhile waits for it, too. */
  keep() {
    this.keeping = this.keeping.catch(() => {}).then(() => this.take());
    return this.keeping;
  }

  async take() {
    if (!this.isChanged) return;
    this.isChanged = false;
    const { name } = this;
    const kind = this.kindOf(name);
    if (kind) this.files[name] = this.isText ? by("file-text").value : await this.editors[kind].text();
    if (kind === "table") this.examples.soon();
  }

  undo(tools) {
    const kind = this.kindOf(this.name);
    if (this.isText) document.execCommand("undo");
    else (kind ? this.editors[kind] : tools).undo();
  }

  redo(tools) {
    const kind = this.kindOf(this.name);
    if (this.isText) document.execCommand("redo");
    else (kind ? this.editors[kind] : tools).redo();
  }

  // -- new files, and such as are deployed ---------------------------------------------------

  ask(kind) {
    this.asked = kind;
    by("adding-title").textContent = this.texts[`b_new_${kind}`];
    by("adding-refused").hidden = true;
    by("adding-form").reset();
    by("adding").showModal();
  }

  async add(event) {
    event.preventDefault();
    const kind = this.asked;
    const key = by("adding-key").value.trim();
    const title = by("adding-name").value.trim() || key;
    const taken = [...(kind === "form" ? this.given.forms : this.given.decisions), ...Object.keys(this.files).map((one) => one.replace(/\.[a-z]+$/, ""))];
    const wrong = KEY.test(key) ? taken.includes(key) && this.texts.b_key_taken : this.texts.b_key_wrong;
    by("adding-refused").hidden = !wrong;
    by("adding-refused").textContent = wrong || "";
    if (wrong) return;
    by("adding").close();
    const name = `${key}${KINDS[kind]}`;
    this.files[name] = kind === "form" ? emptyForm(key, title) : emptyTable(key, title);
    await this.open(name);
    this.changed();
  }

  /** Take a file out of the draft; what is deployed of it stays. */
  async takeOut() {
    const { name } = this;
    if (!window.confirm(this.texts.b_take_out_sure.replace("{name}", name))) return;
    this.isChanged = false;
    await this.open(this.given.diagram);
    delete this.files[name];
    delete this.files[name.replace(KINDS.table, EXAMPLES)];
    this.list();
    this.changed();
  }
}
