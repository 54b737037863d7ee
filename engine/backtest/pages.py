"""A report as one page of HTML: no script, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from engine.backtest.drawing import Mark, draw
from engine.backtest.playing import CLASSES

Document = dict[str, Any]

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("回测", "Back-test"),
    "cases": ("件", "cases"),
    "identical": ("完全一致", "Identical"),
    "same_outcome": ("殊途同归", "Same outcome by another way"),
    "different_outcome": ("结果不同", "Different outcome"),
    "stuck": ("停滞", "Stuck"),
    "diverged": ("分叉", "Diverged"),
    "then": ("当时", "Then"),
    "now": ("改后", "Now"),
    "overdue": ("超期任务", "Missed due dates"),
    "escalations": ("升级", "Escalations"),
    "outcomes": ("结果的变化", "Outcomes that changed"),
    "examples": ("例件", "Examples"),
    "case": ("件", "Case"),
    "entry": ("条目", "Entry"),
    "reason": ("原因", "Reason"),
    "elements": ("各环节", "Elements"),
    "element": ("环节", "Element"),
    "reached": ("次数", "times"),
    "hours": ("工作小时", "working hours"),
    "never": ("从未到达", "Never reached"),
    "old": ("现行图", "The diagram as it is"),
    "new": ("改后的图", "The diagram as changed"),
    "legend": (
        "颜色：蓝 到过；灰 未到；红 变慢；绿 变快；橙 只在一张图中。",
        "Colours: blue reached; grey not; red slower; green faster; orange in one diagram only.",
    ),
    "count": ("件数", "Cases"),
}
"""What the page says, in Chinese and in English."""

_STYLE = """
body{font:15px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;margin:2rem auto;max-width:75rem;
padding:0 1rem;color:#1c2430}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #d5dae1;padding:.3rem .5rem;
text-align:left;vertical-align:top}td.n,th.n{text-align:right}.big{font-size:1.6rem;font-weight:600}
.classes{display:flex;flex-wrap:wrap;gap:1rem;padding:0;list-style:none}.classes li{border:1px solid
#d5dae1;border-radius:.5rem;padding:.6rem 1rem;min-width:9rem}figure{margin:1rem 0;overflow-x:auto}
svg{max-width:none;height:auto}svg text{font:12px system-ui,'Noto Sans CJK SC',sans-serif;
text-anchor:middle;fill:#1c2430}.task rect,.event circle,.gateway polygon{fill:#fff;stroke:#5a6675;
stroke-width:1.4}.pool rect{fill:#fafbfc;stroke:#b9c1cc}.event .end{stroke-width:3.5}
.flow polyline{fill:none;stroke:#8792a2;stroke-width:1.3}.flow .arrow{fill:#8792a2}
.messageFlow polyline{stroke-dasharray:5 4}
.reached>*{fill:#dbe9fb!important;stroke:#2b62ad!important}
.missed>*{fill:#eceef1!important;stroke:#9aa3af!important;stroke-dasharray:4 3}
.slower>*{fill:#fbdcd6!important;stroke:#a8321a!important}
.faster>*{fill:#d9f0dd!important;stroke:#22713a!important}
.alone>*{fill:#fdebc8!important;stroke:#96640a!important}
"""


def page(report: Document, old: bytes, new: bytes | None, language: str = "en") -> str:
    """Return a report as a page.

    Args:
        report: ``Report.to_json``.
        old: the diagram as it is deployed; new: as it was tried, None where it is the same.
        language: ``zh`` or ``en``.
    """
    return "\n".join(_lines(_Words(language), report, old, new)) + "\n"


class _Words:
    """The words of the page in one language, safe to be put into it."""

    def __init__(self, language: str) -> None:
        self.language = "zh-CN" if language == "zh" else "en"
        self._at = 0 if language == "zh" else 1

    def __call__(self, name: str) -> str:
        return escape(WORDS[name][self._at])


def _lines(words: _Words, report: Document, old: bytes, new: bytes | None) -> Iterator[str]:
    title = f"{words('title')}: {escape(report['process'])}"
    yield f'<!doctype html>\n<html lang="{words.language}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{title}</h1>\n<p>{report['cases']} {words('cases')}</p>"
    yield '<ul class="classes">'
    for name in CLASSES:
        count = report["classes"][name]["count"]
        yield f'<li><div class="big">{count}</div>{words(name)}</li>'
    yield "</ul>"
    yield from _numbers(words, report)
    yield from _examples(words, report)
    yield f"<p>{words('legend')}</p>"
    yield from _figure(words("old"), old, _marks(report, "then"))
    yield from _figure(words("new"), new or old, _marks(report, "now"))
    yield from _elements(words, report)
    yield "</main>\n</body>\n</html>"


def _numbers(words: _Words, report: Document) -> Iterator[str]:
    rows = [
        (words(name), report[name]["then"], report[name]["now"])
        for name in ("overdue", "escalations")
    ]
    yield from _table(("", words("then"), words("now")), rows)
    if report["outcomes"]:
        yield f"<h2>{words('outcomes')}</h2>"
        rows = [
            (escape(one["then"]), escape(one["now"]), one["count"]) for one in report["outcomes"]
        ]
        yield from _table((words("then"), words("now"), words("count")), rows)


def _examples(words: _Words, report: Document) -> Iterator[str]:
    for name in CLASSES:
        examples = report["classes"][name]["examples"]
        if name == "identical" or not examples:
            continue
        yield f"<h2>{words(name)}: {words('examples')}</h2>"
        rows = [
            (
                f"{escape(one['case'])} {escape(one['business_key'] or '')}".strip(),
                "" if one["position"] is None else one["position"],
                escape(one["reason"] or f"{one['then']} → {one['now']}"),
            )
            for one in examples
        ]
        yield from _table((words("case"), words("entry"), words("reason")), rows)


def _figure(title: str, xml: bytes, marks: Mapping[str, Mark]) -> Iterator[str]:
    yield f"<h2>{title}</h2>"
    for svg in draw(xml, marks):
        yield f"<figure>{svg}</figure>"


def _marks(report: Document, when: str) -> dict[str, Mark]:
    other = "then" if when == "now" else "now"
    marks = {}
    for one in report["elements"]:
        if one["process"] != report["process"]:
            continue
        count, before = one[f"reached_{when}"], one[f"reached_{other}"]
        title = f"{one['element']}: {count} ({before})"
        marks[one["element"]] = Mark(_style(one, count, before, when), title)
    return marks


def _style(one: Document, count: int, other: int, when: str) -> str:
    if not count:
        return "missed"
    if not other:
        return "alone"
    then, now = one["hours_then"], one["hours_now"]
    if when == "now" and then != now:
        return "slower" if now > then else "faster"
    return "reached"


def _elements(words: _Words, report: Document) -> Iterator[str]:
    yield f"<h2>{words('elements')}</h2>"
    titles = (
        words("element"), "",
        f"{words('then')}: {words('reached')}", f"{words('now')}: {words('reached')}",
        f"{words('then')}: {words('hours')}", f"{words('now')}: {words('hours')}",
    )  # fmt: skip
    rows = [
        (escape(one["element"]), escape(one["name"]), one["reached_then"], one["reached_now"],
         f"{one['hours_then']:.1f}", f"{one['hours_now']:.1f}")
        for one in report["elements"]
    ]  # fmt: skip
    yield from _table(titles, rows)
    if report["never"]:
        names = ", ".join(escape(one["name"] or one["element"]) for one in report["never"])
        yield f"<h2>{words('never')}</h2>\n<p>{names}</p>"


def _table(titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    head = "".join(f"<th>{one}</th>" for one in titles)
    yield f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>"
    for row in rows:
        cells = "".join(
            f'<td class="n">{one}</td>' if isinstance(one, int) else f"<td>{one}</td>"
            for one in row
        )
        yield f"<tr>{cells}</tr>"
    yield "</tbody>\n</table>"
