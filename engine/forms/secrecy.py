"""What would give a ballot away although its value is sealed.

A field of the class ``ballot`` is read by nobody. A form must not tell it in
another way: by a second field that is asked for one choice only, or by a row of a
list that is sealed and opened as one value.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.forms.model import Component

OPEN = (
    'A ballot is always sealed; "personal": false contradicts that.',
    "Remove personal, or give the field another class.",
)
Breach = tuple[str, str, str]
"""(key, message, hint)."""


def breaches(components: tuple[Component, ...]) -> Iterator[Breach]:
    """Yield every way in which a form would give a ballot away."""
    ballots = frozenset(one.key for one in _all(components) if one.field_class == "ballot")
    for one in _all(components):
        if one.type == "dynamiclist" and any(part.key in ballots for part in one.parts):
            hint = "Let everybody have a task with the ballot as a field of its own."
            yield one.key, "A list cannot hold ballots: it is sealed as one value.", hint
        named = {each.name for each in one.hide.comparisons} if one.hide else set()
        for name in sorted(named & ballots):
            message = f"Whether this is asked would tell what was chosen in {name!r}."
            yield one.key or name, message, "Ask it whatever is chosen, or in another step."


def _all(components: tuple[Component, ...]) -> Iterator[Component]:
    for one in components:
        yield one
        yield from _all(one.parts)
