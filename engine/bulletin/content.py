"""What a month's bulletin says: figures, ranking, what is overdue, frequent items, promises."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from engine import access, figures, rates
from engine.access import Actor
from engine.bpmn.model import SECRET
from engine.bulletin.model import Bulletin, Paragraph, Section, Table
from engine.errors import InvalidData
from engine.figures import Counted, Fact, Figure, Reading, Window
from engine.ports import Application
from engine.tables import keys

Document = dict[str, Any]

CODES = (
    "filing", "on_time", "on_schedule", "on_time_original", "signing", "response", "solved",
    "satisfied", "composite", "returned", "rework", "extension", "excluded", "street_score",
    "whistle_band", "quarter", "daily_clear", "overnight", "within_community", "publication",
)  # fmt: skip
"""The figures of the first table, in its order; what the list has not is left out."""

FREQUENT = 3
"""So often in the month, and an item is worth 主动治理."""
MOST = 10
CASES = 20
"""So many overdue cases are named of one unit; the rest is counted."""

SAMPLE = "＊"
"""Stands behind what rests on a sample that nobody has compared with its source."""
_NOTE = f"标{SAMPLE}的，其口径、权重或分值为样例，尚未与依据核对。"

_SECRET = sa.select(keys.c.case_id).where(
    keys.c.name == sa.literal_column(f"'{SECRET}'"),
    keys.c.value == sa.literal_column("'True'"),
)


def draft(app: Application, actor: Actor, *, unit: str, month: str) -> Bulletin:
    """Return the bulletin of a unit and a month.

    Args:
        month: ``2026-08``.

    Raises:
        InvalidData: it is no month.
        NotFound: there is no such unit.
        NotAllowed: the actor reads no figures of this unit.
    """
    first, following = _days(month)
    before = _days(f"{first.year - (first.month == 1)}-{(first.month - 2) % 12 + 1:02d}")[0]
    with app.database.reading() as tx:
        reading = Reading(app, tx)
        access.require_unit(actor, "figures", unit, app.references.organisation)
        window = reading.window(unit, first, following)
        last = reading.window(unit, before, first)
        name = reading.ground.organisation.name(unit, reading.today)
        secret = {row[0] for row in tx.all(_SECRET, {})}
        return Bulletin(
            f"{name} {first.year}年{first.month}月治理工作点评",
            f"取数时间：{reading.ground.calendar.local(reading.ground.now):%Y-%m-%d %H:%M}；"
            f"比率按四舍五入，括号内为分子/分母。{_NOTE if _rests_on_samples(reading) else ''}",
            (
                _numbers(reading, unit, window, last),
                _ranking(reading, window),
                _overdue(reading, window, secret),
                _frequent(reading, window),
                _promises(reading, last),
                _apart(reading, unit, window),
            ),
        )


def _rests_on_samples(reading: Reading) -> bool:
    figures_told = (reading.book.figures.get(one) for one in CODES)
    by_rules = figures.RULESET in reading.book.samples
    return by_rules or any(one is not None and one.is_sample for one in figures_told)


def _title(figure: Figure) -> str:
    return f"{figure.title_zh}{SAMPLE if figure.is_sample else ''}"


def _days(month: str) -> tuple[date, date]:
    found = re.fullmatch(r"(\d{4})-(\d{2})", month)
    if found is None or not 1 <= int(found[2]) <= 12 or not 1 <= int(found[1]) < 9999:
        raise InvalidData(f"{month!r} is no month.", hint="Write for example 2026-08.")
    year, number = int(found[1]), int(found[2])
    return date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)


# -- numbers -----------------------------------------------------------------------------


def _numbers(reading: Reading, unit: str, window: Window, last: Window) -> Section:
    known = [reading.book.figures[one] for one in CODES if one in reading.book.figures]
    rows = [_number(reading, one, unit, window, last) for one in known]
    head = ("指标", "本月", "口径", "上月", "变化（百分点）")
    return Section("一、数字", (Table(head, tuple(rows)),))


def _number(
    reading: Reading, figure: Figure, unit: str, window: Window, last: Window
) -> tuple[str, ...]:
    now, then = reading.count(figure, unit, window), reading.count(figure, unit, last)
    made_of = now.parts if figure.kind in {"rate", "ratio"} else f"n = {now.n}"
    shown = now.printed if now.value is None or now.few else f"{now.text}（{made_of}）"
    if now.within_band is False and not now.few:
        shown += f"，超出区间 {figure.low}–{figure.high} %"
    return _title(figure), shown, figure.formula_zh, then.printed, _change(now, then)


def _change(now: Counted, then: Counted) -> str:
    if now.value is None or then.value is None or now.few or then.few:
        return "–"
    return f"{now.value - then.value:+}"


# -- departments -------------------------------------------------------------------------


def _ranking(reading: Reading, window: Window) -> Section:
    known = [one for one in ("on_time", "solved", "satisfied") if one in reading.book.figures]
    wanted = [reading.book.figures[one] for one in known]
    lines = figures.league(reading, window, wanted)
    ranked = [one for one in lines if one["rank"] is not None]
    points = f"得分{SAMPLE if figures.RULESET in reading.book.samples else ''}"
    head = ("位次", "单位", "件数", points, *(_title(one) for one in wanted))
    rows = tuple(
        (str(one["rank"]), one["name"], str(one["n"]), one["points"],
         *(one["figures"][code]["text"] for code in known))
        for one in ranked
    )  # fmt: skip
    few = [f"{one['name']}（{one['n']} 件）" for one in lines if one["rank"] is None]
    red, black = figures.lists(ranked)
    parts: list[Paragraph | Table] = [Table(head, rows)] if rows else []
    parts.append(Paragraph(f"红榜：{_names(red)}。黑榜：{_names(black)}。同分不分先后。"))
    if few:
        parts.append(Paragraph(f"不足 {rates.LEAST} 件，不排位：{'、'.join(few)}。"))
    return Section("二、部门排位与红黑榜", tuple(parts))


def _names(lines: Iterable[Document]) -> str:
    return "、".join(one["name"] for one in lines) or "无"


def _overdue(reading: Reading, window: Window, secret: set[str]) -> Section:
    found = [
        one
        for one in reading.facts("shares")
        if one.bears(("live", "overdue")) and one.within(window.units)
    ]
    rows = []
    for body in sorted({body for one in found for body in one.bodies}):
        own = sorted(
            (one for one in found if body in one.bodies),
            key=lambda one: one.moments["effective_due"],
        )
        named = [one for one in own if one.case not in secret]
        told = "；".join(_case(reading, one) for one in named[:CASES])
        rows.append((reading.ground.organisation.name(body, reading.today), str(len(own)), told))
    if not rows:
        return Section("三、超期未结清单", (Paragraph("截至取数时间，无超期未结。"),))
    return Section("三、超期未结清单", (Table(("单位", "件数", "编号（应办结）"), tuple(rows)),))


def _case(reading: Reading, one: Fact) -> str:
    due = reading.ground.calendar.local(one.moments["effective_due"])
    return f"{one.number or '未编号'}（{due:%m-%d}）"


# -- items -------------------------------------------------------------------------------


def _frequent(reading: Reading, window: Window) -> Section:
    items: Counter[str] = Counter()
    for subject, process in (("events", "grid_event"), ("whistles", "whistle_report")):
        by = "found_at" if subject == "events" else "received_at"
        cases = {
            one.case
            for one in reading.facts(subject)
            if "live" in one.marks
            and one.falls(by, window.since, window.until)
            and one.within(window.units)
            and (subject == "events" or "direct" in one.marks)
        }
        runs = reading.ground.case_runs(process)
        items.update(str(runs[case].data.get("item_code") or "") for case in cases)
    ordered = sorted(items.items(), key=lambda one: (-one[1], one[0]))
    names = figures.item_names(reading.ground.app, reading.today)
    often = [
        (names.get(code, ("", ""))[0], str(count)) for code, count in ordered if count >= FREQUENT
    ]
    rows = tuple(one for one in often if one[0])[:MOST]
    if not rows:
        return Section("四、高频事项", (Paragraph(f"无同一事项发生 {FREQUENT} 次以上。"),))
    told = Paragraph("列入主动治理：请责任单位提出源头办法。")
    return Section("四、高频事项", (Table(("事项", "件数"), rows), told))


def _promises(reading: Reading, last: Window) -> Section:
    due = [
        one
        for one in reading.facts("promises")
        if "live" in one.marks
        and one.falls("due_at", last.since, last.until)
        and one.within(last.units)
    ]
    if not due:
        return Section("五、上月承诺", (Paragraph("上月无到期承诺。"),))
    rows = []
    for body in sorted({body for one in due for body in one.bodies}):
        own = [one for one in due if body in one.bodies]
        kept = sum(1 for one in own if "kept" in one.marks)
        name = reading.ground.organisation.name(body, reading.today)
        rows.append((name, str(len(own)), str(kept), str(len(own) - kept)))
    return Section("五、上月承诺", (Table(("单位", "到期", "兑现", "未兑现"), tuple(rows)),))


def _apart(reading: Reading, unit: str, window: Window) -> Section:
    words = {
        "deferred": "缓办", "excluded": "剔除", "voided": "作废、撤销", "merged": "并案",
        "unreachable": "无法联系", "refused": "拒绝回访", "skipped": "免回访",
    }  # fmt: skip
    told = []
    for code in ("filing", "on_schedule", "satisfied"):
        if code in reading.book.figures:
            counted = reading.count(reading.book.figures[code], unit, window)
            parts = [f"{words[mark]} {number}" for mark, number in counted.apart.items()]
            if parts:
                told.append(f"{_title(counted.figure)}：{'，'.join(parts)}")
    return Section("六、另列", (Paragraph("；".join(told) + "。" if told else "无。"),))
