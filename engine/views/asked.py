"""What stands beside a task: who was asked about it, who has urged it, to whom it was shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine.clock import text
from engine.commands import is_signature, signed_task
from engine.commands.inbox import AGREE, DISAGREE, RESOLVED
from engine.database import Transaction
from engine.sealing import unseal
from engine.tables import notes

Document = dict[str, Any]

_NOTES = (
    sa.select(notes.c.actor, notes.c.at, notes.c.body)
    .where(
        notes.c.case_id == p("case_id"),
        notes.c.task == p("task"),
        notes.c.kind != sa.literal_column("'comment'"),
        notes.c.kind != sa.literal_column("'attachment'"),
    )
    .order_by(notes.c.position, notes.c.number)
)
_OUTCOMES = {
    AGREE: ("同意", "Agree"),
    DISAGREE: ("不同意", "Disagree"),
    RESOLVED: ("办结交回", "Done"),
}
_WHILE_ASKED = ("sign", "comment", "attach", "remind")
_WHILE_DECIDED = frozenset({"claim", "complete", "unclaim", "transfer"})


class _Folded:
    """The notes of one task, put together."""

    def __init__(self, reader: str, values: Mapping[str, bytes], *, reads: bool) -> None:
        self._reader, self._values, self._reads = reader, values, reads
        self.signatures: dict[str, Document] = {}
        self.reminders: list[Document] = []
        self.copies: list[Document] = []
        self.decided: Document | None = None

    def words(self, event: Document, *others: str | None) -> Any:
        """Return the words of an act, for those who read them."""
        mine = self._reader in {event.get("by"), *others}
        return unseal(event.get("reason"), self._values if self._reads or mine else {})

    def signature(self, event: Document, at: str) -> None:
        """Take up what happened to a signature."""
        key, what = str(event["signature"]), event["type"].partition("_")[2]
        if what == "added":
            self.signatures[key] = {
                "kind": event["kind"],
                "to": event["assignee"],
                "by": event["by"],
                "at": at,
                "state": "planned",
                "due_at": event.get("due_at"),
                "words": self.words(event, event["assignee"]),
                "outcome": None,
                "answer": None,
                "answered_at": None,
            }
            return
        one = self.signatures[key]
        one["state"] = {"opened": "open", "given": "given", "removed": "removed"}[what]
        if what == "opened":
            one["due_at"] = event.get("due_at")
        elif what == "given":
            one |= {"outcome": event["outcome"], "answered_at": at}
            one["answer"] = self.words(event, one["by"])

    def take(self, actor: str, at: str, event: Document) -> None:
        """Take up one note."""
        kind = event["type"]
        if kind.startswith("signature_"):
            self.signature(event, at)
        elif kind == "decision_taken":
            self.decided = {"by": event["by"], "at": at, "outcome": event.get("outcome")}
        elif kind == "decision_returned":
            self.decided = None
        elif kind == "reminder_sent":
            self.reminders.append({"by": actor, "at": at, "words": self.words(event)})
        elif kind == "copy_sent":
            shown = {"words": self.words(event, *event["receivers"]), "by": actor, "at": at}
            self.copies += [{**shown, "to": one, "read_at": None} for one in event["receivers"]]
        else:
            for one in self.copies:
                if one["to"] == event["by"] and one["read_at"] is None:
                    one["read_at"] = at
                    break


def beside(
    tx: Transaction,
    case_id: str,
    name: str,
    reader: str,
    values: Mapping[str, bytes],
    *,
    reads: bool,
) -> Document:
    """Return ``{signatures, decided, reminders, copies}`` of a task, oldest first.

    Args:
        name: of the task or of one of its signatures.
        reader: the user who asks; the own words are always shown.
        values: what is sealed in the case.
        reads: whether the reader may read what officials say to each other.
    """
    own, folded = signed_task(name), _Folded(reader, values, reads=reads)
    for actor, at, body in tx.all(_NOTES, {"case_id": case_id, "task": own}):
        folded.take(actor, text(at), orjson.loads(body))
    signatures = [
        {**one, "id": f"{case_id}.{own}~{number}"} for number, one in folded.signatures.items()
    ]
    return {
        "signatures": signatures,
        "decided": folded.decided,
        "reminders": folded.reminders,
        "copies": folded.copies,
    }


def has_unread(tx: Transaction, case_id: str, name: str, reader: str) -> bool:
    """Whether a copy of a task went to a user who has not opened it yet."""
    folded = _Folded(reader, {}, reads=False)
    for actor, at, body in tx.all(_NOTES, {"case_id": case_id, "task": name}):
        folded.take(actor, text(at), orjson.loads(body))
    return any(one["to"] == reader and one["read_at"] is None for one in folded.copies)


def shows_words(found: Document) -> bool:
    """Whether words are shown that lie sealed."""
    words = [one[name] for one in found["signatures"] for name in ("words", "answer")]
    words += [one["words"] for part in ("reminders", "copies") for one in found[part]]
    return any(isinstance(one, str) for one in words)


def allowed(name: str, actions: list[str], found: Document) -> list[str]:
    """Return what may be done with a task, or a signature, given what stands beside it."""
    if is_signature(name):
        signs = ["sign"] if "complete" in actions else []
        return signs + [one for one in actions if one in _WHILE_ASKED]
    asked = [one["kind"] for one in found["signatures"] if one["state"] == "open"]
    drop = _WHILE_DECIDED if found["decided"] else frozenset[str]()
    if any(kind != "parallel" for kind in asked):
        drop |= {"complete"}
    return [one for one in actions if one not in drop]


def outcomes(name: str, found: Document) -> list[Document] | None:
    """Return the answers that a signature may have; None for a task itself."""
    if not is_signature(name):
        return None
    number = name.partition("~")[2]
    kinds = [one["kind"] for one in found["signatures"] if one["id"].endswith(f"~{number}")]
    offered = (RESOLVED,) if kinds == ["delegate"] else (AGREE, DISAGREE)
    return [
        {"value": one, "label": _OUTCOMES[one][0], "label_en": _OUTCOMES[one][1]} for one in offered
    ]
