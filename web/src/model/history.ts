/** History of a node: its values and their spread at all times, without decoding a field. */

import { spreadOf } from "./formulas";
import { magnitude, magnitudeVariance } from "./magnitude";
import type { History, Setup } from "./messages";
import type { Coefficients } from "./networks";

/** Return the history of a node.
 *
 * @param row - Row of the node in the field.
 * @param weights - How its values depend on the coefficients, `[V, r]`.
 * @param all - Coefficients at all times, with the floor of each variable's variance.
 */
export function history(
  row: number,
  weights: Float32Array,
  all: Coefficients & { floor: Float64Array },
  { rank, variables, vectors, offsets, scaling, times: { length: times } }: Setup,
): History {
  const columns = variables + vectors.length;
  const mean = new Float32Array(times * columns);
  const spread = new Float32Array(times * columns);
  const product = (coefficients: Float32Array, start: number, v: number): number => {
    let sum = 0;
    for (let i = 0; i < rank; i++) sum += coefficients[start + i] * weights[v * rank + i];
    return sum;
  };
  for (let t = 0; t < times; t++) {
    const values = new Float32Array(variables);
    const changes = new Float32Array(all.count * variables);
    for (let v = 0; v < variables; v++) {
      values[v] = scaling.mean[row * variables + v] + product(all.mean, t * rank, v);
      let variance = all.floor[v];
      for (let d = 0; d < all.count; d++) {
        const change = product(all.deviations, (d * times + t) * rank, v);
        changes[d * variables + v] = change;
        variance += change * change;
      }
      mean[t * columns + v] = values[v];
      spread[t * columns + v] = spreadOf(variance);
    }
    const at = (d: number, v: number): number => changes[d * variables + v];
    vectors.forEach((vector, w) => {
      const column = t * columns + variables + w;
      mean[column] = magnitude(values, vector, offsets)[0];
      const one = magnitudeVariance(values, vector, offsets, { count: all.count, at }, all.floor);
      spread[column] = spreadOf(one[0]);
    });
  }
  return { row, mean, spread };
}
