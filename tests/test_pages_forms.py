"""Every form of the processes can be drawn, filled in and read on a phone, in both languages."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import g, render_template_string

from api import create_app
from api.web import fields
from api.web.fields import Sheet
from engine import deployments, forms, identities
from engine.cli.diagrams import read_files
from engine.forms.model import FIELDS
from tests.scenario_city import city
from tests.test_forms_lists import deploy, field
from tests.test_pages import CONTRAST, address, chromium, expect, people, shows

__all__ = ["address", "chromium", "people"]

ROOT = Path(__file__).parent.parent
FORMS = sorted((ROOT / "processes" / "forms").glob("*.json"))
PHONE = {"width": 390, "height": 844}
PAGE = """{% extends 'base.html' %}{% from 'fields.html' import one with context %}
{% block content %}<form class="card">{% for field in drawn %}{{ one(field) }}{% endfor %}</form>
{% endblock %}"""


def load(path):
    """A form with what the lists of the demo city offer."""
    rows = city().reference(datetime(2026, 9, 14, tzinfo=UTC)).in_force
    return forms.filled(forms.load(json.loads(path.read_bytes())), rows)


def page_of(server, form, language):
    """The form on a page of its own, empty but for what it shows."""
    data = {one.key: "示例" for one in form.fields() if one.readonly and one.type == "textfield"}
    with server.test_request_context(f"/?lang={language}"):
        g.pop("actor", None)
        drawn = fields.draw(form, Sheet(data))
        return render_template_string(PAGE, drawn=drawn, task=None)


def inputs(form):
    """The names under which a browser sends what a form asks for; files of lists aside."""
    names = set()
    for one in form.components:
        names |= names_of(one)
    return names


def names_of(one, prefix=""):
    if one.readonly:
        return set()
    if one.type == "group":
        return {name for part in one.parts for name in names_of(part)}
    if one.type == "dynamiclist":
        return {name for part in one.parts for name in names_of(part, f"{one.key}[0].")}
    is_choice_without_values = one.type in {"radio", "checklist", "taglist"} and not one.choices
    if not one.key or is_choice_without_values:
        return set()
    return {prefix + one.key}


def test_every_field_of_every_form_is_drawn(app):
    server = create_app(app)
    missing = {}
    for path in FORMS:
        form = load(path)
        html = page_of(server, form, "zh")
        sent = set(re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', html))
        missing[path.stem] = inputs(form) - sent

    assert {name: found for name, found in missing.items() if found} == {}


def test_every_label_and_choice_has_an_english_word():
    def walk(component):
        yield from (component, *component.get("values", []))
        for part in component.get("components", []):
            yield from walk(part)

    without = [
        (path.stem, one["label"])
        for path in FORMS
        for component in json.loads(path.read_bytes())["components"]
        for one in walk(component)
        if one.get("label") and not one.get("label_en")
    ]

    assert without == []


def test_every_kind_of_field_is_used_by_some_form_or_drawn_by_the_test_form():
    sample = json.loads((ROOT / "tests" / "pages" / "report_form.json").read_bytes())
    used = set()

    def walk(component):
        used.add(component["type"])
        for part in component.get("components", []):
            walk(part)

    for document in [sample, *(json.loads(one.read_bytes()) for one in FORMS)]:
        for component in document["components"]:
            walk(component)

    assert FIELDS - used == set()


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_form_fits_a_phone(app, people, address, language):
    page = people("street_dispatcher", viewport=PHONE, has_touch=True)
    page.goto("/me")
    server = create_app(app)
    wide, poor, small = [], [], []
    for path in FORMS:
        html = page_of(server, load(path), language).replace('href="/', f'href="{address}/')
        page.set_content(html)
        page.wait_for_load_state("load")
        if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            wide.append(path.stem)
        poor += page.evaluate(CONTRAST)
        small += page.evaluate(
            """[...document.querySelectorAll('form button, select, input[type=text], textarea')]
               .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44)
               .map(one => one.outerHTML)"""
        )

    assert (wide, poor, small) == ([], [], [])


@pytest.mark.browser
def test_the_phone_says_where_it_is(people, app):
    from engine import deployments, identities
    from engine.cli.diagrams import read_files

    deployments.deploy(app, identities.operator(), read_files([ROOT / "processes"]))
    page = people(
        "grid_worker",
        viewport=PHONE,
        geolocation={"latitude": 39.90811, "longitude": 116.39745},
        permissions=["geolocation"],
    )
    page.goto("/start/whistle_report")

    page.click("button:text-is('用手机定位填写')")
    page.wait_for_function("document.querySelector('[name=lat]').value !== ''")

    expect(page.locator("[name=lat]")).to_have_value("39.908110")
    expect(page.locator("[name=lon]")).to_have_value("116.397450")


@pytest.mark.browser
def test_a_unit_is_picked_by_name_from_a_list_too_long_to_scroll(app, people):
    units = {"list": "org_units", "value": "id", "label": "name_zh", "label_en": "name_en"}
    deploy(app, {"type": "default", "id": "picks", "components": [field(units)]})
    page = people("admin", viewport=PHONE)

    page.goto("/start/picks")
    box = page.locator("#f-unit")
    expect(page.locator("#suggested-unit option")).to_have_count(307)
    box.fill("没有这个地方")
    page.click("button.main")
    expect(page.locator("#f-unit-fault")).to_have_text("不在今日有效的名单中，请从给出的选项中选")
    expect(box).to_have_value("没有这个地方")
    box.fill("鹤汀社区第2网格（99010100100101002）")
    page.click("button.main")
    shows(page, ".done", "已发起。")
    expect(page.locator("dl.data dd").first).to_have_text("鹤汀社区第2网格")


@pytest.mark.browser
def test_a_supervision_names_its_unit_from_the_list(app, people):
    deployments.deploy(app, identities.operator(), read_files([ROOT / "processes"]))
    page = people("district_inspector")

    page.goto("/start/supervision")
    page.select_option("[name=responsible_unit]", label="区城市管理局(综合执法局)")
    expect(page.locator("[name=responsible_unit]")).to_have_value("D04")
    page.goto("/start/supervision?lang=en")
    page.select_option("[name=responsible_unit]", label="District Emergency Management Bureau")
    expect(page.locator("[name=responsible_unit]")).to_have_value("D01")
