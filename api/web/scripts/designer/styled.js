// What packages are given instead of min-dom: the page's policy allows no style in a text, so
// build.mjs renames it there, and here it is set by script.

import { domify as plainly } from "min-dom";

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
