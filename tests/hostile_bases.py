"""Small files with a bit of everything, to be broken by ``mutations``."""

CAMUNDA = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <message id="m" name="asked"/><signal id="sig" name="alarm"/>
  <error id="err" errorCode="broken"/><escalation id="esc" escalationCode="late"/>
  <collaboration id="c"><participant id="pool" name="Pool" processRef="p"/></collaboration>
  <process id="p" name="Process" isExecutable="true">
    <extensionElements><camunda:properties>
      <camunda:property name="unit" value="unit_of(case)"/>
      <camunda:property name="keys" value="a, b"/>
    </camunda:properties></extensionElements>
    <laneSet id="ls"><lane id="lane" name="clerk"><flowNodeRef>t1</flowNodeRef></lane></laneSet>
    <dataObject id="do" name="rows"/><dataObjectReference id="dor" dataObjectRef="do"/>
    <startEvent id="s" camunda:formKey="start"/>
    <sequenceFlow id="f0" sourceRef="s" targetRef="t1"/>
    <userTask id="t1" name="Check" camunda:candidateGroups="clerk,head@unit" camunda:formKey="check"
        camunda:dueDate="working_days(3)" camunda:priority="50">
      <extensionElements>
        <camunda:properties>
          <camunda:property name="outcomes" value="accept=A;refuse=B"/>
          <camunda:property name="notSameAs" value="s"/>
        </camunda:properties>
        <camunda:inputOutput>
          <camunda:inputParameter name="one">${amount &gt; 100 &amp;&amp; !closed}</camunda:inputParameter>
          <camunda:inputParameter name="two"><camunda:list><camunda:value>1</camunda:value>
          </camunda:list></camunda:inputParameter>
          <camunda:outputParameter name="three"><camunda:script scriptFormat="python">1 + 1
          </camunda:script></camunda:outputParameter>
        </camunda:inputOutput>
      </extensionElements>
    </userTask>
    <boundaryEvent id="b1" attachedToRef="t1" cancelActivity="false">
      <timerEventDefinition id="td"><timeCycle>R3/PT4H</timeCycle></timerEventDefinition>
    </boundaryEvent>
    <sequenceFlow id="f1" sourceRef="b1" targetRef="call"/>
    <callActivity id="call" calledElement="p"><extensionElements>
      <camunda:in source="a" target="b"/><camunda:out sourceExpression="c" target="d"/>
    </extensionElements>
      <multiInstanceLoopCharacteristics camunda:collection="rows" camunda:elementVariable="row">
        <completionCondition>nrOfCompletedInstances &gt; 1</completionCondition>
      </multiInstanceLoopCharacteristics>
    </callActivity>
    <sequenceFlow id="f2" sourceRef="t1" targetRef="g"/>
    <exclusiveGateway id="g" default="f4"/>
    <sequenceFlow id="f3" sourceRef="g" targetRef="script">
      <conditionExpression xsi:type="tFormalExpression">t1_outcome == "accept"</conditionExpression>
    </sequenceFlow>
    <sequenceFlow id="f4" sourceRef="g" targetRef="egw"/>
    <scriptTask id="script" scriptFormat="python"><script>total = sum(rows)
if total &gt; 3:
    kind = "large"</script></scriptTask>
    <sequenceFlow id="f5" sourceRef="script" targetRef="split"/>
    <parallelGateway id="split"/>
    <sequenceFlow id="f6" sourceRef="split" targetRef="service"/>
    <sequenceFlow id="f7" sourceRef="split" targetRef="rule"/>
    <serviceTask id="service" camunda:type="external" camunda:topic="work"/>
    <businessRuleTask id="rule" camunda:decisionRef="rate" camunda:resultVariable="rate"
        camunda:mapDecisionResult="singleEntry"/>
    <sequenceFlow id="f8" sourceRef="service" targetRef="join"/>
    <sequenceFlow id="f9" sourceRef="rule" targetRef="join"/>
    <inclusiveGateway id="join"/>
    <sequenceFlow id="f10" sourceRef="join" targetRef="sub"/>
    <eventBasedGateway id="egw"/>
    <sequenceFlow id="f11" sourceRef="egw" targetRef="wait"/>
    <sequenceFlow id="f12" sourceRef="egw" targetRef="timer"/>
    <intermediateCatchEvent id="wait"><messageEventDefinition messageRef="m"/>
    </intermediateCatchEvent>
    <intermediateCatchEvent id="timer"><timerEventDefinition>
      <timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>
    <sequenceFlow id="f13" sourceRef="wait" targetRef="sub"/>
    <sequenceFlow id="f14" sourceRef="timer" targetRef="sub"/>
    <subProcess id="sub" name="Inside">
      <startEvent id="is"/><sequenceFlow id="if" sourceRef="is" targetRef="it"/>
      <manualTask id="it"><standardLoopCharacteristics loopMaximum="3">
        <loopCondition>again</loopCondition></standardLoopCharacteristics></manualTask>
      <sequenceFlow id="ig" sourceRef="it" targetRef="ie"/>
      <endEvent id="ie"><errorEventDefinition errorRef="err"/></endEvent>
      <subProcess id="handler" triggeredByEvent="true">
        <startEvent id="hs" isInterrupting="false"><signalEventDefinition signalRef="sig"/>
        </startEvent><sequenceFlow id="hf" sourceRef="hs" targetRef="he"/>
        <endEvent id="he"><escalationEventDefinition escalationRef="esc"/></endEvent>
      </subProcess>
    </subProcess>
    <boundaryEvent id="b2" attachedToRef="sub"><errorEventDefinition errorRef="err"/>
    </boundaryEvent>
    <sequenceFlow id="f15" sourceRef="b2" targetRef="throw"/>
    <intermediateThrowEvent id="throw"><linkEventDefinition name="L"/></intermediateThrowEvent>
    <intermediateCatchEvent id="catch"><linkEventDefinition name="L"/></intermediateCatchEvent>
    <sequenceFlow id="f16" sourceRef="catch" targetRef="e"/>
    <sequenceFlow id="f17" sourceRef="sub" targetRef="e"/>
    <sequenceFlow id="f18" sourceRef="call" targetRef="e"/>
    <endEvent id="e"><terminateEventDefinition/></endEvent>
  </process>
</definitions>
"""

SPIFF = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core">
  <correlationProperty id="order" name="order">
    <correlationPropertyRetrievalExpression messageRef="m"><messagePath>order</messagePath>
    </correlationPropertyRetrievalExpression></correlationProperty>
  <collaboration id="c"><participant id="pool" processRef="p"/>
    <correlationKey id="k" name="k"><correlationPropertyRef>order</correlationPropertyRef>
    </correlationKey></collaboration>
  <message id="m" name="m"><extensionElements>
    <spiffworkflow:messagePayload>{"order": 1}</spiffworkflow:messagePayload>
    <spiffworkflow:messageVariable>answer</spiffworkflow:messageVariable>
  </extensionElements></message>
  <process id="p" isExecutable="true">
    <ioSpecification><dataInput id="a" name="a"/><dataOutput id="b" name="b"/>
      <inputSet><dataInputRefs>a</dataInputRefs></inputSet>
      <outputSet><dataOutputRefs>b</dataOutputRefs></outputSet></ioSpecification>
    <laneSet id="ls"><lane id="lane" name="Leads"><flowNodeRef>u</flowNodeRef></lane></laneSet>
    <startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="t"/>
    <scriptTask id="t"><extensionElements><spiffworkflow:unitTests>
      <spiffworkflow:unitTest id="one"><spiffworkflow:inputJson>{"a": 1}</spiffworkflow:inputJson>
      <spiffworkflow:expectedOutputJson>{"a": 1, "b": 2}</spiffworkflow:expectedOutputJson>
      </spiffworkflow:unitTest></spiffworkflow:unitTests></extensionElements>
      <script>lane_owners = {"Leads": ["ann"]}
b = a + 1
del lane_owners</script></scriptTask>
    <sequenceFlow id="f2" sourceRef="t" targetRef="u"/>
    <userTask id="u"><extensionElements>
      <spiffworkflow:preScript>import math
x = math.floor(1.5)</spiffworkflow:preScript>
      <spiffworkflow:postScript>del x</spiffworkflow:postScript>
      <spiffworkflow:instructionsForEndUser># {{ x }}
{% for one in rows %}{{ one.name }}{% endfor %}</spiffworkflow:instructionsForEndUser>
      <spiffworkflow:properties>
        <spiffworkflow:property name="formJsonSchemaFilename" value="f-schema.json"/>
        <spiffworkflow:property name="formUiSchemaFilename" value="f-uischema.json"/>
      </spiffworkflow:properties></extensionElements></userTask>
    <sequenceFlow id="f3" sourceRef="u" targetRef="op"/>
    <serviceTask id="op"><extensionElements>
      <spiffworkflow:serviceTaskOperator id="http/Get" resultVariable="r">
        <spiffworkflow:parameters><spiffworkflow:parameter id="url" type="str" value='"x"'/>
        </spiffworkflow:parameters></spiffworkflow:serviceTaskOperator></extensionElements>
      <standardLoopCharacteristics><loopCondition>r</loopCondition></standardLoopCharacteristics>
    </serviceTask>
    <sequenceFlow id="f4" sourceRef="op" targetRef="send"/>
    <sendTask id="send" messageRef="m"/><sequenceFlow id="f5" sourceRef="send" targetRef="get"/>
    <receiveTask id="get" messageRef="m"><extensionElements>
      <spiffworkflow:processVariableCorrelation><spiffworkflow:propertyId>order
      </spiffworkflow:propertyId><spiffworkflow:expression>order</spiffworkflow:expression>
      </spiffworkflow:processVariableCorrelation></extensionElements>
      <multiInstanceLoopCharacteristics><loopDataInputRef>rows</loopDataInputRef>
        <inputDataItem id="row" name="row"/><loopDataOutputRef>outs</loopDataOutputRef>
        <outputDataItem id="out" name="out"/></multiInstanceLoopCharacteristics></receiveTask>
    <sequenceFlow id="f6" sourceRef="get" targetRef="e"/><endEvent id="e"/>
  </process>
</definitions>
"""

ZEEBE = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
  <process id="p" isExecutable="true">
    <startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="u"/>
    <userTask id="u"><extensionElements><zeebe:formDefinition formKey="check"/>
      <zeebe:assignmentDefinition assignee="=who" candidateGroups="clerk"/>
      <zeebe:taskSchedule dueDate="=now() + duration(&quot;PT1H&quot;)"/>
      <zeebe:ioMapping><zeebe:input source="=a.b" target="c"/>
        <zeebe:output source="=x" target="d"/></zeebe:ioMapping>
    </extensionElements></userTask>
    <sequenceFlow id="f2" sourceRef="u" targetRef="w"/>
    <serviceTask id="w"><extensionElements><zeebe:taskDefinition type="work" retries="3"/>
    </extensionElements><multiInstanceLoopCharacteristics><extensionElements>
      <zeebe:loopCharacteristics inputCollection="=rows" inputElement="row"
        outputCollection="outs" outputElement="=out"/></extensionElements>
    </multiInstanceLoopCharacteristics></serviceTask>
    <sequenceFlow id="f3" sourceRef="w" targetRef="call"/>
    <callActivity id="call"><extensionElements><zeebe:calledElement processId="other"
      propagateAllChildVariables="false"/></extensionElements></callActivity>
    <sequenceFlow id="f4" sourceRef="call" targetRef="e"/><endEvent id="e"/>
  </process>
</definitions>
"""

DECISIONS = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x">
  <decision id="rate" name="Rate">
    <decisionTable id="t" hitPolicy="FIRST">
      <input id="i" label="Kind"><inputExpression id="ie" typeRef="string"><text>kind</text>
      </inputExpression></input>
      <input id="j"><inputExpression id="je" typeRef="number"><text>amount * 2</text>
      </inputExpression></input>
      <output id="o" name="rate" typeRef="number"/><output id="p" name="due"/>
      <rule id="r1"><inputEntry id="a"><text>"a", "b"</text></inputEntry>
        <inputEntry id="b"><text>[1..10)</text></inputEntry>
        <outputEntry id="c"><text>5</text></outputEntry>
        <outputEntry id="d1"><text>date("2026-10-08")</text></outputEntry></rule>
      <rule id="r2"><inputEntry id="e"><text>not("c")</text></inputEntry>
        <inputEntry id="f"><text>&gt;= 5</text></inputEntry>
        <outputEntry id="g"><text>if amount &gt; 3 then 1 else 2</text></outputEntry>
        <outputEntry id="h"><text>[1, 2, 3]</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
"""

FORM = b"""{"type": "default", "id": "check", "components": [
  {"type": "text", "text": "Read this"},
  {"type": "textfield", "key": "a", "label": "A", "validate": {"required": true, "minLength": 1,
    "maxLength": 20, "pattern": "^[a-z]+$"}, "personal": false},
  {"type": "number", "key": "n", "label": "N", "decimalDigits": 2, "validate": {"min": 1, "max": 5}},
  {"type": "select", "key": "s", "label": "S", "values": [{"value": "x", "label": "X"}]},
  {"type": "radio", "key": "r", "label": "R", "valuesKey": "rows", "field_class": "ballot"},
  {"type": "select", "key": "l", "label": "L",
    "valuesList": {"list": "roles", "value": "code", "label": "name_zh"}},
  {"type": "datetime", "key": "d", "subtype": "date", "dateLabel": "D",
    "conditional": {"hide": "=a = \\"x\\" and n > 1"}},
  {"type": "group", "label": "G", "components": [{"type": "checkbox", "key": "c", "label": "C"}]},
  {"type": "dynamiclist", "path": "list", "label": "L",
    "components": [{"type": "textarea", "key": "t", "label": "T", "defaultValue": "x"}]},
  {"type": "filepicker", "key": "files", "label": "F", "multiple": true}]}
"""

SCHEMA = b"""{"title": "S", "type": "object", "required": ["a"], "definitions": {
    "address": {"type": "object", "properties": {"street": {"type": "string"}}}},
  "properties": {
    "a": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a", "format": "email"},
    "b": {"type": ["integer", "null"], "minimum": 1, "maximum": 9, "default": 3},
    "c": {"enum": ["x", "y"], "enumNames": ["X", "Y"]},
    "d": {"oneOf": [{"const": "p", "title": "P"}, {"const": "q", "title": "Q"}]},
    "e": {"$ref": "#/definitions/address"},
    "f": {"type": "array", "items": {"type": "object", "properties": {"g": {"type": "boolean"}}}},
    "h": {"type": "array", "items": {"type": "string", "enum": ["k"]}, "uniqueItems": true},
    "i": {"type": "string", "enum": ["options_from_task_data_var:rows"]},
    "j": {"type": "string", "format": "date", "personal": true, "field_class": "reporter"}}}
"""

UI = b"""{"ui:order": ["a", "*"], "a": {"ui:widget": "textarea", "ui:help": "H"},
  "b": {"ui:readonly": true}, "e": {"street": {"ui:title": "T"}}, "f": {"items": {"g": {}}},
  "c": {"ui:widget": "radio", "ui:options": {"inline": true}}}
"""

DANCE = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
  <message id="m" name="asked"/>
  <choreography id="h" name="Dance">
    <participant id="a" name="Resident"/><participant id="b" name="Street"/>
    <participant id="c" name="Department"><participantMultiplicity minimum="1" maximum="3"/>
    </participant>
    <messageFlow id="m1" sourceRef="a" targetRef="b" messageRef="m"/>
    <messageFlow id="m2" sourceRef="b" targetRef="c"/>
    <startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="t1"/>
    <choreographyTask id="t1" name="Ask" initiatingParticipantRef="a">
      <participantRef>a</participantRef><participantRef>b</participantRef>
      <messageFlowRef>m1</messageFlowRef></choreographyTask>
    <sequenceFlow id="f2" sourceRef="t1" targetRef="t2"/>
    <subChoreography id="t2" initiatingParticipantRef="b" loopType="Standard">
      <participantRef>b</participantRef><participantRef>c</participantRef>
      <choreographyTask id="t3" initiatingParticipantRef="b"><participantRef>b</participantRef>
      <participantRef>c</participantRef><messageFlowRef>m2</messageFlowRef></choreographyTask>
    </subChoreography>
    <sequenceFlow id="f3" sourceRef="t2" targetRef="g"/><exclusiveGateway id="g"/>
    <sequenceFlow id="f4" sourceRef="g" targetRef="t4"/>
    <callChoreography id="t4" calledChoreographyRef="one" initiatingParticipantRef="a">
      <participantRef>a</participantRef><participantRef>b</participantRef></callChoreography>
    <sequenceFlow id="f5" sourceRef="t4" targetRef="e"/><endEvent id="e"/>
  </choreography>
  <globalChoreographyTask id="one" initiatingParticipantRef="x"><participant id="x"/>
  </globalChoreographyTask>
</definitions>
"""

TALK = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
  <collaboration id="c" name="Talk"><participant id="a" name="Resident"/>
    <participant id="b" name="Street"/><messageFlow id="m" sourceRef="a" targetRef="b"/>
    <conversation id="v" name="the matter"><participantRef>a</participantRef>
      <participantRef>b</participantRef><messageFlowRef>m</messageFlowRef></conversation>
    <subConversation id="w"><participantRef>a</participantRef>
      <conversation id="x"><participantRef>a</participantRef></conversation></subConversation>
    <callConversation id="y" calledCollaborationRef="g"/>
    <conversationLink id="l" sourceRef="a" targetRef="v"/>
    <conversationAssociation id="n" innerConversationNodeRef="v" outerConversationNodeRef="x"/>
    <textAnnotation id="note"><text>said</text></textAnnotation>
    <association id="at" sourceRef="v" targetRef="note"/>
  </collaboration>
  <globalConversation id="g"><participant id="z"/></globalConversation>
</definitions>
"""

POOLS = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
  <collaboration id="c"><participant id="a" name="Resident"/>
    <participant id="b" name="Street" processRef="p"/>
    <messageFlow id="m" sourceRef="a" targetRef="t"/></collaboration>
  <process id="p" processType="Public" isClosed="true"><laneSet id="ls">
    <lane id="l" name="Clerk"><flowNodeRef>t</flowNodeRef></lane></laneSet>
    <startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
    <task id="t"/><boundaryEvent id="bo" attachedToRef="t"><timerEventDefinition/></boundaryEvent>
    <sequenceFlow id="g" sourceRef="bo" targetRef="u"/>
    <subProcess id="u"><dataObject id="d"/><dataObjectReference id="r" dataObjectRef="d"/>
      <adHocSubProcess id="ad"><task id="w"/></adHocSubProcess></subProcess>
  </process>
</definitions>
"""
