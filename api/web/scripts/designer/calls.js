// What the page asks of the server.

/** A refusal of the server; `problem` is what it said. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? String(status));
    this.status = status;
    this.problem = problem;
  }
}

async function asked(path, options = {}) {
  const answer = await answered(path, options);
  return answer.json().catch(() => ({}));
}

async function answered(path, options) {
  const headers = { Accept: "application/json", ...options.headers };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (reason) {
    if (reason.name === "AbortError") throw reason;
    throw new Refused(0, {});
  }
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

/** Return what is at a path; `values` go into its query. */
export function get(path, values = {}) {
  const query = new URLSearchParams(values);
  return asked(query.size ? `${path}?${query}` : path);
}

/** Send files and fields; return the answer. */
export function post(path, files = {}, fields = {}) {
  return asked(path, { method: "POST", body: form(files, fields) });
}

/** Send files and fields; yield the answer, a document a line, as it comes. */
export async function* lines(path, files, fields, signal) {
  const answer = await answered(path, { method: "POST", body: form(files, fields), signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const whole = (rest + value).split("\n");
    rest = whole.pop();
    for (const one of whole) yield JSON.parse(one);
  }
}

function form(files, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  for (const [name, text] of Object.entries(files)) {
    body.append("files", new Blob([text], { type: "application/octet-stream" }), name);
  }
  return body;
}
