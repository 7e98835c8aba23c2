/** Whether a quantity keeps its limit, in words. */

import type { Limit } from "../data/description";
import { short, withUnit } from "./numbers";

export type Verdict = "yes" | "no" | "not certain";

/** Return whether a limit is kept, by the band of a quantity: on which side of it the whole band is. */
export function verdict({ value, comparison }: Limit, { lower, upper }: { lower: number; upper: number }): Verdict {
  const isUpper = comparison === "<" || comparison === "<=";
  const [inside, outside] = isUpper ? [upper, lower] : [lower, upper];
  const sign = isUpper ? 1 : -1;
  if (sign * (value - inside) > 0 || (value === inside && comparison.endsWith("="))) return "yes";
  if (sign * (outside - value) > 0 || (value === outside && !comparison.endsWith("="))) return "no";
  return "not certain";
}

/** Return a limit in words, such as “below 350 K”. */
export function limitText({ value, comparison }: Limit, unit: string): string {
  const words = { "<": "below", "<=": "at most", ">": "above", ">=": "at least" }[comparison];
  return `${words} ${withUnit(short(value, 6), unit)}`;
}
