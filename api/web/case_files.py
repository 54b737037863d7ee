"""A case as a file to be printed (案卷): what it is, who did what, and every entry with its proof.

What the reader may not see is withheld here as everywhere; reading it stands in the access
log. A long case is printed in parts.
"""

from __future__ import annotations

from flask import Blueprint, render_template, request

from api.current import actor, application
from api.web import diagrams, timeline, values
from engine import views
from engine.clock import text

pages = Blueprint("case_file_pages", __name__)

PART = 500
"""So many entries are printed at once."""


@pages.get("/cases/<case_id>/file")
def show(case_id: str) -> str:
    """Show a case as a file, made to be printed."""
    app, who = application(), actor()
    case = views.case(app, who, case_id)
    proof = views.chain(app, who, case_id)
    after = _after(proof["entries"])
    found = views.journey(app, who, case_id, after=after, limit=PART, told=())
    pinned = diagrams.of_case(case_id)
    lines = timeline.told(found["items"], pinned)
    last = after + len(lines)
    return render_template(
        "case_file.html",
        case=case,
        title=diagrams.process_name(pinned.main),
        proof=proof,
        data=values.listed(case["data"], diagrams.parts_of(pinned)),
        lines=list(zip(lines, found["items"], strict=True)),
        first=after + 1,
        last=last,
        following=last if last < proof["entries"] else None,
        printed_at=text(app.clock.now()),
        printed_by=who.name,
    )


def _after(entries: int) -> int:
    """Return after which entry this part begins, as the address says."""
    said = request.args.get("after", "")
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
    return min(number, max(entries - 1, 0))
