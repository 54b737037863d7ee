"""The words of the notation: what a node is, what an event is about."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a node is."""

    START = "startEvent"
    END = "endEvent"
    CATCH = "intermediateCatchEvent"
    THROW = "intermediateThrowEvent"
    BOUNDARY = "boundaryEvent"
    TASK = "task"
    USER = "userTask"
    MANUAL = "manualTask"
    SCRIPT = "scriptTask"
    SERVICE = "serviceTask"
    SEND = "sendTask"
    RECEIVE = "receiveTask"
    BUSINESS_RULE = "businessRuleTask"
    SUB_PROCESS = "subProcess"
    EVENT_SUB_PROCESS = "eventSubProcess"
    CALL = "callActivity"
    EXCLUSIVE = "exclusiveGateway"
    PARALLEL = "parallelGateway"
    INCLUSIVE = "inclusiveGateway"
    COMPLEX = "complexGateway"
    EVENT_BASED = "eventBasedGateway"


ACTIVITIES = frozenset(
    {
        Kind.TASK,
        Kind.USER,
        Kind.MANUAL,
        Kind.SCRIPT,
        Kind.SERVICE,
        Kind.SEND,
        Kind.RECEIVE,
        Kind.BUSINESS_RULE,
        Kind.SUB_PROCESS,
        Kind.CALL,
    }
)


class Trigger(StrEnum):
    """What an event definition is about."""

    MESSAGE = "message"
    TIMER = "timer"
    SIGNAL = "signal"
    CONDITIONAL = "conditional"
    ERROR = "error"
    ESCALATION = "escalation"
    LINK = "link"
    TERMINATE = "terminate"
    COMPENSATE = "compensate"
    CANCEL = "cancel"


class TimerKind(StrEnum):
    """How a timer's text is meant."""

    DATE = "timeDate"
    DURATION = "timeDuration"
    CYCLE = "timeCycle"
