// Reading and writing our notation on elements: attributes of Camunda and extension properties.

import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";

/** Return what an element of the drawing stands for: the process itself where it is a pool. */
export function objectOf(element) {
  const object = getBusinessObject(element);
  return is(object, "bpmn:Participant") ? object.processRef ?? object : object;
}

/** Return an extension property of an element; empty where it has none. */
export function propertyOf(element, name) {
  return find(objectOf(element), name)?.value ?? "";
}

function holderOf(object) {
  return object.extensionElements?.values?.find((one) => one.$type === "camunda:Properties");
}

function find(object, name) {
  return holderOf(object)?.values?.find((one) => one.name === name);
}

/** Set an extension property; an empty value takes it away. One step to undo. */
export function setProperty(tools, element, name, value) {
  const { commandStack, bpmnFactory } = tools;
  const object = objectOf(element);
  const commands = [];
  const change = (moddleElement, properties) =>
    commands.push({ cmd: "element.updateModdleProperties", context: { element, moddleElement, properties } });
  const create = (type, parent, properties) => {
    const made = bpmnFactory.create(type, properties);
    made.$parent = parent;
    return made;
  };
  const known = find(object, name);
  let holder = holderOf(object);
  if (!value) {
    if (!known) return;
    change(holder, { values: holder.values.filter((one) => one !== known) });
  } else if (known) {
    change(known, { value });
  } else {
    let extension = object.extensionElements;
    if (!extension) {
      extension = create("bpmn:ExtensionElements", object, { values: [] });
      change(object, { extensionElements: extension });
    }
    if (!holder) {
      holder = create("camunda:Properties", extension, { values: [] });
      change(extension, { values: [...(extension.values ?? []), holder] });
    }
    change(holder, { values: [...(holder.values ?? []), create("camunda:Property", holder, { name, value })] });
  }
  commandStack.execute("properties-panel.multi-command-executor", commands);
}

/** Return an attribute of an element, such as `camunda:dueDate`. */
export function attributeOf(element, name) {
  return objectOf(element).get(name) ?? "";
}

/** Set an attribute of what an element stands for; an empty value takes it away. */
export function setAttribute(tools, element, name, value) {
  const moddleElement = objectOf(element);
  const properties = { [name]: value || undefined };
  tools.commandStack.execute("element.updateModdleProperties", { element, moddleElement, properties });
}

/** Return [{code, zh, en}] of the outcomes of a task. */
export function outcomesOf(element) {
  const english = new Map(pairs(propertyOf(element, "outcomes_en")));
  return pairs(propertyOf(element, "outcomes")).map(([code, zh]) => ({ code, zh, en: english.get(code) ?? "" }));
}

/** Write the outcomes of a task, its English labels beside them. */
export function setOutcomes(tools, element, outcomes) {
  const text = (name) =>
    outcomes.filter((one) => name === "zh" || one[name]).map((one) => `${one.code}=${one[name]}`).join(";");
  setProperty(tools, element, "outcomes", text("zh"));
  setProperty(tools, element, "outcomes_en", text("en"));
}

function pairs(text) {
  return text.split(";").filter((one) => one.trim()).map((one) => {
    const at = one.indexOf("=");
    return at < 0 ? [one.trim(), one.trim()] : [one.slice(0, at).trim(), one.slice(at + 1).trim()];
  });
}

/** Return the definition of an event's timer, or undefined. */
export function timerOf(element) {
  return objectOf(element).eventDefinitions?.find((one) => is(one, "bpmn:TimerEventDefinition"));
}

export const TIMERS = ["timeDuration", "timeDate", "timeCycle"];

/** Return {kind, text} of a timer. */
export function timerText(definition) {
  const kind = TIMERS.find((one) => definition.get(one)) ?? "timeDuration";
  return { kind, text: definition.get(kind)?.body ?? "" };
}

/** Write a timer: of one kind, with one text. */
export function setTimer(tools, element, kind, text) {
  const definition = timerOf(element);
  const properties = Object.fromEntries(TIMERS.map((one) => [one, undefined]));
  properties[kind] = tools.bpmnFactory.create("bpmn:FormalExpression", { body: text });
  properties[kind].$parent = definition;
  tools.commandStack.execute("element.updateModdleProperties", { element, moddleElement: definition, properties });
}

/** Write the condition of a flow; an empty text takes it away. */
export function setCondition(tools, element, text) {
  const object = objectOf(element);
  const made = text && tools.bpmnFactory.create("bpmn:FormalExpression", { body: text });
  if (made) made.$parent = object;
  setAttribute(tools, element, "conditionExpression", made);
}
