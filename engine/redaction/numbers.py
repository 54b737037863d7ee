"""Numbers and addresses that lead to a person: telephones, papers, plates, cards, accounts.

Sources: GB 11643-1999 (citizen numbers, check digit after ISO 7064 MOD 11-2),
GA 36-2018 (plates), ISO/IEC 7812-1 annex B (cards, Luhn).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.redaction.spans import Span

PHONE, IDENTITY, PLATE = "（电话略）", "（证件号略）", "（车牌略）"
BANK, EMAIL, ACCOUNT = "（卡号略）", "（邮箱略）", "（账号略）"

# Each rule begins with a character or a set, and looks back only after it: the search then
# skips at once what cannot begin a match.
_LINK = r"[:=为是 ]{0,3}"
_SUM = r"(?:\.\d{1,4})? ?[百千万亿]{0,2}元"
_EXTENSION = r"(?:(?:转|-|ext\.?) ?\d{1,5})?"
# A sum of thirteen thousand million is rarer than a telephone, but it says 元.
_MOBILE = (
    r"((?:\+86[ -]{0,2}1|8(?<!\d8)6[ -]{0,2}1|0(?<!\d0)086[ -]{0,2}1|1(?<!\d1))"
    rf"[3-9]\d(?:(?:[ -]{{0,2}}\d){{8}}|[._/]\d{{4}}[._/]\d{{4}}))(?!\d|{_SUM})"
)
# Case numbers (GD-0512-1234567) have letters or digits before the zero.
_LANDLINE = (
    r"((?:\(0|0(?<![0-9a-z]0)(?<![0-9a-z]-0))(?:10|2\d|[3-9]\d\d)\)?[ -]{0,2}[1-9]\d{2,3}[ -]?\d{4}"
    rf"{_EXTENSION})(?!\d)"
)
_AFTER_TELEPHONE = (
    rf"(?:电话|手机|座机|固话|联系方式|致电|拨打|tel)(?:号码?)?{_LINK}"
    rf"(?!(?:19|20)\d\d-\d{{1,2}}-\d|[48]00[ -]?\d)(\d(?:[ -]?\d){{6,12}}{_EXTENSION})(?!\d|{_SUM})"
)
_AFTER_PAPER = (
    rf"(?:身份证|证件|护照|社保卡|医保卡|残疾证|驾驶证)(?:号码?|编号)?{_LINK}"
    r"([a-z]{0,2}\d(?:[ -]?\d){6,17}x?)(?!\d)"
)
_AFTER_CARD = (
    rf"(?:银行卡|卡号|银行账[号户]|开户账号)(?:号码?)?{_LINK}(\d(?:[ -]?\d){{11,24}})(?!\d)"
)
_EMAIL = (
    r"([a-z0-9._%+-](?<![a-z0-9._%+-]{2})[a-z0-9._%+-]*+@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})"
)
_AFTER_WECHAT = rf"(?:微信|薇信|v信)(?:号码?|账号|id)?{_LINK}([a-z][a-z0-9_-]{{5,19}}|\d{{6,12}})"
_AFTER_WX = (
    r"(?:wechat|weixin|vx(?<![a-z]vx)|wx(?<![a-z]wx))(?:号|id)?[:=为是 ]{1,3}([a-z0-9_-]{6,20})"
)
_AFTER_QQ = rf"(?:qq(?<![a-z]qq)|扣扣)(?:号码?)?{_LINK}([1-9]\d{{4,11}})(?!\d)"
_RULES = [
    ("phone", PHONE, re.compile(_MOBILE)),
    ("phone", PHONE, re.compile(_LANDLINE)),
    ("phone", PHONE, re.compile(_AFTER_TELEPHONE)),
    ("id", IDENTITY, re.compile(_AFTER_PAPER)),
    ("bank", BANK, re.compile(_AFTER_CARD)),
    ("email", EMAIL, re.compile(_EMAIL)),
    ("account", ACCOUNT, re.compile(_AFTER_WECHAT)),
    ("account", ACCOUNT, re.compile(_AFTER_WX)),
    ("account", ACCOUNT, re.compile(_AFTER_QQ)),
]

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"[{_PROVINCES}] ?[a-hj-np-z][ ·.-]{{0,2}}"
    r"((?:[a-hj-np-z0-9]{5}[df]?|[a-hj-np-z0-9]{6}|[a-hj-np-z0-9]{4}[挂学警港澳]))(?![a-z0-9])"
)
_IDENTITY = re.compile(
    r"([1-8](?<!\d\d)\d{5})[ -]?"
    r"(?:(\d{4})[ -]?(\d{4})[ -]?(\d{3}[\dx])|(\d{2})(\d{4})[ -]?(\d{3}))(?!\d)"
)
_CARD = re.compile(
    r"[0-9](?<!\d\d)"
    r"(?=(\d{12,18})(?!\d)|(\d{3}(?:[ -]\d{4}){3})(?!\d)((?:[ -]\d{1,3}(?!\d))?))"
)
_MONTH_AND_DAY = re.compile(r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DOUBLED = str.maketrans("0123456789", "0246813579")


def find(text: str) -> Iterator[Span]:
    """Find the numbers in a folded text."""
    for kind, replacement, rule in _RULES:
        for match in rule.finditer(text):
            yield Span(*match.span(1), kind, replacement)
    for match in _PLATE.finditer(text):
        # Words in capitals after a place name (新ABCDEF) have no digits.
        if sum(character.isdigit() for character in match[1]) >= 2:
            yield Span(*match.span(), "plate", PLATE)
    for match in _IDENTITY.finditer(text):
        if _is_identity("".join(group for group in match.groups() if group)):
            yield Span(*match.span(), "id", IDENTITY)
    yield from _find_cards(text)


def _is_identity(number: str) -> bool:
    if not _MONTH_AND_DAY.fullmatch(number[-8:-4] if len(number) == 18 else number[8:12]):
        return False
    if len(number) == 15:
        return True
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10x98765432"[total % 11] == number[17]


def _find_cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        start, end = match.start(), match.end(1) if match[1] else match.end(2)
        tail = match.end(3) if match[3] else end
        # The three digits after sixteen may belong to the card or to something else.
        for stop in {tail: None, end: None}:
            if _has_luhn(text[start:stop]):
                yield Span(start, stop, "bank", BANK)
                break


def _has_luhn(written: str) -> bool:
    digits = written.replace(" ", "").replace("-", "")
    # A row of zeros has a right check digit and is no card.
    if not digits.strip("0"):
        return False
    doubled = digits[-2::-2].translate(_DOUBLED)
    return sum(map(int, digits[-1::-2] + doubled)) % 10 == 0
