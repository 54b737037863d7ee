"""Phrases (常用语) that are offered beside the text fields of a task.

They stand in the list ``opinion_templates``; one that is chosen is added to what was typed
when the page is sent, so no script is needed.
"""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from api.current import application
from engine.commands import JsonObject

LIST = "opinion_templates"
PREFIX = "phrase."
MOST = 50


def offered(task: JsonObject) -> list[tuple[str, str]]:
    """Return (Chinese, English) of the phrases for a task, in the order of the list.

    A row without a step is for all tasks; else it names ``element`` or ``process.element``.
    """
    known = application().references.active.get(LIST)
    steps = {None, "", task["element"], f"{task['process']}.{task['element']}"}
    rows = [] if known is None else [one for one in known.rows if one.get("step") in steps]
    return [(str(one["text_zh"]), str(one["text_en"])) for one in rows[:MOST]]


def added(form: MultiDict[str, str]) -> MultiDict[str, str]:
    """Return what was sent with each chosen phrase at the end of its text."""
    sent = form.copy()
    for name in [one for one in sent if one.startswith(PREFIX)]:
        phrase, field = sent.pop(name), name.removeprefix(PREFIX)
        if phrase:
            sent[field] = "\n".join(one for one in (sent.get(field, "").strip(), phrase) if one)
    return sent
