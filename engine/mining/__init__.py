"""How work really goes through a process: ways, deviations, where it waits.

    mined(app, actor, "whistle_report", unit="990101", since=…, until=…)

Everything is read out of the histories; nothing is written.
"""

from __future__ import annotations

from engine.mining.answers import AROUND, MEASURES, Behind, cases_of, mined
from engine.mining.visits import Visit, visits

__all__ = ["AROUND", "MEASURES", "Behind", "Visit", "cases_of", "mined", "visits"]
