"""A report as one page of HTML: no script, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from engine.backtest.drawing import Mark, draw
from engine.backtest.playing import CLASSES
from engine.backtest.reasons import outcome

Document = dict[str, Any]

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("回测", "Back-test"),
    "cases": ("回测了 {} 件", "{} cases tried"),
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
    "case": ("案件", "Case"),
    "entry": ("条目", "Entry"),
    "first": ("先在哪里不同", "First other at"),
    "reason": ("结果与原因", "Outcome and why"),
    "elements": ("各环节", "Elements"),
    "element": ("环节", "Element"),
    "reached": ("次数", "times"),
    "hours": ("工作小时", "working hours"),
    "never": ("从未到达", "Never reached"),
    "old": ("现行图", "The diagram as it is"),
    "new": ("改后的图", "The diagram as changed"),
    "legend": ("图例", "Legend"),
    "reached_as_then": ("到过", "Reached"),
    "missed": ("未到", "Not reached"),
    "alone": ("只在这张图上到过", "Reached in this diagram only"),
    "slower": ("每次停留更久", "Each visit takes longer"),
    "faster": ("每次停留更短", "Each visit is shorter"),
    "numbers": ("超期与升级", "Missed dates and escalations"),
    "visits": (
        "右上角的数字是到过的次数。",
        "The number at a corner says how often it was reached.",
    ),
    "tried": ("试的条件", "What was tried"),
    "sets": ("时限", "Limits"),
    "mapping": ("环节对应", "Elements mapped"),
    "lists": ("清单", "Lists"),
    "calendar": ("日历", "Calendar"),
    "another": ("另一份", "another"),
    "since": ("立案不早于", "Begun at or after"),
    "until": ("立案早于", "Begun before"),
    "same_diagram": ("与现行图相同", "The same as it is"),
    "count": ("件数", "Cases"),
    "name": ("名称", "Name"),
    "figure": ("指标", "Figure"),
}
"""What the page says, in Chinese and in English."""

_STYLE = """
body{font:15px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;margin:2rem auto;max-width:75rem;
padding:0 1rem;color:#1c2430}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #d5dae1;padding:.3rem .5rem;
text-align:left;vertical-align:top}td.n,th.n{text-align:right}.big{font-size:1.6rem;font-weight:600}
.classes{display:flex;flex-wrap:wrap;gap:1rem;padding:0;list-style:none}.classes li{border:1px solid
#d5dae1;border-radius:.5rem;padding:.6rem 1rem;min-width:9rem}figure{margin:1rem 0;
overflow:auto;max-height:85vh;border:1px solid #d5dae1}
svg{max-width:none;height:auto}svg text{font:12px system-ui,'Noto Sans CJK SC',sans-serif;
text-anchor:middle;fill:#1c2430}.task rect,.event circle,.gateway polygon{fill:#fff;stroke:#5a6675;
stroke-width:1.4}.pool rect{fill:#fafbfc;stroke:#b9c1cc}.event .end{stroke-width:3.5}
.flow polyline{fill:none;stroke:#8792a2;stroke-width:1.3}.flow .arrow{fill:#8792a2}
.messageFlow polyline{stroke-dasharray:5 4}
.wide{overflow-x:auto}.legend{display:flex;flex-wrap:wrap;gap:.4rem 1.2rem;padding:0;
list-style:none}
.legend svg{vertical-align:middle;margin-right:.4rem}svg .count{font-size:11px;text-anchor:end;
font-weight:600}a{color:#1d4f91}
@media (max-width:40rem){body{margin:1rem auto;padding:0 .6rem}.classes li{flex:1 1 8rem;
min-width:0}}
.reached>*{fill:#dbe9fb!important;stroke:#2b62ad!important}
.missed>*{fill:#eceef1!important;stroke:#9aa3af!important;stroke-dasharray:4 3}
.slower>*{fill:#fbdcd6!important;stroke:#a8321a!important;stroke-width:3!important}
.faster>*{fill:#d9f0dd!important;stroke:#22713a!important;stroke-width:2!important}
.alone>*{fill:#fdebc8!important;stroke:#96640a!important;stroke-dasharray:9 3}
"""


def page(
    report: Document, old: bytes, new: bytes | None, language: str = "en", site: str = ""
) -> str:
    """Return a report as a page.

    Args:
        report: ``Report.to_json``.
        old: the diagram as it is deployed; new: as it was tried, None where it is the same.
        language: ``zh`` or ``en``.
        site: where the pages of the installation are, so that its cases can be opened;
            "" = they are named and not linked.
    """
    return "\n".join(_lines(_Words(language), report, old, new, site)) + "\n"


class _Words:
    """The words of the page in one language, safe to be put into it."""

    def __init__(self, language: str) -> None:
        self.language = "zh-CN" if language == "zh" else "en"
        self._at = 0 if language == "zh" else 1

    def __call__(self, name: str) -> str:
        return escape(WORDS[name][self._at])

    def outcome(self, text: str) -> str:
        """Return how a case ended."""
        return escape(text if self._at else outcome(text))

    def reason(self, example: Document) -> str:
        """Return why a case is where it is; not yet safe."""
        said: str = example["reason" if self._at else "reason_zh"]
        return said


def _lines(
    words: _Words, report: Document, old: bytes, new: bytes | None, site: str
) -> Iterator[str]:
    name = f"{report['name']} ({report['process']})" if report["name"] else report["process"]
    title = f"{words('title')}: {escape(name)}"
    yield f'<!doctype html>\n<html lang="{words.language}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{title}</h1>\n<p>{words('cases').format(report['cases'])}</p>"
    yield '<ul class="classes">'
    for one in CLASSES:
        count = report["classes"][one]["count"]
        yield f'<li><div class="big">{count}</div>{words(one)}</li>'
    yield "</ul>"
    yield from _tried(words, report["tried"])
    yield from _numbers(words, report)
    yield from _examples(words, report, site)
    yield from _legend(words)
    yield from _figure(words("old"), old, _marks(report, "then"))
    yield from _figure(words("new"), new or old, _marks(report, "now"))
    if new is None:
        yield f"<p>{words('same_diagram')}</p>"
    yield from _elements(words, report)
    yield "</main>\n</body>\n</html>"


def _tried(words: _Words, tried: Document) -> Iterator[str]:
    """Tell what else was otherwise than in the record, where anything was."""
    told = [(name, str(tried[name])) for name in ("since", "until") if tried[name]]
    told += [("sets", one) for one in tried["sets"]]
    told += [
        ("mapping", f"{process}.{old} → {new or '–'}")
        for process, table in tried["mapping"].items()
        for old, new in table.items()
    ]
    told += [("lists", one) for one in tried["lists"]]
    told += [("calendar", words("another"))] if tried["calendar"] else []
    if told:
        lines = "".join(f"<li>{words(name)}: {escape(one)}</li>" for name, one in told)
        yield f"<h2>{words('tried')}</h2>\n<ul>{lines}</ul>"


def _numbers(words: _Words, report: Document) -> Iterator[str]:
    rows = [
        (words(name), report[name]["then"], report[name]["now"])
        for name in ("overdue", "escalations")
    ]
    yield f"<h2>{words('numbers')}</h2>"
    yield from _table((words("figure"), words("then"), words("now")), rows)
    if report["outcomes"]:
        yield f"<h2>{words('outcomes')}</h2>"
        rows = [
            (words.outcome(one["then"]), words.outcome(one["now"]), one["count"])
            for one in report["outcomes"]
        ]
        yield from _table((words("then"), words("now"), words("count")), rows)


def _examples(words: _Words, report: Document, site: str) -> Iterator[str]:
    for name in CLASSES:
        examples = report["classes"][name]["examples"]
        if name == "identical" or not examples:
            continue
        yield f"<h2>{words(name)}: {words('examples')}</h2>"
        rows = [
            (
                _case(one, site),
                "" if one["position"] is None else one["position"],
                _element_name(one["first"]),
                escape(words.reason(one))
                or f"{words.outcome(one['then'])} → {words.outcome(one['now'])}",
            )
            for one in examples
        ]
        yield from _table((words("case"), words("entry"), words("first"), words("reason")), rows)


def _case(one: Document, site: str) -> str:
    """Return a case by its number, as a link to the moment at which it parted."""
    name = escape(one["business_key"] or one["case"])
    if not site:
        return name if name == one["case"] else f"{name} {escape(one['case'])}"
    at = "" if one["position"] is None else f"?position={one['position']}"
    return f'<a href="{escape(site)}/cases/{escape(one["case"])}/replay{at}">{name}</a>'


def _element_name(first: Document | None) -> str:
    if first is None:
        return ""
    name = f"{first['name']} ({first['element']})" if first["name"] else first["element"]
    return escape(name)


def _legend(words: _Words) -> Iterator[str]:
    yield f'<h2>{words("legend")}</h2>\n<ul class="legend">'
    for style in ("reached", "missed", "alone", "slower", "faster"):
        name = "reached_as_then" if style == "reached" else style
        swatch = '<rect x="2" y="2" width="24" height="14" rx="3"/>'
        yield (
            f'<li><svg width="28" height="18" aria-hidden="true"><g class="task {style}">{swatch}'
            f"</g></svg>{words(name)}</li>"
        )
    yield f"</ul>\n<p>{words('visits')}</p>"


def _figure(title: str, xml: bytes, marks: Mapping[str, Mark]) -> Iterator[str]:
    yield f"<h2>{title}</h2>"
    for svg in draw(xml, marks):
        # What scrolls is reached by the keyboard too.
        yield f'<figure tabindex="0" role="region" aria-label="{title}">{svg}</figure>'


def _marks(report: Document, when: str) -> dict[str, Mark]:
    other = "then" if when == "now" else "now"
    marks = {}
    for one in report["elements"]:
        if one["process"] != report["process"]:
            continue
        count, before = one[f"reached_{when}"], one[f"reached_{other}"]
        title = f"{one['element']}: {count} ({before})"
        marks[one["element"]] = Mark(_style(one, count, before, when), title, str(count or ""))
    return marks


_WHEN = ("then", "now")


def _style(one: Document, count: int, other: int, when: str) -> str:
    if not count:
        return "missed"
    if not other:
        return "alone"
    # By visit: who comes twice as often is not twice as slow.
    then, now = (round(one[f"hours_{each}"] / one[f"reached_{each}"], 2) for each in _WHEN)
    if when == "now" and then != now:
        return "slower" if now > then else "faster"
    return "reached"


def _elements(words: _Words, report: Document) -> Iterator[str]:
    yield f"<h2>{words('elements')}</h2>"
    titles = (
        words("element"), words("name"),
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
    head = "".join(f'<th scope="col">{one}</th>' for one in titles)
    yield f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>'
    for row in rows:
        cells = "".join(
            f'<td class="n">{one}</td>' if isinstance(one, int) else f"<td>{one}</td>"
            for one in row
        )
        yield f"<tr>{cells}</tr>"
    yield "</tbody>\n</table></div>"
