// What the editor of form-js says by itself, in Chinese: build.mjs asks `word` wherever it speaks.

const words = {
  Action: "操作",
  Button: "按钮",
  Checkbox: "勾选框",
  "Checkbox group": "多选",
  "Clear content": "清空",
  Components: "组件",
  Containers: "容器",
  "Date time": "日期时间",
  Date: "日期",
  "Drag and drop components here to start designing.": "把组件拖到这里，或点一下加到末尾。",
  "Drag and drop components here.": "把组件拖到这里。",
  "Dynamic list": "多行明细",
  "File picker": "文件",
  Group: "分组",
  Input: "填写",
  "No components found.": "没有这样的组件。",
  Number: "数字",
  Presentation: "显示",
  "Radio group": "单选",
  "Remove form field": "删除",
  "Search components": "查找组件",
  Select: "下拉选择",
  Selection: "选择",
  Separator: "分隔线",
  Spacer: "空白",
  "Tag list": "标签多选",
  "Text area": "多行文字",
  "Text field": "单行文字",
  "Text view": "说明文字",
  "This form is empty": "还是空表单",
  Value: "选项",
};

/** Return what the editor says in the language of the page. */
export function word(text) {
  return document.documentElement.lang.startsWith("zh") ? words[text] ?? text : text;
}
