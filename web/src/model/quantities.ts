/** Quantities of interest: single numbers of whole runs, from coefficients at all times. */

import type { Container, StoredArray } from "../data/container";
import type { Quantity } from "../data/description";
import type { FieldScaling } from "./formulas";

/** A quantity with its arrays, see `Quantity`. */
export interface QuantityPlan extends Omit<Quantity, "arrays"> {
  steps: Uint32Array;
  stepWeights: Float64Array;
  modes: Float32Array | null;
  mean: Float64Array | null;
  rows: Uint32Array | null;
  weights: Float64Array | null;
  /** Positions of the places, `[R, D]`. */
  places: StoredArray | null;
  /** Nodes of the places, `[R]`, whose positions follow from the design. */
  placeNodes: Uint32Array | null;
}

export function quantityPlans(container: Container): QuantityPlan[] {
  return container.description.quantities.map(({ arrays, ...quantity }) => ({
    ...quantity,
    steps: container.indices(arrays.steps),
    stepWeights: container.doubles(arrays.step_weights),
    modes: arrays.modes === null ? null : container.floats(arrays.modes),
    mean: arrays.mean === null ? null : container.doubles(arrays.mean),
    rows: arrays.rows === null ? null : container.indices(arrays.rows),
    weights: arrays.weights === null ? null : container.doubles(arrays.weights),
    places: arrays.coords === null ? null : container.array(arrays.coords),
    // Pages of older versions know nothing of them.
    placeNodes: arrays.places ? container.indices(arrays.places) : null,
  }));
}

/** Return quantities with the positions of their places in a design's geometry, `[M, D]`. */
export function placedPlans(plans: QuantityPlan[], shape: Float32Array, nodes: number): QuantityPlan[] {
  const dimensions = shape.length / nodes;
  return plans.map((plan) => {
    const { placeNodes } = plan;
    if (!placeNodes) return plan;
    const data = new Float32Array(placeNodes.length * dimensions);
    placeNodes.forEach((node, p) => {
      data.set(shape.subarray(node * dimensions, (node + 1) * dimensions), p * dimensions);
    });
    return { ...plan, places: { data, shape: [placeNodes.length, dimensions] } };
  });
}

/** A number of a run, and the numbers of the instant and of the place where an extreme is. */
export interface Found {
  value: number;
  instant: number;
  place: number;
}

/** What turns coefficients into fields. */
export interface Decoding {
  scaling: FieldScaling;
  /** `[V]`. */
  offsets: Float64Array;
  rank: number;
  /** Return states `[n, M·V]` of coefficients `[n, r]`. */
  states: (rows: Float32Array<ArrayBuffer>, count: number) => Promise<Float32Array>;
}

/** Values of fields that are decoded together: 16 MB. */
const TOGETHER = 2 ** 22;

/** Measure quantities of runs, `[quantity][run]`, in small steps: after each, a caller may pause.
 *
 * @param runs - Coefficients of each run, `[T, r]`.
 * @returns In each step, the part of the work that is done.
 */
export async function* measure(
  plans: QuantityPlan[],
  runs: Float32Array[],
  decoding: Decoding,
): AsyncGenerator<number, Found[][]> {
  const gathered = plans.map((plan) => runs.map(() => new Gathering(plan)));
  for (const [q, plan] of plans.entries()) {
    if (!plan.modes) continue;
    for (const [k, run] of runs.entries()) {
      for (let instant = 0; instant < instantsOf(plan); instant++) {
        const row = coefficientsAt(plan, run, instant, decoding.rank);
        gathered[q][k].add(ownValues(plan, row), instant);
        yield 0;
      }
    }
  }
  const rows = decodedRows(plans, runs, decoding.rank);
  const together = Math.min(Math.max(Math.floor(TOGETHER / decoding.scaling.mean.length), 1), 16);
  for (let first = 0; first < rows.length; first += together) {
    const some = rows.slice(first, first + together);
    const coefficients = new Float32Array(some.length * decoding.rank);
    some.forEach(({ row }, i) => coefficients.set(row, i * decoding.rank));
    const states = await decoding.states(coefficients, some.length);
    const length = states.length / some.length;
    some.forEach(({ run, uses }, i) => {
      const one = states.subarray(i * length, (i + 1) * length);
      for (const { q, instant } of uses) {
        gathered[q][run].add(fieldValues(plans[q], one, decoding), instant);
      }
    });
    yield (first + some.length) / rows.length;
  }
  return gathered.map((each) => each.map(({ found }) => found));
}

function instantsOf(plan: QuantityPlan): number {
  return plan.one_time ? 1 : plan.steps.length;
}

/** Return the coefficients at one of the times of a quantity, `[r]`. */
function coefficientsAt(plan: QuantityPlan, run: Float32Array, instant: number, rank: number): Float32Array {
  const at = (i: number): Float32Array => run.subarray(plan.steps[i] * rank, (plan.steps[i] + 1) * rank);
  if (!plan.one_time || plan.steps.length === 1) return at(instant);
  const mixed = new Float64Array(rank);
  plan.stepWeights.forEach((weight, i) => {
    const row = at(i);
    for (let m = 0; m < rank; m++) mixed[m] += weight * row[m];
  });
  return Float32Array.from(mixed);
}

/** Return the values `[R, v]` of a quantity that has modes of its own. */
function ownValues(plan: QuantityPlan, row: Float32Array): Float64Array {
  const modes = plan.modes as Float32Array;
  const values = Float64Array.from(plan.mean as Float64Array);
  for (let i = 0, at = 0; i < values.length; i++) {
    let sum = 0;
    for (let m = 0; m < row.length; m++) sum += row[m] * modes[at++];
    values[i] += sum;
  }
  return values;
}

interface DecodedRow {
  run: number;
  row: Float32Array;
  uses: { q: number; instant: number }[];
}

/** Return the coefficients whose whole fields are needed; each once, whatever number of quantities it is for. */
function decodedRows(plans: QuantityPlan[], runs: Float32Array[], rank: number): DecodedRow[] {
  const decoded = [...plans.entries()].filter(([, plan]) => !plan.modes);
  return runs.flatMap((coefficients, run) => {
    const rows = new Map<string, DecodedRow>();
    for (const [q, plan] of decoded) {
      for (let instant = 0; instant < instantsOf(plan); instant++) {
        const key = plan.one_time ? `${plan.steps}/${plan.stepWeights}` : `${plan.steps[instant]}/1`;
        const row = rows.get(key) ?? { run, row: coefficientsAt(plan, coefficients, instant, rank), uses: [] };
        row.uses.push({ q, instant });
        rows.set(key, row);
      }
    }
    return [...rows.values()];
  });
}

/** Return the values `[R, v]` of a quantity in decoded states `[M·V]`. */
function fieldValues(plan: QuantityPlan, states: Float32Array, { scaling, offsets }: Decoding): Float64Array {
  const { mean, factor, variables } = scaling;
  const { rows, columns } = plan;
  const places = rows ? rows.length : states.length / variables;
  const width = columns.length;
  const values = new Float64Array(places * width);
  for (let c = 0; c < width; c++) {
    const column = columns[c];
    const offset = offsets[column];
    for (let p = 0; p < places; p++) {
      const at = (rows ? rows[p] : p) * variables + column;
      const scale = factor.length === variables ? factor[column] : factor[at];
      values[p * width + c] = mean[at] + scale * states[at] + offset;
    }
  }
  return values;
}

/** Gathers the number of a run from its values at one instant after the other. */
class Gathering {
  readonly found: Found;

  constructor(private readonly plan: QuantityPlan) {
    const start = { max: -Infinity, min: Infinity, mean: 0, integral: 0, value: 0 };
    this.found = { value: start[plan.statistic], instant: 0, place: 0 };
  }

  /** Add the values `[R, v]` at an instant. */
  add(values: Float64Array, instant: number): void {
    const { plan, found } = this;
    const width = plan.columns.length;
    const places = values.length / width;
    const sign = { max: 1, min: -1, mean: 0, integral: 0, value: 0 }[plan.statistic];
    let sum = 0;
    for (let p = 0; p < places; p++) {
      const value = width === 1 ? values[p] : lengthAt(values, p * width, width);
      if (sign === 0) {
        sum += (plan.weights as Float64Array)[p] * value;
      } else if (sign * value > sign * found.value || Number.isNaN(value)) {
        // What is no number stays: no other value is larger or smaller.
        found.value = value;
        found.instant = instant;
        found.place = p;
      }
    }
    if (sign === 0) found.value += (plan.one_time ? 1 : plan.stepWeights[instant]) * sum;
  }
}

function lengthAt(values: Float64Array, start: number, width: number): number {
  let squares = 0;
  for (let i = start; i < start + width; i++) squares += values[i] ** 2;
  return Math.sqrt(squares);
}
