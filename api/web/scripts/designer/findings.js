// What was found in the unsaved files: marks on the drawing, and a list whose lines lead there.

const ORDER = ["error", "warning", "note"];

/** Show findings; `modeler` may not know the element of some of them. */
export class Findings {
  constructor(modeler, list, count, texts, bench) {
    Object.assign(this, { modeler, list, count, texts, bench, marked: [], found: [] });
  }

  show(found) {
    this.clear();
    const sorted = [...found].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
    this.found = sorted;
    this.list.replaceChildren(...sorted.map((one) => this.line(one)));
    this.beside();
    if (!found.length) this.list.append(said("li", "nothing", this.texts.no_findings));
    const numbers = ORDER.map((one) => [one, found.filter((each) => each.severity === one)]);
    this.count.replaceChildren(...numbers.filter(([, some]) => some.length).map(([severity, some]) =>
      said("span", `sign sign-${severity}`, `${some[0].sign} ${some.length}`)));
    if (!found.length) this.count.append(said("span", "sign sign-good", `✓ ${this.texts.sound}`));
    this.count.dataset.errors = String(numbers[0][1].length);
    // A field of a form may be called as an element is.
    const drawn = sorted.filter((one) => !this.bench.kindOf(this.fileOf(one)));
    const places = Map.groupBy ? Map.groupBy(drawn, (one) => one.element) : grouped(drawn);
    for (const [id, some] of places) if (id) this.mark(id, some);
  }

  /** The file that a finding is about; a table's for one of its examples. */
  fileOf({ file }) {
    return file.replace(/\.examples\.csv$/, ".dmn");
  }

  /** Show what was found in the form or the table that stands on the bench, beside it. */
  beside() {
    const { name } = this.bench;
    const mine = this.bench.kindOf(name) ? this.found.filter((one) => this.fileOf(one) === name) : [];
    document.getElementById("found-beside").replaceChildren(...mine.map((one) => this.line(one)));
  }

  clear() {
    const overlays = this.modeler.get("overlays");
    const canvas = this.modeler.get("canvas");
    overlays.remove({ type: "finding" });
    for (const [id, marker] of this.marked) {
      if (this.modeler.get("elementRegistry").get(id)) canvas.removeMarker(id, marker);
    }
    this.marked = [];
  }

  mark(id, some) {
    const element = this.modeler.get("elementRegistry").get(id);
    if (!element || element === this.modeler.get("canvas").getRootElement()) return;
    const worst = some[0];
    this.modeler.get("canvas").addMarker(id, `found-${worst.severity}`);
    this.marked.push([id, `found-${worst.severity}`]);
    const spot = said("button", `spot spot-${worst.severity}`, `${worst.sign} ${some.length}`);
    spot.type = "button";
    spot.title = some.map((one) => one.says).join("\n");
    spot.addEventListener("click", () => this.pick(id));
    const sentence = said("span", `sentence sentence-${worst.severity}`, worst.says);
    const box = document.createElement("div");
    box.className = "found-here";
    box.append(spot, ...(worst.severity === "error" ? [sentence] : []));
    this.modeler.get("overlays").add(id, "finding", { position: corner(element), html: box });
  }

  line(one) {
    const line = document.createElement("li");
    line.className = `found found-${one.severity}`;
    line.dataset.at = one.element ?? "";
    line.dataset.code = one.code;
    const head = said("p", "", "");
    head.append(said("span", `sign sign-${one.severity}`, one.sign), " ");
    const inOther = this.bench.kindOf(this.fileOf(one));
    if (one.element || inOther) {
      const go = said("button", "go quiet", one.name || one.element || one.file);
      go.type = "button";
      go.addEventListener("click", () => (inOther ? this.bench.open(this.fileOf(one), one.element ?? "") : this.pick(one.element)));
      head.append(go);
      if (inOther) head.append(" ", said("span", "note", one.file));
    } else {
      head.append(said("strong", "", one.file));
    }
    line.append(head, said("p", "says", one.says));
    if (one.todo) line.append(said("p", "note", one.todo));
    return line;
  }

  async pick(id) {
    await this.bench.open(this.bench.given.diagram);
    const registry = this.modeler.get("elementRegistry");
    const element = registry.get(id);
    for (const line of this.list.children) line.classList.toggle("picked", line.dataset.at === id);
    if (!element) return;
    const canvas = this.modeler.get("canvas");
    const root = canvas.findRoot(element);
    if (root && root !== canvas.getRootElement()) canvas.setRootElement(root);
    if (element !== root) canvas.scrollToElement(element, { top: 120, bottom: 160, left: 160, right: 160 });
    this.modeler.get("selection").select(element === root ? [] : element);
  }
}

function said(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}

function grouped(found) {
  const places = new Map();
  for (const one of found) places.set(one.element, [...(places.get(one.element) ?? []), one]);
  return places;
}

// Where a mark sits: at the upper right of a shape, at the middle of a flow.
function corner(element) {
  if (!element.waypoints) return { top: -14, left: Math.max(0, element.width - 26) };
  const points = element.waypoints;
  const [a, b] = [points[Math.floor((points.length - 1) / 2)], points[Math.ceil((points.length - 1) / 2)]];
  const left = Math.min(...points.map((one) => one.x));
  const top = Math.min(...points.map((one) => one.y));
  return { left: (a.x + b.x) / 2 - left - 12, top: (a.y + b.y) / 2 - top - 12 };
}
