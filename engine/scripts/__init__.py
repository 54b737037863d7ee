"""Conditions and scripts of designers, run in a sandbox with limits.

What designers write is untrusted code. It is evaluated nowhere but here: in
pydantic-monty, a Python subset interpreter in a worker process, with limits on
time and memory, a frozen clock and a seed. ``Code`` is a text, ``Sandbox`` runs
it, ``check`` says before deployment what is wrong with it.
"""

from __future__ import annotations

from engine.scripts.code import Code

__all__ = ["Code"]
