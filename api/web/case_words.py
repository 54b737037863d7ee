"""What the pages say of whole cases: who was shown them, how they belong together."""

from __future__ import annotations

CASE_WORDS: dict[str, tuple[str, str]] = {
    # -- who was shown what
    "accesses": ("查阅记录", "Who was shown what"),
    "accesses_none": ("还没有人查阅过个人信息。", "Nobody has been shown personal values yet."),
    "accesses_note": (
        "记录谁在何时看到了本件的哪些个人信息；只记字段名，不记内容。",
        "Who was shown which personal values of this case, and when: names of fields, no values.",
    ),
    "access_at": ("时间", "When"),
    "access_by": ("查阅人", "Who"),
    "access_place": ("查阅处", "Where"),
    "access_what": ("看到的信息", "What"),
    "access_place_case": ("办件", "the case"),
    "access_place_task": ("任务", "a task"),
    "access_place_state": ("历史状态", "an earlier state"),
    "access_place_history": ("流转记录", "the history"),
    "access_place_comments": ("批注", "remarks"),
    "access_place_attachments": ("附件清单", "the list of files"),
    "access_place_attachment": ("附件", "a file"),
    "access_place_register": ("台账", "a register"),
    "access_place_follow": ("凭查询码查询", "by the reporter's code"),
    "access_place_search": ("按电话检索", "a search by telephone number"),
    "access_place_print": ("打印", "a printed paper"),
}
