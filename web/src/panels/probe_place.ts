/** A field for the coordinates of a probe, which goes to the nearest node that is drawn. */

import type { Description } from "../data/description";
import { button, element } from "../page/dom";
import type { Placed } from "../page/placed";
import type { Store } from "../state/store";

export function placeField({ dimension }: Description, placed: Placed, store: Store, most: number): HTMLElement {
  const axes = ["x", "y", "z"].slice(0, dimension).join(", ");
  const field = element("input", { type: "text", placeholder: axes, "aria-label": "Coordinates of a probe" });
  const add = (): void => {
    const place = coordinates(field.value, dimension);
    field.setCustomValidity(place ? "" : `${dimension} numbers are needed: ${axes}`);
    if (!field.reportValidity() || !place) return;
    const row = placed.nearest(place);
    const { probes } = store.state;
    if (row !== null && !probes.includes(row)) store.set({ probes: [...probes, row].slice(-most) });
    field.value = "";
  };
  field.addEventListener("input", () => field.setCustomValidity(""));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") add();
  });
  return element("div", { class: "probe-add" }, field, button("Add", add, { title: "Add the nearest node as a probe" }));
}

/** Return the numbers of a text such as “0.5, 1e-3” or “(0.5; 1)”; null where it has others. */
export function coordinates(text: string, count: number): number[] | null {
  const parts = text.replace(/[()]/g, " ").replaceAll("−", "-").trim().split(/[\s,;]+/);
  const numbers = parts.map(Number);
  const are = parts.length === count && parts.every((part) => part !== "") && numbers.every(Number.isFinite);
  return are ? numbers : null;
}
