"""What scripts of spiff-arena find there, and what stands for it here.

Its scripts see modules without importing them, and functions of its server.
Neither is here; the finding that says so tells what to write.
"""

from __future__ import annotations

import re

from engine.scripts import Problem
from engine.scripts.checks import MODULES

FUNCTIONS = {
    "get_current_task_info": "Read what you need of the task in its instructions or form.",
    "get_current_user": "After a task, ID_by names who completed it; case['starter'] the starter.",
    "get_encoded_file_data": "Files are attachments; programs read them by the API.",
    "get_env": "Keep what differs between installations in a list, and look it up.",
    "get_frontend_url": "Let the program that sends the address know it.",
    "get_group_members": "Name the group as a lane; who is in it is asked when the task opens.",
    "get_last_user_completing_task": "Read ID_by, with the id of the task.",
    "get_localtime": "Moments are shown in local time; reckon with moment(text).",
    "get_process_initiator_user": "Write case['starter'].",
    "get_secret": "Secrets belong to the worker of the topic.",
    "get_task_data_value": "Write value('name', default).",
    "get_toplevel_process_info": "Read case['id'], case['process'].",
    "get_url_for_task_with_bpmn_identifier": "Let the program that sends the address know it.",
    "get_user": "Look the person up in a list.",
    "get_user_properties": "Keep it as data of the case, or in a list.",
    "markdown_file_download_link": "Files are shown with the case.",
    "set_user_properties": "Keep it as data of the case, or in a list.",
    "times_executed_by_user": "Count in a program outside, by the topic of a service task.",
    "update_task_data_with_dictionary": "Assign each name: a = found['a'].",
    "user_has_started_instance": "Count in a program outside, by the topic of a service task.",
}
"""Function of spiff-arena -> what to write instead."""

_NO_FUNCTION = re.compile(r"There is no function (\w+)\(\)\.")
_NO_ATTRIBUTE = re.compile(r"(\w+) has no attribute ")


def instead(problem: Problem) -> str | None:
    """Return what to write instead of what spiff-arena has; None if it is none of that."""
    called = _NO_FUNCTION.fullmatch(problem.message)
    if called is not None:
        return FUNCTIONS.get(called[1])
    read = _NO_ATTRIBUTE.match(problem.message)
    if read is None or read[1] not in MODULES:
        return None
    if read[1] == "datetime":
        return "datetime is the class here: write now() or datetime.fromisoformat(…)."
    return f"Write import {read[1]} at the beginning of a script."
