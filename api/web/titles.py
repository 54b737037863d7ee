"""What data are called that no form asks for: by the list of names, or by the step they come from.

The list ``data_names`` belongs to the office, as all words of its diagrams do. What a user task
leaves behind (``accept_outcome``, ``accept_by``, …) is called after the task.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from api.current import application
from api.web import language
from engine.bpmn.model import Node, Process
from engine.forms import Component

LIST = "data_names"
LEFT = ("outcome", "by", "at", "unit")
"""What a completed user task leaves in the data, after its name and ``_``."""


class Parts(dict[str, Component]):
    """The fields of a case's forms by key.

    Attributes:
        steps: the user tasks of its diagrams by id.
    """

    def __init__(self, fields: Mapping[str, Component], processes: Iterable[Process]) -> None:
        """Keep both; a step that several diagrams have is that of the first."""
        super().__init__(fields)
        self.steps: dict[str, Node] = {}
        for process in processes:
            for node in process.nodes.values():
                if node.kind == "userTask":
                    self.steps.setdefault(node.id, node)


def title(name: str, parts: Mapping[str, Component]) -> str:
    """Return what a datum is called that no form asks for; its own name if nothing is known."""
    known = _known()
    if name in known:
        return language.pick(*known[name])
    found = step(name, parts)
    if found is None:
        return name
    node, left = found
    task = language.pick(node.name or node.id, node.properties.get("name_en"))
    return language.text(f"data_{left}", task=task)


def step(name: str, parts: Mapping[str, Component]) -> tuple[Node, str] | None:
    """Return the user task that has left a datum, and which of ``LEFT`` it is."""
    task, _, left = name.rpartition("_")
    if left not in LEFT or not isinstance(parts, Parts) or task not in parts.steps:
        return None
    return parts.steps[task], left


_names: dict[int, tuple[Any, dict[str, tuple[str, str]]]] = {}
"""Of the list in force, read once for each of its versions."""


def _known() -> Mapping[str, tuple[str, str]]:
    version = application().references.active.get(LIST)
    if version is None:
        return {}
    kept = _names.get(0)
    if kept is None or kept[0] is not version:
        rows = {one["name"]: (one["title_zh"], one["title_en"]) for one in version.rows}
        kept = _names[0] = (version, rows)
    return kept[1]
