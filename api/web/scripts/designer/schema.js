// Between a form as the server keeps it and as the editor of form-js takes it.

const OWN_ID = /^Field_[0-9a-z]+$/;
const FIRST = ["schemaVersion", "id", "type", "key", "label", "label_en"];
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function each(schema, act) {
  for (const one of schema.components ?? []) {
    act(one);
    each(one, act);
  }
}

/** Return a form for the editor: a list's key is a path there. */
export function toEditor(text) {
  const schema = JSON.parse(text);
  each(schema, (one) => {
    if (one.type === "dynamiclist" && one.key && !one.path) {
      one.path = one.key;
      delete one.key;
    }
  });
  return schema;
}

/** Return what stood in a file and what the editor has made of it, by the editor's ids. */
export function origins(file, imported, found = new Map()) {
  found.set(imported.id, { file, imported });
  (file.components ?? []).forEach((one, place) => origins(one, imported.components[place], found));
  return found;
}

/**
 * Return the text of a form as the editor gave it, without what it adds by itself: members that
 * the file did not have, ids, places in rows. What a file says stays in its order.
 */
export function toFile(schema, known) {
  const clean = (one) => {
    const { file = {}, imported = {} } = known.get(one.id) ?? {};
    const given = { ...one, ...(one.components ? { components: one.components.map(clean) } : {}) };
    // The server draws one component a line, on a phone as at a desk.
    delete given.layout;
    if (given.valuesList) delete given.values;
    if ("schemaVersion" in file) given.schemaVersion = file.schemaVersion;
    for (const name of Object.keys(given)) {
      if (name !== "components" && !(name in file) && same(given[name], imported[name])) delete given[name];
    }
    if (OWN_ID.test(given.id ?? "") && (given.key ?? given.path)) given.id = `${schema.id}_${given.key ?? given.path}`;
    const order = [...Object.keys(file), ...FIRST, ...Object.keys(given)];
    const sorted = {};
    for (const name of order) if (name in given) sorted[name] = given[name];
    return sorted;
  };
  const made = clean(JSON.parse(JSON.stringify(schema)));
  each(made, (one) => {
    if (one.type === "dynamiclist" && one.path) {
      one.key = one.path;
      delete one.path;
    }
  });
  return `${JSON.stringify(made, null, 2)}\n`;
}

/** Return the text of a form with nothing in it. */
export function emptyForm(key, title) {
  return `${JSON.stringify({ schemaVersion: 16, type: "default", id: key, title, components: [] }, null, 2)}\n`;
}

/** Return the text of a table with one input, one output and no rule. */
export function emptyTable(key, name) {
  const said = name.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  return `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="${key}_file" name="${said}" namespace="http://bihuan.example/${key}">
  <decision id="${key}" name="${said}">
    <decisionTable id="${key}_table" hitPolicy="UNIQUE">
      <input id="${key}_input" label="">
        <inputExpression id="${key}_expression" typeRef="string"><text></text></inputExpression>
      </input>
      <output id="${key}_output" name="${key}" typeRef="string"/>
    </decisionTable>
  </decision>
</definitions>
`;
}
