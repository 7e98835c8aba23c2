/** Keys of the page; fields, lists and sliders keep their own. */

export type Keys = Readonly<Record<string, () => void>>;

export function listenToKeys(keys: Keys): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    const typing = target.matches("input, select, textarea") || document.querySelector("dialog[open]");
    // Buttons are pressed by the space bar.
    const pressing = event.key === " " && target.matches("button, summary");
    const act = keys[event.key];
    if (!act || typing || pressing) return;
    event.preventDefault();
    act();
  });
}
