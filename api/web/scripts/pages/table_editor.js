// The editor of decision tables, loaded when the first of a draft is opened: dmn-js, a button for
// each decision of the file.

import Modeler from "dmn-js/lib/Modeler";
import "dmn-js/dist/assets/diagram-js.css";
import "dmn-js/dist/assets/dmn-js-shared.css";
import "dmn-js/dist/assets/dmn-js-drd.css";
import "dmn-js/dist/assets/dmn-js-decision-table.css";
import "dmn-js/dist/assets/dmn-js-decision-table-controls.css";
import "dmn-js/dist/assets/dmn-js-literal-expression.css";
import "dmn-js/dist/assets/dmn-js-boxed-expression.css";
import "dmn-js/dist/assets/dmn-js-boxed-expression-controls.css";
import "dmn-js/dist/assets/dmn-font/css/dmn.css";
import { lost, withComments } from "../designer/lossless.js";
import { ChineseTables } from "../designer/table_words.js";

const DRAWN = "drd";
const BOXED = "boxedExpression";

/** Return the editor of tables in `place`, its buttons in `tabs`; `changed` is called after each change. */
export function editorIn(place, tabs, { texts, language, changed }) {
  const own = { additionalModules: language === "zh" ? [ChineseTables] : [] };
  const modeler = new Modeler({
    container: place, drd: own, decisionTable: own, literalExpression: own, boxedExpression: own,
  });
  let isLoading = false;
  modeler.on("viewer.created", ({ viewer }) => {
    viewer.on("commandStack.changed", ({ trigger }) => trigger !== "clear" && !isLoading && changed());
  });
  // What has no shapes is not drawn here; each decision has a button of its own.
  const shown = () => modeler.getViews().filter((one) => one.type !== DRAWN || one.element.dmnDI);
  modeler.on("views.changed", () => fill());

  function fill() {
    const active = modeler.getActiveView();
    tabs.replaceChildren(...shown().map((one) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "quiet" });
      button.textContent = one.type === DRAWN ? texts.t_graph : one.element.name || one.element.id;
      button.setAttribute("aria-pressed", String(one.element === active?.element));
      button.addEventListener("click", () => modeler.open(one));
      return button;
    }));
    if (!tabs.children.length) tabs.textContent = texts.t_no_table;
    if (active?.type === BOXED) tabs.append(Object.assign(document.createElement("span"), { className: "note", textContent: texts.t_boxed }));
  }

  const stack = () => modeler.getActiveViewer()?.get("commandStack", false);
  let given = "";
  const written = async () => (await modeler.saveXML({ format: true })).xml;
  return {
    /** Show a table; throw what would be lost, or cannot be shown. */
    async load(text) {
      isLoading = true;
      given = text;
      try {
        await modeler.importXML(text, { open: false });
        const without = lost(text, await written());
        if (without.length) throw new Error(texts.b_would_lose.replace("{what}", without.slice(0, 5).join("、")));
        if (shown().every((one) => one.type === DRAWN)) throw new Error(texts.t_no_table);
        const first = shown().find((one) => one.type !== DRAWN) ?? shown()[0];
        if (first) await modeler.open(first);
        fill();
      } finally {
        isLoading = false;
      }
    },
    text: async () => withComments(given, await written()),
    undo: () => stack()?.undo(),
    redo: () => stack()?.redo(),
    pick(id) {
      const one = shown().find((each) => each.element.id === id || each.element.name === id);
      if (one) modeler.open(one);
    },
  };
}
