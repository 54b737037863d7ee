// The editor of a form, loaded when the first form of a draft is opened: the canvas of form-js with
// a panel of ours beside it.

import { FormEditor } from "@bpmn-io/form-js-editor";
import "@bpmn-io/form-js-viewer/dist/assets/form-js.css";
import "@bpmn-io/form-js-editor/dist/assets/form-js-editor.css";
import { FormPanel } from "../designer/form_panel.js";
import { origins, toEditor, toFile } from "../designer/schema.js";
import { word } from "../designer/form_words.js";

// Everything stands in a line of its own, as the server draws it.
const oneALine = { formLayoutValidator: ["value", { validateField: (field, columns, row) => (row ? "one a line" : null) }] };

/** Return the editor of forms in `place`, its panel in `panel`; `changed` is called after each change. */
export function editorIn(place, panel, { texts, changed }) {
  const editor = new FormEditor({
    container: place,
    // Its own panel is shown nowhere: ours has the members that the server reads.
    propertiesPanel: { parent: document.createElement("div") },
    additionalModules: [oneALine],
  });
  const members = new FormPanel({ editor, place: panel, texts, nameOf: (type) => nameOf(editor, type) });
  const selected = () => editor.get("selection").get() ?? whole(editor);
  let isLoading = false;
  let known = new Map();
  const refresh = () => !isLoading && members.show(selected());
  editor.on("selection.changed", refresh);
  editor.on("commandStack.changed", () => {
    if (isLoading) return;
    refresh();
    changed();
  });
  // A click adds as well as a drag; Enter does so by itself.
  place.addEventListener("click", (event) => {
    const type = event.target.closest(".fjs-palette-field")?.dataset.fieldType;
    if (type && event.detail > 0) add(editor, type);
  });
  return {
    async load(text) {
      isLoading = true;
      try {
        const schema = toEditor(text);
        await editor.importSchema(schema);
        // What was picked belongs to the form before.
        editor.get("selection").clear();
        known = origins(schema, JSON.parse(JSON.stringify(editor.saveSchema())));
      } finally {
        isLoading = false;
      }
      refresh();
    },
    text: async () => toFile(editor.saveSchema(), known),
    undo: () => editor.get("commandStack").undo(),
    redo: () => editor.get("commandStack").redo(),
    pick(key) {
      const one = editor.get("formFieldRegistry").getAll().find((each) => (each.key ?? each.path) === key);
      if (one) editor.get("selection").set(one);
    },
  };
}

/** The form itself, as the editor holds it. */
function whole(editor) {
  return editor._getState().schema;
}

function add(editor, type) {
  const schema = whole(editor);
  const one = editor.get("modeling").addFormField({ type }, schema, schema.components.length);
  editor.get("selection").set(one);
}

function nameOf(editor, type) {
  const config = editor.get("formFields").get(type)?.config;
  return word(config?.name ?? config?.label ?? type);
}
