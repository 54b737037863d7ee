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
  const headers = { Accept: "application/json", ...options.headers };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Refused(0, {});
  }
  const document = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, document);
  return document;
}

/** Return what is at a path; `values` go into its query. */
export function get(path, values = {}) {
  const query = new URLSearchParams(values);
  return asked(query.size ? `${path}?${query}` : path);
}

/** Send files and fields; return the answer. */
export function post(path, files = {}, fields = {}) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  for (const [name, text] of Object.entries(files)) {
    body.append("files", new Blob([text], { type: "application/octet-stream" }), name);
  }
  return asked(path, { method: "POST", body });
}
