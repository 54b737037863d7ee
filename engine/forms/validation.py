"""Judge data by a form, or by nothing but what JSON may hold.

Every fault is told at once, each as a finding ``{code, key, message, hint, …}``
whose ``code`` pages translate; a value that passes comes back in one canonical
shape, so that equal answers are equal bytes in the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.forms.fields import Fault, accept, blank, demand_items, is_empty
from engine.forms.model import Component, Form, fields_of
from engine.forms.values import Finding, faults, finding, name_faults, refuse

MAX_ROWS = 100
MAX_KEYS = 500


def validate(
    form: Form,
    data: Mapping[str, Any],
    *,
    partial: bool = False,
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return ``data`` in canonical shape if ``form`` accepts them.

    Args:
        form: the form.
        data: what was sent, by key.
        partial: True = a draft: what is required may still be missing.
        known: other values that conditions and choices may name: the data
            visible at the task, and ``outcome``.

    Returns:
        The accepted values in the form's order; keys that were not sent stay away.

    Raises:
        InvalidData: something does not fit; one finding per fault, 50 at most.
    """
    refuse(faults(dict(data), ""), "The data cannot be stored.")
    judgement = _Judgement({**(known or {}), **data}, partial=partial)
    away = hidden(form, judgement.names)
    clean = judgement.judge(tuple(form.fields()), data, away, "")
    refuse(judgement.found, "The data do not fit the form.")
    return clean


def validate_free(
    data: Mapping[str, Any], *, writes: Iterable[str] | None = None
) -> dict[str, Any]:
    """Return ``data`` if they may be written by a task without a form.

    Args:
        data: what was sent, by key.
        writes: the only keys allowed; None = any.

    Raises:
        InvalidData: a key is not allowed or a value cannot be stored.
    """
    if len(data) > MAX_KEYS:
        message = f"More than {MAX_KEYS} data at once."
        refuse([finding("too-many", "", message, "Send fewer.", limit=MAX_KEYS)], message)
    refuse(faults(dict(data), ""), "The data cannot be stored.")
    if writes is not None:
        allowed = list(writes)
        unknown = [_unknown(key, allowed) for key in data if key not in allowed]
        refuse(unknown, "The task does not write these data.")
    return dict(data)


def hidden(form: Form, names: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys that are hidden while ``names`` have these values."""
    return frozenset(_hidden(form.components, names, inherited=False))


def _hidden(
    parts: tuple[Component, ...], names: Mapping[str, Any], *, inherited: bool
) -> Iterator[str]:
    for one in parts:
        away = inherited or (one.hide is not None and one.hide.holds(names))
        if one.type == "group":
            yield from _hidden(one.parts, names, inherited=away)
        elif away:
            yield one.key


class _Judgement:
    """One pass over what was sent.

    Attributes:
        names: what conditions and choices may name.
        found: the faults so far.
    """

    def __init__(self, names: Mapping[str, Any], *, partial: bool) -> None:
        self.names, self.partial = names, partial
        self.found: list[Finding] = []

    def judge(
        self,
        fields: tuple[Component, ...],
        data: Mapping[str, Any],
        away: frozenset[str],
        path: str,
    ) -> dict[str, Any]:
        """Return the accepted values of the object ``data``; faults go to ``found``."""
        by_key = {one.key: one for one in fields}
        for key, value in data.items():
            self.found += _not_asked(by_key, key, value, away, path)
        clean: dict[str, Any] = {}
        for one in fields:
            if one.key in data and not one.readonly and one.key not in away:
                self._field(one, data[one.key], path + one.key, clean)
            elif self._fills(one, away, path):
                clean[one.key] = one.default
            elif self._is_missing(one, away):
                self._require(path + one.key)
        return clean

    def _fills(self, one: Component, away: frozenset[str], path: str) -> bool:
        """Whether the default is the answer; what the case has already stays as it is."""
        known = not path and one.key in self.names
        return one.fills and not (known or self.partial or one.readonly or one.key in away)

    def _is_missing(self, one: Component, away: frozenset[str]) -> bool:
        return one.required and not (one.readonly or one.key in away or self.partial)

    def _require(self, key: str) -> None:
        self.found.append(finding("required", key, "An answer is required.", "Fill it in."))

    def _field(self, one: Component, value: Any, key: str, clean: dict[str, Any]) -> None:
        if is_empty(one, value):
            if one.required and not self.partial:
                self._require(key)
            else:
                clean[one.key] = blank(one, value)
        elif one.type == "dynamiclist":
            clean[one.key] = self._rows(one, value, key)
        elif one.type == "object":
            clean[one.key] = self._object(one, value, key)
        else:
            try:
                clean[one.key] = accept(one, value, self.names)
            except Fault as fault:
                self.found.append(fault.at(key))

    def _object(self, one: Component, value: Any, key: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            fault = Fault("wrong-type", "An object is expected.", "Send an object.")
            self.found.append(fault.at(key))
            return {}
        away = frozenset(_hidden(one.parts, {**self.names, **value}, inherited=False))
        return self.judge(tuple(fields_of(one.parts)), value, away, f"{key}.")

    def _rows(self, one: Component, value: Any, key: str) -> list[dict[str, Any]]:
        fault = Fault("wrong-type", f"At most {MAX_ROWS} rows are expected.", "Send objects.")
        if not isinstance(value, list) or len(value) > MAX_ROWS:
            self.found.append(fault.at(key))
            return []
        try:
            demand_items(one, len(value))
        except Fault as count:
            self.found.append(count.at(key))
        rows = []
        for index, row in enumerate(value):
            place = f"{key}[{index}]"
            if isinstance(row, dict):
                names = {**self.names, **row}
                away = frozenset(_hidden(one.parts, names, inherited=False))
                rows.append(self.judge(one.parts, row, away, f"{place}."))
            else:
                self.found.append(fault.at(place))
        return rows


def _not_asked(
    by_key: Mapping[str, Component],
    key: str,
    value: Any,
    away: frozenset[str],
    path: str,
) -> Iterator[Finding]:
    if key not in by_key:
        unknown = _unknown(key, [name for name, one in by_key.items() if not one.readonly])
        yield {**unknown, "key": path + unknown["key"]}
    elif by_key[key].readonly:
        hint = "Leave it out; the form only shows it."
        yield finding("readonly", path + key, "The field cannot be changed here.", hint)
    elif key in away and not is_empty(by_key[key], value):
        hint = "Leave it out, or change the answer it depends on."
        message = "The field is not asked with these answers."
        yield finding("hidden", path + key, message, hint)


def _unknown(key: str, allowed: list[str]) -> Finding:
    bad = list(name_faults(key, ""))
    if bad:
        return bad[0]
    shown = ", ".join(sorted(allowed)[:20]) or "none"
    return finding("unknown-key", key[:100], "There is no such field here.", f"Accepted: {shown}.")
