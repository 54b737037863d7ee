"""The shapes of requests and answers, from which the OpenAPI document is made.

Bodies are strict: ``"1"`` is no number, and a name that is not listed is refused
instead of ignored, because a misspelt ``bussiness_key`` is a mistake.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Data = Annotated[dict[str, Any], Field(description="Values by key, as the form names them.")]
MAX_SECONDS = 10 * 366 * 86_400


class Body(BaseModel):
    """Base of the JSON bodies."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Params(BaseModel):
    """Base of path and query parameters, which arrive as text."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON schema; it is asked for with every request, so it is kept."""
        key = (cls, args, tuple(sorted(options.items())))
        if key not in _SCHEMAS:
            _SCHEMAS[key] = super().model_json_schema(*args, **options)
        return _SCHEMAS[key]


_SCHEMAS: dict[Any, dict[str, Any]] = {}


# -- paths ------------------------------------------------------------------------

PathText = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]


class CasePath(Params):
    """Names a case."""

    case_id: PathText


class TaskPath(Params):
    """Names a task."""

    task_id: PathText = Field(description="`{case}.{process}.{element}.{nth}[.{instance}]`")


class KeyPath(Params):
    """Names a process, a form or a list."""

    key: PathText


class VersionPath(Params):
    """Names one version of a process."""

    key: PathText
    version: int = Field(ge=1, le=2**31)


class AttachmentPath(Params):
    """Names a file of a case."""

    case_id: PathText
    attachment_id: PathText


# -- queries ------------------------------------------------------------------------

QueryText = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Page(Params):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=200)
    cursor: QueryText | None = Field(None, description="`next` of the page before.")


class CaseQuery(Page):
    """Which cases."""

    process: QueryText | None = None
    state: Literal["open", "suspended", "incident", "completed", "cancelled"] | None = None
    business_key: QueryText | None = None
    q: QueryText | None = Field(None, description="A word in what identifies the case.")
    words: QueryText | None = Field(None, description="Words in its number or its data.")
    place: QueryText | None = Field(None, description="Of this unit and those below it.")
    phone: QueryText | None = Field(None, description="A telephone number in it.")
    since: QueryText | None = Field(None, description="RFC 3339; started then or later.")
    until: QueryText | None = Field(None, description="RFC 3339; started before.")


class TaskQuery(Page):
    """Which tasks."""

    view: Literal[
        "pool", "mine", "done", "started", "cc", "followed", "supervised", "activities",
        "unattended",
    ] = "pool"  # fmt: skip
    process: QueryText | None = None
    unit: QueryText | None = Field(None, description="Only of cases of this unit.")
    overdue: bool | None = None
    q: QueryText | None = None
    sort: Literal["due", "newest"] = Field("due", description="pool and mine: in which order.")


class RegisterQuery(Page):
    """Which rows of a register."""

    unit: QueryText | None = Field(None, description="Of this unit and those below it.")
    since: QueryText | None = Field(None, description="RFC 3339; entered then or later.")
    until: QueryText | None = Field(None, description="RFC 3339; entered before.")


class ChangesQuery(Params):
    """Since when."""

    since: QueryText | None = Field(None, description="`tag` of the answer before.")


class StateQuery(Params):
    """After which entry."""

    position: int = Field(ge=0, le=2**53)


class ListQuery(Params):
    """As of which day."""

    as_of: QueryText | None = Field(None, description="YYYY-MM-DD; today if left out.")


class ImportQuery(ListQuery):
    """From which day on files hold, and the name of the file when the body is the file itself."""

    filename: Name | None = Field(None, description="Such as `people.csv`.")


class UploadQuery(Params):
    """Name of the file, when the body is the file itself, and what is to run its cases."""

    filename: QueryText | None = None
    executor: Literal["kernel", "spiff"] = "kernel"


# -- bodies -------------------------------------------------------------------------


class Start(Body):
    """A new case."""

    process: Name
    version: int | None = Field(None, ge=1, le=2**31)
    data: Data = Field(default_factory=dict)
    business_key: Name | None = None
    start: Name | None = Field(None, description="Start event; the only plain one if left out.")


class Reason(Body):
    """Why."""

    reason: Text


class MaybeReason(Body):
    """Why, if there is something to say."""

    reason: Text | None = None


class Suspension(Body):
    """Why, and when to look again."""

    reason: Text
    review_at: Name | None = Field(None, description="RFC 3339 with offset.")


class Retry(Body):
    """Try a failed step again; all of them if no incident is named."""

    incident: int | None = Field(None, ge=1, le=2**53)
    data: Data | None = None
    reason: Text


class IncidentRetry(Body):
    """Try again all that stands still by one cause, as the list of incidents names it."""

    process: Name
    element: Name
    code: Name
    expression: Annotated[str, Field(max_length=100_000)] | None = None
    cases: list[Name] = Field(default_factory=list, max_length=5_000, description="None: all.")
    data: Data | None = None
    version: int | None = Field(
        None, ge=1, le=2**31, description="Of that process; the cases are migrated to it before."
    )
    mapping: dict[str, Any] | None = Field(None, description="As in a migration.")
    reason: Text


class Migration(Body):
    """The versions that a case goes on with."""

    version: int = Field(ge=1, le=2**31, description="Of the case's own process.")
    processes: dict[Name, Annotated[int, Field(ge=1, le=2**31)]] = Field(
        default_factory=dict,
        description="Versions of processes that it calls; without one, that for new cases.",
    )
    mapping: dict[str, Any] | None = Field(
        None, description="`{old id: new id}`, or `{process: {old id: new id}}`."
    )
    reason: Text
    dry_run: bool = Field(False, description="Only say what it would do.")


class Message(Body):
    """A message for the case that waits for it."""

    name: Name
    correlation: Data = Field(default_factory=dict)
    data: Data = Field(default_factory=dict)


class CaseMessage(Body):
    """A message for this case."""

    name: Name
    data: Data = Field(default_factory=dict)
    correlation: Data = Field(default_factory=dict)


class Activity(Body):
    """An activity of an open ad-hoc sub-process."""

    activity: Name
    scope: Name | None = Field(default=None, description="Needed where several are open.")


class Instance(Body):
    """One of several that do the same at a step; the case lists them under `instances`."""

    activity: Name
    instance: int = Field(ge=0, le=100_000)
    reason: Text


class Activities(Body):
    """An open ad-hoc sub-process."""

    scope: Name | None = Field(default=None, description="Needed where several are open.")


class Signal(Body):
    """A signal for everybody who waits for it."""

    name: Name
    data: Data = Field(default_factory=dict)


class Claim(Body):
    """Claim a task; ``unit`` if the actor holds the role in several."""

    unit: Name | None = None


class Completion(Body):
    """What was decided, and the form's values."""

    outcome: Name | None = None
    data: Data = Field(default_factory=dict)
    unit: Name | None = None


class Transfer(Body):
    """Who takes the task over for good."""

    to: Name = Field(description="A user's name.")
    reason: Text | None = None
    unit: Name | None = None


class Move(Body):
    """Move what is at one element to another, with all that runs beside it."""

    source: Name | None = Field(
        None,
        alias="from",
        description="`element`, `element#nth` or a task's name; without it, all that goes on.",
    )
    target: Name = Field(alias="to", description="`element` or `process.element`.")
    reason: Text
    dry_run: bool = Field(False, description="Only say what it would do.")


class Return(Body):
    """Send the task back: along a flow of the diagram, or to a task that was done before."""

    outcome: Name | None = Field(None, description="Which flow, if there are several.")
    to: Name | None = Field(None, description="The earlier task, as return-targets lists it.")
    dry_run: bool = Field(False, description="With `to`: only say what it would do.")
    reason: Text
    data: Data = Field(default_factory=dict)


class Extension(Body):
    """A later due moment."""

    due_at: Name = Field(description="RFC 3339 with offset.")
    reason: Text | None = None


class Comment(Body):
    """A remark."""

    text: Text


class Wishes(Body):
    """Where and whether you want to be told of work by e-mail."""

    email: Annotated[str, Field(min_length=3, max_length=254)] | None = None
    by_mail: bool = True


class Seen(Body):
    """Up to when the notices were looked at."""

    until: Name = Field(description="RFC 3339 with offset: `at` of the newest notice.")


class Erasure(Body):
    """What of a case is erased for good, and why."""

    what: Literal["reporter", "everything"] = "reporter"
    reason: Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,39}$")] = Field(
        description="A short code such as `request`; the record keeps it for ever."
    )


class Follow(Body):
    """A case's number and the code that its reporter was given."""

    number: Name
    code: Annotated[str, Field(min_length=1, max_length=100)]


class Login(Body):
    """A name and its password."""

    name: Name
    password: Annotated[str, Field(min_length=1, max_length=1_000)]


class ClockMove(Body):
    """How far the manual clock goes: one of the two."""

    advance_seconds: float | None = Field(None, ge=0, le=MAX_SECONDS)
    to: Name | None = Field(None, description="RFC 3339 with offset, not before now.")


# -- answers ------------------------------------------------------------------------


class Problem(BaseModel):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="Stable; programs decide by it.")
    detail: str
    hint: str | None = None
    element: str | None = None
    findings: list[dict[str, Any]] | None = None


class Document(BaseModel):
    """An answer; further members as the text of the call says."""

    model_config = ConfigDict(extra="allow")


class Items(BaseModel):
    """One page of a list."""

    items: list[dict[str, Any]]
    next: str | None = Field(None, description="Cursor of the next page.")
