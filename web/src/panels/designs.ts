/** Buttons that choose a whole design. */

import type { Container } from "../data/container";
import { button, choice, element } from "../page/dom";
import { randomDesign, shownRuns, trainingDesign } from "../state/designs";
import { type Design, middle } from "../state/state";
import type { Store } from "../state/store";

export function designsPanel(
  root: HTMLElement,
  container: Container,
  store: Store,
  firstImage: Design["image"],
): void {
  const { description } = container;
  const reset = (): void =>
    store.set({ design: { parameters: middle(description), image: firstImage } });
  const random = (): void => store.set({ design: randomDesign(container) });
  const { training_ids: ids } = description;
  const shown = shownRuns(container);
  const options = shown.map((run) => [String(run), ids[run]] as const);
  const runs = choice("Training run", [["", "Training run …"], ...options], (value) => {
    if (value === "") return;
    store.set({ design: trainingDesign(container, Number(value)) });
    runs.value = value;
  });
  // A design that was changed since is no training run any more.
  store.subscribe((_, changed) => {
    if (changed.has("design")) runs.value = "";
  });
  root.append(
    button("Reset", reset, { title: "Middle of the trained range (0)" }),
    button("Random", random, { title: "A random design in the trained range (r)" }),
    runs,
  );
  if (shown.length < ids.length) {
    const text = `${shown.length} of ${ids.length} training runs can be chosen: this page has no images of the others.`;
    root.append(element("p", { class: "note" }, text));
  }
}
