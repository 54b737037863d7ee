// Bundles the scripts of the pages: each scripts/pages/NAME.js becomes static/built/NAME.js and,
// if it imports styles, NAME.css. What several pages share lies in chunks beside them. Nothing is
// fetched: all comes from node_modules, as package-lock.json pins it.
//
//     node build.mjs

import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const pages = join(here, "scripts", "pages");
const built = join(here, "static", "built");
const FILES = [".woff2", ".woff", ".ttf", ".eot", ".svg", ".png"];

/**
 * Where a package would write styles into the page's text, or speaks English alone, its source is
 * changed on its way into the bundle: the pages allow no style but their own files (`style-src
 * 'self'`). A change that finds nothing to change ends the build: then the package is another one.
 */
const PATCHES = [
  // Editors of expressions: a constructed style sheet, not a <style> element.
  [/style-mod\/src\/style-mod\.js$/, [["!root.head && root.adoptedStyleSheets", "root.adoptedStyleSheets"]]],
  [/align-elements\/AlignElementsIcons\.js$/, [
    [/ style="([^"]*)"/g, (_, style) => style.replace(/([a-z-]+):([^;]+);?/g, ' $1="$2"')],
  ]],
  // Its height is said in designer.css.
  [/bpmn-js-properties-panel\/dist\/index\.esm\.js$/, [['<div style="height: 100%" ', "<div "]]],
  [/bpmn-js-token-simulation\/lib\/.*\.js$/, [
    [/ style="/g, ' data-style="'],
    [/`style="/g, '`data-style="'],
    [/ title="([A-Z][A-Za-z/ ]+)"/g, " title=\"${ word('$1') }\""],
    [/Token Simulation <span/g, "${ word('Token Simulation') } <span"],
    [/ title="\$\{ text \}">\$\{text\}/g, ' title="${ word(text) }">${ word(text) }'],
  ], "simulation.js"],
  [/form-js-editor\/dist\/index\.es\.js$/, [
    ["title: `Create ${getIndefiniteArticle(type)} ${label} element`", "title: label"],
    ["label: fieldConfig.name || fieldConfig.label,", "label: word(fieldConfig.name || fieldConfig.label),"],
    [/label: '(Input|Selection|Presentation|Containers|Action)'/g, "label: word('$1')"],
    [/(title|children|placeholder): "(Components|Search components|Clear content|No components found\.|Drag and drop [a-z ]+\.)"/g,
      '$1: word("$2")'],
    ['children: "Build your form"', 'children: word("This form is empty")'],
    // There is no such window here.
    ['children: "Use the preview window to test your form."', 'children: ""'],
    ["return 'Remove form field'", "return word('Remove form field')"],
    ["return `Remove ${entry.label}`", "return word('Remove form field')"],
  ], "form_words.js"],
  // What a new component is called at first.
  [/form-js-viewer\/dist\/index\.es\.js$/, [
    [/label: '(Button|Checkbox|Checkbox group|Date|Dynamic list|File picker|Group|Number|Radio group|Select|Tag list|Text area|Text field|Value)'/g,
      "label: word('$1')"],
    ["set(defaults, DATE_LABEL_PATH, 'Date')", "set(defaults, DATE_LABEL_PATH, word('Date'))"],
    ["children: valueLabel || 'Select'", "children: valueLabel || word('Select')"],
    ["text: TEXT_VIEW_DEFAULT_TEXT,", "text: word('Text view'),"],
  ], "form_words.js"],
  [/dmn-js-shared\/lib\/util\/PoweredByUtil\.js$/, [[/\bstyle="/g, 'data-style="']]],
  [/dmn-js-decision-table\/lib\/features\/drag-and-drop\/DragAndDrop\.js$/, [[/ style="/g, ' data-style="']]],
];
const STYLED = /bpmn-js-token-simulation\/lib\/|dmn-js-[a-z-]+\/lib\//;
const designer = join(here, "scripts", "designer");
const formEditor = join(here, "node_modules", "@bpmn-io", "form-js-editor");

const changed = new Set();
const patching = {
  name: "patching",
  setup(bundling) {
    bundling.onResolve({ filter: /^min-dom$/ }, ({ importer }) =>
      STYLED.test(importer) ? { path: join(designer, "styled.js") } : undefined);
    // Its two halves ask for different versions; one that both may have is found beside the editor.
    bundling.onResolve({ filter: /^preact(\/|$)/ }, ({ path, importer, kind }) =>
      /form-js-viewer\//.test(importer) ? bundling.resolve(path, { kind, resolveDir: formEditor }) : undefined);
    for (const [filter, changes, words] of PATCHES) {
      bundling.onLoad({ filter }, async ({ path }) => {
        let text = await readFile(path, "utf8");
        for (const [from, to] of changes) {
          const next = text.replace(from, to);
          if (next !== text) changed.add(String(from));
          text = next;
        }
        if (words) text = `import { word } from ${JSON.stringify(join(designer, words))};\n${text}`;
        return { contents: text, loader: "js" };
      });
    }
    bundling.onEnd(({ metafile }) => {
      const inputs = Object.keys(metafile?.inputs ?? {});
      const errors = PATCHES.filter(([filter]) => inputs.some((one) => filter.test(one))).flatMap(([, changes]) =>
        changes.filter(([from]) => !changed.has(String(from))).map(([from]) => ({ text: `Nothing to patch: ${from}` })));
      return { errors };
    });
  },
};

const result = await build({
  absWorkingDir: here,
  entryPoints: (await readdir(pages)).filter((one) => one.endsWith(".js")).sort().map((one) => join(pages, one)),
  outdir: built,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome109", "firefox115", "safari16.4"],
  minify: true,
  charset: "utf8",
  legalComments: "none",
  loader: Object.fromEntries(FILES.map((one) => [one, "file"])),
  chunkNames: "shared-[hash]",
  assetNames: "[name]-[hash]",
  plugins: [patching],
  metafile: true,
  write: false,
});

// Written only now, when all could be bundled: a fault in one script leaves the pages as they were.
await mkdir(built, { recursive: true });
const written = new Set(["LICENSES.txt", ".done"]);
for (const { path, contents } of result.outputFiles) {
  await writeFile(path, contents);
  written.add(basename(path));
}
await writeFile(join(built, "LICENSES.txt"), await licences(Object.keys(result.metafile.inputs)));
for (const name of await readdir(built)) {
  if (!written.has(name)) await rm(join(built, name), { recursive: true });
}

/** Return name, version and licence of every package of which something was bundled. */
async function licences(inputs) {
  const folders = new Set(inputs.map(folderOf).filter(Boolean));
  const texts = [];
  for (const folder of [...folders].sort()) {
    const about = JSON.parse(await readFile(join(here, folder, "package.json"), "utf8"));
    const file = (await readdir(join(here, folder))).find((one) => /^licen[cs]e/i.test(one));
    const text = file ? await readFile(join(here, folder, file), "utf8") : "";
    texts.push(`${about.name} ${about.version}: ${about.license ?? "see below"}\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${"=".repeat(78)}\n\n`);
}

/** Return the folder of the package that a bundled file belongs to; undefined for our own. */
function folderOf(path) {
  const parts = relative(here, resolve(here, path)).split(sep);
  const at = parts.lastIndexOf("node_modules");
  if (at < 0) return undefined;
  const length = parts[at + 1].startsWith("@") ? 3 : 2;
  return join(...parts.slice(0, at + length));
}
