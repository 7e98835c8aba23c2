/** Image files of 8 and of 16 bits. Browsers decode only the former, and no TIFF. */

import { decode as decodePng } from "fast-png";
import { decode as decodeTiff } from "tiff";

export interface Decoded {
  width: number;
  height: number;
  /** Bits of each channel of the file. */
  bits: 8 | 16;
  /** Bytes `[height, width, 4]`. */
  rgba: ArrayLike<number>;
  /** All levels of a grey image of 16 bits, `[height, width]`; null for others. */
  levels: Uint16Array | null;
}

/** Reason why an image cannot be used. */
export class UnusableImage extends Error {}

/** Largest number of pixels that is unpacked: a small file can hold gigabytes of them. */
const MAX_PIXELS = 50e6;

const PNG = "\x89PNG";
const TIFF = ["II*\0", "MM\0*"];

/** Return the pixels of an image file.
 *
 * @throws UnusableImage for transparent and too large images, and kinds of TIFF that training does
 * not read either; an Error for damaged files.
 */
export async function decodeImage(file: Blob): Promise<Decoded> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const start = String.fromCharCode(...bytes.subarray(0, 4));
  if (TIFF.includes(start)) return fromTiff(bytes);
  // The header of a PNG file: width and height, bits, and the kind of colours (0 is grey).
  const [bits, colours] = start === PNG ? [bytes[24], bytes[25]] : [8, 2];
  if (bits === 16 && colours === 0) return fromGreyPng(bytes);
  return { ...(await fromBrowser(file)), bits: bits === 16 ? 16 : 8 };
}

function fromGreyPng(bytes: Uint8Array): Decoded {
  const header = new DataView(bytes.buffer);
  requireSize(header.getUint32(16), header.getUint32(20));
  const { width, height, data, transparency } = decodePng(bytes, { checkCrc: true });
  if (transparency && data.includes(transparency[0])) throw transparent();
  return ofLevels(data as Uint16Array, width, height);
}

function fromTiff(bytes: Uint8Array): Decoded {
  const [page] = decodeTiff(bytes, { pages: [0], ignoreImageData: true });
  const { width, height, samplesPerPixel: samples, bitsPerSample: bits, type } = page;
  requireSize(width, height);
  // Type 1 is grey with 0 for black, type 2 is RGB.
  const known = (type === 1 && samples === 1 && [8, 16].includes(bits)) || (type === 2 && samples === 3 && bits === 8);
  if (!known) throw new UnusableImage("Of TIFF, the page reads grey of 8 or 16 bits and RGB of 8 bits.");
  const [{ data }] = decodeTiff(bytes, { pages: [0] });
  if (bits === 16) return ofLevels(data as Uint16Array, width, height);
  return { width, height, bits: 8, rgba: opaque(data, samples), levels: null };
}

async function fromBrowser(file: Blob): Promise<Decoded> {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  requireSize(width, height);
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (!context) throw new Error("no canvas");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  for (let i = 3; i < data.length; i += 4) {
    if (data[i] < 255) throw transparent();
  }
  return { width, height, bits: 8, rgba: data, levels: null };
}

function ofLevels(levels: Uint16Array, width: number, height: number): Decoded {
  const bytes = Uint8Array.from(levels, (level) => Math.round(level / 257));
  return { width, height, bits: 16, rgba: opaque(bytes, 1), levels };
}

/** Return RGBA of grey or RGB bytes. */
function opaque(bytes: ArrayLike<number>, channels: number): Uint8Array {
  const rgba = new Uint8Array((4 * bytes.length) / channels).fill(255);
  for (let i = 0; 4 * i < rgba.length; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = bytes[i * channels + Math.min(c, channels - 1)];
  }
  return rgba;
}

function requireSize(width: number, height: number): void {
  if (width * height > MAX_PIXELS) throw new UnusableImage("This image has more than 50 million pixels; save it smaller.");
}

function transparent(): UnusableImage {
  return new UnusableImage("This image has transparent pixels; save it without transparency.");
}
