/** What can be shown by colour: variables and magnitudes of vectors, and their uncertainty. */

import type { Calibration, Description, Vector } from "../data/description";
import { magnitude } from "../model/magnitude";
import type { ShownDesign } from "../model/messages";

/** A variable, or the magnitude of a vector. */
export interface Scalar {
  /** Column in arrays of variables and then magnitudes. */
  column: number;
  label: string;
  unit: string;
  vector: Vector | null;
  /** Least and largest value over the training runs; of a magnitude, bounds of it. */
  trained: [number, number];
  /** Whether it has both signs, so that a diverging colour map suits it. */
  signed: boolean;
}

export const SHOWN = ["prediction", "std", "lower", "upper"] as const;
export type Shown = (typeof SHOWN)[number];

/** Values at the nodes; `offset` is to be added, in double precision. */
export interface Values {
  values: Float32Array<ArrayBuffer>;
  offset: number;
}

/** Return all scalars of a study: variables first, then magnitudes. */
export function scalarsOf(description: Description): Scalar[] {
  const variables = description.variables.map(({ name, unit, range }, column): Scalar => {
    const [low, high] = range;
    const signed = low < 0 && high > 0 && Math.min(-low, high) > 0.2 * Math.max(-low, high);
    return { column, label: name, unit, vector: null, trained: range, signed };
  });
  const magnitudes = description.vectors.map((vector, w): Scalar => {
    let bound = 0;
    for (const v of vector.components) {
      bound += Math.max(...description.variables[v].range.map(Math.abs)) ** 2;
    }
    return {
      column: variables.length + w,
      label: `|${vector.name}|`,
      unit: description.variables[vector.components[0]].unit,
      vector,
      trained: [0, Math.sqrt(bound)],
      signed: false,
    };
  });
  return [...variables, ...magnitudes];
}

/** What is said of designs without numbers. */
export const BEYOND = "beyond what the model can say";

/** Whether a design has numbers: too far outside of the trained range, those of networks overflow. */
export function hasNumbers({ field }: ShownDesign): boolean {
  // A coefficient that is no number makes none of all nodes' values.
  return Number.isFinite(field[0]);
}

/** Return an end of an interval; one that is infinitely wide has no ends, whatever is in its middle. */
export function endOf(value: number, half: number): number {
  return Number.isFinite(half) ? value + half : half;
}

/** Takes scalars out of fields. */
export class ScalarReader {
  constructor(
    private readonly offsets: Float64Array,
    private readonly vectors: number,
    private readonly calibration: Calibration,
  ) {}

  /** Return the predicted values, the standard deviation, or a bound of the interval.
   *
   * Null where the spread is needed, and is not known yet.
   */
  read(design: ShownDesign, scalar: Scalar, shown: Shown): Values | null {
    const prediction = this.prediction(design, scalar);
    if (shown === "prediction") return prediction;
    if (!design.spread) return null;
    const spread = column(design.spread, this.offsets.length + this.vectors, scalar.column);
    const { std_factor, interval_factor } = this.calibration;
    if (shown === "std") return { values: spread.map((s) => std_factor * s), offset: 0 };
    const sign = shown === "lower" ? -interval_factor : interval_factor;
    const values = prediction.values.map((value, m) => endOf(value, sign * spread[m]));
    // A magnitude is not negative.
    if (scalar.vector && shown === "lower") return { values: values.map((v) => Math.max(v, 0)), offset: 0 };
    return { values, offset: prediction.offset };
  }

  private prediction({ field }: ShownDesign, scalar: Scalar): Values {
    if (scalar.vector) return { values: magnitude(field, scalar.vector, this.offsets), offset: 0 };
    const offset = this.offsets[scalar.column];
    return { values: column(field, this.offsets.length, scalar.column), offset };
  }
}

/** Return a column of a matrix that is stored row by row. */
export function column(
  matrix: Float32Array,
  columns: number,
  chosen: number,
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(matrix.length / columns);
  for (let m = 0, i = chosen; m < result.length; m++, i += columns) result[m] = matrix[i];
  return result;
}
