// Drafts of task forms that wait on this device for the network, by user and address.

const PREFIX = "bihuan-draft ";

export const nameOf = (user, address) => `${PREFIX}${user} ${address}`;

// Whoever signs out, or another user, leaves nothing of theirs behind.
export function forget(keeps = () => false) {
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(PREFIX) && !keeps(name)) localStorage.removeItem(name);
  }
}

export async function send(name) {
  const typed = localStorage.getItem(name);
  if (typed === null) return "nothing";
  let answer;
  try {
    const body = new URLSearchParams(typed);
    answer = await fetch(name.split(" ").at(-1), { method: "POST", body });
  } catch {
    return "waits";
  }
  // A redirect leads to signing in: it waits until that is done.
  if (answer.status === 401 || answer.redirected) return "waits";
  if (localStorage.getItem(name) === typed) localStorage.removeItem(name);
  return answer.ok ? "kept" : "refused";
}
