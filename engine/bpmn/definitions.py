"""What an event is about: its definitions, and the keys of a message."""

from __future__ import annotations

from dataclasses import dataclass

from engine.bpmn.kinds import TimerKind, Trigger
from engine.scripts import Code


@dataclass(frozen=True, slots=True)
class Correlation:
    """One key of a message: its name and where its value comes from.

    Attributes:
        key: the name callers give in ``correlation``.
        value: expression over the data of the scope; the datum ``key`` itself by default.
    """

    key: str
    value: Code


@dataclass(frozen=True, slots=True)
class EventDefinition:
    """One trigger of an event.

    Attributes:
        name: message, signal or link name; error or escalation code; the activity to be
            compensated. None for a catch-all error or escalation, and for all activities.
        timer: how ``value`` is meant, for timers only.
        value: the timer's expression (a constant text becomes a literal), or the
            condition of a conditional event.
        correlation: the keys that must all match, for messages.
        payload: expression for what is sent along, a dict with messages and signals; or None.
        variable: datum that takes the payload; None = its keys are written one by one,
            and what an error or escalation carries is not kept.
        code_variable: datum that takes the error or escalation code.
        message_variable: datum that takes the error's message.
        waits: a compensation that is thrown is waited for (waitForCompletion).
    """

    trigger: Trigger
    name: str | None = None
    timer: TimerKind | None = None
    value: Code | None = None
    correlation: tuple[Correlation, ...] = ()
    payload: Code | None = None
    variable: str | None = None
    code_variable: str | None = None
    message_variable: str | None = None
    waits: bool = True
