/** Keys of the page; fields, lists and sliders keep their own. */

export type Keys = Readonly<Record<string, () => void>>;

/** Call functions by keys, such as "p", "Shift+ArrowLeft" or "Ctrl+Shift+ArrowUp". */
export function listenToKeys(keys: Keys): void {
  document.addEventListener("keydown", (event) => {
    const act = keys[nameOf(event)];
    if (!act || takes(event.target as HTMLElement, event.key) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    act();
  });
}

/** Return the name of a key; that of a character is the character, however it is typed. */
export function nameOf({ key, ctrlKey, shiftKey, altKey, metaKey }: KeyboardEvent): string {
  if (altKey || metaKey) return "";
  const isCharacter = key.length === 1;
  return (ctrlKey ? "Ctrl+" : "") + (shiftKey && !isCharacter ? "Shift+" : "") + key;
}

/** Whether an element does something itself with a key: sliders move, buttons are pressed, lists are searched. */
function takes(target: HTMLElement, key: string): boolean {
  if (target.matches("input[type=range]")) return /^(Arrow|Page|Home|End)/.test(key);
  if (target.matches("button, summary, input[type=checkbox]")) return key === " ";
  return target.matches("input, select, textarea");
}
