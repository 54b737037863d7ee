"""What who has a report's code answers: how satisfied, what is missing, not solved after all.

The code was looked at before. The answer is the command that an official would give, under
the name ``@code``, and passes the same form.
"""

from __future__ import annotations

from engine import cases
from engine.access import Actor
from engine.cases import Answer, Once
from engine.commands import CompleteTask, CorrelateMessage, JsonObject
from engine.errors import AlreadyClaimed, NotFound
from engine.following import BY_CODE
from engine.ports import Application
from engine.public.progress import Question, progress
from engine.sealing import Personal


def answer(
    app: Application, case_id: str, place: str, data: JsonObject, *, once: Once | None = None
) -> Answer:
    """Complete the task that asks the reporter, with the fields that are the reporter's.

    Args:
        case_id: the report's case; what is asked may stand in one that it has started.
        place: of the question, as ``progress`` says.

    Raises:
        NotFound: nothing is asked there any more.
        AlreadyClaimed: somebody is asking the reporter at this moment.
        InvalidData: the data do not fit the form.
    """
    asked = _asked(app, case_id, place)
    if asked.form is None:
        raise NotFound("Nothing is asked there.", hint="Look at the report again.")
    if asked.is_taken:
        raise AlreadyClaimed("Somebody is asking you this already.", hint="Answer there.")
    given = {name: value for name, value in data.items() if name in asked.form.editable}
    command = CompleteTask(task=asked.place, outcome=asked.outcome, data=given)
    return cases.handle(app, Actor.system(BY_CODE), asked.case_id, command, once=once)


def ask_again(
    app: Application, case_id: str, place: str, words: str, *, once: Once | None = None
) -> Answer:
    """Send the message that a diagram awaits from the reporter, with the reporter's words.

    Raises:
        NotFound: no such message is awaited any more.
    """
    asked = _asked(app, case_id, place)
    if asked.correlation is None:
        raise NotFound("Nothing is awaited there.", hint="Look at the report again.")
    message = CorrelateMessage(
        name=asked.place, correlation=asked.correlation, data={asked.field: Personal(words)}
    )
    return cases.handle(app, Actor.system(BY_CODE), asked.case_id, message, once=once)


def _asked(app: Application, case_id: str, place: str) -> Question:
    for one in progress(app, case_id)["questions"]:
        if one.place == place:
            asked: Question = one
            return asked
    raise NotFound("Nothing is asked there any more.", hint="Look at the report again.")
