/** The colour bar of a pane. */

import { fitting, withUnit } from "../fields/numbers";
import { type Range, ticks } from "../fields/ranges";
import { element } from "../page/dom";
import { type ColourMapName, gradient } from "./colour_maps";

export interface BarContent {
  label: string;
  unit: string;
  map: ColourMapName;
  range: Range;
  /** To be added to all numbers. */
  offset: number;
}

export interface BarText {
  /** Name and unit; where all numbers begin with the same digits, these are taken off them. */
  title: string;
  /** Labelled places: the part of the bar, 0 … 1, and the text. */
  ticks: { at: number; text: string }[];
}

/** Digits of a number from which on only its difference to a round one is written. */
const LONG = 1e5;

/** Return the texts of a bar. */
export function barText({ label, unit, range, offset }: BarContent, wanted = 5): BarText {
  const [low, high] = [range[0] + offset, range[1] + offset];
  const shown: Range = [low, high];
  const places = ticks(shown, wanted);
  const step = places.length > 1 ? places[1] - places[0] : high - low;
  const middle = places[Math.floor(places.length / 2)] ?? low;
  const base = Math.abs(middle) > LONG * step ? middle : 0;
  const name = base ? `${label} − ${fitting(base, step)}` : label;
  return {
    title: withUnit(name, unit && `(${unit})`),
    ticks: places.map((value) => ({
      at: (value - low) / (high - low),
      text: fitting(value - base, step),
    })),
  };
}

export class ColourBar {
  readonly root = element("div", { class: "colour-bar" });
  private readonly title = element("div", { class: "colour-bar-title" });
  private readonly strip = element("div", { class: "colour-bar-strip" });
  private readonly labels = element("div", { class: "colour-bar-labels" });
  content: BarContent | null = null;
  private key = "";

  constructor() {
    this.root.append(this.title, element("div", { class: "colour-bar-body" }, this.strip, this.labels));
  }

  show(content: BarContent): void {
    this.content = content;
    const key = JSON.stringify(content);
    if (key === this.key) return;
    this.key = key;
    const text = barText(content);
    this.title.textContent = text.title;
    this.strip.style.background = gradient(content.map, "top");
    this.labels.replaceChildren(
      ...text.ticks.map(({ at, text: number }) => {
        const label = element("span", {}, number);
        label.style.bottom = `${100 * at}%`;
        return label;
      }),
    );
  }
}
