/** What a container says about itself: the study, its inputs, its fields. */

export interface NumberInput {
  kind: "number";
  name: string;
  unit: string;
  lower: number;
  upper: number;
  /** Whether the networks read its logarithm; it is positive then. */
  logarithm: boolean;
}

export interface CategoryInput {
  kind: "category";
  name: string;
  values: string[];
}

/** A column of the table of designs. The value of a category is its number, from 0. */
export type Input = NumberInput | CategoryInput;

export interface ImageFormat {
  size: number;
  channels: number;
  bits: number;
}

export interface Variable {
  name: string;
  unit: string;
  /** Least and largest value over the training runs. */
  range: [number, number];
}

export interface Vector {
  name: string;
  /** Numbers of its components among the variables. */
  components: number[];
  is_displacement: boolean;
}

export interface Calibration {
  /** Factor from the spread to the standard deviation. */
  std_factor: number;
  /** Factor from the spread to half the width of the interval. */
  interval_factor: number;
  level: number;
  label: string;
  /** Validation runs that it comes from; 0 where nothing is calibrated. */
  runs: number;
  /** Sentence about an interval of few runs, without a full stop. */
  warning: string | null;
}

/** Geometries of designs, where runs have meshes of their own. */
export interface Geometry {
  /** What a shape is: positions of the nodes, or the distance from the boundary at those of a grid. */
  kind: "moved" | "cut";
  /** Corners of a box around the geometries of the training runs. */
  lower: [number, number, number];
  upper: [number, number, number];
  /** Sentences about the geometry that is shown. */
  note: string;
}

export interface Limit {
  value: number;
  comparison: "<" | "<=" | ">" | ">=";
}

/** A quantity of interest, and what its value and band are computed from. */
export interface Quantity {
  name: string;
  unit: string;
  /** How it is written. */
  text: string;
  limit: Limit | null;
  /** All but the first two are sums over places and timesteps with their weights. */
  statistic: "max" | "min" | "mean" | "integral" | "value";
  /** Numbers of its variables; of several, the magnitude is meant. */
  columns: number[];
  /** Whether fields are mixed to one time before anything else. */
  one_time: boolean;
  /** Whether it is at one of several times. */
  has_time: boolean;
  /** What is added to the quantity of the predicted field. */
  correction: number;
  /** Mean variance of the samples of validation runs. */
  typical: number;
  std_factor: number;
  /** Names of arrays. */
  arrays: {
    /** Timesteps and their weights, `[t]`. */
    steps: string;
    step_weights: string;
    /** What each mode adds to the values at R places, `[R, v, r]`, and their mean, `[R, v]`. */
    modes: string | null;
    mean: string | null;
    /** Rows of the field, `[R]`, where there are no modes; null for all. */
    rows: string | null;
    /** Factors of a sum over places, `[R]`. */
    weights: string | null;
    /** Positions of the places, `[R, D]`, where an extreme has one. */
    coords: string | null;
    /** Instead of them the nodes of the places, `[R]`, where nodes move. */
    places: string | null;
  };
}

export interface LeftOutQuantity {
  name: string;
  text: string;
  reason: string;
}

/** What the bands of all quantities have in common. */
export interface Bands {
  label: string;
  /** Validation runs that they come from; 0 where nothing is calibrated. */
  runs: number;
  /** Half the width of a band in standard deviations. */
  width: number;
  /** Part of the squared spread that is the mean of the validation runs. */
  typical_part: number;
  notes: string[];
}

export interface Description {
  format: 1;
  study: string;
  model: string;
  version: string;
  created: string;
  data_fingerprint: string;
  evaluation: null | { relative_error: number; runs: number };
  inputs: Input[];
  image: null | ImageFormat;
  times: number[];
  time_unit: string;
  /** Whether the model predicts between the training times, too. */
  continuous_in_time: boolean;
  length_unit: string;
  variables: Variable[];
  vectors: Vector[];
  dimension: 1 | 2 | 3;
  node_count: number;
  /** Null where all designs have one mesh. */
  geometry: Geometry | null;
  training_ids: string[];
  calibration: Calibration;
  variance_floor: number;
  /** Largest part of the variance that is left out where fields are computed from it. */
  variance_left_out: number;
  novelty_limit: number;
  quantities: Quantity[];
  left_out_quantities: LeftOutQuantity[];
  /** Null where there are no quantities. */
  bands: Bands | null;
}
