"""The tables of a marking while one command changes them.

Tables are copied shallowly and rows replaced, so the snapshot stays as it was and
giving up costs nothing. ``rows`` says what stands in them.
"""

from __future__ import annotations

from typing import Any

from engine.commands import JsonObject
from engine.execution import Bundle, Snapshot
from engine.kernel.rows import (
    CALL,
    CASE,
    COUNT,
    ELEMENT,
    INSTANCE,
    KIND,
    MOVING,
    NTH,
    PARENT,
    T_ELEMENT,
    T_INSTANCE,
    T_NTH,
    T_SCOPE,
    T_STATE,
    Row,
)
from engine.kernel.semantics import SEMANTICS

Table = dict[str, Any]

_NOTHING: Table = {}


class Look:
    """The tables of a snapshot, to be read only: what must not cost a copy."""

    __slots__ = (
        "actors",
        "beside",
        "bundle",
        "case",
        "case_id",
        "data",
        "held",
        "scopes",
        "tasks",
        "tokens",
    )

    def __init__(self, bundle: Bundle, snapshot: Snapshot) -> None:
        given = snapshot.control.get
        self.bundle, self.case_id, self.data = bundle, snapshot.case, snapshot.sheets
        self.case: JsonObject = given("case", _NOTHING)
        self.scopes: dict[str, Row] = given("scopes", _NOTHING)
        self.tokens: dict[str, Row] = given("tokens", _NOTHING)
        self.tasks: dict[str, Row] = given("tasks", _NOTHING)
        self.actors: dict[str, list[Row]] = given("actors", _NOTHING)
        self.held: Table = given("held", _NOTHING)
        self.beside: Table = given("beside", _NOTHING)

    def is_held(self, scope: str) -> bool:
        """Whether ``scope`` or one around it is on hold."""
        if not self.held:
            return False
        while scope not in self.held:
            if scope == "":
                return False
            scope = self.scopes[scope][PARENT]
        return True


class Marking(Look):
    """Where the tokens of a case are, and the books about them, while they change."""

    __slots__ = (
        "_inside",
        "_own",
        "counted",
        "incidents",
        "joins",
        "merges",
        "next",
        "state",
        "subs",
        "undo",
        "visits",
        "watch",
    )

    def __init__(self, bundle: Bundle, snapshot: Snapshot) -> None:
        control = snapshot.control
        given = control.get
        self.bundle = bundle
        self.case_id, self.state = snapshot.case, snapshot.state
        self.case = given("case", _NOTHING)
        self.next: int = given("next", 1)
        self.visits: Table = given("visits", _NOTHING).copy()
        self.scopes = given("scopes", _NOTHING).copy()
        self.tokens = given("tokens", _NOTHING).copy()
        self.tasks = given("tasks", _NOTHING).copy()
        self.joins: Table = control["joins"].copy() if "joins" in control else {}
        self.merges: Table = control["merges"].copy() if "merges" in control else {}
        self.subs: dict[str, Row] = control["subs"].copy() if "subs" in control else {}
        self.watch: dict[str, list[str]] = control["watch"].copy() if "watch" in control else {}
        self.actors = control["actors"].copy() if "actors" in control else {}
        self.incidents: dict[str, Row] = (
            control["incidents"].copy() if "incidents" in control else {}
        )
        self.counted: Table = control["counted"].copy() if "counted" in control else {}
        self.held = control["held"].copy() if "held" in control else {}
        self.beside = control["beside"].copy() if "beside" in control else {}
        self.undo: Table = control["undo"].copy() if "undo" in control else {}
        self.data = snapshot.sheets.copy()
        self._own: set[str] = set()
        self._inside: dict[str, dict[tuple[str, bool], None]] | None = None

    def scopes_of(self, scope: str) -> list[str]:
        """Return the scopes whose data are read from ``scope``, from the inside out."""
        found = [scope]
        while self.scopes[scope][KIND] not in (CASE, CALL):
            scope = self.scopes[scope][PARENT]
            found.append(scope)
        return found

    def snapshot(self) -> Snapshot:
        """Return where the case stands now."""
        control: JsonObject = {"semantics": SEMANTICS, "case": self.case, "next": self.next}
        state = self.state
        if state in ("completed", "cancelled"):
            if self.incidents:
                control["incidents"] = self.incidents
            return Snapshot(self.case_id, state, control, {"": self.data.get("")})
        control["visits"], control["scopes"] = self.visits, self.scopes
        if self.tokens:
            control["tokens"] = self.tokens
        if self.tasks:
            control["tasks"] = self.tasks
        if self.joins:
            control["joins"] = self.joins
        if self.merges:
            control["merges"] = self.merges
        if self.subs:
            control["subs"] = self.subs
        if self.watch:
            control["watch"] = self.watch
        if self.actors:
            control["actors"] = self.actors
        if self.incidents:
            control["incidents"] = self.incidents
        if self.held:
            control["held"] = self.held
        if self.beside:
            control["beside"] = self.beside
        if self.counted:
            control["counted"] = self.counted
        if self.undo:
            control["undo"] = self.undo
        state = "suspended" if "" in self.held else "incident" if self.incidents else "open"
        return Snapshot(self.case_id, state, control, self.data)

    def number(self) -> str:
        """Return the next sequence number of the case."""
        self.next += 1
        return str(self.next - 1)

    def surroundings(self, name: str) -> str:
        """Return the scope that holds a token or, if there is none of that name, a scope."""
        token = self.tokens.get(name)
        scope: str = self.scopes[name][PARENT] if token is None else token[T_SCOPE]
        return scope

    def visit_of(self, name: str) -> tuple[str, int, int | None]:
        """Return element, nth and instance of a token or scope."""
        token = self.tokens.get(name)
        if token is not None:
            return token[T_ELEMENT], token[T_NTH], token[T_INSTANCE]
        row = self.scopes[name]
        return row[ELEMENT], row[NTH], row[INSTANCE]

    def lives(self, name: str) -> bool:
        """Whether a token or scope of that name is still there."""
        return name in self.tokens or name in self.scopes

    # -- changes --------------------------------------------------------------

    def add_token(
        self,
        name: str,
        element: str,
        scope: str,
        nth: int,
        *,
        instance: int | None = None,
    ) -> None:
        """Put a token on an element; the caller counts it."""
        self.tokens[name] = [element, scope, nth, instance, MOVING, [], None]
        if self._inside is not None:
            self._inside.setdefault(scope, {})[name, True] = None

    def remove_token(self, name: str) -> Row:
        """Take a token off; the caller counts it."""
        row = self.tokens.pop(name)
        if name in self.tasks:
            del self.tasks[name]
        if self._inside is not None:
            self._inside[row[T_SCOPE]].pop((name, True), None)
        return row

    def set_token(self, name: str, column: int, value: Any) -> None:
        """Replace one column of a token."""
        row = self.tokens[name].copy()
        row[column] = value
        self.tokens[name] = row

    def set_state(self, name: str, state: str) -> None:
        """Say what a token waits for."""
        self.set_token(name, T_STATE, state)

    def add_scope(self, name: str, row: Row) -> None:
        """Open a scope; the caller counts it."""
        self.scopes[name] = row
        self._own.add(name)
        if self._inside is not None:
            self._inside.setdefault(row[PARENT], {})[name, False] = None

    def remove_scope(self, name: str) -> Row:
        """Forget a scope with its data; the caller counts it."""
        row = self.scopes.pop(name)
        self._own.discard(name)
        self.data.drop(name)
        self.drop_joins(name)
        self.held.pop(name, None)
        if self.counted:
            self.counted.pop(name, None)
        if self.undo:
            for table in [*self.undo]:
                self.drop_undo(table, name)
        if self._inside is not None:
            self._inside[row[PARENT]].pop((name, False), None)
        return row

    def drop_undo(self, table: str, key: str) -> None:
        """Take an entry off the books of compensation (``keeping``), if it is there."""
        if key in self.undo.get(table, ()):
            left = {name: one for name, one in self.undo[table].items() if name != key}
            if left:
                self.undo[table] = left
            else:
                del self.undo[table]

    def drop_joins(self, scope: str) -> None:
        """Forget the tokens that are held in the joins of a scope."""
        self.joins.pop(scope, None)
        self.merges.pop(scope, None)

    def set_scope(self, scope: str, column: int, value: Any) -> None:
        """Replace one column of a scope."""
        self.own(scope)[column] = value

    def count(self, scope: str, more: int) -> int:
        """Add to what is going on in a scope; return how much that is now."""
        row = self.own(scope)
        row[COUNT] += more
        return int(row[COUNT])

    def own(self, scope: str) -> Row:
        """Return the row of a scope, to be changed in place by this run only."""
        row = self.scopes[scope]
        if scope not in self._own:
            row = self.scopes[scope] = row.copy()
            self._own.add(scope)
        return row

    def take_ownership(self, mark: str) -> bool:
        """Return whether this run sees a table for the first time and so must copy it."""
        if mark in self._own:
            return False
        self._own.add(mark)
        return True

    def children(self, scope: str) -> list[tuple[str, bool]]:
        """Return what lies directly in a scope: (name, whether it is a token), in fixed order.

        The index is made at the first question of a command and kept from then on.
        """
        if self._inside is None:
            self._inside = {}
            for name, token in self.tokens.items():
                self._inside.setdefault(token[T_SCOPE], {})[name, True] = None
            for name, row in self.scopes.items():
                self._inside.setdefault(row[PARENT], {})[name, False] = None
        return sorted(self._inside.get(scope, ()), key=self._rank)

    def _rank(self, child: tuple[str, bool]) -> tuple[str, int, int, bool]:
        name, is_token = child
        if is_token:
            token = self.tokens[name]
            return token[T_ELEMENT], token[T_NTH], token[T_INSTANCE] or 0, True
        row = self.scopes[name]
        return row[ELEMENT], row[NTH], row[INSTANCE] or 0, False
