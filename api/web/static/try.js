// Sends the calls of the API page and shows the answers. No library, nothing from outside.
"use strict";

document.querySelector("form.token").addEventListener("submit", (event) => event.preventDefault());

for (const form of document.querySelectorAll("form.try")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = form.querySelector(".answer");
    answer.textContent = "…";
    try {
      answer.textContent = await send(form);
    } catch (reason) {
      answer.textContent = String(reason);
    }
  });
}

async function send(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const field of form.querySelectorAll("input[data-in]")) {
    if (field.value === "") continue;
    if (field.dataset.in === "path") {
      path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    } else if (field.dataset.in === "query") {
      query.set(field.name, field.value);
    } else {
      headers[field.name] = field.value;
    }
  }
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method: form.dataset.method, headers };
  const body = form.querySelector(".body");
  if (body) {
    headers["Content-Type"] = "application/json";
    options.body = withoutNulls(body.value);
  }
  const address = query.size ? `${path}?${query}` : path;
  const response = await fetch(address, options);
  const text = await response.text();
  return `${response.status} ${response.statusText}\n\n${pretty(text)}`;
}

function withoutNulls(text) {
  try {
    const entries = Object.entries(JSON.parse(text)).filter(([, value]) => value !== null);
    return JSON.stringify(Object.fromEntries(entries));
  } catch {
    return text; // The server says what is wrong with it.
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
