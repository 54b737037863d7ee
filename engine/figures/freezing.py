"""The topic ``collect-figures``: figures as they are now, frozen into a case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from engine import rates, score_rules
from engine.calendar import LOCAL
from engine.clock import text
from engine.columns import day
from engine.figures.counting import Counted
from engine.figures.reading import Reading
from engine.ports import Application
from engine.store import read_case

JsonObject = dict[str, Any]


def collect(app: Application, case_id: str, data: JsonObject) -> JsonObject:
    """Return figures of a unit and a period as ``figures``, by code, and their points.

    Each is ``{value, text, numerator, denominator, n}``: the printed value as a number and
    as text. ``points`` gives what each metric of a rule set gets, ``score`` their sum.

    Args:
        data: ``unit`` (else the case's own), ``since`` and ``until`` (local days, the
            last left out), ``codes`` (a list, or a text with ``;``; all if left out),
            ``ruleset`` of the list ``score_rules``.
    """
    with app.database.reading() as tx:
        reading = Reading(app, tx)
        unit = data.get("unit")
        if not unit:
            row = read_case(tx, case_id)
            unit = row.unit if row else None
        since, until = _day(data.get("since"), "since"), _day(data.get("until"), "until")
        window = reading.window(str(unit), since, until)
        rules = reading.book.rules.get(str(data.get("ruleset")), ())
        asked = codes_of(data.get("codes")) or list(reading.book.figures)
        wanted = dict.fromkeys(
            [*asked, *(one.metric for one in rules if one.kind in score_rules.RATED)]
        )
        found = {
            code: reading.count(reading.book.named(code), str(unit), window) for code in wanted
        }
        at = reading.ground.now
    values = {code: one.value for code, one in found.items()}
    score = score_rules.score(rules, values)
    return {
        "figures": {code: frozen(one) for code, one in found.items()},
        "points": {
            rule.metric: None
            if (value := values[rule.metric]) is None
            else float(rule.points(value))
            for rule in rules
            if rule.kind in score_rules.RATED
        },
        "score": None if score is None else float(score),
        "collected_at": text(at.astimezone(LOCAL)),
    }


def frozen(counted: Counted) -> JsonObject:
    """Return a figure as plain JSON."""
    return {
        "value": None if counted.value is None else float(counted.value),
        "text": counted.text,
        "numerator": rates.plain(counted.rate.numerator),
        "denominator": rates.plain(counted.rate.denominator),
        "n": counted.n,
    }


def codes_of(value: Any) -> list[str]:
    """Return the codes in a list, or in a text with ``;`` between them."""
    if value is None:
        return []
    parts: Iterable[Any] = value if isinstance(value, list) else str(value).split(";")
    return [str(one).strip() for one in parts if str(one).strip()]


def _day(value: Any, name: str) -> date:
    """Return a day given as ``2026-09-01`` or as a moment.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a day such as 2026-09-01")
    if len(value) > len("2026-09-01"):
        return datetime.fromisoformat(value).astimezone(LOCAL).date()
    return day(value)
