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

export interface BarTick {
  /** Part of the bar, 0 … 1. */
  at: number;
  text: string;
}

/** Return the labelled places of a bar. */
export function barTicks({ range, offset }: BarContent, wanted = 5): BarTick[] {
  const [low, high] = range;
  const shown: Range = [low + offset, high + offset];
  const found = ticks(shown, wanted);
  const step = found.length > 1 ? found[1] - found[0] : high - low;
  return found.map((value) => ({ at: (value - shown[0]) / (high - low), text: fitting(value, step) }));
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
    this.title.textContent = withUnit(content.label, content.unit && `(${content.unit})`);
    this.strip.style.background = gradient(content.map, "top");
    this.labels.replaceChildren(
      ...barTicks(content).map(({ at, text }) => {
        const label = element("span", {}, text);
        label.style.bottom = `${100 * at}%`;
        return label;
      }),
    );
  }
}
