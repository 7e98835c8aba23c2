/** Files of what is shown: tables, and a grid of VTK. */

import type { Container } from "../data/container";
import type { Description } from "../data/description";
import { type Cell, csv, header } from "../files/csv";
import { type GridField, vtu } from "../files/vtu";
import { endOf, SHOWN, type Scalar, type Values } from "../fields/scalars";
import { timeAt } from "../fields/times";
import { verdict } from "../fields/limits";
import type { MeasuredQuantity } from "../model/bands";
import type { History, ShownDesign } from "../model/messages";
import type { ExportedMesh } from "./exported_mesh";
import type { Placed } from "./placed";
import type { ShownFields } from "./shown_fields";

const SUFFIXES = { prediction: "", std: "_std", lower: "_lower", upper: "_upper" } as const;

/** Return all scalars with their uncertainty; the design must have its spread. */
function columnsOf(design: ShownDesign, fields: ShownFields): { name: string; scalar: Scalar; values: Values }[] {
  return fields.scalars.flatMap((scalar) =>
    SHOWN.flatMap((shown) => {
      const values = fields.reader.read(design, scalar, shown);
      return values ? [{ name: scalar.label + SUFFIXES[shown], scalar, values }] : [];
    }),
  );
}

/** Return a table with a line for each node (or cell): all of a volume, else those that are drawn. */
export function fieldTable(design: ShownDesign, mesh: ExportedMesh, fields: ShownFields, lengthUnit: string): string {
  const columns = columnsOf(design, fields);
  const rows: Cell[][] = [
    ["node", ...["x", "y", "z"].map((name) => header(name, lengthUnit)), ...columns.map(({ name, scalar }) => header(name, scalar.unit))],
  ];
  const known = new Set<number>();
  mesh.rows.forEach((row, p) => {
    if (known.has(row) || (mesh.distance && mesh.distance[p] <= 0)) return;
    known.add(row);
    const valued = mesh.valued[p] === 1;
    const values = columns.map(({ values: { values, offset } }) => (valued ? written(values[row], offset) : null));
    rows.push([row, ...mesh.position(row).map(asSingle), ...values]);
  });
  return csv(rows);
}

/** Return a table with a line for each time, and columns for each probe. */
export function probeTable(
  container: Container,
  histories: History[],
  mesh: Placed,
  fields: ShownFields,
): string {
  const { description } = container;
  const { calibration, variables, vectors } = description;
  const width = variables.length + vectors.length;
  const names: Cell[] = [header("time", description.time_unit)];
  for (const { row } of histories) {
    const place = mesh.position(row)?.map(asSingle).join(" ") ?? "";
    for (const { label, unit } of fields.scalars) {
      for (const shown of SHOWN) names.push(header(`${label}${SUFFIXES[shown]} at node ${row} (${place})`, unit));
    }
  }
  const rows: Cell[][] = [names];
  description.times.forEach((time, t) => {
    const cells: Cell[] = [time];
    for (const { mean, spread } of histories) {
      for (const { column, vector } of fields.scalars) {
        const offset = vector ? 0 : fields.offsets[column];
        const value = mean[t * width + column];
        const one = spread[t * width + column];
        const half = calibration.interval_factor * one;
        const below = endOf(value, -half);
        const lower = vector ? Math.max(below, 0) : below;
        cells.push(
          written(value, offset),
          asSingle(calibration.std_factor * one),
          written(lower, offset),
          written(endOf(value, half), offset),
        );
      }
    }
    rows.push(cells);
  });
  return csv(rows);
}

/** Return a table with a line for each quantity, and columns for a pinned design where there is one. */
export function quantityTable(
  { quantities, times, time_unit, length_unit }: Description,
  found: MeasuredQuantity[],
  pinned: MeasuredQuantity[] | null,
): string {
  const numbers = ["value", "std", "lower", "upper"] as const;
  const axes = ["x", "y", "z"].slice(0, Math.max(...found.map(({ place }) => place?.length ?? 0)));
  const of = (one: MeasuredQuantity): Cell[] => numbers.map((name) => Number(one[name].toPrecision(10)));
  const head: Cell[] = ["quantity", "unit", "definition", ...numbers, header("time", time_unit)];
  head.push(...axes.map((axis) => header(axis, length_unit)), "limit kept");
  if (pinned) head.push(...numbers.map((name) => `pinned_${name}`), "pinned limit kept", "difference");
  const rows = quantities.map(({ name, unit, text, limit }, q): Cell[] => {
    const one = found[q];
    const kept = (each: MeasuredQuantity): Cell => limit && verdict(limit, each);
    const place = axes.map((_, i) => (one.place ? asSingle(one.place[i]) : null));
    const cells: Cell[] = [name, unit, text, ...of(one), one.time === null ? null : times[one.time], ...place, kept(one)];
    const other = pinned?.[q];
    if (other) cells.push(...of(other), kept(other), Number((one.value - other.value).toPrecision(10)));
    return cells;
  });
  return csv([head, ...rows]);
}

/** Return a mesh with all fields as a VTU file. */
export function gridFile(
  container: Container,
  design: ShownDesign,
  mesh: ExportedMesh,
  fields: ShownFields,
  time: number,
  parameters: number[],
): string {
  const { description } = container;
  const atPoints = ({ values, offset }: Values): Float32Array | Float64Array => {
    const result = offset ? new Float64Array(mesh.rows.length) : new Float32Array(mesh.rows.length);
    mesh.rows.forEach((row, p) => (result[p] = mesh.valued[p] ? values[row] + offset : NaN));
    return result;
  };
  const scalars = columnsOf(design, fields)
    .map(({ name, values }): GridField => ({ name, values: atPoints(values), components: 1 }));
  const vectors = description.vectors.map((vector): GridField => {
    const values = new Float32Array(3 * mesh.rows.length);
    mesh.rows.forEach((row, p) => {
      vector.components.slice(0, 3).forEach((v, c) => {
        values[3 * p + c] = design.field[row * fields.offsets.length + v] + fields.offsets[v];
      });
    });
    return { name: vector.name, values, components: 3 };
  });
  // With it, ParaView cuts the grid: Clip by scalar.
  const boundary = mesh.distance ? [{ name: "distance", values: mesh.distance, components: 1 }] : [];
  return vtu({
    points: mesh.points,
    cells: mesh.cells,
    fields: [...scalars, ...vectors, ...boundary],
    about: [
      { name: "TimeValue", value: timeAt(description.times, time) },
      ...description.inputs.map((input, i) => ({ name: input.name, value: parameters[i] })),
    ],
  });
}

/** Return a sum with the digits that its terms have. */
function written(value: number, offset: number): number {
  return offset ? value + offset : asSingle(value);
}

/** Return the shortest number that is the same in single precision. */
function asSingle(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return Number(value.toPrecision(9));
}
