"""Forms as the people of a simulation fill them in.

Each field is filled by the plan's rule for its key, else by what its component
accepts; fields that are neither required nor named by a rule stay empty.

A rule is one of ``{"weights": {value: weight}}`` (``"number": true`` = the values
are numbers), ``{"one_of": [values]}``, ``{"constant": value}``, ``{"after": [amount,
unit]}`` (a moment so long after now), ``{"datum": name}`` (what the task shows under
that name), ``{"place": level}`` (a unit of that level around or below the starter's),
``{"people": [roles], "within": level, "count": n, "as": key}`` (rows of people who hold
a role within the unit of that level around the case) and
``{"row": list, "column": name, "where": {column: value or values}}``. It may name
``when``, a trait without which it is not used, and ``of``, roles of the starter for
whom it is meant. Of a list of rules the first that gives a value is taken.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from engine import deadlines, definitions, forms, lists, store
from engine.commands import JsonObject
from engine.demo.crowd import Crowd, Post
from engine.demo.plans import Plans
from engine.forms import Component, Form
from engine.forms.fields import choices_of
from engine.forms.model import CHOOSING
from engine.ports import Application

Rule = Mapping[str, Any]
Rules = Rule | Sequence[Rule]
Values = dict[str, Any]

UNIT = "@unit"
"""Under this name a rule finds the unit of the task's case."""
PHOTO = bytes.fromhex("89504e470d0a1a0a")
"""The beginning of a PNG file: all that a simulated photo holds."""

WORDS = ("已到现场核实，情况属实。", "已按规定处置，附照片。", "经协调已落实，后续跟进。")


class Papers:
    """Fills in forms.

    Args:
        app: the plan's process is deployed.
        plans: see ``plans``.
        crowd: knows the units.
        chance: where the dice come from.
    """

    def __init__(self, app: Application, plans: Plans, crowd: Crowd, chance: random.Random) -> None:
        self._app, self._plans, self._crowd, self._random = app, plans, crowd, chance
        self._usual = plans.fields()
        self._forms: dict[tuple[str, str], Form] = {}

    def start(self, person: Post, traits: Collection[str]) -> Values:
        """Return the data of a new report."""
        process, start = self._plans.own["process"], self._plans.own["start"]
        form = self._form(process, self._form_of(process, start))
        own = self._rules(process, start)
        rules = {**self._usual, **own}
        if form is None:
            return self._free(own, {}, traits, person)
        return self._fill(form, rules, {}, traits, person)

    def files(self, process: str, key: str | None, values: Values) -> list[JsonObject]:
        """Return a photo for each file that the values name."""
        if key is None:
            return []
        fields = self._read(process, key).fields()
        pickers = [one.key for one in fields if one.type == "filepicker"]
        ids = [one for name in pickers for one in values.get(name) or ()]
        return [_photo(one) for one in ids]

    def start_files(self, values: Values) -> list[JsonObject]:
        """Return the photos that a new report comes with."""
        process = self._plans.own["process"]
        return self.files(process, self._form_of(process, self._plans.own["start"]), values)

    def _form_of(self, process: str, element: str) -> str | None:
        with self._app.database.reading() as tx:
            version = definitions.version(tx, process)
            return definitions.process_of(tx, version).nodes[element].form

    def _form(self, process: str, key: str | None) -> Form | None:
        """Return a form of the newest version of a process."""
        if key is None:
            return None
        form = self._read(process, key)
        if not forms.has_sources(form):
            return form
        app = self._app
        with app.database.reading() as tx:
            return forms.filled(form, app.references.offered(tx, {}, app.clock.now()))

    def _read(self, process: str, key: str) -> Form:
        if (process, key) not in self._forms:
            with self._app.database.reading() as tx:
                files = definitions.version(tx, process).files
                file = next(one for one in files if (one["kind"], one["key"]) == ("form", key))
                content = store.get_blob(tx, file["sha256"])
            form, _ = forms.read(content, filename=file["filename"])
            assert form is not None, "what was deployed can be read"
            self._forms[process, key] = form
        return self._forms[process, key]

    def task(self, task: Mapping[str, Any], outcome: str | None, traits: Collection[str]) -> Values:
        """Return the data with which a task is completed."""
        own = self._rules(task["process"], task["element"])
        rules = {**self._usual, **own}
        form = self._form(task["process"], task["form"])
        known = {**task["data"], UNIT: task["unit"]}
        if form is None:
            return self._free(own, known, traits, None)
        known["outcome"] = outcome
        return self._fill(form, rules, known, traits, None)

    def _rules(self, process: str, element: str) -> Mapping[str, Rules]:
        rules: Mapping[str, Rules] = self._plans.rule(process, element).get("fields", {})
        return rules

    def _fill(
        self,
        form: Form,
        rules: Mapping[str, Rules],
        known: Mapping[str, Any],
        traits: Collection[str],
        person: Post | None,
    ) -> Values:
        values: Values = {}
        names, fields = {**known}, tuple(form.fields())
        away = forms.hidden(form, names)
        # Twice: an answer may bring up a question that stands before it.
        for one in (*fields, *fields):
            if one.readonly or one.key in values or one.key in away:
                continue
            value = self._by_rules(rules.get(one.key, ()), names, traits, person)
            if value is None and one.required:
                value = self._plain(one, names)
            if value is not None:
                values[one.key] = names[one.key] = value
                # An answer may also hide a question that was answered before it.
                away = forms.hidden(form, names)
        return {key: value for key, value in values.items() if key not in away}

    def _free(
        self,
        rules: Mapping[str, Rules],
        known: Mapping[str, Any],
        traits: Collection[str],
        person: Post | None,
    ) -> Values:
        given = {key: self._by_rules(one, known, traits, person) for key, one in rules.items()}
        return {key: value for key, value in given.items() if value is not None}

    def _plain(self, one: Component, names: Mapping[str, Any]) -> Any:
        """Something that the component accepts."""
        if one.type == "dynamiclist":
            parts = [part for part in one.parts if part.required and not part.readonly]
            return [{part.key: self._plain(part, names) for part in parts}]
        if one.type in CHOOSING:
            offered = [choice.value for choice in choices_of(one, names)]
            if not offered:
                return None
            chosen = self._random.choice(offered)
            return chosen if one.type in ("select", "radio") else [chosen]
        return self._simple(one)

    def _simple(self, one: Component) -> Any:
        if one.type == "checkbox":
            return True
        if one.type == "number":
            low = 1 if one.minimum is None else one.minimum
            number = int(low if one.maximum is None else min(low, one.maximum))
            return str(number) if one.as_text else number
        if one.type == "datetime":
            text = deadlines.local_text(self._app.clock.now().replace(microsecond=0))
            return {"date": text[:10], "time": text[11:16]}.get(one.subtype, text)
        if one.type == "filepicker":
            return [self._app.clock.new_id()]
        return self._random.choice(WORDS)[: one.max_length]

    def _by_rules(
        self, rules: Rules, names: Mapping[str, Any], traits: Collection[str], person: Post | None
    ) -> Any:
        for rule in [rules] if isinstance(rules, Mapping) else rules:
            is_meant = "of" not in rule or (person is not None and person.role in rule["of"])
            if is_meant and ("when" not in rule or rule["when"] in traits):
                value = self._by_rule(rule, names, person)
                if value is not None:
                    return value
        return None

    def _by_rule(self, rule: Rule, names: Mapping[str, Any], person: Post | None) -> Any:
        if "weights" in rule:
            weights = rule["weights"]
            chosen = self._random.choices(list(weights), list(weights.values()))[0]
            return int(chosen) if rule.get("number") else chosen
        if "one_of" in rule:
            return self._random.choice(rule["one_of"])
        if "after" in rule:
            amount, unit = rule["after"]
            calendar = self._app.references.calendar
            due = deadlines.due(self._app.clock.now(), amount, unit, calendar=calendar)
            return deadlines.local_text(due.at)
        if "datum" in rule:
            return names.get(rule["datum"])
        if "place" in rule:
            return None if person is None else self._place(rule["place"], person.unit)
        if "people" in rule:
            return self._people(rule, names[UNIT])
        if "row" in rule:
            return self._row(rule)
        return rule.get("constant")

    def _people(self, rule: Rule, unit: str) -> list[Values] | None:
        """Rows of people who hold one of some roles around the case; None if there are too few."""
        organisation, today = self._crowd.organisation, self._crowd.today
        around = organisation.unit_at(unit, rule["within"], today) or unit
        found = sorted(
            {
                person
                for place in organisation.below(around, today)
                for role in rule["people"]
                for person in organisation.people_with(role, place, today)
            }
        )
        if len(found) < rule["count"]:
            return None
        return [{rule["as"]: one} for one in self._random.sample(found, rule["count"])]

    def _place(self, level: str, unit: str) -> str:
        """A unit of a level around or below another; that itself if there is none."""
        organisation, today = self._crowd.organisation, self._crowd.today
        around = organisation.unit_at(unit, level, today)
        if around is not None:
            return around
        units = self._app.references.active["org_units"]
        below = [
            row["id"]
            for row in units.having("level", level)
            if units.is_in_force(row, today.isoformat())
            and organisation.within(row["id"], unit, today)
        ]
        return self._random.choice(below) if below else unit

    def _row(self, rule: Rule) -> Any:
        found = self._rows(rule["row"], rule.get("where", {}))
        return self._random.choice(found)[rule["column"]] if found else None

    def _rows(self, name: str, where: Mapping[str, Any]) -> list[lists.JsonRow]:
        version = self._app.references.active[name]
        return [
            row
            for row in version.in_force(self._crowd.today)
            if all(_matches(row[column], wanted) for column, wanted in where.items())
        ]


def _photo(attachment: str) -> JsonObject:
    """Return a file as a start or ``AddAttachment`` takes it."""
    return {
        "attachment": attachment,
        "name": {"name": "photo.png", "content": PHOTO.hex()},
        "media_type": "image/png",
        "size": len(PHOTO),
        "sha256": hashlib.sha256(PHOTO).hexdigest(),
    }


def _matches(cell: Any, wanted: Any) -> bool:
    return cell in wanted if isinstance(wanted, list) else cell == wanted
