"""The shapes of what is asked about figures."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from api.shapes import Page, Params, PathText, QueryText
from engine.figures import Selection


class FigurePath(Params):
    """Names a figure."""

    code: PathText


class PeriodQuery(Params):
    """A unit and a period of local days."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    unit: QueryText = Field(description="This unit and those below it, or a department.")
    since: QueryText = Field(alias="from", description="The first day.")
    until: QueryText | None = Field(
        None, alias="to", description="The first day after it; tomorrow if left out."
    )


class FigureQuery(PeriodQuery):
    """Which figures."""

    codes: QueryText | None = Field(None, description="Codes with commas between; all if left out.")
    by: Literal["department"] | None = Field(
        None, description="`department`: also each department, with points and rank."
    )


class FigureCasesQuery(Page, PeriodQuery):
    """Which cases behind a figure."""

    part: Literal["denominator", "numerator", "missing", "apart"] = Field(
        "denominator", description="The base, what counts, what does not, what is left out."
    )
    body: QueryText | None = Field(None, description="Of this department or other body alone.")
    weekday: int | None = Field(None, ge=1, le=7, description="From 1, Monday, to 7.")
    hour: int | None = Field(None, ge=0, le=23, description="The local hour.")
    item: QueryText | None = Field(
        None, description="Of this item of the responsibility list; `-`: of none."
    )

    def selection(self) -> Selection:
        """Return which part of the figure is asked for."""
        item = "" if self.item == "-" else self.item
        return Selection(self.body, self.weekday, self.hour, item)


class BulletinQuery(Params):
    """Which bulletin, written as what."""

    unit: QueryText = Field(description="This unit and those below it, or a department.")
    month: QueryText = Field(description="Such as `2026-08`.")
    format: Literal["html", "docx"] = "html"


class MinedPath(Params):
    """Names a process."""

    process: PathText


class MinedCasesQuery(Page, PeriodQuery):
    """Which cases behind what was mined."""

    element: QueryText | None = Field(None, description="Those that came by this element.")
    measure: Literal["visits", "waiting", "late"] = Field(
        "visits", description="`late`: those that were late there alone."
    )
    way: QueryText | None = Field(None, description="Those that went this way, by its code.")
    deviation: Literal["skipped", "repeated", "added", "moved"] | None = Field(
        None, description="Those that deviate so from the straight way, or were moved to `element`."
    )
