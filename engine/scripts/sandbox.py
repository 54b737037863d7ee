"""The sandbox: evaluates expressions and runs scripts, and says what is wrong with them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pydantic_monty

from engine.scripts import in_feel, reading
from engine.scripts.checks import Problem, examine
from engine.scripts.code import Code, Facts, facts
from engine.scripts.hosts import guarded
from engine.scripts.memo import KEPT, LONGEST, Key, Memo
from engine.scripts.names import HOST, PRELUDE
from engine.scripts.outcome import Budget, Failure, Lookups, Outcome
from engine.scripts.pool import Failed, Feed, Pool, Terms, failure_of
from engine.scripts.prelude import (
    COMPOSITE,
    FETCH,
    FETCH_SINGLE,
    FINISH,
    OPENING,
    RUN,
    RUN_AND_FETCH,
    VERSION,
    prelude,
    single,
)
from engine.scripts.reading import UNREAD, Around
from engine.scripts.values import Unfit, Walk, same

_OURS = frozenset({"type", "eval", "locals", "Exception"})
"""Built-in functions that our own pieces use; data of these names must come later."""


@dataclass(frozen=True, slots=True)
class _Passed:
    """What a session is given: data by name, our functions, look-ups, keys of renamed data."""

    inputs: dict[str, Any]
    functions: frozenset[str]
    hosts: frozenset[str]
    keys: dict[str, str]


class Sandbox:
    """Runs what designers write; one for each process, safe for several threads.

    Outcomes depend on the arguments and ``version`` alone, except for limits, which
    are measured on the wall clock: record every outcome and never evaluate again what
    has been recorded.
    """

    def __init__(self, *, processes: int = 2, binary: str | None = None) -> None:
        """Set up; workers start with the first call. The arguments are those of ``Pool``."""
        self._pool = Pool(processes=processes, binary=binary)
        self._memo = Memo()
        self._sound: set[tuple[str, str]] = set()

    @property
    def version(self) -> str:
        """The interpreter's version and that of our prelude, as text."""
        return f"pydantic-monty {pydantic_monty.__version__}, prelude {VERSION}"

    def close(self) -> None:
        """End the workers; the next call would start new ones."""
        self._pool.close()

    def expressions(
        self,
        codes: Sequence[Code],
        inputs: Mapping[str, Any],
        *,
        now: datetime,
        seed: str,
        lookups: Lookups,
        budget: Budget,
    ) -> list[Outcome]:
        """Return one outcome for each expression, in order: one that fails loses no other.

        Args:
            codes: of mode ``expression``.
            inputs: JSON values; only the names that a code mentions are read.
            now: aware; what ``now()`` returns.
            seed: of random numbers; the same seed gives the same ones.
            lookups: answers ``lookup``, ``rows``, ``unit``, ``unit_at``, ``department``.
            budget: what the command has left; taken from.

        Raises:
            SandboxUnavailable: the machine failed, not the code.
        """
        terms = Terms(now, seed, budget)
        outcomes: dict[int, Outcome] = {}
        groups: dict[object, list[int]] = {}
        keys: dict[int, Key | None] = {}
        around = _around(codes, now, lookups)
        for index, code in enumerate(codes):
            if code.feel is not None:
                outcomes[index] = in_feel.evaluate(code.feel, inputs, now, seed, lookups)
                continue
            found = facts(code.text, code.mode)
            if found.mistake:
                outcomes[index] = _unreadable(code, found)
                continue
            value = reading.read(code.text, inputs, around)
            if value is not UNREAD:
                outcomes[index] = Outcome(value)
                continue
            keys[index] = self._memo.key(code, found, inputs)
            known = self._memo.find(keys[index])
            if known is not None:
                outcomes[index] = known
            else:
                groups.setdefault(_group(index, found, inputs), []).append(index)
        for members in groups.values():
            results = self._batch([codes[i] for i in members], inputs, terms, lookups)
            for index, outcome in zip(members, results, strict=True):
                outcomes[index] = outcome
                self._memo.keep(keys[index], outcome)
        return [outcomes[index] for index in range(len(codes))]

    def _batch(
        self, codes: list[Code], inputs: Mapping[str, Any], terms: Terms, lookups: Lookups
    ) -> list[Outcome]:
        found = [facts(code.text, code.mode) for code in codes]
        passed = _passed(found, inputs)
        sources = [one.source for one in found]
        alone = len(codes) == 1 and "type" not in passed.inputs
        talk = _talk_of_one(sources[0], passed) if alone else _talk_of_many(sources, passed)
        try:
            return [
                _outcome(one, code)
                for one, code in zip(self._run(talk, terms, passed, lookups), codes, strict=True)
            ]
        except Failed as failed:
            if len(codes) == 1:
                return [Outcome(error=_placed(failed.failure, codes[0], 0))]
        # Something took the whole batch with it: each alone shows which one it was.
        return [self._batch([code], inputs, terms, lookups)[0] for code in codes]

    def script(
        self,
        code: Code,
        inputs: Mapping[str, Any],
        *,
        now: datetime,
        seed: str,
        lookups: Lookups,
        budget: Budget,
    ) -> Outcome:
        """Run a script; the arguments are those of ``expressions``.

        Returns:
            An outcome whose value is a dict of the variables that the script made or
            changed, also inside of an input; one that equals the input is not among
            them. Functions and modules that it made are left out, and so is every
            name that begins with an underscore.

        Raises:
            SandboxUnavailable: the machine failed, not the code.
        """
        found = facts(code.text, code.mode)
        if found.mistake:
            return _unreadable(code, found)
        variables_read = reading.run(code.text, inputs, _around([code], now, lookups))
        if variables_read is not UNREAD:
            return Outcome(variables_read)
        passed = _passed([found], inputs)
        opening = _opening(passed)
        skip = sorted(found.made | passed.hosts | {"__values"})
        begun = 0 if _OURS & passed.inputs.keys() else opening.count("\n")
        body = f"{found.source}{FINISH}"
        given = {**passed.inputs, "__skip": skip}

        def talk(feed: Feed) -> list[Any]:
            variables: list[Any] = _fed(feed, opening, body, given)
            return variables

        try:
            variables = self._run(talk, Terms(now, seed, budget), passed, lookups)
        except Failed as failed:
            return Outcome(error=_placed(failed.failure, code, begun))
        return _written(variables, inputs, passed)

    def check(self, code: Code) -> Problem | None:
        """Say what is wrong with a code before it is deployed; nothing of it runs.

        A text that was sound once is not looked at again: every deployment brings them all.

        Raises:
            SandboxUnavailable: the machine failed, not the code.
        """
        key = (code.text, code.mode)
        if code.feel is None and key in self._sound:
            return None
        problem = examine(code)
        if problem is None and code.feel is None:
            problem = self._compile(code)
            if problem is None and len(code.text) <= LONGEST and len(self._sound) < KEPT:
                self._sound.add(key)
        return problem

    def _compile(self, code: Code) -> Problem | None:
        found = facts(code.text, code.mode)
        text = f"({found.source}\n)" if code.mode == "expression" else found.source
        try:
            self._pool.run(
                # The division stops it before the designer's first line; only a text
                # that does not compile fails in another way.
                lambda feed: feed(f"1/0\n{text}", {}),
                Terms(datetime(2000, 1, 1, tzinfo=UTC), "", Budget()),
            )
        except Failed as failed:
            if failed.failure.type == "ZeroDivisionError":
                return None
            placed = _placed(failed.failure, code, 1)
            return Problem(placed.line, placed.message, "The sandbox knows a part of Python only.")
        return None

    def _run(
        self,
        talk: Callable[[Feed], list[Any]],
        terms: Terms,
        passed: _Passed,
        lookups: Lookups,
    ) -> list[Any]:
        trouble: list[Exception] = []
        functions = {name: guarded(name, lookups, trouble) for name in passed.hosts}
        try:
            return self._pool.run(talk, replace(terms, functions=functions))
        finally:
            # What fails in a look-up for another reason than its arguments is the
            # machine's, and no script may catch it.
            if trouble:
                raise trouble[0]


def _around(codes: Iterable[Code], now: datetime, lookups: Lookups) -> Around:
    """Return what texts that are read here may ask; what fails there fails again in the sandbox."""
    asked = {name for code in codes for name in facts(code.text, code.mode).calls & HOST}
    return Around(now, {name: guarded(name, lookups, []) for name in asked})


def _talk_of_one(source: str, passed: _Passed) -> Callable[[Feed], list[Any]]:
    body = single(source, prelude(passed.functions))

    def talk(feed: Feed) -> list[Any]:
        result = feed(body, passed.inputs)
        # Nested values take a second look, which plain ones need not pay for.
        kept = feed(FETCH_SINGLE, {}) if result[0] == 2 else []
        return [_result(result, kept)]

    return talk


def _talk_of_many(sources: list[str], passed: _Passed) -> Callable[[Feed], list[Any]]:
    opening, given = _opening(passed), {**passed.inputs, "__codes": sources}
    body = RUN_AND_FETCH if passed.functions & COMPOSITE else RUN

    def talk(feed: Feed) -> list[Any]:
        results, kept = _fed(feed, opening, body, given)
        if kept is None and any(one[0] == 2 for one in results):
            kept = feed(FETCH, {})
        return [_result(one, kept) for one in results]

    return talk


def _opening(passed: _Passed) -> str:
    return prelude(passed.functions) or f"{OPENING}\n"


def _fed(feed: Feed, opening: str, body: str, inputs: dict[str, Any]) -> Any:
    # Inputs are bound before a piece begins, so they would cover what it needs.
    if _OURS & inputs.keys():
        feed(opening, {})
        return feed(body, inputs)
    return feed(opening + body, inputs)


def _group(index: int, found: Facts, inputs: Mapping[str, Any]) -> object:
    if found.alone:
        return index
    # A datum called like one of our functions hides it from the others of its group.
    return frozenset(name for name in found.conflicts & found.reads if name in inputs)


def _passed(found: Iterable[Facts], inputs: Mapping[str, Any]) -> _Passed:
    given: dict[str, Any] = {}
    keys: dict[str, str] = {}
    values: dict[str, Any] = {}
    mentioned: set[str] = set()
    for one in found:
        mentioned |= (one.reads | one.calls) - one.made
        for name in one.reads - given.keys():
            if name.startswith("__"):
                continue
            key = _key(name, inputs)
            if key is not None:
                given[name], keys[name] = inputs[key], key
        values.update({name: inputs[name] for name in one.literals if name in inputs})
    mentioned -= given.keys()
    if "value" in mentioned:
        given["__values"] = values
    return _Passed(given, frozenset(mentioned & PRELUDE), frozenset(mentioned & HOST), keys)


def _key(name: str, inputs: Mapping[str, Any]) -> str | None:
    if name in inputs:
        return name
    if name.isascii() and all(key.isascii() for key in inputs):
        return None
    fits = (key for key in inputs if unicodedata.normalize("NFKC", key) == name)
    return next(fits, None)


def _result(one: tuple[Any, ...], kept: list[Any]) -> tuple[Any, ...]:
    if one[0] != 2:
        return one
    bad, value = kept[one[1]]
    return (1, "TypeError", f"the value is or holds {_article(bad)}") if bad else (0, value)


def _article(bad: str) -> str:
    return bad if bad.startswith("more") else f"a {bad}, which is no data"


def _outcome(result: tuple[Any, ...], code: Code) -> Outcome:
    if result[0] == 1:
        return Outcome(error=_placed(failure_of(result[1], result[2]), code, 0))
    try:
        return Outcome(Walk().plain(result[1]))
    except Unfit as unfit:
        failure = Failure("error", "ValueError", f"The value cannot be kept: {unfit}.")
        return Outcome(error=_placed(failure, code, 0))


def _written(variables: list[Any], inputs: Mapping[str, Any], passed: _Passed) -> Outcome:
    walk, written = Walk(), {}
    for name, bad, value in variables:
        if bad and name in passed.functions and name not in passed.inputs:
            continue
        if bad:
            message = f"The variable {name!r} is or holds {_article(bad)}."
            return Outcome(error=Failure("error", "TypeError", message))
        try:
            plain = walk.plain(value)
        except Unfit as unfit:
            message = f"The variable {name!r} cannot be kept: {unfit}."
            return Outcome(error=Failure("error", "ValueError", message))
        key = passed.keys.get(name, name)
        if key not in inputs or not same(plain, inputs[key]):
            written[key] = plain
    return Outcome(written)


def _unreadable(code: Code, found: Facts) -> Outcome:
    assert found.mistake is not None
    mistake = found.mistake
    failure = Failure("error", "SyntaxError", mistake.message, mistake.line)
    return Outcome(error=replace(failure, line=_in_file(code, mistake.line)))


def _placed(failure: Failure, code: Code, begun: int) -> Failure:
    """Return the failure with its line counted in the file, or in the designer's text.

    ``begun`` lines of ours stood before the text.
    """
    if code.mode == "expression" and begun == 0:
        return replace(failure, line=code.line)
    found = facts(code.text, code.mode)
    line = failure.line - begun if failure.line is not None else 0
    if not 1 <= line <= found.source.count("\n") + 1:
        return replace(failure, line=code.line)
    return replace(failure, line=_in_file(code, line + found.skipped))


def _in_file(code: Code, line: int) -> int:
    return line if code.line is None else code.line + line - 1
