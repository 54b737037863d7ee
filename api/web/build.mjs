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
