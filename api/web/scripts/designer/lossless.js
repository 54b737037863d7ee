// What an editor would lose: comments are put back where they stood, and anything else is told, so
// that the file is edited as text instead.

/** What an editor leaves out because it means nothing. */
const DEFAULTS = new Set(["hitPolicy=UNIQUE", "textFormat=text/plain"]);

const read = (text) => new DOMParser().parseFromString(text, "application/xml");
const isBroken = (tree) => tree.getElementsByTagName("parsererror").length > 0;

/** Return a text as an editor has written it with the comments of the one it was given. */
export function withComments(given, written) {
  if (!given.includes("<!--")) return written;
  const [before, after] = [read(given), read(written)];
  if (isBroken(before) || isBroken(after)) return written;
  const known = new Map([...after.getElementsByTagName("*")].filter((one) => one.id).map((one) => [one.id, one]));
  const kept = counted(commentsIn(after).map((one) => one.data));
  for (const one of commentsIn(before)) {
    if (kept.get(one.data) > 0) kept.set(one.data, kept.get(one.data) - 1);
    else put(after.importNode(one), one, after, known);
  }
  const text = new XMLSerializer().serializeToString(after);
  const [head] = written.match(/^\s*<\?xml[^>]*\?>\s*/) ?? [""];
  return text.startsWith("<?xml") ? text : head + text;
}

function put(comment, was, tree, known) {
  const next = following(was, (one) => one.nextElementSibling, known);
  const previous = following(was, (one) => one.previousElementSibling, known);
  const around = ancestors(was).find((one) => known.has(one.id));
  if (next) next.before(comment, "\n");
  else if (previous) previous.after("\n", comment);
  else if (around) known.get(around.id).prepend("\n", comment);
  else if (was.parentNode.nodeType === Node.DOCUMENT_NODE) tree.documentElement.before(comment, "\n");
  else tree.documentElement.prepend("\n", comment);
}

/** The nearest sibling that is still there. */
function following(was, step, known) {
  for (let one = step(was); one; one = step(one)) if (known.has(one.id)) return known.get(one.id);
  return null;
}

function ancestors(one) {
  const found = [];
  for (let each = one.parentElement; each; each = each.parentElement) found.push(each);
  return found;
}

function commentsIn(tree) {
  const walker = document.createTreeWalker(tree, NodeFilter.SHOW_COMMENT);
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode);
  return found;
}

/** Return what an editor has left out of a text, comments aside: names of elements and attributes. */
export function lost(given, written) {
  const [before, after] = [read(given), read(written)];
  if (isBroken(before)) return [];
  const there = counted(contents(after));
  const found = new Set();
  for (const one of contents(before)) {
    const left = there.get(one) ?? 0;
    if (left > 0) there.set(one, left - 1);
    else found.add(one.split(/[=#]/)[0]);
  }
  return [...found];
}

function contents(tree) {
  return [...tree.getElementsByTagName("*")].flatMap((one) => {
    const attributes = [...one.attributes]
      .filter((each) => each.prefix !== "xmlns" && each.name !== "xmlns")
      .map((each) => `${each.localName}=${each.value}`)
      .filter((each) => !DEFAULTS.has(each))
      .map((each) => `${one.localName} ${each}`);
    const text = [...one.childNodes].filter((each) => each.nodeType === Node.TEXT_NODE || each.nodeType === Node.CDATA_SECTION_NODE)
      .map((each) => each.data).join("").trim().replace(/\s+/g, " ");
    return [one.localName, ...attributes, ...(text ? [`${one.localName}#${text}`] : [])];
  });
}

function counted(list) {
  const found = new Map();
  for (const one of list) found.set(one, (found.get(one) ?? 0) + 1);
  return found;
}
