"""Small files as editors and engines write them, from memory of their exports.

Each shows what is odd and legal in its maker's files; what of it is found is said in
``test_vendor_exports``.
"""

from __future__ import annotations

from typing import NamedTuple

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = (
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
)
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Export(NamedTuple):
    """One file.

    Attributes:
        runs: keys of the processes that it deploys; drawn: of the drawings in it.
    """

    text: str
    runs: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()


BPMN_IO = Export(
    f"""{XML}<bpmn:definitions xmlns:bpmn="{BPMN}" {DI} id="Definitions_1"
  targetNamespace="http://bpmn.io/schema/bpmn" exporter="bpmn-js (https://demo.bpmn.io)" exporterVersion="18.1.1">
  <bpmn:process id="Process_1" isExecutable="false">
    <bpmn:startEvent id="StartEvent_1"><bpmn:outgoing>Flow_1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:task id="Activity_1" name="Check"><bpmn:incoming>Flow_1</bpmn:incoming></bpmn:task>
    <bpmn:sequenceFlow id="Flow_1" sourceRef="StartEvent_1" targetRef="Activity_1" />
    <bpmn:textAnnotation id="TextAnnotation_1"><bpmn:text>by hand</bpmn:text></bpmn:textAnnotation>
    <bpmn:association id="Association_1" associationDirection="None" sourceRef="Activity_1" targetRef="TextAnnotation_1" />
    <bpmn:group id="Group_1" categoryValueRef="CategoryValue_1" />
  </bpmn:process>
  <bpmn:category id="Category_1"><bpmn:categoryValue id="CategoryValue_1" value="late" /></bpmn:category>
  <bpmndi:BPMNDiagram id="BPMNDiagram_1"><bpmndi:BPMNPlane id="BPMNPlane_1" bpmnElement="Process_1">
    <bpmndi:BPMNShape id="s1" bpmnElement="StartEvent_1"><dc:Bounds x="1" y="1" width="36" height="36" /></bpmndi:BPMNShape>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>""",
    drawn=("Process_1",),
)

CAMUNDA_MODELER = Export(
    f"""{XML}<bpmn:definitions xmlns:bpmn="{BPMN}" {DI} xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:modeler="http://camunda.org/schema/modeler/1.0" xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0"
  xmlns:color="http://www.omg.org/spec/BPMN/non-normative/color/1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  id="Definitions_1" targetNamespace="http://bpmn.io/schema/bpmn" exporter="Camunda Modeler" exporterVersion="5.20.0"
  modeler:executionPlatform="Camunda Platform" modeler:executionPlatformVersion="7.20.0">
  <bpmn:process id="order" name="Order" isExecutable="true" camunda:historyTimeToLive="180" camunda:versionTag="1.2">
    <bpmn:extensionElements><camunda:properties><camunda:property name="owner" value="sales" /></camunda:properties></bpmn:extensionElements>
    <bpmn:startEvent id="s" camunda:asyncBefore="true" />
    <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="t" />
    <bpmn:userTask id="t" name="Check" camunda:formKey="f" camunda:candidateGroups="clerk"
      modeler:templateIcon="data:image/png;base64,AA==" />
    <bpmn:sequenceFlow id="f2" sourceRef="t" targetRef="e" />
    <bpmn:endEvent id="e" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="d1"><bpmndi:BPMNPlane id="p1" bpmnElement="order">
    <bpmndi:BPMNShape id="t_di" bpmnElement="t" bioc:stroke="#831311" color:border-color="#831311">
      <dc:Bounds x="1" y="1" width="100" height="80" /></bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>""",
    runs=("order",),
)

SIGNAVIO = Export(
    f"""{XML}<definitions xmlns="{BPMN}" {DI} xmlns:omgdc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:signavio="http://www.signavio.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  exporter="Signavio Process Editor, http://www.signavio.com" exporterVersion="17.1.0"
  expressionLanguage="http://www.w3.org/TR/XPath" id="sid-7" targetNamespace="http://www.signavio.com"
  typeLanguage="http://www.w3.org/2001/XMLSchema"
  xsi:schemaLocation="http://www.omg.org/spec/BPMN/20100524/MODEL http://www.omg.org/spec/BPMN/2.0/20100501/BPMN20.xsd">
  <collaboration id="sid-c"><extensionElements><signavio:signavioMetaData metaKey="orgunit" metaValue=""/></extensionElements>
    <participant id="sid-p" name="Office" processRef="sid-a">
      <extensionElements><signavio:signavioMetaData metaKey="bgcolor" metaValue="#ffffff"/></extensionElements></participant>
    <participant id="sid-q" name="Resident"><participantMultiplicity maximum="3" minimum="1"/></participant>
    <messageFlow id="sid-m" sourceRef="sid-q" targetRef="sid-t" name=""/>
  </collaboration>
  <process id="sid-a" isClosed="false" isExecutable="false" name="Office" processType="None">
    <extensionElements/>
    <laneSet id="sid-l"><lane id="sid-l1"><flowNodeRef>sid-s</flowNodeRef><flowNodeRef>sid-t</flowNodeRef></lane></laneSet>
    <startEvent id="sid-s" isInterrupting="true" name=""><outgoing>sid-f</outgoing></startEvent>
    <task completionQuantity="1" id="sid-t" isForCompensation="false" name="Check" startQuantity="1">
      <documentation id="sid-doc" textFormat="text/plain">Look at it.</documentation>
      <ioSpecification><inputSet><dataInputRefs>sid-in</dataInputRefs></inputSet><outputSet/></ioSpecification>
      <incoming>sid-f</incoming></task>
    <sequenceFlow id="sid-f" isImmediate="true" name="" sourceRef="sid-s" targetRef="sid-t"/>
    <dataObject id="sid-do" isCollection="false"/><dataObjectReference id="sid-dor" dataObjectRef="sid-do" name="Form"/>
    <association associationDirection="None" id="sid-as" sourceRef="sid-dor" targetRef="sid-t"/>
  </process>
</definitions>""",
    drawn=("sid-a",),
)

BIZAGI = Export(
    f"""{XML}<definitions xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
  xmlns:bizagi="http://www.bizagi.com/bpmn20" targetNamespace="http://www.bizagi.com/definitions/b" xmlns="{BPMN}">
  <process id="Id_e0a8" name="Proceso principal" processType="None">
    <startEvent id="Id_1"><extensionElements><bizagi:BizagiExtensions><bizagi:BizagiProperties>
      <bizagi:BizagiProperty name="bgColor" value="#E6FF97"/></bizagi:BizagiProperties></bizagi:BizagiExtensions></extensionElements>
      <outgoing>Id_3</outgoing></startEvent>
    <task id="Id_2" name="Revisar"><incoming>Id_3</incoming></task>
    <sequenceFlow id="Id_3" sourceRef="Id_1" targetRef="Id_2"/>
  </process>
  <collaboration id="Id_c" name="Diagrama 1"><participant id="Id_p" name="Proceso principal" processRef="Id_e0a8">
    <participantMultiplicity minimum="0" maximum="1"/></participant></collaboration>
</definitions>""",
    runs=("Id_e0a8",),
)

TRISOTECH = Export(
    f"""{XML}<semantic:definitions xmlns:semantic="{BPMN}" {DI} xmlns:triso="http://www.trisotech.com/2015/triso/modeling"
  xmlns:trisobpmn="http://www.trisotech.com/2014/triso/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.trisotech.com/definitions/_127"
  id="_127" name="A.1.0" exporter="BPMN Modeler" exporterVersion="6.8.3" triso:logoChoice="Default">
  <semantic:extensionElements><trisobpmn:diagram/></semantic:extensionElements>
  <semantic:itemDefinition id="_i" isCollection="false" itemKind="Information" structureRef="xsd:string"/>
  <semantic:resource id="_r" name="Clerk"><semantic:resourceParameter id="_rp" name="grade" type="xsd:string" isRequired="false"/></semantic:resource>
  <semantic:process isExecutable="false" id="WFP-6-">
    <semantic:startEvent name="Start Event" id="_s"><semantic:outgoing>_f</semantic:outgoing></semantic:startEvent>
    <semantic:userTask implementation="##unspecified" completionQuantity="1" isForCompensation="false" startQuantity="1" name="Task 1" id="_t">
      <semantic:incoming>_f</semantic:incoming>
      <semantic:performer id="_pf"><semantic:resourceRef>_r</semantic:resourceRef></semantic:performer>
    </semantic:userTask>
    <semantic:sequenceFlow sourceRef="_s" targetRef="_t" name="" id="_f"/>
  </semantic:process>
  <bpmndi:BPMNDiagram documentation="" id="Trisotech_Visio-_6" name="Page 1" resolution="96.0"><bpmndi:BPMNPlane bpmnElement="WFP-6-"/></bpmndi:BPMNDiagram>
  <bpmndi:BPMNDiagram id="two" name="Page 2"><bpmndi:BPMNPlane bpmnElement="WFP-6-"/></bpmndi:BPMNDiagram>
</semantic:definitions>""",
    drawn=("WFP-6-",),
)

ADONIS = Export(
    f"""{XML}<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:adonis="http://www.boc-eu.com/boc-is/adonis" targetNamespace="http://www.boc-eu.com"
  id="obj.1" exporter="ADONIS" exporterVersion="14.0" name="Office">
  <bpmn:dataStore id="ds" name="Register" capacity="10" isUnlimited="false"/>
  <bpmn:process id="obj.3" isExecutable="false" name="Office"><bpmn:laneSet id="obj.4"><bpmn:lane id="obj.5" name="Clerk">
    <bpmn:flowNodeRef>obj.6</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>
    <bpmn:startEvent id="obj.6" name="Start"/><bpmn:dataStoreReference id="obj.7" dataStoreRef="ds" name="Register"/>
  </bpmn:process>
</bpmn:definitions>""",
    drawn=("obj.3",),
)

VISIO = Export(
    f"""{XML}<definitions xmlns="{BPMN}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="_1" targetNamespace="http://www.omg.org/bpmn20" name="Page-1" exporter="ITP Commerce Process Modeler for Visio">
  <extension mustUnderstand="false" definition="itp:x" xmlns:itp="http://www.itp-commerce.com/BPMN2.0"/>
  <collaboration id="c" isClosed="false"><participant id="p1" name="Customer"/><participant id="p2" name="Office"/>
    <messageFlow id="m1" sourceRef="p1" targetRef="p2" messageRef="msg"/><messageFlow id="m2" sourceRef="p2" targetRef="p1"/>
    <textAnnotation id="ta" textFormat="text/rtf"><text>{{rtf}}</text></textAnnotation>
    <association id="as" sourceRef="ta" targetRef="p1" associationDirection="One"/>
    <correlationKey id="ck" name="number"><correlationPropertyRef>cp</correlationPropertyRef></correlationKey>
  </collaboration>
  <message id="msg" name="Order" itemRef="it"/><itemDefinition id="it" itemKind="Physical"/>
  <correlationProperty id="cp" name="number"><correlationPropertyRetrievalExpression messageRef="msg"><messagePath>number</messagePath>
  </correlationPropertyRetrievalExpression></correlationProperty>
</definitions>""",
    drawn=("c",),
)

JBPM = Export(
    f"""{XML}<bpmn2:definitions xmlns:bpmn2="{BPMN}" xmlns:drools="http://www.jboss.org/drools" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  id="_d" exporter="jBPM Process Modeler" exporterVersion="2.0" targetNamespace="http://www.omg.org/bpmn20" typeLanguage="http://www.java.com/javaTypes"
  expressionLanguage="http://www.mvel.org/2.0">
  <bpmn2:itemDefinition id="_nameItem" structureRef="String"/>
  <bpmn2:import importType="http://www.w3.org/2001/XMLSchema" location="types.xsd" namespace="http://example.org/types"/>
  <bpmn2:process id="hire" drools:packageName="org.office" drools:version="1.0" drools:adHoc="false" name="Hire" isExecutable="true" processType="Public">
    <bpmn2:property id="name" itemSubjectRef="_nameItem" name="name"/>
    <bpmn2:startEvent id="s"><bpmn2:extensionElements><drools:metaData name="elementname"><drools:metaValue>Start</drools:metaValue></drools:metaData></bpmn2:extensionElements>
      <bpmn2:outgoing>f</bpmn2:outgoing></bpmn2:startEvent>
    <bpmn2:sequenceFlow id="f" sourceRef="s" targetRef="t"/>
    <bpmn2:userTask id="t" name="Interview">
      <bpmn2:ioSpecification><bpmn2:dataInput id="in" drools:dtype="String" itemSubjectRef="_nameItem" name="TaskName"/>
        <bpmn2:inputSet><bpmn2:dataInputRefs>in</bpmn2:dataInputRefs></bpmn2:inputSet><bpmn2:outputSet/></bpmn2:ioSpecification>
      <bpmn2:dataInputAssociation><bpmn2:targetRef>in</bpmn2:targetRef><bpmn2:assignment>
        <bpmn2:from xsi:type="bpmn2:tFormalExpression">interview</bpmn2:from><bpmn2:to xsi:type="bpmn2:tFormalExpression">in</bpmn2:to></bpmn2:assignment></bpmn2:dataInputAssociation>
      <bpmn2:potentialOwner id="po"><bpmn2:resourceAssignmentExpression><bpmn2:formalExpression>clerk</bpmn2:formalExpression></bpmn2:resourceAssignmentExpression></bpmn2:potentialOwner>
    </bpmn2:userTask>
    <bpmn2:sequenceFlow id="g" sourceRef="t" targetRef="e"/><bpmn2:endEvent id="e"/>
  </bpmn2:process>
  <bpmn2:relationship type="BPSimData"><bpmn2:extensionElements/><bpmn2:source>_d</bpmn2:source><bpmn2:target>_d</bpmn2:target></bpmn2:relationship>
</bpmn2:definitions>""",
    runs=("hire",),
)

FLOWABLE = Export(
    f"""{XML}<definitions xmlns="{BPMN}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:flowable="http://flowable.org/bpmn"
  typeLanguage="http://www.w3.org/2001/XMLSchema" expressionLanguage="http://www.w3.org/1999/XPath" targetNamespace="http://www.flowable.org/processdef">
  <process id="leave" name="Leave" isExecutable="true"><documentation>Ask for leave.</documentation>
    <startEvent id="s" flowable:initiator="starter" flowable:formFieldValidation="true"/>
    <sequenceFlow id="f" sourceRef="s" targetRef="t"/>
    <userTask id="t" name="Approve" flowable:candidateGroups="clerk" flowable:formKey="f" flowable:skipExpression="${{skip}}">
      <extensionElements><modeler:group-info-name-x xmlns:modeler="http://flowable.org/modeler"><![CDATA[Clerks]]></modeler:group-info-name-x></extensionElements></userTask>
    <sequenceFlow id="g" sourceRef="t" targetRef="x"/>
    <exclusiveGateway id="x" gatewayDirection="Diverging" default="h"/>
    <sequenceFlow id="h" sourceRef="x" targetRef="e"/>
    <sequenceFlow id="i" sourceRef="x" targetRef="e2"><conditionExpression xsi:type="tFormalExpression"><![CDATA[${{approved == true}}]]></conditionExpression></sequenceFlow>
    <endEvent id="e"/><endEvent id="e2"/>
  </process>
</definitions>""",
    runs=("leave",),
)

ACTIVITI = Export(
    f"""{XML}<definitions xmlns="{BPMN}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
  xmlns:activiti="http://activiti.org/bpmn" typeLanguage="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.activiti.org/test">
  <process id="report"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
    <userTask id="t" name="Write"><humanPerformer><resourceAssignmentExpression><formalExpression>kermit</formalExpression></resourceAssignmentExpression></humanPerformer>
      <potentialOwner><resourceAssignmentExpression><formalExpression>user(kermit), group(management)</formalExpression></resourceAssignmentExpression></potentialOwner></userTask>
    <sequenceFlow id="g" sourceRef="t" targetRef="v"/>
    <serviceTask id="v" activiti:class="org.activiti.Send"/><sequenceFlow id="h" sourceRef="v" targetRef="e"/><endEvent id="e"/>
  </process>
</definitions>""",
)

ARENA = Export(
    f"""{XML}<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="D" targetNamespace="http://bpmn.io/schema/bpmn">
  <bpmn:collaboration id="C"><bpmn:participant id="P" processRef="Process_a"/></bpmn:collaboration>
  <bpmn:process id="Process_a" isExecutable="true"><bpmn:laneSet id="L"><bpmn:lane id="l" name="Leads"><bpmn:flowNodeRef>m</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>
    <bpmn:startEvent id="s"><bpmn:outgoing>f</bpmn:outgoing></bpmn:startEvent><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="m"/>
    <bpmn:manualTask id="m"><bpmn:extensionElements><spiffworkflow:instructionsForEndUser>Hello</spiffworkflow:instructionsForEndUser></bpmn:extensionElements>
      <bpmn:incoming>f</bpmn:incoming></bpmn:manualTask>
    <bpmn:dataStoreReference id="ds" name="The table" dataStoreRef="table" type="kkv"/>
  </bpmn:process>
  <bpmn:dataStore id="table" name="The table"/>
</bpmn:definitions>""",
    runs=("Process_a",),
)

ZEEBE = Export(
    f"""{XML}<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
  id="D" targetNamespace="http://bpmn.io/schema/bpmn" modeler:executionPlatform="Camunda Cloud" modeler:executionPlatformVersion="8.6.0">
  <bpmn:process id="pay" isExecutable="true"><bpmn:startEvent id="s"><bpmn:extensionElements><zeebe:properties><zeebe:property name="a" value="b"/></zeebe:properties></bpmn:extensionElements></bpmn:startEvent>
    <bpmn:sequenceFlow id="f" sourceRef="s" targetRef="t"/>
    <bpmn:serviceTask id="t" zeebe:modelerTemplate="io.camunda.x" zeebe:modelerTemplateVersion="1"><bpmn:extensionElements><zeebe:taskDefinition type="pay" retries="3"/>
      <zeebe:taskHeaders><zeebe:header key="a" value="b"/></zeebe:taskHeaders></bpmn:extensionElements></bpmn:serviceTask>
  </bpmn:process>
</bpmn:definitions>""",
    runs=("pay",),
)

MIWG_C = Export(
    f"""{XML}<definitions xmlns="{BPMN}" id="C.1.0" targetNamespace="http://www.omg.org/spec/BPMN/20100524/MIWG" name="C.1.0">
  <message id="invoice" name="Invoice"/><resource id="clerk" name="clerk"/>
  <interface id="i" name="Archive"><operation id="store" name="store"><inMessageRef>invoice</inMessageRef></operation></interface>
  <error id="bad" errorCode="bad" name="bad"/><escalation id="late" escalationCode="late"/><signal id="sig" name="sig"/>
  <collaboration id="c" isClosed="true"><participant id="team" name="Team" processRef="handle"><interfaceRef>i</interfaceRef></participant>
    <participant id="robot" name="Robot" processRef="assist"/><messageFlow id="m" sourceRef="give" targetRef="robot" messageRef="invoice"/></collaboration>
  <process id="handle" isExecutable="true" isClosed="true" processType="Private" definitionalCollaborationRef="c"><auditing/><monitoring/>
    <ioSpecification><dataInput id="pi" name="document"/><inputSet><dataInputRefs>pi</dataInputRefs></inputSet><outputSet/></ioSpecification>
    <startEvent id="s"><messageEventDefinition messageRef="invoice"/></startEvent><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
    <userTask id="t" name="Assign" implementation="##WebService"><categoryValueRef>urgent</categoryValueRef>
      <potentialOwner><resourceRef>clerk</resourceRef></potentialOwner></userTask>
    <sequenceFlow id="g" sourceRef="t" targetRef="give"/><sendTask id="give" messageRef="invoice" operationRef="store"/>
    <sequenceFlow id="h" sourceRef="give" targetRef="e"/><endEvent id="e"/>
  </process>
  <process id="assist" isExecutable="false"><startEvent id="s2"/></process>
  <category id="k" name="kinds"><categoryValue id="urgent" value="urgent"/></category>
</definitions>""",
    runs=("handle",),
    drawn=("assist",),
)

MIWG_B = Export(
    f"""{XML}<bpmn:definitions xmlns:bpmn="{BPMN}" targetNamespace="urn:b" name="B.2.0">
  <bpmn:endPoint id="ep"/><bpmn:partnerRole id="pr" name="buyer"><bpmn:participantRef>a</bpmn:participantRef></bpmn:partnerRole>
  <bpmn:partnerEntity id="pe" name="ACME"/>
  <bpmn:collaboration id="c"><bpmn:documentation/><bpmn:participant id="a" name="A"><bpmn:endPointRef>ep</bpmn:endPointRef></bpmn:participant>
    <bpmn:participant id="b" name="B" processRef="p"/><bpmn:messageFlow id="m" sourceRef="a" targetRef="t"/>
    <bpmn:group id="g" categoryValueRef="v"/><bpmn:participantAssociation id="x"><bpmn:innerParticipantRef>a</bpmn:innerParticipantRef><bpmn:outerParticipantRef>b</bpmn:outerParticipantRef></bpmn:participantAssociation>
  </bpmn:collaboration>
  <bpmn:process id="p" isExecutable="false">
    <bpmn:startEvent id="s" parallelMultiple="true"><bpmn:timerEventDefinition/><bpmn:messageEventDefinition/></bpmn:startEvent>
    <bpmn:sequenceFlow id="f" sourceRef="s" targetRef="t"/>
    <bpmn:adHocSubProcess id="ah" ordering="Sequential" cancelRemainingInstances="true"><bpmn:task id="t2"/></bpmn:adHocSubProcess>
    <bpmn:transaction id="tr" method="##Compensate"/><bpmn:complexGateway id="cg"/><bpmn:callActivity id="ca" name="elsewhere"/>
    <bpmn:task id="t"><bpmn:multiInstanceLoopCharacteristics isSequential="true"/></bpmn:task>
    <bpmn:boundaryEvent id="be" attachedToRef="t" cancelActivity="false"><bpmn:escalationEventDefinition/></bpmn:boundaryEvent>
    <bpmn:intermediateThrowEvent id="th"><bpmn:linkEventDefinition name="away"/></bpmn:intermediateThrowEvent>
    <bpmn:endEvent id="e"><bpmn:cancelEventDefinition/></bpmn:endEvent>
    <bpmn:dataObject id="do" isCollection="true"><bpmn:dataState name="new"/></bpmn:dataObject>
    <bpmn:dataObjectReference id="dor" dataObjectRef="do"><bpmn:dataState name="[done]"/></bpmn:dataObjectReference>
  </bpmn:process>
  <bpmn:category id="cat"><bpmn:categoryValue id="v" value="v"/></bpmn:category>
</bpmn:definitions>""",
    drawn=("p",),
)

NO_NAMESPACE = Export(
    f"""<m:definitions xmlns:m="{BPMN}" xmlns:x="urn:tool"><m:process id="p" x:colour="red"><m:startEvent id="s"/>
  <m:sequenceFlow id="f" sourceRef="s" targetRef="t"/><m:task id="t"><m:extensionElements><x:note>keep</x:note></m:extensionElements></m:task>
</m:process></m:definitions>""",
    runs=("p",),
)

QNAMES = Export(
    f"""{XML}<definitions xmlns="{BPMN}" xmlns:tns="urn:office" targetNamespace="urn:office">
  <message id="m" name="m"/><collaboration id="c"><participant id="a" processRef="tns:p"/><participant id="b" name="Resident"/>
    <messageFlow id="mf" sourceRef="tns:b" targetRef="tns:s" messageRef="tns:m"/></collaboration>
  <process id="p" isExecutable="true"><laneSet id="l"><lane id="l1" name="Clerk"><flowNodeRef>tns:s</flowNodeRef></lane></laneSet>
    <startEvent id="s"><messageEventDefinition messageRef="tns:m"/></startEvent>
    <sequenceFlow id="f" sourceRef="s" targetRef="e"/><endEvent id="e"/></process>
</definitions>""",
    runs=("p",),
)

IMPORTED = Export(
    f"""{XML}<definitions xmlns="{BPMN}" xmlns:other="urn:other" targetNamespace="urn:office">
  <import importType="{BPMN}" location="other.bpmn" namespace="urn:other"/>
  <import importType="http://www.w3.org/TR/wsdl20" location="x.wsdl" namespace="urn:wsdl"/>
  <itemDefinition id="i" structureRef="other:Order"/>
  <collaboration id="c"><participant id="a" name="Other" processRef="other:p"/><participant id="b" name="We" processRef="q"/></collaboration>
  <process id="q" isExecutable="false"><startEvent id="s"/><callActivity id="t" calledElement="other:p"/>
    <sequenceFlow id="f" sourceRef="s" targetRef="t"/></process>
</definitions>""",
    drawn=("q",),
)

MUST = Export(
    f"""{XML}<definitions xmlns="{BPMN}" targetNamespace="urn:a" xmlns:z="urn:z"><extension definition="z:rules" mustUnderstand="true"/>
  <process id="p" isExecutable="true"><startEvent id="s"/></process></definitions>""",
)

ARIS = Export(
    f"""{XML}<definitions xmlns="{BPMN}" targetNamespace="http://www.software-ag.com/aris" xmlns:aris="http://www.software-ag.com/aris" exporter="ARIS" exporterVersion="10">
  <globalTask id="g" name="Stamp"/><globalUserTask id="gu" name="Sign"/>
  <process id="p" isExecutable="false" processType="Private"><startEvent id="s"/><callActivity id="ca" calledElement="g"/>
  <sequenceFlow id="f" sourceRef="s" targetRef="ca"/></process></definitions>""",
    runs=("g", "gu"),
    drawn=("p",),
)

CHOREOGRAPHY = Export(
    f"""{XML}<bpmn:definitions xmlns:bpmn="{BPMN}" {DI} targetNamespace="urn:chor" exporter="chor-js" id="D">
  <bpmn:choreography id="h"><bpmn:participant id="a" name="Seller"/><bpmn:participant id="b" name="Buyer"/>
    <bpmn:messageFlow id="m" sourceRef="a" targetRef="b" messageRef="offer"/><bpmn:startEvent id="s"/>
    <bpmn:sequenceFlow id="f" sourceRef="s" targetRef="t"/>
    <bpmn:choreographyTask id="t" name="Offer" initiatingParticipantRef="a"><bpmn:incoming>f</bpmn:incoming><bpmn:participantRef>a</bpmn:participantRef>
      <bpmn:participantRef>b</bpmn:participantRef><bpmn:messageFlowRef>m</bpmn:messageFlowRef></bpmn:choreographyTask>
    <bpmn:eventBasedGateway id="g"/><bpmn:sequenceFlow id="f2" sourceRef="t" targetRef="g"/>
  </bpmn:choreography><bpmn:message id="offer" name="Offer"/>
  <bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="h"><bpmndi:BPMNShape bpmnElement="t"><dc:Bounds x="0" y="0" width="100" height="80"/></bpmndi:BPMNShape>
    <bpmndi:BPMNShape bpmnElement="a" choreographyActivityShape="x" participantBandKind="top_initiating"/></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>""",
    drawn=("h",),
)

DROOLS_CODE = Export(
    f"""{XML}<bpmn2:definitions xmlns:bpmn2="{BPMN}" xmlns:drools="http://www.jboss.org/drools" targetNamespace="urn:k"><bpmn2:process id="p" isExecutable="true">
  <bpmn2:startEvent id="s"/><bpmn2:sequenceFlow id="f" sourceRef="s" targetRef="t"/><bpmn2:task id="t" drools:taskName="Rest" name="Call">
    <bpmn2:extensionElements><drools:onEntry-script scriptFormat="http://www.java.com/java"><drools:script>log();</drools:script></drools:onEntry-script></bpmn2:extensionElements>
  </bpmn2:task></bpmn2:process></bpmn2:definitions>""",
)

FLOWABLE_EVENTS = Export(
    f"""{XML}<definitions xmlns="{BPMN}" xmlns:flowable="http://flowable.org/bpmn" targetNamespace="urn:f"><process id="p" isExecutable="true">
  <startEvent id="s"><extensionElements><flowable:eventType>order</flowable:eventType></extensionElements></startEvent>
  <sequenceFlow id="f" sourceRef="s" targetRef="c"/><callActivity id="c" calledElement="p" flowable:inheritVariables="true"/></process></definitions>""",
)

IBM = Export(
    f"""<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>
<!-- written by a tool --><?tool hint?>
<ns0:definitions xmlns:ns0="{BPMN}" xmlns:ns1="http://www.ibm.com/xmlns/bpmnx/20100524/BusinessProcess" targetNamespace="urn:ibm" id="_i">
  <ns0:error errorCode="E1" id="er"/><ns0:process id="_p" ns1:shared="true" processType="Private" isExecutable="true"><ns0:documentation textFormat="text/html">&lt;b&gt;x&lt;/b&gt;</ns0:documentation>
    <ns0:monitoring/><ns0:property id="_pr" name="amount"/><ns0:startEvent id="_s"><ns0:outputSet id="os" name="n"/></ns0:startEvent>
    <ns0:sequenceFlow id="_f" sourceRef="_s" targetRef="_t"/><ns0:manualTask id="_t" name="Do"><ns0:incoming>_f</ns0:incoming><ns0:property id="_tp" name="x"/></ns0:manualTask>
    <ns0:sequenceFlow id="_g" sourceRef="_t" targetRef="_e"/><ns0:endEvent id="_e"><ns0:errorEventDefinition errorRef="er"/></ns0:endEvent>
    <ns0:correlationSubscription id="cs" correlationKeyRef="ck"/></ns0:process>
  <ns0:collaboration id="_c"><ns0:participant id="_a" processRef="_p"/><ns0:correlationKey id="ck" name="k"/></ns0:collaboration>
</ns0:definitions>""",
    runs=("_p",),
)
