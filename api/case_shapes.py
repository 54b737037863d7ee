"""The shapes of what is asked about whole cases and many tasks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.shapes import Body, Data, Name, Page, Text

MOST_TASKS = 100
"""How many tasks one request names."""


class AccessQuery(Page):
    """Which part of the access log."""


class Merge(Body):
    """Into which case another is merged."""

    into: Name = Field(description="The id of the case that goes on.")
    reason: Text


class Linked(Body):
    """Which other case belongs to a case."""

    case: Name = Field(description="The id of the other case.")
    reason: Text | None = None


class Split(Body):
    """What the new case is about."""

    data: Data = Field(
        default_factory=dict, description="In place of what was given at the start of the old one."
    )
    reason: Text


class Addition(Body):
    """One more of several that do the same; the case lists them under `additions`."""

    activity: Name
    key: Name = Field(description="The value of one of the choices.")
    reason: Text


class Batch(Body):
    """What is to be done with each of many tasks."""

    act: Literal["claim", "complete", "remind"]
    tasks: Annotated[list[Name], Field(min_length=1, max_length=MOST_TASKS)]
    outcome: Name | None = Field(None, description="With which each is completed.")
    text: Text | None = Field(None, description="Words that go with each reminder.")


class Notifications(Body):
    """Which news reach you where."""

    kinds: dict[
        Literal["task-opened", "task-assigned", "notice"],
        list[Literal["in-app", "mail", "robot"]],
    ]
