/** Fields and their uncertainty, from the networks: what the worker computes. */

import type { Bands } from "../data/description";
import {
  expectedError,
  field,
  rootWithFloor,
  sumOfSquares,
  unitTimes,
  varianceFloor,
} from "./formulas";
import { history } from "./history";
import { magnitude, magnitudeVariance } from "./magnitude";
import { Measuring } from "./measuring";
import type { DesignInput, MeasuredDesign, Setup, ShownDesign, StudiedDesign } from "./messages";
import { type Coefficients, type Encoded, Networks } from "./networks";

/** Designs whose coefficients are kept: the one that is shown, a pinned one, and those before. */
const KEPT = 4;
/** Rows that are decoded together. */
const TOGETHER = 16;

/** Thrown where newer requests wait. */
export class Interrupted extends Error {}

interface Known {
  encoded: Encoded;
  /** Coefficients at all times, once they were needed. */
  all: (Coefficients & { floor: Float64Array }) | null;
  ranges: [number, number][] | null;
  measuring: Measuring | null;
}

export class Engine {
  private readonly known = new Map<string, Known>();
  private readonly probes = new Map<number, Float32Array>();
  private readonly times: Float32Array<ArrayBuffer>;

  private constructor(
    private readonly setup: Setup,
    private readonly networks: Networks,
  ) {
    this.times = unitTimes(setup.times);
  }

  static async create(setup: Setup): Promise<Engine> {
    const image = { size: setup.imageSize, channels: setup.imageChannels };
    return new Engine(setup, await Networks.load(setup.runtime, setup.networks, image));
  }

  /** Return the field of a design at a time, and its spread if it is wanted. */
  async show(design: DesignInput, time: number, spread: boolean): Promise<ShownDesign> {
    const known = await this.encoded(design);
    const { novelty } = known.encoded;
    if (spread) await this.all(known);
    const { mean, deviations, count } = await this.at(known, time);
    const rows = new Float32Array(mean.length * (1 + (spread ? count : 0)));
    rows.set(mean);
    if (spread) rows.set(deviations, mean.length);
    const states = await this.networks.states(rows, rows.length / mean.length);
    const length = states.length / (rows.length / mean.length);
    const shown = field(states.subarray(0, length), this.scaling);
    return {
      key: design.key,
      field: shown,
      spread: spread ? this.spread(shown, states.subarray(length), count, known) : null,
      novelty,
    };
  }

  /** Return all that is known of a design.
   *
   * @param rest - Waits for messages, and throws Interrupted where there are any.
   */
  async study(
    design: DesignInput,
    time: number,
    probes: number[],
    ranges: boolean,
    rest: () => Promise<void>,
  ): Promise<StudiedDesign> {
    const known = await this.encoded(design);
    const all = await this.all(known);
    await rest();
    const shown = await this.show(design, time, true);
    await rest();
    const { uniform, varianceFloor: floor, calibration } = this.setup;
    await this.learnProbes(probes, rest);
    if (ranges) known.ranges ??= await this.ranges(all, rest);
    return {
      ...shown,
      expectedError: expectedError(
        all.mean,
        all.deviations,
        uniform,
        floor,
        calibration.std_factor,
      ),
      histories: probes.map((row) => history(row, this.probes.get(row) as Float32Array, all, this.setup)),
      ranges: known.ranges,
    };
  }

  /** Return the quantities of a design.
   *
   * @param rest - As in `study`; a design that was interrupted goes on where it was.
   */
  async measure(design: DesignInput, rest: (part: number) => Promise<void>): Promise<MeasuredDesign> {
    const known = await this.encoded(design);
    const all = await this.all(known);
    known.measuring ??= this.measuring(known.encoded.widening, all);
    return { key: design.key, quantities: await known.measuring.finish(rest) };
  }

  private measuring(widening: number, { mean, samples }: Coefficients): Measuring {
    const { quantities, bands, offsets, rank } = this.setup;
    const runs = [mean];
    for (let at = 0; at < samples.length; at += mean.length) runs.push(samples.subarray(at, at + mean.length));
    const states = this.networks.states.bind(this.networks);
    const decoding = { scaling: this.scaling, offsets, rank, states };
    return new Measuring(quantities, bands as Bands, widening, runs, decoding);
  }

  private get scaling(): { mean: Float32Array; factor: Float32Array; variables: number } {
    return { ...this.setup.scaling, variables: this.setup.variables };
  }

  private async encoded(design: DesignInput): Promise<Known> {
    const kept = this.known.get(design.key);
    // Entered again, it is the last one to be forgotten.
    this.known.delete(design.key);
    const known = kept ?? { encoded: await this.networks.encode(design), all: null, ranges: null, measuring: null };
    this.known.set(design.key, known);
    if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value as string);
    return known;
  }

  private async all(known: Known): Promise<NonNullable<Known["all"]>> {
    if (!known.all) {
      const found = await this.networks.coefficients(known.encoded, this.times);
      const { gram, rank, variables, varianceFloor: part } = this.setup;
      const shape = { times: this.times.length, rank, variables };
      known.all = { ...found, floor: varianceFloor(found.deviations, gram, shape, part) };
    }
    return known.all;
  }

  private async at(known: Known, time: number): Promise<Coefficients> {
    if (!known.all) {
      return this.networks.coefficients(known.encoded, this.times.slice(time, time + 1));
    }
    const { mean, deviations, count, samples } = known.all;
    const { rank } = this.setup;
    const selected = new Float32Array(count * rank);
    for (let d = 0; d < count; d++) {
      const start = (d * this.times.length + time) * rank;
      selected.set(deviations.subarray(start, start + rank), d * rank);
    }
    return { mean: mean.slice(time * rank, (time + 1) * rank), deviations: selected, count, samples };
  }

  private spread(
    shown: Float32Array,
    states: Float32Array,
    count: number,
    known: Known,
  ): Float32Array<ArrayBuffer> {
    const { vectors, variables, offsets } = this.setup;
    const { factor } = this.setup.scaling;
    const { floor } = known.all as NonNullable<Known["all"]>;
    const variance = count ? sumOfSquares(states, count, this.scaling) : shown.map(() => 0);
    rootWithFloor(variance, floor);
    const nodes = shown.length / variables;
    const columns = variables + vectors.length;
    if (columns === variables) return variance;
    const result = new Float32Array(nodes * columns);
    for (let m = 0; m < nodes; m++) {
      for (let v = 0; v < variables; v++) result[m * columns + v] = variance[m * variables + v];
    }
    const at = (d: number, i: number): number =>
      factor[i % factor.length] * states[d * shown.length + i];
    vectors.forEach((vector, w) => {
      const one = magnitudeVariance(shown, vector, offsets, { count, at }, floor);
      for (let m = 0; m < nodes; m++) result[m * columns + variables + w] = Math.sqrt(one[m]);
    });
    return result;
  }

  /** Learn how values at nodes depend on the coefficients: one decoding of each mode. */
  private async learnProbes(rows: number[], rest: () => Promise<void>): Promise<void> {
    const unknown = rows.filter((row) => !this.probes.has(row));
    if (!unknown.length) return;
    const { rank, variables } = this.setup;
    const { factor } = this.setup.scaling;
    const found = unknown.map(() => new Float32Array(variables * rank));
    for (let first = 0; first < rank; first += TOGETHER) {
      const count = Math.min(TOGETHER, rank - first);
      const modes = new Float32Array(count * rank);
      for (let i = 0; i < count; i++) modes[i * rank + first + i] = 1;
      const states = await this.networks.states(modes, count);
      const length = states.length / count;
      for (let i = 0; i < count; i++) {
        unknown.forEach((row, p) => {
          for (let v = 0; v < variables; v++) {
            const at = row * variables + v;
            found[p][v * rank + first + i] = factor[at % factor.length] * states[i * length + at];
          }
        });
      }
      await rest();
    }
    unknown.forEach((row, p) => this.probes.set(row, found[p]));
  }

  private async ranges(
    all: Coefficients,
    rest: () => Promise<void>,
  ): Promise<[number, number][]> {
    const { rank, variables, vectors, offsets, valued } = this.setup;
    const found = Array.from(
      { length: variables + vectors.length },
      (): [number, number] => [Infinity, -Infinity],
    );
    const include = (column: number, value: number): void => {
      const range = found[column];
      if (value < range[0]) range[0] = value;
      if (value > range[1]) range[1] = value;
    };
    for (let first = 0; first < this.times.length; first += TOGETHER) {
      const count = Math.min(TOGETHER, this.times.length - first);
      const rows = all.mean.slice(first * rank, (first + count) * rank);
      const states = await this.networks.states(rows as Float32Array<ArrayBuffer>, count);
      const length = states.length / count;
      for (let i = 0; i < count; i++) {
        const one = field(states.subarray(i * length, (i + 1) * length), this.scaling);
        for (let j = 0; j < length; j++) {
          if (!valued || valued[Math.floor(j / variables)]) include(j % variables, one[j]);
        }
        vectors.forEach((vector, w) => {
          magnitude(one, vector, offsets).forEach((value, m) => {
            if (!valued || valued[m]) include(variables + w, value);
          });
        });
      }
      await rest();
    }
    return found;
  }
}
