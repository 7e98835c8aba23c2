/** Small containers, written as Python writes them. */

import { type Container, type NumberArray, readContainer } from "../src/data/container";
import type { Description } from "../src/data/description";

const NAMES = new Map<Function, string>([
  [Float32Array, "float32"],
  [Float64Array, "float64"],
  [Uint8Array, "uint8"],
  [Uint16Array, "uint16"],
  [Uint32Array, "uint32"],
  [Int32Array, "int32"],
]);

export interface Stored {
  data: NumberArray;
  shape?: number[];
  /** Instead of that of the data. */
  dtype?: string;
}

export const DESCRIPTION: Description = {
  format: 1,
  study: "study",
  model: "model-1",
  version: "1",
  created: "2026-01-01",
  data_fingerprint: "0",
  evaluation: null,
  inputs: [
    { kind: "number", name: "speed", unit: "m/s", lower: 1, upper: 3, logarithm: false },
    { kind: "number", name: "power", unit: "W", lower: 1, upper: 100, logarithm: true },
    { kind: "category", name: "material", values: ["steel", "copper"] },
  ],
  image: null,
  times: [0, 0.5, 2],
  time_unit: "s",
  continuous_in_time: true,
  length_unit: "m",
  variables: [
    { name: "T", unit: "K", range: [290, 400] },
    { name: "u_x", unit: "m", range: [-3, 3] },
    { name: "u_y", unit: "m", range: [-4, 2] },
  ],
  vectors: [{ name: "u", components: [1, 2], is_displacement: true }],
  dimension: 2,
  node_count: 4,
  geometry: null,
  training_ids: ["a", "b"],
  calibration: { std_factor: 2, interval_factor: 3, level: 0.9, label: "90 % interval", runs: 12, warning: null },
  variance_floor: 0.1,
  variance_left_out: 1e-4,
  novelty_limit: 1,
  quantities: [],
  left_out_quantities: [],
  bands: null,
};

/** Write a container. */
export function written(description: unknown, arrays: Record<string, Stored>): Uint8Array<ArrayBuffer> {
  const headers: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, { data, shape, dtype }] of Object.entries(arrays)) {
    headers[name] = { dtype: dtype ?? NAMES.get(data.constructor), shape: shape ?? [data.length], offset };
    offset += Math.ceil(data.byteLength / 8) * 8;
  }
  const header = new TextEncoder().encode(JSON.stringify({ description, arrays: headers }));
  const first = Math.ceil((12 + header.length) / 8) * 8;
  const bytes = new Uint8Array(first + offset);
  bytes.set(new TextEncoder().encode("SGVTWIN1"));
  new DataView(bytes.buffer).setUint32(8, header.length, true);
  bytes.set(header, 12);
  let at = first;
  for (const { data } of Object.values(arrays)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += Math.ceil(data.byteLength / 8) * 8;
  }
  return bytes;
}

export function container(description: Description = DESCRIPTION, arrays: Record<string, Stored> = {}): Container {
  const table = { data: Float64Array.of(1, 1, 0, 3, 100, 1), shape: [2, 3] };
  return readContainer(written(description, { "training.table": table, ...arrays }));
}

/** A study of four runs with images of 2 × 2 pixels, of which the page has two. */
export function imageContainer(): Container {
  const images = { data: Uint8Array.of(0, 0, 0, 255, 255, 255, 255, 255), shape: [2, 2, 2, 1] };
  return container(
    { ...DESCRIPTION, inputs: [], image: { size: 2, channels: 1, bits: 8 }, training_ids: ["a", "b", "c", "d"] },
    { "training.images": images, "training.image_runs": { data: Uint32Array.of(0, 3) } },
  );
}
