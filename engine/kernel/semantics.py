"""What a version of the kernel's behaviour promises.

Version 1 is frozen with release 1.0. From then on old behaviour is a named
branch here, and running cases stay on theirs until they are moved.
"""

from __future__ import annotations

SEMANTICS = 1

MAX_ENTRIES = 10_000
"""Elements entered by one command."""

MAX_INSTANCES = 1_000
"""Instances of one multi-instance activity."""

MAX_OPEN = 10_000
"""Tokens and scopes that one case may hold open."""

MAX_KEPT = 2_000
"""Completed activities that one scope keeps to be compensated."""

MAX_DEPTH = 50
"""Scopes within scopes; a process that calls itself ends here."""
