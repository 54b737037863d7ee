"""Every read and write of cases, histories, files and answers.

Functions take the open transaction; none opens one, so a caller sees what
belongs together. ``append`` is the one place where history grows.
"""

from __future__ import annotations

from engine.store.answers import replace_answer, store_answer, stored_answer
from engine.store.cases import (
    CASE_COLUMNS,
    CaseRow,
    due_timers,
    fold,
    insert_case,
    lock_case,
    pack,
    read_before,
    read_case,
    unfold,
    unpack,
    update_case,
)
from engine.store.files import (
    count_up,
    digest_of,
    get_blob,
    get_fact,
    get_pins,
    put_blob,
    put_fact,
    put_pins,
)
from engine.store.histories import (
    append,
    append_act,
    lock_stream,
    read_entries,
    read_entry,
    read_part,
    stream_head,
    stream_positions,
)
from engine.store.personal import (
    ballots_left,
    erase_sealed,
    get_ballots,
    get_sealed,
    get_sealed_values,
    put_index,
    put_sealed,
    sealed_with_salt,
)
from engine.store.standings import (
    StandingRow,
    discard_standings,
    nearest_standing,
    put_standing,
    standings_of,
)

__all__ = [
    "CASE_COLUMNS",
    "CaseRow",
    "StandingRow",
    "append",
    "append_act",
    "ballots_left",
    "count_up",
    "digest_of",
    "discard_standings",
    "due_timers",
    "erase_sealed",
    "fold",
    "get_ballots",
    "get_blob",
    "get_fact",
    "get_pins",
    "get_sealed",
    "get_sealed_values",
    "insert_case",
    "lock_case",
    "lock_stream",
    "nearest_standing",
    "pack",
    "put_blob",
    "put_fact",
    "put_index",
    "put_pins",
    "put_sealed",
    "put_standing",
    "read_before",
    "read_case",
    "read_entries",
    "read_entry",
    "read_part",
    "replace_answer",
    "sealed_with_salt",
    "standings_of",
    "store_answer",
    "stored_answer",
    "stream_head",
    "stream_positions",
    "unfold",
    "unpack",
    "update_case",
]
