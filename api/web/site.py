"""The pages put together: their routes, and what every template may use."""

from __future__ import annotations

from flask import Flask

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
    frame,
    inbox,
    incidents,
    language,
    people,
    prints,
    public,
    registers,
    replays,
    returns,
    search,
    signing,
    splits,
    start,
    tasks,
    times,
    trials,
    unsent,
)


def install(app: Flask) -> None:
    """Add the pages to ``app``."""
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
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(frame.context)
    for module in (
        signing,
        inbox,
        tasks,
        unsent,
        returns,
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
        trials,
        designs,
        incidents,
    ):
        app.register_blueprint(module.pages)
