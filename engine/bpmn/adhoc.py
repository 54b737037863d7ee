"""Ad-hoc sub-processes: activities that people start, in any order and as often as they like.

Only activities, gateways, intermediate events and flows between them lie inside, and no
start or end event (BPMN 2.0, 10.2.5 and 13.3.5). What no flow leads to is begun by people;
an event that no flow leads to waits all the while, and begins what follows it each time.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.bpmn.document import ZEEBE, Element, body_of, child, is_true, local
from engine.bpmn.expressions import expression, name_or_expression
from engine.bpmn.extensions import read_extensions
from engine.bpmn.model import ACTIVITIES, AdHoc, Kind, Node, Trigger
from engine.bpmn.reading import Reading
from engine.scripts import Code

TAG = "adHocSubProcess"
_ELSEWHERE = frozenset({Kind.START, Kind.END})
_AGAIN = frozenset({Trigger.MESSAGE, Trigger.SIGNAL})
_ZEEBE_MORE = ("outputCollection", "outputElement")


def read_ad_hoc(holder: Element, nodes: Mapping[str, Node], reading: Reading) -> AdHoc | None:
    """Return how the activities of an ad-hoc sub-process are done; None for any other scope."""
    if local(holder) != TAG:
        return None
    if is_true(holder.get("triggeredByEvent")):
        reading.findings.error(
            "ad-hoc-content",
            holder,
            "An ad-hoc sub-process has no start event, so no event triggers it.",
            "Draw an event sub-process, and the ad-hoc sub-process inside of it.",
        )
    for node in nodes.values():
        _demand(node, reading)
    startable = tuple(one.id for one in nodes.values() if _is_startable(one))
    if not any(one.kind in ACTIVITIES and not one.for_compensation for one in nodes.values()):
        reading.findings.error(
            "ad-hoc-content",
            holder,
            "There is no activity inside that anybody could do.",
            "Draw at least one task, sub-process or call activity in it.",
        )
    at = child(holder, "completionCondition")
    completion = None if at is None else reading.code(at, expression, body_of(at))
    begins, is_zeebe = _begins(holder, reading)
    return AdHoc(
        startable=startable,
        listening=tuple(one.id for one in nodes.values() if _is_listening(one)),
        sequential=(holder.get("ordering") or "").strip() == "Sequential",
        cancels=is_true(holder.get("cancelRemainingInstances"), default=True),
        completion=completion,
        begins=begins,
        runs_out=is_zeebe and completion is None,
    )


def _is_startable(node: Node) -> bool:
    return node.kind in ACTIVITIES and not node.incoming and not node.for_compensation


def _is_listening(node: Node) -> bool:
    return node.kind is Kind.CATCH and not node.incoming and _waits_again(node)


def _waits_again(node: Node) -> bool:
    """Whether an event can wait again as soon as it has happened.

    A condition would still hold, and a moment be over: it would happen for ever.
    """
    return bool(node.events) and all(one.trigger in _AGAIN for one in node.events)


def _demand(node: Node, reading: Reading) -> None:
    place = (node.id, node.line)
    if node.kind in _ELSEWHERE:
        reading.findings.error(
            "ad-hoc-content",
            place,
            f"A {node.kind.value} has no place in an ad-hoc sub-process.",
            "Remove it: people start what no flow leads to, and a way ends where none goes on.",
        )
        return
    is_link = any(one.trigger is Trigger.LINK for one in node.events)
    inside = node.kind in ACTIVITIES or node.kind in (Kind.BOUNDARY, Kind.EVENT_SUB_PROCESS)
    if inside or node.incoming or (node.kind is Kind.CATCH and (is_link or _waits_again(node))):
        return
    reading.findings.error(
        "ad-hoc-content",
        place,
        f"No flow leads to the {node.kind.value}, and in an ad-hoc sub-process people start "
        "activities alone.",
        "Let a flow from an activity lead to it; events that wait for messages or signals "
        "need none.",
    )


def _begins(holder: Element, reading: Reading) -> tuple[Code | None, bool]:
    """Return the expression for what starts by itself, and whether Camunda 8 drew this."""
    extensions = read_extensions(holder, reading)
    found = next(extensions.all("adHoc", ZEEBE), None)
    job = next(extensions.all("taskDefinition", ZEEBE), None)
    if job is not None:
        _refuse(job, "A worker that decides what is done next (zeebe:taskDefinition)", reading)
    if found is None:
        return None, False
    for name in _ZEEBE_MORE:
        if (found.get(name) or "").strip():
            _refuse(found, f"zeebe:{name}", reading)
    text = (found.get("activeElementsCollection") or "").strip()
    code = reading.code(found, name_or_expression, text) if text else None
    return code, True


def _refuse(at: Element, what: str, reading: Reading) -> None:
    reading.findings.error(
        "not-supported",
        at,
        f"{what} is not supported yet.",
        "Remove it; people start the activities, or activeElementsCollection names them.",
    )
