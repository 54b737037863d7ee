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

__all__ = [
    "CHANNEL",
    "Checkpoint",
    "Paper",
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
    "successions",
]
