// What the token simulation says, in Chinese: build.mjs asks `word` wherever it speaks.

import { chineseOf } from "./chinese.js";

/** Return what the simulation says in the language of the page. */
export function word(text) {
  return document.documentElement.lang.startsWith("zh") ? chineseOf(text) : text;
}
