"""What people rely on is documented, and what is documented is there."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import api
import engine
from engine import access, cases, events, settings, views
from engine.bpmn import extensions
from engine.bpmn.activities import CONSUMED
from engine.cli import COMMANDS, program
from engine.errors import EngineError
from engine.forms.model import FIELDS, STATIC
from engine.kernel import jobs
from engine.scripts.names import HOST, PRELUDE

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted(DOCS.glob("*.md"))]
KEBAB = re.compile(r"[a-z]+(-[a-z]+)*")


def text_of(name):
    return (DOCS / name).read_text("utf-8")


def section(name, heading):
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text_of(name), re.MULTILINE | re.DOTALL)
    assert found is not None, f"{name} has no section {heading}"
    return found[1]


def rows(text):
    """The cells of all tables, without their headings."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    ruled = [index for index, row in enumerate(cells) if set("".join(row)) <= set("- ")]
    heads = {index for rule in ruled for index in (rule - 1, rule)}
    return [[one.strip() for one in row] for index, row in enumerate(cells) if index not in heads]


def coded(text):
    return re.findall(r"`([^`]+)`", text)


def first_codes(text):
    """The names in the first column of all tables."""
    return [name for row in rows(text) for name in coded(row[0])]


# -- settings and commands ---------------------------------------------------------------


def test_each_setting_is_documented():
    tree = ast.parse(Path(settings.__file__).read_text("utf-8"))
    variables = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and re.fullmatch(r"[A-Z_]{4,}", str(node.value))
    }

    assert set(first_codes(text_of("settings.md"))) == variables


def test_the_documented_defaults_are_those_of_the_code():
    given = settings.Settings()
    shown = {"True": "on", "False": "off"}

    wrong = [
        (name, default)
        for name, default, _ in rows(text_of("settings.md"))
        if float_or(default.strip("`"))
        != float_or(shown.get(str(value := getattr(given, name.strip("`").lower())), str(value)))
    ]

    assert wrong == []


def float_or(text):
    return float(text) if re.fullmatch(r"[\d.]+", text) and text.count(".") < 2 else text


def test_each_command_is_documented():
    names = [name.split()[1] for name in first_codes(text_of("commands.md"))]

    assert names == list(COMMANDS)


def test_each_documented_option_of_a_command_exists():
    wrong = []
    for name, says in rows(text_of("commands.md")):
        command = program.get_command(None, coded(name)[0].split()[1])
        parts = [command, *getattr(command, "commands", {}).values()]
        known = {option for one in parts for parameter in one.params for option in parameter.opts}
        given = re.findall(r"--[a-z-]+", name + says)
        wrong += [(name, one) for one in given if one not in known]

    assert wrong == []


# -- HTTP ------------------------------------------------------------------------------


def with_braces(path):
    return re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", path)


def test_each_call_is_documented(app):
    server = api.create_app(app)
    calls = {
        f"{method} {with_braces(rule.rule.removeprefix('/api/v1'))}"
        for rule in server.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/")
    }
    described = {"GET /openapi.json", "GET /docs"}

    assert sorted(first_codes(text_of("api.md"))) == sorted(calls - described)


# -- refusals ---------------------------------------------------------------------------


def refusals() -> Iterator[type[EngineError]]:
    for package in (engine, api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in module.name:
                importlib.import_module(module.name)
    waiting = [EngineError]
    for one in waiting:
        # Tests may make some of their own.
        if one.__module__.partition(".")[0] in {"engine", "api"}:
            waiting += one.__subclasses__()
            yield one


def test_each_refusal_is_documented_with_its_status():
    of_http = {("method-not-allowed", 405), ("internal", 500)}

    documented = [(coded(row[0])[0], int(row[1])) for row in rows(section("errors.md", "Codes"))]

    assert sorted(documented) == sorted({(one.code, one.status) for one in refusals()} | of_http)


def test_the_codes_of_refusals_are_told_apart_by_kind():
    codes = [one.code for one in refusals()]

    assert sorted(codes) == sorted(set(codes))


SHARED = ("questions.py", "assignments.py", "notes.py")
"""What every executor stops with, beside the kernel's own."""


def test_each_incident_code_is_documented():
    found = set()
    engine = ROOT / "engine"
    for path in [*(engine / "kernel").glob("*.py"), *map(engine.joinpath, SHARED)]:
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found |= incident_codes(node)
    # Raised by the outbox, as a command.
    found |= {"delivery-failed"}

    assert set(first_codes(section("errors.md", "Incidents"))) == found


def incident_codes(call):
    """Codes given to Stuck or raise_incident, and those made of what a site asks for."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    texts = [one.value for one in call.args if isinstance(one, ast.Constant)]
    if name in {"Stuck", "raise_incident"}:
        return {str(one) for one in texts[:1] if KEBAB.fullmatch(str(one))}
    if name == "site":
        purposes = [
            two.value
            for one in call.args[1:2]
            for two in ast.walk(one)
            if isinstance(two, ast.Constant)
        ]
        # Nothing a designer wrote is evaluated for those two.
        return {f"{one}-failed" for one in purposes if one not in {"hold", "release"}}
    return set()


# -- findings about data ------------------------------------------------------------------


def test_each_finding_about_data_is_documented():
    found = set()
    for name in ("fields", "validation", "values"):
        tree = ast.parse((ROOT / "engine" / "forms" / f"{name}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if (
                called
                and node.func.id in {"Fault", "finding"}
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(node.args[0].value)

    assert set(first_codes(section("errors.md", "Findings about data"))) == found


# -- histories ------------------------------------------------------------------------------


def test_each_type_of_event_is_documented():
    assert sorted(first_codes(section("history.md", "Events"))) == sorted(events.FIELDS)


def test_each_member_of_an_entry_is_documented(app, who):
    answer = cases.start(app, who("grid_worker"), process="five_steps", data={})

    entry = views.history(app, who("auditor"), answer.body["id"])[0]

    assert set(first_codes(section("history.md", "One entry"))) == set(entry)


# -- access ------------------------------------------------------------------------------


def test_the_documented_rights_are_those_of_the_code():
    documented = {
        coded(row[0])[0]: set(coded(row[2])) for row in rows(section("access.md", "Actions"))
    }

    assert documented == {
        action: {role for right in rights for role in right.roles if role != "*"}
        for action, rights in access.RIGHTS.items()
    }


@pytest.mark.parametrize(
    ("begins", "roles"),
    [
        ("* colleagues", "DEPARTMENT_CASES"),
        ("* in its unit", "UNIT_CASES"),
        ("* everywhere", "EVERY_CASE"),
    ],
)
def test_the_documented_sight_is_that_of_the_code(begins, roles):
    line = next(one for one in section("access.md", "Cases").splitlines() if one.startswith(begins))

    assert set(coded(line)) == getattr(importlib.import_module("engine.access.rights"), roles)


# -- notation ----------------------------------------------------------------------------


def properties_read():
    """Names of extension properties that the reader, the kernel or the pages ask for."""
    found = set(CONSUMED) | {"end", "name_en", "supervises"}
    for path in (ROOT / "engine").rglob("*.py"):
        text = path.read_text("utf-8")
        found |= set(re.findall(r"properties\.get\(\s*\"(\w+)\"", text))
        found |= set(re.findall(r"properties\[\"(\w+)\"\]", text))
        found |= set(re.findall(r"_property\(\w+, \"(\w+)\"\)", text))
    return found - {"candidateStarterGroups"}


def test_each_extension_property_is_documented():
    documented = set(first_codes(section("notation.md", "Extension properties")))

    assert documented == properties_read()


def test_each_attribute_that_is_read_is_documented():
    read = set()
    for path in (ROOT / "engine" / "bpmn").glob("*.py"):
        text = path.read_text("utf-8")
        read |= set(re.findall(r"vendor\([a-z.]+, \"(\w+)\"\)", text))
        read |= set(re.findall(r"given\(\"(\w+)\"", text))
        read |= set(re.findall(r"read\(\"(\w+)\"", text))
    # Said in the standard's words, or only refused.
    read -= {"calledElement", "type"}
    documented = set(re.findall(r"`camunda:(\w+)`", text_of("notation.md")))

    assert read - documented == set()
    assert set(extensions._REFUSED_ATTRIBUTES) & documented == set()


def test_each_function_on_offer_is_documented():
    documented = {
        name.partition("(")[0]
        for name in first_codes(section("notation.md", "Expressions and scripts"))
    }

    assert documented == PRELUDE | HOST


def test_each_topic_is_documented():
    documented = first_codes(section("notation.md", "Topics of service tasks"))

    assert sorted(documented) == sorted({*jobs._TOPICS, *cases.TOPICS})


def test_each_component_of_forms_is_documented():
    first = section("notation.md", "Forms").strip().splitlines()[0]

    assert {one for one in coded(first) if one in FIELDS | STATIC} == FIELDS | STATIC


# -- links and files ------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))

    broken = [one for one in links if "://" not in one and not (page.parent / one).exists()]

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page):
    named = re.findall(
        r"`((?:engine|api|processes|tests|docs|benchmarks)/[\w./-]+)`", page.read_text("utf-8")
    )

    # Modules are named without their ending: a file may grow into a package.
    missing = [one for one in named if not ((ROOT / one).exists() or (ROOT / f"{one}.py").exists())]
    assert missing == []


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_leads_to_every_page(readme):
    text = (ROOT / readme).read_text("utf-8")
    link = r"([\w.-]+\.md)\)"
    reached = set(re.findall(rf"\(docs/{link}", text))
    reached |= {one for name in reached for one in re.findall(rf"\]\({link}", text_of(name))}

    assert reached == {path.name for path in DOCS.glob("*.md")}


def test_each_module_of_the_house_has_its_room():
    table = section("architecture.md", "Rooms")
    named = set(re.findall(r"`engine/(\w+)`", table)) | {"columns", "spreadsheets"}
    there = {
        path.stem for path in (ROOT / "engine").iterdir() if path.suffix == ".py" or path.is_dir()
    }

    assert {one for one in there if not one.startswith("__")} == named
