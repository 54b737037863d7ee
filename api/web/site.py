"""The pages put together: their routes, and what every template may use."""

from __future__ import annotations

from types import CodeType

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

from api.web import (
    accesses,
    admin,
    batches,
    board,
    case_files,
    cases,
    decisions,
    designer,
    designs,
    diagrams,
    differences,
    examples,
    frame,
    inbox,
    incidents,
    judged,
    language,
    moves,
    people,
    prints,
    public,
    registers,
    replays,
    returns,
    search,
    signing,
    splits,
    spoken,
    start,
    tasks,
    times,
    trials,
    unsent,
)


class _Compiled(BytecodeCache):
    """Templates compiled in this process, for every application that it makes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code of the same text."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a text."""
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


def install(app: Flask) -> None:
    """Add the pages to ``app``."""
    _teach(app)
    for module in (
        signing,
        inbox,
        tasks,
        unsent,
        returns,
        moves,
        cases,
        case_files,
        accesses,
        admin,
        batches,
        board,
        decisions,
        splits,
        start,
        people,
        prints,
        public,
        registers,
        replays,
        search,
        designer,
        differences,
        examples,
        trials,
        designs,
        incidents,
    ):
        app.register_blueprint(module.pages)


def _teach(app: Flask) -> None:
    """Give the templates their words, filters and what stands in the frame of every page."""
    app.jinja_env.bytecode_cache = _COMPILED
    app.jinja_env.globals.update(
        t=language.text,
        language=language.chosen,
        name_of=language.pick,
        shown=language.shown,
        is_known=language.known,
    )
    app.jinja_env.filters.update(
        moment=times.moment,
        due=times.due,
        plain=times.plain,
        remaining=times.remaining,
        unit=diagrams.unit,
        person=diagrams.person,
        notice=frame.notice,
        told=judged.told,
        spoken=spoken.sentence,
        advice=spoken.hint,
        refused=spoken.refusal,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(frame.context)
