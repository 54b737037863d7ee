// What bpmnlint says of diagrams: `node lint.mjs FILE.bpmn …`, one problem a line,
// status 1 if there is any. Which rules hold stands in .bpmnlintrc.
//
// Our files name the ends of a flow at the flow alone, as the standard allows;
// bpmnlint reads them at the nodes, where they are put before it looks.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';

import { BpmnModdle } from 'bpmn-moddle';

const require = createRequire(import.meta.url);
const Linter = require('bpmnlint/lib/linter');
const NodeResolver = require('bpmnlint/lib/resolver/node-resolver');
const camunda = require('camunda-bpmn-moddle/resources/camunda.json');

const config = JSON.parse(readFileSync(new URL('.bpmnlintrc', import.meta.url), 'utf8'));
const resolver = new NodeResolver({ require });

async function problemsOf(file) {
  const moddle = new BpmnModdle({ camunda });
  const { rootElement, elementsById } = await moddle.fromXML(readFileSync(file, 'utf8'));
  for (const one of Object.values(elementsById)) {
    if (one.$type === 'bpmn:SequenceFlow') {
      enter(one.sourceRef.get('outgoing'), one);
      enter(one.targetRef.get('incoming'), one);
    }
  }
  // A linter for each file: some rules remember what they have seen.
  const found = await new Linter({ config, resolver }).lint(rootElement);
  return Object.entries(found).flatMap(([rule, reports]) =>
    reports.map(one => `${basename(file)}: ${one.id}: ${one.message} (${rule})`));
}

function enter(flows, flow) {
  if (!flows.includes(flow)) {
    flows.push(flow);
  }
}

const problems = [];
for (const file of process.argv.slice(2)) {
  problems.push(...await problemsOf(file));
}
problems.forEach(one => console.log(one));
process.exitCode = problems.length ? 1 : 0;
