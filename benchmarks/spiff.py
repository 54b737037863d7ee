"""The other engine: SpiffWorkflow, used as its own documentation does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.util.task import TaskState

from benchmarks import twelve


class Spiff:
    """Cases of one diagram on SpiffWorkflow."""

    def __init__(self, file: Path = twelve.FILE, process: str = twelve.PROCESS) -> None:
        parser = BpmnParser()
        parser.add_bpmn_file(str(file))
        self._spec = parser.get_spec(process)
        self._called = parser.get_subprocess_specs(process)

    def start(self, data: dict[str, Any]) -> BpmnWorkflow:
        """Start a case and run it to its first task."""
        workflow = BpmnWorkflow(self._spec, self._called)
        workflow.task_tree.data.update(data)
        workflow.do_engine_steps()
        return workflow


def complete(workflow: BpmnWorkflow, step: str) -> None:
    """Complete the open task ``step`` and run to the next ones."""
    task = workflow.get_next_task(state=TaskState.READY, spec_name=step)
    assert task is not None, f"{step} is not open"
    task.data.update(twelve.written(step))
    task.run()
    workflow.do_engine_steps()


def run_case(spiff: Spiff) -> BpmnWorkflow:
    """Take a case the whole way."""
    workflow = spiff.start(twelve.START)
    for step in twelve.STEPS:
        complete(workflow, step)
    return workflow


def demand(workflow: BpmnWorkflow) -> None:
    """Assert that a case went the whole way."""
    done = workflow.get_tasks(state=TaskState.COMPLETED, manual=True)
    done.sort(key=lambda task: task.last_state_change)
    order = [task.task_spec.name for task in done]
    twelve.demand(order, workflow.data, ended=workflow.is_completed())
