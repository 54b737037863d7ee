"""Which fields of a case an actor reads.

Every answer that carries case data passes through ``withhold``. A field has a
class: ``reporter`` (who reported), ``working`` (the default), ``public`` or
``ballot``, which nobody reads, not even who cast it. Who reported is shown to
acceptance in its own street, to the return visit it was offered to, and to the
reporter, whatever form names the field. Sealed working values are for the case's
own unit, the units above it and the district; a department reads those that the
forms of its tasks show; the starter reads what the starter gave.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.access.actor import Actor, CaseFacts
from engine.access.rights import (
    DEPARTMENT_CASES,
    EVERY_CASE,
    REPORTER_AROUND,
    REPORTER_OFFERED,
    UNIT_CASES,
)
from engine.access.sight import around
from engine.organisation import Organisation

_STAFF = UNIT_CASES | DEPARTMENT_CASES | EVERY_CASE


@dataclass(frozen=True, slots=True)
class Reading:
    """Which fields of one case an actor reads.

    Attributes:
        reporter: fields of the class ``reporter`` (who reported).
        working: fields that are for officials at work on the case, in plain.
        personal: sealed values of that class.
        fields: names of fields that are shown although those three say no.
    """

    reporter: bool
    working: bool
    personal: bool
    fields: frozenset[str] = frozenset()

    def shows(self, name: str, field_class: str | None, *, is_sealed: bool) -> bool:
        """Return whether a field is shown.

        Args:
            name: of the field at the top of the data.
            field_class: ``reporter``, ``working``, ``public`` or ``ballot``; None = working.
            is_sealed: whether the value is a sealed personal one.
        """
        if field_class == "ballot":
            return False
        if field_class == "reporter":
            return self.reporter
        if field_class == "public" or name in self.fields:
            return True
        return self.personal if is_sealed else self.working


def reading(
    actor: Actor,
    case: CaseFacts,
    organisation: Organisation,
    *,
    task_fields: Collection[str] = (),
) -> Reading:
    """Return what an actor reads of a case that the actor may see.

    Args:
        actor: who asks.
        case: the case.
        organisation: of the actor's day.
        task_fields: names that the forms of tasks offered to or held by the actor show.
    """
    starter = actor.name == case.starter
    accepts = around(actor, REPORTER_AROUND, case.unit, organisation) is not None
    visits = any(role in REPORTER_OFFERED for role, _ in actor.grants & case.candidates)
    everywhere = bool(actor.roles & EVERY_CASE)
    own = around(actor, UNIT_CASES, case.unit, organisation) is not None
    return Reading(
        reporter=starter or accepts or visits,
        working=everywhere or own or bool(actor.roles & _STAFF),
        personal=everywhere or own,
        fields=frozenset(task_fields) | (case.start_fields if starter else frozenset()),
    )


def reads_what_is_offered(actor: Actor) -> bool:
    """Return whether what ``reading`` says hangs on what the case's tasks are offered to."""
    return bool(actor.roles & REPORTER_OFFERED)


def reporter_reading(fields: Collection[str]) -> Reading:
    """Return what a reporter without a login reads of the own case.

    Args:
        fields: names of the data that were given at its start.
    """
    return Reading(reporter=True, working=False, personal=False, fields=frozenset(fields))


def withhold(
    reader: Reading,
    data: Mapping[str, Any],
    classes: Mapping[str, str],
    *,
    reveal: Callable[[str], Any] | None = None,
    seen: Callable[[str], object] | None = None,
) -> dict[str, Any]:
    """Return case data as one reader sees them.

    Args:
        reader: from ``reading``.
        data: one scope's data, a form's values or a command's data.
        classes: field name -> class, from the forms; a name inside an object is
            judged by its own class, else by that of the field around it.
        reveal: gives the plain value of a sealed one by its id; None as long as sealed
            values shall stay sealed. It gives None for what was erased.
        seen: told the name of each datum of which something is shown that was sealed or
            says who reported.

    Returns:
        A copy. A sealed value that is not shown stays ``{"$sealed", "commitment"}``;
        a plain one becomes ``{"$withheld": class}``.
    """
    shown = _Shown(reader, classes, reveal, seen)
    return {name: shown.value(name, classes.get(name), value) for name, value in data.items()}


@dataclass(frozen=True, slots=True)
class _Shown:
    reader: Reading
    classes: Mapping[str, str]
    reveal: Callable[[str], Any] | None
    seen: Callable[[str], object] | None

    def value(self, name: str, field_class: str | None, value: Any) -> Any:
        if isinstance(value, Mapping):
            if "$sealed" in value:
                return self._sealed(name, field_class, value)
            return {
                key: self.value(name, self.classes.get(key, field_class), one)
                for key, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(name, field_class, one) for one in value]
        if value is None or self.reader.shows(name, field_class, is_sealed=False):
            if field_class == "reporter" and value is not None and self.seen is not None:
                self.seen(name)
            return value
        return {"$withheld": field_class or "working"}

    def _sealed(self, name: str, field_class: str | None, value: Mapping[str, Any]) -> Any:
        if self.reveal is not None and self.reader.shows(name, field_class, is_sealed=True):
            plain = self.reveal(value["$sealed"])
            if plain is not None:
                if self.seen is not None:
                    self.seen(name)
                return plain
        return dict(value)
