// A drawing that can be moved and zoomed, not changed. The bpmn.io mark in its corner stays visible.

import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "diagram-js/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

/** Return a viewer in `container`; `modules` add to what it can do. */
export function viewerIn(container, modules = []) {
  return new NavigatedViewer({
    container,
    additionalModules: modules,
    // What is written on a drawing is set in the font of the page.
    textRenderer: { defaultStyle: { fontFamily: "inherit" } },
  });
}
