"""Pages for residents: no sign-in, no script needed, three languages, large print.

Everything they show comes from ``engine.public``, which knows no case by its id. They set
no session, so a form here can do nothing that a stranger could not; requests from other
sites' pages are refused like everywhere (``sessions.check_origin``).
"""

from __future__ import annotations

from api.web.public import board, following, grids, listed, reporting
from api.web.public.frame import pages

__all__ = ["board", "following", "grids", "listed", "pages", "reporting"]
