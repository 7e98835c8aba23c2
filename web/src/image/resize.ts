/** Resizing as Pillow does it when images are read for training: bilinear, over all pixels. */

/** How Pillow computes with weights, and how it stores a pixel after each of the two steps. */
interface Arithmetic {
  weight: (part: number) => number;
  stored: (sum: number) => number;
}

/** Weights of bytes are whole numbers, in units of this part. */
const UNIT = 2 ** 22;
const BYTES: Arithmetic = {
  weight: (part) => Math.floor(part * UNIT + 0.5),
  stored: (sum) => Math.min(Math.max(Math.floor((sum + UNIT / 2) / UNIT), 0), 255),
};
const LEVELS: Arithmetic = { weight: (part) => part, stored: Math.fround };

/** Resize bytes `[height, width, channels]` to `[size, size, channels]`. */
export function resize(
  values: ArrayLike<number>,
  width: number,
  height: number,
  channels: number,
  size: number,
): Float64Array {
  // Rows first, and rounded in between.
  const narrow = resizeAxis(values, { outer: height, length: width, inner: channels }, size, BYTES);
  return resizeAxis(narrow, { outer: 1, length: height, inner: size * channels }, size, BYTES);
}

/** Resize levels `[height, width]` of more than 8 bits to `[size, size]`, in single precision. */
export function resizeLevels(values: ArrayLike<number>, width: number, height: number, size: number): Float64Array {
  const narrow = resizeAxis(values, { outer: height, length: width, inner: 1 }, size, LEVELS);
  return resizeAxis(narrow, { outer: 1, length: height, inner: size }, size, LEVELS);
}

/** Resize the middle one of three axes. */
function resizeAxis(
  values: ArrayLike<number>,
  { outer, length, inner }: { outer: number; length: number; inner: number },
  size: number,
  { weight, stored }: Arithmetic,
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
    const total = weights.reduce((sum, each) => sum + each, 0);
    const parts = weights.map((each) => weight(each / total));
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
