"""Which token a move is about, and in which scope it stays."""

from __future__ import annotations

import re

from engine.errors import InvalidRequest, MoveRefused, NothingWaits
from engine.kernel.outlook import CONTENT
from engine.kernel.rows import KIND, PARENT, PROCESS
from engine.kernel.run import Run

_PLACE = re.compile(
    r"(?:(?P<process>[^.#]+)\.)?(?P<element>[^.#]+)(?:#(?P<nth>\d+)(?:\.(?P<instance>\d+))?)?"
)
_VISIT = re.compile(r"[^.#]+\.[^.#]+\.\d+(\.\d+)?")


def parse(text: str) -> dict[str, str]:
    """Return the parts of ``process.element#nth.instance`` that are there.

    Raises:
        InvalidRequest: the text names no element.
    """
    found = _PLACE.fullmatch(text)
    if found is None:
        raise InvalidRequest(
            f"{text!r} names no element.",
            hint="Write element, element#nth, element#nth.instance or process.element.",
        )
    return {name: value for name, value in found.groupdict().items() if value is not None}


def source_of(run: Run, text: str) -> str:
    """Return the token or scope that is moved: by its name, or as ``parse`` reads it.

    Raises:
        NothingWaits: there is none.
        InvalidRequest: there are several.
    """
    if text and run.lives(text):
        return text
    wanted = {} if _VISIT.fullmatch(text) else parse(text)
    found = (
        []
        if not wanted
        else [
            name
            for name in dict.fromkeys([*run.tokens, *run.scopes])
            if name and not name.endswith(("/", "!")) and _is(run, name, wanted)
        ]
    )
    if not found:
        raise NothingWaits(
            f"There is no token at {text!r}.", hint="GET /cases/{id}/state says where they are."
        )
    if len(found) > 1:
        names = ", ".join(sorted(_shown(run, one) for one in found))
        raise InvalidRequest(f"There are several tokens at {text!r}.", hint=f"Name one: {names}.")
    return found[0]


def _is(run: Run, name: str, wanted: dict[str, str]) -> bool:
    element, nth, instance = run.visit_of(name)
    process = run.scopes[run.surroundings(name)][PROCESS]
    given = {
        "process": process,
        "element": element,
        "nth": str(nth),
        "instance": None if instance is None else str(instance),
    }
    # Without an instance a multi-instance activity is meant as a whole.
    return {"instance": None, **wanted}.items() <= given.items()


def _shown(run: Run, name: str) -> str:
    element, nth, _ = run.visit_of(name)
    return f"{run.scopes[run.surroundings(name)][PROCESS]}.{element}#{nth}"


def _has(run: Run, scope: str, wanted: dict[str, str]) -> bool:
    row = run.scopes[scope]
    fits = "process" not in wanted or wanted["process"] == row[PROCESS]
    return fits and row[KIND] in CONTENT and wanted["element"] in run.area(scope).places


def home_of(run: Run, name: str, wanted: dict[str, str], text: str) -> tuple[str, str]:
    """Return the nearest scope around a token that has the target, and what contains the token.

    Raises:
        MoveRefused: none of them has it.
    """
    inner, scope = name, run.surroundings(name)
    while not _has(run, scope, wanted):
        if scope == "":
            raise _not_here(run, wanted, text)
        inner, scope = scope, run.scopes[scope][PARENT]
    return scope, inner


def only_home(run: Run, wanted: dict[str, str], text: str) -> str:
    """Return the one open scope that has the target.

    Raises:
        MoveRefused, InvalidRequest: there is none, or there are several.
    """
    homes = [one for one in run.scopes if _has(run, one, wanted)]
    if not homes:
        raise _not_here(run, wanted, text)
    if len(homes) > 1:
        raise InvalidRequest(
            f"{text!r} lies in {len(homes)} open scopes.",
            hint="Say in `from` what is to be moved; it must lie in the one that is meant.",
        )
    return homes[0]


def _not_here(run: Run, wanted: dict[str, str], text: str) -> MoveRefused:
    """Say why nothing can be moved to an element."""
    around = _bodies_around(run, wanted["element"])
    if around is None:
        return MoveRefused(
            f"The case's diagrams have no element {text!r}.",
            hint="GET /definitions/{key} names the elements.",
            element=wanted["element"],
        )
    return MoveRefused(
        f"{text!r} lies inside {around!r}, which is not open around what is moved.",
        hint=f"Move to {around!r} itself: it begins again as a whole.",
        element=wanted["element"],
    )


def _bodies_around(run: Run, element: str) -> str | None:
    """Return what an element lies in directly, in whichever process of the case."""
    for process in run.bundle.processes.values():
        for scope in process.scopes.values():
            if element in scope.nodes:
                calls = [
                    node.id
                    for other in run.bundle.processes.values()
                    for node in other.nodes.values()
                    if node.called == process.key
                ]
                return calls[0] if scope.id == process.key and calls else scope.id
    return None
