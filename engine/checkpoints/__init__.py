"""Checkpoints: signed heads of a log of all histories, kept where others cannot reach.

A hash chain shows what was changed inside a history. Whoever may write to the
database can cut a history short, write it anew with all its digests, or make a case
vanish: that shows against a checkpoint which lay elsewhere before.
"""

from engine.checkpoints.making import (
    Checkpoint,
    covering,
    daily,
    everyone,
    last,
    make,
    numbered,
    origin_of,
    renew_key,
)
from engine.checkpoints.papers import Paper, countersign, successions
from engine.checkpoints.sending import CHANNEL, send
from engine.checkpoints.stamping import STAMP, stamp
from engine.checkpoints.stamps import Stamp

__all__ = [
    "CHANNEL",
    "STAMP",
    "Checkpoint",
    "Paper",
    "Stamp",
    "countersign",
    "covering",
    "daily",
    "everyone",
    "last",
    "make",
    "numbered",
    "origin_of",
    "renew_key",
    "send",
    "stamp",
    "successions",
]
