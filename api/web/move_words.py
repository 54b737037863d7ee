"""The words of sending back and taking back: key to (Chinese, English)."""

from __future__ import annotations

MOVE_WORDS: dict[str, tuple[str, str]] = {
    "return_to": ("退回…", "Send back…"),
    "return_title": ("退回“{name}”", "Send back “{name}”"),
    "return_where": ("退回到哪一步", "To which step"),
    "return_none": ("没有可以退回的步骤。", "There is no step that it can be sent back to."),
    "return_done": ("{by} {at} 办理", "done by {by} {at}"),
    "return_cancels": ("同时取消：", "Cancelled along with it:"),
    "return_only": ("不影响别的任务。", "No other task is touched."),
    "return_send": ("退回", "Send back"),
    "return_limit_note": (
        "退回后按原来剩下的时限办理。",
        "It keeps what was left of its limit when it was last done.",
    ),
    "take_back": ("撤回", "Take back"),
    "take_back_note": (
        "后面的任务还没有人签收时，可以撤回重办。",
        "While nobody has signed for what follows, you can take it back and do it again.",
    ),
    "done_return": ("已退回到“{name}”。", "Sent back to “{name}”."),
    "done_take_back": ("已撤回，请重新办理。", "Taken back; it is yours again."),
    "move-refused": ("不能退回或撤回到这里。", "It cannot be sent or taken back there."),
    "event_tokens_return": ("退回到“{name}”", "Sent back to “{name}”"),
    "event_tokens_withdraw": ("撤回“{name}”", "“{name}” taken back"),
    "event_tokens_move": ("移动到“{name}”", "Moved to “{name}”"),
}
