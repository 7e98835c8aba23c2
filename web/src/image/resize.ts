/** Resizing as Pillow does it when images are read for training: bilinear, over all pixels. */

/** Halves are rounded up, as Pillow does, and so are halves that rounding has made smaller. */
const HALF = 0.5 + 1e-6;

/** How a pixel is stored after each of the two steps, as Pillow does it. */
type Stored = (value: number) => number;
const asByte: Stored = (value) => Math.min(Math.max(Math.floor(value + HALF), 0), 255);

/** Resize bytes `[height, width, channels]` to `[size, size, channels]`. */
export function resize(
  values: ArrayLike<number>,
  width: number,
  height: number,
  channels: number,
  size: number,
): Float64Array {
  // Rows first, and rounded in between.
  const narrow = resizeAxis(values, { outer: height, length: width, inner: channels }, size, asByte);
  return resizeAxis(narrow, { outer: 1, length: height, inner: size * channels }, size, asByte);
}

/** Resize levels `[height, width]` of more than 8 bits to `[size, size]`, in single precision. */
export function resizeLevels(values: ArrayLike<number>, width: number, height: number, size: number): Float64Array {
  const narrow = resizeAxis(values, { outer: height, length: width, inner: 1 }, size, Math.fround);
  return resizeAxis(narrow, { outer: 1, length: height, inner: size }, size, Math.fround);
}

/** Resize the middle one of three axes. */
function resizeAxis(
  values: ArrayLike<number>,
  { outer, length, inner }: { outer: number; length: number; inner: number },
  size: number,
  stored: Stored,
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
      weights.push(Math.max(1 - Math.abs((j - centre + 0.5) * (1 / support)), 0));
    }
    // Pillow's order of operations, so that not even the last bit differs.
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const parts = weights.map((weight) => weight / total);
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < inner; k++) {
        let sum = 0;
        parts.forEach((part, p) => (sum += part * values[(o * length + first + p) * inner + k]));
        result[(o * size + i) * inner + k] = stored(sum);
      }
    }
  }
  return result;
}
