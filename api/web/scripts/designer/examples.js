// The examples of a decision table: lines of its CSV file, each tried as the table stands now.

import { post } from "./calls.js";

const PAUSE = 500;

export class Examples {
  constructor({ place, files, texts, address, changed }) {
    Object.assign(this, { place, files, texts, address, changed });
    this.table = "";
    this.waiting = 0;
    this.number = 0;
  }

  /** Show the examples of a table. */
  show(table) {
    if (table !== this.table) this.place.replaceChildren();
    this.table = table;
    return this.ask();
  }

  /** Try them anew once nothing has changed for a moment. */
  soon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.ask(), PAUSE);
  }

  get file() {
    return this.table.replace(/\.dmn$/, ".examples.csv");
  }

  async ask() {
    const number = ++this.number;
    const files = Object.fromEntries(Object.entries(this.files).filter(([name]) => name.endsWith(".dmn") || name === this.file));
    this.place.setAttribute("aria-busy", "true");
    try {
      const found = await post(this.address("draft/examples"), files, { table: this.table });
      if (number === this.number) this.draw(found);
    } catch (refusal) {
      if (number === this.number) this.place.replaceChildren(made("p", refusal.message, "refused"));
    }
    if (number === this.number) this.place.removeAttribute("aria-busy");
  }

  draw({ blocks, wrong, passed, failed }) {
    const t = this.texts;
    const active = this.place.contains(document.activeElement) ? document.activeElement : null;
    // What is being typed is tried when it is done.
    if (active?.tagName === "INPUT" && active.value !== active.defaultValue) return;
    const focused = active?.name ?? "";
    this.blocks = blocks;
    const said = t.e_count.replace("{passed}", passed).replace("{failed}", failed);
    const head = made("h2", t.e_title);
    const count = made("p", blocks.length ? said : t.e_none, failed ? "sign-error" : "note");
    count.id = "examples-count";
    Object.assign(count.dataset, { passed, failed });
    const tables = blocks.map((one) => this.block(one));
    const found = wrong.map((one) => made("p", one, "refused"));
    this.place.replaceChildren(head, count, ...found, ...tables);
    if (!blocks.length) this.place.append(button(t.e_first, () => this.first()));
    if (focused) this.place.querySelector(`[name="${CSS.escape(focused)}"]`)?.focus();
  }

  block(one) {
    const t = this.texts;
    const table = made("table", "", "register examples");
    const head = made("tr", "");
    head.append(...one.names.map((name) => made("th", name)), made("th", t.e_result), made("td", ""));
    const rows = one.lines.map((line, place) => this.line(one, line, place));
    table.append(head, ...rows);
    const box = made("div", "", "wide");
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", `${t.e_title} ${one.names.join(" ")}`);
    box.append(table, button(t.e_add, () => {
      const cells = one.lines.at(-1)?.cells ?? one.names.map(() => "");
      one.lines.push({ cells: [...cells] });
      this.write();
    }));
    return box;
  }

  line(block, line, place) {
    const t = this.texts;
    const row = made("tr", "", line.passed ? "passed" : "failed");
    const cells = block.names.map((name, at) => {
      const input = Object.assign(document.createElement("input"), { type: "text", defaultValue: line.cells[at] ?? "" });
      input.name = `example.${block.line}.${place}.${at}`;
      input.setAttribute("aria-label", `${name} ${place + 1}`);
      input.addEventListener("change", () => {
        input.defaultValue = input.value;
        line.cells[at] = input.value.trim();
        this.write();
      });
      const cell = made("td", "");
      cell.append(input);
      return cell;
    });
    const result = made("td", `${line.passed ? `✓ ${t.e_passed}` : "✖"} ${line.says}`, line.passed ? "sign-good" : "sign-error");
    const last = made("td", "");
    last.append(button("✕", () => {
      block.lines.splice(place, 1);
      this.write();
    }, t.e_remove));
    row.append(...cells, result, last);
    return row;
  }

  /** Begin a file: the names of the table's inputs and outputs, then nothing. */
  first() {
    const tree = new DOMParser().parseFromString(this.files[this.table], "application/xml");
    const [decision] = tree.getElementsByTagNameNS("*", "decision");
    const names = [...(decision?.getElementsByTagNameNS("*", "inputExpression") ?? [])].map((one) => one.textContent.trim());
    const outputs = [...(decision?.getElementsByTagNameNS("*", "output") ?? [])].map((one) => one.getAttribute("name") ?? "");
    const heading = [...names, ...outputs];
    this.blocks = [{ names: heading, lines: [{ cells: heading.map(() => "") }] }];
    this.write();
  }

  write() {
    const blocks = this.blocks.map(({ names, lines }) => [names, ...lines.map(({ cells }) => cells)].map(row).join(""));
    this.files[this.file] = blocks.join("\n");
    this.changed();
    return this.ask();
  }
}

function row(cells) {
  return `${cells.map((one) => (/[",\n\r]|^\s|\s$/.test(one) ? `"${one.replaceAll('"', '""')}"` : one)).join(",")}\n`;
}

function made(tag, text, name = "") {
  const one = document.createElement(tag);
  one.textContent = text;
  if (name) one.className = name;
  return one;
}

function button(said, act, title = "") {
  const one = Object.assign(made("button", said), { type: "button", className: "quiet" });
  if (title) Object.assign(one, { title, ariaLabel: title });
  one.addEventListener("click", act);
  return one;
}
