// What a component of a form says, in the words of our notation: the members that the server
// reads, and no others. What stands in a form besides is left as it is.

const KEY = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
const CHOOSING = ["select", "radio", "checklist", "taglist"];
const FREE = ["textfield", "textarea", "filepicker"];
const SHOWN = ["text", "separator", "spacer", "button", "group"];

/** Return [name, kind, choices] of what may be said of a component; a dot leads into an object. */
function membersOf(type, t) {
  const choices = (name, values) => [["", t[`f_${name}_none`]], ...values.map((one) => [one, t[`f_${name}_${one}`]])];
  if (type === "default") return [["title", "text"], ["title_en", "text"]];
  if (type === "text") return [["text", "area"], ["label_en", "text"], ["conditional.hide", "text"]];
  if (SHOWN.includes(type)) return [["label", "text"], ["label_en", "text"], ["conditional.hide", "text"]];
  const own = {
    textfield: [
      ["validate.minLength", "number"], ["validate.maxLength", "number"],
      ["validate.validationType", "choice", choices("pattern", ["email", "phone"])], ["validate.pattern", "text"],
    ],
    textarea: [["validate.minLength", "number"], ["validate.maxLength", "number"]],
    number: [
      ["validate.min", "number"], ["validate.max", "number"], ["decimalDigits", "number"], ["serializeToString", "flag"],
    ],
    radio: [["submits", "flag"]],
    datetime: [["subtype", "choice", choices("subtype", ["date", "time", "datetime"]).slice(1)]],
    filepicker: [["multiple", "flag"]],
  };
  return [
    ["label", "text"], ["label_en", "text"], [type === "dynamiclist" ? "path" : "key", "key"], ["description", "text"],
    ["validate.required", "flag"], ["readonly", "flag"],
    ["personal", "choice", [
      ["", t[FREE.includes(type) ? "f_personal_yes_usual" : "f_personal_no_usual"]],
      ["true", t.yes], ["false", t.no],
    ]],
    ["field_class", "choice", choices("class", ["public", "reporter", "ballot"])],
    ...(CHOOSING.includes(type) ? [["values", "values"]] : []),
    ...(own[type] ?? []),
    ["conditional.hide", "text"],
  ];
}

const read = (one, name) => (name === "label" ? one.label ?? one.dateLabel : name.split(".").reduce((at, part) => at?.[part], one));

/** Return {member: value} that sets `name`; an object that holds nothing any more goes as well. */
function written(one, name, value) {
  const [first, second] = name.split(".");
  if (!second) return { [first]: value };
  const inner = { ...one[first], [second]: value };
  if (value === undefined) delete inner[second];
  return { [first]: Object.keys(inner).length ? inner : undefined };
}

export class FormPanel {
  constructor({ editor, place, texts, nameOf }) {
    Object.assign(this, { editor, place, texts, nameOf });
    this.one = null;
  }

  /** Show a component, or the form itself. */
  show(one) {
    const t = this.texts;
    const focused = this.one === one && this.place.contains(document.activeElement) ? document.activeElement.name : "";
    this.one = one;
    const rows = membersOf(one.type, t).flatMap((member) => this.row(...member));
    const head = made("h2", one.type === "default" ? t.f_form : this.nameOf(one.type));
    this.place.replaceChildren(head, ...rows, ...(one.type === "default" ? [made("p", t.f_choose)] : [this.moves()]));
    if (focused) this.place.querySelector(`[name="${CSS.escape(focused)}"]`)?.focus();
  }

  set(name, value) {
    const properties = written(this.one, name, value);
    if (this.one.type === "datetime") {
      // The editor shows the label of a date by members of its own.
      const { label = this.one.label ?? this.one.dateLabel, subtype = this.one.subtype } = properties;
      properties.dateLabel = subtype === "time" ? undefined : label;
      properties.timeLabel = subtype === "date" ? undefined : label;
    }
    this.editor.get("modeling").editFormField(this.one, properties);
  }

  row(name, kind, choices) {
    if (kind === "values") return this.sources();
    const value = read(this.one, name);
    const input = { flag, choice, area, number }[kind]?.(value, choices) ?? text(value);
    input.name = name;
    input.addEventListener("change", () => {
      if (kind === "flag") this.set(name, input.checked || undefined);
      else if (kind === "number") this.set(name, input.value === "" ? undefined : Number(input.value));
      else if (name === "personal") this.set(name, input.value === "" ? undefined : input.value === "true");
      else if (kind === "key") this.rename(name, input);
      else this.set(name, input.value.trim() || undefined);
    });
    return [labelled(this.texts[`f_${name.split(".").at(-1)}`], input, kind === "flag", this.texts[`f_hint_${name.split(".").at(-1)}`])];
  }

  rename(name, input) {
    const key = input.value.trim();
    const parent = this.editor.get("formFieldRegistry").get(this.one._parent);
    const taken = (parent?.components ?? []).some((one) => one !== this.one && (one.key ?? one.path) === key);
    const wrong = KEY.test(key) ? taken && this.texts.f_key_taken : this.texts.f_key_wrong;
    input.setCustomValidity(wrong || "");
    if (wrong) input.reportValidity();
    else this.set(name, key);
  }

  // -- choices -----------------------------------------------------------------------------

  /** Where the choices come from: written here, a datum, rows of a list. */
  sources() {
    const t = this.texts;
    const { one } = this;
    const source = one.valuesList ? "valuesList" : one.valuesKey !== undefined ? "valuesKey" : "values";
    const chosen = choice(source, ["values", "valuesKey", "valuesList"].map((each) => [each, t[`f_${each}`]]));
    chosen.name = "source";
    chosen.addEventListener("change", () => this.change(chosen.value));
    const rows = { values: () => this.written(), valuesKey: () => this.datum(), valuesList: () => this.listed() }[source]();
    return [labelled(t.f_source, chosen), ...rows];
  }

  change(source) {
    const first = { values: [{ value: "one", label: this.texts.f_value_new }], valuesKey: "", valuesList: { list: "", value: "code", label: "name_zh" } };
    const properties = { values: undefined, valuesKey: undefined, valuesList: undefined, [source]: first[source] };
    this.editor.get("modeling").editFormField(this.one, properties);
  }

  datum() {
    const input = text(this.one.valuesKey);
    input.name = "valuesKey";
    input.addEventListener("change", () => this.set("valuesKey", input.value.trim()));
    return [labelled(this.texts.f_valuesKey, input)];
  }

  listed() {
    const input = area(JSON.stringify(this.one.valuesList, null, 1));
    input.name = "valuesList";
    input.spellcheck = false;
    input.addEventListener("change", () => {
      try {
        this.set("valuesList", JSON.parse(input.value));
      } catch {
        input.setCustomValidity(this.texts.f_json);
        input.reportValidity();
      }
    });
    return [labelled(this.texts.f_valuesList, input, false, this.texts.f_hint_valuesList)];
  }

  written() {
    const t = this.texts;
    const values = (this.one.values ?? []).map((one) => (typeof one === "object" ? one : { value: one, label: String(one) }));
    const table = made("table", "");
    table.className = "form-values";
    const head = made("tr", "");
    head.append(...["value", "value_label", "value_label_en"].map((one) => made("th", t[`f_${one}`])), made("td", ""));
    const put = (next) => this.set("values", next);
    const rows = values.map((one, place) => {
      const row = made("tr", "");
      const cells = ["value", "label", "label_en"].map((part) => {
        const input = text(one[part]);
        input.name = `values.${place}.${part}`;
        input.setAttribute("aria-label", `${t[part === "value" ? "f_value" : `f_value_${part}`]} ${place + 1}`);
        input.addEventListener("change", () => {
          const given = part === "value" && typeof one.value === "number" && input.value.trim() !== "" ? Number(input.value) : input.value.trim();
          const next = { ...one, [part]: given };
          if (part === "label_en" && !given) delete next.label_en;
          put(values.map((each, at) => (at === place ? next : each)));
        });
        const cell = made("td", "");
        cell.append(input);
        return cell;
      });
      const last = made("td", "");
      last.append(button("✕", t.f_value_remove, () => put(values.filter((_, at) => at !== place))));
      row.append(...cells, last);
      return row;
    });
    table.append(head, ...rows);
    const add = button(t.f_value_add, "", () => put([...values, { value: `value${values.length + 1}`, label: `${t.f_value_new}${values.length + 1}` }]));
    return [table, add];
  }

  // -- places ------------------------------------------------------------------------------

  moves() {
    const t = this.texts;
    const row = made("p", "");
    row.className = "buttons";
    const parent = this.editor.get("formFieldRegistry").get(this.one._parent);
    const place = parent.components.indexOf(this.one);
    const up = button("↑", t.f_up, () => this.move(parent, place, place - 1));
    const down = button("↓", t.f_down, () => this.move(parent, place, place + 1));
    up.disabled = place === 0;
    down.disabled = place === parent.components.length - 1;
    row.append(up, down, button(t.f_remove, "", () => {
      this.editor.get("modeling").removeFormField(this.one, parent, place);
    }));
    return row;
  }

  move(parent, from, to) {
    const rows = this.editor.get("formLayouter");
    const own = rows.getRowForField(this.one);
    // To the place behind the one below: what is moved leaves its own first.
    this.editor.get("modeling").moveFormField(this.one, parent, parent, from, to > from ? to + 1 : to, own, own);
  }
}

// -- pieces ----------------------------------------------------------------------------------

function made(tag, said) {
  return Object.assign(document.createElement(tag), { textContent: said });
}

function text(value) {
  return Object.assign(document.createElement("input"), { type: "text", value: value ?? "" });
}

function area(value) {
  return Object.assign(document.createElement("textarea"), { rows: 4, value: value ?? "" });
}

function number(value) {
  return Object.assign(document.createElement("input"), { type: "number", step: "any", value: value ?? "" });
}

function flag(value) {
  return Object.assign(document.createElement("input"), { type: "checkbox", checked: value === true });
}

function choice(value, choices) {
  const select = document.createElement("select");
  const given = value === undefined || value === "working" ? "" : String(value);
  for (const [one, said] of choices) select.append(new Option(said, one));
  if (![...select.options].some((one) => one.value === given)) select.append(new Option(given, given));
  select.value = given;
  return select;
}

function labelled(said, input, isFlag = false, hint = "") {
  const box = made("label", "");
  box.className = isFlag ? "form-flag" : "form-member";
  const name = made("span", said);
  box.append(...(isFlag ? [input, name] : [name, input]));
  if (hint) box.append(Object.assign(made("span", hint), { className: "note" }));
  return box;
}

function button(said, title, act) {
  const one = Object.assign(made("button", said), { type: "button", className: "quiet" });
  if (title) Object.assign(one, { title, ariaLabel: title });
  one.addEventListener("click", act);
  return one;
}
