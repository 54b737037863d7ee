"""A process that runs traces against an engine with a fault in it: ``python -m tests.planting``.

It loads once what no fault is in, then forks for each line of JSON on its stdin: `{module,
right, wrong, tests}`. The child reads the one module with the fault in it, nothing is written,
and runs the tests. For each line comes one on stdout: `{code, said}`, what pytest returned and
the end of what it printed.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

import engine.deadlines
import engine.decisions
import engine.feel
import engine.scripts  # noqa: F401

ROOMS = ("engine.kernel", "engine.bpmn.soundness")
"""Where faults are planted: nothing of it may be loaded before they are."""

LONG = "ten_thousand or never_ends or endless or more_instances"
"""Traces of limits take seconds; no fault is about them."""

OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "--noconftest", "-k", f"not ({LONG})"]


class Planted(importlib.machinery.SourceFileLoader):
    """Loads one module with another text in one place."""

    right = wrong = ""

    def get_code(self, fullname):
        text = Path(self.path).read_text("utf-8").replace(self.right, self.wrong)
        return compile(text, self.path, "exec")


class Finder:
    """Finds the module that has a fault before the one that has none is found."""

    def __init__(self, module, right, wrong):
        self.module, self.right, self.wrong = module, right, wrong

    def find_spec(self, name, path=None, target=None):
        if name != self.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        spec.loader = Planted(name, spec.origin)
        spec.loader.right, spec.loader.wrong = self.right, self.wrong
        return spec


def run(module=None, right="", wrong="", tests=()):
    """Run the tests in this process, which is at an end then; return pytest's status."""
    if module is not None:
        sys.meta_path.insert(0, Finder(module, right, wrong))
    status = int(pytest.main([*OPTIONS, *tests]))
    if module is not None and module not in sys.modules:
        print(f"No test has loaded {module}.")  # noqa: T201 - said to who planted it
        return 99
    return status


def apart(order):
    """Run one order in a child; return what came of it."""
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            status = run(**order)
            sys.stdout.flush()
            os._exit(status)
        _, ended = os.waitpid(child, 0)
        said.seek(0)
        return {"code": os.waitstatus_to_exitcode(ended), "said": said.read()[-2000:]}


def main():
    loaded = [name for name in sys.modules if name.startswith(ROOMS)]
    assert loaded == [], loaded
    for line in sys.stdin:
        print(json.dumps(apart(json.loads(line))), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
