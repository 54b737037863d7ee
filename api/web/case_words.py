"""What the pages say of whole cases: who was shown them, how they belong together."""

from __future__ import annotations

CASE_WORDS: dict[str, tuple[str, str]] = {
    # -- cases that belong together
    "linked_cases": ("关联事项", "Linked cases"),
    "link_related": ("关联", "related"),
    "link_merged": ("并案", "merged"),
    "link_split": ("拆案", "split"),
    "link_reopens": ("重开", "reopened"),
    "link_started-by": ("由此发起", "started by"),
    "link_message": ("消息", "by message"),
    "ask_other": ("另一件的编号", "Number of the other case"),
    "act_merge": ("并案", "Merge into another case"),
    "act_link": ("关联", "Link with another case"),
    "act_unlink": ("取消关联", "Unlink"),
    "act_reopen": ("重开", "Reopen"),
    "done_merge": ("已并案。", "Merged."),
    "done_link": ("已关联。", "Linked."),
    "done_unlink": ("已取消关联。", "No longer linked."),
    "done_reopen": ("已重开，这是新的一件。", "Reopened: this is the new case."),
    "event_case_linked": ("关联另一件", "Linked with another case"),
    "event_case_unlinked": ("取消关联", "No longer linked with another case"),
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
