"""Commands to cases: one command, one transaction, one history entry.

``handle`` goes down the files once: read at position N, ask ``access`` and the
form, seal what is personal, let the executor apply the command outside any
write lock, then append if the history still stands at N. If somebody was faster
it starts over, at most three times. A designer's slow script therefore never
holds the database.
"""

from __future__ import annotations

from engine.cases.answers import Answer, Once, etag_of, split_task
from engine.cases.batches import Batch, batch, named_outcomes
from engine.cases.chains import chained
from engine.cases.handling import OUTBOX, SCHEDULER, fire, handle
from engine.cases.migrating import preview as preview_migration
from engine.cases.migrations import migration_to
from engine.cases.migrations import normal as normal_mapping
from engine.cases.moves import preview as preview_move
from engine.cases.moves import returning, withdrawing
from engine.cases.moves import targets as return_targets
from engine.cases.relations import link, merge, unlink
from engine.cases.starting import start
from engine.cases.successors import is_reopenable, reopen, split
from engine.cases.turns import TOPICS

__all__ = [
    "OUTBOX",
    "SCHEDULER",
    "TOPICS",
    "Answer",
    "Batch",
    "Once",
    "batch",
    "chained",
    "etag_of",
    "fire",
    "handle",
    "is_reopenable",
    "link",
    "merge",
    "migration_to",
    "named_outcomes",
    "normal_mapping",
    "preview_migration",
    "preview_move",
    "reopen",
    "return_targets",
    "returning",
    "split",
    "split_task",
    "start",
    "unlink",
    "withdrawing",
]
