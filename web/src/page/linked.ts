/** Keeps the address of the page in step with what is shown. */

import type { Container } from "../data/container";
import { fromFragment, toFragment } from "../state/fragment";
import type { State } from "../state/state";
import type { Store } from "../state/store";
import type { Stage } from "../view/stage";

const PAUSE = 250;

export class Linked {
  private timer = 0;

  constructor(
    private readonly container: Container,
    private readonly store: Store,
    private readonly initial: State,
    private readonly stage: Stage | null,
  ) {
    if (store.state.camera && stage) stage.camera.numbers = store.state.camera;
    if (stage) stage.onMoved = () => store.set({ camera: stage.camera.numbers });
    store.subscribe((_, changed) => {
      if (changed.size) this.writeLater();
    });
    window.addEventListener("hashchange", () => void this.read());
  }

  private writeLater(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.write(), PAUSE);
  }

  private async write(): Promise<void> {
    const fragment = await toFragment(this.store.state, this.initial, this.container);
    history.replaceState(null, "", `#${fragment}`);
  }

  /** Show what an address says that was entered while the page was open. */
  private async read(): Promise<void> {
    const change = await fromFragment(location.hash, this.container);
    this.store.set({ ...this.initial, ...change });
    if (change.camera && this.stage) this.stage.camera.numbers = change.camera;
  }
}
