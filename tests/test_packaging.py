import ast
import configparser
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")

# What a declared distribution brings and we name directly: its types are part of its face.
COMES_WITH = {
    "werkzeug": "flask",
    "pydantic-core": "pydantic",
    "pydantic-monty-client": "pydantic-monty",
}


def names_of(requirements):
    lines = [line for line in requirements.splitlines() if line.strip()]
    return {normal(re.split(r"[\[<>=!~ ]", line.strip())[0]) for line in lines}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_of_the_package_has_a_lower_and_an_upper_bound():
    lines = SETUP["options"]["install_requires"].strip().splitlines()

    without = [line for line in lines if not re.fullmatch(r"\S+ >=[\d.]+,<\d+", line)]

    assert without == []


def test_the_package_imports_exactly_what_it_declares():
    declared = names_of(SETUP["options"]["install_requires"])
    used = set()
    for path in [*ROOT.glob("engine/**/*.py"), *ROOT.glob("api/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                used |= {one.name.split(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                used.add(node.module.split(".")[0])
    foreign = used - set(sys.stdlib_module_names) - {"engine", "api"}
    # A module may come from several distributions; one of them must be declared.
    owners = packages_distributions()
    distributions = {
        next((n for n in map(normal, owners[one]) if n in declared), normal(owners[one][0]))
        for one in foreign
    }

    assert {COMES_WITH.get(one, one) for one in distributions} == declared


def test_the_lock_pins_each_thing_once_and_names_no_host():
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]

    assert [line for line in pins if not re.fullmatch(r"[\w.-]+==[\w.+!-]+", line)] == []
    assert len({normal(line.split("==")[0]) for line in pins}) == len(pins)
    assert [line for line in lines if "://" in line] == []


def test_the_lock_pins_everything_that_is_asked_for():
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    pinned = {normal(line.split("==")[0]) for line in lines if "==" in line}
    asked = names_of(SETUP["options"]["install_requires"])
    for extra in SETUP["options.extras_require"].values():
        asked |= names_of(extra)

    assert asked - pinned == set()


def test_make_alone_lists_the_five_commands_and_no_more():
    said = subprocess.run(
        ["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert [line.split()[1] for line in said] == ["run", "test", "lint", "bench", "docs"]
    assert [line for line in said if not re.fullmatch(r"make \w+ +\w.{20,}", line)] == []


def test_the_top_level_holds_only_what_the_architecture_names():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    allowed = {
        "engine", "processes", "api", "tests", "setup.cfg", "README.md", "README.zh-CN.md",
        "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml", "requirements.lock",
        "ruff.toml", "docs", "benchmarks", ".ci", ".gitignore",
    }  # fmt: skip
    assert {path.split("/")[0] for path in tracked} - allowed == set()


@pytest.mark.parametrize("folder", ["engine", "api"])
def test_no_file_is_longer_than_400_lines(folder):
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
        if "versions" not in path.parts  # migrations list tables, one after the other
    }

    assert {name: count for name, count in lengths.items() if count > 400} == {}


@pytest.mark.parametrize("folder", ["engine", "api"])
def test_no_function_is_longer_than_50_lines(folder):
    long = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in (ROOT / folder).rglob("*.py")
        if "versions" not in path.parts  # migrations list tables, one after the other
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - _body(node) >= 50
    ]

    assert long == []


def _body(node):
    """The line where the statements begin; signature and docstring are no code."""
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and node.body[1:]:
        return node.body[1].lineno
    return first.lineno


def test_every_module_of_the_engine_stands_in_a_layer():
    layers = SETUP["importlinter:contract:layers"]["layers"]
    placed = set(re.findall(r"engine\.(\w+)", layers))
    there = {
        path.stem
        for path in (ROOT / "engine").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem != "__init__"
    }

    assert there - placed == set()
