"""Which element of a new version takes the place of which: by id, and by mapping.

Flows are found by their id too; one that was drawn anew between the same two elements
is the same. A visit keeps its number (``nth``) under a new id, unless the case has been
at the element of that id already: then it becomes one visit more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.bpmn.model import Node, Process
from engine.execution import Bundle
from engine.kernel.migration_words import Refusal

Visits = dict[str, dict[str, int]]


class Places:
    """One process in both versions.

    Args:
        mapping: old element id -> new one, where they differ.
    """

    def __init__(self, old: Process, new: Process, mapping: Mapping[str, str]) -> None:
        self.old, self.new, self.mapping = old, new, mapping
        self._back = {self.id_of(one): one for one in old.nodes}
        self._ways: dict[tuple[str, str], list[str]] = {}
        for scope in new.scopes.values():
            for flow in scope.flows.values():
                self._ways.setdefault((flow.source, flow.target), []).append(flow.id)

    def id_of(self, element: str) -> str:
        """Return the id that an old element has in the new version, if it is there."""
        return self.mapping.get(element, element)

    def node(self, element: str) -> Node | None:
        """Return the node that takes an old element's place, or None."""
        return self.new.nodes.get(self.id_of(element))

    def before(self, element: str) -> Node | None:
        """Return the old node whose place a new element takes, or None."""
        return self.old.nodes.get(self._back.get(element, ""))

    def flow(self, flow: str) -> str | None:
        """Return the id of an old flow in the new version, or None."""
        named = self.mapping.get(flow, flow)
        if any(named in scope.flows for scope in self.new.scopes.values()):
            return named
        for scope in self.old.scopes.values():
            if flow in scope.flows:
                was = scope.flows[flow]
                found = self._ways.get((self.id_of(was.source), self.id_of(was.target)), [])
                return found[0] if len(found) == 1 else None
        return None


class Map:
    """All processes of a case in both versions.

    Args:
        mapping: process -> old element id -> new one.
    """

    def __init__(
        self, old: Bundle, new: Bundle, mapping: Mapping[str, Mapping[str, str]], visits: Visits
    ) -> None:
        self.old, self.new, self.mapping = old, new, mapping
        self.places = {
            key: Places(one, new.processes[key], mapping.get(key, {}))
            for key, one in old.processes.items()
            if key in new.processes
        }
        self._before = visits
        self.visits: Visits = {key: dict(counts) for key, counts in visits.items()}
        self._moved: dict[tuple[str, str, int], int] = {}
        for key, counts in visits.items():
            for element, count in counts.items():
                new_id = self.id_of(key, element)
                if new_id != element and new_id not in counts:
                    known = self.visits[key].get(new_id, 0)
                    self.visits[key][new_id] = max(known, count)

    def id_of(self, process: str, element: str) -> str:
        """Return the id that an old element has in the new version."""
        return self.places[process].id_of(element) if process in self.places else element

    def visit(self, process: str, element: str, nth: int) -> tuple[str, int]:
        """Return the element and number that a visit has in the new version."""
        new_id = self.id_of(process, element)
        if new_id == element or new_id not in self._before.get(process, ()):
            return new_id, nth
        key = (process, element, nth)
        if key not in self._moved:
            self.visits[process][new_id] += 1
            self._moved[key] = self.visits[process][new_id]
        return new_id, self._moved[key]

    def faults(self) -> Iterator[Refusal]:
        """Yield what is wrong with the mapping itself."""
        for key, names in self.mapping.items():
            places = self.places.get(key)
            for was, now in names.items():
                if places is None or not _is_in(places.old, was):
                    yield _unknown(key, was, "present", "现")
                elif not _is_in(places.new, now):
                    yield _unknown(key, now, "new", "新")
            if places is not None:
                yield from _twice(key, places)


def _is_in(process: Process, element: str) -> bool:
    if element in process.nodes:
        return True
    return any(element in scope.flows for scope in process.scopes.values())


def _unknown(process: str, element: str, which: str, which_zh: str) -> Refusal:
    values = {"which": which, "which_zh": which_zh}
    return Refusal("mapping-unknown", process, element, values=values)


def _twice(process: str, places: Places) -> Iterator[Refusal]:
    """Yield the new elements that two old ones would become."""
    taken: dict[str, str] = {}
    for was in places.old.nodes:
        now = places.id_of(was)
        if now in taken:
            yield Refusal("mapping-twice", process, now, values={"was": taken[now], "other": was})
        elif now in places.new.nodes:
            taken[now] = was
