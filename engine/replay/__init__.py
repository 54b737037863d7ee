"""Re-execute histories and compare; check their chains; refill what derives from them.

A recorded command is applied again with its recorded moment, actor, definitions
and evaluations; every event must come out byte for byte. ``replay`` and
``verify`` write nothing. ``rebuild`` throws away a case's rows and snapshot and
makes them anew from its history.
"""

from engine.replay.applying import Place, Step, applied, steps
from engine.replay.comparing import reevaluate, replay, replay_case
from engine.replay.differences import (
    Difference,
    all_ids,
    batched,
    case_ids,
    count_cases,
    first_difference,
)
from engine.replay.rebuilding import rebuild, refill
from engine.replay.standings import EVERY, Standing, keep, standing_at
from engine.replay.verifying import verify_case, verify_cases, verify_rest

__all__ = [
    "EVERY",
    "Difference",
    "Place",
    "Standing",
    "Step",
    "all_ids",
    "applied",
    "batched",
    "case_ids",
    "count_cases",
    "first_difference",
    "keep",
    "rebuild",
    "reevaluate",
    "refill",
    "replay",
    "replay_case",
    "standing_at",
    "steps",
    "verify_case",
    "verify_cases",
    "verify_rest",
]
