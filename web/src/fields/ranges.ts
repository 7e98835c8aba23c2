/** Ranges of colours. */

export type Range = [number, number];

/** Return the least and largest finite value of nodes that have values; [0, 1] where there are none. */
export function rangeOf(values: Float32Array, valued: Uint8Array | null): Range {
  let low = Infinity;
  let high = -Infinity;
  for (let m = 0; m < values.length; m++) {
    const value = values[m];
    if ((valued && !valued[m]) || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** Return a range that is wide enough to divide by, around the given one. */
export function widened([low, high]: Range): Range {
  if (high - low > 1e-12 * Math.max(Math.abs(low), Math.abs(high))) return [low, high];
  const half = Math.max(Math.abs(low) * 1e-6, 1e-12);
  return [low - half, high + half];
}

/** Return the smallest range around zero that holds another. */
export function symmetric([low, high]: Range): Range {
  const bound = Math.max(Math.abs(low), Math.abs(high));
  return [-bound, bound];
}

/** Return round numbers within a range, about `wanted` of them. */
export function ticks([low, high]: Range, wanted: number): number[] {
  const rough = (high - low) / Math.max(wanted, 1);
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999) ?? rough;
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9) + 0; i * step <= high + 1e-9 * step; i++) found.push(i * step);
  return found;
}
