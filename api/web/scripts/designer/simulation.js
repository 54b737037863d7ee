// What the token simulation is given instead of its own: markup whose styles are set by script
// (the page's policy allows no style in a text), and Chinese words.

import { domify as plainly } from "min-dom";
import { chineseOf } from "./chinese.js";

export * from "min-dom";

/** As min-dom's; `data-style` becomes the style. */
export function domify(html, ...rest) {
  const made = plainly(html, ...rest);
  const styled = [made, ...(made.querySelectorAll?.("[data-style]") ?? [])];
  for (const one of styled) {
    const style = one.getAttribute?.("data-style");
    if (style) one.style.cssText = style;
  }
  return made;
}

/** Return what the simulation says in the language of the page. */
export function word(text) {
  return document.documentElement.lang.startsWith("zh") ? chineseOf(text) : text;
}
