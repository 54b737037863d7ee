"""The words of the pages for those who draw: key to (Chinese, English)."""

from __future__ import annotations

DESIGN_WORDS: dict[str, tuple[str, str]] = {
    "designs": ("流程图", "Diagrams"),
    "designs_title": ("已部署的流程图", "Deployed diagrams"),
    "designs_none": ("还没有部署流程图。", "No diagram is deployed yet."),
    "design_check": ("检查文件", "Check files"),
    "design_check_note": (
        "选择流程图（.bpmn），以及与它一起的决策表（.dmn）和表单（.json）；只检查，不改动任何内容。",
        "Choose a diagram (.bpmn), its decisions (.dmn) and forms (.json). Nothing is changed.",
    ),
    "design_files": ("文件", "Files"),
    "design_paste": ("或粘贴 BPMN 的 XML", "Or paste the XML of a BPMN file"),
    "design_executor": ("执行器", "Executor"),
    "design_nothing": ("请选择文件，或粘贴 XML。", "Choose a file, or paste XML."),
    "design_deploy": ("部署", "Deploy"),
    "design_deploy_note": (
        "没有错误。部署后，新事项按新版本办理；图示只显示，不能发起。",
        "There are no errors. New cases start on the new version; drawings are only shown.",
    ),
    "design_deploy_right": (
        "没有错误。部署须由流程发布员（deployer）进行。",
        "There are no errors. Who deploys holds the role deployer.",
    ),
    "design_errors_first": (
        "有错误，不能部署。请改正后再检查一遍。",
        "There are errors, so nothing can be deployed. Mend them and check again.",
    ),
    "design_too_large": (
        "文件太大，不能从这一页部署，请用 bihuan deploy。",
        "The files are too large to be deployed from this page; use bihuan deploy.",
    ),
    "done_deploy": ("已部署：{name}", "Deployed: {name}"),
    "done_unchanged": ("没有变化：{name}", "Nothing has changed: {name}"),
    "design_key": ("标识", "Key"),
    "design_name": ("名称", "Name"),
    "design_version": ("版本", "Version"),
    "design_kind": ("种类", "Kind"),
    "design_findings": ("检查提示", "Findings"),
    "design_executable": ("可执行", "Runs"),
    "design_drawing": ("图示", "Drawing"),
    "design_drawing_note": (
        "这是图示：只显示，不能发起。",
        "This is a drawing: it is shown, and no case starts on it.",
    ),
    "design_for_new": ("新事项用", "for new cases"),
    "design_versions": ("全部版本", "All versions"),
    "design_xml": ("XML", "XML"),
    "design_no_findings": ("没有问题。", "Nothing to say."),
    "design_laid_out": (
        "文件没有坐标，这里的位置是自动排的。",
        "The file has no coordinates; it was laid out here.",
    ),
    "design_not_drawn": (
        "这个文件画不出来，下面列出其中的元素。",
        "This file cannot be drawn; its elements are listed below.",
    ),
    "design_partly_drawn": (
        "图上画不出其中一部分（如编排、会话），全部元素列在下面。",
        "Not all of it can be drawn (choreographies, conversations); all of it is listed below.",
    ),
    "design_unreadable": (
        "这个文件读不出来，无法显示。",
        "The file cannot be read, so it is not shown.",
    ),
    "design_elements": ("元素（{n}）", "Elements ({n})"),
    "design_line": ("第 {n} 行", "line {n}"),
    "severity_error": ("错误", "Error"),
    "severity_warning": ("警告", "Warning"),
    "severity_note": ("提示", "Note"),
    "severities": (
        "{error} 个错误、{warning} 个警告、{note} 个提示",
        "{error} errors, {warning} warnings, {note} notes",
    ),
}
