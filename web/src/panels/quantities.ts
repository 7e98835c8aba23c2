/** Quantities of interest: value, band, place, limit, and the same of a pinned design. */

import type { Description, Quantity } from "../data/description";
import { limitText, verdict } from "../fields/limits";
import { fitting, short, withUnit } from "../fields/numbers";
import type { MeasuredQuantity } from "../model/bands";
import { element } from "../page/dom";

export class QuantitiesPanel {
  private readonly entries: Entry[];
  private readonly waiting = element("p", { class: "note" });

  constructor(root: HTMLElement, description: Description) {
    this.entries = description.quantities.map((quantity) => new Entry(quantity, description));
    root.append(...this.entries.map((entry) => entry.root), this.waiting);
    for (const note of description.bands?.notes ?? []) root.append(element("p", { class: "note" }, sentence(note)));
    for (const { name, text, reason } of description.left_out_quantities) {
      const said = `“${name}” (${text}) is not in this page: ${reason}`;
      root.append(element("p", { class: "note" }, sentence(said)));
    }
  }

  /** Show the quantities of a design, and of a pinned one; null while they are being computed.
   *
   * @param part - Part of their computation that is done.
   */
  show(current: MeasuredQuantity[] | null, pinned: MeasuredQuantity[] | null, part: number): void {
    this.waiting.hidden = current !== null || !this.entries.length;
    const done = part > 0 ? `, ${Math.floor(100 * part)} % done` : "";
    this.waiting.textContent = `Being computed from all times and samples${done} …`;
    this.entries.forEach((entry, q) => entry.show(current?.[q] ?? null, pinned?.[q] ?? null));
  }
}

class Entry {
  private readonly number = element("output", { class: "gauge-number" });
  private readonly band = element("p", { class: "note" });
  private readonly limit = element("p", { class: "verdict" });
  private readonly pinned = element("p", { class: "note" });
  readonly root: HTMLElement;

  constructor(
    private readonly quantity: Quantity,
    private readonly description: Description,
  ) {
    const name = element("span", { class: "quantity-name", title: quantity.text }, quantity.name);
    const head = element("div", { class: "gauge-head" }, name, this.number);
    this.root = element("div", { class: "quantity" }, head, this.limit, this.band, this.pinned);
  }

  show(current: MeasuredQuantity | null, pinned: MeasuredQuantity | null): void {
    this.root.classList.toggle("is-waiting", !current);
    if (!current) return;
    const { unit, limit } = this.quantity;
    const isKnown = !Number.isNaN(current.value);
    this.number.textContent = isKnown ? withUnit(this.written(current.value, current), unit) : "no value";
    this.band.textContent = this.bandText(current) + this.whereText(current);
    this.limit.hidden = !limit;
    if (limit) {
      const kept = verdict(limit, current);
      this.limit.textContent = `${limitText(limit, unit)}: ${kept}`;
      this.limit.dataset.verdict = kept;
    }
    this.pinned.hidden = !pinned;
    if (pinned) this.pinned.textContent = this.pinnedText(current, pinned);
  }

  private bandText(one: MeasuredQuantity): string {
    const label = this.description.bands?.label ?? "band";
    const ends = `${this.written(one.lower, one)} to ${this.written(one.upper, one)}`;
    return `${label}: ${withUnit(ends, this.quantity.unit)}`;
  }

  private whereText({ time, place }: MeasuredQuantity): string {
    const { times, time_unit, length_unit } = this.description;
    const parts: string[] = [];
    if (time !== null) parts.push(`at t = ${withUnit(short(times[time]), time_unit)}`);
    if (place) {
      const numbers = place.map((value) => short(value, 3)).join(", ");
      parts.push(`at (${numbers})${length_unit ? ` ${length_unit}` : ""}`);
    }
    const word = this.quantity.statistic === "max" ? "the largest value is" : "the smallest value is";
    return parts.length ? `; ${word} ${parts.join(", ")}` : "";
  }

  private pinnedText(current: MeasuredQuantity, pinned: MeasuredQuantity): string {
    const { unit, limit } = this.quantity;
    const kept = limit ? `, ${limitText(limit, unit)}: ${verdict(limit, pinned)}` : "";
    const change = current.value - pinned.value;
    const sign = change > 0 ? "+" : "";
    const difference = `${sign}${withUnit(short(change, 3), unit)}`;
    const value = withUnit(this.written(pinned.value, pinned), unit);
    return `Pinned design: ${value} (${this.bandText(pinned)})${kept}. Difference, this − pinned: ${difference}.`;
  }

  /** Write a number with the digits that its band has; a small one in a very wide band is not zero. */
  private written(value: number, { lower, upper }: MeasuredQuantity): string {
    return fitting(value, Math.min((upper - lower) / 2, Math.abs(value) || Infinity));
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}
