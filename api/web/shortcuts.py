"""What somebody reports many times a day, begun from the inbox with one tap.

A start form that is sent by its choices (``submits``) is made for the street: its first
choice stands on the inbox of whoever's role starts the process.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.current import application
from api.web import diagrams, language
from engine import views
from engine.access import Actor
from engine.forms import Choice, Component, Form

MOST = 12


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A process with the choices that begin it.

    Attributes:
        field: the key of the field that is chosen first.
        choices: (value, words) of it.
    """

    process: str
    name: str
    field: str
    choices: tuple[tuple[str, str], ...]


def of(who: Actor) -> list[Shortcut]:
    """Return the shortcuts of a person: processes that name one of the person's roles."""
    found = []
    for one in views.all_definitions(application())["items"]:
        if not who.roles & set(one["starters"]):
            continue
        form = diagrams.start_form(one["key"])
        first = _first(form) if form else None
        if first is not None:
            name = language.pick(one["name"] or one["key"], one["name_en"])
            chosen = tuple((str(choice.value), _words(choice)) for choice in first.choices)
            found.append(Shortcut(one["key"], name, first.key, chosen[:MOST]))
    return found


def _first(form: Form) -> Component | None:
    """Return the first field of a form that is sent by its choices, if it is chosen from few."""
    parts = [one for one in form.fields() if not one.readonly]
    if not any(one.submits for one in parts) or not parts:
        return None
    return parts[0] if parts[0].type == "radio" and not parts[0].submits else None


def _words(choice: Choice) -> str:
    return language.pick(choice.label, choice.label_en)
