"""Back-tests: what a changed diagram would have made of past cases.

The recorded decisions of people come at their recorded moments; what the diagram asks is
answered anew where it has changed. Nothing is written. ``docs/backtest.md`` says how to read
what comes out, and what becomes of a decision that finds no task.
"""

from engine.backtest.pages import page
from engine.backtest.plans import CASES, Plan, mapping
from engine.backtest.playing import CLASSES, Result
from engine.backtest.reports import Report
from engine.backtest.running import Backtest, Job, case_ids, first, run

__all__ = [
    "CASES",
    "CLASSES",
    "Backtest",
    "Job",
    "Plan",
    "Report",
    "Result",
    "case_ids",
    "first",
    "mapping",
    "page",
    "run",
]
