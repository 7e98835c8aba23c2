/** What the person has chosen: everything that a link restores. */

import type { Description } from "../data/description";
import { SHOWN, type Shown } from "../fields/scalars";
import type { Pixels } from "../image/pixels";

export const RANGE_KINDS = ["training", "time", "design", "manual"] as const;
export type RangeKind = (typeof RANGE_KINDS)[number];

export interface Clip {
  axis: 0 | 1 | 2;
  /** Part of the mesh's extent, 0 … 1. */
  position: number;
  flipped: boolean;
}

/** A design: the table's values, and the image if the study has images. */
export interface Design {
  parameters: number[];
  image: Pixels | null;
}

export interface State {
  design: Design;
  pinned: Design | null;
  /** Position among the trained times; one that is no whole number is between two of them. */
  time: number;
  scalar: number;
  shown: Shown;
  map: string;
  rangeKind: RangeKind;
  manual: [number, number];
  edges: boolean;
  isolines: boolean;
  clip: Clip | null;
  displaced: boolean;
  /** Factor of displacements; null chooses it from their size. */
  factor: number | null;
  arrows: boolean;
  /** Rows of fields. */
  probes: number[];
  /** Position, target and zoom of the camera; null shows the whole mesh. */
  camera: number[] | null;
}

/** Return the state in which a page begins. */
export function initialState(description: Description, image: Pixels | null): State {
  const moving = description.vectors.findIndex((vector) => vector.is_displacement);
  return {
    design: { parameters: middle(description), image },
    pinned: null,
    time: description.times.length - 1,
    // Deformation is told best by its magnitude; everything else by its first variable.
    scalar: moving >= 0 ? description.variables.length + moving : 0,
    shown: SHOWN[0],
    map: "auto",
    rangeKind: "training",
    manual: [0, 1],
    edges: false,
    isolines: false,
    clip: null,
    displaced: moving >= 0,
    factor: null,
    arrows: false,
    probes: [],
    camera: null,
  };
}

/** Return the middle of the trained range; of categories, the first. */
export function middle(description: Description): number[] {
  return description.inputs.map((input) =>
    input.kind === "number" ? rounded((input.lower + input.upper) / 2, input.upper - input.lower) : 0,
  );
}

/** Return a number with as many digits as tell 10,000 steps of a span apart. */
export function rounded(value: number, span: number): number {
  if (!(span > 0)) return value;
  const decimals = 4 - Math.floor(Math.log10(span));
  if (decimals > 15 || decimals < -15) return value;
  return decimals >= 0
    ? Number(value.toFixed(Math.min(decimals, 15)))
    : Math.round(value / 10 ** -decimals) * 10 ** -decimals;
}
