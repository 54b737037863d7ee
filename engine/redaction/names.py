"""Names of people: the known ones everywhere, others after a cue word or before a title.

A name that was found once is replaced wherever it stands, because the second
time it has no cue. A surname with a title (张先生) says no more than 张某 and stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from engine.redaction.spans import Span
from engine.redaction.surnames import COMPOUND, ORDINARY, SINGLE, SURE, WEAK
from engine.redaction.writing import fold

SOMEBODY = "某人"

Known = tuple[re.Pattern[str], ...]
"""What finds the given names; empty when none were given."""

_NOBODY = frozenset({"匿名", "不详", "未知", "保密", "不明"})

_CUE = re.compile(
    "(?:居民|村民|市民|群众|业主|住户|租户|租客|房主|房东|户主|房客|店主|车主|司机|老板|老人|患者|病人|死者|伤者"
    "|家属|家长|学生|反映人|反应人|投诉人|举报人|来电人|来访人|联系人|当事人|申请人|报修人|求助人|报案人|报警人"
    "|负责人|经办人|承办人|诉求人|信访人|上访人|嫌疑人|被害人|受害人|被告人?|原告|证人|监护人|委托人|责任人"
    "|社区矫正对象|网格员|志愿者|楼长|我叫|名叫|我是|本人|儿子|女儿|丈夫|妻子|母亲|父亲|老伴|邻居|姓名|名字"
    "|其父|其母|其妻|其夫|其子|其女|其儿|其兄|其弟|其姐|其妹|经理|书记|主任|队长|所长|站长|局长|民警|社工|代表|委员)"
    "(?:姓名|名字|代表)?[:为是系叫( ]{0,3}"
)
_FULL_NAME_CUE = re.compile("(?:姓名|联系人|反映人|当事人|我叫|名叫)")
_TITLE = re.compile(
    "先生|女士|小姐|大爷|大妈|大娘|大伯|大叔|大姐|大哥|阿姨|师傅|老人|老师|医生|奶奶|爷爷|叔叔|婆婆|同志|书记|主任"
    "|经理|队长|所长|局长|科长|站长|院长|网格长|网格员|楼长|警官|律师"
    "|[(,][男女][,、)]"
)
_SURNAME = re.compile("|".join([*sorted(COMPOUND), f"[{''.join(sorted(SINGLE))}]"]))
_SPEAKS = (
    "反映|反应|称|说|表示|投诉|来电|来访|举报|诉求|诉|报告|报修|求助|建议|咨询|要求|提出|认为|讲|致电|拨打"
    "|告诉|介绍"
)
_LITTLE = (
    "住在因与和及的等被将已于向到对把给从又也还就并是系为家同则经由时自则即去来未没不会可能想有要"
)
_BOUNDARY = re.compile(
    f"$|[^一-鿿]|{_SPEAKS}|[{_LITTLE}]|发现|电话|手机|身份证|联系|男|女|患|确诊|微信|参加|参与|到场|签字|签名|签收|作证|承诺|负责|前往|上门|申请|同意|拒绝|担任|现年|突然|今年|多次"
    "|路过|物业|楼上|楼下|夫妇|夫妻|本人|名下|居住|所"
    "|" + _TITLE.pattern
)
_SECOND_IS_NOT_GIVEN = re.compile(
    f"{_SPEAKS}|[住在因与和及的等被将已于向到对把给从又也还就并是系则经由即未没不]"
)
_NEVER_GIVEN = frozenset(
    "某的了是在有和与及或不被把将就都也还等因为其该此这那之各每们我你他她它来去到对于向从吗呢吧着过得很太最更已并但"
    "而所以请问称说诉个户名位楼栋号室层局所厅科处镇区厂店委街"
)
_PLACE = re.compile(
    "[一-鿿]{1,4}?(?:社区|小区|街道|大街|大道|公司|派出所|医院|学校|小学|中学|花园|家园|公寓|新村|大厦|广场|公园"
    "|胡同|委员会|居委|办事处|物业公司|物业服务|超市|饭店|酒店|药店|菜场)"
    "|[一-鿿]{2,3}(?:路(?![过上边口面遇经])|街(?![上头])|巷|村(?![里民])|镇|乡|局|所(?![在住述说反提有称])|苑|坊"
    f"|弄(?![坏脏堵丢伤]))(?!{_SPEAKS})"
)
_CHINESE = re.compile("[一-鿿]+")
_WITH_DOT = re.compile("[一-鿿]{1,8}(?:·[一-鿿]{1,8}){1,3}")
_LABELLED = re.compile("([一-鿿]{2,4})(?=[^一-鿿]|$)")
_AND = "、和与及/"


def known_names(known: Collection[str]) -> Known:
    """Return what finds the ``known`` names, also with spaces between the characters."""
    folded = {"".join(fold(name).split()) for name in known}
    names = sorted((one for one in folded if len(one) > 1 and one not in _NOBODY), key=_by_length)
    return tuple(re.compile(r"\s{0,2}".join(map(re.escape, name)) + "某*") for name in names)


def _by_length(name: str) -> tuple[int, str]:
    return -len(name), name


def find(text: str, known: Known) -> Iterator[Span]:
    """Find names in a folded text."""
    for rule in known:
        for match in rule.finditer(text):
            yield _span(text, *match.span())
    found = [*_after_cues(text), *_before_titles(text)]
    for start, end in found:
        yield _span(text, start, end)
    yield from _again(
        text, {text[start:end] for start, end in found}, {start for start, _ in found}
    )


def _span(text: str, start: int, end: int) -> Span:
    return Span(start, end, "name", _pseudonym(text[start:end]))


def _pseudonym(name: str) -> str:
    if name[:2] in COMPOUND and len(name) > 2:
        return name[:2] + "某"
    return name[0] + "某" if _CHINESE.match(name) else SOMEBODY


def _after_cues(text: str) -> Iterator[tuple[int, int]]:
    for cue in _CUE.finditer(text):
        start, labelled = cue.end(), ":" in cue[0]
        end = _end_of_name(text, start, labelled=labelled)
        if end is None and labelled and _FULL_NAME_CUE.match(cue[0]):
            end = _end_of_foreign_name(text, start)
        while end is not None:
            yield start, end
            start = end + 1
            end = _end_of_name(text, start, labelled=True) if text[end:start] in _AND else None


def _end_of_name(text: str, start: int, *, labelled: bool) -> int | None:
    dotted = _WITH_DOT.match(text, start)
    if dotted:
        return dotted.end()
    surname = _SURNAME.match(text, start)
    if surname is None or _TITLE.match(text, surname.end()):
        return None
    given = surname.end()
    if text[start : start + 2] in ORDINARY or not _is_given(text[given : given + 1]):
        return None
    if _PLACE.match(text, start):
        return None
    one, two = given + 1, given + 2
    two_fit = _is_given(text[one:two]) and not _SECOND_IS_NOT_GIVEN.match(text, one)
    if two_fit and _BOUNDARY.match(text, two):
        return two
    if _BOUNDARY.match(text, one):
        return one
    certain = labelled or surname[0] in SURE or surname[0] in COMPOUND
    return two if two_fit and certain else None


def _end_of_foreign_name(text: str, start: int) -> int | None:
    """Return where a name ends whose first character is no surname (阿依古丽)."""
    match = _LABELLED.match(text, start)
    if match is None or not all(map(_is_given, match[1])) or _PLACE.match(text, start):
        return None
    return match.end() if match[1][-1] not in "办会局所站室部组长员科区" else None


def _is_given(character: str) -> bool:
    return "一" <= character <= "鿿" and character not in _NEVER_GIVEN


def _before_titles(text: str) -> Iterator[tuple[int, int]]:
    for title in _TITLE.finditer(text):
        start = _start_of_name(text, title.start())
        if start is not None:
            yield start, title.start()


def _start_of_name(text: str, end: int) -> int | None:
    """Return where the name begins that ends at ``end``; the longest that fits."""
    for size in (4, 3, 2):
        start = end - size
        if start < 0 or not all(map(_is_given, text[start:end])):
            continue
        pair = text[start : start + 2]
        if pair in COMPOUND and size > 2:
            return start
        if size == 4 or text[start] not in SINGLE or pair in ORDINARY:
            continue
        if text[start] in WEAK and _SURNAME.match(text, start + 1):
            continue
        return start
    return None


def _again(text: str, names: set[str], starts: set[int]) -> Iterator[Span]:
    """Find ``names`` elsewhere, but not where they are part of a road's or a unit's name."""
    if not names:
        return
    sizes = sorted({len(name) for name in names}, reverse=True)
    firsts = re.compile(f"[{''.join(sorted({name[0] for name in names}))}]")
    for match in firsts.finditer(text):
        start = match.start()
        if start in starts:
            continue
        for size in sizes:
            if text[start : start + size] in names and not _PLACE.match(text, start):
                yield _span(text, start, start + size)
                break
