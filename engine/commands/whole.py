"""What is asked of a case as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.commands.base import Command, JsonObject


@dataclass(slots=True)
class StartCase(Command):
    """Start a case of ``process`` at ``start`` (its only plain start event if None).

    ``attachments`` are files that come with the start form: what ``AddAttachment`` says
    of each, its task apart.
    """

    type: ClassVar[str] = "start_case"
    process: str
    data: JsonObject = field(default_factory=dict)
    start: str | None = None
    business_key: str | None = None
    unit: str | None = None
    starter: str | None = None
    links: list[JsonObject] | None = None
    attachments: list[JsonObject] | None = None


@dataclass(slots=True)
class SuspendCase(Command):
    """Stop the whole case: no task, timer or message moves it."""

    type: ClassVar[str] = "suspend_case"
    reason: Any = None
    review_at: str | None = None


@dataclass(slots=True)
class ResumeCase(Command):
    """Let a suspended case go on with what was left of its limits."""

    type: ClassVar[str] = "resume_case"
    reason: Any = None


@dataclass(slots=True)
class CancelCase(Command):
    """End a case before its end event: terminated, voided, withdrawn or merged.

    Attributes:
        into: the case that it is merged into.
    """

    type: ClassVar[str] = "cancel_case"
    end: str
    reason: Any = None
    into: str | None = None


@dataclass(slots=True)
class LinkCase(Command):
    """Say that another case belongs to this one (关联); both show it.

    Attributes:
        kind: ``related``, or ``split`` where the other was made of a part of this one.
    """

    type: ClassVar[str] = "link_case"
    other: str
    kind: str = "related"
    reason: Any = None


@dataclass(slots=True)
class UnlinkCase(Command):
    """Take back what ``LinkCase`` has said."""

    type: ClassVar[str] = "unlink_case"
    other: str
    reason: Any = None


@dataclass(slots=True)
class RetryIncident(Command):
    """Try the failed step again, with corrected data if given; None = all incidents."""

    type: ClassVar[str] = "retry_incident"
    incident: int | None = None
    data: JsonObject | None = None
    reason: Any = None


@dataclass(slots=True)
class MigrateCase(Command):
    """Let a running case go on with other versions of its definitions.

    Attributes:
        version: of the case's own process.
        processes: version of every process it can call from now on, its own among them.
        mapping: process -> old element id -> new one, where ids have changed.
        defaults: whether data that only the new versions declare get their default; older
            records, which did without, do not say so.
    """

    type: ClassVar[str] = "migrate_case"
    version: int
    processes: dict[str, int] = field(default_factory=dict)
    mapping: dict[str, dict[str, str]] | None = None
    reason: Any = None
    defaults: bool | None = None
