/** Magnitudes of vectors, and their spread to first order. */

import type { Vector } from "../data/description";

/** Return the magnitude of a vector at each node, `[M]`, of a field `[M·V]`. */
export function magnitude(
  field: Float32Array,
  vector: Vector,
  offsets: Float64Array,
): Float32Array<ArrayBuffer> {
  const variables = offsets.length;
  const result = new Float32Array(field.length / variables);
  for (let m = 0; m < result.length; m++) {
    let sum = 0;
    for (const v of vector.components) sum += (field[m * variables + v] + offsets[v]) ** 2;
    result[m] = Math.sqrt(sum);
  }
  return result;
}

/** Return the variance of a magnitude at each node, `[M]`.
 *
 * The magnitude changes by the part of a deviation that lies along the vector. Where the vector is
 * zero, it changes by the length of the deviation.
 *
 * @param changes - Change of a variable at a node by a deviation.
 * @param floor - Variance that is added to each variable.
 */
export function magnitudeVariance(
  field: Float32Array,
  vector: Vector,
  offsets: Float64Array,
  changes: { count: number; at: (deviation: number, index: number) => number },
  floor: Float64Array,
): Float32Array {
  const variables = offsets.length;
  const { components } = vector;
  const result = new Float32Array(field.length / variables);
  const direction = new Float64Array(components.length);
  for (let m = 0; m < result.length; m++) {
    let length = 0;
    components.forEach((v, i) => {
      direction[i] = field[m * variables + v] + offsets[v];
      length += direction[i] ** 2;
    });
    length = Math.sqrt(length);
    let variance = 0;
    for (let d = 0; d < changes.count; d++) {
      let along = 0;
      for (let i = 0; i < components.length; i++) {
        const change = changes.at(d, m * variables + components[i]);
        if (length > 0) along += (direction[i] / length) * change;
        else variance += change * change;
      }
      variance += along * along;
    }
    for (let i = 0; i < components.length; i++) {
      const part = length > 0 ? (direction[i] / length) ** 2 : 1;
      variance += part * floor[components[i]];
    }
    result[m] = variance;
  }
  return result;
}
