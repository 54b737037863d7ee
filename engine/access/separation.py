"""Separation of duties (不相容职责分离): another person or unit must do a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.access.actor import Actor
from engine.errors import SameHand


def check_separation(
    actor: Actor,
    not_same_as: Iterable[Mapping[str, Any]] = (),
    not_same_unit_as: Iterable[Mapping[str, Any]] = (),
    *,
    unit: str | None = None,
) -> None:
    """Refuse who has already acted where another person or unit must.

    Args:
        actor: who asks; ``admin`` is not excepted.
        not_same_as: ``{element, user, unit}`` of earlier steps that demand another
            person; ``user`` None where the step was not done.
        not_same_unit_as: the same where another unit is demanded.
        unit: the unit the actor would act in now.

    Raises:
        SameHand: names the step that stands against it.
    """
    for step in not_same_as:
        if step.get("user") is not None and step["user"] in {actor.name, actor.person_id}:
            raise SameHand(
                f"{actor.name!r} has done {step['element']!r} in this case already.",
                hint="Separation of duties: somebody else must do this step.",
            )
    mine = actor.home | ({unit} if unit else frozenset())
    for step in not_same_unit_as:
        theirs = step.get("units") or [step.get("unit")]
        shared = sorted(mine.intersection(one for one in theirs if one))
        if shared:
            raise SameHand(
                f"Unit {shared[0]!r} has done {step['element']!r} in this case already.",
                hint="Separation of duties: another unit must do this step.",
            )
