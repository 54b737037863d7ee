// The properties panel in the words of our notation. What the panel of Camunda offers and we
// refuse (classes, listeners, connectors, …) is left out; what it does well is kept.

import {
  Group, ListGroup, SelectEntry, TextAreaEntry, TextFieldEntry,
  isSelectEntryEdited, isTextAreaEntryEdited, isTextFieldEntryEdited,
} from "@bpmn-io/properties-panel";
import { h } from "@bpmn-io/properties-panel/preact";
import { useEffect, useState } from "@bpmn-io/properties-panel/preact/hooks";
import { is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { useService } from "bpmn-js-properties-panel";
import {
  TIMERS, attributeOf, objectOf, outcomesOf, propertyOf, setAttribute, setCondition, setOutcomes,
  setProperty, setTimer, timerOf, timerText,
} from "./notation.js";

const KEPT = [
  "general", "documentation", "compensation", "error", "message", "signal", "link", "escalation", "multiInstance",
  "CamundaPlatform__Script", "CamundaPlatform__InMapping", "CamundaPlatform__InMappingPropagation",
  "CamundaPlatform__OutMapping", "CamundaPlatform__OutMappingPropagation", "CamundaPlatform__Input",
  "CamundaPlatform__Output", "CamundaPlatform__ExtensionProperties",
];

/** Return the module that adds our groups; `given` is what the page offers and asks for. */
export function notationPanel(given) {
  function Provider(propertiesPanel) {
    this.getGroups = (element) => (groups) => {
      const kept = groups.filter((one) => KEPT.includes(one.id));
      const own = groupsOf(element, given);
      const at = kept.findIndex((one) => one.id === "general") + 1;
      return [...kept.slice(0, at), ...own, ...kept.slice(at)];
    };
    propertiesPanel.registerProvider(400, this);
  }
  Provider.$inject = ["propertiesPanel"];
  return { __init__: ["notationPanel"], notationPanel: ["type", Provider] };
}

function groupsOf(element, given) {
  const t = given.texts;
  const groups = [];
  const add = (id, entries) => groups.push({ id, label: t[`group_${id}`], entries, component: Group });
  if (is(element, "bpmn:UserTask")) {
    add("who", whoEntries(given));
    groups.push(outcomesGroup(element, given));
    add("form", formEntries(given));
    add("limit", [
      limit("due", t.due, "camunda:dueDate", given),
      propertyField("warn", t.warn, "warn", given, "limit"),
      propertyField("clock", t.clock, "clock", given),
    ]);
    add("separation", [
      propertyField("notSameAs", t.not_same_as, "notSameAs", given),
      propertyField("notSameUnitAs", t.not_same_unit_as, "notSameUnitAs", given),
    ]);
  }
  if (is(element, "bpmn:StartEvent")) add("form", formEntries(given));
  if (timerOf(element)) add("timer", [timerKind(given), timerValue(given)]);
  if (isAny(element, ["bpmn:ServiceTask", "bpmn:SendTask"])) add("work", [attribute("topic", t.topic, "camunda:topic", given)]);
  if (is(element, "bpmn:BusinessRuleTask")) {
    add("decision", [
      choice("decision", t.decision, "camunda:decisionRef", given, () => given.decisions().map((key) => [key, key])),
      opening("open_decision", t.open_decision, "camunda:decisionRef", given.openDecision),
      attribute("result", t.result, "camunda:resultVariable", given),
      choice("shape", t.shape, "camunda:mapDecisionResult", given, () =>
        ["singleEntry", "singleResult", "collectEntries", "resultList"].map((key) => [key, t[`shape_${key}`]])),
    ]);
  }
  if (is(element, "bpmn:CallActivity")) {
    add("called", [choice("called", t.called, "calledElement", given, () =>
      given.processes.map(({ key, name }) => [key, `${name}（${key}）`]))]);
  }
  if (is(element, "bpmn:SequenceFlow") && mayHaveCondition(element)) add("condition", [condition(given)]);
  if (is(element, "bpmn:Lane")) add("lane", [roleField("role", t.role, given)]);
  if (is(objectOf(element), "bpmn:Process")) {
    add("process", [
      attribute("starters", t.starters, "camunda:candidateStarterGroups", given),
      propertyField("unit", t.unit, "unit", given, "expression"),
      propertyField("business_key", t.business_key, "business_key", given),
      propertyField("secret", t.secret, "secret", given),
    ]);
  }
  add("english", [propertyField("name_en", t.name_en, "name_en", given)]);
  return groups;
}

function mayHaveCondition(element) {
  return isAny(element.source ?? {}, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway", "bpmn:ComplexGateway", "bpmn:Activity"]);
}

function useTools() {
  return { commandStack: useService("commandStack"), bpmnFactory: useService("bpmnFactory") };
}

// -- fields ------------------------------------------------------------------------------

/** Ask the server what it thinks of a text; the answer comes a moment after the last key. */
function usePreview(given, text, kind) {
  const [said, say] = useState({ says: "" });
  useEffect(() => {
    if (!text || !kind) {
      say({ says: "" });
      return undefined;
    }
    let stale = false;
    const waiting = setTimeout(async () => {
      const answer = await given.preview(text, kind);
      if (!stale) say(answer);
    }, 300);
    return () => {
      stale = true;
      clearTimeout(waiting);
    };
  }, [text, kind]);
  return said;
}

/** An entry with a text field; `read` and `write` are given the element. */
function field(id, label, given, read, write, { kind, hint, component = TextFieldEntry } = {}) {
  const isArea = component === TextAreaEntry;
  function Field({ element }) {
    const tools = useTools();
    const debounce = useService("debounceInput");
    const text = read(element);
    const said = usePreview(given, text, kind);
    return component({
      element, id, label, debounce, rows: isArea ? 2 : undefined, monospace: isArea,
      description: said.wrong ? `✖ ${said.wrong}` : said.says || hint || "",
      getValue: () => text,
      setValue: (value) => write(tools, element, (value ?? "").trim()),
    });
  }
  return { id, component: Field, isEdited: isArea ? isTextAreaEntryEdited : isTextFieldEntryEdited };
}

function attribute(id, label, name, given, options) {
  const write = (tools, element, value) => setAttribute(tools, element, name, value);
  return field(id, label, given, (element) => attributeOf(element, name), write, options);
}

function propertyField(id, label, name, given, kind) {
  const write = (tools, element, value) => setProperty(tools, element, name, value);
  return field(id, label, given, (element) => propertyOf(element, name), write, {
    kind, hint: given.texts[`hint_${id}`],
  });
}

function limit(id, label, name, given) {
  return attribute(id, label, name, given, { kind: "limit", hint: given.texts.hint_limit });
}

function condition(given) {
  const read = (element) => objectOf(element).conditionExpression?.body ?? "";
  return field("condition", given.texts.condition, given, read, setCondition, {
    kind: "expression", hint: given.texts.hint_condition, component: TextAreaEntry,
  });
}

/** An entry that chooses; what is written there and not offered stays choosable. */
function choice(id, label, name, given, offered) {
  function Choice({ element }) {
    const tools = useTools();
    const value = attributeOf(element, name);
    const options = [["", given.texts.none], ...offered()];
    if (value && !options.some(([key]) => key === value)) options.push([value, value]);
    return SelectEntry({
      element, id, label,
      getValue: () => value,
      setValue: (chosen) => setAttribute(tools, element, name, chosen),
      getOptions: () => options.map(([key, shown]) => ({ value: key, label: shown })),
    });
  }
  return { id, component: Choice, isEdited: isSelectEntryEdited };
}

/** A button that opens what an attribute names; nothing where it names nothing. */
function opening(id, label, name, open) {
  function Opening({ element }) {
    const value = attributeOf(element, name);
    if (!value) return null;
    return h("div", { class: "bio-properties-panel-entry", "data-entry-id": id },
      h("button", { type: "button", class: "quiet", onClick: () => open(value) }, label));
  }
  return { id, component: Opening, isEdited: () => false };
}

// -- who ---------------------------------------------------------------------------------

function whoEntries(given) {
  const t = given.texts;
  return [
    attribute("groups", t.groups, "camunda:candidateGroups", given, { hint: t.hint_groups }),
    addRole("add_role", given),
    attribute("users", t.users, "camunda:candidateUsers", given),
    attribute("assignee", t.assignee, "camunda:assignee", given),
  ];
}

function roleOptions(given) {
  return given.roles.map(({ code, name }) => ({ value: code, label: `${name}（${code}）` }));
}

function addRole(id, given) {
  function Adding({ element }) {
    const tools = useTools();
    const add = (code) => {
      if (!code) return;
      const groups = attributeOf(element, "camunda:candidateGroups").split(",").map((one) => one.trim()).filter(Boolean);
      if (!groups.includes(code)) setAttribute(tools, element, "camunda:candidateGroups", [...groups, code].join(","));
    };
    return SelectEntry({
      element, id, label: given.texts.add_role,
      getValue: () => "",
      setValue: add,
      getOptions: () => [{ value: "", label: given.texts.choose }, ...roleOptions(given)],
    });
  }
  return { id, component: Adding, isEdited: () => false };
}

function roleField(id, label, given) {
  function Role({ element }) {
    const tools = useTools();
    return SelectEntry({
      element, id, label,
      getValue: () => propertyOf(element, "role"),
      setValue: (code) => setProperty(tools, element, "role", code),
      getOptions: () => [{ value: "", label: given.texts.none }, ...roleOptions(given)],
    });
  }
  return { id, component: Role, isEdited: isSelectEntryEdited };
}

// -- forms, outcomes, timers ---------------------------------------------------------------

function formEntries(given) {
  const t = given.texts;
  return [
    choice("form", t.form, "camunda:formKey", given, () => given.forms().map((key) => [key, key])),
    opening("open_form", t.open_form, "camunda:formKey", given.openForm),
    propertyField("writes", t.writes, "writes", given),
  ];
}

function outcomesGroup(element, given) {
  const t = given.texts;
  const outcomes = outcomesOf(element);
  const items = outcomes.map((one, number) => ({
    id: `outcome-${number}`,
    label: one.zh || one.code,
    entries: ["code", "zh", "en"].map((part) =>
      field(`outcome-${number}-${part}`, t[`outcome_${part}`], given, (at) => outcomesOf(at)[number]?.[part] ?? "",
        (tools, at, value) => {
          const changed = outcomesOf(at).map((each, place) => (place === number ? { ...each, [part]: value } : each));
          setOutcomes(tools, at, changed);
        })),
    remove: given.removing((tools) => setOutcomes(tools, element, outcomes.filter((_, place) => place !== number))),
  }));
  const add = given.removing((tools) => {
    const number = outcomes.length + 1;
    setOutcomes(tools, element, [...outcomes, { code: `way${number}`, zh: `${t.outcome_new}${number}`, en: "" }]);
  });
  return { id: "outcomes", label: t.group_outcomes, component: ListGroup, items, add };
}

function timerKind(given) {
  function Kind({ element }) {
    const tools = useTools();
    const { kind, text } = timerText(timerOf(element));
    return SelectEntry({
      element, id: "timer-kind", label: given.texts.timer_kind,
      getValue: () => kind,
      setValue: (chosen) => setTimer(tools, element, chosen, text),
      getOptions: () => TIMERS.map((one) => ({ value: one, label: given.texts[`timer_${one}`] })),
    });
  }
  return { id: "timer-kind", component: Kind, isEdited: isSelectEntryEdited };
}

function timerValue(given) {
  const read = (element) => timerText(timerOf(element)).text;
  const write = (tools, element, value) => setTimer(tools, element, timerText(timerOf(element)).kind, value);
  return field("timer-value", given.texts.timer_value, given, read, write, { kind: "limit", hint: given.texts.hint_limit });
}
