// Keeps what is typed at a task: on the server, and on this device while there is no network.

import { forget, nameOf, send } from "../drafts.js";

const PAUSE = 1500;
const user = document.body.dataset.user;
const form = document.querySelector("form[data-draft]");
const said = document.getElementById("draft-said");
let timer;

forget((name) => name.startsWith(nameOf(user, "")));
if (form) begin(nameOf(user, form.dataset.draft));

function begin(name) {
  const left = localStorage.getItem(name);
  if (left !== null) fill(new URLSearchParams(left));
  const keep = async () => {
    const outcome = await send(name);
    if (outcome === "kept") tell(form.dataset.kept);
    else if (outcome === "waits") tell(form.dataset.here);
  };
  form.addEventListener("input", () => {
    localStorage.setItem(name, typed().toString());
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE);
  });
  form.addEventListener("submit", (sent) => {
    clearTimeout(timer);
    if (navigator.onLine) {
      localStorage.removeItem(name);
    } else {
      sent.preventDefault();
      localStorage.setItem(name, typed().toString());
      tell(form.dataset.offline);
    }
  });
  addEventListener("online", keep);
  if (left !== null) keep();
}

function typed() {
  const found = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && !["act", "once"].includes(name)) found.append(name, value);
  }
  return found;
}

function fill(pairs) {
  for (const name of new Set(pairs.keys())) {
    const values = pairs.getAll(name);
    for (const [index, field] of [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)].entries()) {
      if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
      else if (field.type !== "file" && field.type !== "hidden") field.value = values[index] ?? "";
    }
  }
}

function tell(text) {
  if (said) said.textContent = text;
}
