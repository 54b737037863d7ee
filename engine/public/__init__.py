"""What residents do without a login: report, follow by a code, read what is public.

Which processes take reports, what is asked there, and what is told of a case stands in
the diagrams (properties ``public``, ``public_step``, ``by_code``, …; see the notation):
a new matter for residents is a diagram's, not this package's. Nothing here shows a case's
id, a person who works on it, or a value that was not declared.
"""

from __future__ import annotations

from engine.public.answering import answer, ask_again
from engine.public.board import Search, categories, notice, notices, photograph
from engine.public.grids import Ground, find_grids, grounds, name_of, places
from engine.public.listed import public_list, public_lists
from engine.public.offers import Offer, offer, offers, report
from engine.public.progress import Question, progress
from engine.public.topics import topics

__all__ = [
    "Ground",
    "Offer",
    "Question",
    "Search",
    "answer",
    "ask_again",
    "categories",
    "find_grids",
    "grounds",
    "name_of",
    "notice",
    "notices",
    "offer",
    "offers",
    "photograph",
    "places",
    "progress",
    "public_list",
    "public_lists",
    "report",
    "topics",
]
