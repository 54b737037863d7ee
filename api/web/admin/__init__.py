"""The administration: people, lists, calendar, users, the machine and its histories.

One module for each family of pages. What they do is done by the functions that the
command line and HTTP use, so that every act stands in the administrators' history.
"""

from __future__ import annotations

from api.web.admin import calendars, changes, home, lists, people, setup, state, users
from api.web.admin.frame import may_open, pages

__all__ = [
    "calendars",
    "changes",
    "home",
    "lists",
    "may_open",
    "pages",
    "people",
    "setup",
    "state",
    "users",
]
