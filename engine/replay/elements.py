"""Where the tokens of a case stand, by its events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.events import Event

Key = tuple[Any, ...]
Active = dict[Key, dict[str, Any]]
"""(process, element, nth, instance) -> that, with the path."""

_NAMES = ("process", "element", "nth", "path", "instance")


def key_of(event: Event) -> Key:
    """Return what one visit of an element is known by."""
    return event.get("process"), event.get("element"), event.get("nth"), event.get("instance")


def follow(active: Active, events: Iterable[Event]) -> None:
    """Take over events: what was entered and not left stands where a token stands."""
    for event in events:
        kind = event["type"]
        if kind == "element_entered":
            active[key_of(event)] = {name: event[name] for name in _NAMES if name in event}
        elif kind == "element_left":
            active.pop(key_of(event), None)
        elif kind == "element_migrated":
            key = key_of(event)
            was = (key[0], event["was"], event.get("was_nth", event["nth"]), key[3])
            moved = active.pop(was, None)
            if moved is not None:
                where = {name: event[name] for name in ("element", "nth", "path")}
                active[key] = {**moved, **where}
