/** Images as the networks read them: square, `[S, S, C]`, in the type of the training images. */

import type { NumberArray } from "../data/container";

export interface Pixels {
  data: NumberArray;
  /** Number of the training run that it belongs to; null for one of the person's own. */
  training: number | null;
}

/** Return the value of white. */
export function whiteOf(data: NumberArray): number {
  if (data instanceof Uint8Array) return 255;
  return data instanceof Uint16Array ? 65535 : 1;
}

/** Return an image of the same type with other values. */
export function likePixels(sample: NumberArray, values: ArrayLike<number>): NumberArray {
  if (sample instanceof Uint8Array) return Uint8Array.from(values);
  if (sample instanceof Uint16Array) return Uint16Array.from(values);
  return Float32Array.from(values);
}

/** Return the bytes of a canvas, RGBA, that show an image. */
export function toRgba(data: NumberArray, size: number, channels: number): Uint8ClampedArray<ArrayBuffer> {
  const white = whiteOf(data);
  const result = new Uint8ClampedArray(size * size * 4);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) {
      result[4 * i + c] = (255 * data[i * channels + Math.min(c, channels - 1)]) / white;
    }
    result[4 * i + 3] = 255;
  }
  return result;
}

/** Return the bytes of an image from those of a canvas; grey by the weights of ITU-R 601. */
export function fromRgba(rgba: ArrayLike<number>, channels: number): Uint8Array<ArrayBuffer> {
  const count = rgba.length / 4;
  const values = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    const [red, green, blue] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    if (channels === 1) values[i] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    else values.set([red, green, blue], i * channels);
  }
  return values;
}

/** Return a text that is equal for equal images only (a digest of 53 bits). */
export function digest(data: NumberArray): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (const value of data) {
    const item = Math.fround(value) * 65536;
    a = Math.imul(a ^ item, 2654435761);
    b = Math.imul(b ^ item, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}
