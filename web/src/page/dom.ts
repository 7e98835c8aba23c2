/** Making elements. Texts go in as text only, so that no name from a file can become markup. */

export type Child = Node | string | null | false;

/** Make an element with attributes and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number | boolean> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== false));
  return made;
}

/** Make a button that calls a function. */
export function button(
  text: string,
  act: () => void,
  attributes: Record<string, string | number | boolean> = {},
): HTMLButtonElement {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

/** Make a list of choices; each option is a value and its text. */
export function choice(
  label: string,
  options: readonly (readonly [string, string])[],
  chosen: (value: string) => void,
): HTMLSelectElement {
  const made = element(
    "select",
    { "aria-label": label },
    ...options.map(([value, text]) => element("option", { value }, text)),
  );
  made.addEventListener("change", () => chosen(made.value));
  return made;
}

/** Make a box to tick, with its text. */
export function tick(text: string, changed: (on: boolean) => void): [HTMLLabelElement, HTMLInputElement] {
  const box = element("input", { type: "checkbox" });
  box.addEventListener("change", () => changed(box.checked));
  return [element("label", { class: "tick" }, box, element("span", {}, text)), box];
}

/** Make a field for a number, which is as wide as what is in it. */
export function numberField(attributes: Record<string, string | number | boolean>): HTMLInputElement {
  const field = element("input", { type: "number", step: "any", ...attributes });
  field.addEventListener("input", () => fit(field));
  return field;
}

/** Write a number into its field. */
export function writeNumber(field: HTMLInputElement, text: string): void {
  field.value = text;
  fit(field);
}

function fit(field: HTMLInputElement): void {
  field.style.setProperty("--characters", String(field.value.length));
}

/** Return an element of the page's skeleton. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}
