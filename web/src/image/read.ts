/** Images of a person's own, read as the training images were read. */

import type { NumberArray } from "../data/container";
import type { ImageFormat } from "../data/description";
import { type Decoded, decodeImage, UnusableImage } from "./decode";
import { fromRgba } from "./pixels";
import { resize, resizeLevels } from "./resize";

/** Largest file that is read. */
const MAX_BYTES = 50e6;

export interface ReadImage {
  /** Pixels `[size, size, channels]`: bytes, or 0 … 1 where the training images have more bits. */
  data: NumberArray;
  /** What a person should know of how it was read; empty where there is nothing. */
  note: string;
}

/** Read an image file.
 *
 * @throws UnusableImage where it cannot be used, an Error where the file is no image.
 */
export async function readImage(file: Blob, format: ImageFormat): Promise<ReadImage> {
  if (file.size > MAX_BYTES) throw new UnusableImage("This file is larger than 50 MB.");
  const image = await decodeImage(file);
  if (image.levels && format.bits > 8) return { data: deep(image, image.levels, format), note: "" };
  const { size, channels, bits } = format;
  const bytes = fromRgba(image.rgba, channels);
  const small = resize(bytes, image.width, image.height, channels, size);
  if (bits > 8) {
    const note = `This image has been read with 8 bits; the training images have ${bits}, in grey.`;
    return { data: Float32Array.from(small, (value) => value / 255), note };
  }
  const note = image.bits > bits ? "This image has 16 bits; it has been read with 8, which the training images have." : "";
  return { data: Uint8Array.from(small), note };
}

function deep({ width, height }: Decoded, levels: Uint16Array, { size, bits }: ImageFormat): Float32Array<ArrayBuffer> {
  const small = resizeLevels(levels, width, height, size);
  const white = 2 ** bits - 1;
  const highest = small.reduce((most, level) => Math.max(most, level), 0);
  if (Math.floor(highest) > white) {
    throw new UnusableImage(
      `This image has values up to ${Math.floor(highest)}, the training images have ${bits} bits, up to ${white}: scale it as they were.`,
    );
  }
  return Float32Array.from(small, (level) => level / white);
}
