/** Files of VTK: an unstructured grid in XML, arrays as base64. */

import type { GridCells } from "./grid_cells";

export interface GridField {
  name: string;
  values: Float32Array | Float64Array;
  components: number;
}

export interface Grid {
  /** `[N, 3]`. */
  points: Float32Array;
  cells: GridCells;
  fields: GridField[];
  /** Numbers about the whole grid. */
  about: { name: string; value: number }[];
}

/** Write a grid. */
export function vtu(grid: Grid): string {
  const count = grid.points.length / 3;
  const { cells } = grid;
  const about = grid.about.map(({ name, value }) =>
    dataArray(name, Float64Array.of(value), 1, ' NumberOfTuples="1"'),
  );
  return [
    '<?xml version="1.0"?>',
    '<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
    "<UnstructuredGrid>",
    `<FieldData>\n${about.join("\n")}\n</FieldData>`,
    `<Piece NumberOfPoints="${count}" NumberOfCells="${cells.types.length}">`,
    `<PointData>\n${grid.fields.map((f) => dataArray(f.name, f.values, f.components)).join("\n")}\n</PointData>`,
    `<Points>\n${dataArray("Points", grid.points, 3)}\n</Points>`,
    "<Cells>",
    dataArray("connectivity", cells.connectivity, 1),
    dataArray("offsets", cells.offsets, 1),
    dataArray("types", cells.types, 1),
    "</Cells>",
    "</Piece>",
    "</UnstructuredGrid>",
    "</VTKFile>",
    "",
  ].join("\n");
}

type Data = Float32Array | Float64Array | Int32Array | Uint8Array;

function dataArray(name: string, data: Data, components: number, more = ""): string {
  const opening =
    `<DataArray type="${typeOf(data)}" Name="${escaped(name)}" ` +
    `NumberOfComponents="${components}" format="binary"${more}>`;
  const length = new Uint8Array(new BigUint64Array([BigInt(data.byteLength)]).buffer);
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return `${opening}\n${base64(length)}${base64(bytes)}\n</DataArray>`;
}

function typeOf(data: Data): string {
  if (data instanceof Float64Array) return "Float64";
  if (data instanceof Float32Array) return "Float32";
  return data instanceof Int32Array ? "Int32" : "UInt8";
}

function base64(bytes: Uint8Array<ArrayBuffer>): string {
  const parts: string[] = [];
  // A multiple of three bytes has no padding in between.
  const step = 3 * 8192;
  for (let i = 0; i < bytes.length; i += step) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(i, i + step))));
  }
  return parts.join("");
}

function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
