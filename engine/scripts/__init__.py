"""Conditions and scripts of designers, run in a sandbox with limits.

What designers write is untrusted code. It is evaluated nowhere but here: in
pydantic-monty, a Python subset interpreter in worker processes, with limits on
time and memory, a frozen clock and a seed. ``Code`` is a text, ``Sandbox`` runs
it, ``Sandbox.check`` says before deployment what is wrong with it.

It is a sandbox of the language, not a jail: the workers run with our rights. A
server can start them through a wrapper that takes rights away (``Pool``).
"""

from __future__ import annotations

from engine.scripts.checks import Problem, examine
from engine.scripts.code import Code
from engine.scripts.names import RESERVED
from engine.scripts.outcome import Budget, Failure, Lookups, NoLookups, Outcome, truth
from engine.scripts.sandbox import Sandbox

__all__ = [
    "RESERVED",
    "Budget",
    "Code",
    "Failure",
    "Lookups",
    "NoLookups",
    "Outcome",
    "Problem",
    "Sandbox",
    "examine",
    "truth",
]
