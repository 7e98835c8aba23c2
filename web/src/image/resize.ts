/** Resizing as Pillow does it when images are read for training: bilinear, over all pixels. */

/** Halves are rounded up, as Pillow does, and so are halves that rounding has made smaller. */
const HALF = 0.5 + 1e-6;

/** Resize values `[height, width, channels]` to `[size, size, channels]`, rounded like bytes. */
export function resize(
  values: ArrayLike<number>,
  width: number,
  height: number,
  channels: number,
  size: number,
): Float64Array {
  // Rows first, and rounded in between, as Pillow does with bytes.
  const narrow = resizeAxis(values, { outer: height, length: width, inner: channels }, size);
  return resizeAxis(narrow, { outer: 1, length: height, inner: size * channels }, size);
}

/** Resize the middle one of three axes. */
function resizeAxis(
  values: ArrayLike<number>,
  { outer, length, inner }: { outer: number; length: number; inner: number },
  size: number,
): Float64Array {
  if (length === size) return Float64Array.from(values);
  const result = new Float64Array(outer * size * inner);
  const scale = length / size;
  const support = Math.max(scale, 1);
  for (let i = 0; i < size; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(Math.floor(centre - support + 0.5), 0);
    const last = Math.min(Math.floor(centre + support + 0.5), length);
    const weights: number[] = [];
    for (let j = first; j < last; j++) {
      weights.push(Math.max(1 - Math.abs((j + 0.5 - centre) / support), 0));
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < inner; k++) {
        let sum = 0;
        weights.forEach((weight, w) => (sum += weight * values[(o * length + first + w) * inner + k]));
        result[(o * size + i) * inner + k] = Math.min(Math.max(Math.floor(sum / total + HALF), 0), 255);
      }
    }
  }
  return result;
}
