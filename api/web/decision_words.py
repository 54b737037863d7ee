"""What the pages say of decisions: why something was decided as it was."""

from __future__ import annotations

DECISION_WORDS: dict[str, tuple[str, str]] = {
    "access_place_decisions": ("判断依据", "why something was decided"),
    "why": ("为什么：{name}", "Why: {name}"),
    "whys": ("为什么这样判断", "Why it was decided so"),
    "whys_note": (
        "办件中每个自动判断的依据：读到的数据、符合的规则，以及其余规则为什么不符合。",
        "What each automatic decision rests on: the data, what matched, why others did not.",
    ),
    "whys_none": ("本件还没有自动判断。", "Nothing has been decided automatically yet."),
    "why_withheld": (
        "依据中有您不能查看的信息，这里不显示结果和理由。",
        "It rests on data that you may not read; result and reasons are not shown here.",
    ),
    "why_agrees_not": (
        "当时记录的是其他规则：以下是按现在的引擎重新判断的结果。",
        "Other rules were recorded: this is how it would be decided now.",
    ),
    "why_result": ("结果", "Result"),
    "why_nothing": ("没有结果", "nothing"),
    "why_because": ("依据", "Because"),
    "why_no_rule": ("没有规则符合。", "No rule matches."),
    "why_matched": ("第 {n} 行符合", "Row {n} matches"),
    "why_too": ("第 {n} 行也符合，但不起作用", "Row {n} matches too, and does not count"),
    "why_differs": (
        "第 {n} 行不符合：“{input}”是 {value}，要求 {cell}",
        "Row {n} does not match: “{input}” is {value}, where {cell} is asked for",
    ),
    "why_table": ("整张规则表（{n} 行）", "The whole table ({n} rows)"),
    "why_others": ("其余 {n} 行为什么不符合", "Why the other {n} rows do not match"),
    "why_row": ("行", "Row"),
    "why_yes": ("符合", "matches"),
    "why_no": ("不符合", "does not match"),
    "why_says": ("说明", "Says"),
    "why_reads": ("读到的数据", "The data it read"),
    "why_requires": ("其中：{name}", "Part of it: {name}"),
}
