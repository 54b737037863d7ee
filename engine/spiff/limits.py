"""What a version of this executor's behaviour promises, and how much it may do."""

from __future__ import annotations

SEMANTICS = 1

MAX_ENTRIES = 10_000
"""Elements entered by one command."""

MAX_INSTANCES = 1_000
"""Instances of one multi-instance activity."""

MAX_OPEN = 10_000
"""Tasks and scopes that one case may hold open."""

MAX_DEPTH = 50
"""Scopes within scopes; a process that calls itself ends here."""
