/** Icons, drawn so that they need no font. */

import { button } from "./dom";

const PATHS = {
  play: "M3 1.5v13l11-6.5z",
  pause: "M3 2h3.5v12H3zM9.5 2H13v12H9.5z",
  first: "M2 2h2v12H2zM14 2v12L5 8z",
  last: "M12 2h2v12h-2zM2 2v12l9-6z",
  theme: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 1.6v10.8a5.4 5.4 0 0 1 0-10.8z",
} as const;

export type IconName = keyof typeof PATHS;

export function iconButton(name: IconName, label: string, act: () => void, more = ""): HTMLButtonElement {
  const made = button("", act, { class: `icon ${more}`, title: label });
  setIcon(made, name, label);
  return made;
}

/** Change the icon of a button, and what screen readers say. */
export function setIcon(target: HTMLButtonElement, name: IconName, label: string): void {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  target.replaceChildren(svg);
  target.setAttribute("aria-label", label);
}
