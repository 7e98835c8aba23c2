/** Predictions of the designs that are shown: asks the worker, and keeps what it answers. */

import type { Design, State } from "../state/state";
import { keyOf } from "../state/designs";
import type { Store } from "../state/store";
import type { MeasuredQuantity } from "../model/bands";
import type { Measured, ModelClient, Shown, Studied } from "../model/client";
import type { DesignInput, Setup, ShownDesign, StudiedDesign } from "../model/messages";

/** Milliseconds without a change after which the uncertainty is computed. */
const PAUSE = 120;

export class Predictions {
  current: ShownDesign | null = null;
  pinned: ShownDesign | null = null;
  /** Position of the time of `current` and `pinned`. */
  time = -1;
  /** Milliseconds that the last fields took. */
  milliseconds = 0;
  private studies = new Map<string, StudiedDesign>();
  private studied = "";
  private measures = new Map<string, MeasuredQuantity[]>();
  private hasQuantities = false;
  private timer = 0;
  private wantsSpread = false;
  private waiting: (() => void)[] = [];
  private client: ModelClient | null = null;
  /** Called with new fields, and with new studies. */
  onShown: () => void = () => {};
  onStudied: () => void = () => {};
  /** Called with new quantities, and with the part of their computation that is done. */
  onMeasured: (part: number) => void = () => {};

  /**
   * @param alwaysSpread - Whether fields are always shown with their interval.
   */
  constructor(
    private readonly store: Store,
    private readonly alwaysSpread: boolean,
    private readonly failed: (message: string) => void,
  ) {}

  async start(client: ModelClient, setup: Setup): Promise<void> {
    this.hasQuantities = setup.quantities.length > 0;
    await client.load(setup, {
      shown: (reply) => this.receive(reply),
      studied: (reply) => this.receiveStudies(reply),
      measuring: (part) => this.onMeasured(part),
      measured: (reply) => this.receiveMeasures(reply),
      failed: this.failed,
    });
    this.client = client;
    this.store.subscribe((state, changed) => {
      const fields = ["design", "pinned", "time", "shown"] as const;
      if (fields.some((key) => changed.has(key))) this.request(state);
      else if (changed.has("probes") || changed.has("rangeKind")) this.studyLater();
    });
  }

  /** Whether the fields of the present state are shown. */
  get upToDate(): boolean {
    const { design, time } = this.store.state;
    return this.time === time && this.current?.key === keyOf(design);
  }

  /** Whether nothing more is to come. */
  get complete(): boolean {
    const studied = this.studied === this.wanted(this.store.state);
    return this.upToDate && studied && this.isMeasured && !this.client?.busy;
  }

  /** Return what is known of a design beyond one time; null while it is being computed. */
  study(design: Design | null): StudiedDesign | null {
    return design ? (this.studies.get(keyOf(design)) ?? null) : null;
  }

  /** Return the quantities of a design; null while they are being computed. */
  quantities(design: Design | null): MeasuredQuantity[] | null {
    return design ? (this.measures.get(keyOf(design)) ?? null) : null;
  }

  /** Wait for the fields of the present state together with their spread. */
  async withSpread(): Promise<void> {
    if (this.upToDate && this.current?.spread) return;
    this.wantsSpread = true;
    this.request(this.store.state);
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.wantsSpread = false;
  }

  private request(state: State): void {
    const spread = this.alwaysSpread || this.wantsSpread || state.shown !== "prediction";
    this.client?.show({ designs: inputsOf(state), time: state.time, spread });
  }

  private receive({ designs, time, milliseconds }: Shown): void {
    [this.current, this.pinned] = [designs[0], designs[1] ?? null];
    this.time = time;
    this.milliseconds = milliseconds;
    this.onShown();
    this.onMeasured(0);
    if (this.upToDate && this.current.spread) {
      for (const resolve of this.waiting.splice(0)) resolve();
    }
    this.studyLater();
  }

  private studyLater(): void {
    window.clearTimeout(this.timer);
    const isStudied = this.studied === this.wanted(this.store.state);
    if (isStudied) this.onStudied();
    if (isStudied && this.isMeasured) return;
    this.timer = window.setTimeout(() => {
      const { state } = this.store;
      if (!this.upToDate) return;
      if (this.studied === this.wanted(state)) return this.measure();
      const ranges = state.rangeKind === "design";
      const { time, probes } = state;
      this.client?.study({ designs: inputsOf(state), time, probes, ranges });
    }, PAUSE);
  }

  private receiveStudies({ designs, time }: Studied): void {
    this.studies = new Map(designs.map((design) => [design.key, design]));
    const { state } = this.store;
    const keys = inputsOf(state).map(({ key }) => key);
    const probes = designs[0].histories.map(({ row }) => row);
    const fresh = keys.every((key) => this.studies.has(key)) && probes.join() === state.probes.join();
    const ofTime = !designs[0].between || time === state.time;
    if (fresh && ofTime && (designs[0].ranges || state.rangeKind !== "design")) {
      this.studied = this.wanted(state);
      this.measure();
    } else {
      this.studyLater();
    }
    // Fields of the same time now have their spread, too.
    if (time === this.time) {
      for (const shown of [this.current, this.pinned]) {
        if (shown) shown.spread ??= this.studies.get(shown.key)?.spread ?? null;
      }
    }
    this.onStudied();
  }

  private get isMeasured(): boolean {
    return !this.hasQuantities || inputsOf(this.store.state).every(({ key }) => this.measures.has(key));
  }

  private measure(): void {
    if (!this.isMeasured) this.client?.measure({ designs: inputsOf(this.store.state) });
  }

  private receiveMeasures({ designs }: Measured): void {
    this.measures = new Map(designs.map(({ key, quantities }) => [key, quantities]));
    // Another design may have been asked for meanwhile, whose fields are on their way.
    if (this.upToDate) this.measure();
    this.onMeasured(1);
  }

  private wanted(state: State): string {
    const keys = inputsOf(state).map(({ key }) => key);
    // Histories have the trained times; between them, values at probes need another study.
    const between = state.probes.length && !Number.isInteger(state.time) ? [state.time] : [];
    return [...keys, state.probes.join(), String(state.rangeKind === "design"), ...between].join("|");
  }
}

function inputsOf({ design, pinned }: State): DesignInput[] {
  return [design, ...(pinned ? [pinned] : [])].map((each) => ({
    key: keyOf(each),
    parameters: each.parameters,
    image: each.image?.data ?? null,
  }));
}
