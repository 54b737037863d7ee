// The modeller as a designer gets it: our panel, Chinese words, minimap, token simulation.

import Modeler from "bpmn-js/lib/Modeler";
import camunda from "camunda-bpmn-moddle/resources/camunda.json";
import minimap from "diagram-js-minimap";
import simulation from "bpmn-js-token-simulation";
import {
  BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, CamundaPlatformPropertiesProviderModule,
} from "bpmn-js-properties-panel";
import { Chinese } from "./chinese.js";
import { notationPanel } from "./panel.js";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "diagram-js-minimap/assets/diagram-js-minimap.css";
import "bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css";

/** Return a modeller that draws in `canvas` and shows the panel in `panel`. */
export function modelerIn(canvas, panel, given) {
  return new Modeler({
    container: canvas,
    propertiesPanel: { parent: panel },
    moddleExtensions: { camunda },
    textRenderer: { defaultStyle: { fontFamily: "inherit" } },
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      CamundaPlatformPropertiesProviderModule,
      notationPanel(given),
      minimap,
      simulation,
      ...(given.language === "zh" ? [Chinese] : []),
    ],
  });
}
