"""A history as people read it: who did what and when, one line per act (流转记录)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.web import diagrams, language, times
from engine.bpmn.model import Node
from engine.definitions import Pinned

Entry = dict[str, Any]
Names = Mapping[tuple[str, str], Node]

_SYSTEM = ("scheduler", "system", "outbox", "@")


@dataclass(frozen=True, slots=True)
class Line:
    """One act: when, by whom (empty for the system), what it did, and its proof.

    Attributes:
        command: what was asked, in words.
        decided: what was decided automatically: (place on the page that says why, name).
    """

    at: str
    actor: str
    command: str
    texts: list[str]
    remark: str
    position: int
    digest: str
    is_late: bool
    decided: list[tuple[str, str]]


def lines(entries: list[Entry], pinned: Pinned) -> list[Line]:
    """Return one line per entry that people care about, the latest first."""
    return [one for one in reversed(told(entries, pinned)) if one.texts or one.decided]


def told(entries: list[Entry], pinned: Pinned) -> list[Line]:
    """Return one line per entry, in their order, also of those that moved nothing."""
    nodes = nodes_of(pinned)
    return [_line(one, nodes) for one in entries]


def nodes_of(pinned: Pinned) -> Names:
    """Return every element that a case can be in, by (process, id)."""
    return {
        (key, node.id): node
        for key, process in pinned.bundle.processes.items()
        for node in process.nodes.values()
    }


def path_of(path: Sequence[str], nodes: Names) -> str:
    """Return the scopes around an element by their names: ``部门报到 [城管局] › 处置``."""
    found = []
    for one in path:
        element, _, key = one.partition("[")
        key = key.removesuffix("]")
        node = next((node for (_, known), node in nodes.items() if known == element), None)
        name = element if node is None else diagrams.title(node)
        found.append(f"{name} [{diagrams.unit(key) or key}]" if key else name)
    return " › ".join(found)


def _line(entry: Entry, nodes: Names) -> Line:
    texts = [text for one in entry["events"] if (text := _text(one, nodes))]
    return Line(
        at=entry["at"],
        actor=_who(entry),
        command=asked(entry),
        texts=list(dict.fromkeys(texts)),
        remark=str(entry.get("remark", "")),
        position=int(entry["position"]),
        digest=str(entry.get("digest") or "")[:12],
        is_late=any(one["type"] == "timer_fired" for one in entry["events"]),
        decided=list(_decided(entry, nodes)),
    )


def _decided(entry: Entry, nodes: Names) -> Iterator[tuple[str, str]]:
    """Yield the decisions that were asked and answered."""
    for one in entry["evaluations"]:
        process, element, nth, purpose = one["site"][:4]
        node = nodes.get((process, element))
        if purpose == "decision" and node is not None and "value" in one["answers"][0]:
            yield f"{process}.{element}.{nth}", diagrams.title(node)


def asked(entry: Entry) -> str:
    """Return what an entry asked for, in words."""
    key = f"did_{entry['command']['type']}"
    return language.text(key) if language.known(key) else str(entry["command"]["type"])


def _who(entry: Entry) -> str:
    """Return who acted, and in whose place (代); empty for the engine itself."""
    actor, person = str(entry["actor"]), entry.get("acting_for")
    if actor.startswith(_SYSTEM):
        return ""
    if person is None:
        return actor
    actor = diagrams.person(actor)
    return language.pick(f"{actor}（代 {person}）", f"{actor} for {person}")


def _text(event: Mapping[str, Any], nodes: Names) -> str:
    key = f"event_{event['type']}"
    if event["type"] == "tokens_moved":
        key = f"event_tokens_{event['kind']}"
    if event["type"] == "signature_given":
        key = f"event_signature_{event['outcome']}"
    if not language.known(key):
        return ""
    node = nodes.get((event["process"], event["element"]))
    return language.text(
        key,
        name=event.get("name") if node is None else diagrams.title(node),
        activity=_activity(event, nodes),
        outcome=_outcome(event, node),
        due=times.due(event.get("due_at")),
        to=event.get("assignee", ""),
        message=event.get("message", ""),
        end=_end(event),
        version=event.get("version", ""),
    )


def _activity(event: Mapping[str, Any], nodes: Names) -> str:
    node = nodes.get((event["process"], event.get("activity", "")))
    return "" if node is None else diagrams.title(node)


def _outcome(event: Mapping[str, Any], node: Node | None) -> str:
    value = event.get("outcome")
    if value is None:
        return ""
    chinese = node.outcomes.get(value, value) if node else value
    english = node.outcomes_en.get(value) if node else None
    return language.pick(f"：{chinese}", f": {english or chinese}")


def _end(event: Mapping[str, Any]) -> str:
    key = f"end_{event.get('end')}"
    return language.text(key) if language.known(key) else ""
