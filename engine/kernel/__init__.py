"""The token kernel: what runs a diagram unless told otherwise.

A case is a marking: which elements hold a token, which scopes are open, what is
waited for. A command moves tokens until everything waits again. Rules of the
order in which that happens stand at the functions that keep them; the layout of
the marking is in ``rows``, the step by step account of a visit in ``activities``.

Equal inputs give equal markings and equal events, whatever order the keys of a
stored marking come back in; nothing here reads a clock, a database or a random
number.
"""

from __future__ import annotations

from engine.kernel.executor import Kernel

__all__ = ["Kernel"]
"""What the package gives to the layers above it."""
