/** Messages between the page and the worker that runs the model. */

import type { NumberArray } from "../data/container";
import type { Bands, Calibration, Geometry, Vector } from "../data/description";
import type { MeasuredQuantity } from "./bands";
import type { QuantityPlan } from "./quantities";

/** A design as the networks read it. */
export interface DesignInput {
  /** Equal for equal designs. */
  key: string;
  parameters: number[];
  image: NumberArray | null;
}

/** The program that runs networks, sent first: it starts while the rest of the page arrives. */
export interface Runtime {
  kind: "runtime";
  /** As it is in the page: unpacking it is the worker's, as the page is busy with what arrives. */
  text: string;
}

/** All else that the worker needs, sent once. */
export interface Setup {
  kind: "setup";
  networks: Networks;
  scaling: { mean: Float32Array; factor: Float32Array };
  /** Mean shape, `[M, S]`, and what a shape is; null where all designs have one mesh. */
  shape: { mean: Float32Array; kind: Geometry["kind"] } | null;
  gram: Float32Array;
  uniform: Float32Array;
  valued: Uint8Array | null;
  times: number[];
  variables: number;
  rank: number;
  vectors: Vector[];
  /** Offset of each variable, `[V]`, which is not in the mean. */
  offsets: Float64Array;
  calibration: Calibration;
  varianceFloor: number;
  /** Largest part of the variance that is left out where fields are computed from it. */
  varianceLeftOut: number;
  quantities: QuantityPlan[];
  bands: Bands | null;
  imageSize: number;
  imageChannels: number;
}

export interface Networks {
  design: Uint8Array<ArrayBuffer>;
  coefficients: Uint8Array<ArrayBuffer>;
  basis: Uint8Array<ArrayBuffer>;
  /** From coefficients to the shape, where designs have their own geometry. */
  shape?: Uint8Array<ArrayBuffer>;
}

/** Asks for fields at one time. */
export interface ShowRequest {
  kind: "show";
  id: number;
  designs: DesignInput[];
  /** Position of the time among the trained ones. */
  time: number;
  spread: boolean;
}

/** Asks for what takes longer; it ends early as soon as fields are asked for. */
export interface StudyRequest {
  kind: "study";
  id: number;
  designs: DesignInput[];
  time: number;
  /** Rows of the field. */
  probes: number[];
  /** Whether the range over all times is wanted, which decodes all of them. */
  ranges: boolean;
}

/** Asks for quantities, which need all times and samples; it ends early as a study does. */
export interface MeasureRequest {
  kind: "measure";
  id: number;
  designs: DesignInput[];
}

export type Request = Runtime | Setup | ShowRequest | StudyRequest | MeasureRequest;

/** A design at one time. */
export interface ShownDesign {
  key: string;
  /** `[M·V]`, without the offsets. */
  field: Float32Array<ArrayBuffer>;
  /** Uncalibrated standard deviation of the variables and then the magnitudes, `[M, V + W]`. */
  spread: Float32Array<ArrayBuffer> | null;
  /** `[M, S]`: positions of the nodes, or their distances from the boundary, positive inside. */
  shape: Float32Array<ArrayBuffer> | null;
  novelty: number | null;
}

export interface StudiedDesign extends ShownDesign {
  expectedError: number;
  /** Least and largest value over all times of the variables and magnitudes. */
  ranges: [number, number][] | null;
  histories: History[];
  /** The same at the shown time only, where it is between the trained ones. */
  between: { time: number; histories: History[] } | null;
}

export interface MeasuredDesign {
  key: string;
  quantities: MeasuredQuantity[];
}

/** Values of the variables and magnitudes at a node, `[T, V + W]`, without the offsets. */
export interface History {
  row: number;
  mean: Float32Array;
  spread: Float32Array;
}

export type Reply =
  | { kind: "ready" }
  | { kind: "failed"; id: number; message: string }
  | { kind: "shown"; id: number; time: number; designs: ShownDesign[]; milliseconds: number }
  | { kind: "studied"; id: number; time: number; designs: StudiedDesign[] }
  | { kind: "measuring"; id: number; part: number }
  | { kind: "measured"; id: number; designs: MeasuredDesign[] }
  | { kind: "interrupted"; id: number };
