"""What a file draws and nothing runs: it is shown, and no case starts on it.

That is a process marked as not executable, a choreography, a conversation, and pools
without a process. Nothing is asked of them that only an execution needs; yet what they
name must be there, and what BPMN 2.0 forbids to draw is told as a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from engine.bpmn.document import Element, children, is_executable, local, shown_name, text_of
from engine.bpmn.model import Drawing
from engine.bpmn.reading import Reading
from engine.bpmn.scopes import good_id

_ROOTS = ("choreography", "globalChoreographyTask", "globalConversation")
SHOWN = ("process", "collaboration", *_ROOTS)
"""What a file must have one of to be shown."""

_CONVERSATIONS = ("conversation", "subConversation", "callConversation")
_RUN_IT = "Draw what is to run as a process with tasks and message events."

_ENDED = frozenset({"sequenceFlow", "messageFlow", "association", "conversationLink"})
"""What has two ends, both of which must be there."""

_ATTRIBUTES = (
    "default", "dataObjectRef", "dataStoreRef", "messageRef", "signalRef", "errorRef",
    "escalationRef", "activityRef", "initiatingParticipantRef", "innerConversationNodeRef",
    "outerConversationNodeRef", "innerMessageFlowRef", "outerMessageFlowRef", "correlationKeyRef",
)  # fmt: skip
_PARTS = frozenset(
    {
        "flowNodeRef", "participantRef", "messageFlowRef", "innerParticipantRef",
        "outerParticipantRef", "eventDefinitionRef", "choreographyRef",
    }
)  # fmt: skip
"""Attributes and elements that name something of the same file."""

_ID = re.compile(r"[^\W\d][\w.-]{0,199}")

_ACTIVITIES = frozenset(
    {
        "task", "userTask", "manualTask", "scriptTask", "serviceTask", "sendTask", "receiveTask",
        "businessRuleTask", "subProcess", "transaction", "adHocSubProcess", "callActivity",
    }
)  # fmt: skip


def survey(root: Element, reading: Reading) -> Mapping[str, Drawing]:
    """Look at all that is only drawn, and return it by its id, in the file's order.

    Pools and conversations count where the file has no process besides.
    """
    found: dict[str, Drawing] = {}
    pools = _pools(root)
    for element in children(root, "process"):
        if not is_executable(element):
            _tell_process(element, reading)
            _add(element, pools.get(element.get("id") or ""), found, reading)
    for element in children(root, *_ROOTS):
        _tell(element, reading)
        _add(element, None, found, reading)
    has_process = bool(found) or next(children(root, "process"), None) is not None
    for element in children(root, "collaboration"):
        if not has_process:
            _tell(element, reading)
            names = [shown_name(one.get("name")) for one in children(element, "participant")]
            _add(element, ", ".join(filter(None, names)), found, reading)
        else:
            for one in children(element, *_CONVERSATIONS):
                _tell(one, reading)
            _follow_all(_conversations(element), reading)
    return found


def _pools(root: Element) -> dict[str, str]:
    """Return the names of pools by the process that each is of."""
    return {
        (one.get("processRef") or "").rpartition(":")[2]: shown_name(one.get("name"))
        for collaboration in children(root, "collaboration")
        for one in children(collaboration, "participant")
    }


def _add(element: Element, name: str | None, found: dict[str, Drawing], reading: Reading) -> None:
    _follow_all(element.iter(), reading)
    key = element.get("id")
    # What never runs names no tasks, so its id may be whatever XML lets it be.
    if key is None or not _ID.fullmatch(key):
        good_id(element, reading)
        return
    documentation = "\n\n".join(text_of(one) for one in children(element, "documentation"))
    called = shown_name(element.get("name")) or name or key
    found.setdefault(key, Drawing(key, called, local(element), documentation, element.sourceline))


def _tell_process(element: Element, reading: Reading) -> None:
    if element.get("isExecutable") is None:
        what = "The process is public and does not say that it is executable"
    else:
        what = "The process is marked as not executable"
    reading.findings.warning(
        "not-executable",
        element,
        f"{what}: it is shown, and not started.",
        'Set isExecutable="true" to let cases start on it.',
    )


def _tell(element: Element, reading: Reading) -> None:
    reading.findings.note(
        "drawn-only",
        element,
        f"The {local(element)} is a drawing: it is shown, and not started.",
        _RUN_IT,
    )


def _conversations(collaboration: Element) -> Iterator[Element]:
    """Return what ``collaboration.follow`` does not look at."""
    names = (*_CONVERSATIONS, "conversationLink", "conversationAssociation")
    for one in children(collaboration, *names):
        yield from one.iter()


# -- what is drawn ---------------------------------------------------------------------


def _follow_all(elements: Iterator[Element], reading: Reading) -> None:
    """Demand that what is named is there, and say what may not be drawn so."""
    for one in elements:
        name, holder = local(one), one.getparent()
        if name in _PARTS:
            _target(one, name, text_of(one), reading)
            continue
        for attribute in _ATTRIBUTES:
            if attribute in one.attrib:
                _target(one, attribute, one.get(attribute), reading)
        # Those of a collaboration are followed with the pools.
        if name in _ENDED and (
            name != "messageFlow" or holder is None or local(holder) != "collaboration"
        ):
            _follow_ends(one, reading)
        if name == "boundaryEvent":
            _follow_boundary(one, reading)


def _target(at: Element, what: str, reference: str | None, reading: Reading) -> Element | None:
    return None if reading.is_imported(at, reference) else reading.target(at, what, reference)


def _follow_ends(flow: Element, reading: Reading) -> None:
    ends = {}
    for name in ("sourceRef", "targetRef"):
        if not (flow.get(name) or "").strip():
            reading.findings.error(
                "dangling-reference",
                flow,
                f"The flow has no {name}.",
                "Connect both of its ends in the editor.",
            )
        ends[name] = _target(flow, name, flow.get(name), reading)
    if local(flow) == "sequenceFlow":
        for name, end in ends.items():
            if end is not None:
                _judge_end(flow, name, end, reading)


def _judge_end(flow: Element, name: str, end: Element, reading: Reading) -> None:
    key, kind = end.get("id"), local(end)
    if end.getparent() is not flow.getparent():
        reading.findings.warning(
            "flow-crosses-border",
            flow,
            f"{name} names {key!r}, which lies in another process or sub-process.",
            "Flows stay within their sub-process; leave it through its end, or use a message.",
        )
    if name == "targetRef" and kind in {"startEvent", "boundaryEvent"}:
        reading.findings.warning(
            "flow-not-allowed",
            end,
            f"A flow leads into a {kind}.",
            "It starts by its event alone; lead the flow to the step after it.",
        )
    if name == "sourceRef" and kind == "endEvent":
        reading.findings.warning(
            "flow-not-allowed",
            end,
            f"A flow leads out of a {kind}.",
            "Nothing comes after it; lead the flow from the step before it.",
        )


def _follow_boundary(event: Element, reading: Reading) -> None:
    if not (event.get("attachedToRef") or "").strip():
        reading.findings.warning(
            "attached-to-nothing",
            event,
            "The boundary event is attached to nothing.",
            "Drag it onto the edge of an activity.",
        )
        return
    host = _target(event, "attachedToRef", event.get("attachedToRef"), reading)
    if host is not None and local(host) not in _ACTIVITIES:
        reading.findings.warning(
            "attached-to-no-activity",
            event,
            f"It is attached to {host.get('id')!r}, which is no activity beside it.",
            "Attach it to a task, a sub-process or a call activity of the same scope.",
        )
