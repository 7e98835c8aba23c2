/** Light and dark colours: those of the system, until a person chooses. */

import { iconButton } from "./icons";

/** Make the button that changes between light and dark. */
export function themeButton(changed: () => void): HTMLButtonElement {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", changed);
  return iconButton("theme", "Light or dark", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
    root.dataset.theme = isDark ? "light" : "dark";
    changed();
  });
}
