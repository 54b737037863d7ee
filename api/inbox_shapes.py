"""The shapes of what people ask of each other over a task."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.shapes import Body, Name, Text


class Delegation(Body):
    """Who does the work while the task stays yours."""

    to: Name = Field(description="A user's name.")
    due_at: Name | None = Field(
        None, description="RFC 3339 with offset; when the task itself is due if left out."
    )
    reason: Text | None = Field(None, description="What is asked.")


class Cosignature(Delegation):
    """Who is asked about a task, and when."""

    kind: Literal["before", "parallel", "after"]


class Copies(Body):
    """To whom a task is shown."""

    to: list[Name] = Field(
        min_length=1,
        max_length=50,
        description="Users' names; `role@unit`; `role@`: in the nearest unit.",
    )
    reason: Text | None = None


class TaskSuspension(Body):
    """Why a task stands still, and when somebody looks again."""

    reason: Text
    review_at: Name = Field(description="RFC 3339 with offset.")
