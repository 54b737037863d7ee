// Tells politely that something is new in the inbox; it is loaded only when somebody asks.

const EVERY = 15_000;
const news = document.getElementById("news");
const texts = news.dataset;
let first, known, timer;

async function look() {
  if (document.hidden) return;
  let answer;
  try {
    const headers = first ? { "If-None-Match": first } : {};
    answer = await fetch("/api/v1/tasks/changes", { headers });
  } catch {
    return; // No network: the next look may find one.
  }
  if (answer.status === 401) {
    clearInterval(timer);
    tell(texts.ended);
  } else if (answer.status === 304) {
    tell("");
  } else if (answer.ok) {
    const { items, counts } = await answer.json();
    if (first) show(items, counts);
    else [first, known] = [answer.headers.get("ETag"), new Set(items.map(({ id }) => id))];
  }
}

function show(items, counts) {
  for (const [view, count] of Object.entries(counts)) {
    const tab = document.querySelector(`.tabs [data-view=${view}] .count`);
    if (tab) tab.textContent = String(count);
  }
  const fresh = items.filter(({ id }) => !known.has(id)).length;
  tell(fresh ? texts.new.replace("{n}", String(fresh)) : texts.changed);
}

function tell(text) {
  if (news.firstChild?.textContent === text || (!text && !news.firstChild)) return;
  news.replaceChildren();
  if (!text) return;
  const link = document.createElement("a");
  link.href = location.pathname + location.search;
  link.textContent = texts.load;
  news.append(text, link);
}

look();
timer = setInterval(look, EVERY);
document.addEventListener("visibilitychange", look);
