"""Uploads with something wrong in them: changes to XML and JSON, drawn and applied.

A change is a few numbers and a text, so that it fits every file: numbers choose
among the file's elements modulo their count. Pure.
"""

import json
from copy import deepcopy

from hypothesis import strategies as st
from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"

NAMES = (
    "definitions", "process", "subProcess", "transaction", "adHocSubProcess", "callActivity",
    "task", "userTask", "manualTask", "scriptTask", "serviceTask", "sendTask", "receiveTask",
    "businessRuleTask", "startEvent", "endEvent", "intermediateCatchEvent",
    "intermediateThrowEvent", "boundaryEvent", "exclusiveGateway", "parallelGateway",
    "inclusiveGateway", "complexGateway", "eventBasedGateway", "sequenceFlow", "messageFlow",
    "association", "lane", "laneSet", "childLaneSet", "flowNodeRef", "collaboration",
    "participant", "dataObject", "dataObjectReference", "dataStoreReference", "dataStore",
    "message", "signal", "error", "escalation", "extensionElements", "incoming", "outgoing",
    "timerEventDefinition", "messageEventDefinition", "signalEventDefinition",
    "errorEventDefinition", "escalationEventDefinition", "conditionalEventDefinition",
    "linkEventDefinition", "terminateEventDefinition", "compensateEventDefinition",
    "cancelEventDefinition", "eventDefinitionRef", "condition", "conditionExpression",
    "timeDate", "timeDuration", "timeCycle", "script", "loopCardinality", "loopCondition",
    "completionCondition", "multiInstanceLoopCharacteristics", "standardLoopCharacteristics",
    "loopDataInputRef", "inputDataItem", "loopDataOutputRef", "outputDataItem",
    "complexBehaviorDefinition", "ioSpecification", "dataInput", "dataOutput", "inputSet",
    "dataInputAssociation", "dataOutputAssociation", "sourceRef", "targetRef", "assignment",
    "from", "to", "correlationKey", "correlationProperty", "correlationSubscription",
    "correlationPropertyRetrievalExpression", "documentation", "textAnnotation", "group",
    "category", "globalUserTask", "globalScriptTask", "globalTask", "choreography", "import",
    "conversation", "subConversation", "callConversation", "conversationLink", "participantRef",
    "messageFlowRef", "choreographyTask", "subChoreography", "callChoreography",
    "globalChoreographyTask", "globalConversation", "activationCondition", "itemDefinition", "interface", "operation",
)  # fmt: skip
VENDORS = (
    (CAMUNDA, "properties"), (CAMUNDA, "property"), (CAMUNDA, "inputOutput"),
    (CAMUNDA, "inputParameter"), (CAMUNDA, "outputParameter"), (CAMUNDA, "script"),
    (CAMUNDA, "list"), (CAMUNDA, "map"), (CAMUNDA, "entry"), (CAMUNDA, "in"), (CAMUNDA, "out"),
    (CAMUNDA, "executionListener"), (CAMUNDA, "formData"), (CAMUNDA, "connector"),
    (ZEEBE, "ioMapping"), (ZEEBE, "input"), (ZEEBE, "taskDefinition"), (ZEEBE, "calledElement"),
    (ZEEBE, "assignmentDefinition"), (ZEEBE, "formDefinition"), (ZEEBE, "loopCharacteristics"),
    (SPIFF, "preScript"), (SPIFF, "postScript"), (SPIFF, "unitTests"), (SPIFF, "unitTest"),
    (SPIFF, "inputJson"), (SPIFF, "properties"), (SPIFF, "property"), (SPIFF, "messagePayload"),
    (SPIFF, "serviceTaskOperator"), (SPIFF, "instructionsForEndUser"), (SPIFF, "allowGuest"),
    (SPIFF, "processVariableCorrelation"), (SPIFF, "calledDecisionId"), (SPIFF, "retry"),
)  # fmt: skip
ATTRIBUTES = (
    "id", "name", "sourceRef", "targetRef", "default", "attachedToRef", "cancelActivity",
    "isInterrupting", "triggeredByEvent", "calledElement", "processRef", "messageRef",
    "signalRef", "errorRef", "escalationRef", "operationRef", "isExecutable", "instantiate",
    "eventGatewayType", "isSequential", "behavior", "testBefore", "loopMaximum",
    "startQuantity", "completionQuantity", "isForCompensation", "scriptFormat", "language",
    "ordering", "cancelRemainingInstances", "waitForCompletion", "activityRef", "parallelMultiple",
    "value", "key", "href", "typeRef", "hitPolicy", "expressionLanguage", "itemSubjectRef",
    "initiatingParticipantRef", "processType", "loopType", "isCollection", "gatewayDirection", "structureRef", "partitionElementRef", "itemKind",
    *(f"{{{CAMUNDA}}}{one}" for one in (
        "assignee", "candidateGroups", "candidateUsers", "dueDate", "followUpDate", "formKey",
        "priority", "topic", "type", "class", "expression", "collection", "elementVariable",
        "decisionRef", "mapDecisionResult", "resultVariable", "errorCodeVariable",
        "calledElementBinding", "businessKey", "candidateStarterGroups", "variables",
        "source", "sourceExpression", "target", "asyncBefore", "initiator",
    )),
    f"{{{SPIFF}}}scriptsOnInstances",
)  # fmt: skip
TEXTS = (
    "", " ", "x", "0", "-1", "1", "5000", "9" * 400, "1e400", "NaN", "true", "None", "A" * 20_000,
    "${", "${x}", "${a.b > 1 && !c}", "${x ? 1 : 2}", "#{a}", "a ${b} c", "=", "= if a then b",
    "=a.b", "PT", "PT4H", "-PT1H", "P1Y2M3D", "PT99999999999999999999H", f"P{'9' * 400}D", "R/PT0S",
    "R5/", "R/P1D/2026", "R-1/PT1S", "R99999999999999999999/PT1H", "2026-13-45T99:99",
    "9999-12-31T23:59:59+23:59", "0001-01-01", "2026-02-30", "0 0 12 * * ?", "working_hours(4)",
    "[", "a b", "a if", "lambda: 0", "__import__('os')", "[x for x in y]", "f'{a}'", "x := 1",
    "1 if x else", "(" * 150, "-" * 3_000 + "1", "a." * 2_000 + "b", "x" + "[0]" * 500, "*a", "**",
    "yield", "await x", "import os", "del x", "9 ** 9 ** 9", "'\\ud800'", "b'\\x00'", "1_000", "0777",
    "\u202e", "\U0001f600", "\ufffd", "１２", "²", "İ", "ﬁ", "a\u0301", "\x7f", "\u2028",
    "a:b", ":", "::", "@", "a@", "@b", "a@b@c", ";", "a=", "=a", "a=b;a=c", "a=b;;=", ",,,",
    "{}", "{0}", "{name}", "%s", "%(a)s", "{{ a }}", "{{ a.b() }}", "{% for x in y %}", "{%",
    '"', "'", "\\", "]]>", "<a>", "&amp;", "\n\n", "a\tb", "../../etc/passwd", "urn:x", "a/b",
    '{"a": 1}', "[1]", '{"a": NaN}', "> 5", "[1..10]", "not(", 'date("x")', "?", "..", "-",
    "accept=受理;refuse=不予受理", "lane_owners = load()", "lane_owners = {1: [2]}", "case", "outcome",
    "None.a", "value()", "value(x)", "amount(1, 2)", "lookup('a')", "R/P", "P", "T", "PT-1H",
)  # fmt: skip
JUNK = (None, True, 0, -1, 10**30, 1.5, 1e308, "", "x", "=a", [], {}, [[]], [None], {"type": []},
        {"key": None}, "components", "\0", "\ud800", "a" * 6_000, {"$ref": "#"}, [{}] * 3)  # fmt: skip

_NUMBER = st.integers(0, 9_999)


def _change(kinds, texts):
    return st.tuples(st.sampled_from(kinds), _NUMBER, _NUMBER, st.sampled_from(texts))


# -- XML --------------------------------------------------------------------------------


def _rename(one, _all, number, _text):
    one.tag = f"{{{etree.QName(one).namespace or BPMN}}}{NAMES[number % len(NAMES)]}"


def _drop(one, _all, _number, _text):
    if one.getparent() is not None:
        one.getparent().remove(one)


def _double(one, _all, number, _text):
    if one.getparent() is not None:
        one.getparent().insert(number % (len(one.getparent()) + 1), deepcopy(one))


def _move(one, every, number, _text):
    other = every[number % len(every)]
    if one.getparent() is not None and one is not other and one not in other.iterancestors():
        other.append(one)


def _set(one, _all, number, text):
    one.set(ATTRIBUTES[number % len(ATTRIBUTES)], text)


def _reset(one, _all, number, text):
    if one.attrib:
        one.set(sorted(one.attrib)[number % len(one.attrib)], text)


def _forget(one, _all, number, _text):
    if one.attrib:
        del one.attrib[sorted(one.attrib)[number % len(one.attrib)]]


def _refer(one, every, number, _text):
    """An attribute names another element of the file."""
    ids = [other.get("id") for other in every if other.get("id")] or ["x"]
    names = sorted(one.attrib) or ["sourceRef"]
    one.set(names[number % len(names)], ids[number % len(ids)])


def _say(one, _all, _number, text):
    one.text = text


def _estrange(one, _all, number, _text):
    spaces = ("", "urn:x", BPMN, CAMUNDA, ZEEBE, SPIFF, DMN)
    space = spaces[number % len(spaces)]
    one.tag = f"{{{space}}}{etree.QName(one).localname}" if space else etree.QName(one).localname


def _bury(one, _all, number, _text):
    """Nest it in up to 150 sub-processes."""
    parent = one.getparent()
    if parent is None:
        return
    place, inner = parent.index(one), one
    for depth in range(number % 150):
        outer = etree.Element(f"{{{BPMN}}}subProcess", id=f"deep{depth}")
        outer.append(inner)
        inner = outer
    parent.insert(place, inner)


def _insert(one, _all, number, text):
    one.insert(0, etree.Element(f"{{{BPMN}}}{NAMES[number % len(NAMES)]}", id=f"new{number}"))
    one[0].text = text


def _extend(one, _all, number, text):
    """Add an extension element that some editor writes."""
    holder = one.find(f"{{{BPMN}}}extensionElements")
    if holder is None:
        holder = etree.SubElement(one, f"{{{BPMN}}}extensionElements")
        one.insert(0, holder)
    within = [holder, *holder.iterdescendants()][number % (len(list(holder.iter())))]
    space, name = VENDORS[number % len(VENDORS)]
    etree.SubElement(
        within, f"{{{space}}}{name}", name="n", value=text, id="i", key="k"
    ).text = text


XML_CHANGES = (
    _rename, _drop, _double, _move, _set, _reset, _forget, _refer, _say, _estrange, _bury,
    _insert, _extend,
)  # fmt: skip
CHANGES_TO_XML = st.lists(_change(XML_CHANGES, TEXTS), min_size=1, max_size=6)


def changed_xml(content, changes):
    """Return an XML document with these changes."""
    root = etree.fromstring(content)
    for change, where, number, text in changes:
        every = [one for one in root.iter() if isinstance(one.tag, str)]
        try:
            change(every[where % len(every)], every, number, text)
        except ValueError:
            # No XML can hold that text.
            continue
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def changed_bytes(content, cuts):
    """Return the bytes with pieces cut out, doubled or overwritten."""
    for where, length, filling in cuts:
        at = where * len(content) // 10_000
        content = content[:at] + filling + content[at + length :]
    return content


CUTS = st.lists(
    st.tuples(
        _NUMBER,
        st.integers(0, 40),
        st.sampled_from(
            (b"", b"\0", b"\xff\xfe", b"<", b"&x;", b"<!DOCTYPE x>", b"]]>", b'"', b"<a")
        ),
    ),
    min_size=1,
    max_size=3,
)


# -- JSON -------------------------------------------------------------------------------


def _places(value):
    """Every (container, key) of a document."""
    found, waiting = [], [value]
    for one in waiting:
        keys = list(one) if isinstance(one, dict) else range(len(one))
        found += [(one, key) for key in keys]
        waiting += [one[key] for key in keys if isinstance(one[key], dict | list)]
    return found


WORDS = (
    "type", "key", "label", "values", "validate", "conditional", "components", "defaultValue",
    "valuesKey", "valuesList", "personal", "field_class", "readonly", "id", "properties",
    "required", "enum", "oneOf", "$ref", "items", "format", "pattern", "minLength", "maximum",
    "title", "additionalProperties", "rows", "path", "decimalDigits", "appearance", "subtype",
)  # fmt: skip


def _replace(container, key, _number, junk):
    container[key] = deepcopy(junk)


def _remove(container, key, _number, _junk):
    del container[key]


def _add(container, key, number, junk):
    if isinstance(container, dict):
        container[WORDS[number % len(WORDS)]] = deepcopy(junk)
    else:
        container.insert(key, deepcopy(junk))


def _repeat(container, key, number, _junk):
    if isinstance(container, dict):
        container[WORDS[number % len(WORDS)]] = deepcopy(container[key])
    else:
        container.append(deepcopy(container[key]))


def _sink(container, key, number, _junk):
    """Nest it, so that a tree becomes deep."""
    for _ in range(number % 60):
        container[key] = [container[key]] if number % 2 else {"components": [container[key]]}


CHANGES_TO_JSON = st.lists(
    _change((_replace, _remove, _add, _repeat, _sink), JUNK), min_size=1, max_size=5
)


def changed_json(content, changes):
    """Return a JSON document with these changes."""
    document = json.loads(content)
    for change, where, number, junk in changes:
        places = _places(document)
        if places:
            container, key = places[where % len(places)]
            change(container, key, number, junk)
    return json.dumps(document).encode()
