"""What may be done to a whole case."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from api.case_shapes import Addition, Linked, Merge, Split
from api.current import actor, answered, application, if_match, once, reply
from api.moments import checked_moment
from api.repeats import once_only
from api.shapes import (
    Activities,
    Activity,
    CaseMessage,
    CasePath,
    Document,
    Erasure,
    Instance,
    MaybeReason,
    Migration,
    Move,
    Reason,
    Retry,
    Suspension,
)
from engine import cases, erasure, following, views
from engine.commands import (
    AddInstance,
    CancelCase,
    CancelInstance,
    Command,
    CompleteScope,
    CorrelateMessage,
    MigrateCase,
    MoveTokens,
    ResumeCase,
    RetryIncident,
    StartActivity,
    SuspendCase,
)

api = APIBlueprint("case_acts", __name__, abp_tags=[Tag(name="cases")])


def _handle(path: CasePath, command: Command) -> Response:
    return answered(
        cases.handle(
            application(), actor(), path.case_id, command, once=once(), if_match=if_match()
        )
    )


@api.post("/cases/<case_id>/suspend", responses={200: Document})
def suspend(path: CasePath, body: Suspension) -> Response:
    """Stop the whole case; its limits keep what is left of them."""
    review_at = checked_moment(body.review_at, "review_at")
    return _handle(path, SuspendCase(reason=body.reason, review_at=review_at))


@api.post("/cases/<case_id>/resume", responses={200: Document})
def resume(path: CasePath, body: MaybeReason) -> Response:
    """Let a suspended case go on."""
    return _handle(path, ResumeCase(reason=body.reason))


@api.post("/cases/<case_id>/follow", responses={200: Document})
def follow(path: CasePath) -> Response:
    """Follow a case: it stands in the view `followed` of your inbox (关注)."""
    return reply(views.follow(application(), actor(), path.case_id))


@api.post("/cases/<case_id>/unfollow", responses={200: Document})
def unfollow(path: CasePath) -> Response:
    """Follow a case no more."""
    return reply(views.follow(application(), actor(), path.case_id, wanted=False))


@api.post("/cases/<case_id>/cancel", responses={200: Document})
def cancel(path: CasePath, body: Reason) -> Response:
    """End a case before its end event; the same as terminate."""
    return _handle(path, CancelCase(end="terminated", reason=body.reason))


@api.post("/cases/<case_id>/terminate", responses={200: Document})
def terminate(path: CasePath, body: Reason) -> Response:
    """End a case that should not go on (终止)."""
    return _handle(path, CancelCase(end="terminated", reason=body.reason))


@api.post("/cases/<case_id>/void", responses={200: Document})
def void(path: CasePath, body: Reason) -> Response:
    """End a case that was entered by mistake (作废)."""
    return _handle(path, CancelCase(end="voided", reason=body.reason))


@api.post("/cases/<case_id>/withdraw", responses={200: Document})
def withdraw(path: CasePath, body: Reason) -> Response:
    """End a case that its reporter takes back (撤销)."""
    return _handle(path, CancelCase(end="withdrawn", reason=body.reason))


@api.post("/cases/<case_id>/merge", responses={200: Document})
def merge(path: CasePath, body: Merge) -> Response:
    """End a case as part of another one, which goes on for both (并案)."""
    app, who = application(), actor()
    return answered(cases.merge(app, who, path.case_id, body.into, body.reason, once=once()))


@api.post("/cases/<case_id>/split", responses={201: Document})
def split(path: CasePath, body: Split) -> Response:
    """Start a case of its own for a part of a case (拆案)."""
    app, who = application(), actor()
    return answered(cases.split(app, who, path.case_id, body.data, body.reason, once=once()))


@api.post("/cases/<case_id>/link", responses={200: Document})
def link(path: CasePath, body: Linked) -> Response:
    """Say that another case belongs to this one; both show it (关联)."""
    app, who = application(), actor()
    return answered(cases.link(app, who, path.case_id, body.case, body.reason, once=once()))


@api.post("/cases/<case_id>/unlink", responses={200: Document})
def unlink(path: CasePath, body: Linked) -> Response:
    """Take back a link that somebody has made by hand."""
    app, who = application(), actor()
    return answered(cases.unlink(app, who, path.case_id, body.case, body.reason, once=once()))


@api.post("/cases/<case_id>/reopen", responses={201: Document})
def reopen(path: CasePath, body: Reason) -> Response:
    """Take up a case that has ended again: a new case, linked both ways (重开)."""
    return answered(cases.reopen(application(), actor(), path.case_id, body.reason, once=once()))


@api.post("/cases/<case_id>/retry", responses={200: Document})
def retry(path: CasePath, body: Retry) -> Response:
    """Try a failed step again, with corrected data if given."""
    return _handle(path, RetryIncident(incident=body.incident, data=body.data, reason=body.reason))


@api.post("/cases/<case_id>/activities", responses={200: Document})
def start_activity(path: CasePath, body: Activity) -> Response:
    """Start an activity of an open ad-hoc sub-process; the case lists what may be started."""
    scope = body.scope or views.scope_of(application(), actor(), path.case_id, body.activity)
    return _handle(path, StartActivity(scope, body.activity))


@api.post("/cases/<case_id>/activities/complete", responses={200: Document})
def complete_activities(path: CasePath, body: Activities) -> Response:
    """Say that all is done in an ad-hoc sub-process that has no completion condition."""
    scope = body.scope or views.scope_of(application(), actor(), path.case_id)
    return _handle(path, CompleteScope(scope))


@api.post("/cases/<case_id>/instances", responses={200: Document})
def add_instance(path: CasePath, body: Addition) -> Response:
    """Add one more to several that do the same at a step, as the diagram offers it (加签)."""
    return _handle(path, AddInstance(body.activity, None, body.key, body.reason))


@api.post("/cases/<case_id>/instances/cancel", responses={200: Document})
def cancel_instance(path: CasePath, body: Instance) -> Response:
    """Take one of several that do the same out of a step, as long as it has not begun (减签)."""
    return _handle(path, CancelInstance(body.activity, body.instance, body.reason))


@api.post("/cases/<case_id>/migrate", responses={200: Document})
def migrate(path: CasePath, body: Migration) -> Response:
    """Let a case go on with another version; with `dry_run` only say what that would do."""
    process = views.process_of(application(), actor(), path.case_id)
    mapping = cases.normal_mapping(process, body.mapping)
    command = MigrateCase(body.version, body.processes, mapping, body.reason)
    if body.dry_run:
        return reply(cases.preview_migration(application(), actor(), path.case_id, command))
    return _handle(path, command)


@api.post("/cases/<case_id>/move", responses={200: Document})
def move(path: CasePath, body: Move) -> Response:
    """Move what is at one element to another; with `dry_run` only say what that would do."""
    command = MoveTokens(body.target, body.source, "move", body.reason)
    if body.dry_run:
        return reply(cases.preview_move(application(), actor(), path.case_id, command))
    return _handle(path, command)


@api.post("/cases/<case_id>/messages", responses={200: Document})
def message(path: CasePath, body: CaseMessage) -> Response:
    """Give the case a message that it waits for."""
    return _handle(path, CorrelateMessage(body.name, body.correlation, body.data))


@api.post("/cases/<case_id>/code", responses={200: Document})
def code(path: CasePath) -> Response:
    """Give the case a code by which its reporter follows it; shown this once.

    Asking again gives another one: an answer that is kept for a key would keep the code.
    """
    return reply(following.give_code(application(), actor(), path.case_id))


@api.post("/cases/<case_id>/erase", responses={200: Document})
def erase(path: CasePath, body: Erasure) -> Response:
    """Erase who reported, or everything personal, for good; the history still proves itself."""
    return answered(once_only(once(), lambda: _erase(path.case_id, body)))


def _erase(case_id: str, body: Erasure) -> cases.Answer:
    classes = ("reporter",) if body.what == "reporter" else ()
    erased = erasure.erase(application(), actor(), case_id, classes=classes, reason=body.reason)
    return cases.Answer(200, {"case": case_id, "erased": erased})
