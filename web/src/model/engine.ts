/** Fields and their uncertainty, from the networks: what the worker computes. */

import type { Bands } from "../data/description";
import { timeAt } from "../fields/times";
import {
  expectedError,
  field,
  rootWithFloor,
  spreadOf,
  sumOfSquares,
  unitTime,
  varianceFloor,
} from "./formulas";
import { history } from "./history";
import { magnitudeVariance } from "./magnitude";
import { Measuring } from "./measuring";
import type { DesignInput, History, MeasuredDesign, Setup, ShownDesign, StudiedDesign } from "./messages";
import { type Coefficients, type Encoded, Networks } from "./networks";
import { principal } from "./principal";
import { placedPlans } from "./quantities";
import { rangesOf, TOGETHER } from "./ranges";

/** Designs whose coefficients are kept: the one that is shown, a pinned one, and those before. */
const KEPT = 4;

/** Thrown where newer requests wait. */
export class Interrupted extends Error {}

/** Coefficients at all trained times, and what follows from them. */
interface AllTimes extends Coefficients {
  floor: Float64Array;
  expectedError: number;
}

interface Known {
  encoded: Encoded;
  /** `[M, S]`, see `ShownDesign`. */
  shape: Float32Array<ArrayBuffer> | null;
  /** Coefficients at all times, once they were needed. */
  all: AllTimes | null;
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
    this.times = Float32Array.from(setup.times, (time) => unitTime(time, setup.times));
  }

  static async create(setup: Setup): Promise<Engine> {
    const image = { size: setup.imageSize, channels: setup.imageChannels };
    return new Engine(setup, await Networks.load(setup.networks, image));
  }

  /** Return the field of a design at a time, and its spread if it is wanted.
   *
   * @param time - Position among the trained times; a whole number is one of them.
   */
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
      shape: known.shape,
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
    await this.learnProbes(probes, rest);
    if (ranges) known.ranges ??= await rangesOf(all.mean, this.valuedOf(known), this.setup, this.networks, rest);
    const histories = (found: Coefficients & { floor: Float64Array }, times: number[]): History[] =>
      probes.map((row) => history(row, this.probes.get(row) as Float32Array, found, { ...this.setup, times }));
    const isBetween = !Number.isInteger(time);
    return {
      ...shown,
      expectedError: all.expectedError,
      histories: histories(all, this.setup.times),
      between: isBetween
        ? { time, histories: histories({ ...(await this.at(known, time)), floor: all.floor }, [time]) }
        : null,
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
    known.measuring ??= this.measuring(known, all);
    return { key: design.key, quantities: await known.measuring.finish(rest) };
  }

  private measuring({ encoded, shape }: Known, { mean, samples }: Coefficients): Measuring {
    const { bands, offsets, rank, scaling, variables } = this.setup;
    const nodes = scaling.mean.length / variables;
    const quantities = shape ? placedPlans(this.setup.quantities, shape, nodes) : this.setup.quantities;
    const runs = [mean];
    for (let at = 0; at < samples.length; at += mean.length) runs.push(samples.subarray(at, at + mean.length));
    const states = this.networks.states.bind(this.networks);
    const decoding = { scaling: this.scaling, offsets, rank, states };
    return new Measuring(quantities, bands as Bands, encoded.widening, runs, decoding);
  }

  private get scaling(): { mean: Float32Array; factor: Float32Array; variables: number } {
    return { ...this.setup.scaling, variables: this.setup.variables };
  }

  private async encoded(design: DesignInput): Promise<Known> {
    const kept = this.known.get(design.key);
    // Entered again, it is the last one to be forgotten.
    this.known.delete(design.key);
    const known = kept ?? (await this.unknown(design));
    this.known.set(design.key, known);
    if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value as string);
    return known;
  }

  private async unknown(design: DesignInput): Promise<Known> {
    const encoded = await this.networks.encode(design);
    const change = await this.networks.shapeChange(encoded);
    const { shape: geometry } = this.setup;
    const shape = change && geometry && Float32Array.from(geometry.mean, (mean, i) => mean + change[i]);
    return { encoded, shape, all: null, ranges: null, measuring: null };
  }

  /** Return 1 for each node with a value, where others of a design have none. */
  private valuedOf({ shape }: Known): Uint8Array | null {
    const isCut = shape !== null && this.setup.shape?.kind === "cut";
    return isCut ? Uint8Array.from(shape, (distance) => (distance > 0 ? 1 : 0)) : this.setup.valued;
  }

  private async all(known: Known): Promise<AllTimes> {
    if (!known.all) {
      const { mean, deviations, count, samples } = await this.networks.coefficients(known.encoded, this.times);
      const { gram, rank, variables, uniform, calibration, varianceFloor: part, varianceLeftOut } = this.setup;
      const shape = { times: this.times.length, rank, variables };
      const fewer = principal({ deviations, count }, rank, varianceLeftOut);
      known.all = {
        mean,
        samples,
        ...fewer,
        floor: varianceFloor(fewer.deviations, gram, shape, part),
        expectedError: expectedError(mean, deviations, uniform, part, calibration.std_factor),
      };
    }
    return known.all;
  }

  private async at(known: Known, time: number): Promise<Coefficients> {
    if (!known.all || !Number.isInteger(time)) {
      const { times } = this.setup;
      const unit = unitTime(timeAt(times, time), times);
      const found = await this.networks.coefficients(known.encoded, Float32Array.of(unit));
      return { ...found, ...principal(found, this.setup.rank, this.setup.varianceLeftOut) };
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
    const { floor } = known.all as AllTimes;
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
      for (let m = 0; m < nodes; m++) result[m * columns + variables + w] = spreadOf(one[m]);
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
}
