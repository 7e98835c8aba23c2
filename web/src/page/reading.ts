/** What is read besides the picture: warnings, gauges, probes, the nearest run, the pinned design. */

import type { Container } from "../data/container";
import { percent } from "../fields/numbers";
import { hasNumbers } from "../fields/scalars";
import { Gauges } from "../panels/gauges";
import type { ProbesPanel } from "../panels/probes";
import { nearestRun, outsideTexts, shownRuns, trainingDesign } from "../state/designs";
import type { Store } from "../state/store";
import { button, byId, element } from "./dom";
import type { Predictions } from "./predictions";
import type { ShownFields } from "./shown_fields";

export class Reading {
  private readonly gauges: Gauges;
  private readonly nearest = element("span", {});
  private readonly pin: HTMLButtonElement;
  private run = 0;

  constructor(
    private readonly container: Container,
    private readonly fields: ShownFields,
    private readonly predictions: Predictions,
    private readonly store: Store,
    private readonly probes: ProbesPanel,
  ) {
    this.gauges = new Gauges(byId("gauges"), container.description);
    const go = button("Show it", () => {
      store.set({ design: trainingDesign(container, this.run) });
    });
    byId("nearest").append(this.nearest, go);
    this.pin = button("Pin this design", () => this.togglePin(), {
      title: "Keep this design beside the next ones (p)",
      class: "wide",
    });
    const swap = button("Swap", () => {
      const { design, pinned } = store.state;
      if (pinned) store.set({ design: pinned, pinned: design });
    });
    byId("compare").append(this.pin, swap);
    store.subscribe((state, changed) => {
      if (changed.has("design")) this.showNearest();
      this.pin.textContent = state.pinned ? "Release the pinned design" : "Pin this design";
      this.pin.setAttribute("aria-pressed", String(state.pinned !== null));
      swap.hidden = !state.pinned;
      if (changed.has("scalar")) this.update();
    });
  }

  togglePin(): void {
    const { design, pinned } = this.store.state;
    this.store.set({ pinned: pinned ? null : design });
  }

  /** Show what has been computed. */
  update(): void {
    const { current } = this.predictions;
    if (!current) return;
    const { state } = this.store;
    const outside = outsideTexts(this.container.description, state.design.parameters);
    this.gauges.showNovelty(current.novelty, outside, hasNumbers(current));
    const study = this.predictions.study(state.design);
    this.gauges.showError(study?.expectedError ?? null);
    const scalar = this.fields.scalars[state.scalar];
    const offset = scalar.vector ? 0 : this.fields.offsets[scalar.column];
    if (study) {
      const pinned = this.predictions.study(state.pinned)?.histories ?? [];
      this.probes.show({ current: study.histories, between: study.between, pinned, scalar, offset });
    }
  }

  private showNearest(): void {
    const found = nearestRun(this.container, this.store.state.design);
    byId("nearest").hidden = !found;
    if (!found) return;
    this.run = found.run;
    const id = this.container.description.training_ids[found.run];
    const distance = found.distance < 1e-6 ? "the same" : `${percent(found.distance)} of the trained range away`;
    const all = this.container.description.training_ids.length;
    const count = shownRuns(this.container).length;
    const among = count < all ? `Nearest of the ${count} training runs whose images are here` : "Nearest training run";
    this.nearest.textContent = `${among}: ${id} (${distance})`;
  }
}
