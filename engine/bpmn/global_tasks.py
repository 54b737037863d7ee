"""Global tasks: tasks that stand outside of processes, for call activities to call.

A global task becomes a process that holds this one task and neither events nor
flows; it begins with its task and ends with it. Nobody starts it by itself.
"""

from __future__ import annotations

from types import MappingProxyType

from engine.bpmn.document import Element, local
from engine.bpmn.lanes import Lane
from engine.bpmn.messages import Correlations
from engine.bpmn.model import Kind, Process, Scope
from engine.bpmn.nodes import Surroundings, read_node
from engine.bpmn.reading import Reading

GLOBAL_TASKS = {
    "globalTask": Kind.TASK,
    "globalUserTask": Kind.USER,
    "globalManualTask": Kind.MANUAL,
    "globalScriptTask": Kind.SCRIPT,
    "globalBusinessRuleTask": Kind.BUSINESS_RULE,
}


def read_global_task(element: Element, correlations: Correlations, reading: Reading) -> Process:
    """Return the process that a global task, which has an id, becomes when it is called."""
    around = Surroundings("process", (), (), (), Lane(), correlations)
    node = read_node(element, GLOBAL_TASKS[local(element)], around, None, reading)
    inside = MappingProxyType({node.id: node})
    root = Scope(node.id, inside, MappingProxyType({}), implicit_starts=(node.id,))
    return Process(
        key=node.id,
        name=node.name or node.id,
        root=root,
        scopes=MappingProxyType({node.id: root}),
        nodes=inside,
        decisions=() if node.decision is None else (node.decision.key,),
        forms=() if node.form is None else (node.form,),
        documentation=node.documentation,
        is_task=True,
    )
