"""What the engine offers in decisions beside FEEL's own functions: the same as in BPMN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import feel
from engine.decisions.running import Run
from engine.scripts import Lookups, NoLookups
from engine.scripts.feel_functions import NAMES, offered

__all__ = ["NAMES", "functions"]


def functions(
    run: Run, data: Mapping[str, Any], lookups: Lookups | None, wanted: frozenset[str]
) -> dict[str, feel.Function]:
    """Return the functions of these names.

    Args:
        data: what ``value`` reads, in plain JSON.
        lookups: answers what lists and the organisation are asked; None knows nothing.
    """
    return offered(run.misfit, run.feel, data, lookups or NoLookups(), wanted)
