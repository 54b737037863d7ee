"""Who is responsible here: the grid worker of an address."""

from __future__ import annotations

from flask import render_template, request

from api.current import application
from api.web.public.frame import pages
from engine import public


@pages.get("/grids")
def grids() -> str:
    """Show the grid of an address, or the grids of a community."""
    app = application()
    words = request.args.get("words", "").strip()[:100]
    community = request.args.get("community", "")[:60]
    found = public.find_grids(app, words) if words else []
    if not words and community:
        found = public.grounds(app, community)
    return render_template(
        "public/grids.html",
        words=words,
        community=community,
        found=found,
        is_asked=bool(words or community),
        places=public.places(app),
    )
