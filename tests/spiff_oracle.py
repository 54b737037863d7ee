"""The model folder run by SpiffWorkflow itself, with its own parser and script engine.

Only tests use it: the library evaluates scripts with ``exec``.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.util.task import TaskState

Json = dict[str, Any]


class Engine(PythonScriptEngine):
    """Answers every service call alike."""

    def __init__(self, answer: Json) -> None:
        super().__init__(environment=TaskDataEnvironment({"timedelta": timedelta}))
        self.answer = answer
        self.asked: list[tuple[str, Json]] = []

    def call_service(self, _context: Any, **call: Any) -> str:
        self.asked.append((call["operation_name"], call["operation_params"]))
        return json.dumps(self.answer)


def run(
    folder: Path, process: str, forms: dict[str, Json], service: Json, start: Json | None = None
) -> Json:
    """Return the data that a process ends with; what it sends comes back to itself.

    Args:
        forms: what a person fills in, by element.
        service: what every service answers.
        start: the data to begin with.
    """
    parser = SpiffBpmnParser()
    parser.add_bpmn_files([str(one) for one in sorted(folder.glob("*.bpmn"))])
    parser.add_dmn_files([str(one) for one in sorted(folder.glob("*.dmn"))])
    spec = parser.get_spec(process)
    engine = Engine(service)
    workflow = BpmnWorkflow(spec, parser.get_subprocess_specs(process), script_engine=engine)
    if start:
        workflow.task_tree.set_data(**start)
    while not workflow.is_completed():
        workflow.do_engine_steps()
        workflow.refresh_timers()
        ready = workflow.get_tasks(state=TaskState.READY, manual=True)
        for task in ready[:1]:
            task.task_spec.add_data_from_form(
                task, forms.get(task.task_spec.bpmn_id, {})
            ) if hasattr(task.task_spec, "add_data_from_form") else None
            task.run()
        if not ready and not workflow.is_completed():
            _pass_on(workflow, parser.get_spec("Process_supplier"), engine)
    return dict(workflow.last_task.data)


def _pass_on(workflow: BpmnWorkflow, supplier: Any, engine: Engine) -> None:
    """Give what was sent to the supplier, and what it sends back."""
    other = BpmnWorkflow(supplier, script_engine=engine)
    other.do_engine_steps()
    for event in workflow.get_events():
        other.catch(event)
    other.do_engine_steps()
    for event in other.get_events():
        workflow.catch(BpmnEvent(event.event_definition, event.payload, event.correlations))
