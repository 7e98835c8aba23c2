/** Formulas from coefficients to fields and their uncertainty; the same as in Python. */

/** Smallest normal number of single precision: the spread must not be 0. */
const TINY = 1.1754943508222875e-38;

/** What turns decoded states into fields: `field = mean + factor · state`. */
export interface FieldScaling {
  /** `[M·V]`. */
  mean: Float32Array;
  /** `[M·V]` or `[V]`. */
  factor: Float32Array;
  variables: number;
}

/** Return a field, `[M·V]`, of decoded states. */
export function field(states: Float32Array, scaling: FieldScaling): Float32Array<ArrayBuffer> {
  const { mean, factor } = scaling;
  const result = new Float32Array(states.length);
  const period = factor.length;
  for (let i = 0, j = 0; i < states.length; i++) {
    result[i] = mean[i] + factor[j] * states[i];
    if (++j === period) j = 0;
  }
  return result;
}

/** Return the sum of the squares of decoded deviations `[D, M·V]`, each times the factor. */
export function sumOfSquares(
  states: Float32Array,
  count: number,
  scaling: FieldScaling,
): Float32Array<ArrayBuffer> {
  const { factor } = scaling;
  const length = states.length / Math.max(count, 1);
  const result = new Float32Array(length);
  for (let d = 0; d < count; d++) {
    const start = d * length;
    for (let i = 0, j = 0; i < length; i++) {
      const value = factor[j] * states[start + i];
      result[i] += value * value;
      if (++j === factor.length) j = 0;
    }
  }
  return result;
}

/** Return the spread of a variance: infinite where that is no number, too far outside of the trained range. */
export function spreadOf(variance: number): number {
  return variance >= 0 ? Math.sqrt(variance) : Infinity;
}

/** Add the floor of each variable to a variance `[M·V]` and take the root, in place. */
export function rootWithFloor(variance: Float32Array, floor: Float64Array): void {
  const variables = floor.length;
  for (let i = 0, v = 0; i < variance.length; i++) {
    variance[i] = spreadOf(variance[i] + floor[v]);
    if (++v === variables) v = 0;
  }
}

/** Return the floor of each variable's variance.
 *
 * @param deviations - Differences of coefficients, `[D, T, r]`.
 * @param gram - For each variable, the mean over nodes of the products of the modes, `[V, r, r]`.
 * @param part - Part of the mean variance that is added everywhere.
 */
export function varianceFloor(
  deviations: Float32Array,
  gram: Float32Array,
  shape: { times: number; rank: number; variables: number },
  part: number,
): Float64Array {
  const { times, rank, variables } = shape;
  // Products of all deviations are added up once; they are the same for all variables.
  const products = new Float64Array(rank * rank);
  for (let start = 0; start < deviations.length; start += rank) {
    for (let a = 0; a < rank; a++) {
      const left = deviations[start + a];
      if (left === 0) continue;
      const row = a * rank;
      for (let b = 0; b < rank; b++) products[row + b] += left * deviations[start + b];
    }
  }
  return Float64Array.from({ length: variables }, (_, v) => {
    const offset = v * rank * rank;
    let sum = 0;
    for (let i = 0; i < products.length; i++) sum += products[i] * gram[offset + i];
    return Math.max((part / times) * sum, TINY);
  });
}

/** Return the expected joint relative L2 error of a design over all times; it may be infinite.
 *
 * @param mean - Coefficients, `[T, r]`.
 * @param deviations - Differences of coefficients, `[D, T, r]`.
 * @param uniform - Coefficients of a field without variation, `[r]`.
 */
export function expectedError(
  mean: Float32Array,
  deviations: Float32Array,
  uniform: Float32Array,
  floor: number,
  factor: number,
): number {
  let variance = 0;
  for (const each of deviations) variance += each * each;
  let size = 0;
  for (let i = 0; i < mean.length; i++) size += (mean[i] - uniform[i % uniform.length]) ** 2;
  const expected = (factor * Math.sqrt((1 + floor) * variance)) / Math.sqrt(size);
  // Where the prediction is no number, any error is possible.
  return Number.isNaN(expected) ? Infinity : expected;
}

/** Map a time so that the trained span becomes 0 … 1. */
export function unitTime(time: number, trained: readonly number[]): number {
  const span = trained[trained.length - 1] - trained[0];
  return (time - trained[0]) / (span > 0 ? span : 1);
}
