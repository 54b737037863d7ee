"""What is compiled does what the sources do, and nothing stale ever runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import compiled

ROOT = Path(__file__).parent.parent
ASKED = "from engine import compiled; from engine.kernel import run; print(compiled.state())"
NAMES = ["engine.kernel.run", "engine.history"]


def python(folder: Path | str, *words: str) -> str:
    """Return what a Python in the checkout prints that looks for a build in ``folder``."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "COMPILED": str(folder)},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def manifest(folder: Path, **other: object) -> None:
    told = {"suffix": compiled.SUFFIX, "sources": compiled.digests(NAMES), "files": {}}
    (folder / compiled.MANIFEST).write_text(json.dumps({**told, **other}), "utf-8")


@pytest.mark.parametrize(
    "other",
    [
        {"sources": {**compiled.digests(NAMES), "engine.history": "0" * 64}},
        {"sources": {"engine.no_longer_there": "0" * 64}},
        {"suffix": ".of-another-python.so"},
        {"sources": None},
    ],
    ids=["a source has changed", "a source is gone", "another Python", "half a build"],
)
def test_sources_are_taken_where_the_build_is_not_of_them(tmp_path, other):
    manifest(tmp_path, files={"engine.history": "engine/history.so"}, **other)

    assert python(tmp_path, "-c", ASKED) == "stale\n"


def test_without_a_build_the_sources_are_taken(tmp_path):
    assert (python(tmp_path, "-c", ASKED), python("off", "-c", ASKED)) == ("none\n", "none\n")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A build of the sources as they stand, made by the command."""
    folder = tmp_path_factory.mktemp("compiled") / "here"
    # The C code is that of every level; the compiler needs half the time for it.
    words = ("compile", "--quiet", "--optimise", "0")
    python(folder, "-c", "from engine.cli import main; main()", *words)
    return folder


@pytest.mark.slow
def test_the_kernel_that_was_compiled_writes_the_same_traces(built):
    kernel = sorted(str(one.relative_to(ROOT)) for one in ROOT.glob("tests/test_kernel_*.py"))

    assert python(built, "-c", ASKED) == "taken\n"
    shown = python(
        built, "-m", "pytest", "-q", "-p", "no:cacheprovider", *kernel, "tests/test_histories.py"
    )
    assert "failed" not in shown


@pytest.mark.slow
def test_a_source_that_changes_takes_the_build_out_of_use(built, tmp_path):
    told = json.loads((built / compiled.MANIFEST).read_bytes())
    told["sources"]["engine.kernel.run"] = "0" * 64
    (tmp_path / compiled.MANIFEST).write_text(json.dumps(told), "utf-8")
    for file in told["files"].values():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).symlink_to(built / file)

    assert python(tmp_path, "-c", ASKED) == "stale\n"
