"""Functions of contexts."""

from __future__ import annotations

from typing import Any

from engine.feel.builtins.registry import builtin
from engine.feel.run import Run
from engine.feel.values import kind


def _value(run: Run, context: dict[str, Any], key: str) -> Any:
    if key not in context:
        run.note(f"The context has no entry {key!r}.")
    return context.get(key)


def _entries(run: Run, context: dict[str, Any]) -> list[dict[str, Any]]:
    return run.listed([{"key": key, "value": value} for key, value in context.items()])


for _name in ("m", "context"):
    builtin("get value", f"{_name}: context, key: string")(_value)
    builtin("get entries", f"{_name}: context", "list<Any>")(_entries)


@builtin("context", "entries: list", "context")
def _context(run: Run, entries: list[Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for one in entries:
        if type(one) is not dict or type(one.get("key")) is not str or "value" not in one:
            run.note("context() takes a list of {key: …, value: …}.")
            return None
        if one["key"] in found:
            run.note(f"context() takes each key once, and {one['key']!r} is there twice.")
            return None
        found[one["key"]] = one["value"]
    run.room(len(found))
    return found


@builtin("context put", "context: context, key: string, value: any", "context")
def _put(run: Run, context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    run.room(len(context))
    return context | {key: value}


@builtin("context put", "context: context, keys: list, value: any", "context")
def _put_deep(
    run: Run, context: dict[str, Any], keys: list[Any], value: Any
) -> dict[str, Any] | None:
    if not keys or not all(type(one) is str for one in keys):
        run.note("context put() takes at least one key, all of them strings.")
        return None
    # The contexts on the way, outermost first.
    passed = [context]
    for one in keys[:-1]:
        inner = passed[-1].get(one, {})
        if type(inner) is not dict:
            run.note(f"The entry {one!r} is no context but {kind(inner)}.")
            return None
        passed.append(inner)
    for one, around in zip(reversed(keys), reversed(passed), strict=True):
        run.room(len(around))
        value = around | {one: value}
    return value if type(value) is dict else None


@builtin("context merge", "contexts: list", "context")
def _merge(run: Run, contexts: list[Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for one in contexts:
        if type(one) is not dict:
            run.note("context merge() takes a list of contexts.")
            return None
        found |= one
        run.room(len(found))
    return found
