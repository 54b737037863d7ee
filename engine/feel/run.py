"""One evaluation: its limits, its moment, its seed, and why something became null.

Several expressions may share one run, and then share its budget of steps. A step is
one turn of a loop, one element of a list that is made or looked through, one call, or
some thousand characters of text.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.feel.errors import FeelLimit

MAX_NOTES = 50


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use.

    Attributes:
        steps: see above.
        items: elements of one list or context.
        text: characters of one string.
        depth: how deep calls and nested expressions may go together.
        pattern_seconds: of the wall clock, for one regular expression.
    """

    steps: int = 1_000_000
    items: int = 100_000
    text: int = 1_000_000
    depth: int = 480
    pattern_seconds: float = 1.0


LIMITS = Limits()


class Run:
    """The state of one evaluation.

    Args:
        limits: what it may use.
        now: the moment of ``now()`` and ``today()``, aware; without one they are null.
        seed: of ``random number()``; without one it is null.
        notes: takes, for people, why something became null.
    """

    __slots__ = ("_chance", "admitted", "depth", "limits", "notes", "now", "seed", "steps")

    def __init__(
        self,
        limits: Limits = LIMITS,
        now: datetime | None = None,
        seed: str | int | None = None,
        notes: list[str] | None = None,
    ) -> None:
        self.limits, self.now, self.seed, self.notes = limits, now, seed, notes
        self.steps, self.depth = limits.steps, limits.depth
        self.admitted: dict[int, Any] | None = None
        self._chance: random.Random | None = None

    def spend(self, steps: int) -> None:
        """Take steps from the budget.

        Raises:
            FeelLimit: it is used up.
        """
        self.steps -= steps
        if self.steps < 0:
            raise FeelLimit(f"The evaluation takes more than {self.limits.steps:,} steps.")

    def note(self, text: str) -> None:
        """Remember why something is null; only the first fifty reasons are kept."""
        if self.notes is not None and len(self.notes) < MAX_NOTES:
            self.notes.append(text)

    def listed(self, found: list[Any]) -> list[Any]:
        """Charge for a list that was made.

        Raises:
            FeelLimit: it is too long.
        """
        self.room(len(found))
        return found

    def room(self, count: int) -> None:
        """Charge for a list or context of ``count`` elements.

        Raises:
            FeelLimit: that is too many.
        """
        self.spend(count)
        if count > self.limits.items:
            raise FeelLimit(f"A list has more than {self.limits.items:,} elements.")

    def written(self, length: int) -> None:
        """Charge for a string of that many characters.

        Raises:
            FeelLimit: it is too long.
        """
        if length > 1_000:
            self.spend(length // 1_000)
            if length > self.limits.text:
                raise FeelLimit(f"A string has more than {self.limits.text:,} characters.")

    def enter(self, depth: int) -> None:
        """Go down ``depth`` levels; ``leave`` comes back.

        Raises:
            FeelLimit: that is too deep.
        """
        self.depth -= depth
        if self.depth < 0:
            raise FeelLimit(f"Calls are nested more than {self.limits.depth} levels deep.")

    def leave(self, depth: int) -> None:
        """Come back from ``enter``."""
        self.depth += depth

    def chance(self) -> Decimal | None:
        """Return the next number of the seed, from 0 to below 1; None without a seed."""
        if self.seed is None:
            return None
        if self._chance is None:
            # Repeatable on purpose: a decision is explained by evaluating it again.
            self._chance = random.Random(str(self.seed))  # noqa: S311
        return Decimal(self._chance.randrange(10**15)).scaleb(-15)
