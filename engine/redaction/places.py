"""Where somebody lives: doors and coordinates; for a summary every place below the community."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.redaction.spans import Span

DOOR, DOOR_IN_COMPOUND = "该小区某户", "某户"
COORDINATES = "（坐标略）"
PLACE = "某处"

_NUMBER = r"(?:[a-z]?\d{1,4}[a-z]?|[a-z](?=[栋幢座])|[一二三四五六七八九十百零〇两]{1,5})"
_GAP = r"[ ,-]?"
_BUILDING = rf"{_NUMBER}(?:栋|幢|座|号楼|楼|#楼?)"
_ENTRANCE = rf"{_NUMBER}(?:单元|门|梯)"
_FLOOR = rf"{_NUMBER}(?:层|楼)"
# What follows a number that counts something (3栋120户, 3栋2024年).
_MEASURE = "0-9a-z年月日元人个户平米吨万千百度次%多余份辆台盏棵只件张条处名岁小分秒天厘瓦."
_ROOM = rf"(?:{_NUMBER}(?:室|房)|\d{{3,4}}[a-z]?号|\d{{3,4}}[a-z]?(?![{_MEASURE}]))"
# Where a number may begin; the rules below are tried only there.
_RUN = re.compile("[0-9a-z]+|[一二三四五六七八九十百零〇两]+")
_DOOR = re.compile(
    rf"(?:(?:{_NUMBER}(?:期|区){_GAP})?{_BUILDING}{_GAP})?"
    rf"(?:{_ENTRANCE}{_GAP}(?:(?:{_FLOOR}{_GAP})?{_ROOM}|{_FLOOR}|\d{{3,4}}户)"
    rf"|(?<=[栋幢座楼#])(?:{_FLOOR}{_GAP})?{_ROOM}"
    rf"|(?<=[栋幢座楼#][ ,-])(?:{_FLOOR}{_GAP})?{_ROOM})"
    r"|(?<!-)\d{1,3}[a-z]?-\d{1,2}-\d{3,4}(?![0-9-])(?:室|号|户)?"
    r"|(?<!-)(?:\d{1,3}[a-z]?-)?\d{3,4}[a-z]?(?:室(?![内外])|房(?![屋租产子源价东管]))"
)
_COMPOUND_ENDS = "区苑里园居坊庭府城湾郡村寓院号弄墅家"
_OFFICE = re.compile(r"办公|中心|大厅|会议|教学|诊")

_DEGREE = r" ?[°º度] ?"
_MINUTE = r"\d{1,2}(?:\.\d{1,9})? ?['′分] ?"
_SECOND = r"""\d{1,2}(?:\.\d{1,9})? ?(?:["″秒]|'')"""
_DECIMAL = r"\.\d{4,15}[°º]?[nsew]?"
_CUED = re.compile(
    r"(?:东经|西经|南纬|北纬|经度|纬度|坐标|定位|latitude|longitude"
    r"|lat(?<![a-z]lat)|lon(?<![a-z]lon)|lng(?<![a-z]lng))"
    r"[:=为是( ]{0,3}(-?\d{1,3}(?:\.\d{1,15})?"
    rf"(?:{_DEGREE}(?:{_MINUTE})?(?:{_SECOND})?)?(?:[nsew](?![a-z]))?"
    r"(?: ?[,、/ ;] ?-?\d{1,3}\.\d{2,15}[°º]?)?)"
)
_MINUTES = re.compile(rf"[0-9](?<!\d\d)\d{{0,2}}{_DEGREE}{_MINUTE}(?:{_SECOND})? ?[nsew]?")
_PAIR = re.compile(
    rf"([0-9](?<![\d.]\d)\d{{0,2}}{_DECIMAL}) {{0,2}}[,、/; ] {{0,2}}(\d{{1,3}}{_DECIMAL})(?!\d)"
)

_PLACE_END = re.compile(
    r"小区|花园|家园|公寓|新村|大厦|广场|公园|胡同|大街|大道|小学|中学|幼儿园|菜场|超市"
    r"|街(?!道|坊|面|头|上|长)|路(?![面灯长过由径人线边口段政])|巷(?![长道])|弄(?=\d)|苑|坊"
    r"|(?:里|园|居|庭|府|城|湾|郡|墅|村)(?=第?\d{1,3}(?:期|区|栋|幢|座|号))"
)
_PARTS = re.compile(
    rf"(?:{_GAP}第?{_NUMBER}(?:号院|号楼|号|期|区|弄|组|栋|幢|座|楼|单元|门|梯|层|室|网格|#)){{1,8}}"
    rf"(?:{_GAP}\d{{3,4}}(?![{_MEASURE}]))?"
)
_ALONE = re.compile(rf"{_NUMBER}(?:栋|幢|号楼|单元|网格)")
_NOT_IN_A_NAME = set(
    "在于位到的和与及至从向了是有为被把将对由沿经映民户主报称说查现前往达去来过员近段站处道区镇市所述"
    "某县乡该本各条马公线铁电出半一思水管网门"
)
_NAME_SIZE = 4


def find_doors(text: str) -> Iterator[Span]:
    """Find exact door numbers in a folded text; buildings and roads stay."""
    for match in _tried(_DOOR, text):
        before = text[max(match.start() - 5, 0) : match.start()]
        if _OFFICE.search(before):
            continue
        named = before[-1:] in _COMPOUND_ENDS if before else False
        yield Span(*match.span(), "door", DOOR_IN_COMPOUND if named else DOOR)


def find_coordinates(text: str) -> Iterator[Span]:
    """Find exact coordinates in a folded text."""
    for match in _CUED.finditer(text):
        yield Span(*match.span(1), "coordinates", COORDINATES)
    for match in _MINUTES.finditer(text):
        yield Span(*match.span(), "coordinates", COORDINATES)
    for match in _PAIR.finditer(text):
        low, high = sorted(int(one.partition(".")[0]) for one in match.groups())
        # Inside the country; other pairs of long decimals are measurements.
        if 3 <= low <= 54 and 73 <= high <= 136:
            yield Span(*match.span(), "coordinates", COORDINATES)


def find_places(text: str) -> Iterator[Span]:
    """Find roads, compounds, buildings and grids in a folded text."""
    for match in _PLACE_END.finditer(text):
        start = match.start()
        floor = max(start - _NAME_SIZE, 0)
        while start > floor and _may_be_named(text, start - 1):
            start -= 1
        if start == match.start():
            continue
        parts = _PARTS.match(text, match.end())
        yield Span(start, parts.end() if parts else match.end(), "place", PLACE)
    for match in _tried(_ALONE, text):
        parts = _PARTS.match(text, match.end())
        start = match.start() - (text[match.start() - 1 : match.start()] == "第")
        yield Span(start, parts.end() if parts else match.end(), "place", PLACE)


def _tried(rule: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    end = 0
    for run in _RUN.finditer(text):
        match = rule.match(text, run.start()) if run.start() >= end else None
        if match:
            end = match.end()
            yield match


def _may_be_named(text: str, at: int) -> bool:
    character = text[at]
    if text[at - 1 : at + 1] == "人民":
        return True
    return "一" <= character <= "鿿" and character not in _NOT_IN_A_NAME
