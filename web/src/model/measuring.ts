/** Measures the quantities of a design; interrupted, it goes on later where it was. */

import type { Bands } from "../data/description";
import { type MeasuredQuantity, withBand } from "./bands";
import { type Decoding, type Found, type QuantityPlan, measure } from "./quantities";

/** Milliseconds of work after which messages may come in. */
const SLICE = 30;

export class Measuring {
  private readonly steps: AsyncGenerator<number, Found[][]>;
  private result: MeasuredQuantity[] | null = null;

  /**
   * @param runs - Coefficients of the prediction and then of its samples, `[T, r]`.
   */
  constructor(
    private readonly plans: QuantityPlan[],
    private readonly bands: Bands,
    private readonly widening: number,
    runs: Float32Array[],
    decoding: Decoding,
  ) {
    this.steps = measure(plans, runs, decoding);
  }

  /** Return the quantities.
   *
   * @param rest - Waits for messages, and throws where there are any; is told the part that is done.
   */
  async finish(rest: (part: number) => Promise<void>): Promise<MeasuredQuantity[]> {
    let last = performance.now();
    while (!this.result) {
      const step = await this.steps.next();
      if (step.done) {
        this.result = this.plans.map((plan, q) => withBand(plan, step.value[q], this.widening, this.bands));
      } else if (performance.now() - last > SLICE) {
        await rest(step.value);
        last = performance.now();
      }
    }
    return this.result;
  }
}
