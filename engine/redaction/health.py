"""Facts about somebody's health.

Illnesses are facts about somebody unless the words after them speak of a campaign,
a building or an office (糖尿病讲座, 残疾人联合会).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.redaction.spans import Span

REPLACEMENT = "健康信息"

_VERBS = (
    "确诊|诊断为|诊断出|患有|患上|身患|罹患|检查出患|查出患|感染了?(?=艾滋|hiv|新冠|梅毒|乙肝|结核)"
    "|病史"
)
_ENDS = (
    "病|症|癌|炎|瘤|障碍|瘫痪|衰竭|阳性|综合征|残疾|中风|卒中|骨折|结石|硬化|高血压|高血糖|抑郁"
    "|痴呆|癫痫|肺结核|白内障|青光眼|怀孕"
)
_FACTS = (
    "精神(?:障碍|疾病|病人?|分裂症?|异常|失常|残疾|类疾病|发育迟滞)|智力障碍|智障|残疾|残障"
    "|怀孕|孕妇|孕期|身孕|流产|hiv(?:阳性|感染者?)?|艾滋病?|梅毒|乙肝|丙肝|肺结核|尿毒症|透析|白血病"
    "|糖尿病|高血压|心脏病|冠心病|癫痫|抑郁症?|焦虑症|双相障碍|自闭症|孤独症|阿尔茨海默症?病?|老年痴呆症?"
    "|痴呆症?|帕金森病?|失能|半失能|截瘫|偏瘫|瘫痪|脑梗|脑瘫|中风|癌症|肺癌|胃癌|肝癌|肠癌|乳腺癌|宫颈癌|食管癌|胰腺癌|甲状腺癌|前列腺癌|膀胱癌|鼻咽癌|喉癌|骨癌|血癌|皮肤癌"
    "|卵巢癌|淋巴瘤|恶性肿瘤|肿瘤|病情|服药史"
)
_CAMPAIGN = (
    "联合会|联(?=[^一-鿿]|$|工作|组织)|事业|工作|服务|设施|坡道|通道|车位|卫生间|专用|保障|补贴|两项|政策"
    "|托养|之家|康复|就业|权益|友好|日(?=活动|宣传|[^一-鿿]|$)|疫苗|防治|防控|预防|筛查|讲座|宣传|义诊"
    "|知识|门诊|医院|管理|健康|科(?=[^一-鿿]|$)"
)
_STOP = '的，。；、！？,.;!?:\\s()"“”'
_SUFFERS = re.compile(
    rf"(?:{_VERBS})(?:[^{_STOP}]{{0,10}}?(?:{_ENDS}){{1,3}}"
    rf"(?:[、和及与][^{_STOP}]{{0,6}}?(?:{_ENDS})){{0,4}}"
    rf"|[^{_STOP}]{{0,8}})"
)
_FACT = re.compile(rf"(?:{_FACTS})(?!(?:人|者|患者)?(?:{_CAMPAIGN}))(?:人(?!员)|者|证)?")
_DEGREE = re.compile(
    "(?:患|重度|中度|轻度|晚期|早期|疑似|长期|[一二三四1-4]级|肢体|视力|听力|言语|智力|多重|严重){1,2}$"
)
_DEGREE_SIZE = 4


def find(text: str) -> Iterator[Span]:
    """Find the phrases in a folded text."""
    for rule in (_SUFFERS, _FACT):
        for match in rule.finditer(text):
            degree = _DEGREE.search(text, max(match.start() - _DEGREE_SIZE, 0), match.start())
            start = degree.start() if degree else match.start()
            yield Span(start, match.end(), "health", REPLACEMENT)
