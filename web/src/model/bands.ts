/** Values and bands of quantities, from the predicted field and its samples; the same as in Python. */

import type { StoredArray } from "../data/container";
import type { Bands } from "../data/description";
import type { Found, QuantityPlan } from "./quantities";

/** A quantity of a design. */
export interface MeasuredQuantity {
  value: number;
  std: number;
  lower: number;
  upper: number;
  /** Number of the time of an extreme; null where it has none. */
  time: number | null;
  /** Position of an extreme. */
  place: number[] | null;
}

/** Return a quantity with its band.
 *
 * @param found - The number of the predicted field, and then those of its samples.
 * @param widening - Factor to the spread outside the trained range.
 */
export function withBand(
  plan: QuantityPlan,
  [ofField, ...samples]: Found[],
  widening: number,
  bands: Bands,
): MeasuredQuantity {
  const std = widening * calibrated(plan, variance(samples.map(({ value }) => value)), bands);
  const value = ofField.value + plan.correction;
  const half = bands.width * std;
  // A prediction that is no number may be anything, anywhere.
  const [lower, upper] = half === Infinity ? [-Infinity, Infinity] : [value - half, value + half];
  const isKnown = !Number.isNaN(value);
  return {
    value,
    std,
    lower,
    upper,
    time: plan.has_time && isKnown ? plan.steps[ofField.instant] : null,
    place: plan.places && isKnown ? positionAt(plan.places, ofField.place) : null,
  };
}

function calibrated(plan: QuantityPlan, ofSamples: number, { runs, typical_part: part }: Bands): number {
  if (!runs) return Math.sqrt(ofSamples);
  // Where no sample of a validation run differs from another, the error itself is the unit.
  if (!(plan.typical > 0)) return plan.std_factor;
  return plan.std_factor * Math.sqrt((1 - part) * ofSamples + part * plan.typical);
}

function variance(values: number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const found = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  // Where samples are no numbers, nothing is known of their variance.
  return Number.isNaN(found) ? Infinity : found;
}

function positionAt({ data, shape: [, dimensions] }: StoredArray, place: number): number[] {
  return Array.from(data.subarray(place * dimensions, (place + 1) * dimensions));
}
