/** Least and largest values of a design over all times. */

import { field } from "./formulas";
import { magnitude } from "./magnitude";
import type { Setup } from "./messages";
import type { Networks } from "./networks";

/** Rows that are decoded together. */
export const TOGETHER = 16;

/** Return the ranges of the variables and then of the magnitudes.
 *
 * @param mean - Coefficients at all times, `[T, r]`.
 * @param valued - 1 for each node that counts; null for all.
 * @param rest - Waits for messages, and throws where there are any.
 */
export async function rangesOf(
  mean: Float32Array,
  valued: Uint8Array | null,
  { rank, variables, vectors, offsets, scaling }: Setup,
  networks: Networks,
  rest: () => Promise<void>,
): Promise<[number, number][]> {
  const found = Array.from(
    { length: variables + vectors.length },
    (): [number, number] => [Infinity, -Infinity],
  );
  const include = (column: number, value: number): void => {
    const range = found[column];
    if (value < range[0]) range[0] = value;
    if (value > range[1]) range[1] = value;
  };
  const times = mean.length / rank;
  for (let first = 0; first < times; first += TOGETHER) {
    const count = Math.min(TOGETHER, times - first);
    const rows = mean.slice(first * rank, (first + count) * rank);
    const states = await networks.states(rows as Float32Array<ArrayBuffer>, count);
    const length = states.length / count;
    for (let i = 0; i < count; i++) {
      const one = field(states.subarray(i * length, (i + 1) * length), { ...scaling, variables });
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
