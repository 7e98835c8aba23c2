/** Reading of containers: a header in JSON, then arrays. */

import type { Description } from "./description";
import { halfToFloat } from "./half";

const MAGIC = "SGVTWIN1";
const ALIGNMENT = 8;

export type NumberArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>;

export interface StoredArray {
  data: NumberArray;
  shape: number[];
}

/** A container that cannot be read; the message is for the person who opened the page. */
export class DamagedContainer extends Error {}

export class Container {
  constructor(
    readonly description: Description,
    private readonly arrays: ReadonlyMap<string, StoredArray>,
  ) {}

  has(name: string): boolean {
    return this.arrays.has(name);
  }

  /** Return an array, whatever its type. */
  array(name: string): StoredArray {
    const found = this.arrays.get(name);
    if (!found) throw new DamagedContainer(`The array “${name}” is missing from this file.`);
    return found;
  }

  /** Return an array of single precision. */
  floats(name: string): Float32Array<ArrayBuffer> {
    const { data } = this.array(name);
    return data instanceof Float32Array ? data : Float32Array.from(data);
  }

  doubles(name: string): Float64Array<ArrayBuffer> {
    const { data } = this.array(name);
    return data instanceof Float64Array ? data : Float64Array.from(data);
  }

  indices(name: string): Uint32Array<ArrayBuffer> {
    const { data } = this.array(name);
    return data instanceof Uint32Array ? data : Uint32Array.from(data);
  }

  bytes(name: string): Uint8Array<ArrayBuffer> {
    const { data } = this.array(name);
    if (!(data instanceof Uint8Array)) {
      throw new DamagedContainer(`The array “${name}” of this file has the wrong type.`);
    }
    return data;
  }
}

interface ArrayHeader {
  dtype: string;
  shape: number[];
  offset: number;
}

const ITEM_BYTES: Readonly<Record<string, number>> = {
  float16: 2,
  float32: 4,
  float64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  int32: 4,
};

/** Read a container.
 *
 * @throws DamagedContainer where the bytes are none, or only a part of one.
 */
export function readContainer(bytes: Uint8Array<ArrayBuffer>): Container {
  const start = MAGIC.length + 4;
  if (bytes.length < start || new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new DamagedContainer("The data of this page are damaged: they do not begin as they should.");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(MAGIC.length, true);
  if (start + length > bytes.length) throw new DamagedContainer(TRUNCATED);
  const header = parseHeader(bytes.subarray(start, start + length));
  const first = Math.ceil((start + length) / ALIGNMENT) * ALIGNMENT;
  const arrays = new Map<string, StoredArray>();
  for (const [name, about] of Object.entries(header.arrays)) {
    arrays.set(name, { data: readArray(bytes, first, name, about), shape: about.shape });
  }
  return new Container(header.description, arrays);
}

const TRUNCATED = "The data of this page are incomplete: the file was cut off when it was copied.";

function parseHeader(bytes: Uint8Array): {
  description: Description;
  arrays: Record<string, ArrayHeader>;
} {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new DamagedContainer("The data of this page are damaged: their header cannot be read.");
  }
  if (!isRecord(header) || !isRecord(header.description) || !isRecord(header.arrays)) {
    throw new DamagedContainer("The data of this page are damaged: their header is incomplete.");
  }
  const description = header.description as unknown as Description;
  if (description.format !== 1) {
    throw new DamagedContainer(
      `This page cannot read data of format ${String(description.format)}, only of format 1.`,
    );
  }
  return { description, arrays: header.arrays as Record<string, ArrayHeader> };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readArray(
  bytes: Uint8Array<ArrayBuffer>,
  first: number,
  name: string,
  { dtype, shape, offset }: ArrayHeader,
): NumberArray {
  const size = ITEM_BYTES[dtype];
  if (size === undefined || !Array.isArray(shape) || !Number.isInteger(offset) || offset < 0) {
    throw new DamagedContainer(`The data of this page are damaged: array “${name}”.`);
  }
  const items = shape.reduce((product, length) => product * length, 1);
  const begin = first + offset;
  if (!Number.isSafeInteger(items) || items < 0 || begin + items * size > bytes.length) {
    throw new DamagedContainer(TRUNCATED);
  }
  const absolute = bytes.byteOffset + begin;
  // Typed arrays must begin at a multiple of the size of their items.
  const aligned = absolute % size === 0;
  const buffer = aligned ? bytes.buffer : bytes.slice(begin, begin + items * size).buffer;
  const at = aligned ? absolute : 0;
  switch (dtype) {
    case "float16":
      return halfToFloat(new Uint16Array(buffer, at, items));
    case "float32":
      return new Float32Array(buffer, at, items);
    case "float64":
      return new Float64Array(buffer, at, items);
    case "uint8":
      return new Uint8Array(buffer, at, items);
    case "uint16":
      return new Uint16Array(buffer, at, items);
    case "uint32":
      return new Uint32Array(buffer, at, items);
    default:
      return new Int32Array(buffer, at, items);
  }
}
