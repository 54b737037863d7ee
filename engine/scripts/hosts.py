"""Look-ups as an expression calls them: what it gives is judged, what goes wrong is told.

Arguments come from untrusted text. What the outside itself raises is kept for the
caller, so that a fault of ours is never taken for one of the expression.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from engine.scripts.names import HOST
from engine.scripts.outcome import Lookups, NoLookups
from engine.scripts.values import Unfit, Walk


def _demand(name: str) -> Callable[[list[Any], dict[str, Any]], None]:
    """Return what raises TypeError where arguments do not fit; ``bind`` says it, slowly."""
    signature = inspect.signature(getattr(NoLookups, name))
    by_place = [one for one in signature.parameters.values() if one.kind is one.POSITIONAL_ONLY][1:]
    fewest = sum(one.default is one.empty for one in by_place)
    named_too = any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())

    def demand(args: list[Any], keywords: dict[str, Any]) -> None:
        if not fewest <= len(args) <= len(by_place) or (keywords and not named_too):
            signature.bind(None, *args, **keywords)

    return demand


_DEMANDS = {name: _demand(name) for name in HOST}
_ARGUMENT_NODES, _ARGUMENT_TEXT = 200, 4_000


def guarded(name: str, lookups: Lookups, trouble: list[Exception]) -> Callable[..., Any]:
    """Return a look-up by its name, with its arguments judged.

    Args:
        name: one of ``HOST``.
        lookups: what answers.
        trouble: takes what the look-up raises that is no refusal.
    """
    function = getattr(lookups, name)
    demand = _DEMANDS[name]

    def answer(*args: Any, **keywords: Any) -> Any:
        walk = Walk(nodes=_ARGUMENT_NODES, text=_ARGUMENT_TEXT)
        try:
            plain = [walk.plain(one) for one in args]
            named = {key: walk.plain(one) for key, one in keywords.items()}
            demand(plain, named)
        except (Unfit, TypeError) as error:
            raise ValueError(f"{name}(): {error}") from None
        try:
            return function(*plain, **named)
        except ValueError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again on the outside
            trouble.append(error)
            raise ValueError(f"{name}() failed") from None

    return answer
