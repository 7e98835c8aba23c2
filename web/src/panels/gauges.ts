/** How far the prediction can be trusted: expected error, novelty, and what to beware of. */

import type { Description } from "../data/description";
import { percent, short } from "../fields/numbers";
import { BEYOND } from "../fields/scalars";
import { element } from "../page/dom";

export class Gauges {
  private readonly error: Gauge;
  private readonly novelty: Gauge;
  private readonly warnings = element("ul", { class: "warnings", role: "status" });

  constructor(
    root: HTMLElement,
    private readonly description: Description,
  ) {
    this.error = new Gauge("Expected error");
    this.novelty = new Gauge("Novelty");
    root.append(this.warnings, this.error.root, this.novelty.root);
    if (description.calibration.warning) {
      root.append(element("p", { class: "note" }, `${sentence(description.calibration.warning)}`));
    }
  }

  /** Show the novelty, and what to beware of.
   *
   * @param isKnown - Whether the design has numbers at all.
   */
  showNovelty(novelty: number | null, outside: string[], isKnown: boolean): void {
    const limit = this.description.novelty_limit;
    const far =
      novelty !== null && novelty > limit
        ? [
            `Novelty ${short(novelty, 3)}: the design is further from the training runs than any of ` +
              "these is from the others. Expect larger errors than on the test runs.",
          ]
        : [];
    const texts = [...outside, ...(isKnown ? [] : [NO_NUMBERS]), ...far];
    this.warnings.replaceChildren(...texts.map((text) => element("li", {}, text)));
    this.warnings.hidden = !texts.length;
    this.novelty.root.hidden = novelty === null;
    if (novelty === null) return;
    this.novelty.show(
      short(novelty, 3),
      novelty / (2 * limit),
      novelty <= limit
        ? `Up to ${short(limit)}, a design is as close to the training runs as they are to each other.`
        : `Above ${short(limit)}, a design is outside of what the training runs have shown.`,
      novelty > limit,
    );
  }

  /** Show the expected error; null while it is being computed. */
  showError(expected: number | null): void {
    const { evaluation, calibration } = this.description;
    this.error.root.hidden = !calibration.runs;
    if (expected === null) return this.error.wait();
    if (expected === Infinity) return this.error.show("∞", 1, NO_LIMIT, true);
    const usual = evaluation?.relative_error;
    const compared =
      usual === undefined
        ? "The study was not evaluated on test runs."
        : `On ${evaluation?.runs} test runs the error was ${percent(usual)} on average.`;
    // Half of the bar is the usual error; without one, the bar ends at 50 %.
    const full = usual === undefined ? 0.5 : 2 * usual;
    const meaning =
      `The field of a simulation is expected to differ by about ${percent(expected)} of its ` +
      "variation, over all times and variables.";
    this.error.show(percent(expected), expected / full, `${meaning} ${compared}`, usual !== undefined && expected > full);
  }
}

const NO_NUMBERS =
  `This design is ${BEYOND}: so far outside of the trained range its numbers overflow. ` +
  "It has no values, and their standard deviation is infinite.";
const NO_LIMIT = "So far outside of the trained range, the error has no limit that the model could tell.";

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

class Gauge {
  private readonly number = element("output", { class: "gauge-number" });
  private readonly bar = element("div", { class: "gauge-fill" });
  private readonly meter: HTMLElement;
  private readonly meaning = element("p", { class: "note" });
  readonly root: HTMLElement;

  constructor(name: string) {
    this.meter = element("div", { class: "gauge-bar", role: "meter", "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 1 }, this.bar);
    this.root = element(
      "div",
      { class: "gauge" },
      element("div", { class: "gauge-head" }, element("span", {}, name), this.number),
      this.meter,
      this.meaning,
    );
  }

  wait(): void {
    this.root.classList.add("is-waiting");
  }

  show(text: string, part: number, meaning: string, bad: boolean): void {
    this.root.classList.remove("is-waiting");
    this.number.textContent = text;
    const shown = Math.min(Math.max(part, 0), 1);
    this.bar.style.width = `${100 * shown}%`;
    this.meter.setAttribute("aria-valuenow", shown.toFixed(3));
    this.meter.setAttribute("aria-valuetext", text);
    this.root.classList.toggle("is-bad", bad);
    this.meaning.textContent = meaning;
  }
}
