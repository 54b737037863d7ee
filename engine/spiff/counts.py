"""Data that hold a moment counted in working time, and what they were counted from.

A new calendar counts them again. Kept as {scope: {name: [tagged value, whether its
calendar is provisional]}}; what is written by anything else is not counted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.scripts import Code
from engine.spiff.books import CALL, CASE
from engine.spiff.run import Run

Counted = dict[str, list[Any]]


def linked(run: Run, scope: str, counted: Mapping[str, list[Any]], code: Code) -> Counted:
    """Return what a script counted, with what it counted from in place of that one's moment.

    To be asked before the script's data are written: an extension counts from the
    datum that it replaces.
    """
    known: dict[str, Any] = {}
    for around in scopes_of(run, scope):
        for name, (tagged, _) in run.counted.get(around, {}).items():
            if name in code.names:
                known.setdefault(run.data.get(around)[name], tagged)
    return {name: [_link(tagged, known), early] for name, (tagged, early) in counted.items()}


def _link(tagged: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(tagged, str):
        return known.get(tagged, tagged)
    ((tag, inner),) = list(tagged.items())[:1]
    if tag == "$moment":
        return known.get(inner, tagged)
    if tag == "$end_of_day":
        return {tag: _link(inner, known)}
    if tag in {"$after", "$before"}:
        start, amount = inner
        return {tag: [_link(start, known), amount]}
    return tagged


def keep(run: Run, scope: str, counted: Mapping[str, list[Any]]) -> None:
    """Keep how data were counted that were written from ``scope`` just now."""
    for name, how in counted.items():
        for home in scopes_of(run, scope):
            if name in run.data.get(home):
                run.counted[home] = {**run.counted.get(home, {}), name: how}
                break


def forget(run: Run, scope: str, names: list[str]) -> None:
    """Forget how data were counted that are written anew."""
    known = run.counted.get(scope)
    if known is not None and not known.keys().isdisjoint(names):
        left = {name: how for name, how in known.items() if name not in names}
        if left:
            run.counted[scope] = left
        else:
            del run.counted[scope]


def is_provisional(run: Run, scope: str, code: Code | None) -> bool:
    """Whether a limit reads a datum that rests on a year that is not official yet."""
    if code is None or not run.counted:
        return False
    return any(
        early and name in code.names
        for around in scopes_of(run, scope)
        for name, (_, early) in run.counted.get(around, {}).items()
    )


def scopes_of(run: Run, scope: str) -> list[str]:
    """Return the scopes whose data are read from ``scope``, from the inside out."""
    found = [scope]
    while run.scopes[scope].kind not in (CASE, CALL):
        scope = run.scopes[scope].parent
        found.append(scope)
    return found
